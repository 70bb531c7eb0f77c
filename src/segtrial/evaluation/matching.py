"""Detections + Dataset → Matches: done once a run; everything after is a reduction.

Semantics: COCO (pycocotools 2.0.11 `evaluateImg`, area "all", 100 detections an image and class).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segtrial.evaluation import kernels
from segtrial.geometry.runs import decode_counts
from segtrial.types.arrays import IOU_THRESHOLDS, Floats, Longs
from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.evaluation import IouType, Matches
from segtrial.types.masks import Masks

MAX_DETECTIONS = 100  # an image and class, the highest scores


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shapes:
    """Boxes, areas and run lengths of K boxes or masks, as the kernels want them.

    `box_xywh` float64 (K, 4); `area_px` float64 (K); `counts` uint32 and `first` int64 (K + 1) are
    empty for boxes.
    """

    box_xywh: Floats
    area_px: Floats
    counts: kernels.Counts
    first: Longs


def box_shapes(box_xywh: Floats) -> Shapes:
    """Shapes of plain boxes: area = width × height."""
    return Shapes(
        box_xywh=box_xywh,
        area_px=box_xywh[:, 2] * box_xywh[:, 3],
        counts=np.zeros(0, np.uint32),
        first=np.zeros(0, np.int64),
    )


def mask_shapes(masks: Masks, height_px: Longs) -> Shapes:
    """Shapes of masks: areas and tightest boxes come from the runs.

    `height_px`: int64, the height of each mask's image.
    """
    counts, first = decode_counts(masks)
    return Shapes(
        box_xywh=kernels.mask_boxes(counts, first, np.asarray(height_px, np.int64)),
        area_px=kernels.mask_areas(counts, first).astype(np.float64),
        counts=counts,
        first=first,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The clean validation labels, prepared once for all runs. `masks` None = boxes only."""

    dataset: Dataset
    boxes: Shapes
    masks: Shapes | None


def prepare_truth(dataset: Dataset, masks: Masks | None) -> Truth:
    """Truth for matching; `masks` are the N instances' masks where masks are evaluated."""
    heights = dataset.height_px[dataset.image_index].astype(np.int64)
    return Truth(
        dataset=dataset,
        boxes=box_shapes(np.array(dataset.box_xywh)),
        masks=None if masks is None else mask_shapes(masks, heights),
    )


def match(truth: Truth, detections: Detections, iou_type: IouType) -> Matches:
    """Which truth row each detection meets at each of COCO's ten IoU thresholds.

    No truth: every detection is NO_MATCH. No detections: an empty table. Ties in score keep the
    order of the images, then of the detections (stable sort). Raises ValueError where masks are
    asked for and missing.
    """
    dataset = truth.dataset
    if iou_type == IouType.MASK:
        if detections.masks is None or truth.masks is None:
            raise ValueError("mask matching needs masks on both sides")
        heights = dataset.height_px[detections.image_index].astype(np.int64)
        found, real = mask_shapes(detections.masks, heights), truth.masks
    else:
        found, real = box_shapes(np.array(detections.box_xywh)), truth.boxes
    rows, cells = _detection_order(detections, len(dataset.class_names))
    truth_rows, truth_cells = _truth_order(dataset)
    met_TD = np.empty((len(IOU_THRESHOLDS), len(rows)), np.int32)
    kernels.match_cells(
        rows,
        cells,
        truth_rows,
        truth_cells,
        found.box_xywh,
        found.area_px,
        found.counts,
        found.first,
        real.box_xywh,
        real.area_px,
        np.array(dataset.crowd),
        real.counts,
        real.first,
        iou_type == IouType.MASK,
        np.array(IOU_THRESHOLDS),
        met_TD,
    )
    return _by_class(dataset, detections, iou_type, rows, met_TD)


def _detection_order(detections: Detections, classes: int) -> tuple[Longs, Longs]:
    """Rows sorted by (image, class, falling score), at most MAX_DETECTIONS a cell; their cells."""
    cell = detections.image_index.astype(np.int64) * classes + detections.class_index
    order = np.lexsort((-detections.score, cell))
    sorted_cell = cell[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_cell, sorted_cell)
    keep = rank < MAX_DETECTIONS
    return order[keep], sorted_cell[keep]


def _truth_order(dataset: Dataset) -> tuple[Longs, Longs]:
    """Rows sorted by (image, class), crowds last in their cell; their cells."""
    cell = dataset.image_index.astype(np.int64) * len(dataset.class_names) + dataset.class_index
    order = np.lexsort((dataset.crowd, cell))
    return order, cell[order]


def _by_class(
    dataset: Dataset,
    detections: Detections,
    iou_type: IouType,
    rows: Longs,
    met_TD: np.ndarray[tuple[int, int], np.dtype[np.int32]],
) -> Matches:
    """Matches from the kernel's output: sorted by class, then falling score, stable by image."""
    order = np.lexsort((-detections.score[rows], detections.class_index[rows]))
    picked = rows[order]
    counts = ~dataset.crowd
    return Matches(
        iou_type=iou_type,
        images=dataset.images,
        classes=len(dataset.class_names),
        thresholds=IOU_THRESHOLDS,
        image_index=detections.image_index[picked],
        class_index=detections.class_index[picked],
        score=detections.score[picked],
        detection_row=picked,
        truth_row=met_TD[:, order],
        truth_class=dataset.class_index[counts],
        truth_image=dataset.image_index[counts],
    )
