"""Matches → calibration: how often detections of a score are right.

A detection is right if it met a truth of its class at the IoU threshold. Axes: K bins, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.arrays import Floats, Longs, frozen
from segtrial.types.errors import DataError
from segtrial.types.evaluation import IGNORED

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools
    from segtrial.types.evaluation import Matches

BINS = 10


class Binning(StrEnum):
    """How scores are put into bins."""

    EQUAL_WIDTH = "equal width"  # k/K ≤ score < (k + 1)/K, the last with 1
    ADAPTIVE = "adaptive"  # as many detections in each as can be; equal scores stay together


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reliability:
    """The reliability table of one class, or of all detections together.

    `low`, `high`: float64 (K), ends of the bins (adaptive: the lowest and highest score in it).
    `count`: int64 (K); `mean_score`, `right`: float64 (K), NaN in an empty bin; `right` is the
    fraction that met a truth. `error`: expected calibration error, Σ count/n·|right − mean_score|;
    `largest_error`: of the worst bin; both NaN without detections, and then `reason` says so.
    `ignored`: detections in crowds, which are neither right nor wrong and stand in no bin.
    """

    low: Floats
    high: Floats
    count: Longs
    mean_score: Floats
    right: Floats
    error: float
    largest_error: float
    ignored: int
    reason: str

    def __post_init__(self) -> None:
        for field in ("low", "high", "mean_score", "right"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.float64))
        object.__setattr__(self, "count", frozen(self.count, np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Calibration of one run: of all detections together, and of each class."""

    iou_threshold: float
    lowest_score: float
    binning: Binning
    bins: int
    overall: Reliability
    classes: tuple[Reliability, ...]


def calibration(
    matches: Matches,
    *,
    iou_threshold: float = 0.5,
    bins: int = BINS,
    binning: Binning = Binning.EQUAL_WIDTH,
    lowest_score: float = 0.0,
) -> Calibration:
    """Expected calibration error and reliability table, overall and per class.

    Of the detections that `matches` hold (100 an image and class) with a score of at least
    `lowest_score`: what a model says below it dominates the error otherwise. The overall error
    pools detections, it is no mean over classes. A class without truth has only wrong detections;
    without detections its error is NaN. Guo et al. 2017, equation 3. Raises DataError for a score
    outside 0–1, ValueError for no bins or an IoU that was not matched.
    """
    if bins < 1:
        raise ValueError(f"{bins} bins")
    near = np.flatnonzero(np.isclose(matches.thresholds, iou_threshold, rtol=0, atol=1e-9))
    if len(near) == 0:
        raise ValueError(f"no matches at IoU {iou_threshold}")
    _check_scores(matches)
    met = matches.truth_row[near[0]]
    used = matches.score >= lowest_score

    def table(first: int, stop: int) -> Reliability:
        some = used[first:stop]
        found, score = met[first:stop][some], matches.score[first:stop][some]
        valid = found != IGNORED
        ignored = len(found) - int(np.count_nonzero(valid))
        return _reliability(score[valid], found[valid] >= 0, bins, binning, ignored)

    return Calibration(
        iou_threshold=iou_threshold,
        lowest_score=lowest_score,
        binning=binning,
        bins=bins,
        overall=table(0, len(met)),
        classes=tuple(table(a, b) for a, b in pairwise(matches.class_slices().tolist())),
    )


def _reliability(
    score: Floats, right: Bools, bins: int, binning: Binning, ignored: int
) -> Reliability:
    n = len(score)
    if binning == Binning.EQUAL_WIDTH:
        edges = np.arange(bins + 1) / bins  # linspace's third of ten edges lies above 0.3
        place = np.clip(np.searchsorted(edges, score, "right") - 1, 0, bins - 1)
        low, high = edges[:-1], edges[1:]
    else:
        ranks = np.searchsorted(np.sort(score), score)  # of the first of its equals
        place = ranks * bins // max(n, 1)
        low, high = np.full(bins, np.inf), np.full(bins, -np.inf)
        np.minimum.at(low, place, score)
        np.maximum.at(high, place, score)
        low, high = (np.where(np.isfinite(end), end, np.nan) for end in (low, high))
    count = np.bincount(place, minlength=bins)
    some = np.maximum(count, 1)
    mean_score = np.where(count, np.bincount(place, score, minlength=bins) / some, np.nan)
    share = np.where(count, np.bincount(place, right, minlength=bins) / some, np.nan)
    gap = np.abs(share - mean_score)[count > 0]
    return Reliability(
        low=low,
        high=high,
        count=count,
        mean_score=mean_score,
        right=share,
        error=float((gap * count[count > 0]).sum() / n) if n else float("nan"),
        largest_error=float(gap.max()) if n else float("nan"),
        ignored=ignored,
        reason="" if n else "no detections",
    )


def _check_scores(matches: Matches) -> None:
    wrong = np.flatnonzero(~((matches.score >= 0) & (matches.score <= 1)))
    if len(wrong):
        raise DataError(
            f"{len(wrong)} of {len(matches.score)} detections have a score outside 0–1.",
            where=f"detection {matches.detection_row[wrong[0]]}, counted from 0 by image",
            expected="a number from 0 to 1, as a chance to be right",
            got=str(matches.score[wrong[0]]),
            next_step="turn the model's scores into chances before asking for calibration",
        )
