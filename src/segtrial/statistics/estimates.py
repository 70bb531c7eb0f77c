"""The numbers of a contrast, class by class, before anything is called changed or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.controls import Controls, choose_controls
from segtrial.statistics.equivalence import EQUIVALENCE_CONFIDENCE, equivalence_p
from segtrial.statistics.intervals import (
    ImageVariance,
    image_variance,
    population_interval,
    t_interval,
)
from segtrial.statistics.moderated import (
    NoisePrior,
    all_runs_agree,
    fit_noise_prior,
    moderated_variance,
    seed_variance,
    two_sided_p,
)
from segtrial.types.arrays import Bools, Floats, Longs

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedNoise:
    """How much C classes vary between seeds; float64 (C) in the metric's unit, NaN = undefined.

    `same`: bool (C), all runs of both arms agree to 1e-9. `sd`: s of one run, `sd_moderated`: s̃.
    `standard_error`: of the difference, s̃·√(1/S_control + 1/S_arm). `df`: float64 (C), ν + d0.
    With one seed in an arm all but `same` is NaN. `prior`: what the classes share.
    """

    same: Bools
    sd: Floats
    sd_moderated: Floats
    standard_error: Floats
    df: Floats
    prior: NoisePrior


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimates:
    """Estimates of C classes; float64 (C) in the metric's unit, NaN = undefined.

    `base`, `arm`: means over runs, NaN as soon as one run is undefined; `difference` = arm − base.
    `p`: moderated t; `equivalence_p`: two one-sided tests against the margin. Intervals, (C, 2):
    `conditional`, `population`: 95 %; `equivalence`: 90 %, conditional.
    `undefined_resamples`: share of the resamples without truth, NaN without resamples.
    `controls`: the runs behind `base`, which are the control's own unless free ones were asked for.
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
    controls: Controls


def estimate(inputs: ContrastInput) -> Estimates:
    """Moderated t, intervals and equivalence of each class.

    Classes without noise (all runs agree) and trials with one seed in an arm get a difference,
    but neither p nor interval. Formulas and sources: `moderated`, `intervals`, `equivalence`,
    `controls`.
    """
    controls = choose_controls(inputs)
    base_C, arm_C = _control_means(inputs, controls), _means(inputs.arm_SC)
    difference_C = arm_C - base_C
    noise = _seed_noise(inputs, controls, (base_C + arm_C) / 2)
    images = _images(inputs, controls)
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
        controls=controls,
    )


def _seed_noise(inputs: ContrastInput, controls: Controls, ap_C: Floats) -> SeedNoise:
    """The prior is fitted on the two arms' own runs, whose number is the same for all classes."""
    own = seed_variance(inputs.base_SC, inputs.arm_SC)
    prior = fit_noise_prior(own, ap_C, inputs.instances, sum(inputs.seeds) - 2)
    variance_C, same_C = own.copy(), np.zeros(len(own), np.bool_)
    for classes, runs in _groups(controls):
        control_RC = _control(inputs, runs)[:, classes]
        arm_SC = inputs.arm_SC[:, classes]
        variance_C[classes] = seed_variance(control_RC, arm_SC)
        same_C[classes] = all_runs_agree(np.concatenate([control_RC, arm_SC]))
    arm_runs = len(inputs.arm_SC)
    control_runs_C = controls.use_RC.sum(axis=0)
    df_C = control_runs_C + arm_runs - 2
    moderated_C = np.where(same_C, np.nan, moderated_variance(variance_C, df_C, prior))
    enough = min(inputs.seeds) > 1
    runs_C = 1 / np.maximum(control_runs_C, 1) + 1 / max(arm_runs, 1)
    return SeedNoise(
        same=same_C,
        sd=np.sqrt(variance_C),
        sd_moderated=np.sqrt(moderated_C),
        standard_error=np.sqrt(moderated_C * (runs_C if enough else np.nan)),
        df=df_C + prior.df if enough else np.full(len(own), np.nan),
        prior=prior,
    )


def _control_means(inputs: ContrastInput, controls: Controls) -> Floats:
    mean_C = np.full(len(inputs.class_names), np.nan)
    for classes, runs in _groups(controls):
        mean_C[classes] = _means(_control(inputs, runs)[:, classes])
    return mean_C


def _images(inputs: ContrastInput, controls: Controls) -> ImageVariance:
    total_C, within_C, undefined_C = np.full((3, len(inputs.class_names)), np.nan)
    for classes, runs in _groups(controls):
        own, free = runs[runs < len(inputs.base_SC)], runs[runs >= len(inputs.base_SC)]
        control_BRC = inputs.base_BSC[:, own][:, :, classes]
        if len(free):
            more = inputs.free_BRC[:, free - len(inputs.base_SC)][:, :, classes]
            control_BRC = np.concatenate([control_BRC, more], axis=1)
        found = image_variance(control_BRC, inputs.arm_BSC[:, :, classes])
        total_C[classes], within_C[classes] = found.total, found.within
        undefined_C[classes] = found.undefined
    return ImageVariance(total=total_C, within=within_C, undefined=undefined_C)


def _groups(controls: Controls) -> Iterator[tuple[Longs, Longs]]:
    """Classes that share their control runs, and the rows of those runs."""
    patterns, group_C = np.unique(controls.use_RC, axis=1, return_inverse=True)
    for group in range(patterns.shape[1]):
        yield np.flatnonzero(group_C == group), np.flatnonzero(patterns[:, group])


def _control(inputs: ContrastInput, runs: Longs) -> Floats:
    return np.concatenate([inputs.base_SC, inputs.free_RC])[runs]


def _means(runs_SC: Floats) -> Floats:
    """Mean over runs, NaN where a run is undefined or there is none: float64 (C)."""
    if not len(runs_SC):
        return np.full(runs_SC.shape[1], np.nan)
    return np.asarray(runs_SC.mean(axis=0))
