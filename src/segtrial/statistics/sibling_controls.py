"""Arms of one run each, compared with the arms that leave the class alone ("free controls").

Takes arrays, gives contrasts with a verdict and its reason; the base is judged in `base_check`,
noise in `sibling_noise`, sentences are written by the pipeline. Axes: R runs, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segtrial.statistics.intervals import t_interval
from segtrial.statistics.moderated import MINIMUM_INSTANCES, two_sided_p
from segtrial.statistics.multiplicity import holm
from segtrial.statistics.power import detectable_in_standard_errors
from segtrial.statistics.sibling_noise import SiblingNoise, sibling_noise
from segtrial.statistics.verdict import NAMED_LEVEL, POWER
from segtrial.statistics.wording import count, p_value, rounded_up
from segtrial.types.arrays import Bools, Floats, Longs, frozen
from segtrial.types.errors import InputError
from segtrial.types.reanalysis import SiblingContrast, SiblingVerdict, Touch

CONFIDENCE = 0.95
MINIMUM_SIBLINGS = 3
CLAIMED_SIBLINGS = 4  # as many as statistics.md (f) asks for without moderation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiblingInput:
    """Single runs over the same classes.

    `runs` (R): their names; `class_names` (C); `values_RC`: float64 (R, C), fractions 0–1, NaN =
    undefined; `instances`: float64 (C), NaN = not stated. `touches`: which run touches which
    class. `base`: the run that published differences are taken from, None = there is none;
    `base_is_control`: it may stand among the siblings. Raises InputError where sizes do not fit.
    """

    runs: tuple[str, ...]
    class_names: tuple[str, ...]
    values_RC: Floats
    instances: Floats
    touches: tuple[Touch, ...]
    base: str | None
    base_is_control: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "values_RC", frozen(self.values_RC, np.float64))
        object.__setattr__(self, "instances", frozen(self.instances, np.float64))
        shape = (len(self.runs), len(self.class_names))
        if self.values_RC.shape != shape or self.instances.shape != shape[1:]:
            raise InputError(
                "runs, classes and values do not fit",
                expected=f"values of shape {shape}",
                got=f"{self.values_RC.shape}, instances of shape {self.instances.shape}",
            )

    def siblings(self) -> Bools:
        """Which runs may be a control of which class: bool (R, C).

        They leave the class alone, it is defined in them, and they are not a doubted base.
        """
        allowed = np.isfinite(self.values_RC)
        for touch in self.touches:
            row, column = self.runs.index(touch.arm), self.class_names.index(touch.name)
            allowed[row, column] = False
        if self.base is not None and not self.base_is_control:
            allowed[self.runs.index(self.base)] = False
        return allowed


def sibling_contrasts(inputs: SiblingInput) -> tuple[tuple[SiblingContrast, ...], SiblingNoise]:
    """Every touched class of every arm against its siblings, in the order of `touches`.

    d = arm − mean of the k siblings; interval d ± t(df)·s̃·√(1 + 1/k) with s̃ and df = k − 1 + d0 of
    `sibling_noise`; p two-sided from the same t. Holm .05 over all testable contrasts together:
    they are the claims of one publication. Not testable: undefined in the arm, fewer than 20
    instances, fewer than 3 siblings, no noise to test against. "changed" says that this one run
    lies outside what its siblings show; not that the change would do it again.
    """
    sibling_RC = inputs.siblings()
    noise = sibling_noise(inputs.values_RC, sibling_RC, inputs.instances)
    rows = np.array([inputs.runs.index(t.arm) for t in inputs.touches], np.int64)
    columns = np.array([inputs.class_names.index(t.name) for t in inputs.touches], np.int64)
    why = [
        _untestable(inputs, noise, row, column)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    figures = _figures(inputs, noise, (rows, columns), np.array([not text for text in why], bool))
    return (
        tuple(
            _contrast(inputs, noise, sibling_RC[:, columns[i]], touch, figures, i, why[i])
            for i, touch in enumerate(inputs.touches)
        ),
        noise,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Figures:
    """Of K contrasts: float64 (K), `interval` (K, 2); NaN where not testable (not `difference`)."""

    difference: Floats
    interval: Floats
    p: Floats
    p_adjusted: Floats
    smallest_visible: Floats


def _figures(
    inputs: SiblingInput, noise: SiblingNoise, places: tuple[Longs, Longs], testable: Bools
) -> _Figures:
    rows, columns = places
    difference = inputs.values_RC[rows, columns] - noise.mean[columns]
    with np.errstate(divide="ignore"):
        error = noise.sd_moderated[columns] * np.sqrt(1 + 1 / noise.count[columns])
    error = np.where(testable, error, np.nan)
    # 1 stands where there is no df: the error is NaN there, and so is all that follows
    df = np.where(testable, noise.df[columns], 1.0)
    p = np.full(len(rows), np.nan)
    visible = np.full(len(rows), np.nan)
    tests = int(np.count_nonzero(testable))
    for i in np.flatnonzero(testable).tolist():
        p[i] = two_sided_p(difference[[i]], error[[i]], float(df[i]))[0]
        in_errors = detectable_in_standard_errors(
            float(df[i]), tests=tests, power=POWER, alpha=NAMED_LEVEL
        )
        visible[i] = in_errors * error[i]
    return _Figures(
        difference=difference,
        interval=t_interval(difference, error, df, confidence=CONFIDENCE),
        p=p,
        p_adjusted=holm(p),
        smallest_visible=visible,
    )


def _untestable(inputs: SiblingInput, noise: SiblingNoise, row: int, column: int) -> str:
    """Why a contrast cannot be tested, or an empty string."""
    if np.isnan(inputs.values_RC[row, column]):
        return "undefined in this arm"
    instances = inputs.instances[column]
    if instances < MINIMUM_INSTANCES:
        return f"{count(int(instances), 'instance')}; a verdict needs {MINIMUM_INSTANCES}"
    siblings = int(noise.count[column])
    if siblings < MINIMUM_SIBLINGS:
        others = count(siblings, "other arm") if siblings else "no other arm"
        verb = "leaves" if siblings < 2 else "leave"
        return f"{others} {verb} this class alone; a verdict needs {MINIMUM_SIBLINGS}"
    if not noise.sd_moderated[column] > 0:
        return "the siblings show no noise to test against"
    return ""


def _contrast(
    inputs: SiblingInput,
    noise: SiblingNoise,
    sibling_R: Bools,
    touch: Touch,
    figures: _Figures,
    i: int,
    why: str,
) -> SiblingContrast:
    column = inputs.class_names.index(touch.name)
    value = inputs.values_RC[inputs.runs.index(touch.arm), column]
    base = np.nan
    if inputs.base is not None:
        base = inputs.values_RC[inputs.runs.index(inputs.base), column]
    instances = inputs.instances[column]
    verdict: SiblingVerdict = "not testable"
    if not why:
        verdict = "changed" if figures.p_adjusted[i] < NAMED_LEVEL else "inconclusive"
    low, high = figures.interval[i]
    return SiblingContrast(
        arm=touch.arm,
        name=touch.name,
        role=touch.role,
        instances=int(instances) if np.isfinite(instances) else None,
        base=_number(base),
        value=_number(value),
        sibling_mean=_number(noise.mean[column]),
        siblings=tuple(name for name, is_one in zip(inputs.runs, sibling_R, strict=True) if is_one),
        published_difference=_number(value - base),
        difference=_number(figures.difference[i]),
        interval=(_number(low), _number(high)),
        sd=_number(noise.sd[column]),
        sd_moderated=_number(noise.sd_moderated[column]),
        df=_number(noise.df[column]),
        p=_number(figures.p[i]),
        p_adjusted=_number(figures.p_adjusted[i]),
        smallest_visible=_number(figures.smallest_visible[i]),
        verdict=verdict,
        reason=why or _reason(verdict, figures, i, int(noise.count[column])),
    )


def _reason(verdict: SiblingVerdict, figures: _Figures, i: int, siblings: int) -> str:
    """Why a testable contrast has its verdict."""
    against = f"against {count(siblings, 'sibling')}"
    if verdict == "inconclusive":
        return f"could have seen {rounded_up(figures.smallest_visible[i])} or more, {against}"
    tests = int(np.count_nonzero(np.isfinite(figures.p)))
    adjusted = f", adjusted for {count(tests, 'contrast')}" if tests > 1 else ""
    return f"{p_value(figures.p_adjusted[i])}{adjusted}, {against}"


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
