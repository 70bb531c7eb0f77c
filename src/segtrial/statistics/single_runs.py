"""One run an arm: what two checkpoints show, and a run against runs that should be like it.

Neither says that the change did it: with one run an arm, training luck and change are one thing.
Axes: C classes, B resamples, K runs that do not touch a class (pseudo-replicates).
"""

from __future__ import annotations

import numpy as np

from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.estimates import CONFIDENCE
from segtrial.statistics.intervals import (
    MAXIMUM_UNDEFINED,
    MINIMUM_POSITIVE_IMAGES,
    image_variance,
    t_interval,
)
from segtrial.statistics.moderated import fit_noise_prior, moderated_variance, two_sided_p
from segtrial.statistics.multiplicity import benjamini_hochberg, holm
from segtrial.statistics.verdict import Family, unmeasured_reason
from segtrial.types.arrays import Floats, Longs
from segtrial.types.comparison import SinglePair

MINIMUM_REPLICATES = 4
PERCENTILE_IMAGES = 30  # fewer: t on the images


def single_pairs(inputs: ContrastInput) -> tuple[SinglePair, ...]:
    """Of each class, the two runs' difference over images, and the arm's run among its like.

    Only where both arms have one run; otherwise nothing. `p`: moderated t of the arm's run
    against the K ≥ 4 runs of arms that do not touch the class, the control's among them:
    V = s̃²·(1 + 1/K), df = K − 1 + d0; s̃² as in `moderated`, its prior from the classes that no
    arm touches. Adjusted like any p: Holm over the named classes, Benjamini–Hochberg over the
    others. Simulated: `benchmarks/statistics.py`.
    """
    if inputs.seeds != (1, 1):
        return ()
    difference_C = inputs.arm_SC[0] - inputs.base_SC[0]
    ends = image_interval(inputs.base_BSC[:, 0], inputs.arm_BSC[:, 0], inputs.positive_images)
    runs_KC = np.concatenate([inputs.base_SC, inputs.free_RC])
    count_C = np.count_nonzero(np.isfinite(runs_KC), axis=0)
    p_C = _against_replicates(inputs, runs_KC, count_C)
    unmeasured = [unmeasured_reason(inputs, c) for c in range(len(difference_C))]
    p_C[[bool(why) for why in unmeasured]] = np.nan
    named_C = np.array([role != "other" for role in inputs.roles], np.bool_)
    adjusted_C = np.where(
        named_C,
        holm(np.where(named_C, p_C, np.nan)),
        benjamini_hochberg(np.where(named_C, np.nan, p_C)),
    )
    return tuple(
        SinglePair(
            name=inputs.class_names[c],
            role=inputs.roles[c],
            difference=_number(difference_C[c]),
            interval_images=(_number(ends[c, 0]), _number(ends[c, 1])),
            replicates=int(count_C[c]),
            family=_family(bool(named_C[c]), p_C[c]),
            p=_number(p_C[c]),
            p_adjusted=_number(adjusted_C[c]),
            reason=unmeasured[c] or _reason(int(count_C[c]), p_C[c]),
        )
        for c in range(len(difference_C))
    )


def image_interval(base_BC: Floats, arm_BC: Floats, positive_images: Longs) -> Floats:
    """95 % interval of arm − base over images, both runs fixed: float64 (C, 2).

    `base_BC`, `arm_BC`: the two runs under the same B multinomial image weights; resamples without
    truth are left out. 30 images with the class and more: the 2.5 and 97.5 % quantiles of the
    resampled differences; 10 to 29: their mean ± t(n_pos − 1)·SD. NaN below 10, where more than
    5 % of the resamples hold no truth, and where the resampled differences agree.
    """
    found = image_variance(base_BC[:, None], arm_BC[:, None])
    usable = (positive_images >= MINIMUM_POSITIVE_IMAGES) & (found.total > 0)
    usable &= found.undefined <= MAXIMUM_UNDEFINED
    ends = np.full((len(positive_images), 2), np.nan)
    levels = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    for c in np.flatnonzero(usable):
        kept = arm_BC[:, c] - base_BC[:, c]
        kept = kept[np.isfinite(kept)]
        if positive_images[c] >= PERCENTILE_IMAGES:
            ends[c] = np.quantile(kept, levels)
        else:
            centre, error = np.array([kept.mean()]), np.array([np.sqrt(found.total[c])])
            df = float(positive_images[c] - 1)
            ends[c] = t_interval(centre, error, df, confidence=CONFIDENCE)[0]
    return ends


def _against_replicates(inputs: ContrastInput, runs_KC: Floats, count_C: Longs) -> Floats:
    """p of the arm's run against the runs that do not touch the class; NaN with fewer than 4."""
    p_C = np.full(len(count_C), np.nan)
    enough = count_C >= MINIMUM_REPLICATES
    if not enough.any():
        return p_C
    held = np.isfinite(runs_KC)
    mean_C = np.where(held, runs_KC, 0).sum(axis=0) / np.maximum(count_C, 1)
    squares_C = np.where(held, (runs_KC - mean_C) ** 2, 0).sum(axis=0)
    still_C = squares_C <= 0
    df_C = np.maximum(count_C - 1, 1)
    variance_C = np.where(enough & ~still_C, squares_C / df_C, np.nan)
    most = int(count_C.max())
    shared_C = np.where(count_C == most, variance_C, np.nan)
    prior = fit_noise_prior(shared_C, mean_C, inputs.instances, most - 1)
    for count in np.unique(count_C[enough]):
        use = enough & (count_C == count)
        moderated = moderated_variance(variance_C, int(count) - 1, prior)
        error_C = np.sqrt(np.where(use, moderated, np.nan) * (1 + 1 / count))
        df = float(count - 1 + prior.df)
        p_C[use] = two_sided_p(inputs.arm_SC[0] - mean_C, error_C, df)[use]
    return p_C


def _family(named: bool, p: float) -> Family:
    if not np.isfinite(p):
        return "none"
    return "named" if named else "exploratory"


def _reason(replicates: int, p: float) -> str:
    if np.isfinite(p):
        return ""
    if replicates < MINIMUM_REPLICATES:
        return (
            f"{replicates} single runs do not touch the class; "
            f"a test against them needs {MINIMUM_REPLICATES}"
        )
    return "the runs that do not touch the class agree: no noise to test against"


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
