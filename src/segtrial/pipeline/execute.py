"""Plan → records: each run is fitted, predicted, matched, scored and sealed, once.

A run folder that is sealed with the plan's id is not touched again; one that is not goes on from
the last record it holds.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from segtrial.engines import Event, engine_for
from segtrial.engines.port import Listen
from segtrial.evaluation.average_precision import average_precision, mean_over_classes
from segtrial.evaluation.matching import Truth, match, prepare_truth
from segtrial.evaluation.overlaps import overlaps
from segtrial.geometry.rasterise import truth_masks
from segtrial.pipeline.arm_labels import write_arm
from segtrial.pipeline.context import Context
from segtrial.pipeline.load import Loaded, arm_labels, changes_labels
from segtrial.pipeline.plan import draws_masks
from segtrial.pipeline.planned_data import planned_data
from segtrial.store.codec import (
    pack_detections,
    pack_matches,
    pack_overlaps,
    to_json,
    unpack_detections,
)
from segtrial.store.folder import Recorder, RunFolder
from segtrial.trainers import trainer_for
from segtrial.trainers.port import Job, Served
from segtrial.types.arrays import IOU_THRESHOLDS
from segtrial.types.detections import Detections
from segtrial.types.errors import RecordError, RunError
from segtrial.types.evaluation import IouType, Scores
from segtrial.types.plan import Plan, PlannedArm, PlannedRun
from segtrial.types.progress import Report

FAILURE = "failure.json"
SCORE_RECORDS = ("overlaps.npz", "matches.npz", "scores.json")
OLDER_LAYOUT = "its records are an earlier version's: run the trial again, nothing is trained anew"


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """run.json: what a run is. Written first; a folder belongs to the run whose id it states."""

    run_id: str
    trial: str
    arm: str
    seed: int


@dataclass(frozen=True, slots=True)
class Bench:
    """What the runs of one process share: data, prepared truth."""

    context: Context
    plan: Plan
    loaded: Loaded
    truth: Truth


def pending_runs(context: Context, plan: Plan) -> list[PlannedRun]:
    """The runs that are not sealed.

    Raises RecordError where a folder holds a run of another trial, recipe, data or environment.
    """
    waiting = []
    for run in plan.runs:
        folder = RunFolder(context.run_path(run.arm, run.seed))
        held = held_run(folder)
        if held not in {None, run.run_id}:
            raise RecordError(
                "The folder holds a run of something else: the trial, the data, the weights or "
                "the installed libraries have changed since.",
                where=str(folder.path),
                expected=f"run {run.run_id[:12]}",
                got=f"run {held}"[:16],
                next_step="name another folder with --runs, or delete this one",
            )
        if not is_done(folder, run.run_id):
            waiting.append(run)
    return waiting


def held_run(folder: RunFolder) -> str | None:
    """The id of the run that the folder belongs to, or None where it belongs to none."""
    data = folder.read("run.json")
    try:
        return None if data is None else msgspec.json.decode(data, type=RunRecord).run_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        manifest = folder.manifest()
        return "unreadable" if manifest is None else manifest.run_id


def is_done(folder: RunFolder, run_id: str) -> bool:
    """Whether the run is complete and its manifest names every record of the last stage.

    A run of an earlier version may lack one: it is matched and scored anew from its detections.
    """
    manifest = folder.manifest()
    named = {} if manifest is None else manifest.stages.get("score", {})
    return named.keys() >= set(SCORE_RECORDS) and folder.is_complete(run_id)


def execute(context: Context, plan: Plan, workers: int, listen: Listen) -> None:
    """Do all runs that are not sealed, `workers` at a time; a failure is written down here."""
    todo = pending_runs(context, plan)

    def heard(event: Event) -> None:
        if event.kind == "failed":
            run = todo[event.index]
            reason = {"run_id": run.run_id, "reason": event.message}
            RunFolder(context.run_path(run.arm, run.seed)).write(FAILURE, to_json(reason))
        listen(event)

    _mend_arms(context, plan, {(run.arm, run.seed) for run in todo})
    if todo:
        work = functools.partial(perform, context, plan)
        engine_for(min(workers, len(todo))).run(todo, work, heard)


_cached: dict[bytes, Bench] = {}


def open_bench(context: Context, plan: Plan) -> Bench:
    """Data and prepared truth: read once a process, kept for the last trial asked for."""
    key = msgspec.json.encode((str(context.folder), plan))
    if key not in _cached:
        _cached.clear()
        loaded = planned_data(context, plan)
        masks = any(draws_masks(arm.recipe) for arm in plan.arms)
        truth = prepare_truth(loaded.val, truth_masks(loaded.val) if masks else None)
        _cached[key] = Bench(context, plan, loaded, truth)
    return _cached[key]


def perform(context: Context, plan: Plan, run: PlannedRun, report: Report) -> None:
    """One run, from its last sealed stage on."""
    report("load", 0, 1, "")
    bench = open_bench(context, plan)
    arm = next(a for a in plan.arms if a.name == run.arm)
    trainer = trainer_for(arm.recipe)
    folder = RunFolder(context.run_path(run.arm, run.seed))
    sound = folder.begin(run.run_id, trainer.scratch)
    job = Job(
        recipe=arm.recipe,
        seed=run.seed,
        class_names=plan.class_names,
        weights_root=context.root,
    )
    if "fit" not in sound:
        identity = RunRecord(run_id=run.run_id, trial=plan.trial, arm=run.arm, seed=run.seed)
        folder.write("run.json", to_json(identity))
        _fit(bench, run, job, folder, report)
    for name in trainer.scratch:
        folder.remove(name)
    if "predict" not in sound:
        found = trainer.predict(job, bench.loaded.val, folder, report)
        folder.write("detections.npz", pack_detections(found))
        folder.seal(run.run_id, "predict", ["detections.npz"])
    report("match", 0, 1, "")
    data = folder.read("detections.npz")
    assert data is not None, "sealed"
    _score(bench, unpack_detections(data, str(folder.path)), folder)
    folder.seal(run.run_id, "score", list(SCORE_RECORDS))
    report("match", 1, 1, "")


def _fit(bench: Bench, run: PlannedRun, job: Job, folder: RunFolder, report: Report) -> None:
    """Train on the arm's labels, and prove that the trainer saw them."""
    context, plan = bench.context, bench.plan
    spec = next(a for a in context.trial.arms if a.name == run.arm)
    train, edits = arm_labels(context.trial, spec, run.seed, bench.loaded.train)
    if train.fingerprint() != run.labels_sha256:
        raise RecordError("The training labels are not those of the plan.", where=run.arm)
    if edits is not None:
        write_arm(context, run, train, edits)
    trainer = trainer_for(job.recipe)
    recorder = Recorder(folder)
    served = trainer.fit(job, train, edits, recorder, report)
    check_served(served, next(a for a in plan.arms if a.name == run.arm))
    recorder.write("served.json", to_json(served))
    folder.seal(run.run_id, "fit", ["run.json", *(recorder.names - set(trainer.scratch))])


def _mend_arms(context: Context, plan: Plan, todo: set[tuple[str, int]]) -> None:
    """Write anew what is damaged of the labels and ledgers of runs that are done."""
    arms = {arm.name: arm for arm in context.trial.arms}
    for run in plan.runs:
        spec = arms[run.arm]
        folder = RunFolder(context.arm_path(run.arm, run.seed))
        kept = not changes_labels(context.trial, spec) or folder.holds("labels")
        if kept or (run.arm, run.seed) in todo:
            continue
        train = open_bench(context, plan).loaded.train
        labels, edits = arm_labels(context.trial, spec, run.seed, train)
        if edits is not None:
            write_arm(context, run, labels, edits)


def check_served(served: Served, arm: PlannedArm) -> None:
    """What the loader served is what the plan says. Raises RunError where it is not."""
    total = sum(served.instances.values()) + served.without_area
    expected = sum(arm.counts_after.values())
    wrong = {
        name: (arm.counts_after[name], count)
        for name, count in served.instances.items()
        if count > arm.counts_after[name] or count + served.without_area < arm.counts_after[name]
    }
    if wrong or total != expected:
        listed = ", ".join(
            f"{name}: {plan} planned, {got} served" for name, (plan, got) in wrong.items()
        )
        raise RunError(f"The trainer did not see the labels of the plan ({listed or total}).")


def _score(bench: Bench, detections: Detections, folder: RunFolder) -> None:
    """Overlaps, matches and scores, box and (where the model draws them) mask.

    Overlaps are of any two classes, from the lowest threshold up: the label flow reads them too.
    """
    kinds = [IouType.BOX, *([IouType.MASK] if detections.masks is not None else [])]
    floor = float(IOU_THRESHOLDS[0])
    pairs = {kind: overlaps(bench.truth, detections, kind, floor=floor) for kind in kinds}
    folder.write("overlaps.npz", pack_overlaps(pairs))
    tables = {kind: match(bench.truth, detections, kind, pairs=pairs[kind]) for kind in kinds}
    folder.write("matches.npz", pack_matches(tables))
    names = bench.plan.class_names
    scores = [average_precision(table, names) for table in tables.values()]
    folder.write("scores.json", to_json({s.iou_type: scores_record(s) for s in scores}))


def scores_record(scores: Scores) -> dict[str, object]:
    """Scores as plain numbers; undefined = None."""
    return {
        "AP": _number(mean_over_classes(scores.ap)),
        "AP50": _number(mean_over_classes(scores.ap, 0.5)),
        "AP75": _number(mean_over_classes(scores.ap, 0.75)),
        "classes": [
            {
                "name": name,
                "instances": int(scores.instances[row]),
                "images": int(scores.positive_images[row]),
                "AP": _number(float(scores.ap[row].mean())),
                "AP50": _number(float(scores.ap[row, 0])),
                "AP75": _number(float(scores.ap[row, 5])),
            }
            for row, name in enumerate(scores.class_names)
        ],
    }


def _number(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124  # NaN alone differs from itself


def sealed_runs(context: Context, plan: Plan) -> frozenset[tuple[str, int]]:
    """(arm, seed) of every run that is complete; each record is hashed once."""
    return frozenset(
        (run.arm, run.seed)
        for run in plan.runs
        if is_done(RunFolder(context.run_path(run.arm, run.seed)), run.run_id)
    )


def failed_runs(context: Context, plan: Plan) -> Iterator[tuple[PlannedRun, str]]:
    """The runs that failed when they were last tried, and why."""
    for run in plan.runs:
        data = RunFolder(context.run_path(run.arm, run.seed)).read(FAILURE)
        if data is not None:
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, KeyError):
                yield run, msgspec.json.decode(data, type=dict[str, str])["reason"]


def unfinished_runs(
    context: Context, plan: Plan, sealed: frozenset[tuple[str, int]]
) -> tuple[tuple[PlannedRun, str], ...]:
    """Every run that is not sealed, with the reason where one is known."""
    reasons = {(run.arm, run.seed): reason for run, reason in failed_runs(context, plan)}
    unfinished = []
    for run in plan.runs:
        if (run.arm, run.seed) not in sealed:
            folder = RunFolder(context.run_path(run.arm, run.seed))
            older = folder.is_complete(run.run_id) and not is_done(folder, run.run_id)
            reason = OLDER_LAYOUT if older else "did not finish"
            unfinished.append((run, reasons.get((run.arm, run.seed), reason)))
    return tuple(unfinished)


def run_warnings(
    context: Context, plan: Plan, sealed: frozenset[tuple[str, int]]
) -> tuple[str, ...]:
    """What the trainers of the sealed runs want a reader to know."""
    out = []
    for run in plan.runs:
        data = RunFolder(context.run_path(run.arm, run.seed)).read("served.json")
        if data is not None and (run.arm, run.seed) in sealed:
            warnings = msgspec.json.decode(data, type=Served).warnings
            out += [f"{run.arm} seed {run.seed}: {warning}" for warning in warnings]
    return tuple(out)
