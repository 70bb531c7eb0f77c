"""Detections + Dataset → Matches: done once a run; everything after is a reduction.

Semantics: pycocotools 2.0.11 and lvis 0.5.3 `evaluate_img`; what differs between them: `rules.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segtrial.evaluation import kernels
from segtrial.evaluation.rules import (
    AREA_RANGES_PX,
    COCO,
    Rules,
    cells_of,
    detection_order,
    in_pairs,
    not_exhaustive_cells,
)
from segtrial.geometry.runs import decode_counts
from segtrial.types.arrays import IOU_THRESHOLDS, Floats, Longs
from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.evaluation import IGNORED, NO_MATCH, IouType, Matches
from segtrial.types.masks import Masks


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
    return match_ranges(truth, detections, iou_type, COCO, ("all",))["all"]


def match_ranges(
    truth: Truth,
    detections: Detections,
    iou_type: IouType,
    rules: Rules,
    ranges: tuple[str, ...] = tuple(AREA_RANGES_PX),
) -> dict[str, Matches]:
    """`match` under the rules of a benchmark, once for each area range; IoUs are computed once.

    A truth outside the range is ignored as a crowd is, but may be met once only; so is an unmatched
    detection outside of it. The area of a truth is its label's; of a detection see `Detections`.
    Raises ValueError as `match` does, and for federated rules on labels without coverage.
    """
    dataset = truth.dataset
    found, real = _shapes(truth, detections, iou_type)
    rows, cells = detection_order(detections, dataset, rules)
    truth_rows, truth_cells = _truth_order(dataset)
    bounds = np.array([AREA_RANGES_PX[name] for name in ranges])
    met_ATD = np.empty((len(ranges), len(IOU_THRESHOLDS), len(rows)), np.int32)
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
        found.area_px if detections.area_px is None else np.array(detections.area_px),
        np.array(dataset.area_px),
        bounds,
        met_ATD,
    )
    if rules.federated:
        unknown = in_pairs(cells, not_exhaustive_cells(dataset))
        met_ATD[:, :, unknown] = np.where(
            met_ATD[:, :, unknown] == NO_MATCH, IGNORED, met_ATD[:, :, unknown]
        )
    return {
        name: _by_class(dataset, detections, iou_type, rows, met_ATD[a], bounds[a])
        for a, name in enumerate(ranges)
    }


def _shapes(truth: Truth, detections: Detections, iou_type: IouType) -> tuple[Shapes, Shapes]:
    """Of the detections and of the truth."""
    if iou_type == IouType.BOX:
        return box_shapes(np.array(detections.box_xywh)), truth.boxes
    if detections.masks is None or truth.masks is None:
        raise ValueError("mask matching needs masks on both sides")
    heights = truth.dataset.height_px[detections.image_index].astype(np.int64)
    return mask_shapes(detections.masks, heights), truth.masks


def _truth_order(dataset: Dataset) -> tuple[Longs, Longs]:
    """Rows sorted by (image, class); their cells."""
    cell = cells_of(dataset.image_index, dataset.class_index, len(dataset.class_names))
    order = np.argsort(cell, kind="stable")
    return order, cell[order]


def _by_class(
    dataset: Dataset,
    detections: Detections,
    iou_type: IouType,
    rows: Longs,
    met_TD: npt.NDArray[np.int32],
    range_px: Floats,
) -> Matches:
    """Matches from the kernel's output: sorted by class, then falling score, stable by image."""
    order = np.lexsort((-detections.score[rows], detections.class_index[rows]))
    picked = rows[order]
    area = dataset.area_px
    counts = ~dataset.crowd & (area >= range_px[0]) & (area <= range_px[1])
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
