"""Intervals of one run's AP over validation images: of a class, of a group, of the mean.

They say how AP would move on other images of this kind, never whether a change did something: that
takes seeds (`intervals`). Resampled values come from `pipeline/`. Axes: C classes, B resamples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtri, stdtrit  # scipy.stats takes a second to import

from segtrial.statistics.intervals import MAXIMUM_UNDEFINED, MINIMUM_POSITIVE_IMAGES
from segtrial.statistics.wording import count
from segtrial.types.arrays import Floats, Longs
from segtrial.types.run_intervals import Method

CONFIDENCE = 0.95
PERCENTILE_IMAGES = 30  # fewer: the percentile interval is too narrow


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassIntervals:
    """Intervals of C classes.

    `ends`: float64 (C, 2), lower and upper, NaN where there is none; `method` (C); `undefined`:
    float64 (C), share of the resamples without truth; `reason` (C): why there is none, else empty.
    """

    ends: Floats
    method: tuple[Method, ...]
    undefined: Floats
    reason: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanInterval:
    """Interval of a mean over classes, NaN where there is none, and then `reason` says why.

    `bias`: mean over the resamples − estimate.
    """

    low: float
    high: float
    bias: float
    reason: str


def class_intervals(
    value_C: Floats,
    resampled_BC: Floats,
    positive_images: Longs,
    *,
    confidence: float = CONFIDENCE,
) -> ClassIntervals:
    """Interval of each class's AP by the number of images that hold it, n_pos.

    `value_C`: AP, a fraction 0–1, NaN where the class has no truth; `resampled_BC`: the same under
    B multinomial image weights, NaN where a resample holds no truth: left out, never 0.
    n_pos ≥ 30: percentile, the (1 ± confidence)/2 quantiles of the resamples. 10–29: logit-t,
    expit(logit(AP) ± t(n_pos − 1)·SD/(AP(1 − AP))), SD over the resamples. Below 10, or with more
    than 5 % of the resamples left out, or where the resamples all agree or AP is 0 or 1: none.
    Coverage, simulated: `benchmarks/run_intervals.py`.
    """
    undefined_C = np.full(len(value_C), np.nan)
    if len(resampled_BC):
        undefined_C = np.mean(np.isnan(resampled_BC), axis=0)
    deviation_C = np.sqrt(variance_over_resamples(resampled_BC))
    ends = np.full((len(value_C), 2), np.nan)
    methods: list[Method] = []
    reasons = []
    for c, value in enumerate(value_C):
        images = int(positive_images[c])
        method: Method = "percentile" if images >= PERCENTILE_IMAGES else "logit-t"
        reason = _why_none(value, images, undefined_C[c], deviation_C[c], method)
        reasons.append(reason)
        methods.append("none" if reason else method)
        if reason:
            continue
        if method == "percentile":
            kept = resampled_BC[np.isfinite(resampled_BC[:, c]), c]
            ends[c] = np.quantile(kept, [(1 - confidence) / 2, (1 + confidence) / 2])
        else:
            ends[c] = _logit_t(value, deviation_C[c], images - 1, confidence)
    return ClassIntervals(
        ends=ends, method=tuple(methods), undefined=undefined_C, reason=tuple(reasons)
    )


def mean_interval(
    value: float, resampled_B: Floats, *, confidence: float = CONFIDENCE
) -> MeanInterval:
    """Normal interval of a mean over classes: value ± z·SD of the resampled means.

    `resampled_B`: mean over the classes that a resample holds. Centred on the value, not on the
    resamples: rare classes vanish from those and score higher in them, so that their mean lies
    above it and percentile intervals cover too rarely (86–89 % where this one has 95–97 %). It is
    of the mean that sets of this size give: AP on few instances is biased upwards, so a set without
    end would give less, by about `bias` or more, and is covered in 31–71 % only (simulated, 45
    classes from 3 or 12 instances up). NaN without a value or where the resamples agree.
    """
    kept = resampled_B[np.isfinite(resampled_B)]
    if not np.isfinite(value) or len(kept) < 2:
        reason = "no resamples" if np.isfinite(value) else "no class has truth"
        return MeanInterval(low=np.nan, high=np.nan, bias=np.nan, reason=reason)
    deviation, bias = float(np.std(kept, ddof=1)), float(np.mean(kept) - value)
    if np.ptp(kept) == 0:
        reason = "all resamples give the same value"
        return MeanInterval(low=np.nan, high=np.nan, bias=bias, reason=reason)
    half = float(ndtri((1 + confidence) / 2)) * deviation
    return MeanInterval(
        low=max(0.0, value - half), high=min(1.0, value + half), bias=bias, reason=""
    )


def variance_over_resamples(values_BC: Floats) -> Floats:
    """Sample variance over the resamples that are defined: float64 (C), NaN with fewer than 2.

    Exactly 0 where they agree: rounding must not make a spread of it.
    """
    defined_BC = np.isfinite(values_BC)
    count_C = defined_BC.sum(axis=0)
    kept = np.where(defined_BC, values_BC, 0.0)
    mean_C = kept.sum(axis=0) / np.maximum(count_C, 1)
    deviation_BC = np.where(defined_BC, values_BC - mean_C, 0.0)
    low_C = np.where(defined_BC, values_BC, np.inf).min(axis=0, initial=np.inf)
    high_C = np.where(defined_BC, values_BC, -np.inf).max(axis=0, initial=-np.inf)
    squares_C = np.where(low_C >= high_C, 0.0, np.sum(deviation_BC**2, axis=0))
    return np.where(count_C > 1, squares_C / np.maximum(count_C - 1, 1), np.nan)


def _why_none(value: float, images: int, undefined: float, deviation: float, method: Method) -> str:
    """Why there is no interval: the first of these that holds, or an empty string."""
    reasons = (
        (not np.isfinite(value) or images == 0, "no truth"),
        (
            images < MINIMUM_POSITIVE_IMAGES,
            f"in {count(images, 'image')} only; an interval needs {MINIMUM_POSITIVE_IMAGES}",
        ),
        (not np.isfinite(deviation), "no resamples"),
        (undefined > MAXIMUM_UNDEFINED, f"{100 * undefined:.0f} % of the resamples hold no truth"),
        (deviation == 0, "all resamples give the same value"),
        (
            method == "logit-t" and not 0 < value < 1,
            f"AP is {value:g}: no interval on the logit scale",
        ),
    )
    return next((text for holds, text in reasons if holds), "")


def _logit_t(value: float, deviation: float, df: int, confidence: float) -> Floats:
    half = stdtrit(df, (1 + confidence) / 2) * deviation / (value * (1 - value))
    return np.asarray(expit(logit(value) + np.array([-half, half])))
