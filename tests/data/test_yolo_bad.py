"""What no YOLO data set may hold: an error that names the file, and the line of a row."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from segtrial.data.yolo.read import read_yolo
from segtrial.types.errors import DataError
from tests.data.yolo_folders import DATA, NAMES, SQUARE, one_picture, picture, written, yolo_folder

if TYPE_CHECKING:
    from pathlib import Path

ROWS = {
    "class no number": (f"car {SQUARE}", "no whole number"),
    "class a fraction": (f"0.5 {SQUARE}", "no whole number"),
    "class negative": (f"-1 {SQUARE}", "no whole number"),
    "class beyond nc": (f"3 {SQUARE}", "not among the names"),
    "class alone": ("0", "fewer than 3 points"),
    "one point": ("0 0.1 0.2", "fewer than 3 points"),
    "odd": ("0 0.1 0.2 0.3 0.4 0.5 0.6 0.7", "odd number"),
    "six columns": ("0 0.1 0.2 0.3 0.4 0.5", "odd number"),
    "text": ("0 0.1 0.2 x 0.4 0.5 0.6", "no number"),
    "nan": ("0 0.1 0.2 nan 0.4 0.5 0.6", "no number"),
    "infinite": ("0 0.1 0.2 inf 0.4 0.5 0.6", "no number"),
    "too large a number": ("0 0.1 0.2 1e999 0.4 0.5 0.6", "leaves the picture"),
    "underscore": ("0 0.1 0.2 0_1 0.4 0.5 0.6", "no number"),
    "px": ("0 10 20 30 20 30 40", "leaves the picture"),
    "below": ("0 -0.011 0.2 0.3 0.4 0.5 0.6", "leaves the picture"),
    "above": ("0 1.011 0.2 0.3 0.4 0.5 0.6", "leaves the picture"),
    "negative side": ("0 0.5 0.5 -0.005 0.1", "negative side"),
    "box after outlines": ("0 0.5 0.5 0.1 0.1", "mixes boxes and outlines"),
    "control character": (f"0 {SQUARE}\v0 {SQUARE}", "control character"),
}


@pytest.mark.parametrize(("row", "message"), ROWS.values(), ids=ROWS)
def test_a_bad_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    good = "" if message == "negative side" else f"0 {SQUARE}"
    folder = one_picture(tmp_path, f"{good}\n\n{row}\n")
    with pytest.raises(DataError, match=message) as caught:
        read_yolo(folder, None)
    assert caught.value.where == f"{folder / 'labels/train/a.txt'}:3"
    assert "Ultralytics would drop" in caught.value.next_step


def test_values_within_the_tolerance_stay(tmp_path: Path) -> None:
    row = "0 -0.01 0.3 1.01 0.3 0.3 0.7"
    dataset = read_yolo(one_picture(tmp_path, row), None)
    assert dataset.instance_record[0] == row.encode()
    assert dataset.box_xywh[0].tolist() == pytest.approx([-0.2, 3, 20.4, 4])


BOMB = "a0: &a0 {x: 1}\n" + "".join(
    f"a{k}: &a{k} {{<<: [*a{k - 1}, *a{k - 1}, *a{k - 1}]}}\n" for k in range(1, 40)
)
DESCRIPTIONS = {
    "no classes": ("train: images/train\n", "No classes"),
    "no split": (f"data: images\n{NAMES}", "No split"),
    "names and nc": (f"{DATA}nc: 4\n", "disagree"),
    "nc zero": ("train: images/train\nnc: 0\n", "no number of classes"),
    "nc huge": ("train: images/train\nnc: 999999999999\n", "no number of classes"),
    "names a text": ("train: images/train\nnames: car\n", "no list of classes"),
    "a gap": ("train: images/train\nnames: {0: car, 2: bus}\n", "one by one"),
    "a list as key": ("train: images/train\nnames: {[1]: car}\n", "cannot be read|one by one"),
    "a name twice": ("train: images/train\nnames: [car, car]\n", "share a name"),
    "a switch": ("train: images/train\nnames: [no, car]\n", "class name is none"),
    "a date": ("train: images/train\nnames: [2020-01-01]\n", "class name is none"),
    "no such date": ("train: images/train\nnames: [2020-99-99]\n", "cannot be read"),
    "a long number": (f"train: images/train\nnames: [{'9' * 5000}]\n", "cannot be read"),
    "half a pair": ('train: images/train\nnames: ["\\ud800"]\n', "class name is none"),
    "a number as path": (f"train: 5\n{NAMES}", "path is none"),
    "zero byte in a path": (f'train: "a\\0"\n{NAMES}', "path is none"),
    "too long a path": (f"train: {'x' * 5000}\n{NAMES}", "folder is not there"),
    "no such folder": (f"train: images/nowhere\n{NAMES}", "folder is not there"),
    "empty folder": (f"train: nothing\n{NAMES}", "no pictures"),
    "key points": (f"{DATA}kpt_shape: [17, 3]\n", "key points"),
    "no mapping": ("- train: images\n", "No such|cannot be read"),
    "no YAML": (f"{DATA}: : [\n", "cannot be read"),
    "a Python object": (f"{DATA}x: !!python/object/apply:os.getcwd []\n", "cannot be read"),
    "an empty number": (f"{DATA}x: !!int ''\n", "cannot be read"),
    "a wrong switch": (f"{DATA}x: !!bool car\n", "cannot be read"),
    "a wrong date": (f"{DATA}x: !!timestamp car\n", "cannot be read"),
    "aliases": (f"x: &x [1]\ny: *x\n{DATA}", "aliases"),
    "a bomb of aliases": (f"{BOMB}{DATA}", "aliases"),
    "deep": (f"{DATA}x: {'[' * 100_000}", "nested"),
    "large": (f"{DATA}# {'x' * 1_000_000}\n", "too large"),
}


@pytest.mark.parametrize(("data", "message"), DESCRIPTIONS.values(), ids=DESCRIPTIONS)
def test_a_bad_description_is_refused(tmp_path: Path, data: str, message: str) -> None:
    folder = yolo_folder(tmp_path, data)
    (folder / "nothing").mkdir()
    started = time.monotonic()
    with pytest.raises(DataError, match=message) as caught:
        read_yolo(folder / "data.yaml", None)
    assert str(folder) in caught.value.where
    assert time.monotonic() - started < 5


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = written(tmp_path / "data.yaml", b"train: \xff\xfe\n")
    with pytest.raises(DataError, match="cannot be read"):
        read_yolo(file, None)


def test_paths_that_hold_no_data_set(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path / "set")
    for path in (tmp_path, tmp_path / "no", folder / "labels/train/a.txt", folder / "images"):
        with pytest.raises(DataError, match="There is no YOLO data set"):
            read_yolo(path, None)


def test_a_split_that_is_not_stated(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path)
    with pytest.raises(DataError, match="The split is not stated"):
        read_yolo(folder, None, "test")
    with pytest.raises(DataError, match="There is no such split"):
        read_yolo(folder, None, "tset")


def test_several_descriptions(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path)
    written(folder / "other.yaml", DATA)
    assert read_yolo(folder, None).images == 4
    (folder / "data.yaml").rename(folder / "street.yaml")
    with pytest.raises(DataError, match="several descriptions"):
        read_yolo(folder, None)


def test_labels_of_other_pictures(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path, f"train: images/train\n{NAMES}")
    for name in ("a", "c"):
        (folder / f"labels/train/{name}.txt").rename(folder / f"labels/train/{name}x.txt")
    with pytest.raises(DataError, match="None of the pictures has a label file"):
        read_yolo(folder, None)


def test_labels_folder_of_another_name(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path)
    (folder / "labels").rename(folder / "label")
    with pytest.raises(DataError, match="None of the pictures has a label file"):
        read_yolo(folder, None)


def test_two_pictures_of_one_label_file(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path)
    picture(folder / "images/train/a.bmp")
    with pytest.raises(DataError, match="Two pictures have one label file"):
        read_yolo(folder, None)


def test_pictures_that_are_none(tmp_path: Path) -> None:
    folder = one_picture(tmp_path, f"0 {SQUARE}")
    file = folder / "images/train/a.png"
    for content in (b"", b"not a picture", file.read_bytes()[:20], b"GIF89a" + bytes(20)):
        file.write_bytes(content)
        with pytest.raises(DataError, match="A picture cannot be opened") as caught:
            read_yolo(folder, None)
        assert caught.value.where == str(file)


def test_a_picture_of_too_many_pixels(tmp_path: Path) -> None:
    """The header alone states 100,000 × 100,000 px."""
    folder = one_picture(tmp_path, f"0 {SQUARE}")
    file = folder / "images/train/a.bmp"
    (folder / "images/train/a.png").unlink()
    picture(file)
    data = bytearray(file.read_bytes())
    data[18:26] = (100_000).to_bytes(4, "little") * 2
    file.write_bytes(data)
    with pytest.raises(DataError, match="A picture cannot be opened"):
        read_yolo(folder, None)


def test_links_in_a_circle_are_entered_once(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path)
    (folder / "images/train/again").symlink_to(folder / "images")
    assert read_yolo(folder, None, "train").images >= 3


def test_a_list_of_pictures_that_is_none(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path, f"train: train.txt\n{NAMES}")
    for content, message in (
        (b"\xff\xfe", "cannot be read"),
        (b"images/train/a.txt\n", "no picture"),
        (b"images/train/x.png\n", "There are no pictures"),
        (b"", "There are no pictures"),
    ):
        written(folder / "train.txt", content)
        with pytest.raises(DataError, match=message):
            read_yolo(folder, None)
