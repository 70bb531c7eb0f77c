"""What a person reads: promises that the analysis keeps, rounding that never makes 0 or 1."""

from __future__ import annotations

import io

from rich.console import Console

from segtrial.cli.progress import RunsProgress
from segtrial.cli.show import show_comparison, show_flow, show_plan, visible_lines
from segtrial.engines import Event
from segtrial.types.comparison import Comparison
from tests.report.builders import FORTY_FIVE, TEN, class_row, contrast, plan, planned_arm, swap_arm
from tests.report.flows import label_flow, pair_flow

RED = "\x1b[31m"


def reader() -> Console:
    return Console(file=io.StringIO(), width=200, highlight=False)


def read(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def swap_plan(names: tuple[str, ...], seeds: int, images: dict[str, int], instances: int = 400):
    arms = [planned_arm("base", names), swap_arm("arm", names, "bridge", "parking sign")]
    held = dict.fromkeys(names, 100) | images
    counts = dict.fromkeys(names, instances)
    return plan(arms, names, seeds, val_positive_images=held, val_instances=counts)


def test_few_classes_lend_no_knowledge_of_the_noise():
    """3 seeds, 7 classes: df 4, not 8. scipy: nctdtrinc(4, .2, t.isf(.05 / 2 / 2, 4)) · √(2/3)."""
    names = (*TEN[:5], "bridge", "parking sign")
    lines = visible_lines(swap_plan(names, 3, {}))
    assert lines == [
        "With 3 seeds an arm this trial sees, at 80 % power: "
        "3.7 seed SDs over the 2 named classes, 4.0 seed SDs over the 5 other classes."
    ]


def test_many_classes_do_unless_they_are_rare():
    (line,) = visible_lines(swap_plan(FORTY_FIVE, 3, {}))
    assert "3.0 seed SDs over the 2 named classes" in line
    assert "over the 43 other classes" in line
    (line,) = visible_lines(swap_plan(FORTY_FIVE, 3, {}, instances=19))
    assert "3.7 seed SDs over the 2 named classes" in line


def test_only_testable_classes_count():
    few = dict.fromkeys(("car", "bridge"), 9)
    first, second, third = visible_lines(swap_plan(TEN, 3, few))
    assert "over the 1 named class, " in first
    assert "over the 7 other classes." in first
    assert second == (
        "bridge, which the trial names, cannot be tested: it needs 10 validation images with "
        "truth and has 9."
    )
    assert third == (
        "2 of 10 classes cannot be tested: fewer than 10 validation images with truth "
        "(bridge, car)."
    )


def test_hundreds_of_classes_that_cannot_be_tested_are_counted():
    bridge, sign, count = visible_lines(swap_plan(FORTY_FIVE, 3, dict.fromkeys(FORTY_FIVE, 0)))
    assert bridge.startswith("bridge, which the trial names, ")
    assert sign.startswith("parking sign, which the trial names, ")
    assert count == (
        "45 of 45 classes cannot be tested: fewer than 10 validation images with truth "
        "(bridge, parking sign, car, traffic sign, traffic light, … and 40 more)."
    )
    only = visible_lines(swap_plan(FORTY_FIVE, 3, {"bridge": 4}))
    assert len(only) == 2, "no count where the named ones are all there are"


def test_numbers_are_the_reports():
    row = class_row("car", role="host", family="named", base=0.9996, difference=0.0, p_adjusted=1.0)
    console = reader()
    show_comparison(console, comparison_of(row))
    text = read(console)
    assert ">0.999" in text
    assert "1.000" in text.split(">0.999")[1], "p = 1 is exactly 1"
    assert "+0.000" not in text


def comparison_of(*rows) -> Comparison:
    return Comparison(
        trial="t",
        estimand="",
        primary_metric="box AP",
        seeds=3,
        failed_runs=(),
        contrasts=(contrast(rows, verdict=f"[bold]{RED}said"),),
    )


def test_names_from_files_command_no_terminal():
    """Neither control characters nor rich's markup nor emoji codes of a name have an effect."""
    name = f"[red]:car:{RED}"
    console = reader()
    show_comparison(console, comparison_of(class_row(name, role="host", family="named")))
    arm = planned_arm(f"arm{RED}", TEN, control=f"base{RED}")
    show_plan(console, plan([planned_arm("base", TEN), arm], TEN, 3, notes=(f"note{RED}",)), [])
    text = read(console)
    assert "\x1b" not in text
    assert "[red]:car:\N{REPLACEMENT CHARACTER}[31m" in text
    assert "[bold]\N{REPLACEMENT CHARACTER}[31msaid" in text


def test_failure_reasons_command_no_terminal():
    console = reader()
    made = plan([planned_arm("base", TEN)], TEN, 1)
    listener = RunsProgress(console, list(made.runs))
    listener(Event(index=0, kind="started"))
    listener(Event(index=0, kind="progress", stage=RED, done=1, total=2, message=RED))
    assert all("\x1b" not in str(task.description) for task in listener.progress.tasks)
    assert all("\x1b" not in task.fields["message"] for task in listener.progress.tasks)
    listener(Event(index=0, kind="failed", message=f"{RED}no [b]such[/b] file"))
    assert "\x1b" not in read(console)
    assert "no [b]such[/b] file" in read(console)


def test_each_relabelled_pair_has_a_line():
    hits = [(60, 2, 8, 30), (64, 0, 6, 30)], [(30, 30, 10, 30), (28, 32, 12, 28)]
    console = reader()
    show_flow(console, None)
    show_flow(console, label_flow("arm", "base"))
    assert read(console) == ""
    show_flow(console, label_flow("arm", "base", pair_flow((f"[b]car{RED}", "sign"), *hits)))
    assert read(console) == (
        "\n[b]car\N{REPLACEMENT CHARACTER}[31m → sign: 31 % of 100 [b]car\N{REPLACEMENT CHARACTER}"
        "[31m instances are called sign (base 1 %), at confidence 0.43 frozen on base\n"
    )
