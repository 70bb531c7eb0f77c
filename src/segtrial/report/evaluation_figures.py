"""The figures of an evaluation's page as coordinates: curves, heat map, calibration, AP by IoU."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.report.axis import cut
from segtrial.report.evaluation_tables import metric_text
from segtrial.report.summary_figures import (
    CELL,
    HEAT_LEFT,
    HEAT_RIGHT,
    LABEL_LETTERS,
    LEVELS,
    CellView,
)
from segtrial.report.text import count_text, number_of

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Longs
    from segtrial.types.evaluation_page import Bin, EvaluationPage, KindPage

SIDE = 200  # of a unit square, in the SVG units of its curves
CURVES = 200  # classes with a curve, those with most truths
HEAT_CLASSES = 24
SLANT = 5.6  # height of an average letter of a slanted name, in SVG units
BINS_WIDTH, BINS_HEIGHT = 420, 316  # of the calibration diagram with its axes
LEFT, TOP, BASE = 42, 14, 258
IOU_WIDTH, IOU_HEIGHT = 420, 240
IOU_LEFT, IOU_RIGHT, IOU_TOP, IOU_BASE = 42, 356, 14, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveView:
    """Two curves of one class as SVG paths; `row`: of the class."""

    row: int
    name: str
    precision: str
    f1: str
    ap50: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvesView:
    """All curves of one kind, and their means; `x`: where the confidence lies on the F1's axis."""

    classes: tuple[CurveView, ...]
    mean_precision: str
    mean_f1: str
    x: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesView:
    """A line of points, each with its words; `tone`: a CSS class."""

    tone: str
    label: str
    label_y: float
    path: str
    points: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IouView:
    """AP by IoU threshold. `ticks`, `lines`: place and text along x and y."""

    series: tuple[SeriesView, ...]
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BinView:
    """A bar of the calibration diagram: where it lies, its words, and how many predictions."""

    x: float
    y: float
    width: float
    height: float
    count: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionView:
    """The heat map: names along the rows and along the columns, and cells, each with a tone."""

    size: tuple[int, int]
    top: int
    rows: tuple[tuple[str, str, int], ...]
    columns: tuple[tuple[str, str, int], ...]
    cells: tuple[tuple[CellView, str], ...]
    note: str


def curves_view(kind: KindPage, names: tuple[str, ...], truths: Longs) -> CurvesView:
    """The curves of the classes with most truths, in the order of their names in the picker."""
    held = np.flatnonzero(truths > 0)
    most = held[np.argsort(-truths[held], kind="stable")][:CURVES]
    curves = kind.curves
    classes = []
    for row in most.tolist():
        best = int(np.argmax(curves.f1[row]))
        area = metric_text(float(curves.precision[row].mean()))
        classes.append(
            CurveView(
                row=row,
                name=names[row],
                precision=path(curves.recall, curves.precision[row]),
                f1=path(curves.confidence, curves.f1[row]),
                ap50=area,
                words=f"{number_of(int(truths[row]), 'instance')}, area {area}; highest F1 "
                f"{curves.f1[row, best]:.2f} at confidence {curves.confidence[best]:.2f}",
            )
        )
    more = len(held) - len(most)
    note = f"The {CURVES} classes with most instances, of {len(held)}." if more else ""
    return CurvesView(
        classes=tuple(classes),
        mean_precision=path(curves.recall, curves.mean_precision),
        mean_f1=path(curves.confidence, curves.mean_f1),
        x=round(SIDE * min(max(kind.confidence, 0.0), 1.0), 1),
        note=note,
    )


def path(x: Floats, y: Floats) -> str:
    """A line through the unit square, y upwards; points on a straight piece are left out."""
    if np.isnan(y).any():
        return ""
    points = np.stack([np.round(SIDE * x), np.round(SIDE * (1 - y))], axis=1).astype(int)
    step = np.diff(points, axis=0)
    turns = np.any(step[1:] != step[:-1], axis=1)
    kept = points[np.concatenate([[True], turns, [True]])]
    return "M" + " ".join(f"{a},{b}" for a, b in kept.tolist())


def iou_view(page: EvaluationPage) -> IouView:
    """Mean AP at each IoU threshold, boxes and masks."""
    values = [ap for kind in page.kinds for _, ap in kind.ap_by_iou if ap is not None]
    highest = max(1, math.ceil(max(values, default=0.1) * 10)) / 10
    low, high = 0.5, 0.95

    def x(iou: float) -> float:
        return round(IOU_LEFT + (iou - low) / (high - low) * (IOU_RIGHT - IOU_LEFT), 1)

    def y(ap: float) -> float:
        return round(float(IOU_BASE - ap / highest * (IOU_BASE - IOU_TOP)), 1)

    series = []
    for kind in page.kinds:
        known = [(iou, ap) for iou, ap in kind.ap_by_iou if ap is not None]
        points = [
            (x(iou), y(ap), f"{kind.iou_type.value} AP at IoU {iou:.2f}: {metric_text(ap)}")
            for iou, ap in known
        ]
        if points:
            series.append(
                SeriesView(
                    tone=kind.iou_type.value,
                    label=kind.iou_type.value,
                    label_y=points[-1][1] + 4,
                    path="M" + " ".join(f"{a},{b}" for a, b, _ in points),
                    points=tuple(points),
                )
            )
    step = 0.2 if highest > 0.5 else 0.1
    marks = np.arange(0, highest + 1e-9, step).tolist()
    return IouView(
        series=_apart(series),
        ticks=tuple((x(iou), f"{iou:.2f}") for iou in (0.5, 0.6, 0.7, 0.8, 0.9)),
        lines=tuple((y(mark), f"{mark:.1f}") for mark in marks),
    )


def _apart(series: list[SeriesView]) -> tuple[SeriesView, ...]:
    """Labels at the ends of the lines, moved so far apart that both can be read."""
    if len(series) != 2 or abs(series[0].label_y - series[1].label_y) >= 14:
        return tuple(series)
    upper, lower = sorted(series, key=lambda one: one.label_y)
    middle = (upper.label_y + lower.label_y) / 2
    places = {upper.tone: middle - 7, lower.tone: middle + 7}
    return tuple(
        SeriesView(
            tone=one.tone,
            label=one.label,
            label_y=round(places[one.tone], 1),
            path=one.path,
            points=one.points,
        )
        for one in series
    )


def bin_views(bins: tuple[Bin, ...]) -> tuple[BinView, ...]:
    """Bars as high as the share that is right, from 0 to 1."""
    views = []
    for one in bins:
        x = LEFT + one.low * (BINS_WIDTH - LEFT - 8)
        width = (one.high - one.low) * (BINS_WIDTH - LEFT - 8)
        height = (BASE - TOP) * (one.right or 0.0)
        ends = f"score {one.low:.1f} to {one.high:.1f}"
        said = f"{ends}: {number_of(one.count, 'prediction')}"
        if one.count:
            said += f", mean score {metric_text(one.mean_score)}, right {metric_text(one.right)}"
        views.append(
            BinView(
                x=round(x + 1.5, 1),
                y=round(BASE - height, 1),
                width=round(width - 3, 1),
                height=round(height, 1),
                count=_short_count(one.count),
                words=said,
            )
        )
    return tuple(views)


def _short_count(count: int) -> str:
    return count_text(count) if count < 10_000 else f"{count / 1000:,.0f}k"


def confusion_view(kind: KindPage, names: tuple[str, ...]) -> ConfusionView | None:
    """Truth (rows) against what it was called (columns), of the classes that are mixed up most.

    With "missed" as last column and "nothing" as last row. None where no class was called another.
    """
    table = kind.table
    chosen = _mixed_up(table)
    if not chosen:
        return None
    background = len(names)
    labels = [names[c] for c in chosen]
    columns = _axis([*labels, "(missed)"])
    top = 20 + round(SLANT * max(len(short) for short, _, _ in columns))
    cells = []
    for y, truth in enumerate([*chosen, background]):
        for x, called in enumerate([*chosen, background]):
            number = int(table[truth, called])
            if not number:
                continue
            whole, words = _words(table, names, truth, called)
            level = min(int(number / whole * LEVELS), LEVELS - 1)
            tone = "right" if truth == called else "lost" if background in (truth, called) else ""
            place = CellView(x=HEAT_LEFT + x * CELL, y=top + y * CELL, level=level, title=words)
            cells.append((place, tone))
    held = int((table[:-1].sum(axis=1) > 0).sum())
    note = f"{number_of(len(chosen), 'class', 'classes')} of the {held} with truth, "
    note += "those that are mixed up most." if len(chosen) < held else "all of them."
    side = len(chosen) + 1
    return ConfusionView(
        size=(HEAT_LEFT + side * CELL + HEAT_RIGHT, top + side * CELL + 2),
        top=top,
        rows=_axis([*labels, "(nothing there)"]),
        columns=columns,
        cells=tuple(cells),
        note=note,
    )


def _mixed_up(table: Longs) -> list[int]:
    """The classes of the most frequent mix-ups, as many as the map has room for, in their order."""
    mixed = table[:-1, :-1].copy()
    np.fill_diagonal(mixed, 0)
    chosen: dict[int, None] = {}
    for place in np.argsort(-mixed, axis=None, kind="stable").tolist():
        truth, called = divmod(place, len(mixed))
        if not mixed[truth, called] or len({*chosen, truth, called}) > HEAT_CLASSES:
            break
        chosen |= {truth: None, called: None}
    return sorted(chosen)


def _words(table: Longs, names: tuple[str, ...], truth: int, called: int) -> tuple[int, str]:
    """Of how many, and the cell in words."""
    background, number = len(names), int(table[truth, called])
    if truth == background:
        whole = int(table[:, called].sum())
        return whole, (
            f"{count_text(number)} of {number_of(whole, 'prediction')} of {names[called]} "
            "where nothing is"
        )
    whole = int(table[truth].sum())
    became = "missed" if called == background else f"called {names[called]}"
    return whole, f"{names[truth]}: {count_text(number)} of {count_text(whole)} {became}"


def _axis(names: list[str]) -> tuple[tuple[str, str, int], ...]:
    return tuple((cut(name, LABEL_LETTERS), name, k * CELL) for k, name in enumerate(names))
