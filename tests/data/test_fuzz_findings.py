"""Inputs that a fuzz campaign found: each is used, or refused with an error that names its place.

One test a finding; nothing here is tested elsewhere in this form.
"""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from segtrial.data.convert import convert
from segtrial.data.faults import find_faults
from segtrial.data.pictures import likely_root
from segtrial.data.predictions import read_predictions
from segtrial.data.read import read
from segtrial.data.write import write_labels
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import DataError, InputError
from tests.builders import (
    bdd_frame,
    bdd_label,
    coco_annotation,
    coco_content,
    coco_dataset,
    coco_image,
    square,
    write_json,
)
from tests.data.yolo_folders import one_picture

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset

ONE_FILE = ("coco", "lvis", "bdd100k")
BITMASKS = "bdd100k_ins_seg_bitmask"


def one_annotation(folder: Path, *, image: dict[str, Any] | None = None, **changes: Any) -> Dataset:
    """A COCO file with one image and one annotation, read."""
    content = coco_content(
        images=[coco_image(5) | (image or {})], annotations=[coco_annotation(1, 5, **changes)]
    )
    return read(write_json(folder / "labels.json", content), None, "coco")


def written_and_read(dataset: Dataset, target: str, folder: Path) -> Dataset:
    """Converted, written and read back."""
    converted, _ = convert(dataset, LabelFormat(target))
    path = folder / ("out.json" if target in {*ONE_FILE, "coco_panoptic"} else "out")
    write_labels(converted, path)
    return read(path, None, target)


# --- outlines that cannot be read: the reader keeps them as text, conversion has to say which


@pytest.mark.parametrize("target", ["lvis", "bdd100k"])
@pytest.mark.parametrize(
    "segmentation",
    [
        5,
        "abc",
        [[1, 2, 3, 4, 5]],
        [[1, 1, 5, 1, {}, 5]],
        [[1, 1, 5, 1, 1e200, 5]],
        [[1, 1, 5, 1, 10**400, 5]],
        {"counts": [200]},
        {"size": 5, "counts": [200]},
        {"size": [10, 20], "counts": [100]},
        {"size": [10, 20], "counts": [-5, 205]},
        {"size": [10, 20], "counts": "ooooooooooooooo"},
    ],
    ids=lambda value: str(value)[:40],
)
def test_conversion_names_the_outline_that_cannot_be_read(
    tmp_path: Path, target: str, segmentation: Any
) -> None:
    dataset = one_annotation(tmp_path, segmentation=segmentation)
    with pytest.raises(DataError, match="An outline cannot be read") as caught:
        convert(dataset, LabelFormat(target))
    assert "label 1" in caught.value.where


def test_values_nested_almost_too_deep_are_used_or_refused(tmp_path: Path) -> None:
    """What a reader just bears, a deeper call does not: the limit counts the callers' frames."""
    for depth in range(850, 1000, 3):
        path = tmp_path / "labels.json"
        deep = "[" * depth + "]" * depth
        text = json.dumps(coco_content(annotations=[coco_annotation(1, 5, attributes={"x": 7})]))
        path.write_text(text.replace('{"x": 7}', f'{{"x": {deep}}}'))
        for use in (
            lambda d: find_faults(d, pictures=False),
            lambda d: convert(d, LabelFormat.BDD100K),
            lambda d: convert(d, LabelFormat.COCO_PANOPTIC),
        ):
            try:
                use(read(path, None, "coco"))
            except InputError as error:
                assert "labels.json" in error.where  # noqa: PT017 - either way is right


# --- sizes beyond what run lengths of 32 bits, or the memory, hold


@pytest.mark.parametrize("shape", ["outline", "box"])
def test_pictures_beyond_four_thousand_megapixels_are_refused(tmp_path: Path, shape: str) -> None:
    segmentation = square(2, 3, 4) if shape == "outline" else []
    size = {"width": 100_000, "height": 100_000}
    with pytest.raises(DataError) as caught:
        one_annotation(tmp_path, image=size, segmentation=segmentation)
    assert "labels.json" in caught.value.where


def test_the_mask_of_a_box_takes_no_memory_for_its_pixels(tmp_path: Path) -> None:
    """60,000 × 60,000 px are 3.6 GB as a picture, and three numbers as run lengths."""
    resource = pytest.importorskip("resource")
    dataset = one_annotation(
        tmp_path,
        image={"width": 60_000, "height": 60_000},
        segmentation=[],
        bbox=[0, 0, 60_000, 60_000],
    )
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped() + (1 << 30), before[1]))
    try:
        assert len(truth_masks(dataset)) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _mapped() -> int:
    """Bytes of address space that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * 4096


@pytest.mark.parametrize("target", ["coco_panoptic", BITMASKS])
def test_label_maps_larger_than_a_reader_takes_are_refused(tmp_path: Path, target: str) -> None:
    """A PNG above `LARGEST_PX` would be refused when it is read, so it must not be made."""
    dataset = one_annotation(tmp_path, image={"width": 9000, "height": 9000})
    with pytest.raises(DataError) as caught:
        convert(dataset, LabelFormat(target))
    assert "labels.json" in caught.value.where


# --- names


@pytest.mark.parametrize("target", ["coco", "lvis"])
def test_ids_of_5000_digits_are_kept_apart_from_numbers(tmp_path: Path, target: str) -> None:
    path = write_json(tmp_path / "labels.json", [bdd_frame("a.jpg", bdd_label("9" * 5000))])
    assert written_and_read(read(path, None), target, tmp_path).instances == 1


def test_pictures_with_names_too_long_for_files_are_not_found(tmp_path: Path) -> None:
    dataset = one_annotation(tmp_path, image={"file_name": "n" * 5000 + ".jpg"})
    assert likely_root(dataset, tmp_path / "labels.json") is None


@pytest.mark.parametrize("target", ["coco_panoptic", BITMASKS, "yolo_seg"])
def test_names_too_long_for_files_are_refused_in_writing(tmp_path: Path, target: str) -> None:
    dataset = one_annotation(tmp_path, image={"file_name": "n" * 5000 + ".jpg"})
    with pytest.raises(DataError):
        written_and_read(dataset, target, tmp_path)


@pytest.mark.parametrize("target", ["coco_panoptic", BITMASKS])
def test_a_name_that_is_another_ones_folder_is_refused(tmp_path: Path, target: str) -> None:
    """The label PNG of a.jpg is a.png, which is the folder of the other picture."""
    images = [coco_image(5, file_name="a.jpg"), coco_image(11, file_name="a.png/b.jpg")]
    dataset = coco_dataset(tmp_path, images=images)
    with pytest.raises(DataError):
        written_and_read(dataset, target, tmp_path)


def test_a_path_too_long_for_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 5000)
    with pytest.raises(DataError) as caught:
        read(path, None)
    assert "nnn" in caught.value.where
    with pytest.raises(DataError):
        read_predictions(path, coco_dataset(tmp_path))


def test_a_panoptic_png_with_a_name_too_long_is_refused(tmp_path: Path) -> None:
    content = coco_content(
        images=[coco_image(5)],
        annotations=[{"image_id": 5, "file_name": "n" * 5000 + ".png", "segments_info": []}],
    )
    with pytest.raises(DataError) as caught:
        read(write_json(tmp_path / "panoptic.json", content), None, "coco_panoptic")
    assert "panoptic.json" in caught.value.where


# --- what is written must be readable


def test_two_images_of_one_name_do_not_become_frames_of_one_name(tmp_path: Path) -> None:
    images = [coco_image(5, file_name="a.jpg"), coco_image(11, file_name="a.jpg")]
    dataset = coco_dataset(tmp_path, images=images)
    with pytest.raises(DataError, match="name"):
        convert(dataset, LabelFormat.BDD100K)


def test_a_blank_class_name_does_not_become_a_category(tmp_path: Path) -> None:
    content = coco_content(categories=[{"id": 7, "name": " "}, {"id": 3, "name": "bridge"}])
    dataset = read(write_json(tmp_path / "labels.json", content), None, "coco")
    with pytest.raises(DataError):
        convert(dataset, LabelFormat.BDD100K)


def test_no_class_at_all_is_not_written_as_yolo(tmp_path: Path) -> None:
    dataset = coco_dataset(tmp_path, annotations=[], categories=[])
    with pytest.raises(DataError):
        write_labels(convert(dataset, LabelFormat.YOLO_SEG)[0], tmp_path / "out")


# --- our own key, in files that others changed


@pytest.mark.parametrize("target", ["lvis", "bdd100k"])
@pytest.mark.parametrize("kept", [5, {"format": 5}, {"other": [1]}, {"area": "large"}])
def test_a_damaged_extension_of_an_annotation_is_refused(
    tmp_path: Path, target: str, kept: Any
) -> None:
    with pytest.raises(DataError) as caught:
        convert(one_annotation(tmp_path, segtrial=kept), LabelFormat(target))
    assert "labels.json" in caught.value.where


@pytest.mark.parametrize("target", ["lvis", "bdd100k"])
def test_a_damaged_extension_of_a_file_is_refused(tmp_path: Path, target: str) -> None:
    path = write_json(tmp_path / "labels.json", coco_content(segtrial=5))
    with pytest.raises(DataError) as caught:
        convert(read(path, None, "coco"), LabelFormat(target))
    assert "labels.json" in caught.value.where


@pytest.mark.parametrize("categories", [[5], [{"id": 7}], [{"id": 7, "name": 5}]])
def test_damaged_category_records_in_an_extension_are_refused(
    tmp_path: Path, categories: list[Any]
) -> None:
    kept = {"category_ids": {"car": 7}, "categories": categories}
    content = {"frames": [bdd_frame("a.jpg", bdd_label())], "segtrial": kept}
    path = write_json(tmp_path / "labels.json", content)
    with pytest.raises(DataError) as caught:
        written_and_read(read(path, None), "coco", tmp_path)
    assert "labels.json" in caught.value.where


@pytest.mark.parametrize("number", ["1e400", "9" * 5000])
def test_a_number_out_of_range_in_an_unread_member_of_a_category_is_left_alone(
    tmp_path: Path, number: str
) -> None:
    text = json.dumps(coco_content()).replace('"name": "car"', f'"name": "car", "x": {number}')
    path = tmp_path / "labels.json"
    path.write_text(text)
    try:
        dataset = read(path, None, "coco")
    except DataError as error:
        assert "labels.json" in error.where  # noqa: PT017 - either way is right
        return
    assert convert(dataset, LabelFormat.LVIS)[0].class_names == dataset.class_names


# --- PNG


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.filterwarnings("ignore:Invalid APNG")
@pytest.mark.parametrize("frames", [0, 2**31], ids=["no frame", "too many frames"])
def test_a_png_with_a_false_animation_is_read_or_refused(tmp_path: Path, frames: int) -> None:
    """Pillow warns of it."""
    file = tmp_path / "masks" / "a.png"
    file.parent.mkdir()
    Image.fromarray(np.full((4, 4, 4), 1, np.uint8)).save(file)
    data = file.read_bytes()
    file.write_bytes(data[:33] + chunk(b"acTL", struct.pack(">II", frames, 0)) + data[33:])
    try:
        dataset = read(file.parent, None, BITMASKS)
    except DataError as error:
        assert "a.png" in error.where  # noqa: PT017 - either way is right
        return
    assert dataset.instances == 1


# --- YOLO


def test_a_class_name_that_is_a_number_of_5000_digits_is_refused(tmp_path: Path) -> None:
    folder = one_picture(tmp_path / "set", "0 0.1 0.1 0.5 0.1 0.5 0.5\n")
    (folder / "data.yaml").write_text(f"train: images/train\nnames: [0x{'f' * 5000}]\n")
    with pytest.raises(DataError) as caught:
        read(folder, None)
    assert "data.yaml" in caught.value.where


@pytest.mark.parametrize("target", ["/nowhere/a.txt", "a.txt"], ids=["dangling", "circle"])
def test_a_label_file_that_is_a_broken_link_is_no_background(tmp_path: Path, target: str) -> None:
    """A data set of links whose labels were moved would have pictures, and no instance."""
    folder = one_picture(tmp_path / "set", "")
    label = folder / "labels/train/a.txt"
    label.unlink()
    label.symlink_to(target)
    with pytest.raises(DataError) as caught:
        read(folder, None)
    assert "a.txt" in caught.value.where


def test_a_folder_in_a_label_files_place_is_no_background(tmp_path: Path) -> None:
    folder = one_picture(tmp_path / "set", "")
    (folder / "labels/train/a.txt").unlink()
    (folder / "labels/train/a.txt").mkdir()
    with pytest.raises(DataError) as caught:
        read(folder, None)
    assert "a.txt" in caught.value.where


# --- folders


def test_a_broken_link_in_a_folder_of_frames_is_refused_or_counted(tmp_path: Path) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    write_json(folder / "a.json", [bdd_frame("a.jpg", bdd_label())])
    (folder / "b.json").symlink_to("/nowhere/b.json")
    try:
        dataset = read(folder, None, "bdd100k")
    except DataError as error:
        assert "b.json" in error.where  # noqa: PT017 - either way is right
        return
    assert sum(left.count for left in dataset.left_out) == 1


def test_a_broken_link_in_a_folder_of_bitmasks_is_refused_or_counted(tmp_path: Path) -> None:
    folder = tmp_path / "masks"
    folder.mkdir()
    Image.fromarray(np.full((4, 4, 4), 1, np.uint8)).save(folder / "a.png")
    (folder / "b.png").symlink_to("/nowhere/b.png")
    try:
        dataset = read(folder, None, BITMASKS)
    except DataError as error:
        assert "b.png" in error.where  # noqa: PT017 - either way is right
        return
    assert sum(left.count for left in dataset.left_out) == 1
