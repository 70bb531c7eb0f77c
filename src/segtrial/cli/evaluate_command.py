"""What `segtrial evaluate` does: read, evaluate, show."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from rich.table import Table

from segtrial.cli.streams import plain, say, stderr, write_out
from segtrial.pipeline.evaluate import Style, evaluate, read_both, ultralytics_lines
from segtrial.report.text import UNDEFINED
from segtrial.store.codec import to_json
from segtrial.types.errors import TrialError
from segtrial.types.trial import FormatName

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from segtrial.types.evaluated import Evaluated


def evaluate_command(
    truth: Path,
    predictions: Path,
    *,
    style: Style,
    per_class: bool,
    leave_out: bool,
    label_format: str,
    split: str | None,
    as_json: bool,
) -> None:
    """Print the numbers of one style."""
    if label_format not in get_args(FormatName):
        known = ", ".join(get_args(FormatName))
        raise TrialError("There is no such format.", where="--format", expected=known)
    dataset, detections, notes = read_both(
        truth, predictions, label_format=label_format, split=split, leave_out=leave_out
    )
    answer = evaluate(dataset, detections, style, notes)
    if as_json:
        write_out(to_json(answer))
        return
    console = stderr()
    count = f"{len(detections):,} predictions"
    say(console, f"{answer.images:,} images, {answer.instances:,} instances, {count}; {style}")
    if style in {"ultralytics", "ultralytics-old"}:
        lines = ultralytics_lines(dataset, detections, style)
        for line in lines if per_class else lines[:2]:
            say(console, line, whole=True)
    else:
        _show_numbers(console, answer)
        if per_class:
            _show_classes(console, answer)
    for note in answer.notes:
        say(console, f"note: {note}", style="dim")


def _show_numbers(console: Console, answer: Evaluated) -> None:
    parts = {"box": answer.box, "mask": answer.mask}
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    known = {name: numbers for name, numbers in parts.items() if numbers is not None}
    for name in known:
        table.add_column(name, justify="right")
    for metric in next(iter(known.values()), {}):
        table.add_row(metric, *(_number(numbers[metric]) for numbers in known.values()))
    console.print(table)


def _show_classes(console: Console, answer: Evaluated) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("class", overflow="fold", min_width=14)
    for name in ("images", "instances"):
        table.add_column(name, justify="right")
    kinds = [kind for kind in ("box", "mask") if getattr(answer, kind) is not None]
    for kind in kinds:
        for metric in ("AP50", "AP"):
            table.add_column(f"{kind} {metric}", justify="right")
    for row in answer.classes:
        numbers = [getattr(row, kind)[metric] for kind in kinds for metric in ("AP50", "AP")]
        counts = (f"{row.images:,}", f"{row.instances:,}")
        table.add_row(plain(row.name), *counts, *map(_number, numbers))
    console.print()
    console.print(table)


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.4f}"
