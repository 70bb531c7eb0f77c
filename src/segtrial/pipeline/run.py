"""A trial from file to report: the order of all stages, in one place."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from segtrial.engines.port import Listen
from segtrial.pipeline.amendment import Analysis, amend, analysis_of
from segtrial.pipeline.analyse import analyse
from segtrial.pipeline.context import Context
from segtrial.pipeline.execute import execute, run_warnings, sealed_runs, unfinished_runs
from segtrial.pipeline.label_flow import read_flow
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.publish import publish
from segtrial.pipeline.trial_file import parse_trial, read_trial
from segtrial.store.codec import to_json
from segtrial.store.folder import sweep, write_atomically
from segtrial.store.lock import hold
from segtrial.types.comparison import Comparison
from segtrial.types.errors import RecordError
from segtrial.types.label_flow import LabelFlow
from segtrial.types.plan import Plan, PlannedRun


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """place.json: what paths start from on this machine, and the command that made the records."""

    root: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a trial left: its comparison, its label flow (as on record), its report, and the
    unfinished runs with their reason.
    """

    comparison: Comparison
    flow: LabelFlow | None
    report: Path
    failed: tuple[tuple[PlannedRun, str], ...]
    warnings: tuple[str, ...]


def open_trial(path: Path, *, runs: Path, data: Path | None) -> Context:
    """The trial in a file; records go under `runs`, paths start from `data` or its folder."""
    trial = read_trial(path)
    return Context(
        name=path.stem,
        trial=trial,
        trial_text=path.read_text(encoding="utf-8"),
        root=(data or path.parent).resolve(),
        folder=(runs / path.stem).resolve(),
        command=shlex.join(
            ["segtrial", "run", str(path), *(["--data", str(data)] if data else [])]
        ),
    )


def reopen_trial(folder: Path) -> tuple[Context, Plan]:
    """The trial whose records lie in `folder` (`runs/<trial name>`), with the plan it ran.

    Raises RecordError where the folder holds no trial.
    """
    try:
        text = (folder / "trial.toml").read_text(encoding="utf-8")
        plan = msgspec.json.decode((folder / "plan.json").read_bytes(), type=Plan)
        place = msgspec.json.decode((folder / "place.json").read_bytes(), type=Place)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(
            "The folder holds no trial's records.",
            where=str(folder),
            expected="runs/<trial name>, as segtrial run leaves it",
            got=str(error),
        ) from error
    trial = parse_trial(text, where=str(folder / "trial.toml"))
    return (
        Context(
            name=plan.trial,
            trial=trial,
            trial_text=text,
            root=Path(place.root),
            folder=folder.resolve(),
            command=place.command,
        ),
        plan,
    )


def run_trial(
    context: Context,
    plan: Plan,
    *,
    workers: int,
    listen: Listen,
    analysing: Callable[[int, int], None] | None = None,
) -> Result:
    """Do what is missing, compare, and write the report."""
    with hold(context.folder):
        sweep(context.folder)
        plan = _amended(context, plan)
        write_atomically(context.folder / "trial.toml", context.trial_text.encode())
        write_atomically(context.folder / "plan.json", to_json(plan))
        place = Place(root=str(context.root), command=context.command)
        write_atomically(context.folder / "place.json", to_json(place))
        execute(context, plan, workers, listen)
        sealed = sealed_runs(context, plan)
        failed = unfinished_runs(context, plan, sealed)
        comparison = analyse(context, plan, sealed, analysing)
        report = publish(context, plan, comparison, sealed=sealed, failed=failed)
        return Result(
            comparison=comparison,
            flow=read_flow(context),
            report=report,
            failed=failed,
            warnings=run_warnings(context, plan, sealed),
        )


def _amended(context: Context, plan: Plan) -> Plan:
    """The plan, held against what was planned before; analysis.json is brought up to date.

    As long as no run has left a result, a trial may be changed freely.
    """
    path = context.folder / "analysis.json"
    kept = analysis_of(plan)
    if path.exists() and any((context.folder / "runs").glob("*/*/manifest.json")):
        try:
            before = msgspec.json.decode(path.read_bytes(), type=Analysis)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RecordError("A record is damaged.", where=str(path), got=str(error)) from error
        plan, kept = amend(plan, before, context.trial.amended)
    write_atomically(path, to_json(kept))
    return plan


__all__ = ["Result", "make_plan", "open_trial", "reopen_trial", "run_trial"]
