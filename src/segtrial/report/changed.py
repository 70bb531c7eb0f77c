"""Section 2: what each arm changed, in words, in the recipe, and in the training labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from segtrial.report.inputs import ReportInput
from segtrial.report.text import (
    count_text,
    number_of,
    percent_text,
    setting_text,
    settings,
)
from segtrial.types.plan import PlannedArm
from segtrial.types.trial import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """The declared change as parts of a sentence: a name stays a part, so that it can be marked.

    `kind`: "swap", "recipe", "none" (the arm declares no change) or "other" (told by `settings`).
    """

    kind: str
    share: str = ""
    host: str = ""
    target: str = ""
    drawn: str = ""
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceView:
    """One recipe key that differs from the control."""

    key: str
    control: str
    arm: str
    declared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedView:
    """One class whose number of training instances moved."""

    name: str
    before: str
    after: str
    moved: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmView:
    """What an arm changed. `ledger`: address and text of the link, or None."""

    name: str
    control: str | None
    change: ChangeView
    confounded: str
    differences: tuple[DifferenceView, ...]
    moved: tuple[MovedView, ...]
    unchanged: str
    ledger: tuple[str, str] | None


def arm_views(report: ReportInput) -> tuple[ArmView, ...]:
    """One view per arm, the controls as well, in the plan's order."""
    return tuple(_arm_view(arm, report.edits) for arm in report.plan.arms)


def change_view(change: Change | None) -> ChangeView:
    """A declared change as parts of a sentence."""
    if change is None:
        return ChangeView(kind="none")
    if change.swap is not None:
        swap = change.swap
        drawn = {
            "per_seed": "Which of them is drawn anew for each seed.",
            "fixed": "Which of them was drawn once: the claim covers this one draw only.",
        }
        return ChangeView(
            kind="swap",
            share=percent_text(swap.ratio),
            host=swap.host,
            target=swap.target,
            drawn=drawn[swap.draw],
        )
    if change.recipe is not None:
        return ChangeView(kind="recipe", settings=tuple(settings(change.recipe)))
    said = [(key, text) for key, text in settings(change) if text != setting_text(None)]
    return ChangeView(kind="other", settings=tuple(said))


def ledger_address(path: str) -> str:
    """A path as a relative address: no scheme, no host, whatever the path contains."""
    address = quote(path, safe="/")
    return "./" + address.lstrip("/") if address.startswith("//") else address


def _arm_view(arm: PlannedArm, edits: Mapping[str, str]) -> ArmView:
    names = list(dict.fromkeys([*arm.counts_before, *arm.counts_after]))
    moved = [
        MovedView(
            name=name,
            before=count_text(before),
            after=count_text(after),
            moved=f"{after - before:+,}".replace("-", "−"),
        )
        for name in names
        if (before := arm.counts_before.get(name, 0)) != (after := arm.counts_after.get(name, 0))
    ]
    still = len(names) - len(moved)
    return ArmView(
        name=arm.name,
        control=arm.control,
        change=change_view(arm.change),
        confounded=arm.confounded or "",
        differences=tuple(
            DifferenceView(
                key=difference.key,
                control=setting_text(difference.control),
                arm=setting_text(difference.arm),
                declared=difference.declared,
            )
            for difference in arm.differences
        ),
        moved=tuple(moved),
        unchanged=f"unchanged: {number_of(still, 'class', 'classes')}",
        ledger=_ledger(edits.get(arm.name)),
    )


def _ledger(path: str | None) -> tuple[str, str] | None:
    return None if path is None else (ledger_address(path), path)
