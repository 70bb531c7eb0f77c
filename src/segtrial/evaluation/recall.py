"""Matches → recall: what share of the truth a limited number of detections found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Longs
    from segtrial.types.evaluation import Matches


def rank_in_cell(matches: Matches) -> Longs:
    """How many detections of the same image and class stand before each: int64 (D), from 0."""
    cell = matches.class_index.astype(np.int64) * matches.images + matches.image_index
    order = np.argsort(cell, kind="stable")
    grouped = cell[order]
    rank = np.empty(len(cell), np.int64)
    rank[order] = np.arange(len(cell)) - np.searchsorted(grouped, grouped)
    return rank


def recall(matches: Matches, per_cell: int | None = None) -> Floats:
    """The share of the truth that was met: float64 (C, T); NaN where a class has no truth.

    `per_cell`: by the so many highest-scored detections of each image and class; None = by all.
    COCO's AR is its mean over thresholds and classes. Formula: pycocotools `accumulate`, the last
    value of the recall curve.
    """
    hit_TD = matches.truth_row >= 0
    if per_cell is not None:
        hit_TD = hit_TD & (rank_in_cell(matches) < per_cell)
    truths = np.bincount(matches.truth_class, minlength=matches.classes)
    hits = np.stack(
        [np.bincount(matches.class_index[hit], minlength=matches.classes) for hit in hit_TD], axis=1
    )
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(truths[:, None] > 0, hits / truths[:, None], np.nan))
