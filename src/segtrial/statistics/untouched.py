"""The alarm for a broken control: classes that the change does not touch should not move."""

from __future__ import annotations

import numpy as np
from scipy import stats

from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.moderated import SAME_VALUE, all_runs_agree
from segtrial.statistics.power import MINIMUM_SEEDS
from segtrial.statistics.verdict import unmeasured_reason
from segtrial.types.arrays import Bools

MINIMUM_CLASSES = 3
ALARM_LEVEL = 0.01


def untouched_classes(inputs: ContrastInput) -> Bools:
    """Classes that the change does not touch and that can be measured: bool (C).

    Truth in at least 10 images, all runs defined, not the same value in all runs. The number of
    seeds does not matter here: the median is printed even for single runs, without an alarm.
    """
    same_C = all_runs_agree(np.concatenate([inputs.base_SC, inputs.arm_SC]))
    measured = [not unmeasured_reason(inputs, c) for c in range(len(inputs.class_names))]
    return np.array(measured, np.bool_) & ~inputs.touched & ~same_C


def median_untouched(inputs: ContrastInput) -> tuple[float | None, bool]:
    """Median difference over the untouched classes, and whether it is beyond its noise.

    None with fewer than 3 such classes, or without runs. The alarm: each run is summarised by the
    median over those classes of (its value − the mean of all runs of both arms), which makes runs
    exchangeable if the arms are alike and keeps the noise that classes share; two-sample t with
    pooled variance on the runs, two-sided p < .01. No alarm with fewer than 3 seeds in an arm or
    where the medians of each arm are all alike (no noise to test against). It sees a shift of most
    classes at once, not of a few.
    """
    keep = untouched_classes(inputs)
    if np.count_nonzero(keep) < MINIMUM_CLASSES or not min(inputs.seeds):
        return None, False
    base_SC, arm_SC = inputs.base_SC[:, keep], inputs.arm_SC[:, keep]
    median = float(np.median(arm_SC.mean(axis=0) - base_SC.mean(axis=0)))
    if min(inputs.seeds) < MINIMUM_SEEDS:
        return median, False
    centre_C = np.concatenate([base_SC, arm_SC]).mean(axis=0)
    base_S = np.median(base_SC - centre_C, axis=1)
    arm_S = np.median(arm_SC - centre_C, axis=1)
    if max(np.ptp(base_S), np.ptp(arm_S)) <= SAME_VALUE:
        return median, False
    return median, bool(stats.ttest_ind(arm_S, base_S).pvalue < ALARM_LEVEL)
