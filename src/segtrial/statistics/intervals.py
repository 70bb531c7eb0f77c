"""Intervals of the difference of two arms: over seeds, and over seeds and images.

`conditional` answers "would retraining repeat it on these images?", `population` adds "… and on
other images?". Intervals of a single run are not here. Axes: C classes, S seeds, B resamples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from segtrial.types.arrays import Bools, Floats, Longs

MINIMUM_POSITIVE_IMAGES = 10  # fewer: an image bootstrap covers too rarely
MAXIMUM_UNDEFINED = 0.05  # share of resamples without truth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageVariance:
    """Bootstrap variances of a difference, in the metric's unit squared.

    `total`: float64 (C), of d with the runs fixed (V_img). `within`: float64 (C), the part
    that the spread of the runs shows already (V_int). `undefined`: float64 (C), share of the
    resamples without truth, left out of both; NaN without resamples.
    """

    total: Floats
    within: Floats
    undefined: Floats


def t_interval(
    difference_C: Floats, standard_error_C: Floats, df: float | Floats, *, confidence: float
) -> Floats:
    """difference ± t(df)·standard error: float64 (C, 2), lower and upper end.

    NaN where the standard error is 0 or undefined: an interval of no width is never made.
    """
    usable = np.isfinite(difference_C) & (standard_error_C > 0)
    quantile = stats.t.ppf((1 + confidence) / 2, df)
    half = np.where(usable, quantile * standard_error_C, np.nan)
    return np.stack([difference_C - half, difference_C + half], axis=1)


def image_variance(base_BSC: Floats, arm_BSC: Floats) -> ImageVariance:
    """V_img and V_int of d = mean over runs of the arm − mean over runs of the control.

    V_img = var_b(d_b). V_int = Σ_arms Σ_runs var_b(x_bs − mean over runs of x_b) / (S(S − 1)): what
    the images contribute to the estimate s²/S of each arm. Resamples in which any run is undefined
    (no truth of the class) are left out. NaN with fewer than 2 resamples left; V_int is NaN with
    one seed in an arm.
    """
    defined_BC = np.all(np.isfinite(base_BSC), axis=1) & np.all(np.isfinite(arm_BSC), axis=1)
    resamples, classes = defined_BC.shape
    within_C = np.zeros(classes)
    means = []
    for runs_BSC in (base_BSC, arm_BSC):
        seeds = runs_BSC.shape[1]
        if not seeds:
            nothing = np.full(classes, np.nan)
            return ImageVariance(total=nothing, within=nothing, undefined=nothing)
        mean_BC = runs_BSC.mean(axis=1)
        means.append(mean_BC)
        sum_C = np.zeros(classes)
        for seed in range(seeds):
            sum_C = sum_C + _variance(runs_BSC[:, seed] - mean_BC, defined_BC)
        within_C = within_C + (sum_C / (seeds * (seeds - 1)) if seeds > 1 else np.nan)
    undefined_C = 1 - defined_BC.mean(axis=0) if resamples else np.full(classes, np.nan)
    return ImageVariance(
        total=_variance(means[1] - means[0], defined_BC),
        within=within_C,
        undefined=undefined_C,
    )


def population_interval(
    *,
    difference_C: Floats,
    seed_variance_C: Floats,
    seed_df: float | Floats,
    images: ImageVariance,
    positive_images: Longs,
    confidence: float,
) -> Floats:
    """Interval over training seeds and validation images: float64 (C, 2).

    V = V_seed + max(0, V_img − V_int); `seed_variance_C` is V_seed, that of d, not of a run. df by
    Satterthwaite: V² / (V_seed²/seed_df + (V − V_seed)²/(n_pos − 1)). Never inside the conditional
    interval: a small image part can raise df by more than it widens V, and a wider claim must not
    look surer (ours; the specification leaves it open). NaN where V_seed is 0 or undefined, where
    fewer than 10 images hold the class, or where more than 5 % of the resamples hold no truth.
    """
    allowed = (positive_images >= MINIMUM_POSITIVE_IMAGES) & (images.undefined <= MAXIMUM_UNDEFINED)
    usable = allowed & (seed_variance_C > 0)
    image_part = np.maximum(0, images.total - images.within)
    variance = np.where(usable, seed_variance_C + image_part, np.nan)
    denominator = seed_variance_C**2 / seed_df + image_part**2 / np.maximum(positive_images - 1, 1)
    df = np.where(usable, variance**2 / np.where(usable, denominator, 1), np.nan)
    population = t_interval(difference_C, np.sqrt(variance), df, confidence=confidence)
    seeds_alone = np.sqrt(np.where(usable, seed_variance_C, np.nan))
    conditional = t_interval(difference_C, seeds_alone, seed_df, confidence=confidence)
    return np.stack(
        [
            np.minimum(population[:, 0], conditional[:, 0]),
            np.maximum(population[:, 1], conditional[:, 1]),
        ],
        axis=1,
    )


def _variance(values_BC: Floats, defined_BC: Bools) -> Floats:
    """Sample variance over the defined resamples, NaN with fewer than 2: float64 (C)."""
    count_C = defined_BC.sum(axis=0)
    kept = np.where(defined_BC, values_BC, 0.0)
    mean_C = kept.sum(axis=0) / np.maximum(count_C, 1)
    squares_C = np.sum(np.where(defined_BC, values_BC - mean_C, 0.0) ** 2, axis=0)
    return np.where(count_C > 1, squares_C / np.maximum(count_C - 1, 1), np.nan)
