"""Sealed runs → what they give away by being the same: seeds, changes or draws that do nothing.

Read from the hashes on each run's manifest; no record is evaluated. What a trainer itself wants
said stands in its `Served`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.statistics.wording import series
from segtrial.store.codec import unpack_detections
from segtrial.store.folder import RunFolder

if TYPE_CHECKING:
    from segtrial.pipeline.context import Context
    from segtrial.types.plan import Plan, PlannedArm

DETECTIONS = "detections.npz"


def sameness_warnings(
    context: Context, plan: Plan, sealed: frozenset[tuple[str, int]]
) -> tuple[str, ...]:
    """Of the runs in `sealed`: seeds of an arm that are identical, arms that are identical to
    their control seed by seed, and label changes that drew the same instances in every seed.
    """
    digest = {
        (run.arm, run.seed): _digest(context, run.arm, run.seed)
        for run in plan.runs
        if (run.arm, run.seed) in sealed
    }
    return (
        *_same_seeds(context, plan, digest),
        *_same_arms(context, plan, digest),
        *_fixed_draws(plan),
    )


def _digest(context: Context, arm: str, seed: int) -> str | None:
    """Hash of the run's detections, as the manifest states it; None where it states none."""
    manifest = RunFolder(context.run_path(arm, seed)).manifest()
    return None if manifest is None else manifest.stages.get("predict", {}).get(DETECTIONS)


def _same_seeds(
    context: Context, plan: Plan, digest: dict[tuple[str, int], str | None]
) -> list[str]:
    """Runs of one arm that differ in their seed alone and yet give the same bytes."""
    found = []
    for arm in plan.arms:
        groups: dict[str, list[int]] = {}
        for seed in plan.seeds:
            if (value := digest.get((arm.name, seed))) is not None:
                groups.setdefault(value, []).append(seed)
        for seeds in groups.values():
            if len(seeds) < 2:
                continue
            who = f"{series([f'seed {seed}' for seed in seeds])} of {arm.name}"
            if _is_empty(context, arm.name, seeds[0]):
                found.append(f"{who} are identical: none detects anything")
                continue
            found.append(
                f"{who} are identical: the seed does nothing there, and these runs count as one "
                "at most; intervals and verdicts of their contrasts look surer than they are"
            )
    return found


def _same_arms(
    context: Context, plan: Plan, digest: dict[tuple[str, int], str | None]
) -> list[str]:
    """Arms whose runs are those of their control, byte for byte, in every seed that both have."""
    found = []
    for arm in plan.arms:
        if arm.control is None:
            continue
        pairs = [
            (digest[arm.name, seed], digest[arm.control, seed], seed)
            for seed in plan.seeds
            if digest.get((arm.name, seed)) and digest.get((arm.control, seed))
        ]
        same = bool(pairs) and all(mine == other for mine, other, _ in pairs)
        if same and not _is_empty(context, arm.name, pairs[0][2]):
            found.append(
                f"{arm.name} and {arm.control} are identical in every seed: the change does nothing"
            )
    return found


def _is_empty(context: Context, arm: str, seed: int) -> bool:
    folder = RunFolder(context.run_path(arm, seed))
    data = folder.read(DETECTIONS)
    return data is not None and len(unpack_detections(data, str(folder.path))) == 0


def _fixed_draws(plan: Plan) -> list[str]:
    """Arms that relabel a part of a class, the same instances in every seed."""
    found = []
    for arm in plan.arms:
        drawn = {run.labels_sha256 for run in plan.runs if run.arm == arm.name}
        if len(plan.seeds) > 1 and len(drawn) == 1 and _draws(arm):
            found.append(
                f"{arm.name} relabels the same instances in every seed: the claim covers this one "
                "draw only, not the share that is relabelled"
            )
    return found


def _draws(arm: PlannedArm) -> bool:
    """Whether there was anything to draw: all or none of a class is the same in every seed."""
    swap = arm.change.swap if arm.change is not None else None
    if swap is None:
        return False
    moved = arm.counts_before[swap.host] - arm.counts_after[swap.host]
    return 0 < moved < arm.counts_before[swap.host]
