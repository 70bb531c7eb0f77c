"""The embedded data: deterministic, exact to the pixel, long-tailed, readable as BDD100K."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import hotcoco
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from segtrial.data.bdd100k.read import read_bdd100k
from segtrial.data.streets import write_streets
from segtrial.data.streets.names import BDD45_NAMES, CORE_NAMES, class_names
from segtrial.data.streets.visible import covered_pixels
from segtrial.data.streets.write import MIN_VISIBLE_PX, Frame, make_frame, make_scene
from segtrial.geometry.trace import rings_of
from segtrial.types.trial import Streets

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.arrays import Bools, Longs


def fill(rings: list[Any], height: int, width: int) -> Bools:
    """COCO's rasteriser: rings united."""
    flat = [np.asarray(ring, np.float64).ravel().tolist() for ring in rings]
    merged = hotcoco.mask.merge(hotcoco.mask.frPyObjects(flat, height, width))
    filled: Bools = hotcoco.mask.decode(merged).astype(bool)
    return filled


def frames_of(spec: Streets, images: int) -> list[Frame]:
    return [make_frame(spec, "train", k, *make_scene(spec, "train", k)) for k in range(images)]


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


# Masks → rings


@given(
    arrays.arrays(
        np.bool_,
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        elements=st.sampled_from((True, True, False)),
    )
)
def test_rings_fill_to_the_mask_they_were_traced_from(mask: Bools) -> None:
    rings = rings_of(mask)
    if not mask.any():
        assert rings == []
        return
    assert np.array_equal(fill(rings, *mask.shape), mask)
    assert sum(fill([ring], *mask.shape).sum() for ring in rings) == mask.sum()  # no pixel twice


def test_pixels_that_touch_diagonally_are_two_rings() -> None:
    for mask in (np.eye(2, dtype=bool), np.eye(2, dtype=bool)[::-1]):
        assert [len(ring) for ring in rings_of(mask)] == [4, 4]


def test_a_part_with_a_hole_is_cut_along_a_column() -> None:
    mask = np.ones((3, 4), bool)
    mask[1, 1] = False
    left, right = rings_of(mask)
    assert left.tolist() == [[0, 0], [1, 0], [1, 3], [0, 3]]
    assert len(right) == 8
    assert right[:, 0].min() == 1


def test_a_rectangle_has_four_corners() -> None:
    mask = np.zeros((5, 6), bool)
    mask[1:4, 2:5] = True
    assert [ring.tolist() for ring in rings_of(mask)] == [[[2, 1], [5, 1], [5, 4], [2, 4]]]


# Polygons → pixels


def test_a_polygon_covers_the_pixels_whose_centres_it_holds() -> None:
    triangle = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    outside = np.array([[-9.0, 2.6], [9.0, 2.6], [9.0, 9.0], [-9.0, 9.0]])
    pixels, polygon = covered_pixels([triangle, outside], 4, 4)
    seen = np.zeros((2, 16), int)
    np.add.at(seen, (polygon, pixels), 1)
    assert seen[0].reshape(4, 4).tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0] * 4]
    assert seen[1].reshape(4, 4).sum(axis=1).tolist() == [0, 0, 0, 4]


# Frames


@pytest.mark.parametrize(("names", "size"), [("core", (128, 160)), ("bdd45", (96, 170))])
def test_labels_rasterise_to_what_is_seen(names: Any, size: tuple[int, int]) -> None:
    spec = Streets(train=1, val=1, seed=7, names=names, image_size=size)
    for number in range(12):
        scene, seen = make_scene(spec, "train", number)
        frame = make_frame(spec, "train", number, scene, seen)
        covered = np.zeros(size, int)
        for label in frame.labels:
            row = int(label.id.rsplit("-", 1)[1])
            mask = fill([part.vertices for part in label.poly2d], *size)
            assert np.array_equal(mask, seen.owner == row)
            assert mask.sum() >= MIN_VISIBLE_PX
            assert scene.things[row].name == label.category
            covered += mask
        assert covered.max() == 1


def test_every_polygon_lies_inside_the_image() -> None:
    spec = Streets(train=1, val=1, names="bdd45", image_size=(64, 100))
    for frame in frames_of(spec, 30):
        for part in (part for label in frame.labels for part in label.poly2d):
            corners: Longs = np.array(part.vertices)
            assert corners.min() >= 0
            assert (corners.max(axis=0) <= (100, 64)).all()
            assert part.types == "L" * len(corners)
            assert part.closed


def test_occluded_and_truncated_say_what_the_masks_say() -> None:
    spec = Streets(train=1, val=1, seed=3)
    hidden = 0
    for number in range(20):
        scene, seen = make_scene(spec, "train", number)
        for row, thing in enumerate(scene.things):
            outlines = [shape.outline_px for shape in thing.shapes if shape.solid]
            alone = np.zeros(128 * 160, bool)
            alone[covered_pixels(outlines, 128, 160)[0]] = True
            visible = seen.owner.ravel() == row
            assert not (visible & ~alone).any()
            assert bool(seen.occluded[row]) == bool((alone & ~visible).any())
            points = np.concatenate(outlines)
            inside = (points >= 0).all() and (points <= (160, 128)).all()
            assert bool(seen.truncated[row]) != inside
            hidden += int(seen.occluded[row])
    assert hidden > 100


def test_core_counts_are_long_tailed_as_stated() -> None:
    counts = Counter(
        label.category
        for frame in frames_of(Streets(train=1, val=1), 150)
        for label in frame.labels
    )
    expected = {
        "car": (1.7, 2.7),
        "person": (1.3, 2.3),
        "building": (1.1, 1.9),
        "sky": (0.95, 1.0),
        "road": (0.99, 1.0),
        "sidewalk": (0.75, 1.25),
        "traffic sign": (0.55, 1.05),
        "traffic light": (0.4, 0.85),
        "parking sign": (0.15, 0.5),
        "bridge": (0.12, 0.4),
    }
    assert set(counts) == set(expected) == set(CORE_NAMES)
    for name, (low, high) in expected.items():
        assert low <= counts[name] / 150 <= high, name
    assert 9 <= counts.total() / 150 <= 11.5


def test_all_45_names_occur_and_the_common_ones_most() -> None:
    assert len(BDD45_NAMES) == len(set(BDD45_NAMES)) == 45
    spec = Streets(train=1, val=1, names="bdd45", image_size=(90, 160), pictures=False)
    frames = frames_of(spec, 500)
    counts = Counter(label.category for frame in frames for label in frame.labels)
    assert set(counts) == set(BDD45_NAMES)
    assert 15 <= counts.total() / 500 <= 20
    assert {name for name, _ in counts.most_common(3)} <= {"pole", "car", "static", "vegetation"}
    assert max(counts[name] for name in ("train", "rail track", "bus stop", "mail box")) < 25


# Files


def test_the_same_spec_gives_the_same_bytes(tmp_path: Path) -> None:
    spec = Streets(train=3, val=2, seed=11, image_size=(64, 80))
    calls: list[tuple[int, int]] = []
    write_streets(spec, tmp_path / "a", lambda done, total: calls.append((done, total)))
    write_streets(spec, tmp_path / "b")
    files = contents(tmp_path / "a")
    assert files == contents(tmp_path / "b")
    assert len(files) == 2 + 5
    assert calls == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_a_frame_depends_on_nothing_but_seed_split_and_number(tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    write_streets(Streets(train=2, val=1, image_size=(64, 80)), few)
    write_streets(Streets(train=4, val=3, image_size=(64, 80)), many)
    write_streets(Streets(train=4, val=3, image_size=(64, 80), pictures=False), tmp_path / "bare")
    short, long = contents(few), contents(many)
    pictures = [name for name in short if name.startswith("images/")]
    assert len(pictures) == 3
    assert all(short[name] == long[name] for name in pictures)
    frames = [msgspec.json.decode(c["labels/streets_train.json"]) for c in (short, long)]
    assert frames[0] == frames[1][:2]
    labels = {name: data for name, data in long.items() if name.startswith("labels/")}
    assert contents(tmp_path / "bare") == labels


def test_train_and_val_and_seeds_share_no_picture(tmp_path: Path) -> None:
    outlines = []
    for seed in (0, 1):
        write_streets(Streets(train=6, val=6, seed=seed, image_size=(64, 80)), tmp_path / str(seed))
        for split in ("train", "val"):
            labels = tmp_path / str(seed) / "labels" / f"streets_{split}.json"
            frames = msgspec.json.decode(labels.read_bytes(), type=list[Frame])
            outlines += [[label.poly2d for label in frame.labels] for frame in frames]
    pictures = [data for name, data in contents(tmp_path).items() if "/images/" in name]
    assert len(pictures) == len(set(pictures)) == 24
    assert len({repr(scene) for scene in outlines}) == 24  # not the same scene under other noise


def test_the_bdd100k_reader_reads_it(tmp_path: Path) -> None:
    write_streets(Streets(train=4, val=1, seed=2), tmp_path)
    dataset = read_bdd100k(tmp_path / "labels" / "streets_train.json", tmp_path / "images")
    assert dataset.images == 4
    assert set(dataset.class_names) <= set(class_names("core"))
    assert (dataset.width_px == 160).all()
    assert (dataset.height_px == 128).all()
    assert not dataset.crowd.any()
    for name in dataset.file_name:
        with Image.open(tmp_path / "images" / name) as picture:
            assert picture.size == (160, 128)
            assert picture.mode == "RGB"
            assert np.asarray(picture).std() > 10


def test_nothing_unfinished_stays_behind(tmp_path: Path) -> None:
    write_streets(Streets(train=1, val=1, image_size=(64, 64)), tmp_path)
    assert not [name for name in contents(tmp_path) if name.endswith(".tmp")]
