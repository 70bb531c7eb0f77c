"""Runs at one confidence → the plain numbers of flow.json; NaN becomes null with its reason.

Rates over images are `evaluation/flow`'s, means over seeds `statistics/seed_means`'s. Which runs
and at what confidence: `label_flow`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segtrial.evaluation.flow import OUTCOMES, attack, paired_attack
from segtrial.statistics.seed_means import SeedMean, difference_over_seeds, mean_over_seeds
from segtrial.types.label_flow import (
    ClassPoint,
    FlowAppearance,
    FlowDifference,
    FlowMeans,
    FlowShare,
    MeanOverSeeds,
    PairedFlow,
    PairFlow,
    RunFlow,
)

if TYPE_CHECKING:
    from segtrial.types.comparison import Interval
    from segtrial.types.curves import OperatingPoint
    from segtrial.types.flow import Appearance, Difference, Flow, Share


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """One run at the frozen confidence: its flow, and hits and errors within each class."""

    seed: int
    flow: Flow
    point: OperatingPoint


def pair_flow(
    class_names: tuple[str, ...], pair: tuple[str, str], base: list[Seen], arm: list[Seen]
) -> PairFlow:
    """One (host, target) pair; `base` holds at least one run, `arm` may be empty."""
    host, target = (class_names.index(name) for name in pair)
    base_runs, arm_runs = (
        tuple(_run_flow(seen, host, target) for seen in side) for side in (base, arm)
    )
    of_seed = {seen.seed: seen for seen in base}
    differences = _differences(base_runs, arm_runs)
    return PairFlow(
        host=pair[0],
        target=pair[1],
        truths=base_runs[0].kept.truths,
        base_runs=base_runs,
        arm_runs=arm_runs,
        base=_means(base_runs),
        arm=_means(arm_runs),
        success_difference=differences.success,
        paired=tuple(
            _paired(of_seed[seen.seed], seen, host, target) for seen in arm if seen.seed in of_seed
        ),
        differences=differences,
    )


def _run_flow(seen: Seen, host: int, target: int) -> RunFlow:
    outcome = attack(seen.flow, host, target)
    return RunFlow(
        seed=seen.seed,
        appeared=_appearance(outcome.appeared),
        host=_point(seen, host),
        target=_point(seen, target),
        **{name: _share(getattr(outcome, name)) for name in OUTCOMES},
    )


def _paired(base: Seen, arm: Seen, host: int, target: int) -> PairedFlow:
    pair = paired_attack(base.flow, arm.flow, host, target)
    return PairedFlow(
        seed=arm.seed,
        table=tuple(tuple(row) for row in pair.table.tolist()),
        **{name: _difference(getattr(pair, name)) for name in (*OUTCOMES, "appeared")},
    )


VALUES: dict[str, Callable[[RunFlow], float | None]] = {
    "kept": lambda run: run.kept.fraction,
    "success": lambda run: run.success.fraction,
    "other": lambda run: run.other.fraction,
    "missed": lambda run: run.missed.fraction,
    "appeared": lambda run: run.appeared.per_image,
    "host_precision": lambda run: run.host.precision,
    "host_recall": lambda run: run.host.recall,
    "target_precision": lambda run: run.target.precision,
    "target_recall": lambda run: run.target.recall,
}
"""What `FlowMeans` is a mean of, in each run."""


def _means(runs: tuple[RunFlow, ...]) -> FlowMeans:
    """Of each outcome and of precision and recall, over the runs of one arm."""
    return FlowMeans(
        **{
            name: _mean_record(
                mean_over_seeds([_nan(of(run)) for run in runs], lowest=0, highest=_most(name))
            )
            for name, of in VALUES.items()
        }
    )


def _differences(base: tuple[RunFlow, ...], arm: tuple[RunFlow, ...]) -> FlowMeans:
    """Arm − base of the same, unpaired."""
    return FlowMeans(
        **{
            name: _mean_record(
                difference_over_seeds(
                    [_nan(of(run)) for run in base],
                    [_nan(of(run)) for run in arm],
                    lowest=-_most(name),
                    highest=_most(name),
                )
            )
            for name, of in VALUES.items()
        }
    )


def _most(name: str) -> float:
    """The largest value there can be."""
    return math.inf if name == "appeared" else 1.0


def _share(share: Share) -> FlowShare:
    return FlowShare(
        hits=share.hits,
        truths=share.instances,
        images=share.images,
        fraction=_none(share.fraction),
        interval=_interval(share),
        design_effect=_none(share.design_effect),
        reason=share.reason,
    )


def _appearance(found: Appearance) -> FlowAppearance:
    return FlowAppearance(
        count=found.count,
        images_with=found.images_with,
        images=found.images,
        per_image=_none(found.per_image),
        interval=_interval(found),
        reason=found.reason,
    )


def _difference(found: Difference) -> FlowDifference:
    return FlowDifference(
        base=_none(found.base),
        arm=_none(found.arm),
        gained=found.gained,
        lost=found.lost,
        difference=_none(found.difference),
        interval=_interval(found),
        reason=found.reason,
    )


def _point(seen: Seen, label: int) -> ClassPoint:
    point = seen.point
    return ClassPoint(
        name=seen.flow.class_names[label],
        true_positives=int(point.true_positives[label]),
        false_positives=int(point.false_positives[label]),
        missed=int(point.missed[label]),
        precision=_none(float(point.precision[label])),
        recall=_none(float(point.recall[label])),
        reason=point.reasons()[label],
    )


def _mean_record(mean: SeedMean) -> MeanOverSeeds:
    return MeanOverSeeds(mean=_none(mean.mean), interval=_interval(mean), reason=mean.reason)


def _interval(found: Share | Appearance | Difference | SeedMean) -> Interval:
    return _none(found.low), _none(found.high)


def _none(value: float) -> float | None:
    """JSON has no NaN: an undefined number is null, and its record states the reason."""
    return None if math.isnan(value) else value


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
