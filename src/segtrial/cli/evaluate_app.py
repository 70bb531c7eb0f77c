"""`segtrial evaluate`: predictions of any tool against labels, without a trial."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from segtrial.cli.guard import guarded


class Style(StrEnum):
    """Whose numbers."""

    COCO = "coco"
    LVIS = "lvis"
    ULTRALYTICS = "ultralytics"
    ULTRALYTICS_OLD = "ultralytics-old"
    TRAPEZOID = "trapezoid"


def evaluate(
    truth: Annotated[Path, typer.Argument(help="Labels, of any format.", metavar="TRUTH")],
    predictions: Annotated[
        Path, typer.Argument(help="COCO results, or Scalabel frames.", metavar="PREDICTIONS")
    ],
    style: Annotated[Style, typer.Option("--style", help="Whose numbers.")] = Style.COCO,
    per_class: Annotated[bool, typer.Option("--per-class", help="Every class, too.")] = False,
    leave_out: Annotated[
        bool,
        typer.Option("--leave-out", help="Leave predictions on other images or classes out."),
    ] = False,
    label_format: Annotated[str, typer.Option("--format", help="The labels' format.")] = "auto",
    split: Annotated[
        str | None, typer.Option("--split", help="train, val or test of a YOLO data set.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """Evaluate predictions: AP, AR, P and R as COCO, LVIS or Ultralytics compute them."""
    from segtrial.cli.evaluate_command import evaluate_command

    with guarded():
        evaluate_command(
            truth,
            predictions,
            style=style.value,
            per_class=per_class,
            leave_out=leave_out,
            label_format=label_format,
            split=split,
            as_json=as_json,
        )
