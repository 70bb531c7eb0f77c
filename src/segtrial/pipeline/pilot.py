"""Records of a trial → its noise, for the planner: each run's metric, as it is and resampled.

Formulas: `statistics/noise_sources`. Axes: C classes, S seeds, B resamples.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from segtrial.pipeline.analyse import image_weights, primary_matches, thresholds_of
from segtrial.pipeline.execute import sealed_runs
from segtrial.pipeline.run_intervals import resampled_ap
from segtrial.statistics.noise_sources import NoiseSource, pilot_noise
from segtrial.types.errors import RecordError

if TYPE_CHECKING:
    from segtrial.pipeline.context import Context
    from segtrial.types.arrays import Floats, Longs
    from segtrial.types.plan import Plan, PlannedRun


def measured_noise(context: Context, plan: Plan, share_apart: float) -> NoiseSource:
    """Noise of every class of the trial, from the runs that are finished.

    Raises RecordError where none is, TrialError where no arm has two.
    """
    sealed = sealed_runs(context, plan)
    runs = [run for run in plan.runs if (run.arm, run.seed) in sealed]
    if not runs:
        raise RecordError(
            "The trial has no finished run.",
            where=str(context.folder),
            expected="runs of two seeds or more",
            next_step="finish it: segtrial run",
        )
    weights_BI = image_weights(plan)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        found = list(threads.map(lambda run: _run_ap(context, plan, run, weights_BI), runs))
    measured = [
        (run.arm, value, resampled) for run, (value, resampled) in zip(runs, found, strict=True)
    ]
    classes, arms = len(plan.class_names), [arm.name for arm in plan.arms]
    values, resamples = [], []
    for arm in arms:
        own = [(value, resampled) for name, value, resampled in measured if name == arm]
        values.append(np.array([v for v, _ in own], np.float64).reshape(len(own), classes))
        empty = np.zeros((plan.resamples, 0, classes))
        resamples.append(np.stack([r for _, r in own], axis=1) if own else empty)
    return pilot_noise(
        values,
        resamples,
        [None if arm.control is None else arms.index(arm.control) for arm in plan.arms],
        instances=np.array([plan.val_instances[name] for name in plan.class_names]),
        positive_images=np.array([plan.val_positive_images[n] for n in plan.class_names]),
        share_apart=share_apart,
    )


def _run_ap(
    context: Context, plan: Plan, run: PlannedRun, weights_BI: Longs
) -> tuple[Floats, Floats]:
    matches = primary_matches(context, plan, run)
    return resampled_ap(matches, weights_BI, (thresholds_of(plan.primary, matches),))[0]
