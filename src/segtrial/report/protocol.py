"""Section 8: how the numbers came about, what they mean, and what this trial could not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from segtrial.report.grades import is_tested, named
from segtrial.report.inputs import ReportInput
from segtrial.report.text import (
    ap_text,
    count_text,
    defined,
    listed,
    number_of,
    setting_text,
    settings,
)
from segtrial.types.comparison import Contrast

ALPHA_NAMED = "0.05"
RATE_EXPLORATORY = "0.10"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A planned run and what determines it."""

    arm: str
    seed: str
    run_id: str
    labels: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenView:
    """What one contrast could not see."""

    arm: str
    untested: tuple[tuple[str, tuple[str, ...]], ...]  # reason → classes
    named: tuple[tuple[str, str], ...]  # class → smallest visible effect
    others: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolView:
    """The protocol as rows of label and text."""

    estimand: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    command: str
    versions: tuple[tuple[str, str], ...]
    hashes: tuple[tuple[str, str], ...]
    recipe_of: str
    recipe: tuple[tuple[str, str], ...]
    runs: tuple[RunView, ...]
    unseen: tuple[UnseenView, ...]


def protocol_view(report: ReportInput) -> ProtocolView:
    """Everything that a reader needs to judge or repeat the trial."""
    control = report.plan.arms[0] if report.plan.arms else None
    return ProtocolView(
        estimand=report.comparison.estimand,
        facts=_facts(report),
        notes=report.plan.notes,
        command=report.command,
        versions=tuple({**report.plan.environment, **report.versions}.items()),
        hashes=_hashes(report),
        recipe_of=control.name if control else "",
        recipe=tuple(_recipe(control.recipe)) if control else (),
        runs=tuple(
            RunView(arm=r.arm, seed=str(r.seed), run_id=r.run_id, labels=r.labels_sha256)
            for r in report.plan.runs
        ),
        unseen=tuple(_unseen(contrast) for contrast in report.comparison.contrasts),
    )


def _facts(report: ReportInput) -> tuple[tuple[str, str], ...]:
    plan = report.plan
    seeds = ", ".join(str(seed) for seed in plan.seeds)
    return (
        ("Primary metric", f"{report.comparison.primary_metric}: it alone decides"),
        ("Arms", ", ".join(arm.name for arm in plan.arms)),
        ("Seeds an arm", f"{len(plan.seeds)} ({seeds}), the same for every arm"),
        ("Training images", f"{count_text(plan.train_images)}, the same for every arm"),
        ("Validation images", f"{count_text(plan.val_images)}, labels never changed"),
        ("Classes", f"{count_text(len(plan.class_names))}, fixed before training"),
        ("Checkpoint", "the last of each run; training never sees the validation images"),
        ("Equivalence margin", f"± {plan.margin:g} AP"),
        ("Image resamples", f"{count_text(plan.resamples)}, the same for all classes and runs"),
        ("Level, named classes", f"{ALPHA_NAMED}, Holm over the classes that the change names"),
        (
            "Level, other classes",
            f"false discovery rate {RATE_EXPLORATORY}, Benjamini–Hochberg, exploratory",
        ),
    )


def _hashes(report: ReportInput) -> tuple[tuple[str, str], ...]:
    """The hashes handed in, and the plan's own where they are not among them."""
    rows = dict(report.hashes)
    own: Mapping[str, str] = {
        "training labels": report.plan.train_sha256,
        "validation labels": report.plan.val_sha256,
    }
    rows.update({label: text for label, text in own.items() if text not in rows.values()})
    return tuple(rows.items())


def _recipe(recipe: object) -> list[tuple[str, str]]:
    config = getattr(recipe, "__struct_config__", None)
    tag = getattr(config, "tag", None)
    return [("model", setting_text(tag)), *settings(recipe)] if tag else settings(recipe)


def _unseen(contrast: Contrast) -> UnseenView:
    untested: dict[str, list[str]] = {}
    for row in contrast.classes:
        if not is_tested(row):
            untested.setdefault(row.reason or "no reason was given", []).append(row.name)
    visible = [
        (row.name, value)
        for row in contrast.classes
        if row.role == "other" and (value := defined(row.smallest_visible)) is not None
    ]
    return UnseenView(
        arm=contrast.arm,
        untested=tuple((reason, tuple(names)) for reason, names in untested.items()),
        named=tuple(
            (row.name, ap_text(row.smallest_visible))
            for row in named(contrast)
            if defined(row.smallest_visible) is not None
        ),
        others=_others(visible),
    )


def _others(visible: list[tuple[str, float]]) -> str:
    if not visible:
        return ""
    effects = [value for _, value in visible]
    blindest = [name for name, value in visible if value == max(effects)]
    return (
        f"Of {number_of(len(visible), 'class', 'classes')} not named, half needed a change of at "
        f"least {ap_text(median(effects))} to be seen; the least visible, {listed(blindest[:3])}, "
        f"one of {ap_text(max(effects))}."
    )
