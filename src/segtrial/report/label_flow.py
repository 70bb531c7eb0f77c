"""Where the truths of each relabelled class went, arm beside control, as texts.

No statistic is computed here; the numbers are flow.json's. The terminal's line is made here too, so
that both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from segtrial.report.inputs import ReportInput
from segtrial.report.label_flow_figure import (
    NARROW,
    OUTCOMES,
    WIDE,
    BarsView,
    Outcome,
    bars_view,
    hits_of,
    mean_of,
)
from segtrial.report.share_text import (
    confidence_text,
    points_interval_text,
    points_text,
    share_interval_text,
    share_text,
)
from segtrial.report.text import (
    UNDEFINED,
    ap_text,
    count_text,
    difference_text,
    interval_text,
    number_of,
)
from segtrial.types.label_flow import (
    ArmFlow,
    FlowShare,
    LabelFlow,
    MeanOverSeeds,
    PairedFlow,
    PairFlow,
    RunFlow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """One outcome in one arm: mean share, its interval over seeds, every run's count."""

    mean: str
    interval: str
    runs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """One row of a pair's table. `kind` says which outcome; the template words it."""

    kind: str
    base: SideView
    arm: SideView


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """Precision and recall of host or target at the frozen confidence, means over runs.

    `_moved`: their difference with its interval over seeds, "" where there is none.
    """

    name: str
    role: str
    precision: tuple[str, str]
    precision_moved: str
    recall: tuple[str, str]
    recall_moved: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunView:
    """One run: each outcome's share with its interval over images; `appeared` in numbers."""

    arm: str
    seed: str
    cells: tuple[str, ...]
    appeared: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedView:
    """One seed's two runs, truth by truth: what was called the target in one of them only."""

    seed: str
    gained: str
    lost: str
    difference: str
    interval: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """One (host, target) pair. `missing`: why there is nothing to show, else ""."""

    host: str
    target: str
    truths: str
    success: tuple[str, str]
    difference: str
    missing: str
    figures: tuple[BarsView, ...]
    outcomes: tuple[OutcomeView, ...]
    points: tuple[PointView, ...]
    runs: tuple[FlowRunView, ...]
    paired: tuple[PairedView, ...]
    spoken: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmFlowView:
    """One arm beside its control. `reason`: why there are no pairs, else ""."""

    anchor: str
    arm: str
    control: str
    confidence: str
    frozen: str
    shapes: str
    reason: str
    pairs: tuple[PairView, ...]


def flow_views(report: ReportInput) -> tuple[ArmFlowView, ...]:
    """One view per arm that relabels, in the plan's order; empty where the flow is not known."""
    flow = report.flow
    if flow is None:
        return ()
    return tuple(_arm_view(flow, arm, index) for index, arm in enumerate(flow.arms))


def flow_lines(flow: LabelFlow) -> tuple[str, ...]:
    """A line a pair for the terminal."""
    lines = []
    for arm in flow.arms:
        if arm.reason:
            lines.append(f"{arm.arm}: no label flow: {arm.reason}")
        for pair in arm.pairs:
            missing = _missing(arm, pair)
            said = missing or (
                f"{share_text(pair.arm.success.mean)} of {count_text(pair.truths)} {pair.host} "
                f"instances are called {pair.target} "
                f"({arm.control} {share_text(pair.base.success.mean)}), at confidence "
                f"{confidence_text(arm.confidence)} frozen on {arm.control}"
            )
            lines.append(f"{pair.host} → {pair.target}: {said}")
    return tuple(lines)


def _arm_view(flow: LabelFlow, arm: ArmFlow, index: int) -> ArmFlowView:
    own = [confidence_text(value) for value in arm.base_confidences]
    frozen = (
        f"the mean over its {len(own)} runs of the confidence with the highest smoothed mean F1 "
        f"({', '.join(own)})"
        if len(own) > 1
        else "that of the highest smoothed mean F1 of its one run"
    )
    return ArmFlowView(
        anchor=f"flow-{index}",
        arm=arm.arm,
        control=arm.control,
        confidence=confidence_text(arm.confidence),
        frozen=frozen,
        shapes=f"{flow.iou_type} IoU {flow.iou_threshold:g} or more",
        reason=arm.reason,
        pairs=tuple(_pair_view(arm, pair) for pair in arm.pairs),
    )


def _pair_view(arm: ArmFlow, pair: PairFlow) -> PairView:
    names = (arm.control, arm.arm)
    missing = _missing(arm, pair)
    shown = pair.truths > 0
    runs = [(arm.control, run) for run in pair.base_runs] + [(arm.arm, r) for r in pair.arm_runs]
    return PairView(
        host=pair.host,
        target=pair.target,
        truths=number_of(pair.truths, "instance"),
        success=(share_text(pair.base.success.mean), share_text(pair.arm.success.mean)),
        difference=_difference_sentence(pair.success_difference),
        missing=missing,
        figures=tuple(bars_view(pair, names, at) for at in (WIDE, NARROW)) if shown else (),
        outcomes=tuple(_outcome(pair, outcome) for outcome in OUTCOMES) if shown else (),
        points=_points(pair),
        runs=tuple(_run(name, run) for name, run in runs) if shown else (),
        paired=tuple(_paired(one) for one in pair.paired) if shown else (),
        spoken=_spoken(arm, pair),
    )


def _missing(arm: ArmFlow, pair: PairFlow) -> str:
    """Why a pair has no success rate to compare; "" where it has one."""
    if pair.truths == 0:
        return "the validation labels hold no instance of the host"
    return "" if pair.arm_runs else f"no run of {arm.arm} is complete"


def _difference_sentence(difference: MeanOverSeeds) -> str:
    if difference.mean is None:
        return ""
    points = f"That is {points_text(difference.mean)} percentage points"
    if difference.reason:
        return f"{points}; {difference.reason}."
    interval = points_interval_text(difference.interval)
    return f"{points}, 95 % interval {interval} over training seeds (Welch's t)."


def _outcome(pair: PairFlow, outcome: Outcome) -> OutcomeView:
    base, arm = (
        SideView(
            mean=share_text(mean_of(means, outcome).mean),
            interval=share_interval_text(mean_of(means, outcome).interval),
            runs=", ".join(count_text(hits_of(run, outcome)) for run in runs) or UNDEFINED,
        )
        for means, runs in ((pair.base, pair.base_runs), (pair.arm, pair.arm_runs))
    )
    return OutcomeView(kind=outcome, base=base, arm=arm)


def _points(pair: PairFlow) -> tuple[PointView, ...]:
    """Host, then target; an undefined mean with the first reason that a run states."""
    base, arm, moved = pair.base, pair.arm, pair.differences
    runs = (*pair.base_runs, *pair.arm_runs)
    return (
        PointView(
            name=pair.host,
            role="host",
            precision=(ap_text(base.host_precision.mean), ap_text(arm.host_precision.mean)),
            precision_moved=_moved(None if moved is None else moved.host_precision),
            recall=(ap_text(base.host_recall.mean), ap_text(arm.host_recall.mean)),
            recall_moved=_moved(None if moved is None else moved.host_recall),
            reason=next((run.host.reason for run in runs if run.host.reason), ""),
        ),
        PointView(
            name=pair.target,
            role="target",
            precision=(ap_text(base.target_precision.mean), ap_text(arm.target_precision.mean)),
            precision_moved=_moved(None if moved is None else moved.target_precision),
            recall=(ap_text(base.target_recall.mean), ap_text(arm.target_recall.mean)),
            recall_moved=_moved(None if moved is None else moved.target_recall),
            reason=next((run.target.reason for run in runs if run.target.reason), ""),
        ),
    )


def _moved(difference: MeanOverSeeds | None) -> str:
    """` (−0.050 [−0.070, −0.030])`, over training seeds; empty where there is no interval."""
    if difference is None or difference.reason:
        return ""
    return f" ({difference_text(difference.mean)} {interval_text(difference.interval)})"


def _run(arm: str, run: RunFlow) -> FlowRunView:
    return FlowRunView(
        arm=arm,
        seed=str(run.seed),
        cells=tuple(_share_cell(share) for share in (run.kept, run.success, run.other, run.missed)),
        appeared=count_text(run.appeared.count),
    )


def _share_cell(share: FlowShare) -> str:
    interval = share_interval_text(share.interval)
    return share_text(share.fraction) + ("" if interval == UNDEFINED else f" {interval}")


def _paired(pair: PairedFlow) -> PairedView:
    return PairedView(
        seed=str(pair.seed),
        gained=count_text(pair.success.gained),
        lost=count_text(pair.success.lost),
        difference=points_text(pair.success.difference),
        interval=points_interval_text(pair.success.interval),
    )


def _spoken(arm: ArmFlow, pair: PairFlow) -> str:
    """The figure in words."""
    words = {"kept": "kept", "success": f"called {pair.target}", "other": "called another class"}
    sides = ((arm.control, pair.base, pair.base_runs), (arm.arm, pair.arm, pair.arm_runs))
    return " ".join(
        f"{name}: "
        + ", ".join(
            f"{share_text(mean_of(means, outcome).mean)} {words.get(outcome, outcome)}"
            for outcome in OUTCOMES
        )
        + "."
        for name, means, runs in sides
        if runs
    )
