"""Matches → recall: what share of the truth a limited number of detections found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.rules import ranks
from segtrial.types.evaluation import NO_MATCH

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Ints
    from segtrial.types.evaluation import Matches


def rank_in_cell(matches: Matches) -> Ints:
    """How many detections of the same image and class stand before each: int32 (D), from 0."""
    return ranks(matches.class_index, matches.image_index)


def recall(matches: Matches, per_cell: int | None = None) -> Floats:
    """The share of the truth that was met: float64 (C, T); NaN where a class has no truth.

    `per_cell`: by the so many highest-scored detections of each image and class; None = by all.
    COCO's AR is its mean over thresholds and classes. Formula: pycocotools `accumulate`, the last
    value of the recall curve.
    """
    some = np.flatnonzero(matches.truth_row.max(axis=0, initial=NO_MATCH) >= 0)
    if per_cell is not None:
        some = some[rank_in_cell(matches)[some] < per_cell]
    label = matches.class_index[some]
    truths = np.bincount(matches.truth_class, minlength=matches.classes)
    hits = np.stack(
        [
            np.bincount(label[met[some] >= 0], minlength=matches.classes)
            for met in matches.truth_row
        ],
        axis=1,
    )
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(truths[:, None] > 0, hits / truths[:, None], np.nan))
