"""What each command does: call the pipeline, show the answer."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from segtrial.cli.guard import RUNS_FAILED
from segtrial.cli.progress import counting, showing
from segtrial.cli.show import show_comparison, show_flow, show_plan, show_status
from segtrial.cli.streams import plain, say, stderr, write_out
from segtrial.pipeline.analyse import analyse
from segtrial.pipeline.estimate import estimate_seconds
from segtrial.pipeline.execute import pending_runs, sealed_runs, unfinished_runs
from segtrial.pipeline.load import load_data
from segtrial.pipeline.publish import publish
from segtrial.pipeline.run import make_plan, open_trial, reopen_trial, run_trial
from segtrial.store.codec import to_json
from segtrial.store.lock import hold
from segtrial.types.plan import Plan
from segtrial.types.recipe import TorchvisionRecipe


def plan_command(trial: Path, *, runs: Path, data: Path | None, time: bool, as_json: bool) -> None:
    """Print the plan; estimate the time by training two batches unless `time` is off."""
    context = open_trial(trial, runs=runs, data=data)
    loaded = load_data(context.trial, root=context.root, generated=context.generated)
    plan = make_plan(context, loaded)
    if as_json:
        write_out(to_json(plan))
        return
    console = stderr()
    waiting = pending_runs(context, plan)
    show_plan(console, plan, waiting)
    if time and waiting:
        workers = workers_for(plan, None)
        with console.status("timing two batches of each arm's recipe"):
            seconds = estimate_seconds(context, plan, loaded, waiting, workers)
        minutes = seconds / 60
        text = f"{minutes:.0f} min" if minutes >= 1.5 else f"{max(seconds, 1):.0f} s"
        console.print(
            f"\nAbout {text} for {len(waiting)} runs on this machine, {workers} at a time."
        )


def run_command(trial: Path, *, runs: Path, data: Path | None, workers: int | None) -> None:
    """Run, show the verdicts and the report's place; exit code 3 where runs failed."""
    context = open_trial(trial, runs=runs, data=data)
    console = stderr()
    console.print(plain(f"{context.name}:", "bold"), "reading data and planning")
    plan = make_plan(context)
    waiting = pending_runs(context, plan)
    done = len(plan.runs) - len(waiting)
    count = workers_for(plan, workers)
    console.print(
        f"{len(plan.runs)} runs ({len(plan.arms)} arms × {len(plan.seeds)} seeds), {done} done, "
        f"{len(waiting)} to do, {count} at a time"
    )
    for note in plan.notes:
        say(console, f"note: {note}")
    with showing(console, waiting) as listen, counting(console, "comparing") as analysing:
        result = run_trial(context, plan, workers=count, listen=listen, analysing=analysing)
    for warning in result.warnings:
        say(console, f"warning: {warning}", style="yellow")
    show_comparison(console, result.comparison)
    show_flow(console, result.flow)
    say(console, f"\nReport: {result.report}", whole=True)
    if result.failed:
        for run, reason in result.failed:
            say(console, f"failed: {run.arm} seed {run.seed}: {reason}", style="red")
        raise typer.Exit(RUNS_FAILED)


def compare_command(folder: Path, *, as_json: bool, free_controls: bool = False) -> None:
    """Compare from the records, without the data."""
    context, plan = reopen_trial(folder)
    console = stderr()
    with counting(console, "comparing") as report:
        comparison = analyse(
            context, plan, sealed_runs(context, plan), report, free_controls=free_controls
        )
    if as_json:
        write_out(to_json(comparison))
    else:
        show_comparison(console, comparison)


def report_command(folder: Path) -> None:
    """Write comparison and report anew."""
    context, plan = reopen_trial(folder)
    with hold(context.folder):
        sealed = sealed_runs(context, plan)
        comparison = analyse(context, plan, sealed, None)
        failed = unfinished_runs(context, plan, sealed)
        path = publish(context, plan, comparison, sealed=sealed, failed=failed)
    say(stderr(), f"Report: {path}", whole=True)


def status_command(folder: Path) -> None:
    """List the runs."""
    context, plan = reopen_trial(folder)
    show_status(stderr(), context, plan)


def workers_for(plan: Plan, asked: int | None) -> int:
    """As asked; else as many as the cores hold, and one where a GPU is used."""
    if asked is not None:
        return asked
    if plan.environment.get("device", "cpu") != "cpu":
        return 1
    threads = max(
        (a.recipe.threads for a in plan.arms if isinstance(a.recipe, TorchvisionRecipe)), default=1
    )
    return max(1, (os.cpu_count() or 1) // threads)
