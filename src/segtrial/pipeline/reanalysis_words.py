"""What a reanalysis says in words: of the base, of the effects, and what may be claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.report.text import difference_text, interval_text, listed, number_of
from segtrial.statistics.power import MINIMUM_SEEDS
from segtrial.statistics.sibling_controls import CLAIMED_SIBLINGS
from segtrial.statistics.wording import p_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.reanalysis import BaseCheck, SiblingContrast


def base_sentence(check: BaseCheck, metric: str) -> str:
    """One sentence, two where the table is another study's: may the base be used, and why."""
    if check.base is None:
        return "No table is called the base (--base NAME): there is no published difference."
    same = ""
    if check.same_as:
        same = (
            f" Its table is line for line that of {listed(check.same_as)}: "
            "it cannot be the control of both studies."
        )
    untouched = number_of(check.classes, "class", "classes")
    if check.shift is None:
        return (
            f"Whether {check.base} is a control cannot be told from "
            f"{number_of(len(check.arms), 'arm')} and {untouched} that no arm touches; "
            f"it is not used as one.{same}"
        )
    figures = (
        f"shift {difference_text(check.shift)} {interval_text(check.interval)}, "
        f"{p_value(check.p or 0)}"
    )
    match check.verdict:
        case "not a control":
            return f"{check.base} is not a control: {_moved(check, metric)} ({figures}).{same}"
        case "agrees":
            return (
                f"{check.base} agrees with the arms on {untouched} that no arm touches "
                f"({figures}; within ±{check.margin:g}): it is used as one more control."
            )
        case _:
            return (
                f"Whether {check.base} is a control cannot be told: on {untouched} that no arm "
                f"touches the {figures}; it is not used as one.{same}"
            )


def _moved(check: BaseCheck, metric: str) -> str:
    """`the 29 classes that no arm touches are lower in all 5 arms, …` with the counts."""
    down = (check.shift or 0) < 0
    moved = [arm.lower if down else arm.higher for arm in check.arms]
    with_it = sum((arm.median_difference < 0) == down for arm in check.arms)
    arms = f"all {with_it} arms" if with_it == len(moved) else f"{with_it} of {len(moved)} arms"
    few, many = min(moved), max(moved)
    span = f"{few}" if few == many else f"{few} to {many}"
    medians = sorted(abs(arm.median_difference) for arm in check.arms)
    return (
        f"classes that no arm touches are {'lower' if down else 'higher'} in {arms}, by "
        f"{medians[0]:.3f} to {medians[-1]:.3f} {metric} in the median, "
        f"{span} of {check.classes} classes in each"
    )


def effects_sentence(contrasts: Sequence[SiblingContrast], metric: str) -> str:
    """What is left of the published effects, the largest first, and what became of the hosts."""
    testable = [row for row in contrasts if row.verdict != "not testable"]
    if not testable:
        why = listed(sorted({row.reason for row in contrasts})) or "no arm touches a class"
        return f"No contrast can be tested: {why}."
    changed = sorted(
        (row for row in testable if row.verdict == "changed"),
        key=lambda row: -abs(row.difference or 0),
    )
    total = number_of(len(testable), "testable contrast")
    hosts = [row for row in testable if row.role == "host"]
    lost = [row for row in changed if row.role == "host" and (row.difference or 0) < 0]
    rest = ""
    if hosts and not lost:
        rest = f" No host class ({len(hosts)} testable) lost {metric} that can be told from noise."
    if not changed:
        return f"None of {total} can be told from noise once siblings are the control.{rest}"
    texts = [
        f"{row.name} {difference_text(row.difference)} {interval_text(row.interval)} "
        f"in {row.arm}" + _published(row)
        for row in changed
    ]
    return (
        f"Against the arms that leave the class alone, {len(changed)} of {total} "
        f"{'remains' if len(changed) == 1 else 'remain'} in {metric}: {'; '.join(texts)}.{rest}"
    )


def _published(row: SiblingContrast) -> str:
    if row.published_difference is None:
        return ""
    return f" (published {difference_text(row.published_difference)})"


def claims(contrasts: Sequence[SiblingContrast]) -> tuple[str, ...]:
    """What single runs may be said to show, and what not."""
    more = f"For a claim about the change, train each arm with {MINIMUM_SEEDS} seeds or more."
    testable = [row for row in contrasts if row.verdict != "not testable"]
    if not testable:
        return (more,)
    few = sorted({row.name for row in testable if len(row.siblings) < CLAIMED_SIBLINGS})
    leaning = (
        f"{listed(few)}: fewer than {CLAIMED_SIBLINGS} siblings, so the noise is mostly that of "
        "the other classes."
    )
    return (
        "One run an arm: changed says that this run lies outside what runs without the change "
        "show. That the change did it, and that training again would repeat it, it does not say.",
        "Siblings have changes of their own: the contrast takes for granted that these leave the "
        "class alone.",
        "The intervals cover training noise on these validation images, not other images.",
        *((leaning,) if few else ()),
        more,
    )
