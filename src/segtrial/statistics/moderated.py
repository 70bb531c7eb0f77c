"""Seed noise of each class, steadied by what the other classes show (moderated t).

Smyth (2004), Stat. Appl. Genet. Mol. Biol. 3(1):3, sections 4 and 6.2; the trend as in limma's
`fitFDist(covariate=)`. Ours: the trend is a power law in instances and AP(1 − AP), d0 is at most
4, and classes without any noise are left out of the fit (limma floors them instead). No verdicts
here. Axes: C classes, S seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from segtrial.types.arrays import Bools, Floats, Longs

MAXIMUM_PRIOR_DF = 4.0
MINIMUM_INSTANCES = 20  # classes below it have noise of another kind: kept out of the fit
# Simulated with 3 seeds, Holm .05 on the two largest classes when nothing changed: 5.2 % with 15
# classes in the fit, 6.6 % with 10, 6.9 % with 8. One common value for few classes is worse still.
MINIMUM_CLASSES = 15
SAME_VALUE = 1e-9  # runs closer than that agree: two reference tools do not agree better
VARIANCE_FLOOR = 1e-5  # of the median variance: limma's offset


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoisePrior:
    """What the classes together say about the seed noise of each.

    `variance`: float64 (C), s0² in the metric's unit squared, NaN where there is none.
    `df`: d0 as used, 0–4; `df_fitted`: before the cap, may be infinite. `classes`: how many
    could go into the fit; with fewer than 15 `df` is 0: nothing is moderated.
    """

    variance: Floats
    df: float
    df_fitted: float
    classes: int


def seed_variance(base_SC: Floats, arm_SC: Floats) -> Floats:
    """Pooled variance of one run within its arm: float64 (C).

    s² = Σ_arms Σ_runs (x − arm mean)² / ν, ν = S_base + S_arm − 2. NaN where a run is undefined
    (a class without truth) and with one seed in either arm, whose noise would only be guessed.
    Runs of an arm that agree to 1e-9 count as equal, so that rounding is never taken for noise.
    """
    if min(len(base_SC), len(arm_SC)) < 2:
        return np.full(base_SC.shape[1], np.nan)
    return (_squares(base_SC) + _squares(arm_SC)) / (len(base_SC) + len(arm_SC) - 2)


def all_runs_agree(runs_SC: Floats) -> Bools:
    """Classes whose runs are all defined and agree to 1e-9: bool (C)."""
    if not len(runs_SC):
        return np.zeros(runs_SC.shape[1], np.bool_)
    return np.asarray(np.ptp(runs_SC, axis=0) <= SAME_VALUE)  # NaN compares false


def fit_noise_prior(variance_C: Floats, ap_C: Floats, instances: Longs, df: int) -> NoisePrior:
    """Prior noise by a regression of log s² on log n and log AP(1 − AP), and its weight d0.

    `variance_C`: s² with `df` = ν degrees of freedom; `ap_C`: mean of both arms; `instances`: n.
    Fitted over classes with n ≥ 20, 0 < AP < 1 and s² > 0. With z = log s² − ψ(ν/2) + log(ν/2),
    fitted value e and residual variance v: ψ'(d0/2) = v − ψ'(ν/2), infinite where that is not
    positive; log s0² = e + ψ(d0/2) − log(d0/2) (Smyth 2004, section 6.2). Then d0 = min(d0, 4).
    Fewer than 15 such classes, or `df` < 1: no prior, d0 = 0. Ties and equal covariates are fine.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        covariates = np.stack([np.log(instances), np.log(ap_C * (1 - ap_C))], axis=1)
    known = np.all(np.isfinite(covariates), axis=1)
    used = known & (instances >= MINIMUM_INSTANCES) & (variance_C > 0)
    classes = int(np.count_nonzero(used))
    if df < 1 or classes < MINIMUM_CLASSES:
        nothing = np.full(len(variance_C), np.nan)
        return NoisePrior(variance=nothing, df=0, df_fitted=0, classes=classes)
    floor = VARIANCE_FLOOR * np.median(variance_C[used])
    log_variance = np.log(np.maximum(variance_C[used], floor))
    response = log_variance - special.digamma(df / 2) + np.log(df / 2)
    fitted, spread = _regress(response, covariates, used)
    df_fitted = _prior_df(spread - float(special.polygamma(1, df / 2)))
    shift = 0.0
    if np.isfinite(df_fitted):
        shift = float(special.digamma(df_fitted / 2) - np.log(df_fitted / 2))
    return NoisePrior(
        variance=np.exp(fitted + shift),
        df=min(df_fitted, MAXIMUM_PRIOR_DF),
        df_fitted=df_fitted,
        classes=classes,
    )


def moderated_variance(variance_C: Floats, df: int | Longs, prior: NoisePrior) -> Floats:
    """s̃² = (d0·s0² + ν·s²)/(d0 + ν): float64 (C).

    Equal to s² where d0 = 0. NaN where s² is NaN, and where the class has no prior although
    others have (AP is 0 or 1 in every run: there is no noise to estimate).
    """
    if prior.df == 0:
        return variance_C
    return (prior.df * prior.variance + df * variance_C) / (prior.df + df)


def two_sided_p(difference_C: Floats, standard_error_C: Floats, df: float | Floats) -> Floats:
    """p of t = difference / standard error with `df`, two-sided: float64 (C).

    NaN where the difference is undefined or the standard error is 0 or undefined: no noise is
    not the same as certainty.
    """
    usable = np.isfinite(difference_C) & (standard_error_C > 0)
    p_C = np.full(len(difference_C), np.nan)
    ratio = np.abs(difference_C[usable]) / standard_error_C[usable]
    p_C[usable] = 2 * stats.t.sf(ratio, np.broadcast_to(df, p_C.shape)[usable])
    return p_C


def trigamma_inverse(value: float) -> float:
    """y with ψ'(y) = `value` > 0, by Newton's method on 1/ψ' (Smyth 2004, appendix)."""
    assert value > 0, value
    if value > 1e7:
        return float(value**-0.5)
    if value < 1e-6:
        return 1 / value
    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, y))
        y += step
        if abs(step) < 1e-12 * y:
            break
    return y


def _squares(runs_SC: Floats) -> Floats:
    deviations = runs_SC - runs_SC.mean(axis=0)
    return np.where(all_runs_agree(runs_SC), 0.0, np.sum(deviations**2, axis=0))


def _prior_df(excess: float) -> float:
    return 2 * trigamma_inverse(excess) if excess > 0 else np.inf


def _regress(response: Floats, covariates: Floats, used: Bools) -> tuple[Floats, float]:
    """Fitted values of all classes, and residual variance; equal covariates drop out."""
    centred = covariates - covariates[used].mean(axis=0)
    design = np.column_stack([np.ones(len(centred)), centred])
    coefficients, _, rank, _ = np.linalg.lstsq(design[used], response, rcond=1e-10)
    residuals = response - design[used] @ coefficients
    finite = np.all(np.isfinite(design), axis=1)
    fitted = np.full(len(design), np.nan)
    fitted[finite] = design[finite] @ coefficients
    return fitted, float(np.sum(residuals**2) / (len(response) - int(rank)))
