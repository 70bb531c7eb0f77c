"""Which runs are the control of each class: the control's own, or free controls as well.

A free control is a run of another arm with the same control that does not touch the class. Here
they are chosen and held against the control; estimates are `estimates`'. Axes: R runs, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.moderated import SAME_VALUE
from segtrial.statistics.power import MINIMUM_SEEDS
from segtrial.types.arrays import Bools, Floats

AGREEMENT_LEVEL = 0.05
MINIMUM_CLASSES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Controls:
    """`use_RC`: bool (S_base + R, C), which of the control's and the free runs count; `note`: in
    words, why free controls were used or not; empty where none were asked for.
    """

    use_RC: Bools
    note: str


def choose_controls(inputs: ContrastInput) -> Controls:
    """The control's runs; with `free_controls` also the free ones, once both agree.

    Agreement: over the classes that no free arm touches (at least 3), each run is summarised by the
    median of (its value − the mean of all these runs); two-sample t with pooled variance, base
    against free runs, two-sided p ≥ .05. Asked of all classes at once: asked class by class it
    would keep exactly those classes whose control runs lie far off, 5.9 % false positives at .05.

    Off unless asked for. Simulated with 3 seeds and 6 arms (`benchmarks.statistics_arms`): where
    the other arms leave a class truly alone, power for −.03 on 212 and 57 instances rises from 73
    and 44 % to 96 and 73 %, at 4.4 % false positives; but where they all move the classes they are
    said to leave alone by some .004 AP, each class its own way, no check sees it, false positives
    are 7 % and trials with a false exploratory discovery rise from 3 to 17 %; with .008 AP to 12
    and 43 %, more with 5 seeds. Relabelling may well do that.
    """
    own = np.ones(inputs.base_SC.shape, np.bool_)
    none = Controls(use_RC=np.concatenate([own, np.zeros(inputs.free_RC.shape, np.bool_)]), note="")
    if not inputs.free_controls:
        return none
    free_RC = np.isfinite(inputs.free_RC)
    why = _disagreement(inputs, free_RC)
    if why:
        return Controls(use_RC=none.use_RC, note=f"free controls are not used: {why}")
    use_RC = np.concatenate([own, free_RC])
    most = int(use_RC.sum(axis=0).max(initial=0))
    return Controls(
        use_RC=use_RC,
        note=f"runs of arms that do not touch a class are its controls too: up to {most} runs",
    )


def _disagreement(inputs: ContrastInput, free_RC: Bools) -> str:
    """Why the free runs cannot be taken for the control's, or an empty string."""
    if min(len(inputs.base_SC), len(inputs.free_RC)) < MINIMUM_SEEDS:
        return f"the control and the other arms need {MINIMUM_SEEDS} runs each to be held together"
    runs_RC = np.concatenate([inputs.base_SC, inputs.free_RC])
    keep = free_RC.all(axis=0) & np.isfinite(runs_RC).all(axis=0)
    if np.count_nonzero(keep) < MINIMUM_CLASSES:
        return f"fewer than {MINIMUM_CLASSES} classes are untouched by every other arm"
    summary_R = np.median(runs_RC[:, keep] - runs_RC[:, keep].mean(axis=0), axis=1)
    p = agreement_p(summary_R[: len(inputs.base_SC)], summary_R[len(inputs.base_SC) :])
    if p < AGREEMENT_LEVEL:
        return f"their untouched classes lie apart from those of {inputs.control} (p = {p:.3f})"
    return ""


def agreement_p(base_S: Floats, free_R: Floats) -> float:
    """p of a two-sample t on the runs' summaries; 1 where they agree without any noise, 0 where
    they differ without any.
    """
    if max(np.ptp(base_S), np.ptp(free_R)) <= SAME_VALUE:
        return float(abs(base_S.mean() - free_R.mean()) <= SAME_VALUE)
    return float(stats.ttest_ind(base_S, free_R).pvalue)
