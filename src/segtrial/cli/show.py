"""Plans, comparisons and states as a person reads them on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from segtrial.cli.streams import plain, say
from segtrial.pipeline.context import Context
from segtrial.pipeline.execute import failed_runs, sealed_runs
from segtrial.report.label_flow import flow_lines
from segtrial.report.text import ap_text, difference_text, interval_text, p_text
from segtrial.statistics import (
    EXPLORATORY_LEVEL,
    MAXIMUM_PRIOR_DF,
    MINIMUM_POSITIVE_IMAGES,
    MINIMUM_PRIOR_CLASSES,
    MINIMUM_PRIOR_INSTANCES,
    MINIMUM_SEEDS,
    NAMED_LEVEL,
    smallest_detectable_effect_in_sd,
)
from segtrial.store.folder import RunFolder
from segtrial.types.comparison import Comparison, Contrast
from segtrial.types.label_flow import LabelFlow
from segtrial.types.plan import Plan, PlannedArm, PlannedRun

LISTED_CLASSES = 5  # of those that cannot be tested; LVIS has hundreds

COLOURS = {"changed": "bold magenta", "equivalent": "green", "inconclusive": "yellow"}


def show_plan(console: Console, plan: Plan, waiting: list[PlannedRun]) -> None:
    """Arms, their difference, label counts, runs, and what the trial can see."""
    say(console, plan.question, style="bold")
    say(
        console,
        f"{plan.train_images} training and {plan.val_images} validation images, "
        f"{len(plan.class_names)} classes; primary metric {plan.primary}",
    )
    for note in plan.notes:
        say(console, f"note: {note}")
    for arm in plan.arms:
        console.print()
        control = f"control: {arm.control}" if arm.control else ""
        console.print(plain(arm.name, "bold"), plain(control))
        for line in arm_lines(arm):
            say(console, f"  {line}")
    console.print()
    count = len(plan.seeds)
    say(
        console,
        f"{len(plan.runs)} runs ({len(plan.arms)} arms × {count} seeds), {len(waiting)} to do",
    )
    for line in visible_lines(plan):
        say(console, line)


def arm_lines(arm: PlannedArm) -> list[str]:
    """The arm's change in words, and each class whose instances it moves."""
    if arm.change is None:
        return ["the control: recipe and labels as they are"]
    lines = []
    if arm.change.swap is not None:
        swap = arm.change.swap
        lines.append(f"swap: {swap.ratio:g} of {swap.host} is relabelled as {swap.target}")
        if swap.draw == "fixed":
            lines.append("the same instances in every seed: the answer covers that one draw only")
    lines += [
        f"recipe: {d.key}: {d.control} → {d.arm}" + ("" if d.declared else "  (follows from it)")
        for d in arm.differences
    ]
    if arm.confounded:
        lines.append(f"CONFOUNDED: {arm.confounded}")
    for name, before in arm.counts_before.items():
        after = arm.counts_after[name]
        if after != before:
            lines.append(f"{name}: {before} → {after} training instances")
    return lines


def visible_lines(plan: Plan) -> list[str]:
    """What effect this many seeds can see, in seed SDs (statistics: the planner).

    Each part is for the arm with the most tests: named classes (Holm, level .05), and testable
    classes that the change does not name (Benjamini–Hochberg, level .10).
    """
    count = len(plan.seeds)
    if count == 1:
        return ["One seed an arm: differences are described, no verdict is possible."]
    images = plan.val_positive_images
    testable = {name for name, held in images.items() if held >= MINIMUM_POSITIVE_IMAGES}
    named = [testable & set(arm.named_classes) for arm in plan.arms if arm.control is not None]
    families = (
        (max(map(len, named), default=0), "named", NAMED_LEVEL),
        (max((len(testable - names) for names in named), default=0), "other", EXPLORATORY_LEVEL),
    )
    lines = []
    parts = [
        f"{_visible(plan, tests, level):.1f} seed SDs over the {tests} {word} "
        f"{'class' if tests == 1 else 'classes'}"
        for tests, word, level in families
        if tests
    ]
    if parts:
        lines.append(
            f"With {count} seeds an arm this trial sees, at 80 % power: {', '.join(parts)}."
        )
    lines += untestable_lines(plan)
    if count < MINIMUM_SEEDS:
        lines.append(
            f"Fewer than {MINIMUM_SEEDS} seeds: differences and intervals, but no verdict."
        )
    return lines


def untestable_lines(plan: Plan) -> list[str]:
    """Classes in too few validation images: those that the arms name first, then how many."""
    few = {n: k for n, k in plan.val_positive_images.items() if k < MINIMUM_POSITIVE_IMAGES}
    named = dict.fromkeys(name for arm in plan.arms for name in arm.named_classes if name in few)
    lines = [
        f"{name}, which the trial names, cannot be tested: it needs {MINIMUM_POSITIVE_IMAGES} "
        f"validation images with truth and has {few[name]}."
        for name in named
    ]
    if len(few) > len(named):
        names = [*named, *(name for name in few if name not in named)]
        more = len(names) - LISTED_CLASSES
        listed = ", ".join(names[:LISTED_CLASSES]) + (f", … and {more} more" if more > 0 else "")
        lines.append(
            f"{len(few)} of {len(plan.class_names)} classes cannot be tested: fewer than "
            f"{MINIMUM_POSITIVE_IMAGES} validation images with truth ({listed})."
        )
    return lines


def _visible(plan: Plan, tests: int, level: float) -> float:
    """As the analysis will see it: too few classes lend one another no knowledge of the noise."""
    enough = sum(n >= MINIMUM_PRIOR_INSTANCES for n in plan.val_instances.values())
    return smallest_detectable_effect_in_sd(
        len(plan.seeds),
        tests,
        alpha=level,
        prior_df=MAXIMUM_PRIOR_DF if enough >= MINIMUM_PRIOR_CLASSES else 0.0,
    )


def show_comparison(console: Console, comparison: Comparison) -> None:
    """The verdict sentence of each arm, its stealth, and a table of its named classes."""
    for warning in comparison.warnings:
        say(console, f"warning: {warning}", style="yellow")
    for contrast in comparison.contrasts:
        console.print()
        say(console, f"{contrast.arm} against {contrast.control}", style="bold")
        say(console, contrast.verdict)
        if contrast.stealth is not None and contrast.stealth.difference is not None:
            shown = "shown" if contrast.stealth.verdict == "equivalent" else "not shown"
            say(console, f"Stealth {shown}: {contrast.stealth.reason}.")
        if contrast.controls:
            say(console, f"note: {contrast.controls}")
        rows = [row for row in contrast.classes if row.family == "named" or row.role != "other"]
        if rows:
            console.print(_table(contrast, comparison.primary_metric))


def show_flow(console: Console, flow: LabelFlow | None) -> None:
    """A line a relabelled pair: what its host is called now. None, or no such pair: nothing."""
    lines = () if flow is None else flow_lines(flow)
    if lines:
        console.print()
    for line in lines:
        say(console, line)


def _table(contrast: Contrast, metric: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("class", "role"):
        table.add_column(name)
    for name in ("instances", contrast.control, contrast.arm, metric):
        table.add_column(plain(name), justify="right")
    table.add_column("95 % over seeds", justify="right")
    table.add_column("p adj.", justify="right")
    table.add_column("verdict")
    for row in contrast.classes:
        if row.family != "named" and row.role == "other":
            continue
        table.add_row(
            plain(row.name),
            row.role,
            str(row.instances),
            ap_text(row.base),
            ap_text(row.arm),
            difference_text(row.difference),
            interval_text(row.interval_conditional),
            p_text(row.p_adjusted),
            Text(row.verdict, style=COLOURS.get(row.verdict, "dim")),
        )
    return table


def show_status(console: Console, context: Context, plan: Plan) -> None:
    """A line a run: done, failed and why, begun, waiting."""
    sealed = sealed_runs(context, plan)
    failed = {(run.arm, run.seed): reason for run, reason in failed_runs(context, plan)}
    table = Table(box=None, pad_edge=False)
    for name in ("arm", "seed", "state", "records"):
        table.add_column(name)
    for run in plan.runs:
        key = (run.arm, run.seed)
        folder = RunFolder(context.run_path(*key))
        begun = folder.read("run.json") is not None
        state = "begun" if begun else "waiting"
        if key in sealed:
            state = "done"
        elif key in failed:
            state = f"failed: {failed[key]}"
        place = plain(str(folder.path) if begun else "")
        table.add_row(plain(run.arm), str(run.seed), plain(state), place)
    console.print(table)
    say(console, f"{len(sealed)} of {len(plan.runs)} runs done")
