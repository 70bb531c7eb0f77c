"""Dataset → YOLO folder: what is kept byte for byte, where pictures go, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segtrial.data.yolo.read import read_yolo
from segtrial.data.yolo.write import write_yolo
from segtrial.types.errors import DataError
from tests.data.yolo_folders import NAMES, SQUARE, one_picture, picture, written, yolo_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_written_and_read_again_it_is_the_same(tmp_path: Path) -> None:
    source = yolo_folder(tmp_path / "source")
    dataset = read_yolo(source, None)
    write_yolo(dataset, tmp_path / "again")
    again = read_yolo(tmp_path / "again", None)
    assert again.fingerprint() == dataset.fingerprint()
    assert list(again.instance_record) == list(dataset.instance_record)
    assert list(again.image_record) == list(dataset.image_record)
    for file in (source / "labels").rglob("*.txt"):
        assert (tmp_path / "again" / file.relative_to(source)).read_bytes() == file.read_bytes()
    assert not (tmp_path / "again/labels/train/b.txt").exists()
    link = tmp_path / "again/images/train/a.png"
    assert link.samefile(source / "images/train/a.png")
    assert not link.is_symlink()  # one would lead out of the folder


def test_splits_are_written_one_after_another(tmp_path: Path) -> None:
    source = yolo_folder(tmp_path / "source")
    for split in ("train", "val"):
        write_yolo(read_yolo(source, None, split), tmp_path / "again", split=split)
    members = yaml.safe_load((tmp_path / "again/data.yaml").read_text())
    names = {0: "car", 1: "bridge", 2: "sign"}
    assert members == {"train": "images/train", "val": "images/val", "names": names}
    assert (
        read_yolo(tmp_path / "again", None).fingerprint() == read_yolo(source, None).fingerprint()
    )


def test_only_the_class_number_of_a_relabelled_row_changes(tmp_path: Path) -> None:
    rows = f"0  {SQUARE} \n 1 {SQUARE}\n01 {SQUARE}"
    dataset = read_yolo(one_picture(tmp_path / "source", rows), None)
    changed = dataset.with_classes(np.array([2, 1, 1], np.int32))
    write_yolo(changed, tmp_path / "arm")
    text = (tmp_path / "arm/labels/train/a.txt").read_text()
    assert text == f"2  {SQUARE} \n 1 {SQUARE}\n01 {SQUARE}\n"
    assert read_yolo(tmp_path / "arm", None).fingerprint() == changed.fingerprint()
    assert (tmp_path / "source/labels/train/a.txt").read_text() == rows


def test_label_caches_are_deleted(tmp_path: Path) -> None:
    dataset = read_yolo(yolo_folder(tmp_path / "source"), None)
    caches = [written(tmp_path / f"arm/labels/{name}.cache", b"x") for name in ("train", "val/a")]
    write_yolo(dataset, tmp_path / "arm")
    assert not any(cache.exists() for cache in caches)


def test_pictures_in_another_order_are_listed(tmp_path: Path) -> None:
    dataset = read_yolo(yolo_folder(tmp_path / "source"), None).take_images([3, 1, 0])
    write_yolo(dataset, tmp_path / "arm", split="val")
    assert (tmp_path / "arm/val.txt").read_text().splitlines() == [
        "./images/val/d.png",
        "./images/train/b.png",
        "./images/train/a.png",
    ]
    assert read_yolo(tmp_path / "arm", None, "val").fingerprint() == dataset.fingerprint()


def test_copies_and_no_pictures(tmp_path: Path) -> None:
    source = yolo_folder(tmp_path / "source")
    dataset = read_yolo(source, None)
    write_yolo(dataset, tmp_path / "copied", pictures="copy")
    copy = tmp_path / "copied/images/train/a.png"
    assert not copy.is_symlink()
    assert copy.read_bytes() == (source / "images/train/a.png").read_bytes()
    write_yolo(dataset, tmp_path / "bare", pictures="none")
    assert not (tmp_path / "bare/images").exists()
    assert read_yolo(tmp_path / "bare", source).fingerprint() == dataset.fingerprint()
    write_yolo(replace(dataset, image_root=None), tmp_path / "unknown")
    assert (tmp_path / "unknown/train.txt").is_file()


def test_written_twice_it_stays_the_same(tmp_path: Path) -> None:
    dataset = read_yolo(yolo_folder(tmp_path / "source"), None)
    for pictures in ("link", "copy", "link"):
        write_yolo(dataset, tmp_path / "arm", pictures=pictures)
    assert read_yolo(tmp_path / "arm", None).fingerprint() == dataset.fingerprint()
    assert (tmp_path / "source/images/train/a.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("a.png", "images/train/a.png"),
        ("night/a.png", "images/train/night/a.png"),
        ("images/a.png", "images/train/a.png"),
        ("images/x/a.png", "images/x/a.png"),
        ("images/x/y/a.png", "images/x/y/a.png"),
        ("day/images/a.png", "day/images/a.png"),
    ],
)
def test_where_pictures_go(tmp_path: Path, name: str, place: str) -> None:
    dataset = read_yolo(one_picture(tmp_path / "source", f"0 {SQUARE}"), None)
    picture(tmp_path / "photographs" / name)
    moved = replace(dataset, file_name=(name,), image_root=tmp_path / "photographs")
    write_yolo(moved, tmp_path / "arm")
    again = read_yolo(tmp_path / "arm", None)
    assert (again.file_name[0], again.instances) == (place, 1)
    write_yolo(moved, tmp_path / "flat", keep_layout=False)
    assert read_yolo(tmp_path / "flat", None).file_name[0].startswith("images/train/")


@pytest.mark.parametrize("name", ["../a.png", "/a.png", "x/../../a.png", "a.gif", "a", "a\n.png"])
def test_names_that_cannot_be_kept(tmp_path: Path, name: str) -> None:
    dataset = read_yolo(one_picture(tmp_path / "source", f"0 {SQUARE}"), None)
    with pytest.raises(DataError, match="A picture's name"):
        write_yolo(replace(dataset, file_name=(name,)), tmp_path / "arm", pictures="none")
    assert not (tmp_path / "arm").exists()


def test_nothing_of_others_is_overwritten(tmp_path: Path) -> None:
    source = yolo_folder(tmp_path / "source")
    dataset = read_yolo(source, None)
    with pytest.raises(DataError, match="overwrite their source"):
        write_yolo(dataset, source)
    foreign = written(tmp_path / "arm/labels/train/z.txt", "")
    with pytest.raises(DataError, match="another data set") as caught:
        write_yolo(dataset, tmp_path / "arm")
    assert caught.value.where == str(foreign)
    foreign.unlink()
    written(tmp_path / "arm/data.yaml", "train: images/train\nnames: [car]\n")
    with pytest.raises(DataError, match=r"data\.yaml of another data set"):
        write_yolo(dataset, tmp_path / "arm")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/images").symlink_to(source / "images")
    with pytest.raises(DataError, match="leads out"):
        write_yolo(dataset, tmp_path / "linked")


def test_splits_of_one_folder_need_places_of_their_own(tmp_path: Path) -> None:
    dataset = read_yolo(yolo_folder(tmp_path / "source"), None, "train")
    parts = {"train": dataset.take_images([0, 1]), "val": dataset.take_images([2])}
    write_yolo(parts["train"], tmp_path / "arm")
    with pytest.raises(DataError, match="another data set"):
        write_yolo(parts["val"], tmp_path / "arm", split="val")
    for split, part in parts.items():
        write_yolo(part, tmp_path / "own", split=split, keep_layout=False)
        assert read_yolo(tmp_path / "own", None, split).images == part.images


def test_missing_pictures_are_named(tmp_path: Path) -> None:
    source = yolo_folder(tmp_path / "source")
    dataset = read_yolo(source, None)
    (source / "images/train/c.png").unlink()
    with pytest.raises(DataError, match="A picture is missing") as caught:
        write_yolo(dataset, tmp_path / "arm")
    assert caught.value.got == "1 of 4 are not there"


def test_two_pictures_of_one_label_file(tmp_path: Path) -> None:
    dataset = read_yolo(yolo_folder(tmp_path / "source"), None, "train")
    names = ("a.png", "a.jpg", "b.jpg")
    with pytest.raises(DataError, match="share a label file"):
        write_yolo(replace(dataset, file_name=names), tmp_path / "arm", pictures="none")


fraction = st.integers(-10_000_000, 1_010_000_000).map(lambda n: repr(n / 1e9))
ring = st.lists(st.tuples(fraction, fraction), min_size=3, max_size=6).map(
    lambda points: " ".join(f"{x} {y}" for x, y in points)
)
boxes = st.tuples(fraction, fraction, st.just("0.1"), st.just("0.25")).map(" ".join)
space = st.sampled_from([" ", "  ", "\t"])
line_end = st.sampled_from(["\n", "\r\n", "\n\n", " \n"])


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_any_rows_come_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("rows")
    written(folder / "source/data.yaml", f"train: images/train\n{NAMES}")
    for name in "ab":
        picture(folder / f"source/images/train/{name}.png", (13, 7))
        values = data.draw(st.lists(data.draw(st.sampled_from([ring, boxes])), max_size=4))
        draw = [
            (data.draw(st.integers(0, 2)), data.draw(space), data.draw(line_end)) for _ in values
        ]
        rows = [f"{c}{gap}{v}{end}" for (c, gap, end), v in zip(draw, values, strict=True)]
        written(folder / f"source/labels/train/{name}.txt", "".join(rows))
    dataset = read_yolo(folder / "source", None)
    classes = data.draw(st.lists(st.integers(0, 2), min_size=dataset.instances, max_size=None))
    changed = dataset.with_classes(np.array(classes[: dataset.instances], np.int32))
    write_yolo(changed, folder / "arm")
    again = read_yolo(folder / "arm", None)
    assert again.fingerprint() == changed.fingerprint()
    assert again.area_px.tolist() == changed.area_px.tolist()


@settings(deadline=None, max_examples=40)
@example(names=["\x85", "\u2028a", "no", "1e3", "ü"])
@given(names=st.lists(st.text(max_size=8), min_size=1, max_size=5, unique=True))
def test_any_class_names_come_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    dataset = read_yolo(one_picture(folder / "source", f"0 {SQUARE}"), None)
    named = replace(dataset, class_names=tuple(names), class_ids=tuple(range(len(names))))
    write_yolo(named, folder / "arm")
    assert read_yolo(folder / "arm", None).class_names == tuple(names)
