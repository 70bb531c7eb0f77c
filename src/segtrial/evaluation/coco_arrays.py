"""Matches of each area range → COCO's full arrays of precision, scores and recall.

For curves at every area and limit, and to hold another tool's arrays against ours. The printed
numbers need none of it: see `coco_summary`. Axes: T thresholds, R recall levels, C classes, A area
ranges, M limits of detections; D detections of one class, by falling score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.coco_summary import LIMITS
from segtrial.evaluation.precision_kernel import SPACING
from segtrial.evaluation.recall import rank_in_cell
from segtrial.types.arrays import Floats, frozen
from segtrial.types.evaluation import IGNORED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segtrial.types.arrays import Ints
    from segtrial.types.evaluation import Matches

RECALL_LEVELS: Floats = np.linspace(0, 1, 101)
RECALL_LEVELS.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CocoArrays:
    """What pycocotools 2.0.11 leaves in `eval`, laid out as its `accumulate` does.

    `precision`, `scores`: float64 (T, R, C, A, M), the highest precision at each recall level or
    beyond, and the score of the detection that reaches the level; both 0 where none does.
    `recall`: float64 (T, C, A, M), after the last detection; 0 without detections. All three are
    NaN where a class has no truth in the area range (pycocotools: −1), and only there.
    `thresholds`: float64 (T), IoU; `recall_levels`: float64 (R = 101), 0 to 1; `areas`: the names
    of the ranges; `limits`: detections an image and class. C are the classes in the order of the
    labels, where pycocotools sorts them by id.
    """

    thresholds: Floats
    recall_levels: Floats
    areas: tuple[str, ...]
    limits: tuple[int, ...]
    precision: Floats
    scores: Floats
    recall: Floats

    def __post_init__(self) -> None:
        for field in ("thresholds", "recall_levels", "precision", "scores", "recall"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.float64))


def coco_arrays(matches: Mapping[str, Matches], limits: tuple[int, ...] = LIMITS) -> CocoArrays:
    """COCO's arrays from the matches of one run, by area range.

    `matches`: as `match_ranges` gives them, under rules whose `per_cell` is at least the highest of
    `limits`: what was not matched cannot be counted here. Raises ValueError without matches and for
    a limit below 1.
    """
    if not matches or min(limits, default=0) < 1:
        raise ValueError(f"{len(matches)} area ranges, limits {limits}: expected 1 or more, from 1")
    one = next(iter(matches.values()))
    shape = (len(one.thresholds), one.classes, len(matches), len(limits))
    recall_TCAM = np.full(shape, np.nan)
    precision_TRCAM = np.full((shape[0], len(RECALL_LEVELS), *shape[1:]), np.nan)
    scores_TRCAM = np.full_like(precision_TRCAM, np.nan)
    for a, table in enumerate(matches.values()):
        truths_C, rank = table.instances(), rank_in_cell(table)
        for m, limit in enumerate(limits):
            kept = rank < limit
            met_TK, score_K = table.truth_row[:, kept], table.score[kept]
            first_C = np.searchsorted(table.class_index[kept], np.arange(table.classes + 1))
            for c in np.flatnonzero(truths_C):
                mine = slice(first_C[c], first_C[c + 1])
                precision_TR, scores_TR, recall_T = _curve(
                    met_TK[:, mine], score_K[mine], truths_C[c]
                )
                precision_TRCAM[:, :, c, a, m] = precision_TR
                scores_TRCAM[:, :, c, a, m] = scores_TR
                recall_TCAM[:, c, a, m] = recall_T
    return CocoArrays(
        thresholds=one.thresholds,
        recall_levels=RECALL_LEVELS,
        areas=tuple(matches),
        limits=limits,
        precision=precision_TRCAM,
        scores=scores_TRCAM,
        recall=recall_TCAM,
    )


def _curve(met_TD: Ints, score_D: Floats, truths: np.int64) -> tuple[Floats, Floats, Floats]:
    """Precision and scores at the recall levels, (T, R), and the last recall, (T), of one class.

    An ignored detection neither hits nor misses, but it stands in the curve: it may be the first to
    reach recall 0, whose score is then its own.
    """
    hits_TD = np.cumsum(met_TD >= 0, axis=1)
    counted_TD = np.cumsum(met_TD != IGNORED, axis=1)
    precision_TD = hits_TD / (counted_TD + SPACING)
    envelope_TD = np.maximum.accumulate(precision_TD[:, ::-1], axis=1)[:, ::-1]
    recall_TD = hits_TD / truths
    place_TR = np.stack([np.searchsorted(row, RECALL_LEVELS) for row in recall_TD])
    # behind the last detection, where no level is reached, both are 0
    envelope_TD = np.pad(envelope_TD, ((0, 0), (0, 1)))
    last_T = recall_TD[:, -1] if len(score_D) else np.zeros(len(met_TD))
    return (
        np.take_along_axis(envelope_TD, place_TR, axis=1),
        np.append(score_D, 0.0)[place_TR],
        last_T,
    )
