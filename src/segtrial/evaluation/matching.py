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
    exists,
    in_pairs,
    not_exhaustive_cells,
    truth_order,
)
from segtrial.geometry.runs import decode_counts
from segtrial.types.arrays import IOU_THRESHOLDS, Bools, Floats, Longs
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """P parts of the truth, each of which is matched for itself: area ranges, attribute values …

    A truth is in part p where `truth_value` (N) lies in `bounds_P2[p]`, both ends included, as is a
    detection where `detection_value` (D) does; NaN is in every part. All float64.
    """

    truth_value: Floats
    detection_value: Floats
    bounds_P2: Floats


def match_ranges(
    truth: Truth,
    detections: Detections,
    iou_type: IouType,
    rules: Rules,
    ranges: tuple[str, ...] = tuple(AREA_RANGES_PX),
) -> dict[str, Matches]:
    """`match` under the rules of a benchmark, once for each area range; IoUs are computed once.

    The area of a truth is its label's; of a detection see `Detections`. What lies outside a range
    is treated as `match_parts` treats it. Raises ValueError as `match_parts` does.
    """
    shapes = _shapes(truth, detections, iou_type)
    parts = Parts(
        truth_value=truth.dataset.area_px,
        detection_value=_area_px(detections, shapes[0]),
        bounds_P2=np.array([AREA_RANGES_PX[name] for name in ranges]),
    )
    matches = _match(truth.dataset, detections, shapes, iou_type, rules, parts)
    return dict(zip(ranges, matches, strict=True))


def match_parts(
    truth: Truth, detections: Detections, iou_type: IouType, rules: Rules, parts: Parts
) -> tuple[Matches, ...]:
    """`match` under the rules of a benchmark, once for each of P parts; IoUs are computed once.

    A truth outside the part is ignored as a crowd is, but may be met once only and is tried after
    those inside; so is an unmatched detection outside of it. Raises ValueError where masks are
    asked for and missing, and for federated rules on labels without coverage.
    """
    shapes = _shapes(truth, detections, iou_type)
    return _match(truth.dataset, detections, shapes, iou_type, rules, parts)


def _match(
    dataset: Dataset,
    detections: Detections,
    shapes: tuple[Shapes, Shapes],
    iou_type: IouType,
    rules: Rules,
    parts: Parts,
) -> tuple[Matches, ...]:
    found, real = shapes
    rows, cells = detection_order(detections, dataset, rules, _area_px(detections, found))
    met_PTD = np.empty((len(parts.bounds_P2), len(IOU_THRESHOLDS), len(rows)), np.int32)
    kernels.match_cells(
        rows,
        cells,
        *truth_order(dataset, rules),
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
        # copies: the kernel is compiled once, for arrays that may be written
        np.array(parts.detection_value),
        np.array(parts.truth_value),
        np.array(parts.bounds_P2),
        met_PTD,
    )
    if rules.federated:
        _ignore_where_not_exhaustive(dataset, detections, rows, met_PTD)
    return tuple(
        _by_class(dataset, detections, iou_type, rules, rows, met_TD, _counts(dataset, parts, p))
        for p, met_TD in enumerate(met_PTD)
    )


def _shapes(truth: Truth, detections: Detections, iou_type: IouType) -> tuple[Shapes, Shapes]:
    """Of the detections and of the truth."""
    if iou_type == IouType.BOX:
        return box_shapes(np.array(detections.box_xywh)), truth.boxes
    if detections.masks is None or truth.masks is None:
        raise ValueError("mask matching needs masks on both sides")
    heights = truth.dataset.height_px[detections.image_index].astype(np.int64)
    return mask_shapes(detections.masks, heights), truth.masks


def _area_px(detections: Detections, found: Shapes) -> Floats:
    return found.area_px if detections.area_px is None else detections.area_px


def _ignore_where_not_exhaustive(
    dataset: Dataset, detections: Detections, rows: Longs, met_PTD: npt.NDArray[np.int32]
) -> None:
    """Fill in what the federated rules say of unmatched detections."""
    classes = len(dataset.class_names)
    cells = cells_of(detections.image_index[rows], detections.class_index[rows], classes)
    unknown = in_pairs(cells, not_exhaustive_cells(dataset))
    met = met_PTD[:, :, unknown]
    met_PTD[:, :, unknown] = np.where(met == NO_MATCH, IGNORED, met)


def _counts(dataset: Dataset, parts: Parts, part: int) -> Bools:
    """Which truths are neither crowds nor outside the part: bool (N)."""
    low, high = parts.bounds_P2[part]
    outside = (parts.truth_value < low) | (parts.truth_value > high)
    return np.asarray(~dataset.crowd & ~outside)


def _by_class(
    dataset: Dataset,
    detections: Detections,
    iou_type: IouType,
    rules: Rules,
    rows: Longs,
    met_TD: npt.NDArray[np.int32],
    counts: Bools,
) -> Matches:
    """Matches from the kernel's output: sorted by class, then falling score, stable by image."""
    counts = counts & exists(dataset, rules)
    label, truth_label = detections.class_index[rows], dataset.class_index[counts]
    if rules.class_agnostic:
        label, truth_label = np.zeros_like(label), np.zeros_like(truth_label)
    order = np.lexsort((-detections.score[rows], label))
    picked = rows[order]
    return Matches(
        iou_type=iou_type,
        images=dataset.images,
        classes=1 if rules.class_agnostic else len(dataset.class_names),
        thresholds=IOU_THRESHOLDS,
        image_index=detections.image_index[picked],
        class_index=label[order],
        score=detections.score[picked],
        detection_row=picked,
        truth_row=met_TD[:, order],
        truth_class=truth_label,
        truth_image=dataset.image_index[counts],
    )
