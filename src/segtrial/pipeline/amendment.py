"""The analysis of a trial is fixed once there are results; what changes later needs a reason.

A metric, a class or a set of seeds chosen after the results were seen is no test. What was ever
planned is kept in analysis.json, so leaving an arm out and putting it back is seen as well.
"""

from __future__ import annotations

import msgspec

from segtrial.types.errors import TrialError
from segtrial.types.plan import Plan

MARK = "after runs were made:"


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """analysis.json: all that decides verdicts besides the runs, over every arm ever planned."""

    primary: str
    margin: float
    resamples: int
    seeds: tuple[int, ...]
    named: dict[str, tuple[str, ...]]
    controls: dict[str, str | None]
    notes: tuple[str, ...] = ()


def analysis_of(plan: Plan) -> Analysis:
    """What a plan's verdicts hang on."""
    return Analysis(
        primary=plan.primary,
        margin=plan.margin,
        resamples=plan.resamples,
        seeds=plan.seeds,
        named={arm.name: arm.named_classes for arm in plan.arms},
        controls={arm.name: arm.control for arm in plan.arms},
    )


def amend(plan: Plan, before: Analysis, why: str | None) -> tuple[Plan, Analysis]:
    """The plan with a note for all that differs from the analysis before, and the new analysis.

    Raises TrialError where metric, margin, resamples, named classes or controls differ, or seeds
    or arms are left out, and nobody says why. Added seeds are noted. Earlier notes are carried on.
    """
    now = analysis_of(plan)
    changes = _changes(before, now)
    if changes and why is None:
        raise TrialError(
            "The analysis was changed after runs were made.",
            where=plan.trial,
            expected="the analysis that was planned",
            got="; ".join(changes),
            next_step='bring it back, or state amended = "why" (the report will say it)',
        )
    added = [seed for seed in now.seeds if seed not in before.seeds]
    notes = [
        *before.notes,
        *(f"{MARK} {text} ({why})" for text in changes),
        *([f"{MARK} seeds {added} were added"] if added else []),
    ]
    kept = msgspec.structs.replace(
        now,
        named=before.named | now.named,
        controls=before.controls | now.controls,
        notes=tuple(dict.fromkeys(notes)),
    )
    return msgspec.structs.replace(plan, notes=plan.notes + kept.notes), kept


def _changes(before: Analysis, now: Analysis) -> list[str]:
    changes = [
        f"{key}: {getattr(before, key)} → {getattr(now, key)}"
        for key in ("primary", "margin", "resamples")
        if getattr(before, key) != getattr(now, key)
    ]
    for arm, classes in now.named.items():
        if arm in before.named and before.named[arm] != classes:
            old, new = (", ".join(names) or "none" for names in (before.named[arm], classes))
            changes.append(f"{arm}: named classes {old} → {new}")
        if arm in before.controls and before.controls[arm] != now.controls[arm]:
            changes.append(f"{arm}: control {before.controls[arm]} → {now.controls[arm]}")
    dropped = [seed for seed in before.seeds if seed not in now.seeds]
    if dropped:
        changes.append(f"seeds {dropped} are left out")
    changes += [f"arm {arm} is left out" for arm in before.named if arm not in now.named]
    return changes
