"""Detections + Dataset → Matches as Ultralytics makes them, by its stated rules alone.

Only detections of more than 0.001, at most 300 an image, the highest scores first; class by class;
neither crowds nor ignored regions. IoUs are the project's, of whole-size masks: Ultralytics' own,
of masks at a quarter of the input size, are not comparable. What follows: `ultralytics.py`.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from segtrial.evaluation import kernels
from segtrial.evaluation.matching import Shapes, Truth, box_shapes, mask_shapes, match_ranges
from segtrial.evaluation.rules import Rules, cells_of, detection_order
from segtrial.types.arrays import Floats, Longs
from segtrial.types.attributes import LeftOut
from segtrial.types.detections import Detections
from segtrial.types.evaluation import NO_MATCH, IouType, Matches

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset

LOWEST_CONFIDENCE = 0.001  # itself left out
PER_IMAGE = 300
RULES = Rules(per_image=PER_IMAGE, per_cell=None)


class Matching(StrEnum):
    """Who meets whom, of the pairs of one class at or above the IoU threshold.

    BY_IOU: each detection names the one truth that it overlaps most; a truth that several name
    goes to the highest score, and the others meet nothing, even where another truth is free.
    BY_CONFIDENCE: from the highest score down, each takes the free truth that it overlaps most.
    Of equal IoUs the last truth, of equal scores the first detection.
    """

    BY_IOU = "by IoU"  # until 8.4.175 (rule: ultralytics issues 22585 and 25228)
    BY_CONFIDENCE = "by confidence"  # from 8.4.176; COCO's rule without crowds


def match_as_ultralytics(
    truth: Truth,
    detections: Detections,
    iou_type: IouType,
    matching: Matching = Matching.BY_CONFIDENCE,
) -> Matches:
    """Which truth row each detection meets at the ten IoU thresholds .5, .55 … .95.

    A crowd is no truth (Ultralytics' labels have none: its COCO val2017 counts 36,335 instances,
    all but the crowds), so a detection on one is a false positive. Detections that are left out
    (`left_out`) have no row. No truth, or no detections: as `match`. Raises ValueError where masks
    are asked for and missing.
    """
    real, row_of = _without_crowds(truth)
    kept = _confident(detections)
    matches = match_ranges(real, _take(detections, kept), iou_type, RULES, ("all",))["all"]
    matches = replace(matches, detection_row=kept[matches.detection_row])
    if matching == Matching.BY_IOU:
        matches = replace(matches, truth_row=_claims(real, detections, matches))
    met = matches.truth_row
    return replace(matches, truth_row=np.where(met >= 0, np.append(row_of, NO_MATCH)[met], met))


def left_out(dataset: Dataset, detections: Detections) -> tuple[LeftOut, ...]:
    """What Ultralytics' rules do not look at: crowds, low scores, detections past the 300th."""
    low = np.flatnonzero(detections.score <= LOWEST_CONFIDENCE)
    kept = _confident(detections)
    looked_at, _ = detection_order(_take(detections, kept), dataset, RULES)
    past = np.setdiff1d(kept, kept[looked_at])
    crowds = np.flatnonzero(dataset.crowd)
    found = [
        _counted(dataset, crowds, dataset.image_index[crowds], "crowd regions", "instance"),
        _counted(
            dataset,
            low,
            detections.image_index[low],
            f"detections of a score of {LOWEST_CONFIDENCE} or less",
            "detection",
        ),
        _counted(
            dataset,
            past,
            detections.image_index[past],
            f"detections past the {PER_IMAGE} highest scores of their image",
            "detection",
        ),
    ]
    return tuple(item for item in found if item is not None)


def _counted(
    dataset: Dataset, rows: Longs, images: npt.NDArray[np.int32], reason: str, noun: str
) -> LeftOut | None:
    if len(rows) == 0:
        return None
    first = f"{noun} {rows[0]} of image {dataset.image_id[int(images[0])]}"
    return LeftOut(count=len(rows), reason=reason, first=first)


def _confident(detections: Detections) -> Longs:
    return np.flatnonzero(detections.score > LOWEST_CONFIDENCE)


def _take(detections: Detections, rows: Longs) -> Detections:
    """The detections of `rows`, in that order; the same object where that is all of them."""
    if len(rows) == len(detections):
        return detections
    return Detections(
        image_index=detections.image_index[rows],
        class_index=detections.class_index[rows],
        score=detections.score[rows],
        box_xywh=detections.box_xywh[rows],
        masks=None if detections.masks is None else detections.masks.take(rows),
        area_px=None if detections.area_px is None else detections.area_px[rows],
    )


def _without_crowds(truth: Truth) -> tuple[Truth, Longs]:
    """The truth that counts, and the Dataset's row of each of it."""
    rows = np.flatnonzero(~truth.dataset.crowd)
    if len(rows) == truth.dataset.instances:
        return truth, rows
    real = Truth(
        dataset=truth.dataset.take_instances(rows),
        boxes=_take_shapes(truth.boxes, rows),
        masks=None if truth.masks is None else _take_shapes(truth.masks, rows),
    )
    return real, rows


def _take_shapes(shapes: Shapes, rows: Longs) -> Shapes:
    first, counts = shapes.first, shapes.counts
    if len(first):  # masks: boxes have no runs
        lengths = np.diff(first)[rows]
        ends = np.cumsum(lengths)
        counts = counts[
            np.repeat(first[rows] - (ends - lengths), lengths) + np.arange(ends[-1:].sum())
        ]
        first = np.append(0, ends)
    return Shapes(
        box_xywh=shapes.box_xywh[rows], area_px=shapes.area_px[rows], counts=counts, first=first
    )


def _claims(truth: Truth, detections: Detections, matches: Matches) -> npt.NDArray[np.int32]:
    """The truth row, of `truth`, that each row of `matches` meets by IoU: int32 (T, D)."""
    iou, nearest = _nearest(truth, detections, matches)
    met_TD = np.full(matches.truth_row.shape, NO_MATCH, np.int32)
    for met, threshold in zip(met_TD, matches.thresholds, strict=True):
        claims = np.flatnonzero(iou >= threshold)
        _, highest = np.unique(nearest[claims], return_index=True)  # rows fall in score
        met[claims[highest]] = nearest[claims[highest]]
    return met_TD


def _nearest(truth: Truth, detections: Detections, matches: Matches) -> tuple[Floats, Longs]:
    """The highest IoU of each row of `matches` with a truth of its image and class, and whose.

    Float64 and int64 (D); IoU 0 where there is none, or where it is below the lowest threshold.
    """
    found, real, masks = _both_shapes(truth, detections, matches.iou_type)
    iou, nearest = np.zeros(len(matches.score)), np.zeros(len(matches.score), np.int64)
    no_crowds = np.zeros(truth.dataset.instances, np.bool_)
    for rows, truths in _shared_cells(truth.dataset, matches):
        iou_DN = np.empty((len(rows), len(truths)))
        kernels.cell_ious(
            found.box_xywh,
            found.area_px,
            found.counts,
            found.first,
            matches.detection_row[rows],
            real.box_xywh,
            real.area_px,
            no_crowds,
            real.counts,
            real.first,
            truths,
            masks,
            float(matches.thresholds[0]),
            iou_DN,
        )
        last = len(truths) - 1 - np.argmax(iou_DN[:, ::-1], axis=1)
        iou[rows], nearest[rows] = iou_DN[np.arange(len(rows)), last], truths[last]
    return iou, nearest


def _both_shapes(
    truth: Truth, detections: Detections, iou_type: IouType
) -> tuple[Shapes, Shapes, bool]:
    if iou_type == IouType.BOX or detections.masks is None or truth.masks is None:
        return box_shapes(np.array(detections.box_xywh)), truth.boxes, False
    heights = truth.dataset.height_px[detections.image_index].astype(np.int64)
    return mask_shapes(detections.masks, heights), truth.masks, True


def _shared_cells(dataset: Dataset, matches: Matches) -> list[tuple[Longs, Longs]]:
    """Rows of `matches` and of the truth, for each image and class that has both."""
    classes = len(dataset.class_names)
    of_found = cells_of(matches.image_index, matches.class_index, classes)
    of_truth = cells_of(dataset.image_index, dataset.class_index, classes)
    order, truth_order = (np.argsort(cell, kind="stable") for cell in (of_found, of_truth))
    of_found, of_truth = of_found[order], of_truth[truth_order]
    shared = np.intersect1d(of_found, of_truth)
    a, b = (np.searchsorted(of_found, shared, side) for side in ("left", "right"))
    c, d = (np.searchsorted(of_truth, shared, side) for side in ("left", "right"))
    return [
        (order[a[k] : b[k]], truth_order[c[k] : d[k]].astype(np.int64)) for k in range(len(shared))
    ]
