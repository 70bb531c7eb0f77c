"""The numbers of a contrast, class by class, before anything is called changed or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.equivalence import EQUIVALENCE_CONFIDENCE, equivalence_p
from segtrial.statistics.intervals import image_variance, population_interval, t_interval
from segtrial.statistics.moderated import (
    NoisePrior,
    all_runs_agree,
    fit_noise_prior,
    moderated_variance,
    seed_variance,
    two_sided_p,
)
from segtrial.types.arrays import Bools, Floats

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedNoise:
    """How much C classes vary between seeds; float64 (C) in the metric's unit, NaN = undefined.

    `same`: bool (C), all runs of both arms agree to 1e-9. `sd`: s of one run, `sd_moderated`: s̃.
    `standard_error`: of the difference, s̃·√(1/S_base + 1/S_arm). `df` = ν + d0. With one seed in
    an arm all but `same` is NaN. `prior`: what the classes share.
    """

    same: Bools
    sd: Floats
    sd_moderated: Floats
    standard_error: Floats
    df: float
    prior: NoisePrior


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimates:
    """Estimates of C classes; float64 (C) in the metric's unit, NaN = undefined.

    `base`, `arm`: means over runs, NaN as soon as one run is undefined; `difference` = arm − base.
    `p`: moderated t; `equivalence_p`: two one-sided tests against the margin. Intervals, (C, 2):
    `conditional`, `population`: 95 %; `equivalence`: 90 %, conditional.
    `undefined_resamples`: share of the resamples without truth, NaN without resamples.
    """

    base: Floats
    arm: Floats
    difference: Floats
    noise: SeedNoise
    p: Floats
    equivalence_p: Floats
    conditional: Floats
    equivalence: Floats
    population: Floats
    undefined_resamples: Floats


def estimate(inputs: ContrastInput) -> Estimates:
    """Moderated t, intervals and equivalence of each class.

    Classes without noise (all runs agree) and trials with one seed in an arm get a difference,
    but neither p nor interval. Formulas and sources: `moderated`, `intervals`, `equivalence`.
    """
    base_C, arm_C = _means(inputs.base_SC), _means(inputs.arm_SC)
    difference_C = arm_C - base_C
    noise = _seed_noise(inputs, (base_C + arm_C) / 2)
    images = image_variance(inputs.base_BSC, inputs.arm_BSC)
    error_C, df = noise.standard_error, noise.df
    return Estimates(
        base=base_C,
        arm=arm_C,
        difference=difference_C,
        noise=noise,
        p=two_sided_p(difference_C, error_C, df),
        equivalence_p=equivalence_p(difference_C, error_C, df, margin=inputs.margin),
        conditional=t_interval(difference_C, error_C, df, confidence=CONFIDENCE),
        equivalence=t_interval(difference_C, error_C, df, confidence=EQUIVALENCE_CONFIDENCE),
        population=population_interval(
            difference_C=difference_C,
            seed_variance_C=error_C**2,
            seed_df=df,
            images=images,
            positive_images=inputs.positive_images,
            confidence=CONFIDENCE,
        ),
        undefined_resamples=images.undefined,
    )


def _seed_noise(inputs: ContrastInput, ap_C: Floats) -> SeedNoise:
    seeds = inputs.seeds
    same_C = all_runs_agree(np.concatenate([inputs.base_SC, inputs.arm_SC]))
    variance_C = seed_variance(inputs.base_SC, inputs.arm_SC)
    df_seeds = sum(seeds) - 2
    prior = fit_noise_prior(variance_C, ap_C, inputs.instances, df_seeds)
    moderated_C = np.where(same_C, np.nan, moderated_variance(variance_C, df_seeds, prior))
    enough = min(seeds) > 1
    return SeedNoise(
        same=same_C,
        sd=np.sqrt(variance_C),
        sd_moderated=np.sqrt(moderated_C),
        standard_error=np.sqrt(moderated_C * (sum(1 / s for s in seeds) if enough else np.nan)),
        df=df_seeds + prior.df if enough else np.nan,
        prior=prior,
    )


def _means(runs_SC: Floats) -> Floats:
    """Mean over runs, NaN where a run is undefined or there is none: float64 (C)."""
    if not len(runs_SC):
        return np.full(runs_SC.shape[1], np.nan)
    return np.asarray(runs_SC.mean(axis=0))
