"""Label flows as the pipeline might leave them, from counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segtrial.types.label_flow import (
    ArmFlow,
    ClassPoint,
    FlowAppearance,
    FlowDifference,
    FlowMeans,
    FlowShare,
    LabelFlow,
    MeanOverSeeds,
    PairedFlow,
    PairFlow,
    RunFlow,
)

NO_MEAN = MeanOverSeeds(mean=None, interval=(None, None), reason="no run")
Hits = tuple[int, int, int, int]


def share(hits: int, truths: int) -> FlowShare:
    """With an interval of ± .05, or without truth."""
    if truths == 0:
        nothing: dict[str, Any] = {"fraction": None, "interval": (None, None)}
        return FlowShare(
            hits=0, truths=0, images=0, design_effect=None, reason="no truth", **nothing
        )
    fraction = hits / truths
    return FlowShare(
        hits=hits,
        truths=truths,
        images=40,
        fraction=fraction,
        interval=(max(fraction - 0.05, 0.0), min(fraction + 0.05, 1.0)),
        design_effect=1.0,
        reason="",
    )


def point(name: str, **changes: Any) -> ClassPoint:
    fields = {"true_positives": 6, "false_positives": 2, "missed": 4, "precision": 0.75}
    return ClassPoint(**{"name": name, **fields, "recall": 0.6, "reason": "", **changes})


def run_flow(seed: int, hits: Hits, names: tuple[str, str], **changes: Any) -> RunFlow:
    """`hits`: kept, success, other, missed."""
    truths = sum(hits)
    shares = [share(n, truths) for n in hits]
    appeared = FlowAppearance(
        count=7, images_with=5, images=100, per_image=0.07, interval=(0.01, 0.13), reason=""
    )
    fields: dict[str, Any] = dict(
        zip(("kept", "success", "other", "missed"), shares, strict=True), appeared=appeared
    )
    fields |= {"host": point(names[0]), "target": point(names[1])}
    return RunFlow(seed=seed, **{**fields, **changes})


def seed_mean(values: Sequence[float | None]) -> MeanOverSeeds:
    """With an interval of ± .04 from two runs on."""
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not values:
        return NO_MEAN
    mean = sum(known) / len(known)
    if len(known) == 1:
        reason = "one seed: no interval over seeds"
        return MeanOverSeeds(mean=mean, interval=(None, None), reason=reason)
    return MeanOverSeeds(mean=mean, interval=(max(mean - 0.04, 0.0), mean + 0.04), reason="")


def means(runs: Sequence[RunFlow]) -> FlowMeans:
    return FlowMeans(
        kept=seed_mean([run.kept.fraction for run in runs]),
        success=seed_mean([run.success.fraction for run in runs]),
        other=seed_mean([run.other.fraction for run in runs]),
        missed=seed_mean([run.missed.fraction for run in runs]),
        appeared=seed_mean([run.appeared.per_image for run in runs]),
        host_precision=seed_mean([run.host.precision for run in runs]),
        host_recall=seed_mean([run.host.recall for run in runs]),
        target_precision=seed_mean([run.target.precision for run in runs]),
        target_recall=seed_mean([run.target.recall for run in runs]),
    )


def pair_flow(
    names: tuple[str, str], base: Sequence[Hits], arm: Sequence[Hits], **changes: Any
) -> PairFlow:
    """One run a seed from 0 on; the paired table says nothing."""
    base_runs, arm_runs = (
        tuple(run_flow(seed, hits, names) for seed, hits in enumerate(side)) for side in (base, arm)
    )
    difference = NO_MEAN
    if arm_runs and base_runs[0].kept.truths:
        rise = seed_mean([run.success.fraction for run in arm_runs]).mean or 0.0
        rise -= seed_mean([run.success.fraction for run in base_runs]).mean or 0.0
        difference = seed_mean([rise] * min(len(base), len(arm)))
    fields: dict[str, Any] = {
        "host": names[0],
        "target": names[1],
        "truths": base_runs[0].kept.truths,
        "base_runs": base_runs,
        "arm_runs": arm_runs,
        "base": means(base_runs),
        "arm": means(arm_runs),
        "success_difference": difference,
        "paired": tuple(paired(run.seed) for run in arm_runs),
    }
    return PairFlow(**{**fields, **changes})


def paired(seed: int) -> PairedFlow:
    one = FlowDifference(
        base=0.1, arm=0.3, gained=21, lost=1, difference=0.2, interval=(0.1, 0.3), reason=""
    )
    table = ((5, 21, 0, 0), (0, 9, 0, 1), (0, 0, 3, 0), (0, 0, 0, 61))
    return PairedFlow(
        seed=seed, table=table, kept=one, success=one, other=one, missed=one, appeared=one
    )


def label_flow(arm: str, control: str, *pairs: PairFlow, **changes: Any) -> LabelFlow:
    """One arm at confidence .426, of two base runs."""
    fields: dict[str, Any] = {
        "arm": arm,
        "control": control,
        "confidence": 0.426,
        "base_confidences": (0.412, 0.44),
        "reason": "",
        "pairs": pairs,
    }
    return LabelFlow(
        trial="t",
        definition="",
        iou_type="mask",
        iou_threshold=0.5,
        seeds=2,
        arms=(ArmFlow(**{**fields, **changes}),),
    )
