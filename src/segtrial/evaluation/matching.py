"""Overlaps → Matches: done once a run; everything after is a reduction.

Semantics: pycocotools 2.0.11 and lvis 0.5.3 `evaluate_img`; what differs between them: `rules.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from segtrial.evaluation.match_kernel import match_in_order
from segtrial.evaluation.overlaps import overlaps
from segtrial.evaluation.rules import (
    AREA_RANGES_PX,
    COCO,
    Rules,
    check_scores,
    detection_order,
    exists,
    looked_at,
    not_exhaustive,
    truth_ranks,
)
from segtrial.evaluation.shapes import Truth, prepare_truth
from segtrial.types.arrays import IOU_THRESHOLDS, Bools, Floats, Ints, Longs
from segtrial.types.evaluation import IGNORED, NO_MATCH, IouType, Matches

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.overlaps import Overlaps

__all__ = ["Parts", "Truth", "match", "match_parts", "match_ranges", "prepare_truth"]


def match(
    truth: Truth, detections: Detections, iou_type: IouType, *, pairs: Overlaps | None = None
) -> Matches:
    """Which truth row each detection meets at each of COCO's ten IoU thresholds.

    No truth: every detection is NO_MATCH. No detections: an empty table. Ties in score keep the
    order of the images, then of the detections (stable sort). `pairs`: the run's overlaps where
    they are known already. Raises ValueError where masks are asked for and missing, DataError for
    a score that is not a number.
    """
    return match_ranges(truth, detections, iou_type, COCO, ("all",), pairs=pairs)["all"]


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
    *,
    thresholds: Floats = IOU_THRESHOLDS,
    pairs: Overlaps | None = None,
) -> dict[str, Matches]:
    """`match` under the rules of a benchmark, once for each area range; IoUs are computed once.

    The area of a truth is its label's; of a detection see `Detections`. What lies outside a range
    is treated as `match_parts` treats it, which see for the errors.
    """
    if pairs is None:
        pairs = _own_pairs(truth, detections, iou_type, rules, thresholds)
    stated = detections.area_px
    parts = Parts(
        truth_value=truth.dataset.area_px,
        detection_value=pairs.area_px if stated is None else stated,
        bounds_P2=np.array([AREA_RANGES_PX[name] for name in ranges]),
    )
    matches = match_parts(
        truth, detections, iou_type, rules, parts, thresholds=thresholds, pairs=pairs
    )
    return dict(zip(ranges, matches, strict=True))


def match_parts(
    truth: Truth,
    detections: Detections,
    iou_type: IouType,
    rules: Rules,
    parts: Parts,
    *,
    thresholds: Floats = IOU_THRESHOLDS,
    pairs: Overlaps | None = None,
) -> tuple[Matches, ...]:
    """`match` under the rules of a benchmark, once for each of P parts; IoUs are computed once.

    A truth outside the part is ignored as a crowd is, but may be met once only and is tried after
    those inside; so is an unmatched detection outside of it. `thresholds`: float64 (T), rising, at
    most 63. `pairs`: the overlaps of this truth and these detections; None = made here. Raises
    ValueError where masks are asked for and missing, for federated rules on labels without
    coverage, and for pairs that do not serve these rules or thresholds; DataError for a score that
    is not a number.
    """
    check_scores(detections)
    if pairs is None:
        pairs = _own_pairs(truth, detections, iou_type, rules, thresholds)
    _check_serve(pairs, detections, iou_type, rules, thresholds)
    picked = _picked(truth.dataset, detections, rules, pairs)
    value_K = parts.detection_value[picked.order]
    return tuple(
        picked.matches(thresholds, _outside(parts.truth_value, bounds), _outside(value_K, bounds))
        for bounds in parts.bounds_P2
    )


def _own_pairs(
    truth: Truth, detections: Detections, iou_type: IouType, rules: Rules, thresholds: Floats
) -> Overlaps:
    """The overlaps that these rules need, and no others."""
    return overlaps(
        truth,
        detections,
        iou_type,
        floor=float(thresholds[0]),
        any_class=rules.class_agnostic,
        wanted=looked_at(detections, truth.dataset, rules),
    )


def _check_serve(
    pairs: Overlaps, detections: Detections, iou_type: IouType, rules: Rules, thresholds: Floats
) -> None:
    if pairs.iou_type != iou_type or len(pairs.area_px) != len(detections):
        raise ValueError(f"overlaps of {len(pairs.area_px)} other detections, or not of {iou_type}")
    if rules.class_agnostic and not pairs.any_class:
        raise ValueError("class-agnostic rules need overlaps of any classes")
    if len(thresholds) > 63 or (np.diff(thresholds) <= 0).any():
        raise ValueError("expected at most 63 rising thresholds")
    if len(thresholds) and thresholds[0] < pairs.floor:
        raise ValueError(f"IoU threshold {thresholds[0]}: pairs are known from {pairs.floor} up")


_made: WeakKeyDictionary[Overlaps, dict[Rules, _Picked]] = WeakKeyDictionary()


def _picked(dataset: Dataset, detections: Detections, rules: Rules, pairs: Overlaps) -> _Picked:
    """Made once for the overlaps and the rules: other thresholds and parts pick the same."""
    of_pairs = _made.setdefault(pairs, {})
    known = of_pairs.get(rules)
    if known is not None and known.dataset is dataset and known.detections is detections:
        return known
    stated = detections.area_px
    area_px = pairs.area_px if stated is None else stated
    order = detection_order(detections, dataset, rules, area_px)
    of_pairs[rules] = _Picked(dataset, detections, rules, order, pairs)
    return of_pairs[rules]


class _Picked:
    """The detections that the rules look at, in the order of `Matches`; shared by the parts."""

    def __init__(
        self,
        dataset: Dataset,
        detections: Detections,
        rules: Rules,
        order: Longs,
        pairs: Overlaps,
    ) -> None:
        self.dataset, self.detections, self.order = dataset, detections, order
        self.iou_type = IouType(pairs.iou_type)
        self.classes = 1 if rules.class_agnostic else len(dataset.class_names)
        self.crowd = np.array(dataset.crowd)
        self.exists, self.rank_N = exists(dataset, rules), truth_ranks(dataset, rules)
        self.label_N, self.label_K = dataset.class_index, detections.class_index[order]
        if rules.class_agnostic:
            self.label_N, self.label_K = np.zeros_like(self.label_N), np.zeros_like(self.label_K)
        self.partly_K = (
            not_exhaustive(detections, dataset, order)
            if rules.federated
            else np.zeros(len(order), np.bool_)
        )
        self.image_K, self.score_K = detections.image_index[order], detections.score[order]
        self.place, self.first, self.truth_row, self.iou = self._meetable(pairs)

    def _meetable(self, pairs: Overlaps) -> tuple[Longs, Longs, Ints, Floats]:
        """Places of the detections that overlap a truth of their label, and those truths."""
        begin = pairs.first[self.order]
        count = pairs.first[self.order + 1] - begin
        place = np.repeat(np.arange(len(self.order)), count)
        ends = np.cumsum(count)
        pair = np.arange(len(place)) + np.repeat(begin - ends + count, count)
        row = pairs.truth_row[pair]
        kept = (self.label_N[row] == self.label_K[place]) & self.exists[row]
        place, row, iou = place[kept], row[kept], pairs.iou[pair[kept]]
        opens = np.flatnonzero(np.diff(place, prepend=-1))
        return place[opens], np.append(opens, len(place)), row, iou

    def matches(self, thresholds: Floats, outside_N: Bools, outside_K: Bools) -> Matches:
        """The matches of one part, of which these truths and detections are outside."""
        met_TK = np.empty((len(thresholds), len(self.order)), np.int32)
        met_TK[:] = np.where(self.partly_K | outside_K, IGNORED, NO_MATCH)
        match_in_order(
            self.place,
            self.first,
            self.truth_row,
            self.iou,
            self.rank_N,
            self.crowd | outside_N,
            self.crowd,
            np.array(thresholds),  # a copy: the kernel is compiled once, for a writable one
            np.zeros(self.dataset.instances, np.int64),
            met_TK,
        )
        counts_N = self.exists & ~self.crowd & ~outside_N
        return Matches(
            iou_type=self.iou_type,
            images=self.dataset.images,
            classes=self.classes,
            thresholds=thresholds,
            image_index=self.image_K,
            class_index=self.label_K,
            score=self.score_K,
            detection_row=self.order,
            truth_row=met_TK,
            truth_class=self.label_N[counts_N],
            truth_image=self.dataset.image_index[counts_N],
        )


def _outside(value: Floats, bounds: Floats) -> Bools:
    """NaN is outside of no part."""
    return np.asarray((value < bounds[0]) | (value > bounds[1]))
