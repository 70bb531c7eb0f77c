"""Section 3: the forest plot of a contrast as coordinates; the template draws them as SVG.

Two layouts of the same rows: wide (name, instances, plot, numbers in one line) and narrow (name
and numbers above the plot) for screens of 360 px. Units are CSS px at full size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segtrial.report.axis import Axis, TickView, cut, round_axis, tick_views
from segtrial.report.grades import by_role, is_tested
from segtrial.report.text import (
    UNDEFINED,
    count_text,
    defined,
    difference_text,
    interval_text,
    number_of,
)
from segtrial.types.comparison import ClassRow, Contrast, Interval

SHOWN_QUANTILE = 0.06  # of the bystanders' interval ends may lie beyond the axis, each side
NARROWEST = 0.004  # the axis reaches at least so far to both sides of zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things stand in a forest plot. `instances_x` None = not shown."""

    kind: str
    width: int
    row_height: int
    group_height: int
    name_x: float
    name_letters: float
    instances_x: float | None
    plot_left: float
    plot_right: float
    numbers_x: float
    text_y: float  # baseline, from the row's top
    plot_y: float
    ticks: int


WIDE = Layout(
    kind="wide",
    width=980,
    row_height=23,
    group_height=34,
    name_x=0,
    name_letters=23,
    instances_x=232,
    plot_left=262,
    plot_right=772,
    numbers_x=980,
    text_y=16,
    plot_y=11.5,
    ticks=8,
)
NARROW = Layout(
    kind="narrow",
    width=330,
    row_height=42,
    group_height=32,
    name_x=0,
    name_letters=20,
    instances_x=None,
    plot_left=16,
    plot_right=312,
    numbers_x=330,
    text_y=15,
    plot_y=28,
    ticks=5,
)
TOP = 40  # room for the axis labels above the rows
BOTTOM = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class BarView:
    """An interval from x `left` to `right`; an arrow where it goes on beyond the axis."""

    left: float
    right: float
    beyond_left: bool
    beyond_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One class: texts, the mark's x (None = undefined or beyond the axis), both intervals.

    `tone`: "loss", "gain", "equivalent", "inconclusive" or "untested": colour and mark.
    `text_y`, `plot_y`: where its text and its intervals stand.
    """

    text_y: float
    plot_y: float
    name: str
    full_name: str
    role: str
    instances: str
    numbers: str
    tone: str
    mark: float | None
    thick: BarView | None
    thin: BarView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestGroup:
    """A heading and the rows below it."""

    heading: str
    y: float
    rows: tuple[ForestRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestView:
    """A forest plot, ready to draw. `band`: x of the equivalence margin's two ends."""

    layout: Layout
    height: float
    top: float
    bottom: float
    zero: float
    band: tuple[float, float]
    ticks: tuple[TickView, ...]
    groups: tuple[ForestGroup, ...]
    title: str
    description: str


def forest_view(contrast: Contrast, margin: float, metric: str, layout: Layout) -> ForestView:
    """Lay out a contrast's classes: named, then bystanders, then untested, by role and instances.

    `margin`: half width of the equivalence band, in AP. An interval that leaves the axis is cut
    and marked with an arrow; its numbers stand beside it in full.
    """
    axis = forest_axis(contrast.classes, margin, layout)
    groups = []
    y = float(TOP)
    for heading, rows in _grouped(contrast):
        placed = []
        top = y + layout.group_height
        for index, row in enumerate(rows):
            placed.append(_row(row, axis, layout, top + index * layout.row_height))
        groups.append(
            ForestGroup(heading=heading, y=y + layout.group_height - 9, rows=tuple(placed))
        )
        y = top + len(rows) * layout.row_height
    return ForestView(
        layout=layout,
        height=y + BOTTOM,
        top=TOP,
        bottom=y + 4,
        zero=axis.x(0.0),
        band=(axis.inside(-margin), axis.inside(margin)),
        ticks=tick_views(axis, ticks=layout.ticks, signed=True),
        groups=tuple(groups),
        title=f"Forest plot: {contrast.arm} against {contrast.control}",
        description=_description(contrast, metric),
    )


def forest_axis(rows: Sequence[ClassRow], margin: float, layout: Layout) -> Axis:
    """An axis that holds zero, the margin, every tested difference, the named classes' intervals
    and nearly all others. Where nothing is tested, it holds what there is.
    """
    rows = [row for row in rows if is_tested(row)] or list(rows)
    values = [0.0, -1.5 * margin, 1.5 * margin, -NARROWEST, NARROWEST]
    lows, highs = [], []
    for row in rows:
        ends = _ends(row)
        if row.role != "other":
            values += ends
        elif ends:
            lows.append(min(ends))
            highs.append(max(ends))
        values += [v for v in (defined(row.difference),) if v is not None]
    if lows:
        values.append(float(np.quantile(lows, SHOWN_QUANTILE)))
        values.append(float(np.quantile(highs, 1 - SHOWN_QUANTILE)))
    return round_axis(
        min(values), max(values), left=layout.plot_left, right=layout.plot_right, ticks=layout.ticks
    )


def _ends(row: ClassRow) -> list[float]:
    """The defined ends of both intervals."""
    ends = (*row.interval_conditional, *row.interval_population)
    return [value for end in ends if (value := defined(end)) is not None]


def _grouped(contrast: Contrast) -> list[tuple[str, list[ClassRow]]]:
    rows = by_role(contrast.classes)
    named = [row for row in rows if row.role != "other"]
    others = [row for row in rows if row.role == "other" and is_tested(row)]
    untested = [row for row in rows if row.role == "other" and not is_tested(row)]
    groups = [
        ("Named by the change", named),
        ("Not named (exploratory)", others),
        ("Not testable", untested),
    ]
    return [(heading, group) for heading, group in groups if group]


def _row(row: ClassRow, axis: Axis, layout: Layout, y: float) -> ForestRow:
    difference = defined(row.difference)
    visible = difference is not None and axis.low <= difference <= axis.high
    numbers = difference_text(difference)
    interval = interval_text(row.interval_conditional)
    return ForestRow(
        text_y=y + layout.text_y,
        plot_y=y + layout.plot_y,
        name=cut(row.name, layout.name_letters - (6 if row.role in ("host", "target") else 0)),
        full_name=row.name,
        role=row.role if row.role in ("host", "target") else "",
        instances=count_text(row.instances),
        numbers=numbers if interval == UNDEFINED else f"{numbers} {interval}",
        tone=_tone(row),
        mark=axis.x(difference) if visible and difference is not None else None,
        thick=_bar(row.interval_conditional, axis),
        thin=_bar(row.interval_population, axis),
    )


def _tone(row: ClassRow) -> str:
    if not is_tested(row):
        return "untested"
    if row.verdict == "changed":
        return "loss" if row.difference is not None and row.difference < 0 else "gain"
    return "equivalent" if row.verdict == "equivalent" else "inconclusive"


def _bar(interval: Interval, axis: Axis) -> BarView | None:
    low, high = (defined(end) for end in interval)
    if low is None or high is None:
        return None
    return BarView(
        left=axis.inside(low),
        right=axis.inside(high),
        beyond_left=low < axis.low,
        beyond_right=high > axis.high,
    )


def _description(contrast: Contrast, metric: str) -> str:
    parts = []
    for heading, rows in _grouped(contrast):
        if heading == "Named by the change":
            parts += [
                f"{row.name}: {difference_text(row.difference)} "
                f"{interval_text(row.interval_conditional)}, {row.verdict}."
                for row in rows[:6]
            ]
        else:
            parts.append(f"{heading}: {number_of(len(rows), 'class', 'classes')}.")
    return (
        f"Difference in {metric} by class, arm minus control, with 95 % intervals. "
        + " ".join(parts)
        + " All numbers stand in the table of classes."
    )
