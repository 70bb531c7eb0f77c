"""The numbers of an evaluation as a person reads them on a terminal."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from segtrial.cli.show_intervals import show_intervals
from segtrial.cli.streams import plain, say
from segtrial.evaluation.ultralytics_table import table_lines
from segtrial.pipeline.evaluate import SILENT
from segtrial.report.text import UNDEFINED, count_text, number_of
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from rich.console import Console

    from segtrial.evaluation.ultralytics import UltralyticsScores
    from segtrial.evaluation.ultralytics_table import UltralyticsTable
    from segtrial.pipeline.evaluate import Evaluation
    from segtrial.types.evaluated import Evaluated, EvaluatedSlice

KINDS = ("box", "mask")
WIDE = 100  # columns of a terminal that has room for a class's notes


def show_evaluation(
    console: Console, found: Evaluation, predictions: int, *, per_class: bool
) -> None:
    """The numbers of the style, its classes where they are asked for, slices and notes."""
    answer = found.answer
    facts = (
        number_of(answer.images, "image"),
        number_of(answer.instances, "instance"),
        number_of(predictions, "prediction"),
    )
    say(console, f"{', '.join(facts)}; {answer.style}")
    if found.table is not None:
        lines = ultralytics_lines(found.table)
        for line in lines if per_class else lines[:2]:
            say(console, line, whole=True)
    else:
        _show_numbers(console, answer)
        if per_class:
            _show_classes(console, answer)
    show_intervals(console, answer, per_class=per_class)
    for (by, of), rows in groupby(answer.slices, key=lambda row: (row.by, row.of)):
        title = by if by in {"size", "frequency"} else f"{by} of {of}"
        _show_slices(console, title, list(rows))
    for note in answer.notes:
        say(console, f"note: {note}", style="dim", whole=True)


def ultralytics_lines(table: UltralyticsTable) -> list[str]:
    """Ultralytics' own table, but "–" for a precision of which nobody can speak.

    Ultralytics shows 1 or 0 there, and its means, which stay as they are, hold those.
    """
    shown = replace(
        table,
        box=_without_silent(table.box),
        mask=None if table.mask is None else _without_silent(table.mask),
    )
    lines = table_lines(table)[:2] + table_lines(shown)[2:]
    if table.box.iou_type == IouType.MASK:
        lines[0] = lines[0].replace(" Box(P", "Mask(P")
    return lines


def _without_silent(scores: UltralyticsScores) -> UltralyticsScores:
    silent = np.array([note in SILENT for note in scores.note], np.bool_)
    return replace(scores, precision=np.where(silent, np.nan, scores.precision))


def _show_numbers(console: Console, answer: Evaluated) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    known = {kind: getattr(answer, kind) for kind in KINDS if getattr(answer, kind) is not None}
    for kind in known:
        table.add_column(kind, justify="right")
    for metric in next(iter(known.values()), {}):
        table.add_row(metric, *(_number(numbers[metric]) for numbers in known.values()))
    console.print(table)


def _show_classes(console: Console, answer: Evaluated) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("class", overflow="fold", min_width=14)
    for name in ("images", "instances"):
        table.add_column(name, justify="right")
    kinds = [kind for kind in KINDS if getattr(answer, kind) is not None]
    for kind in kinds:
        for metric in ("AP50", "AP"):
            table.add_column(f"{kind} {metric}", justify="right")
    said = {getattr(row, f"{kinds[0]}_note") for row in answer.classes}
    notes = console.width >= WIDE and said != {""}
    if notes:
        table.add_column("", style="dim")
    for row in answer.classes:
        numbers = [getattr(row, kind)[metric] for kind in kinds for metric in ("AP50", "AP")]
        cells = [count_text(row.images), count_text(row.instances), *map(_number, numbers)]
        cells += [getattr(row, f"{kinds[0]}_note")] * notes
        table.add_row(plain(row.name), *cells)
    console.print()
    console.print(table)


def _show_slices(console: Console, title: str, rows: list[EvaluatedSlice]) -> None:
    kinds = [kind for kind in KINDS if getattr(rows[0], kind) is not None]
    table = Table(box=None, pad_edge=False)
    table.add_column(plain(title), overflow="fold", min_width=14)
    for name in ("images", "instances", "classes"):
        table.add_column(name, justify="right")
    for kind in kinds:
        for metric in ("AP50", "AP"):
            table.add_column(f"{kind} {metric}", justify="right")
    for row in rows:
        numbers = [getattr(row, kind)[metric] for kind in kinds for metric in ("AP50", "AP")]
        counts = map(count_text, (row.images, row.instances, row.classes))
        value = row.value if row.stated else f"({row.value})"
        table.add_row(plain(value), *counts, *map(_number, numbers))
    console.print()
    console.print(table)


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.4f}"
