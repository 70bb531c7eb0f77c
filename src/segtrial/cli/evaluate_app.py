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
    PROPOSALS = "proposals"  # all classes are one


Truth = Annotated[Path, typer.Argument(help="Labels, of any format.", metavar="TRUTH")]
Predictions = Annotated[
    Path, typer.Argument(help="COCO results, or Scalabel frames.", metavar="PREDICTIONS")
]
Boxes = Annotated[bool, typer.Option("--boxes", help="Boxes alone.")]
Masks = Annotated[
    bool, typer.Option("--masks", help="Masks alone; else both, where there are masks.")
]
Slices = Annotated[
    str | None,
    typer.Option(
        "--slices",
        help="Parts of the data, too: size, frequency, or attributes of images or instances, as in "
        "weather,timeofday.",
        metavar="NAME,…",
    ),
]
Html = Annotated[
    Path | None,
    typer.Option("--html", help="Write a page, too: curves, mix-ups, errors.", metavar="FILE"),
]
Confidence = Annotated[
    float | None,
    typer.Option(
        "--confidence",
        min=0,
        max=1,
        help="Of the page's P, R and mix-ups; else where the mean F1 is highest.",
    ),
]
Csv = Annotated[
    Path | None,
    typer.Option(
        "--csv", help="Write every class's numbers; - is standard output.", metavar="FILE"
    ),
]
Intervals = Annotated[
    bool,
    typer.Option("--intervals", help="95 % intervals of AP and AP50 over images (coco, lvis)."),
]
LeaveOut = Annotated[
    bool, typer.Option("--leave-out", help="Leave predictions on other images or classes out.")
]


def evaluate(
    truth: Truth,
    predictions: Predictions,
    style: Annotated[Style, typer.Option("--style", help="Whose numbers.")] = Style.COCO,
    boxes: Boxes = False,
    masks: Masks = False,
    per_class: Annotated[bool, typer.Option("--per-class", help="Every class, too.")] = False,
    slices: Slices = None,
    html: Html = None,
    confidence: Confidence = None,
    intervals: Intervals = False,
    table: Csv = None,
    leave_out: LeaveOut = False,
    label_format: Annotated[str, typer.Option("--format", help="The labels' format.")] = "auto",
    split: Annotated[
        str | None, typer.Option("--split", help="train, val or test of a YOLO data set.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """Evaluate predictions: AP, AR, P and R as COCO, LVIS or Ultralytics compute them.

    Style "proposals": all classes are one, with up to 1000 detections an image. Style "trapezoid":
    the plain area under precision and recall, IoU strictly above the threshold.
    """
    from segtrial.cli.evaluate_command import Options, evaluate_command

    options = Options(
        truth=truth,
        predictions=predictions,
        style=style.value,
        boxes=boxes,
        masks=masks,
        per_class=per_class,
        slices=slices,
        html=html,
        confidence=confidence,
        intervals=intervals,
        table=table,
        leave_out=leave_out,
        label_format=label_format,
        split=split,
        as_json=as_json,
    )
    with guarded():
        evaluate_command(options)
