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


class Contrast(Struct, frozen=True, kw_only=True):
    """One arm against its control.

    `status`: "ok"; "confounded" = computed although more than one thing differs, `reason` says
    which; "refused" = not computed, `reason` says why. `median_untouched`: median difference over
    testable classes that the change does not touch; `median_untouched_alarm` = it is beyond its
    noise, the control may be broken. `verdict`: one sentence for a reader.
    """

    arm: str
    control: str
    status: Literal["ok", "confounded", "refused"]
    reason: str
    verdict: str
    median_untouched: float | None
    median_untouched_alarm: bool
    classes: tuple[ClassRow, ...]


class Comparison(Struct, frozen=True, kw_only=True):
    """The answer of a trial."""

    trial: str
    estimand: str
    primary_metric: str
    seeds: int
    failed_runs: tuple[str, ...]
    contrasts: tuple[Contrast, ...]
