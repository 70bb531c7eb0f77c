"""YOLO folders → Dataset: columns, layouts of data.yaml, and what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from segtrial.data.yolo.read import duplicate_rows, looks_like_yolo, read_yolo
from segtrial.geometry.outlines import outline_of
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import DataError
from tests.data.yolo_folders import DATA, NAMES, SQUARE, one_picture, picture, written, yolo_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_columns_of_outlines(tmp_path: Path) -> None:
    dataset = read_yolo(yolo_folder(tmp_path) / "data.yaml", None)
    assert dataset.label_format == LabelFormat.YOLO_SEG
    assert list(dataset.file_name) == [
        *("images/train/a.png", "images/train/b.png", "images/train/c.png"),
        "images/val/d.png",
    ]
    assert list(dataset.image_id) == [name.removesuffix(".png") for name in dataset.file_name]
    assert (dataset.class_names, dataset.class_ids) == (("car", "bridge", "sign"), (0, 1, 2))
    assert (dataset.width_px.tolist(), dataset.height_px.tolist()) == ([20] * 4, [10] * 4)
    assert dataset.image_index.tolist() == [0, 0, 3]
    assert dataset.class_index.tolist() == [0, 1, 2]
    assert list(dataset.annotation_id) == ["1", "2", "1"]
    np.testing.assert_allclose(dataset.box_xywh, [[2, 3, 4, 4], [0, 0, 10, 10], [2, 3, 4, 4]])
    np.testing.assert_allclose(dataset.area_px, [16, 50, 16])
    assert not dataset.crowd.any()
    assert dataset.instance_record[1] == b"1 0 0 0.5 0 0.5 1"
    np.testing.assert_allclose(outline_of(dataset, 1)[0], [[0, 0], [10, 0], [10, 10]])
    assert dataset.image_root == tmp_path
    assert dataset.left_out == ()


def test_rows_of_five_columns_are_boxes_by_their_centre(tmp_path: Path) -> None:
    dataset = read_yolo(one_picture(tmp_path, "2 0.25 0.5 0.1 0.4\n"), None)
    np.testing.assert_allclose(dataset.box_xywh, [[4, 3, 2, 4]])
    np.testing.assert_allclose(dataset.area_px, [8])
    assert outline_of(dataset, 0) is None


def test_line_ends_blank_lines_and_spaces(tmp_path: Path) -> None:
    rows = f"\r\n0  {SQUARE}\t\r\n   \r\n 1 {SQUARE}"
    dataset = read_yolo(one_picture(tmp_path, rows), None)
    assert list(dataset.instance_record) == [f"0  {SQUARE}\t".encode(), f" 1 {SQUARE}".encode()]
    assert list(dataset.annotation_id) == ["1", "2"]


@pytest.mark.parametrize(
    ("split", "images"), [("train", 3), ("val", 1), (None, 4)], ids=["train", "val", "all"]
)
def test_splits(tmp_path: Path, split: str | None, images: int) -> None:
    assert read_yolo(yolo_folder(tmp_path), None, split).images == images


def test_a_labels_folder_is_a_split(tmp_path: Path) -> None:
    yolo_folder(tmp_path)
    dataset = read_yolo(tmp_path / "labels" / "train", None)
    assert dataset.images == 3
    assert dataset.fingerprint() == read_yolo(tmp_path, None, "train").fingerprint()
    named = read_yolo(tmp_path / "labels" / "train", None, "val")
    assert named.fingerprint() == dataset.fingerprint()  # a split by itself, whatever its name


def test_a_picture_of_two_splits_is_taken_once(tmp_path: Path) -> None:
    data = f"train: images/train\nval: images/train\n{NAMES}"
    assert read_yolo(yolo_folder(tmp_path, data), None).images == 3


@pytest.mark.parametrize(
    "data",
    [
        f"path: .\n{DATA}",
        f"path: /not/there/any/more\n{DATA}",
        f"path: ''\n{DATA}",
        f"train: [images/train]\nvalidation: images/val\n{NAMES}",
        f"train: ../images/train\nval: ../images/val\n{NAMES}",
        "train: images/train\nval: images/val\nnc: 3\nnames: ['car', 'bridge', 'sign']\n",
        "train: images/train\nval: images/val\nnames: {'2': sign, 0: car, 1: bridge}\n",
        f"train: train.txt\nval: images/val\n{NAMES}",
        f"\ufeff{DATA}",
    ],
    ids=["dot", "moved", "empty", "list", "parent", "names", "text keys", "listed", "mark"],
)
def test_layouts_of_the_description(tmp_path: Path, data: str) -> None:
    folder = yolo_folder(tmp_path / "set", data)
    lines = ["./images/train/a.png", "images/train/b.png", "", str(folder / "images/train/c.png")]
    written(folder / "train.txt", "\n".join(lines))
    dataset = read_yolo(folder, None)
    assert (dataset.images, dataset.instances) == (4, 3)
    assert dataset.class_names == ("car", "bridge", "sign")
    assert dataset.file_name[0] == "images/train/a.png"


def test_a_path_from_the_file_s_folder(tmp_path: Path) -> None:
    yolo_folder(tmp_path / "set")
    file = written(tmp_path / "settings" / "street.yml", f"path: ../set\n{DATA}")
    dataset = read_yolo(file, None)
    assert (dataset.images, dataset.name, dataset.source) == (4, "set", "street.yml")


def test_images_folders_below_the_splits(tmp_path: Path) -> None:
    written(tmp_path / "data.yaml", f"train: ../train/images\n{NAMES}")
    picture(tmp_path / "train/images/a.png")
    written(tmp_path / "train/labels/a.txt", f"0 {SQUARE}")
    dataset = read_yolo(tmp_path, None)
    assert (dataset.file_name[0], dataset.instances) == ("train/images/a.png", 1)


def test_classes_by_number_alone(tmp_path: Path) -> None:
    dataset = read_yolo(yolo_folder(tmp_path, "nc: 3\ntrain: images/train\n"), None)
    assert dataset.class_names == ("class_0", "class_1", "class_2")


def test_pictures_that_lie_elsewhere(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path / "set")
    (folder / "images").rename(tmp_path / "photographs")
    for root, name in (("photographs", "train/a.png"), ("photographs/train", "a.png")):
        dataset = read_yolo(folder, tmp_path / root, "train")
        assert (dataset.images, dataset.instances) == (3, 2)
        assert dataset.file_name[0] == name
        assert dataset.image_root == tmp_path / root
    with pytest.raises(DataError, match="folder is not there"):
        read_yolo(folder, None)


def test_label_files_without_a_picture_are_counted(tmp_path: Path) -> None:
    yolo_folder(tmp_path)
    written(tmp_path / "labels/train/e.txt", f"0 {SQUARE}\n")
    (left_out,) = read_yolo(tmp_path, None).left_out
    assert (left_out.count, left_out.reason) == (1, "label files without a picture")
    assert left_out.first.endswith("labels/train/e.txt")


def test_listed_pictures_that_are_not_there_are_counted(tmp_path: Path) -> None:
    yolo_folder(tmp_path, f"train: train.txt\n{NAMES}")
    written(tmp_path / "train.txt", "./images/train/x.png\n./images/train/a.png\n")
    dataset = read_yolo(tmp_path, None)
    assert dataset.images == 1
    assert dataset.left_out[0].first == f"{tmp_path / 'train.txt'}:1: ./images/train/x.png"


@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_exif_orientation_turns_the_size(tmp_path: Path, turn: int) -> None:
    folder = one_picture(tmp_path, f"0 {SQUARE}")
    (folder / "images/train/a.png").unlink()
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.new("RGB", (20, 10)).save(folder / "images/train/a.JPG", "JPEG", exif=exif)
    dataset = read_yolo(folder, None)
    size = (int(dataset.width_px[0]), int(dataset.height_px[0]))
    assert size == ((10, 20) if turn > 4 else (20, 10))


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "bmp", "webp", "tif", "TIFF"])
def test_kinds_of_pictures(tmp_path: Path, suffix: str) -> None:
    folder = one_picture(tmp_path, f"0 {SQUARE}")
    (folder / "images/train/a.png").unlink()
    picture(folder / f"images/train/a.{suffix}", (31, 12))
    dataset = read_yolo(folder, None)
    assert (dataset.width_px[0], dataset.height_px[0], dataset.instances) == (31, 12, 1)


def test_duplicates_are_those_of_class_and_box(tmp_path: Path) -> None:
    diamond = "0.2 0.3 0.3 0.5 0.2 0.7 0.1 0.5"  # another outline, the same box
    rows = f"0 {SQUARE}\n1 {SQUARE}\n0 {diamond}\n0 {SQUARE}\n0 0.1 0.3 0.3 0.3 0.3 0.8\n"
    dataset = read_yolo(one_picture(tmp_path, rows), None)
    assert dataset.instances == 5
    assert duplicate_rows(dataset) == [2, 3]
    relabelled = dataset.with_classes(np.zeros(5, np.int32))
    assert duplicate_rows(relabelled) == [1, 2, 3]


def test_what_looks_like_yolo(tmp_path: Path) -> None:
    folder = yolo_folder(tmp_path / "set")
    labels = folder / "labels"
    for path in (folder, folder / "data.yaml", labels, labels / "train"):
        assert looks_like_yolo(path), path
    other = written(tmp_path / "other" / "trial.yaml", "names: [a]\n")
    for path in (other, other.parent, folder / "images", labels / "train/a.txt", tmp_path / "no"):
        assert not looks_like_yolo(path), path
