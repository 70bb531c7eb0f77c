"""How much single runs differ on a class that none of them touches (one run an arm, no seeds).

The moderated variance of `moderated.py`, but with each class's own degrees of freedom: a class is
measured by the runs that leave it alone, and these differ in number. Contrasts are not here.
Axes: R runs, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from segtrial.statistics.moderated import (
    MAXIMUM_PRIOR_DF,
    MINIMUM_CLASSES,
    MINIMUM_INSTANCES,
    SAME_VALUE,
    VARIANCE_FLOOR,
    trigamma_inverse,
)
from segtrial.types.arrays import Bools, Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiblingNoise:
    """Mean and noise of each class over its siblings; float64 (C), NaN = undefined.

    `count`: k, how many siblings; `mean`; `sd`: s, df = k − 1; `sd_moderated`: s̃; `df`: k − 1 + d0.
    `classes`: how many went into the fit; with fewer than 15 `power` is None and d0 = 0.
    `power`: float64 (3), a, b, c of SD = exp(a)·n^b·(AP(1 − AP))^c; b = 0 where no counts are
    stated. `prior_df`: d0 as used; `prior_df_fitted`: before the cap at 4, may be infinite.
    """

    count: Floats
    mean: Floats
    sd: Floats
    sd_moderated: Floats
    df: Floats
    classes: int
    power: Floats | None
    prior_df: float
    prior_df_fitted: float


def sibling_noise(values_RC: Floats, sibling_RC: Bools, instances: Floats) -> SiblingNoise:
    """Noise of one run of each class, from the runs that do not touch it.

    `values_RC`: fractions 0–1, NaN = undefined; `sibling_RC`: which runs may speak for a class;
    `instances`: float64 (C), all NaN where the tables state none.
    With s² over a class's k siblings, ν = k − 1 and m their mean, over classes with n ≥ 20 (any,
    without counts), 0 < m < 1 and s² > 0: z = log s² − ψ(ν/2) + log(ν/2) is regressed, unweighted,
    on log n and log m(1 − m), with fitted value e and residual variance v. ψ'(d0/2) = v − mean of
    ψ'(ν/2), infinite where that is not positive; log s0² = e + ψ(d0/2) − log(d0/2) (Smyth 2004,
    section 6.2); d0 = min(d0, 4); s̃² = (d0·s0² + ν·s²)/(d0 + ν). Siblings that agree to 1e-9 have
    s² = 0 and stay out of the fit. s̃ is NaN with fewer than 2 siblings, where m is 0 or 1, and
    where there is no fit and s is 0: no noise seen is not the same as none.
    """
    count_C, mean_C, variance_C = _moments(values_RC, sibling_RC & np.isfinite(values_RC))
    df_C = count_C - 1
    covariates = _covariates(instances, mean_C)
    large = (instances >= MINIMUM_INSTANCES) | np.all(np.isnan(instances))
    used = large & (variance_C > 0) & np.all(np.isfinite(covariates), axis=1)
    classes = int(np.count_nonzero(used))
    prior_C, power, fitted_df = np.full(len(count_C), np.nan), None, 0.0
    if classes >= MINIMUM_CLASSES:
        power, fitted_df = _fit(variance_C[used], df_C[used], covariates[used])
        prior_C = np.exp(2 * (power[0] + covariates @ power[1:]))
    prior_df = min(fitted_df, MAXIMUM_PRIOR_DF)
    moderated_C = variance_C
    if prior_df > 0:
        moderated_C = (prior_df * prior_C + df_C * variance_C) / (prior_df + df_C)
    return SiblingNoise(
        count=count_C,
        mean=mean_C,
        sd=np.sqrt(variance_C),
        sd_moderated=np.sqrt(np.where(moderated_C > 0, moderated_C, np.nan)),
        df=np.where(df_C > 0, df_C + prior_df, np.nan),
        classes=classes,
        power=power,
        prior_df=prior_df,
        prior_df_fitted=fitted_df,
    )


def _moments(values_RC: Floats, kept_RC: Bools) -> tuple[Floats, Floats, Floats]:
    """Number, mean and variance (ν = number − 1) of the kept runs, each float64 (C)."""
    count_C = kept_RC.sum(axis=0).astype(np.float64)
    kept = np.where(kept_RC, values_RC, 0.0)
    mean_C = np.where(count_C > 0, kept.sum(axis=0) / np.maximum(count_C, 1), np.nan)
    deviation_RC = np.where(kept_RC, values_RC - mean_C, 0.0)
    squares_C = np.where(
        np.abs(deviation_RC).max(axis=0, initial=0) <= SAME_VALUE,
        0.0,
        (deviation_RC**2).sum(axis=0),
    )
    variance_C = np.where(count_C > 1, squares_C / np.maximum(count_C - 1, 1), np.nan)
    return count_C, mean_C, variance_C


def _covariates(instances: Floats, mean_C: Floats) -> Floats:
    """log n, or 0 where no counts are stated, and log m(1 − m): float64 (C, 2)."""
    stated = not np.all(np.isnan(instances))
    with np.errstate(divide="ignore", invalid="ignore"):
        size_C = np.log(instances) if stated else np.zeros(len(instances))
        return np.stack([size_C, np.log(mean_C * (1 - mean_C))], axis=1)


def _fit(variance_K: Floats, df_K: Floats, covariates: Floats) -> tuple[Floats, float]:
    """a, b, c of the SD, and d0 before the cap, from the K classes of the fit."""
    floor = VARIANCE_FLOOR * float(np.median(variance_K))
    log_variance = np.log(np.maximum(variance_K, floor))
    response = log_variance - special.digamma(df_K / 2) + np.log(df_K / 2)
    centre = covariates.mean(axis=0)
    design = np.column_stack([np.ones(len(df_K)), covariates - centre])
    # centred, so that a covariate that is the same for all classes drops out with power 0
    coefficients, _, rank, _ = np.linalg.lstsq(design, response, rcond=1e-10)
    spread = float(np.sum((response - design @ coefficients) ** 2) / (len(df_K) - int(rank)))
    excess = spread - float(np.mean(special.polygamma(1, df_K / 2)))
    fitted_df = 2 * trigamma_inverse(excess) if excess > 0 else np.inf
    shift = 0.0
    if np.isfinite(fitted_df):
        shift = float(special.digamma(fitted_df / 2) - np.log(fitted_df / 2))
    intercept = coefficients[0] - centre @ coefficients[1:] + shift
    return np.array([intercept, *coefficients[1:]]) / 2, fitted_df
