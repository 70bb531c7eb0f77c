"""Does a published base belong to its arms? Asked of the classes that no arm touches.

Runs are compared with runs: the classes of one run move together, so a count of classes alone
would see an effect in every base. Sibling contrasts are not here. Axes: A arms, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from segtrial.statistics.equivalence import EQUIVALENCE_LEVEL
from segtrial.statistics.moderated import SAME_VALUE
from segtrial.types.arrays import Bools, Floats
from segtrial.types.reanalysis import ArmShift, BaseVerdict

MINIMUM_ARMS = 3  # fewer show no noise between runs worth testing against
MINIMUM_UNTOUCHED = 3
BASE_LEVEL = 0.05
AGREEMENT_MARGIN = 0.01  # of the metric: statistics.md's default for "no loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseShift:
    """What the arms have more than the base, over untouched classes; None = cannot be computed.

    `interval`: 95 %, over runs; `classes`: how many were compared; `arms`: one entry an arm.
    """

    verdict: BaseVerdict
    classes: int
    shift: float | None
    interval: tuple[float | None, float | None]
    p: float | None
    arms: tuple[ArmShift, ...]


def check_base(
    base_C: Floats, arms_AC: Floats, arm_names: tuple[str, ...], untouched: Bools
) -> BaseShift:
    """Whether the base is exchangeable with the arms on the classes that no arm touches.

    Each run is summarised by the median over those classes of (its value − the mean of all runs).
    Shift = mean of the arms' summaries − the base's, standard error s·√(1 + 1/A) with s the SD of
    the arms' summaries, df = A − 1. "not a control": two-sided p < .05. "agrees": the 90 %
    interval lies within ±.01. Else, with fewer than 3 arms or 3 classes, or without any noise
    between the arms: "cannot tell". Classes undefined in any run, or equal in all, are left out.
    """
    runs = np.concatenate([base_C[None], arms_AC])
    keep = untouched & np.all(np.isfinite(runs), axis=0)
    keep &= np.ptp(np.where(keep, runs, 0.0), axis=0) > SAME_VALUE
    classes = int(np.count_nonzero(keep))
    differences = arms_AC[:, keep] - base_C[keep]
    shifts = tuple(map(_arm_shift, arm_names, differences)) if classes else ()
    nothing = BaseShift(
        verdict="cannot tell",
        classes=classes,
        shift=None,
        interval=(None, None),
        p=None,
        arms=shifts,
    )
    if classes < MINIMUM_UNTOUCHED or len(arms_AC) < MINIMUM_ARMS:
        return nothing
    return _judged(nothing, np.median(runs[:, keep] - runs[:, keep].mean(axis=0), axis=1))


def _judged(nothing: BaseShift, summary_R: Floats) -> BaseShift:
    """The verdict from one summary a run, the base's first."""
    arms, df = summary_R[1:], len(summary_R) - 2
    shift = float(arms.mean() - summary_R[0])
    error = float(arms.std(ddof=1) * np.sqrt(1 + 1 / len(arms)))
    if error <= SAME_VALUE:
        return nothing
    p = float(2 * stats.t.sf(abs(shift) / error, df))
    half = float(stats.t.isf(0.025, df)) * error
    within = abs(shift) + float(stats.t.isf(EQUIVALENCE_LEVEL, df)) * error < AGREEMENT_MARGIN
    verdict: BaseVerdict = "agrees" if within else "cannot tell"
    return replace(
        nothing,
        verdict="not a control" if p < BASE_LEVEL else verdict,
        shift=shift,
        interval=(shift - half, shift + half),
        p=p,
    )


def _arm_shift(arm: str, difference_C: Floats) -> ArmShift:
    lower = int(np.count_nonzero(difference_C < -SAME_VALUE))
    higher = int(np.count_nonzero(difference_C > SAME_VALUE))
    moved = lower + higher
    return ArmShift(
        arm=arm,
        median_difference=float(np.median(difference_C)),
        lower=lower,
        higher=higher,
        equal=len(difference_C) - moved,
        sign_p=float(stats.binomtest(lower, moved).pvalue) if moved else None,
    )
