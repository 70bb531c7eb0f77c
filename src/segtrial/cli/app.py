"""The commands. JSON goes to standard output, everything else to standard error."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from segtrial.cli.data_app import data_app
from segtrial.cli.evaluate_app import evaluate
from segtrial.cli.guard import guarded
from segtrial.cli.power_app import power
from segtrial.cli.reanalyse_app import reanalyse

app = typer.Typer(
    name="segtrial",
    help="Controlled trials on detection and instance segmentation: "
    "what did this change do to my segmentation model?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_app)
app.command()(evaluate)
app.command()(power)
app.command()(reanalyse)

TrialFile = Annotated[Path, typer.Argument(help="The trial, a TOML file.", metavar="TRIAL")]
RunsRoot = Annotated[Path, typer.Option("--runs", help="Where records go: DIR/<trial name>.")]
DataRoot = Annotated[
    Path | None,
    typer.Option("--data", help="What paths in the trial start from; else the trial's folder."),
]
Folder = Annotated[
    Path, typer.Argument(help="A trial's records: runs/<trial name>.", metavar="RUNS")
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Runs at a time; default: as the cores allow."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


def _version(wanted: bool) -> None:  # typer's callback
    if wanted:
        from segtrial import __version__

        typer.echo(f"segtrial {__version__}")
        raise typer.Exit


def again(words: list[str], options: Mapping[str, object]) -> str:
    """The command that was given, ready to be pasted into a shell; options of None left out."""
    given = [
        part for name, value in options.items() if value is not None for part in (name, str(value))
    ]
    return shlex.join(["segtrial", *words, *given])


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Where records go.")] = Path("runs"),
    workers: Workers = None,
) -> None:
    """Train a base and a swap arm on generated street scenes, and compare them."""
    from segtrial.cli.commands import run_command

    trial = Path(__file__).with_name("demo.toml")
    with guarded(resume=again(["demo"], {"--out": out, "--workers": workers})):
        run_command(trial, runs=out, data=None, workers=workers)


@app.command()
def plan(
    trial: TrialFile,
    data: DataRoot = None,
    runs: RunsRoot = Path("runs"),
    time: Annotated[
        bool, typer.Option("--time/--no-time", help="Estimate the time by training two batches.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Show what a trial expands to: arms, differences, label counts, runs, what it can see."""
    from segtrial.cli.commands import plan_command

    with guarded():
        plan_command(trial, runs=runs, data=data, time=time, as_json=as_json)


@app.command()
def run(
    trial: TrialFile,
    data: DataRoot = None,
    runs: RunsRoot = Path("runs"),
    workers: Workers = None,
) -> None:
    """Run a trial: what is already done is not done again. Ends with verdict and report."""
    from segtrial.cli.commands import run_command

    options = {"--data": data, "--runs": runs, "--workers": workers}
    with guarded(resume=again(["run", str(trial)], options)):
        run_command(trial, runs=runs, data=data, workers=workers)


@app.command()
def compare(
    folder: Folder,
    as_json: AsJson = False,
    free_controls: Annotated[
        bool,
        typer.Option(
            "--free-controls",
            help="Runs of arms that do not touch a class join its control: surer, unless a "
            "change reaches classes that it does not name.",
        ),
    ] = False,
) -> None:
    """Compare the arms of a trial from its records, and show the verdicts."""
    from segtrial.cli.commands import compare_command

    with guarded():
        compare_command(folder, as_json=as_json, free_controls=free_controls)


@app.command()
def report(folder: Folder) -> None:
    """Write comparison and report.html anew from a trial's records."""
    from segtrial.cli.commands import report_command

    with guarded():
        report_command(folder)


@app.command()
def status(folder: Folder) -> None:
    """List the runs of a trial: done, begun, waiting, failed and why."""
    from segtrial.cli.commands import status_command

    with guarded():
        status_command(folder)
