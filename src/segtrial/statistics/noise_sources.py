"""Where a planner's noise comes from: a pilot's runs, or published tables.

Both give the same thing, noise of a run over seeds and of a difference over images; what it takes
to see an effect in it is `power`'s. Axes: A arms, S seeds, C classes, B resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from segtrial.statistics.intervals import (
    MAXIMUM_UNDEFINED,
    MINIMUM_POSITIVE_IMAGES,
    image_variance,
)
from segtrial.statistics.moderated import (
    MAXIMUM_PRIOR_DF,
    all_runs_agree,
    fit_noise_prior,
    moderated_variance,
)
from segtrial.statistics.run_intervals import variance_over_resamples
from segtrial.types.arrays import Floats, Longs
from segtrial.types.errors import TrialError

if TYPE_CHECKING:
    from collections.abc import Sequence

# SD of a run = exp(a)·n^b·(AP(1 − AP))^c, fitted to published tables of single runs
PUBLISHED_SEED_SD = (-2.11, -0.26, 0.52)
PUBLISHED_IMAGE_ERROR = 0.5  # √n · standard error of one run over images, at this AP:
PUBLISHED_AP = 0.22
# Share of one run's image variance that two arms do not have in common, once what the seeds show
# is taken off. Simulated with 5 seeds: 0 where arms find the same images hard, 0.13–0.19 where
# each finds others hard by half a unit of difficulty, 0.35–0.48 by a whole one.
SHARE_APART = 0.15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoiseSource:
    """Noise of C classes; float64 (C) in the metric's unit, NaN = unknown.

    `instances`, `positive_images`: int64 (C), of the validation set; `ap`: mean of the runs.
    `seed_sd`: of one run over training seeds; `seed_sd_ends`: (C, 2), its 95 % interval, NaN where
    none is known. `run_image_variance`: of one run's AP over images. `image_variance`: what images
    add to the variance of a difference of two arms beyond what its seeds show.
    `prior_df`: what the other classes lend to each. `contrasts`: how many pairs of arms
    `image_variance` was measured on; 0 = a stated share of `run_image_variance`.
    """

    instances: Longs
    positive_images: Longs
    ap: Floats
    seed_sd: Floats
    seed_sd_ends: Floats
    run_image_variance: Floats
    image_variance: Floats
    prior_df: float
    contrasts: int


def published_noise(
    instances: Longs, ap_C: Floats, *, share_apart: float = SHARE_APART
) -> NoiseSource:
    """Noise as published tables of single runs show it.

    Seed SD: exp(−2.11)·n^−.26·(AP(1 − AP))^.52, of runs of *different* arms on classes that none of
    them touches (YOLO segmentation on BDD100K): what a seed does, and what another arm does, too.
    Image standard error of one run: .5/√n at AP = .22, and as √(AP(1 − AP)) elsewhere: simulated,
    √n·SE over that is .78–1.10 from AP .05 to .49, and over AP(1 − AP) 3.9–2.0.
    Of a difference: 2·share_apart·SE²; both arms see the same images, and tables do not tell how
    much that cancels. Each instance is taken to stand in an image of its own. Raises TrialError
    unless n ≥ 1, 0 < AP < 1, 0 ≤ share_apart ≤ 1.
    """
    _check_published(instances, ap_C, share_apart)
    a, b, c = PUBLISHED_SEED_SD
    spread_C = ap_C * (1 - ap_C)
    reference = PUBLISHED_AP * (1 - PUBLISHED_AP)
    run_C = PUBLISHED_IMAGE_ERROR**2 / instances * spread_C / reference
    return NoiseSource(
        instances=instances,
        positive_images=instances,
        ap=ap_C,
        seed_sd=np.exp(a) * instances**b * spread_C**c,
        seed_sd_ends=np.full((len(ap_C), 2), np.nan),
        run_image_variance=run_C,
        image_variance=2 * share_apart * run_C,
        prior_df=MAXIMUM_PRIOR_DF,
        contrasts=0,
    )


def pilot_noise(
    runs: Sequence[Floats],
    resampled: Sequence[Floats],
    controls: Sequence[int | None],
    *,
    instances: Longs,
    positive_images: Longs,
    share_apart: float = SHARE_APART,
) -> NoiseSource:
    """Noise of a pilot: any number of arms, at least one of them with two runs.

    `runs`: for each arm float64 (S, C), NaN = undefined; `resampled`: for each float64 (B, S, C),
    all under the same image weights; `controls`: for each the place of its control, None for none.
    Seed SD: s² = Σ_arms Σ_runs (x − arm mean)² / ν, ν = Σ_arms (S − 1), moderated by the other
    classes (`moderated`); its 95 % interval s̃·√(df/χ²(df)), df = d0 + ν. Image variance of a
    difference: mean of V_img − V_int (`intervals`) over the arms with a control, two runs in each,
    not below 0; without such a pair 2·share_apart·(image variance of one run). NaN in fewer than
    10 images, where more than 5 % of the resamples hold no truth, and where the runs agree.
    Raises TrialError where no arm has two runs.
    """
    df = sum(max(len(arm_SC) - 1, 0) for arm_SC in runs)
    if df < 1:
        raise TrialError(
            "A pilot without two runs of one arm shows no noise between seeds.",
            expected="an arm with 2 finished runs or more",
            got=f"{sum(len(arm_SC) for arm_SC in runs)} runs of {len(runs)} arms",
            next_step="run a second seed, or state --instances and --ap for published noise",
        )
    ap_C = np.concatenate(list(runs)).mean(axis=0)
    squares = [_squares(arm_SC) for arm_SC in runs if len(arm_SC) > 1]
    variance_C: Floats = np.sum(squares, axis=0) / df
    prior = fit_noise_prior(variance_C, ap_C, instances, df)
    moderated_C = moderated_variance(variance_C, df, prior)
    noisy = (variance_C > 0) & (positive_images >= MINIMUM_POSITIVE_IMAGES)
    sd_C = np.sqrt(np.where(noisy, moderated_C, np.nan))
    total_df = df + prior.df
    ends = np.sqrt(total_df / stats.chi2.isf([0.025, 0.975], total_df))
    run_C = np.mean([_run_variance(arm_BSC) for arm_BSC in resampled if arm_BSC.shape[1]], axis=0)
    run_C = np.where(positive_images >= MINIMUM_POSITIVE_IMAGES, run_C, np.nan)
    beyond = [
        _beyond_seeds(resampled[control], arm_BSC)
        for arm_BSC, control in zip(resampled, controls, strict=True)
        if control is not None and min(arm_BSC.shape[1], resampled[control].shape[1]) > 1
    ]
    image_C = np.maximum(np.mean(beyond, axis=0), 0) if beyond else 2 * share_apart * run_C
    return NoiseSource(
        instances=instances,
        positive_images=positive_images,
        ap=ap_C,
        seed_sd=sd_C,
        seed_sd_ends=sd_C[:, None] * ends,
        run_image_variance=run_C,
        image_variance=np.where(np.isfinite(run_C), image_C, np.nan),
        # what the trial's own analysis will have: too few classes lend one another nothing
        prior_df=MAXIMUM_PRIOR_DF if prior.df > 0 else 0.0,
        contrasts=len(beyond),
    )


def _check_published(instances: Longs, ap_C: Floats, share_apart: float) -> None:
    if not (instances >= 1).all():
        raise TrialError(
            "A class without instances cannot be planned for.",
            where="--instances",
            expected="1 or more",
            got=str(int(instances.min())),
        )
    if not ((ap_C > 0) & (ap_C < 1)).all():
        raise TrialError(
            "Published noise is known between AP 0 and 1 only.",
            where="--ap",
            expected="a fraction greater than 0 and below 1",
            got=", ".join(f"{value:g}" for value in ap_C),
        )
    if not 0 <= share_apart <= 1:
        raise TrialError(
            "A share lies between 0 and 1.",
            where="--apart",
            expected="0 to 1",
            got=f"{share_apart:g}",
        )


def _squares(arm_SC: Floats) -> Floats:
    """Σ (x − mean)² over the runs; exactly 0 where they agree to 1e-9."""
    deviation_SC = arm_SC - arm_SC.mean(axis=0)
    return np.where(all_runs_agree(arm_SC), 0.0, np.sum(deviation_SC**2, axis=0))


def _run_variance(arm_BSC: Floats) -> Floats:
    """Image variance of one run, mean over the arm's, NaN past 5 % without truth: float64 (C)."""
    undefined_C = np.isnan(arm_BSC).any(axis=1).mean(axis=0)
    variances = [variance_over_resamples(arm_BSC[:, s]) for s in range(arm_BSC.shape[1])]
    return np.where(undefined_C <= MAXIMUM_UNDEFINED, np.mean(variances, axis=0), np.nan)


def _beyond_seeds(control_BSC: Floats, arm_BSC: Floats) -> Floats:
    """V_img − V_int of the difference: what is left of it with any number of seeds."""
    images = image_variance(control_BSC, arm_BSC)
    return np.asarray(images.total - images.within)
