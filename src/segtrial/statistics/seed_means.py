"""Means over training seeds with plain t intervals: of one arm, and of the difference of two.

For rates such as an attack's success, which no family of classes lends its noise to; class metrics
go through `moderated` and `intervals`. Axis: S seeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
ONE_SEED = "one seed: no interval over seeds"
NO_SPREAD = "all seeds agree: no interval over seeds"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedMean:
    """A mean over seeds, or a difference of two, with its 95 % interval over training seeds.

    NaN where undefined, and then `reason` says why; else `reason` is empty.
    """

    mean: float
    low: float
    high: float
    reason: str


def mean_over_seeds(
    values: Sequence[float], *, lowest: float = -math.inf, highest: float = math.inf
) -> SeedMean:
    """Mean ± t(S − 1)·s/√S of the runs of one arm.

    `lowest`, `highest`: what the value can be at all; the interval's ends are held within. No
    runs, or one without a value: all NaN. One seed, or seeds that agree: no interval.
    """
    problem = _problem(values)
    if problem:
        return _without_interval(math.nan, problem)
    mean = math.fsum(values) / len(values)
    if len(values) == 1:
        return _without_interval(mean, ONE_SEED)
    return _with_interval(mean, _variance_of_mean(values), len(values) - 1, lowest, highest)


def difference_over_seeds(
    base: Sequence[float],
    arm: Sequence[float],
    *,
    lowest: float = -math.inf,
    highest: float = math.inf,
) -> SeedMean:
    """Mean of the arm's runs minus that of the base's, unpaired, with Welch's t interval.

    d ± t(df)·√(a + b), a = s²/S of the arm, b of the base; df = (a + b)² / (a²/(S_arm − 1) +
    b²/(S_base − 1)) (Welch 1947). `lowest`, `highest` and what is undefined: as of
    `mean_over_seeds`; one seed in either arm leaves no interval.
    """
    problem = _problem(arm) or _problem(base)
    if problem:
        return _without_interval(math.nan, problem)
    difference = math.fsum(arm) / len(arm) - math.fsum(base) / len(base)
    if min(len(base), len(arm)) == 1:
        return _without_interval(difference, ONE_SEED)
    a, b = _variance_of_mean(arm), _variance_of_mean(base)
    spread = a**2 / (len(arm) - 1) + b**2 / (len(base) - 1)
    df = (a + b) ** 2 / spread if spread > 0 else math.nan
    return _with_interval(difference, a + b, df, lowest, highest)


def _problem(values: Sequence[float]) -> str:
    """Why the runs have no mean; "" where they have one."""
    if not values:
        return "no run"
    undefined = sum(math.isnan(value) for value in values)
    return f"undefined in {undefined} of {len(values)} runs" if undefined else ""


def _variance_of_mean(values: Sequence[float]) -> float:
    """s²/S; exactly 0 where all values are one: rounding must not make a spread of it."""
    if min(values) == max(values):
        return 0.0
    return float(np.var(values, ddof=1)) / len(values)


def _with_interval(
    mean: float, variance: float, df: float, lowest: float, highest: float
) -> SeedMean:
    if variance == 0:
        return _without_interval(mean, NO_SPREAD)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, df)) * math.sqrt(variance)
    return SeedMean(
        mean=mean, low=max(mean - half, lowest), high=min(mean + half, highest), reason=""
    )


def _without_interval(mean: float, reason: str) -> SeedMean:
    return SeedMean(mean=mean, low=math.nan, high=math.nan, reason=reason)
