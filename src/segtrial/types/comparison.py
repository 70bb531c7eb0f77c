"""Comparison: contrast, class, estimate, intervals, p, verdict."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Verdict: TypeAlias = Literal["changed", "equivalent", "inconclusive", "not testable"]
Role: TypeAlias = Literal["host", "target", "named", "other"]
Interval: TypeAlias = tuple[float | None, float | None]


class ClassRow(Struct, frozen=True, kw_only=True, rename={"name": "class"}):
    """One class in one contrast. `None` = undefined, with its `reason`.

    `base`, `arm`: means over seeds of the primary metric; `difference` = arm − base.
    `base_runs`, `arm_runs`: the seeds' values, in the order of the trial's seeds.
    `interval_conditional`: 95 %, over training seeds on this validation set;
    `interval_population`: 95 %, over images too. `p`: moderated t; `p_adjusted`: Holm over the
    named classes, Benjamini–Hochberg over the others (`family`).
    `smallest_visible`: the effect found with 80 % power at this noise and number of tests.
    `seeds`: the fewer of `control_runs` and `tested_runs`, which count the runs behind `base` and
    `arm`. `permutation_p`: exact, over all ways to deal the runs; a check that decides nothing.
    """

    name: str
    role: Role
    instances: int
    positive_images: int
    seeds: int
    base: float | None
    arm: float | None
    difference: float | None
    base_runs: tuple[float | None, ...]
    arm_runs: tuple[float | None, ...]
    interval_conditional: Interval
    interval_population: Interval
    seed_sd: float | None
    seed_sd_moderated: float | None
    df: float | None
    p: float | None
    p_adjusted: float | None
    family: Literal["named", "exploratory", "none"]
    smallest_visible: float | None
    verdict: Verdict
    reason: str
    control_runs: int = 0
    tested_runs: int = 0
    permutation_p: float | None = None


class Stealth(Struct, frozen=True, kw_only=True):
    """Is the mean over the classes that the change does not touch shown to be unmoved?

    `classes`: how many; `base`, `arm`: mean over them and over seeds; `difference` = arm − base.
    `interval_90`: over training seeds; `p`: two one-sided tests against ±`margin`. "equivalent":
    p < .05, the interval lies within the margin; "not shown": anything else, which is no loss
    shown either. `reason`: the verdict in words. `None` = undefined.
    """

    classes: int
    base: float | None
    arm: float | None
    difference: float | None
    interval_90: Interval
    margin: float
    p: float | None
    verdict: Literal["equivalent", "not shown"]
    reason: str


class SinglePair(Struct, frozen=True, kw_only=True, rename={"name": "class"}):
    """One class where control and arm have one run each: two checkpoints, not a change.

    `difference`: of these two runs; `interval_images`: 95 %, over images, both runs fixed.
    `replicates`: single runs of arms that do not touch the class, the control's among them; from 4
    up `p`: the arm's run against them, `p_adjusted` within `family`. `None` = undefined, `reason`
    says why.
    """

    name: str
    role: Role
    difference: float | None
    interval_images: Interval
    replicates: int
    family: Literal["named", "exploratory", "none"]
    p: float | None
    p_adjusted: float | None
    reason: str


class Contrast(Struct, frozen=True, kw_only=True):
    """One arm against its control.

    `status`: "ok"; "confounded" = computed although more than one thing differs, `reason` says
    which; "refused" = not computed, `reason` says why. `median_untouched`: median difference over
    testable classes that the change does not touch; `median_untouched_alarm` = it is beyond its
    noise, the control may be broken. `verdict`: one sentence for a reader. `stealth`: the mean
    over those classes. `permutation_smallest_p`: the smallest `permutation_p` that these numbers
    of runs allow. `controls`: where free controls were asked for, how many there were or why there
    were none. `single_pairs`: where both arms have one run, what may be said of each class.
    """

    arm: str
    control: str
    status: Literal["ok", "confounded", "refused"]
    reason: str
    verdict: str
    median_untouched: float | None
    median_untouched_alarm: bool
    classes: tuple[ClassRow, ...]
    stealth: Stealth | None = None
    permutation_smallest_p: float | None = None
    controls: str = ""
    single_pairs: tuple[SinglePair, ...] = ()


class Comparison(Struct, frozen=True, kw_only=True):
    """The answer of a trial. `warnings`: what its runs give away that a reader must know."""

    trial: str
    estimand: str
    primary_metric: str
    seeds: int
    failed_runs: tuple[str, ...]
    contrasts: tuple[Contrast, ...]
    warnings: tuple[str, ...] = ()
