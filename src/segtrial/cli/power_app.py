"""`segtrial power`: how many seeds and images it takes to see an effect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segtrial.cli.guard import guarded


def power(
    runs: Annotated[
        Path | None,
        typer.Option(
            "--runs", help="Noise of a pilot: a trial's records, runs/<trial name>.", metavar="RUNS"
        ),
    ] = None,
    instances: Annotated[
        str | None,
        typer.Option(
            "--instances",
            help="Published noise: validation instances of each class.",
            metavar="N,…",
        ),
    ] = None,
    ap: Annotated[
        str | None, typer.Option("--ap", help="And its AP, between 0 and 1.", metavar="AP,…")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            "--classes",
            help='As in bridge,"parking sign"; else those the trial names.',
            metavar="…",
        ),
    ] = None,
    effect: Annotated[
        float | None, typer.Option("--effect", help="The change of AP to be seen, such as .03.")
    ] = None,
    tests: Annotated[
        int | None,
        typer.Option("--tests", help="Classes tested together; else as many as are asked for."),
    ] = None,
    wanted: Annotated[float, typer.Option("--power", help="Chance to see the effect.")] = 0.8,
    seeds: Annotated[
        str, typer.Option("--seeds", help="Seeds an arm to be shown.", metavar="S,…")
    ] = "2,3,5,10",
    apart: Annotated[
        float | None,
        typer.Option(
            "--apart",
            help="Share of a run's image variance that another arm does not share, 0 to 1, where "
            "no pilot measures it; 0.15 unless stated.",
        ),
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Smallest effects in seed SDs, for any class.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """Plan a trial: how many seeds and images it takes to see an effect on named classes."""
    from segtrial.cli.power_command import Options, power_command

    options = Options(
        runs=runs,
        instances=instances,
        ap=ap,
        classes=classes,
        effect=effect,
        tests=tests,
        power=wanted,
        seeds=seeds,
        apart=apart,
        table=table,
        as_json=as_json,
    )
    with guarded():
        power_command(options)
