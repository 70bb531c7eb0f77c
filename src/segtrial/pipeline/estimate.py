"""How long a trial will take: measured on two batches of each recipe, not guessed."""

from __future__ import annotations

import math

from segtrial.pipeline.context import Context
from segtrial.pipeline.load import Loaded
from segtrial.trainers import trainer_for
from segtrial.trainers.port import Job
from segtrial.types.plan import Plan, PlannedRun


def estimate_seconds(
    context: Context, plan: Plan, loaded: Loaded, waiting: list[PlannedRun], workers: int
) -> float:
    """Wall seconds for the waiting runs, `workers` at a time, loading and analysis not counted.

    Each different recipe is timed once, alone: runs side by side may slow one another down.
    """
    per_arm: dict[str, float] = {}
    seen: list[tuple[object, float]] = []
    for arm in plan.arms:
        known = [seconds for recipe, seconds in seen if recipe == arm.recipe]
        if not known:
            job = Job(
                recipe=arm.recipe,
                seed=plan.seeds[0],
                class_names=plan.class_names,
                weights_root=context.root,
            )
            known = [trainer_for(arm.recipe).estimate_seconds(job, loaded.train, loaded.val)]
            seen.append((arm.recipe, known[0]))
        per_arm[arm.name] = known[0]
    total = sum(per_arm[run.arm] for run in waiting)
    rounds = math.ceil(len(waiting) / workers) * workers / max(len(waiting), 1)
    return total * rounds / workers
