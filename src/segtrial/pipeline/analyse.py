"""Sealed runs → Comparison: the primary metric of each run, its image bootstrap, the contrasts."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from segtrial.evaluation.average_precision import ap_under_weights
from segtrial.pipeline.context import Context
from segtrial.pipeline.run_warnings import sameness_warnings
from segtrial.statistics import ContrastInput, compare_arms
from segtrial.store.codec import unpack_matches
from segtrial.store.folder import RunFolder
from segtrial.types.arrays import Bools, Floats, Longs
from segtrial.types.comparison import Comparison, Contrast, Role
from segtrial.types.errors import RecordError
from segtrial.types.evaluation import IouType, Matches
from segtrial.types.plan import Plan, PlannedArm, PlannedRun
from segtrial.types.randomness import generator

ESTIMAND = (
    "Mean over training seeds of the arm's metric minus the control's. The conditional interval "
    "is over training seeds, on this validation set; the population interval is over images too."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """One run's primary metric per class: `value` float64 (C), `resampled` float64 (B, C)."""

    value: Floats
    resampled: Floats


def image_weights(plan: Plan) -> Longs:
    """How often each validation image stands in each resample: int64 (B, I), rows sum to I.

    The same for all runs, classes and metrics of the trial.
    """
    draws = generator("bootstrap", plan.val_sha256)
    share = np.full(plan.val_images, 1 / plan.val_images)
    return draws.multinomial(plan.val_images, share, size=plan.resamples)


def analyse(
    context: Context,
    plan: Plan,
    sealed: frozenset[tuple[str, int]],
    report: Callable[[int, int], None] | None = None,
    *,
    free_controls: bool = False,
) -> Comparison:
    """Compare every arm with its control over the runs in `sealed`; the others are named.

    `free_controls`: runs of arms that do not touch a class join its control (`statistics/controls`
    says why that is off). Raises RecordError for records that are missing or of other data.
    """
    weights = image_weights(plan)
    runs = [run for run in plan.runs if (run.arm, run.seed) in sealed]
    measured: dict[tuple[str, int], Measured] = {}
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        jobs = {
            (run.arm, run.seed): threads.submit(_measure, context, plan, run, weights)
            for run in runs
        }
        for done, (key, job) in enumerate(jobs.items(), start=1):
            measured[key] = job.result()
            if report is not None:
                report(done, len(jobs))
    by_arm = {
        arm.name: [measured[arm.name, seed] for seed in plan.seeds if (arm.name, seed) in measured]
        for arm in plan.arms
    }
    return Comparison(
        trial=plan.trial,
        estimand=ESTIMAND,
        primary_metric=plan.primary,
        seeds=len(plan.seeds),
        failed_runs=tuple(
            f"{run.arm}/seed-{run.seed}" for run in plan.runs if (run.arm, run.seed) not in measured
        ),
        contrasts=tuple(
            _contrast(plan, arm, by_arm, free_controls=free_controls)
            for arm in plan.arms
            if arm.control is not None
        ),
        warnings=sameness_warnings(context, plan, sealed),
    )


def _measure(context: Context, plan: Plan, run: PlannedRun, weights: Longs) -> Measured:
    """The primary metric of one run, as it is and under the resamples."""
    matches = primary_matches(context, plan, run)
    wanted = thresholds_of(plan.primary, matches)
    ones = np.ones((1, plan.val_images), np.int64)
    value = ap_under_weights(matches, ones, wanted)[0][:, wanted].mean(axis=1)
    resampled = np.concatenate(
        [
            ap_under_weights(matches, part, wanted)[:, :, wanted].mean(axis=2)
            for part in np.array_split(weights, max(len(weights) // 200, 1))
        ]
    )
    return Measured(value=value, resampled=resampled)


def primary_matches(context: Context, plan: Plan, run: PlannedRun) -> Matches:
    """The run's matches of the primary metric's kind."""
    folder = RunFolder(context.run_path(run.arm, run.seed))
    data = folder.read("matches.npz")
    if data is None:
        raise RecordError("A record is missing.", where=str(folder.path / "matches.npz"))
    matches = unpack_matches(data, str(folder.path)).get(primary_kind(plan))
    got = (0, 0) if matches is None else (matches.images, matches.classes)
    if matches is None or got != (plan.val_images, len(plan.class_names)):
        raise RecordError(
            "A run was matched on other data than the plan's: it cannot be compared.",
            where=str(folder.path / "matches.npz"),
            expected=f"{primary_kind(plan)} matches on {plan.val_images} images, "
            f"{len(plan.class_names)} classes",
            got=f"{got[0]} images, {got[1]} classes" if matches else "none of that kind",
            next_step="delete the run's folder and run again",
        )
    return matches


def primary_kind(plan: Plan) -> IouType:
    """What the primary metric compares: boxes or masks."""
    return IouType.MASK if plan.primary.startswith("mask") else IouType.BOX


def thresholds_of(primary: str, matches: Matches) -> Bools:
    """Which of the IoU thresholds the metric is a mean over."""
    if primary.endswith("AP50"):
        return np.asarray(matches.thresholds == matches.thresholds[0])
    return np.ones(len(matches.thresholds), np.bool_)


def _contrast(
    plan: Plan, arm: PlannedArm, by_arm: dict[str, list[Measured]], *, free_controls: bool
) -> Contrast:
    assert arm.control is not None
    classes, resamples = len(plan.class_names), plan.resamples
    base, changed = by_arm[arm.control], by_arm[arm.name]
    single = len(base) == len(changed) == 1
    free_RC, free_BRC = _free_runs(plan, arm, by_arm if single or free_controls else {})
    return compare_arms(
        ContrastInput(
            arm=arm.name,
            control=arm.control,
            metric=plan.primary,
            class_names=plan.class_names,
            roles=tuple(role_of(arm, name) for name in plan.class_names),
            touched=np.array([name in arm.touched_classes for name in plan.class_names]),
            instances=np.array([plan.val_instances[name] for name in plan.class_names]),
            positive_images=np.array([plan.val_positive_images[n] for n in plan.class_names]),
            base_SC=_values(base, classes),
            arm_SC=_values(changed, classes),
            base_BSC=_resampled(base, resamples, classes),
            arm_BSC=_resampled(changed, resamples, classes),
            margin=plan.margin,
            confounded=arm.confounded,
            free_RC=free_RC,
            free_BRC=free_BRC,
            free_controls=free_controls,
        )
    )


def _free_runs(
    plan: Plan, arm: PlannedArm, by_arm: dict[str, list[Measured]]
) -> tuple[Floats, Floats]:
    """Runs of the other arms with the same control, NaN in the classes that their arm touches.

    Values (R, C) and resampled values (B, R, C). An arm that touches all classes, as every recipe
    change may, or that is confounded, has none.
    """
    values, resampled = [], []
    for other in plan.arms:
        touched = np.array([name in other.touched_classes for name in plan.class_names])
        like = other.control == arm.control and other.confounded is None
        if other.name == arm.name or not like or touched.all():
            continue
        for run in by_arm.get(other.name, []):
            values.append(np.where(touched, np.nan, run.value))
            resampled.append(np.where(touched, np.nan, run.resampled))
    if not values:
        return np.zeros((0, 0)), np.zeros((0, 0, 0))
    return np.array(values), np.stack(resampled, axis=1)


def _values(runs: list[Measured], classes: int) -> Floats:
    return np.array([run.value for run in runs], np.float64).reshape(len(runs), classes)


def _resampled(runs: list[Measured], resamples: int, classes: int) -> Floats:
    if not runs:
        return np.zeros((resamples, 0, classes))
    return np.stack([run.resampled for run in runs], axis=1)


def role_of(arm: PlannedArm, name: str) -> Role:
    """What a class is to an arm's change."""
    swap = arm.change.swap if arm.change is not None else None
    if swap is not None and name in {swap.host, swap.target}:
        return "host" if name == swap.host else "target"
    return "named" if name in arm.named_classes else "other"
