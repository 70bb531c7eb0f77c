"""From class rows to what a reader sees first: a grade per contrast, and the worst-hit class.

No statistic is computed here; verdicts are the comparison's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from segtrial.report.text import defined
from segtrial.types.comparison import ClassRow, Contrast, Role

Grade: TypeAlias = Literal[
    "changed", "equivalent", "inconclusive", "not testable", "confounded", "refused"
]

SEEDS_FOR_A_VERDICT = 3
ROLE_ORDER: dict[Role, int] = {"host": 0, "target": 1, "named": 2, "other": 3}


def grade(contrast: Contrast) -> Grade:
    """The one word for a contrast.

    Refused and confounded come first. Then the named classes decide; where the change names
    none, all testable classes do. "changed": at least one of them changed. "equivalent": all
    are. "not testable": none is testable. "inconclusive": anything else.
    """
    if contrast.status != "ok":
        return contrast.status
    tested = [row for row in contrast.classes if row.verdict != "not testable"]
    verdicts = {row.verdict for row in named(contrast) or tested}
    if "changed" in verdicts:
        return "changed"
    if verdicts == {"equivalent"}:
        return "equivalent"
    return "not testable" if verdicts <= {"not testable"} else "inconclusive"


def named(contrast: Contrast) -> list[ClassRow]:
    """The classes that the change names: host, target, then others by instances."""
    return [row for row in by_role(contrast.classes) if row.role != "other"]


def by_role(rows: Sequence[ClassRow]) -> list[ClassRow]:
    """Sorted by role, then instances (most first), then name."""
    return sorted(rows, key=lambda row: (ROLE_ORDER[row.role], -row.instances, row.name))


def is_tested(row: ClassRow) -> bool:
    """The row carries a verdict on its difference."""
    return row.verdict != "not testable" and defined(row.difference) is not None


def worst_hit(contrast: Contrast) -> tuple[str, ClassRow | None]:
    """The class to show first, under the heading that is true of it.

    The largest loss among changed classes; failing that among tested classes; failing that among
    all with a difference. A gain is shown only where no class lost.
    """
    rows = [row for row in contrast.classes if defined(row.difference) is not None]
    changed = [row for row in rows if row.verdict == "changed" and _difference(row) < 0]
    if changed:
        return "Worst-hit class", min(changed, key=_difference)
    tested = [row for row in rows if is_tested(row)]
    if not rows:
        return "No class has a difference", None
    worst = min(tested or rows, key=_difference)
    if _difference(worst) >= 0:
        return "No class lost; the largest gain", max(tested or rows, key=_difference)
    headings = {
        "inconclusive": "Largest loss, not told from noise",
        "equivalent": "Largest loss, within the margin",
    }
    return headings.get(worst.verdict, "Largest loss, not tested"), worst


def completed(contrast: Contrast) -> tuple[int, int]:
    """Runs with a result: of the control, of the arm."""
    return _runs([row.base_runs for row in contrast.classes]), _runs(
        [row.arm_runs for row in contrast.classes]
    )


def largest_changes(contrast: Contrast, *, limit: int) -> list[ClassRow]:
    """Classes that the change does not name, changed ones only, by size of the difference."""
    rows = [row for row in contrast.classes if row.role == "other" and row.verdict == "changed"]
    rows = [row for row in rows if defined(row.difference) is not None]
    return sorted(rows, key=lambda row: -abs(_difference(row)))[:limit]


def shown_classes(contrast: Contrast, *, limit: int) -> list[ClassRow]:
    """The named classes, or where there are none those with the largest differences."""
    rows = named(contrast)
    if not rows:
        tested = [row for row in contrast.classes if is_tested(row)]
        known = [row for row in contrast.classes if defined(row.difference) is not None]
        rows = sorted(
            tested or known, key=lambda row: (row.verdict != "changed", -abs(_difference(row)))
        )
    return rows[:limit]


def _difference(row: ClassRow) -> float:
    value = defined(row.difference)
    return 0.0 if value is None else value


def _runs(values: Sequence[tuple[float | None, ...]]) -> int:
    return max((sum(defined(v) is not None for v in runs) for runs in values), default=0)
