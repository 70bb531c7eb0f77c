"""Section 4: all classes of each contrast, and the scores of each arm, as rows of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segtrial.report.grades import by_role, is_tested
from segtrial.report.inputs import ReportInput, ScoreRow
from segtrial.report.text import (
    ap_text,
    count_text,
    defined,
    difference_text,
    interval_text,
    p_text,
)
from segtrial.types.comparison import ClassRow, Contrast

METRICS: tuple[tuple[str, Callable[[ScoreRow], float | None]], ...] = (
    ("box AP50", lambda row: row.box_ap50),
    ("box AP", lambda row: row.box_ap),
    ("mask AP50", lambda row: row.mask_ap50),
    ("mask AP", lambda row: row.mask_ap),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassView:
    """One row of the table of classes."""

    name: str
    role: str
    instances: str
    images: str
    base: str
    arm: str
    difference: str
    conditional: str
    population: str
    p: str
    p_adjusted: str
    verdict: str
    reason: str
    tested: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreView:
    """One row of an arm's scores; `cells` in the order of METRICS."""

    name: str
    images: str
    instances: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresView:
    """An arm's scores: the mean over classes, then every class. `covers`: what the mean covers."""

    arm: str
    mean: tuple[str, ...]
    covers: str
    rows: tuple[ScoreView, ...]


def class_views(contrast: Contrast) -> tuple[ClassView, ...]:
    """All classes of a contrast, sorted by role, then instances."""
    return tuple(_class_view(row) for row in by_role(contrast.classes))


def scores_views(report: ReportInput) -> tuple[ScoresView, ...]:
    """One table per arm that has score rows, classes in the plan's order."""
    order = {name: index for index, name in enumerate(report.plan.class_names)}
    views = []
    for arm in report.plan.arms:
        rows = [row for row in report.scores if row.arm == arm.name]
        rows.sort(key=lambda row: order.get(row.name, len(order)))
        if rows:
            views.append(_scores_view(arm.name, rows))
    return tuple(views)


def _class_view(row: ClassRow) -> ClassView:
    return ClassView(
        name=row.name,
        role="" if row.role == "other" else row.role,
        instances=count_text(row.instances),
        images=count_text(row.positive_images),
        base=ap_text(row.base),
        arm=ap_text(row.arm),
        difference=difference_text(row.difference),
        conditional=interval_text(row.interval_conditional),
        population=interval_text(row.interval_population),
        p=p_text(row.p),
        p_adjusted=p_text(row.p_adjusted),
        verdict=row.verdict,
        reason=row.reason,
        tested=is_tested(row),
    )


def _scores_view(arm: str, rows: Sequence[ScoreRow]) -> ScoresView:
    columns = [[defined(metric(row)) for row in rows] for _, metric in METRICS]
    known = [[value for value in column if value is not None] for column in columns]
    return ScoresView(
        arm=arm,
        mean=tuple(ap_text(sum(part) / len(part) if part else None) for part in known),
        covers=_covers([len(part) for part in known], len(rows)),
        rows=tuple(
            ScoreView(
                name=row.name,
                images=count_text(row.images),
                instances=count_text(row.instances),
                cells=tuple(ap_text(metric(row)) for _, metric in METRICS),
            )
            for row in rows
        ),
    )


def _covers(counts: Sequence[int], classes: int) -> str:
    """How many classes each mean covers: classes without a value are left out of it."""
    if len(set(counts)) == 1:
        return f"Mean over {counts[0]} of {classes} classes."
    parts = [f"{count} ({name})" for count, (name, _) in zip(counts, METRICS, strict=True)]
    return f"Means over {', '.join(parts)} of {classes} classes."
