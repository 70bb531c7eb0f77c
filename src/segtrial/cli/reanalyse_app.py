"""`segtrial reanalyse`: published per-class tables of single runs, with sibling controls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segtrial.cli.guard import guarded


def reanalyse(
    tables: Annotated[
        list[str],
        typer.Argument(
            help="Per-class tables: CSV, Markdown or Ultralytics' console text; one file of "
            "several arms, a folder, or arm=FILE for each.",
            metavar="TABLE…",
        ),
    ],
    counts: Annotated[
        Path | None,
        typer.Option("--counts", help="CSV arm,cls,initial,final: what each arm touches."),
    ] = None,
    touched: Annotated[
        str | None,
        typer.Option(
            "--touched",
            help="What an arm touches, where neither counts nor a name like host2target say.",
            metavar="ARM:CLASS,…",
        ),
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", help="The base; else the arm of that name.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", help='As in "mask mAP50-95"; else box mAP50.')
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            help="Another study's tables: is the base one of them? May be repeated.",
            metavar="TABLE",
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--csv", help="Write every contrast; - is standard output.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """Reanalyse published tables of single runs: is the base a control, which effects remain."""
    from segtrial.cli.reanalyse_command import reanalyse_command
    from segtrial.pipeline.reanalyse import ReanalysisAsked

    with guarded():
        reanalyse_command(
            ReanalysisAsked(
                tables=tuple(tables),
                counts=counts,
                touched=touched,
                base=base,
                metric=metric,
                against=tuple(against or ()),
            ),
            table=table,
            as_json=as_json,
        )
