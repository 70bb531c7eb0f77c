"""A real YOLO-seg data set, and real labels of other formats as YOLO: the same pixels."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from segtrial.data.bdd100k.read import read_bdd100k
from segtrial.data.coco.read import read_coco
from segtrial.data.yolo.convert import prepare_yolo
from segtrial.data.yolo.read import duplicate_rows, looks_like_yolo, read_yolo
from segtrial.data.yolo.write import write_yolo
from segtrial.geometry.bridges import bridged
from segtrial.geometry.outlines import outline_of
from segtrial.geometry.rasterise import instance_counts, mask_counts

if TYPE_CHECKING:
    from pathlib import Path

NAME = "coco128_yolo_seg"
# instances but crowds, those of several parts, those whose parts overlap
FILES = {
    "coco_mini/instances_train.json": (1881, 145, 4),
    "coco_mini/instances_val.json": (961, 59, 3),
    "lvis/lvis_val_100.json": (977, 98, 2),
    "bdd100k/scalabel/seg_track/seg_track_sample.json": (1751, 89, 0),
}


def test_counts(shared_data: Path) -> None:
    dataset = read_yolo(shared_data / NAME, None)
    assert (dataset.images, dataset.instances, len(dataset.class_names)) == (200, 1458, 80)
    assert dataset.left_out == ()
    assert duplicate_rows(dataset) == []
    rows: Counter[str] = Counter()
    for file in (shared_data / NAME / "labels").rglob("*.txt"):
        rows.update(line.split()[0] for line in file.read_text().splitlines())
    counts = dataset.instance_counts()
    assert {str(k): int(n) for k, n in enumerate(counts) if n} == dict(rows)
    for split in ("train", "val"):
        assert read_yolo(shared_data / NAME, None, split).images == 100
    assert looks_like_yolo(shared_data / NAME / "labels" / "val2017")


def test_written_again_it_is_the_same(shared_data: Path, tmp_path: Path) -> None:
    dataset = read_yolo(shared_data / NAME, None)
    write_yolo(dataset, tmp_path)
    assert read_yolo(tmp_path, None).fingerprint() == dataset.fingerprint()
    for file in (shared_data / NAME / "labels").rglob("*.txt"):
        copy = tmp_path / file.relative_to(shared_data / NAME)
        assert copy.read_bytes() == file.read_bytes(), file.name


def test_the_other_folders_do_not_look_like_yolo(shared_data: Path) -> None:
    others = [path for path in shared_data.iterdir() if path.name != NAME]
    assert others
    assert not any(looks_like_yolo(path) for path in others)


@pytest.mark.parametrize("name", FILES)
def test_labels_of_other_formats_keep_every_pixel(shared_data: Path, name: str) -> None:
    read = read_bdd100k if name.startswith("bdd100k") else read_coco
    dataset = read(shared_data / name, None)
    prepared, losses = prepare_yolo(dataset)
    counts = {loss.what: loss.count for loss in losses}
    instances, parts, overlapping = FILES[name]
    assert prepared.instances == instances
    assert counts["labels of several parts"] == parts
    assert counts.get("parts that overlap", 0) == overlapping
    rows = np.flatnonzero(~dataset.crowd).tolist()
    for ours, row in enumerate(rows):
        assert instance_counts(prepared, ours) == instance_counts(dataset, row), row


def test_bridges_keep_the_pixels_of_parts_that_do_not_overlap(shared_data: Path) -> None:
    """The parts' own vertices: the only labels that differ are those whose parts overlap."""
    dataset = read_coco(shared_data / "lvis/lvis_val_100.json", None)
    differing = several = 0
    for row in range(dataset.instances):
        outline = outline_of(dataset, row)
        if isinstance(outline, list) and len(outline) > 1:
            image = dataset.image_index[row]
            height, width = int(dataset.height_px[image]), int(dataset.width_px[image])
            joined = mask_counts([bridged(outline)], height=height, width=width)
            several += 1
            differing += joined != mask_counts(outline, height=height, width=width)
    assert (several, differing) == (98, 2)
