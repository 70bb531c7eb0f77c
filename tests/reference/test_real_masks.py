"""Real masks: measured, united, cut and scaled as pycocotools and the pixels say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from pycocotools import mask as coco

from segtrial.data.read import read
from segtrial.geometry.boxes import box_iou
from segtrial.geometry.letterbox import letterbox
from segtrial.geometry.rasterise import mask_counts, truth_masks
from segtrial.geometry.run_measures import area_px, boxes_xywh, intersection, iou, union
from segtrial.geometry.run_windows import decode_in_box
from segtrial.geometry.runs import decode_mask
from segtrial.geometry.trace import rings_of
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset
    from segtrial.types.masks import Masks

SIZE = (720, 1280)


@pytest.fixture(scope="module")
def tracked(shared_data: Path) -> Masks:
    """The first 1000 run-length masks of the Scalabel sample, 720 × 1280 px."""
    name = "bdd100k/scalabel/seg_track/seg_track_sample.json"
    records = read(shared_data / name, None).instance_record[:1000]
    labels = [msgspec.json.decode(record)["rle"] for record in records]
    assert all(label["size"] == list(SIZE) for label in labels)
    return pack_masks([label["counts"].encode() for label in labels])


@pytest.fixture(scope="module", params=["train", "val"])
def photographs(request: pytest.FixtureRequest, shared_data: Path) -> Dataset:
    return read(shared_data / f"coco_mini/instances_{request.param}.json", None)


def as_coco(masks: Masks, size: tuple[int, int] = SIZE) -> list[dict[str, Any]]:
    return [{"size": list(size), "counts": masks.counts(row)} for row in range(len(masks))]


def test_areas_boxes_and_overlaps_of_1000_masks(tracked: Masks) -> None:
    theirs = as_coco(tracked)
    assert area_px(tracked).tolist() == [int(coco.area(rle)) for rle in theirs]
    np.testing.assert_array_equal(boxes_xywh(tracked, SIZE[0]), coco.toBbox(theirs))
    crowd = np.arange(len(tracked)) % 3 == 0
    np.testing.assert_array_equal(
        iou(tracked, tracked, height_px=SIZE[0], crowd_b=crowd),
        coco.iou(theirs, theirs, crowd.tolist()),
    )
    boxes = boxes_xywh(tracked, SIZE[0])
    np.testing.assert_array_equal(
        box_iou(boxes, boxes, crowd), coco.iou(boxes, boxes, crowd.tolist())
    )
    assert union(tracked).counts(0) == coco.merge(theirs)["counts"]
    few = tracked.take(np.arange(2))
    assert intersection(few).counts(0) == coco.merge(as_coco(few), intersect=True)["counts"]


def test_every_image_of_photographs_has_the_overlaps_of_pycocotools(photographs: Dataset) -> None:
    """Crowds, polygons of several parts, and images of many sizes."""
    masks, first = truth_masks(photographs), photographs.first_rows()
    heights = photographs.height_px[photographs.image_index].astype(np.int64)
    boxes = boxes_xywh(masks, heights)
    for image in range(photographs.images):
        rows = np.arange(first[image], first[image + 1])
        if not len(rows):
            continue
        size = int(photographs.height_px[image]), int(photographs.width_px[image])
        own, crowd = masks.take(rows), photographs.crowd[rows]
        theirs = as_coco(own, size)
        np.testing.assert_array_equal(boxes[rows], coco.toBbox(theirs))
        ours = iou(own, own, height_px=size[0], crowd_b=crowd)
        np.testing.assert_array_equal(ours, coco.iou(theirs, theirs, crowd.tolist()))


def test_masks_inside_their_box_are_traced_and_drawn_exactly(tracked: Masks) -> None:
    for row in range(0, 1000, 9):
        left, top, pixels = decode_in_box(tracked, row, size=SIZE)
        dense = decode_mask(tracked, row, height=SIZE[0], width=SIZE[1])
        whole = np.zeros(SIZE, bool)
        whole[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        np.testing.assert_array_equal(whole, dense)
        rings = [ring + np.array([left, top], np.float64) for ring in rings_of(pixels)]
        assert mask_counts(rings, height=SIZE[0], width=SIZE[1]) == tracked.counts(row)


@pytest.mark.parametrize(
    ("target", "least", "median"),
    [((720, 1280), 1, 1), ((800, 1344), 1, 1), ((512, 896), 0.66, 0.95), ((360, 640), 0.67, 0.92)],
)
def test_real_masks_there_and_back_through_the_network_s_frame(
    tracked: Masks, target: tuple[int, int], least: float, median: float
) -> None:
    """638 of these masks have fewer than 1024 px: below a factor of 1 a seam weighs much."""
    fit = letterbox(SIZE, target)
    back = fit.masks_to_source(fit.masks_to_network(tracked))
    rows = [np.array([row]) for row in range(len(tracked))]
    kept = np.array([iou(back.take(r), tracked.take(r), height_px=SIZE[0])[0, 0] for r in rows])
    assert kept.min() >= least
    assert np.median(kept) >= median
    if least == 1:
        assert back.data.tobytes() == tracked.data.tobytes()
