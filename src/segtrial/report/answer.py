"""Section 1: the verdict of each arm, its effect with interval, the worst-hit class, warnings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from segtrial.report.grades import (
    SEEDS_FOR_A_VERDICT,
    Grade,
    by_role,
    completed,
    grade,
    largest_changes,
    named,
    shown_classes,
    worst_hit,
)
from segtrial.report.inputs import ReportInput
from segtrial.report.text import (
    ap_text,
    difference_text,
    interval_text,
    listed,
    number_of,
    p_text,
)
from segtrial.types.comparison import ClassRow, Contrast, Verdict

EFFECTS = 6  # rows of the small table; all classes are in the section of tables
EXPLORATORY = 3
LONG = 200  # letters; a longer verdict is set in smaller type


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectView:
    """One class's effect as text."""

    name: str
    role: str
    base: str
    arm: str
    difference: str
    interval: str
    population: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """One contrast's answer. `worst_note`: what the worst-hit class's difference is worth.
    `checks`: what was looked at beside the verdicts. `warnings`: what keeps a reader from believing
    it as it stands.
    """

    anchor: str
    arm: str
    control: str
    grade: Grade
    sentence: str
    is_long: bool
    heading: str
    worst: EffectView | None
    worst_note: str
    effects: tuple[EffectView, ...]
    more: str
    rest: str
    checks: tuple[str, ...]
    warnings: tuple[str, ...]


def answer_views(report: ReportInput) -> tuple[AnswerView, ...]:
    """One answer per arm that has a control, in the plan's order."""
    contrasts = {contrast.arm: contrast for contrast in report.comparison.contrasts}
    views = []
    for index, arm in enumerate(report.plan.arms):
        if arm.name in contrasts:
            views.append(_answer(report, contrasts[arm.name], f"arm-{index}"))
        elif arm.control is not None:
            views.append(_unanswered(arm.name, arm.control, f"arm-{index}"))
    return tuple(views)


def effect_view(row: ClassRow) -> EffectView:
    """A class row as text."""
    return EffectView(
        name=row.name,
        role="not named" if row.role == "other" else row.role,
        base=ap_text(row.base),
        arm=ap_text(row.arm),
        difference=difference_text(row.difference),
        interval=interval_text(row.interval_conditional),
        population=interval_text(row.interval_population),
        verdict=row.verdict,
    )


def seed_limit(seeds: int) -> str:
    """What a trial with fewer than three seeds an arm may not claim; "" with three or more."""
    if seeds >= SEEDS_FOR_A_VERDICT:
        return ""
    if seeds == 1:
        return (
            "One seed an arm. This page may say that these two checkpoints differ on such "
            "images. It may not say that the change did it: retraining the same recipe with "
            "another seed moves a class's AP by as much. Every difference below is descriptive; "
            "no class has a verdict. A verdict takes at least 3 seeds an arm; 5 is the default."
        )
    return (
        f"{'Two seeds' if seeds == 2 else 'No seed'} an arm: too few for a verdict, which takes "
        "at least 3; 5 is the default. This page may not say that the change did, or did not, "
        "change a class. Every difference below is descriptive, and its interval wide."
    )


def _answer(report: ReportInput, contrast: Contrast, anchor: str) -> AnswerView:
    heading, worst = worst_hit(contrast)
    rows = shown_classes(contrast, limit=EFFECTS)
    if named(contrast):
        rows += largest_changes(contrast, limit=EXPLORATORY)
    return AnswerView(
        anchor=anchor,
        arm=contrast.arm,
        control=contrast.control,
        grade=grade(contrast),
        sentence=contrast.verdict,
        is_long=len(contrast.verdict) > LONG,
        heading=heading,
        worst=None if worst is None else effect_view(worst),
        worst_note=_worth(worst),
        effects=tuple(effect_view(row) for row in rows),
        more=_more(contrast, rows),
        rest=_rest(contrast),
        checks=_checks(contrast),
        warnings=_warnings(report, contrast),
    )


def _worth(worst: ClassRow | None) -> str:
    if worst is None:
        return ""
    gained = worst.difference is not None and worst.difference >= 0
    return f"{worst.verdict}, no class lost" if gained else worst.verdict


def _more(contrast: Contrast, shown: list[ClassRow]) -> str:
    """What the small table leaves out of what it would show."""
    hidden = [row for row in contrast.classes if row not in shown]
    named_hidden = sum(row.role != "other" for row in hidden)
    changed = sum(row.role == "other" and row.verdict == "changed" for row in hidden)
    parts = []
    if named_hidden:
        parts.append(number_of(named_hidden, "more named class", "more named classes"))
    if changed:
        parts.append(number_of(changed, "more changed class", "more changed classes"))
    return listed(parts)


def _unanswered(arm: str, control: str, anchor: str) -> AnswerView:
    return AnswerView(
        anchor=anchor,
        arm=arm,
        control=control,
        grade="not testable",
        sentence="This arm has no result: the comparison does not contain it.",
        is_long=False,
        heading="No class has a difference",
        worst=None,
        worst_note="",
        effects=(),
        more="",
        rest="",
        checks=(),
        warnings=(),
    )


def _rest(contrast: Contrast) -> str:
    """How the classes that the change does not name fared, in a sentence."""
    rows = [row for row in by_role(contrast.classes) if row.role == "other"]
    if not rows:
        return ""
    tally = Counter(row.verdict for row in rows)
    order: tuple[Verdict, ...] = ("changed", "equivalent", "inconclusive", "not testable")
    counted = listed([f"{tally[word]} {word}" for word in order if tally[word]])
    kind = "class that the change does not name"
    kinds = "classes that the change does not name"
    median = contrast.median_untouched
    shift = f" Their median difference is {difference_text(median)}." if median is not None else ""
    if contrast.median_untouched_alarm:
        shift = ""  # the warning says it
    if len(rows) == len(contrast.classes):
        return f"The change names no class, so all {len(rows)} are exploratory: {counted}.{shift}"
    return f"{number_of(len(rows), kind, kinds)} (exploratory): {counted}.{shift}"


def _checks(contrast: Contrast) -> tuple[str, ...]:
    """The untouched classes' mean, the permutation check, and free controls, in words."""
    said = []
    found = contrast.stealth
    if found is not None and found.difference is not None:
        label = "shown" if found.verdict == "equivalent" else "not shown"
        said.append(f"Stealth {label}: {found.reason}.")
    dealt = [
        f"{row.name} {p_text(row.permutation_p)}"
        for row in named(contrast)[:EFFECTS]
        if row.permutation_p is not None
    ]
    if dealt and contrast.permutation_smallest_p is not None:
        said.append(
            "Exact permutation over runs, a check that decides nothing, unadjusted p: "
            f"{listed(dealt)}. So many runs cannot give less than "
            f"{p_text(contrast.permutation_smallest_p)}."
        )
    if contrast.controls:
        said.append(f"{contrast.controls[0].upper()}{contrast.controls[1:]}.")
    return tuple(said)


def _warnings(report: ReportInput, contrast: Contrast) -> tuple[str, ...]:
    warnings = []
    if contrast.status != "ok" and contrast.reason.rstrip(". ") not in contrast.verdict:
        warnings.append(contrast.reason)
    if contrast.median_untouched_alarm:
        warnings.append(
            "Check or rerun the control before believing any difference here. A change cannot "
            "move classes that it does not touch, and yet their median moved by "
            f"{difference_text(contrast.median_untouched)}, which is beyond noise."
        )
    return (*warnings, *_missing_runs(report, contrast))


def _missing_runs(report: ReportInput, contrast: Contrast) -> list[str]:
    base_runs, arm_runs = completed(contrast)
    planned = len(report.plan.seeds)
    if contrast.status == "refused" or min(base_runs, arm_runs) >= planned:
        return []
    text = (
        f"Runs are missing: {base_runs} of {planned} of {contrast.control} and "
        f"{arm_runs} of {planned} of {contrast.arm} have a result."
    )
    few = min(base_runs, arm_runs) < SEEDS_FOR_A_VERDICT
    return [f"{text} A verdict takes {SEEDS_FOR_A_VERDICT} of each." if few else text]
