"""Plans, comparisons and states as a person reads them on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from segtrial.cli.guard import clean
from segtrial.pipeline.context import Context
from segtrial.pipeline.execute import failed_runs, pending_runs
from segtrial.statistics import smallest_detectable_effect_in_sd
from segtrial.store.folder import RunFolder
from segtrial.types.comparison import Comparison, Contrast, Interval
from segtrial.types.plan import Plan, PlannedArm, PlannedRun

COLOURS = {"changed": "bold magenta", "equivalent": "green", "inconclusive": "yellow"}


def number(value: float | None, *, sign: bool = False) -> str:
    """Three decimals, a true minus, "–" for an undefined value."""
    if value is None:
        return "–"
    return f"{value:+.3f}".replace("-", "−") if sign else f"{value:.3f}".replace("-", "−")


def interval(pair: Interval) -> str:
    """[low, high], or "–"."""
    if pair[0] is None or pair[1] is None:
        return "–"
    return f"[{number(pair[0], sign=True)}, {number(pair[1], sign=True)}]"


def show_plan(console: Console, plan: Plan, waiting: list[PlannedRun]) -> None:
    """Arms, their difference, label counts, runs, and what the trial can see."""
    console.print(Text(clean(plan.question), style="bold"))
    console.print(
        f"{plan.train_images} training and {plan.val_images} validation images, "
        f"{len(plan.class_names)} classes; primary metric {plan.primary}"
    )
    for note in plan.notes:
        console.print(f"note: {note}", markup=False)
    for arm in plan.arms:
        console.print()
        console.print(
            Text(arm.name, style="bold"), f"control: {arm.control}" if arm.control else ""
        )
        for line in arm_lines(arm):
            console.print(f"  {clean(line)}", markup=False)
    console.print()
    count = len(plan.seeds)
    console.print(
        f"{len(plan.runs)} runs ({len(plan.arms)} arms × {count} seeds), {len(waiting)} to do"
    )
    for line in visible_lines(plan):
        console.print(line, markup=False)


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
    """What effect this many seeds can see, in seed SDs (statistics: the planner)."""
    count = len(plan.seeds)
    if count == 1:
        return ["One seed an arm: differences are described, no verdict is possible."]
    few = count < 3
    classes = sum(1 for n in plan.val_positive_images.values() if n >= 10)
    named = max((len(arm.named_classes) for arm in plan.arms), default=0)
    parts = [
        f"{smallest_detectable_effect_in_sd(count, tests):.1f} seed SDs over {words}"
        for tests, words in ((named, f"the {named} named classes"), (classes, f"{classes} classes"))
        if tests
    ]
    lines = [f"With {count} seeds an arm this trial sees, at 80 % power: {', '.join(parts)}."]
    untestable = [name for name, n in plan.val_positive_images.items() if n < 10]
    if untestable:
        lines.append(f"Not testable, fewer than 10 validation images: {', '.join(untestable)}.")
    if few:
        lines.append("Fewer than 3 seeds: differences and intervals, but no verdict.")
    return lines


def show_comparison(console: Console, comparison: Comparison) -> None:
    """The verdict sentence of each arm, and a table of its named classes."""
    for contrast in comparison.contrasts:
        console.print()
        console.print(Text(f"{contrast.arm} against {contrast.control}", style="bold"))
        console.print(clean(contrast.verdict), markup=False)
        rows = [row for row in contrast.classes if row.family == "named" or row.role != "other"]
        if rows:
            console.print(_table(contrast, comparison.primary_metric))


def _table(contrast: Contrast, metric: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("class", "role"):
        table.add_column(name)
    for name in ("instances", contrast.control, contrast.arm, metric):
        table.add_column(clean(name), justify="right")
    table.add_column("95 % over seeds", justify="right")
    table.add_column("p adj.", justify="right")
    table.add_column("verdict")
    for row in contrast.classes:
        if row.family != "named" and row.role == "other":
            continue
        p = "–" if row.p_adjusted is None else f"{row.p_adjusted:.3f}"
        table.add_row(
            clean(row.name),
            row.role,
            str(row.instances),
            number(row.base),
            number(row.arm),
            number(row.difference, sign=True),
            interval(row.interval_conditional),
            "<0.001" if p == "0.000" else p,
            Text(row.verdict, style=COLOURS.get(row.verdict, "dim")),
        )
    return table


def show_status(console: Console, context: Context, plan: Plan) -> None:
    """A line a run: done, failed and why, begun, waiting."""
    waiting = {(run.arm, run.seed) for run in pending_runs(context, plan)}
    failed = {(run.arm, run.seed): reason for run, reason in failed_runs(context, plan)}
    table = Table(box=None, pad_edge=False)
    for name in ("arm", "seed", "state", "records"):
        table.add_column(name)
    for run in plan.runs:
        key = (run.arm, run.seed)
        folder = RunFolder(context.run_path(*key))
        begun = folder.read("run.json") is not None
        state = "begun" if begun else "waiting"
        if key not in waiting:
            state = "done"
        elif key in failed:
            state = f"failed: {failed[key]}"
        table.add_row(run.arm, str(run.seed), clean(state), str(folder.path) if begun else "")
    console.print(table)
    console.print(f"{len(plan.runs) - len(waiting)} of {len(plan.runs)} runs done")
