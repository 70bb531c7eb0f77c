"""Sealed runs → LabelFlow: what became of the relabelled classes' truths, arm beside base.

After all runs, since the confidence at which they are looked at is frozen on the base. Drawn from
the overlaps that each run keeps: no IoU is computed here. Plain numbers: `label_flow_records`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from segtrial.evaluation.any_class import match_any_class
from segtrial.evaluation.curves import at_confidence, confidence_curves, truth_counts
from segtrial.evaluation.ultralytics import GRID, best_confidence
from segtrial.pipeline.analyse import primary_kind, primary_matches
from segtrial.pipeline.label_flow_records import Seen, pair_flow
from segtrial.store.codec import unpack_detections, unpack_overlaps
from segtrial.store.folder import RunFolder
from segtrial.types.errors import RecordError
from segtrial.types.label_flow import ArmFlow, LabelFlow

if TYPE_CHECKING:
    from segtrial.pipeline.context import Context
    from segtrial.types.dataset import Dataset
    from segtrial.types.evaluation import IouType, Matches
    from segtrial.types.plan import Plan, PlannedArm, PlannedRun

FLOW = "flow.json"
IOU = 0.5
DEFINITION = (
    "What each truth of the host class became: detections at or above the confidence take truths "
    "of any class one to one, by falling score. The confidence is the mean over the control's "
    "complete runs of the one with the highest smoothed mean F1, and the same for all runs of the "
    "arm and of its control."
)


def label_flow(
    context: Context, plan: Plan, sealed: frozenset[tuple[str, int]], val: Dataset
) -> LabelFlow:
    """What became of the truths of every pair that an arm relabels, over the runs in `sealed`.

    `val`: the clean validation labels. An arm whose control has no run in `sealed` has no pairs and
    a reason. Raises RecordError for a record that is missing, damaged or of other labels.
    """
    runs = [run for run in plan.runs if (run.arm, run.seed) in sealed]
    controls: dict[str, tuple[list[float], list[Seen]]] = {}
    arms = []
    for arm in plan.arms:
        if not pairs_of(arm) or arm.control is None:
            continue
        if arm.control not in controls:
            controls = {arm.control: _seen_control(context, plan, runs, arm.control, val)}
        confidences, base = controls[arm.control]
        arms.append(_arm_flow(context, plan, arm, runs, val, confidences, base))
    return LabelFlow(
        trial=plan.trial,
        definition=DEFINITION,
        iou_type=str(primary_kind(plan)),
        iou_threshold=IOU,
        seeds=len(plan.seeds),
        arms=tuple(arms),
    )


def read_flow(context: Context) -> LabelFlow | None:
    """The flow on record, or None where there is none. Raises RecordError for a damaged one."""
    path = context.folder / FLOW
    try:
        return msgspec.json.decode(path.read_bytes(), type=LabelFlow)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(
            "A record is damaged.",
            where=str(path),
            got=str(error),
            next_step="write it anew with segtrial report",
        ) from error


def pairs_of(arm: PlannedArm) -> tuple[tuple[str, str], ...]:
    """(host, target) of each relabelling that the arm declares."""
    swap = arm.change.swap if arm.change is not None else None
    return () if swap is None else ((swap.host, swap.target),)


def frozen_confidence(base: Sequence[Matches]) -> float:
    """Mean over runs of the confidence at which the smoothed mean F1 at IoU .5 is highest.

    Each on a grid of 1000 confidences, over the classes with truth (`best_confidence`); detections
    that met a crowd count in neither precision nor recall. NaN without runs, or without truth.
    """
    if not base or not all(truth_counts(matches).any() for matches in base):
        return math.nan
    return math.fsum(_best(matches) for matches in base) / len(base)


def _best(matches: Matches) -> float:
    return float(GRID[best_confidence(confidence_curves(matches, IOU, GRID))])


def _seen_control(
    context: Context, plan: Plan, runs: list[PlannedRun], control: str, val: Dataset
) -> tuple[list[float], list[Seen]]:
    """Each run's own best confidence, and the runs at the mean of them."""
    own = [run for run in runs if run.arm == control]
    matches = [primary_matches(context, plan, run) for run in own]
    confidence = frozen_confidence(matches)
    if math.isnan(confidence):
        return [], []
    seen = [
        _seen(context, plan, run, table, val, confidence)
        for run, table in zip(own, matches, strict=True)
    ]
    return [_best(table) for table in matches], seen


def _seen(
    context: Context, plan: Plan, run: PlannedRun, matches: Matches, val: Dataset, at: float
) -> Seen:
    """One run at a confidence, from its records."""
    folder = RunFolder(context.run_path(run.arm, run.seed))
    kind: IouType = primary_kind(plan)
    detections = unpack_detections(_record(folder, "detections.npz"), str(folder.path))
    pairs = unpack_overlaps(_record(folder, "overlaps.npz"), str(folder.path)).get(kind)
    if (
        pairs is None
        or len(pairs.area_px) != len(detections)
        or pairs.truth_row.max(initial=-1) >= val.instances
    ):
        raise RecordError(
            "A record is not of the run's detections and labels.",
            where=str(folder.path / "overlaps.npz"),
            expected=f"{kind} overlaps of {len(detections)} detections, {val.instances} instances",
            next_step="delete the run's folder and run again",
        )
    flow = match_any_class(pairs, val, detections, confidence=at, iou_threshold=IOU)
    return Seen(seed=run.seed, flow=flow, point=at_confidence(matches, at, IOU))


def _record(folder: RunFolder, name: str) -> bytes:
    data = folder.read(name)
    if data is None:
        raise RecordError("A record is missing.", where=str(folder.path / name))
    return data


def _arm_flow(
    context: Context,
    plan: Plan,
    arm: PlannedArm,
    runs: list[PlannedRun],
    val: Dataset,
    confidences: list[float],
    base: list[Seen],
) -> ArmFlow:
    """The arm beside its control, pair by pair."""
    assert arm.control is not None
    if not base:
        reason = f"no run of {arm.control} is complete: there is nothing to freeze a confidence on"
        return ArmFlow(
            arm=arm.name,
            control=arm.control,
            confidence=None,
            base_confidences=(),
            reason=reason,
            pairs=(),
        )
    confidence = base[0].flow.confidence
    changed = [
        _seen(context, plan, run, primary_matches(context, plan, run), val, confidence)
        for run in runs
        if run.arm == arm.name
    ]
    return ArmFlow(
        arm=arm.name,
        control=arm.control,
        confidence=confidence,
        base_confidences=tuple(confidences),
        reason="",
        pairs=tuple(pair_flow(plan.class_names, pair, base, changed) for pair in pairs_of(arm)),
    )
