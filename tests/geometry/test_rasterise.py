"""Outlines to masks, against pycocotools' rasteriser."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from segtrial.geometry import rasterise
from segtrial.geometry.outlines import parse_outline
from segtrial.geometry.rasterise import instance_counts, mask_counts, truth_masks
from segtrial.geometry.runs import decode_mask
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.masks import pack_masks
from tests.builders import bdd_dataset, bdd_frame, bdd_label, box_rle, coco_dataset, truth
from tests.geometry.test_beziers import circle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from segtrial.types.dataset import Dataset

HEIGHT, WIDTH = 23, 31


@pytest.fixture(autouse=True, scope="module")
def all_are_many() -> Iterator[None]:
    """These small sets take the way of large ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rasterise, "_FEW", -1)
        yield


COORDINATE = st.integers(-20, 100).map(lambda v: v / 2) | st.floats(-10, 45)
PART = st.lists(COORDINATE, min_size=6, max_size=16).map(lambda v: v[: len(v) // 2 * 2])


def coco_counts(parts: list[list[float]], height: int = HEIGHT, width: int = WIDTH) -> bytes:
    counts: bytes = coco.merge(coco.frPyObjects(parts, height, width))["counts"]
    return counts


def pixels(counts: bytes, height: int, width: int) -> int:
    return int(decode_mask(pack_masks([counts]), 0, height=height, width=width).sum())


@settings(deadline=None, max_examples=200)
@given(st.lists(PART, min_size=1, max_size=4))
def test_polygons_of_any_shape_give_the_string_of_pycocotools(parts: list[list[float]]) -> None:
    outline = parse_outline(GeometryKind.COCO, json.dumps(parts).encode(), (HEIGHT, WIDTH))
    assert mask_counts(outline, height=HEIGHT, width=WIDTH) == coco_counts(parts)


def test_parts_are_united_and_not_cut_out_of_each_other() -> None:
    outer, inner = [2, 2, 18, 2, 18, 18, 2, 18], [6, 6, 10, 6, 10, 10, 6, 10]
    outline = parse_outline(GeometryKind.COCO, json.dumps([outer, inner]).encode(), (HEIGHT, WIDTH))
    assert pixels(mask_counts(outline, height=HEIGHT, width=WIDTH), HEIGHT, WIDTH) == 256


@pytest.mark.parametrize("counts", [[0, 713], [700, 13], [40, 20, 653]])
def test_plain_and_packed_run_lengths_pass_through(counts: list[int]) -> None:
    plain = {"size": [HEIGHT, WIDTH], "counts": counts}
    packed = coco.frPyObjects(plain, HEIGHT, WIDTH)["counts"]
    outline = parse_outline(GeometryKind.COCO, json.dumps(plain).encode(), (HEIGHT, WIDTH))
    assert mask_counts(outline, height=HEIGHT, width=WIDTH) == packed
    outline = parse_outline(
        GeometryKind.COCO, json.dumps(plain | {"counts": packed.decode()}).encode(), (HEIGHT, WIDTH)
    )
    assert mask_counts(outline, height=HEIGHT, width=WIDTH) == packed


def test_run_lengths_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="RLE of size"):
        mask_counts({"size": [9, 9], "counts": [81]}, height=HEIGHT, width=WIDTH)


@pytest.mark.parametrize("counts", [[0, 5], [0, 5, 7], "05"])
def test_run_lengths_that_do_not_fill_their_image_are_refused(counts: object) -> None:
    with pytest.raises(ValueError, match="RLE"):
        mask_counts({"size": [HEIGHT, WIDTH], "counts": counts}, height=HEIGHT, width=WIDTH)


def test_a_bezier_circle_has_a_circle_of_pixels(tmp_path: Path) -> None:
    vertices, types = circle(100)
    ring = {"vertices": (vertices + 150).tolist(), "types": types, "closed": True}
    frame = bdd_frame("a", bdd_label(poly2d=[ring]), size={"width": 300, "height": 300})
    dataset = bdd_dataset(tmp_path, [frame])
    count = pixels(truth_masks(dataset).counts(0), 300, 300)
    assert count == pytest.approx(np.pi * 100**2, rel=2e-3)
    np.testing.assert_allclose(dataset.box_xywh[0], [50, 50, 200, 200], atol=0.05)


@pytest.mark.parametrize("reach", [0, 0.01])
def test_a_curve_with_nearly_no_extent_is_no_rectangle(reach: float) -> None:
    """Two points are left of it; a flat list of four numbers means a box to COCO's rasteriser."""
    vertices = [[10, 5], [10 + reach, 5], [10 + reach, 5 + reach]]
    raw = json.dumps([{"vertices": vertices, "types": "LCC", "closed": True}]).encode()
    counts = mask_counts(
        parse_outline(GeometryKind.BDD100K, raw, (HEIGHT, WIDTH)), height=HEIGHT, width=WIDTH
    )
    assert pixels(counts, HEIGHT, WIDTH) <= 1


def test_instances_of_a_data_set_get_masks_in_their_images_sizes(tmp_path: Path) -> None:
    dataset = coco_dataset(tmp_path)
    masks = truth_masks(dataset)
    assert dataset.annotation_id == ("102", "101", "103", "104")
    square = coco_counts([[2, 3, 6, 3, 6, 7, 2, 7]], 10, 20)
    box = coco.frPyObjects(np.array([[2.0, 3, 4, 4]]), 10, 20)[0]["counts"]
    crowd = coco.frPyObjects({"size": [10, 20], "counts": [100, 50, 50]}, 10, 20)["counts"]
    assert [masks.counts(row) for row in range(4)] == [square, square, box, crowd]


def test_masks_are_drawn_once_a_data_set_and_each_has_its_own() -> None:
    one, two = truth([(0, 0, (0, 0, 3, 3))]), truth([(0, 0, (0, 0, 4, 4))])
    assert truth_masks(one) is truth_masks(one)
    assert [pixels(truth_masks(d).counts(0), 10, 20) for d in (one, two)] == [9, 16]


@pytest.mark.parametrize(
    ("box", "area"),
    [((-5, -5, 8, 8), 9), ((15, 5, 50, 50), 25), ((30, 30, 5, 5), 0), ((3, 3, 0, 4), 0)],
)
def test_a_box_without_outline_is_cut_at_the_image(
    box: tuple[float, float, float, float], area: int
) -> None:
    dataset = replace(
        truth([(0, 0, (0, 0, 1, 1))]), instance_record=(b"{}",), box_xywh=np.array([box])
    )
    assert pixels(truth_masks(dataset).counts(0), 10, 20) == area


def test_a_data_set_without_instances_has_no_masks() -> None:
    assert len(truth_masks(truth([]))) == 0


TRIANGLE = [2, 3, 6, 3, 6, 7]
PLAIN = {"size": [10, 20], "counts": [100, 50, 50]}
USUAL: list[Any] = [
    [TRIANGLE],
    [[0.5, 0.5, 19.5, 0.5, 10, 9.25]],
    [TRIANGLE, [8, 1, 15, 1, 15, 9, 8, 9], [3, 3, 9, 3, 9, 5]],
    PLAIN,
    {"size": [10, 20], "counts": coco.frPyObjects(PLAIN, 10, 20)["counts"].decode()},
    None,  # a box alone
    [],
]
UNUSUAL: list[Any] = [
    [[1, 2, 3, 4], TRIANGLE],  # two points, which have no area and are left out
    [["2", "3", 6, 3, True, 7]],  # numbers as numpy reads them
    [[-3e6, 1, 3e6, 2, 5, 9]],  # farther than polygons are filled together
]
BAD: list[Any] = [
    [[1, 2, 3, 4]],
    [[1, 2, 3, 4, 5, 6, 7]],
    [[1e10, 2, 3, 4, 5, 6]],
    [[None, 2, 3, 4, 5, 6]],
    [TRIANGLE, 5],
    "abc",
    {"size": [9, 9], "counts": [81]},
    {"size": [10, 20], "counts": [0, 5]},
]


def of_outlines(outlines: list[Any], *, size: tuple[int, int] = (10, 20)) -> Dataset:
    """COCO instances of these segmentations, each of two images having some."""
    rows = [(2 * row // len(outlines), 0, (2.0, 3.0, 4.0, 5.0)) for row in range(len(outlines))]
    records = tuple(
        json.dumps({"id": row} | ({} if outline is None else {"segmentation": outline})).encode()
        for row, outline in enumerate(outlines)
    )
    height, width = (np.full(2, side, np.int32) for side in size)
    labels = truth(rows, images=2)
    return replace(labels, instance_record=records, height_px=height, width_px=width)


def one_by_one(dataset: Dataset) -> list[bytes]:
    return [instance_counts(dataset, row) for row in range(dataset.instances)]


def together(dataset: Dataset) -> list[bytes]:
    masks = truth_masks(dataset)
    return [masks.counts(row) for row in range(dataset.instances)]


def shuffled(outlines: list[Any], times: int, seed: int) -> list[Any]:
    order = np.random.default_rng(seed).permutation(times * len(outlines))
    return [outlines[k % len(outlines)] for k in order]


@pytest.mark.parametrize("outlines", [USUAL, USUAL + UNUSUAL, USUAL[3:], USUAL[:1]])
@pytest.mark.parametrize("block", [1, 3, 512])
def test_instances_of_every_kind_have_the_masks_that_each_has_alone(
    monkeypatch: pytest.MonkeyPatch, outlines: list[Any], block: int
) -> None:
    monkeypatch.setattr(rasterise, "_BLOCK", block)
    for seed in range(8):
        dataset = of_outlines(shuffled(outlines, 3, seed))
        assert together(dataset) == one_by_one(dataset)


def test_more_instances_than_a_block_holds() -> None:
    dataset = of_outlines(shuffled(USUAL, 200, 0))
    assert together(dataset) == one_by_one(dataset)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(PART, min_size=1, max_size=3), min_size=1, max_size=6))
def test_any_polygons_of_a_data_set_have_the_strings_of_pycocotools(
    outlines: list[list[list[float]]],
) -> None:
    dataset = of_outlines(outlines)
    assert together(dataset) == [coco_counts(parts, 10, 20) for parts in outlines]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("later", BAD)
def test_the_first_bad_outline_is_the_one_that_is_told(bad: Any, later: Any) -> None:
    dataset = of_outlines([*USUAL, bad, *USUAL, later, *USUAL])
    with pytest.raises(Exception, match=r".+") as alone:
        one_by_one(dataset)
    with pytest.raises(alone.type) as found:
        truth_masks(dataset)
    assert str(found.value) == str(alone.value)


@pytest.mark.parametrize("size", [(2, (1 << 20) + 1), (1 << 12, 1 << 19)])
def test_images_too_large_to_be_filled_together_are_drawn_one_by_one(size: tuple[int, int]) -> None:
    dataset = of_outlines([[TRIANGLE], None, [TRIANGLE, [8, 1, 15, 1, 15, 9]]], size=size)
    assert together(dataset) == one_by_one(dataset)


def test_images_of_more_pixels_than_run_lengths_can_count_are_refused() -> None:
    with pytest.raises(ValueError, match="10000000000 pixels"):
        truth_masks(of_outlines([[TRIANGLE]], size=(100_000, 100_000)))


def test_rings_of_bdd100k_have_the_masks_that_each_has_alone(tmp_path: Path) -> None:
    vertices, types = circle(30)
    curve = {"vertices": (vertices + 40).tolist(), "types": types, "closed": True}
    line = {"vertices": [[5, 5], [60, 9], [33, 70]], "types": "LLL", "closed": True}
    far = {"vertices": [[5, 5], [6e6, 9], [33, 70]], "types": "LLL", "closed": True}
    rle = {"size": [90, 100], "counts": box_rle((3, 4, 20, 30), 90, 100).decode()}
    poly2ds = [[curve], [line, curve], [line], [far], [line, far], [curve, curve]]
    labels = [bdd_label(str(n), poly2d=rings) for n, rings in enumerate(poly2ds)]
    labels.insert(2, bdd_label("rle", poly2d=None, rle=rle))
    frame = bdd_frame("a", *labels, size={"width": 100, "height": 90})
    dataset = bdd_dataset(tmp_path, [frame])
    assert dataset.instances == 7
    assert together(dataset) == one_by_one(dataset)


def test_rings_of_yolo_have_the_masks_that_each_has_alone() -> None:
    texts = (b"0 .1 .3 .3 .3 .3 .7", b"0 .5 .5 .2 .2", b"0 0 0 1 0 1 1 0 1", b"0 .2 .2 .9 .1 .4 .8")
    dataset = replace(
        of_outlines([None] * 4), geometry_kind=GeometryKind.YOLO, instance_record=texts
    )
    assert together(dataset) == one_by_one(dataset)
    assert pixels(truth_masks(dataset).counts(2), 10, 20) == 200


@pytest.mark.parametrize(
    ("kind", "geometry"),
    [
        (GeometryKind.COCO, "[]"),
        (GeometryKind.COCO, "5"),
        (GeometryKind.COCO, '"abc"'),
        (GeometryKind.COCO, "[[1, 2, 3, 4]]"),
        (GeometryKind.COCO, "[[1, 2, 3, 4, 5, 6, 7]]"),
        (GeometryKind.COCO, "[[null, 2, 3, 4, 5, 6]]"),
        (GeometryKind.COCO, "[[[1], 2, 3, 4, 5, 6]]"),
        (GeometryKind.COCO, "[[1e10, 2, 3, 4, 5, 6]]"),
        (GeometryKind.COCO, f"[[1{'0' * 400}, 2, 3, 4, 5, 6]]"),
        (GeometryKind.BDD100K, "[[1, 2], [3, 4], [5, 6]]"),
        (GeometryKind.BDD100K, '[{"types": "LLL"}]'),
        (GeometryKind.BDD100K, '[{"vertices": [[1, 2], [3, 4]], "types": "LL"}]'),
        (GeometryKind.BDD100K, '[{"vertices": [[1, 2], [3, 4], [5, 6]], "types": "LL"}]'),
        (GeometryKind.BDD100K, '[{"vertices": [[1, 2], [3, 4], [5, 6]], "types": "LLX"}]'),
        (GeometryKind.BDD100K, '[{"vertices": [[1, 2, 3], [3, 4, 3], [5, 6, 3]], "types": "LLL"}]'),
        (GeometryKind.BDD100K, f'[{{"vertices": [[1{"0" * 400}, 2], [3, 4], [5, 6]]}}]'),
    ],
)
def test_geometry_that_is_no_outline_is_refused(kind: GeometryKind, geometry: str) -> None:
    with pytest.raises((ValueError, OverflowError), match=r".+"):
        parse_outline(kind, geometry.encode(), (HEIGHT, WIDTH))


def test_older_files_without_types_have_straight_rings() -> None:
    raw: list[dict[str, Any]] = [{"vertices": [[1, 1], [5, 1], [5, 5]], "types": None}]
    outline = parse_outline(GeometryKind.BDD100K, json.dumps(raw).encode(), (HEIGHT, WIDTH))
    assert isinstance(outline, list)
    assert outline[0].tolist() == [[1, 1], [5, 1], [5, 5]]


def test_few_instances_are_drawn_one_by_one_and_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = coco_dataset(tmp_path)
    together = truth_masks(dataset)
    monkeypatch.setattr(rasterise, "_FEW", dataset.instances)
    monkeypatch.setattr(rasterise, "fill_polygons", None)
    one_by_one = truth_masks(replace(dataset))
    assert together.data.tobytes() == one_by_one.data.tobytes()
    assert together.offset.tolist() == one_by_one.offset.tolist()
