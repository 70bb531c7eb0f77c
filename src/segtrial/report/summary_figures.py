"""The figures of a summary page as coordinates: histogram, ranked classes, heat map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segtrial.report.axis import cut
from segtrial.report.text import count_text, number_of, percent_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.labels import Bin, ClassSummary, CoOccurrence

HEIGHT, BASE = 170, 148  # of a bar chart and of its base line, in SVG units
TOP = 18
WIDTH, LEFT = 640, 66
HEAT_CLASSES = 40
CELL, HEAT_LEFT, HEAT_TOP = 16, 150, 120
HEAT_RIGHT = 70  # slanted names lean out
LEVELS = 8  # steps of shade in the heat map
LABEL_LETTERS = 20
NAMED_BARS = 10  # with more classes, the table below has the names
LETTER = 6.5  # width of an average letter, in SVG units


@dataclass(frozen=True, slots=True, kw_only=True)
class BarView:
    """A bar with its words; `tone`: a CSS class."""

    x: float
    y: float
    width: float
    height: float
    label: str
    number: str
    title: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLine:
    """A horizontal line of a scale."""

    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """Bars over a base line."""

    title: str
    description: str
    bars: tuple[BarView, ...]
    lines: tuple[GridLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """A cell of the heat map: column, row, and shade from 0 to LEVELS − 1."""

    x: int
    y: int
    level: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatView:
    """Shares of the row's images that hold the column's class, too."""

    size: tuple[int, int]
    names: tuple[tuple[str, str, int], ...]  # name cut to fit, whole name, place along the axis
    cells: tuple[CellView, ...]
    note: str


def histogram(bins: Sequence[Bin]) -> ChartView:
    """Images by their number of objects."""
    most = max((b.images for b in bins), default=0)
    step = (WIDTH - LEFT) / max(len(bins), 1)
    bars = []
    for place, b in enumerate(bins):
        label = f"{b.first}" if b.first == b.last else f"{b.first}–{b.last}"
        height = _visible((BASE - TOP) * b.images / max(most, 1), b.images)
        bars.append(
            BarView(
                x=round(LEFT + place * step + step * 0.08, 1),
                y=round(BASE - height, 1),
                width=round(min(step, 90) * 0.84, 1),
                height=round(height, 1),
                label=label,
                number=count_text(b.images),
                title=f"{label} objects: {number_of(b.images, 'image')}",
            )
        )
    words = "; ".join(bar.title for bar in bars)
    return ChartView(title="Objects per image", description=words, bars=tuple(bars))


def ranked_classes(rows: Sequence[ClassSummary]) -> ChartView:
    """Instances of the classes that have any, most first, on a logarithmic scale from 1."""
    held = sorted((row for row in rows if row.instances), key=lambda row: -row.instances)
    most = max((row.instances for row in held), default=1)
    decades = max(1, math.ceil(math.log10(most)))
    step = (WIDTH - LEFT) / max(len(held), 1)
    bars = []
    for place, row in enumerate(held):
        # half a unit below 1, so that a class of one instance can be seen
        height = (BASE - TOP) * (math.log10(row.instances) + 0.15) / (decades + 0.15)
        few = len(held) <= NAMED_BARS
        bars.append(
            BarView(
                x=round(LEFT + place * step + (step * 0.08 if few else 0), 2),
                y=round(BASE - height, 1),
                width=round(max(min(step, 90) * 0.86, 0.4), 2),
                height=round(height, 1),
                label=cut(row.name, step / LETTER) if few else "",
                number=count_text(row.instances) if few else "",
                title=f"{row.name}: {number_of(row.instances, 'instance')}",
                tone=f"group-{row.frequency or 'none'}",
            )
        )
    lines = tuple(
        GridLine(
            y=round(BASE - (BASE - TOP) * (k + 0.15) / (decades + 0.15), 1),
            text=count_text(10**k),
        )
        for k in range(decades + 1)
    )
    ends = f"from {held[0].instances} to {held[-1].instances}" if held else "none"
    words = f"{number_of(len(held), 'class', 'classes')} by falling instances, {ends}"
    return ChartView(
        title="Instances of each class, logarithmic",
        description=words,
        bars=tuple(bars),
        lines=lines,
    )


def _visible(height: float, count: int) -> float:
    return max(height, 1.5) if count else 0.0


def log_width(count: int, most: int) -> float:
    """A bar's width in percent on a logarithmic scale; 0 for 0 alone."""
    return round(100 * math.log1p(count) / math.log1p(max(most, 1)), 1)


def heat_map(rows: Sequence[ClassSummary], shared: CoOccurrence) -> HeatView | None:
    """The classes with most instances against one another; None without a matrix."""
    if shared.matrix is None:
        return None
    order = sorted(range(len(rows)), key=lambda c: -rows[c].instances)
    order = [c for c in order if rows[c].images][:HEAT_CLASSES]
    cells = []
    for y, one in enumerate(order):
        for x, other in enumerate(order):
            images = shared.matrix[one][other]
            if not images or one == other:
                continue
            share = images / rows[one].images
            title = (
                f"{rows[one].name} with {rows[other].name}: {count_text(images)} of "
                f"{number_of(rows[one].images, 'image')}, {percent_text(round(share, 3))}"
            )
            level = min(int(share * LEVELS), LEVELS - 1)
            cells.append(
                CellView(x=_at(x, HEAT_LEFT), y=_at(y, HEAT_TOP), level=level, title=title)
            )
    held = sum(row.images > 0 for row in rows)
    note = f"The {len(order)} classes with most instances, of {held}." if held > len(order) else ""
    names = tuple(
        (cut(rows[c].name, LABEL_LETTERS), rows[c].name, k * CELL) for k, c in enumerate(order)
    )
    size = (_at(len(order), HEAT_LEFT) + HEAT_RIGHT, _at(len(order), HEAT_TOP) + 2)
    return HeatView(size=size, names=names, cells=tuple(cells), note=note)


def _at(place: int, begin: int) -> int:
    return begin + place * CELL
