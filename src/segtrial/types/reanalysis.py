"""Reanalysis: what published tables of single runs say once sibling arms are the control."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from segtrial.types.comparison import Interval

TouchedRole: TypeAlias = Literal["host", "target", "touched"]
BaseVerdict: TypeAlias = Literal["not a control", "agrees", "cannot tell", "absent"]
SiblingVerdict: TypeAlias = Literal["changed", "inconclusive", "not testable"]


class Touch(Struct, frozen=True, kw_only=True, rename={"name": "class"}):
    """A class whose labels an arm changed: `host` lost instances, `target` gained some."""

    arm: str
    name: str
    role: TouchedRole


class ArmShift(Struct, frozen=True, kw_only=True):
    """The classes that no arm touches, in one arm against the base.

    `median_difference`: median of arm − base; `lower`, `higher`, `equal`: numbers of classes;
    `sign_p`: two-sided sign test over lower and higher, as if classes were independent, which
    classes of one run are not: it describes, it does not decide.
    """

    arm: str
    median_difference: float
    lower: int
    higher: int
    equal: int
    sign_p: float | None


class BaseCheck(Struct, frozen=True, kw_only=True):
    """Whether the base run belongs to the arms, judged by `classes` that no arm touches.

    `shift`: what the arms have more than the base, in the metric's unit, with its 95 % interval
    and p over runs. `same_as`: tables of another study that are line for line the base's.
    `verdict`: "not a control": p < .05; "agrees": the 90 % interval lies within ± `margin` and no
    other study has the same table, and the base is used as one more control; else "cannot tell".
    "absent": no table is called the base.
    """

    base: str | None
    verdict: BaseVerdict
    sentence: str
    classes: int
    shift: float | None
    interval: Interval
    p: float | None
    margin: float
    arms: tuple[ArmShift, ...]
    same_as: tuple[str, ...]


class NoiseFit(Struct, frozen=True, kw_only=True):
    """SD of one run = exp(`intercept`)·n^`instances_power`·(AP(1 − AP))^`ap_power`.

    Fitted over `classes`; None where fewer than 15 can be used. `prior_df`: its weight beside a
    class's own siblings; `prior_df_fitted`: before the cap, None = infinite.
    """

    classes: int
    intercept: float | None
    instances_power: float | None
    ap_power: float | None
    prior_df: float
    prior_df_fitted: float | None


class SiblingContrast(Struct, frozen=True, kw_only=True, rename={"name": "class"}):
    """One class that an arm touches, against the base and against its siblings.

    `siblings`: the runs that are its control; `published_difference` = arm − base, `difference` =
    arm − mean of the siblings, with its 95 % interval. `sd`: of the siblings; `sd_moderated`:
    steadied by the other classes. `p_adjusted`: Holm over all testable contrasts.
    `smallest_visible`: the difference found with 80 % power. None = undefined, see `reason`.
    """

    arm: str
    name: str
    role: TouchedRole
    instances: int | None
    base: float | None
    value: float | None
    sibling_mean: float | None
    siblings: tuple[str, ...]
    published_difference: float | None
    difference: float | None
    interval: Interval
    sd: float | None
    sd_moderated: float | None
    df: float | None
    p: float | None
    p_adjusted: float | None
    smallest_visible: float | None
    verdict: SiblingVerdict
    reason: str


class Reanalysis(Struct, frozen=True, kw_only=True):
    """The answer for people (`base_check.sentence`, `effects`, `claims`) and all its figures."""

    metric: str
    arms: tuple[str, ...]
    sources: tuple[str, ...]
    classes: int
    untouched_classes: int
    effects: str
    base_check: BaseCheck
    noise: NoiseFit
    contrasts: tuple[SiblingContrast, ...]
    claims: tuple[str, ...]
    notes: tuple[str, ...]
