"""Records → one view record of texts and coordinates; the template adds nothing to it."""

from __future__ import annotations

from dataclasses import dataclass

from segtrial.report.answer import AnswerView, answer_views, seed_limit
from segtrial.report.changed import ArmView, arm_views
from segtrial.report.dots import DotsView, dots_views
from segtrial.report.forest import NARROW, WIDE, ForestView, forest_view
from segtrial.report.grades import named
from segtrial.report.inputs import ReportInput
from segtrial.report.label_flow import ArmFlowView, flow_views
from segtrial.report.pictures import PictureView, picture_views
from segtrial.report.protocol import ProtocolView, protocol_view
from segtrial.report.tables import ClassView, ScoresView, class_views, scores_views
from segtrial.report.text import count_text, number_of
from segtrial.types.comparison import Contrast

NO_REASON = "no reason was recorded"
OPEN_ROWS = 15  # longer tables start folded; printing unfolds them


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastView:
    """The figures and the table of one contrast."""

    anchor: str
    arm: str
    control: str
    refused: str  # why there is no figure
    forests: tuple[ForestView, ...]
    classes: tuple[ClassView, ...]
    dots: tuple[DotsView, ...]
    dots_note: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureView:
    """A run without a result. `seed` is empty where only the run's label is known."""

    arm: str
    seed: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """The whole page."""

    trial: str
    question: str
    metric: str
    margin: str
    facts: tuple[str, ...]
    seed_limit: str
    seeds: int
    warnings: tuple[str, ...]
    answers: tuple[AnswerView, ...]
    arms: tuple[ArmView, ...]
    flows: tuple[ArmFlowView, ...]
    contrasts: tuple[ContrastView, ...]
    scores: tuple[ScoresView, ...]
    scores_open: bool
    pictures: tuple[PictureView, ...]
    failures: tuple[FailureView, ...]
    planned_runs: str
    protocol: ProtocolView


def report_view(report: ReportInput) -> ReportView:
    """Prepare every text, number and coordinate of the page."""
    plan, comparison = report.plan, report.comparison
    return ReportView(
        trial=plan.trial,
        question=plan.question,
        metric=comparison.primary_metric,
        margin=f"± {plan.margin:g}",
        facts=_facts(report),
        seed_limit=seed_limit(len(plan.seeds)),
        seeds=len(plan.seeds),
        warnings=comparison.warnings,
        answers=answer_views(report),
        arms=arm_views(report),
        flows=flow_views(report),
        contrasts=tuple(
            _contrast_view(report, contrast, index)
            for index, contrast in enumerate(comparison.contrasts)
        ),
        scores=scores_views(report),
        scores_open=len(plan.class_names) <= OPEN_ROWS,
        pictures=picture_views(report.pictures),
        failures=_failures(report),
        planned_runs=number_of(len(plan.arms) * len(plan.seeds), "run"),
        protocol=protocol_view(report),
    )


def _facts(report: ReportInput) -> tuple[str, ...]:
    plan = report.plan
    return (
        f"{report.comparison.primary_metric} decides",
        f"{number_of(len(plan.arms), 'arm')} × {number_of(len(plan.seeds), 'seed')}",
        f"{number_of(len(plan.class_names), 'class', 'classes')}",
        f"{count_text(plan.train_images)} training and "
        f"{number_of(plan.val_images, 'validation image')}",
    )


def _contrast_view(report: ReportInput, contrast: Contrast, index: int) -> ContrastView:
    margin, metric = report.plan.margin, report.comparison.primary_metric
    note = (
        "" if named(contrast) else "The change names no class: the largest differences are shown."
    )
    return ContrastView(
        anchor=f"contrast-{index}",
        arm=contrast.arm,
        control=contrast.control,
        refused=contrast.reason or "the comparison holds no class",
        forests=tuple(forest_view(contrast, margin, metric, layout) for layout in (WIDE, NARROW)),
        classes=class_views(contrast),
        dots=dots_views(contrast, _seeds_with_values(report)),
        dots_note=note,
        is_open=len(contrast.classes) <= OPEN_ROWS,
    )


def _seeds_with_values(report: ReportInput) -> dict[str, list[int]]:
    """Per arm, the planned seeds without those that failed."""
    failed = {(run.arm, run.seed) for run in _failures(report)}
    return {
        arm.name: [seed for seed in report.plan.seeds if (arm.name, str(seed)) not in failed]
        for arm in report.plan.arms
    }


def _failures(report: ReportInput) -> tuple[FailureView, ...]:
    """Every run without a result: those handed in, and what the comparison lists besides them.

    In the plan's order; a label that is no run of the plan comes last, as it stands.
    """
    planned = {
        f"{arm.name}/seed-{seed}": FailureView(arm=arm.name, seed=str(seed), reason=NO_REASON)
        for arm in report.plan.arms
        for seed in report.plan.seeds
    }
    given = {
        f"{run.arm}/seed-{run.seed}": FailureView(
            arm=run.arm, seed=str(run.seed), reason=run.reason or NO_REASON
        )
        for run in report.failed
    }
    failed = dict.fromkeys((*given, *report.comparison.failed_runs))
    known = [label for label in planned if label in failed]
    unknown = [label for label in failed if label not in planned]
    return tuple(
        given.get(label) or planned.get(label) or FailureView(arm=label, seed="", reason=NO_REASON)
        for label in (*known, *unknown)
    )
