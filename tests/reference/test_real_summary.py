"""What real labels hold, and what is wrong with them: each figure was looked at by hand."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import pytest

from segtrial.data.bdd100k.read import read_bdd100k
from segtrial.data.coco.read import read_coco
from segtrial.data.faults import find_faults
from segtrial.data.faults.pictures import copy_faults, shared_faults
from segtrial.data.summary import summarise
from segtrial.geometry.outlines import outline_of
from segtrial.types.labels import FaultKind, Severity

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset

# images, instances, crowds, polygons, several parts, run lengths
COUNTS = {
    "coco_mini/instances_train.json": (209, 1881, 18, 1881, 145, 18),
    "coco_mini/instances_val.json": (126, 961, 10, 961, 60, 10),
    "lvis/lvis_val_100.json": (100, 977, 0, 977, 98, 0),
    "bdd100k/scalabel/seg_track/seg_track_sample.json": (100, 1751, 17, 1768, 89, 0),
}
PANSEG = "bdd100k/toolkit_label_cases/panseg_bdd100k/panseg_bdd100k.json"


def read(folder: Path, name: str, images: str | None = None) -> Dataset:
    reader = read_bdd100k if name.startswith("bdd100k") else read_coco
    return reader(folder / name, None if images is None else folder / images)


def kinds(dataset: Dataset) -> dict[tuple[FaultKind, Severity], int]:
    found = find_faults(dataset, pictures=dataset.image_root is not None)
    return dict(Counter((f.kind, f.severity) for f in found))


@pytest.mark.parametrize("name", COUNTS)
def test_what_is_counted_is_there(shared_data: Path, name: str) -> None:
    summary = summarise(read(shared_data, name))
    outlines = summary.outlines
    counted = summary.images, summary.instances, summary.crowds
    drawn = outlines.polygons, outlines.multi_part, outlines.rle
    assert (*counted, *drawn) == COUNTS[name]
    assert sum(row.instances for row in summary.classes) == summary.instances
    assert sum(b.images for b in summary.objects_per_image.histogram) == summary.images


def test_lvis_is_counted_as_its_own_fields_say(shared_data: Path) -> None:
    name = "lvis/lvis_val_100.json"
    source = msgspec.json.decode((shared_data / name).read_bytes())
    summary = summarise(read(shared_data, name))
    stated = Counter(category["frequency"] for category in source["categories"])
    assert Counter(row.frequency for row in summary.classes) == stated
    assert summary.coverage is not None
    lists = [
        sum(len(i[f"{k}_category_ids"]) for i in source["images"])
        for k in ("neg", "not_exhaustive")
    ]
    assert [summary.coverage.negative, summary.coverage.not_exhaustive] == lists


@pytest.mark.parametrize(("split", "areas", "crossings"), [("train", 7, 1), ("val", 3, 1)])
def test_coco_states_areas_of_crowds_that_are_not_their_masks(
    shared_data: Path, split: str, areas: int, crossings: int
) -> None:
    """COCO's crowds: their area is that of the polygons that they were drawn with."""
    images = "coco_mini/images" if split == "val" else None
    dataset = read(shared_data, f"coco_mini/instances_{split}.json", images)
    assert kinds(dataset) == {
        (FaultKind.AREA_DIFFERS, Severity.NOTE): areas,
        (FaultKind.CROSSING, Severity.NOTE): crossings,
    }
    found = find_faults(dataset, pictures=False)
    crowds = {dataset.annotation_id[row] for row in dataset.crowd.nonzero()[0]}
    assert {f.label for f in found if f.kind == FaultKind.AREA_DIFFERS} <= crowds


def test_the_two_splits_of_coco_share_no_picture(shared_data: Path) -> None:
    train, val = (
        read(shared_data, f"coco_mini/instances_{split}.json", "coco_mini/images")
        for split in ("train", "val")
    )
    assert list(shared_faults(train, val, pictures=True)) == []
    assert list(copy_faults(train, val)) == []
    again = list(shared_faults(train, train, pictures=True))
    assert [f.kind for f in again] == [FaultKind.PICTURE_SHARED] * train.images


def test_boxes_of_three_turned_pictures_of_lvis_are_not_their_outlines(shared_data: Path) -> None:
    """One of the two was written for the picture turned by a quarter: of 448, the outline's x is
    the box's y in 640 ÷ 480 of it.
    """
    dataset = read(shared_data, "lvis/lvis_val_100.json")
    found = find_faults(dataset, pictures=False)
    assert {f.kind for f in found} == {FaultKind.BOX_DIFFERS}
    assert Counter(f.image for f in found) == {"179898": 6, "443426": 4, "464824": 3}
    row = list(dataset.annotation_id).index("448")
    outline = outline_of(dataset, row)
    assert isinstance(outline, list)
    y, height = dataset.box_xywh[row, [1, 3]]
    assert outline[0][:, 0].min() == pytest.approx(y * 640 / 480, abs=0.02)
    assert outline[0][:, 0].max() == pytest.approx((y + height) * 640 / 480, abs=0.02)


def test_polygons_of_the_toolkits_panoptic_case_leave_their_picture(shared_data: Path) -> None:
    assert kinds(read(shared_data, PANSEG)) == {
        (FaultKind.OUTSIDE, Severity.ERROR): 8,
        (FaultKind.LEFT_OUT, Severity.WARNING): 1,
        (FaultKind.CROSSING, Severity.NOTE): 26,
    }


@pytest.mark.parametrize("name", ["seg_track_sample", "seg_track_preds"])
def test_the_tracks_have_no_faults(shared_data: Path, name: str) -> None:
    assert kinds(read(shared_data, f"bdd100k/scalabel/seg_track/{name}.json")) == {}
