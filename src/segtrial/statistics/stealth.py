"""Stealth: is the mean over the classes that the change does not touch shown to be unmoved?

An equivalence test of one number, the mean. "p > .05, hence stealthy" would accept a real loss
more often than not; single classes are another question (`equivalence`, by class).
"""

from __future__ import annotations

import numpy as np

from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.equivalence import (
    EQUIVALENCE_CONFIDENCE,
    EQUIVALENCE_LEVEL,
    equivalence_p,
)
from segtrial.statistics.intervals import t_interval
from segtrial.statistics.moderated import seed_variance
from segtrial.statistics.verdict import seeds_reason, unmeasured_reason
from segtrial.statistics.wording import count, decimals, signed
from segtrial.types.comparison import Stealth


def stealth(inputs: ContrastInput) -> Stealth:
    """Two one-sided tests of the mean metric over the untouched classes, against ± margin.

    Each run is summarised by its mean over the classes that the change does not touch, with truth
    in at least 10 images and a value in every run; d = difference of the arms' means of those,
    V = s²·(1/S_base + 1/S_arm), s² pooled within arms, df = S_base + S_arm − 2. p < .05 exactly
    where the 90 % interval lies inside ± margin. "not shown" with fewer than 3 seeds in an arm,
    without such a class, or where the runs within each arm agree.
    """
    names = range(len(inputs.class_names))
    keep = ~inputs.touched & np.array([not unmeasured_reason(inputs, c) for c in names], np.bool_)
    classes = int(np.count_nonzero(keep))
    if not classes or not min(inputs.seeds):
        return _undefined(inputs, classes)
    base_S1 = inputs.base_SC[:, keep].mean(axis=1, keepdims=True)
    arm_S1 = inputs.arm_SC[:, keep].mean(axis=1, keepdims=True)
    base, arm = float(base_S1.mean()), float(arm_S1.mean())
    df = sum(inputs.seeds) - 2
    error_1 = np.sqrt(seed_variance(base_S1, arm_S1) * sum(1 / s for s in inputs.seeds))
    difference_1 = np.array([arm - base])
    low, high = t_interval(difference_1, error_1, df, confidence=EQUIVALENCE_CONFIDENCE)[0]
    p = float(equivalence_p(difference_1, error_1, df, margin=inputs.margin)[0])
    shown = not seeds_reason(inputs) and p < EQUIVALENCE_LEVEL
    return Stealth(
        classes=classes,
        base=base,
        arm=arm,
        difference=arm - base,
        interval_90=(_number(low), _number(high)),
        margin=inputs.margin,
        p=_number(p),
        verdict="equivalent" if shown else "not shown",
        reason=_reason(inputs, classes, (arm - base, float(low), float(high)), shown=shown),
    )


def _undefined(inputs: ContrastInput, classes: int) -> Stealth:
    reason = "no class that the change does not touch can be measured"
    if inputs.touched.all():
        reason = "the change may touch every class"
    elif not min(inputs.seeds):
        reason = seeds_reason(inputs)
    return Stealth(
        classes=classes,
        base=None,
        arm=None,
        difference=None,
        interval_90=(None, None),
        margin=inputs.margin,
        p=None,
        verdict="not shown",
        reason=reason,
    )


def _reason(
    inputs: ContrastInput, classes: int, estimate: tuple[float, float, float], *, shown: bool
) -> str:
    """The verdict in words. `estimate`: difference, low and high end."""
    difference, low, high = estimate
    digits = decimals(difference) if np.isnan(low) else decimals(low, high)
    moved = (
        f"mean {inputs.metric} over {count(classes, 'untouched class')} moved by "
        f"{signed(difference, digits)}"
    )
    why = seeds_reason(inputs)
    if np.isnan(low):
        return f"{moved}; {why or 'the runs within each arm agree: no noise to test against'}"
    interval = f"{moved} (90 % interval {signed(low, digits)} to {signed(high, digits)})"
    if why:
        return f"{interval}; {why}"
    if shown:
        return f"{interval}, inside ±{inputs.margin:g}"
    return f"{interval}, not inside ±{inputs.margin:g}"


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
