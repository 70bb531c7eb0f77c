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

from segtrial.evaluation.matching import Truth, match_ranges
from segtrial.evaluation.overlaps import overlaps
from segtrial.evaluation.rules import (
    LOWEST_CONFIDENCE,
    ULTRALYTICS,
    detection_order,
    looked_at,
)
from segtrial.types.arrays import IOU_THRESHOLDS, Floats, Longs
from segtrial.types.attributes import LeftOut
from segtrial.types.detections import Detections
from segtrial.types.evaluation import NO_MATCH, IouType, Matches

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset
    from segtrial.types.overlaps import Overlaps


class Matching(StrEnum):
    """Who meets whom, of the pairs of one class at or above the IoU threshold.

    BY_IOU: each detection names the one truth that it overlaps most; a truth that several name
    goes to the highest score, and the others meet nothing, even where another truth is free.
    Of equal IoUs the last truth (there the order is that of an unstable sort).
    BY_CONFIDENCE: from the highest score down, each takes the free truth that it overlaps most; of
    equal IoUs the first truth. Of equal scores the first detection (there, with more than some 8
    detections of a class, the order depends on the processor).
    """

    BY_IOU = "by IoU"  # until 8.4.175 (rule: ultralytics issues 22585 and 25228)
    BY_CONFIDENCE = "by confidence"  # from 8.4.176; COCO's rule without crowds


def match_as_ultralytics(
    truth: Truth,
    detections: Detections,
    iou_type: IouType,
    matching: Matching = Matching.BY_CONFIDENCE,
    *,
    pairs: Overlaps | None = None,
) -> Matches:
    """Which truth row each detection meets at the ten IoU thresholds .5, .55 … .95.

    A crowd is no truth (Ultralytics' labels have none: its COCO val2017 counts 36,335 instances,
    all but the crowds), so a detection on one is a false positive. Detections that are left out
    (`left_out`) have no row. No truth, or no detections: as `match`. `pairs`: the run's overlaps
    where they are known already. Raises ValueError as `match_parts` does.
    """
    if pairs is None:
        pairs = overlaps(
            truth,
            detections,
            iou_type,
            floor=float(IOU_THRESHOLDS[0]),
            any_class=False,
            wanted=looked_at(detections, truth.dataset, ULTRALYTICS),
        )
    matches = match_ranges(truth, detections, iou_type, ULTRALYTICS, ("all",), pairs=pairs)["all"]
    if matching == Matching.BY_CONFIDENCE:
        return matches
    return replace(matches, truth_row=_claims(truth.dataset, detections, matches, pairs))


def left_out(dataset: Dataset, detections: Detections) -> tuple[LeftOut, ...]:
    """What Ultralytics' rules do not look at: crowds, low scores, detections past the 300th."""
    low = np.flatnonzero(detections.score <= LOWEST_CONFIDENCE)
    seen = detection_order(detections, dataset, ULTRALYTICS, np.zeros(len(detections)))
    past = np.setdiff1d(np.arange(len(detections)), np.concatenate([low, seen]))
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
            f"detections past the {ULTRALYTICS.per_image} highest scores of their image",
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


def _claims(
    dataset: Dataset, detections: Detections, matches: Matches, pairs: Overlaps
) -> npt.NDArray[np.int32]:
    """The truth row that each row of `matches` meets by IoU: int32 (T, D)."""
    iou, nearest = _nearest(dataset, detections, matches, pairs)
    met_TD = np.full(matches.truth_row.shape, NO_MATCH, np.int32)
    for met, threshold in zip(met_TD, matches.thresholds, strict=True):
        claims = np.flatnonzero(iou >= threshold)
        _, highest = np.unique(nearest[claims], return_index=True)  # rows fall in score
        met[claims[highest]] = nearest[claims[highest]]
    return met_TD


def _nearest(
    dataset: Dataset, detections: Detections, matches: Matches, pairs: Overlaps
) -> tuple[Floats, Longs]:
    """The highest IoU of each row of `matches` with a truth of its image and class, and whose.

    Float64 and int64 (D); IoU 0 where there is none, or where it is below the overlaps' floor.
    """
    detection = np.repeat(np.arange(len(detections)), np.diff(pairs.first))
    own = detections.class_index[detection] == dataset.class_index[pairs.truth_row]
    place = np.flatnonzero(own & ~dataset.crowd[pairs.truth_row])
    which, first = np.unique(detection[place], return_index=True)
    iou, nearest = np.zeros(len(detections)), np.zeros(len(detections), np.int64)
    iou[which] = pairs.iou[place[first]]
    nearest[which] = pairs.truth_row[place[first]]
    return iou[matches.detection_row], nearest[matches.detection_row]
