"""An arm's labels in every format: selected, relabelled, written, and read back as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from segtrial.data.convert import convert
from segtrial.data.read import read
from segtrial.data.split import restrict_classes
from segtrial.data.write import is_one_file, write_labels
from segtrial.types.dataset import Dataset, LabelFormat
from tests.builders import coco_annotation, coco_content, coco_image, square, write_json

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("car", "rider", "bus")


def source(folder: Path) -> Dataset:
    """Two pictures, six instances of classes that BDD100K's lists know; none overlap."""
    folder.mkdir()
    for name in ("11.jpg", "5.jpg"):
        Image.new("RGB", (20, 10)).save(folder / name)
    places = [(1, 1), (6, 1), (11, 1), (1, 6), (6, 6), (11, 6)]
    rows = [
        coco_annotation(
            number + 1,
            11 if number % 2 else 5,
            category_id=1 + number % 3,
            bbox=[x, y, 3, 3],
            area=9,
            segmentation=square(x, y, 3),
        )
        for number, (x, y) in enumerate(places)
    ]
    content = coco_content(
        images=[coco_image(i, file_name=f"{i}.jpg") for i in (11, 5)],
        annotations=rows,
        categories=[{"id": n + 1, "name": name} for n, name in enumerate(NAMES)],
    )
    return read(write_json(folder / "source.json", content), folder)


def written(dataset: Dataset, path: Path) -> Dataset:
    """Written, and read again in its own format."""
    single = is_one_file(dataset) or dataset.label_format == LabelFormat.COCO_PANOPTIC
    target = path.with_suffix(".json") if single else path
    write_labels(dataset, target, pictures="copy")
    root = None if dataset.label_format == LabelFormat.YOLO_SEG else dataset.image_root
    return read(target, root, str(dataset.label_format))


@pytest.mark.parametrize("kind", list(LabelFormat))
def test_a_relabelled_selection_comes_back(tmp_path: Path, kind: LabelFormat) -> None:
    prepared, _ = convert(source(tmp_path / "images"), kind)
    whole = written(prepared, tmp_path / "whole")
    part = restrict_classes(whole, ("bus", "car"))
    moved = np.array(part.class_index)
    moved[moved == 0] = 1  # every bus is a car: no label names the class any more
    arm = part.with_classes(moved)
    back = written(arm, tmp_path / "arm")
    names = [back.class_names[label] for label in back.class_index]
    assert names == ["car"] * 4
    assert list(back.file_name) == list(arm.file_name)
    assert back.image_index.tolist() == arm.image_index.tolist()
    assert np.allclose(back.box_xywh, arm.box_xywh, atol=1e-4)
    if kind not in {LabelFormat.BDD100K_INS_SEG, LabelFormat.BDD100K_PAN_SEG}:  # whole lists
        assert (back.class_names, back.class_ids) == (arm.class_names, arm.class_ids)
    if kind != LabelFormat.YOLO_SEG:  # its ids are places of rows in their file
        assert list(back.annotation_id) == list(arm.annotation_id)


@pytest.mark.parametrize("kind", list(LabelFormat))
def test_a_relabelled_whole_has_the_same_fingerprint(tmp_path: Path, kind: LabelFormat) -> None:
    prepared, _ = convert(source(tmp_path / "images"), kind)
    whole = written(prepared, tmp_path / "whole")
    moved = np.array(whole.class_index)
    buses = moved == whole.class_names.index("bus")
    moved[buses] = whole.class_names.index("car")
    arm = whole.with_classes(moved)
    assert buses.sum() == 2
    assert written(arm, tmp_path / "arm").fingerprint() == arm.fingerprint()


def test_coverage_follows_a_relabelling(tmp_path: Path) -> None:
    """Image 0 says that it holds no sign, and not every car; a car of it becomes a sign."""
    images = [
        coco_image(1, neg_category_ids=[9, 3], not_exhaustive_category_ids=[7]),
        coco_image(2, neg_category_ids=[9], not_exhaustive_category_ids=[]),
    ]
    rows = [coco_annotation(1, 1), coco_annotation(2, 2)]
    content = coco_content(images=images, annotations=rows)
    dataset = read(write_json(tmp_path / "a.json", content), None)
    changed = dataset.with_classes(np.array([2, 0], np.int32))
    assert changed.coverage is not None
    assert changed.coverage.negative.tolist() == [[0, 1], [1, 2]]
    assert changed.coverage.not_exhaustive.tolist() == [[0, 0], [0, 2]]
    assert written(changed, tmp_path / "b").fingerprint() == changed.fingerprint()
