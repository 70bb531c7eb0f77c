"""Intervals of one run's AP as a person reads them on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from segtrial.cli.streams import plain
from segtrial.report.text import UNDEFINED, count_text

if TYPE_CHECKING:
    from rich.console import Console

    from segtrial.types.evaluated import Evaluated
    from segtrial.types.run_intervals import RunInterval, RunIntervals


def show_intervals(console: Console, answer: Evaluated, *, per_class: bool) -> None:
    """A table for boxes, one for masks: the mean, the rare classes together, every class."""
    for kind, found in (answer.intervals or {}).items():
        console.print()
        console.print(_table(kind, found, per_class=per_class))


def _table(kind: str, found: tuple[RunIntervals, ...], *, per_class: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(f"{kind}, intervals", overflow="fold", min_width=14)
    for name in ("images", "instances"):
        table.add_column(name, justify="right")
    for one in found:
        table.add_column(one.metric, justify="right")
        table.add_column("95 %", justify="right")
    table.add_column("", style="dim", overflow="fold")
    for cells in zip(*(_rows(one, per_class=per_class) for one in found), strict=True):
        first = cells[0]
        numbers = [text for cell in cells for text in (_number(cell.estimate), _interval(cell))]
        counts = (count_text(first.positive_images), count_text(first.instances))
        said = _met(first) if first.name in found[0].rare_classes else first.reason or first.method
        table.add_row(plain(first.name), *counts, *numbers, said)
    return table


def _rows(one: RunIntervals, *, per_class: bool) -> list[RunInterval]:
    rows = [one.mean, *([one.rare] if one.rare is not None else [])]
    return [*rows, *one.classes] if per_class else rows


def _met(row: RunInterval) -> str:
    """What can be said of a class that is in too few images: `3 of 4 met, 0.30–0.95`."""
    return f"{row.hits} of {row.instances} met, {row.hits_low:.2f}–{row.hits_high:.2f}"


def _interval(row: RunInterval) -> str:
    if row.low is None or row.high is None:
        return UNDEFINED
    return f"{row.low:.3f}–{row.high:.3f}"


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.4f}"
