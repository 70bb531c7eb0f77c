"""The planner's answer as a person reads it on a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.table import Table

from segtrial.cli.streams import plain, say
from segtrial.report.text import UNDEFINED, ap_text, count_text, number_of
from segtrial.statistics import MINIMUM_SEEDS
from segtrial.statistics.wording import rounded_up

if TYPE_CHECKING:
    from rich.console import Console

    from segtrial.types.power import ClassPower, PowerPlan, PowerTable, SeenWith


def show_power(console: Console, plan: PowerPlan) -> None:
    """Noise, smallest effects and advice of each class, then what the noise rests on."""
    tests = "one class" if plan.tests == 1 else f"{plan.tests} classes"
    say(
        console,
        f"{plan.metric}: what {100 * plan.power:g} % power at level {plan.alpha:g} takes, {tests} "
        "tested; seeds are of an arm, and as many of its control",
    )
    for found in plan.classes:
        console.print()
        say(console, found.name, style="bold")
        for line in noise_lines(found):
            say(console, f"  {line}")
        if found.rows:
            console.print(_table(plan, found))
            say(console, found.advice)
    console.print()
    if any(row.seeds < MINIMUM_SEEDS for found in plan.classes for row in found.rows):
        say(console, f"note: a verdict takes {MINIMUM_SEEDS} seeds", style="dim", whole=True)
    for note in plan.notes:
        say(console, f"note: {note}", style="dim", whole=True)


def noise_lines(found: ClassPower) -> list[str]:
    """What is known of a class: its size, its noise over seeds, its noise over images."""
    held = (
        "" if found.positive_images is None else f" in {number_of(found.positive_images, 'image')}"
    )
    first = f"{number_of(found.instances, 'instance')}{held}, AP {ap_text(found.ap)}"
    if found.reason:
        return [first, f"cannot be planned for: {found.reason}"]
    seed = f"one run's SD over seeds {_small(found.seed_sd)}"
    if found.seed_sd_low is not None:
        seed += f" (95 %: {_small(found.seed_sd_low)} to {_small(found.seed_sd_high)})"
    return [first, f"{seed}; its standard error over images {_small(found.run_image_error)}"]


def show_power_table(console: Console, table: PowerTable) -> None:
    """Smallest detectable effects in seed SDs, seeds down, tests across."""
    say(
        console,
        f"Smallest change found with {100 * table.power:g} % power at level {table.alpha:g}, in "
        f"SDs of one run over seeds (df 2(S − 1) + {table.prior_df:g})",
    )
    shown = Table(box=None, pad_edge=False)
    shown.add_column("seeds", justify="right")
    for tests in table.tests:
        shown.add_column(number_of(tests, "class", "classes"), justify="right")
    for seeds, effects in zip(table.seeds, table.effects, strict=True):
        shown.add_row(str(seeds), *(f"{effect:.1f}" for effect in effects))
    console.print(shown)


def _table(plan: PowerPlan, found: ClassPower) -> Table:
    table = Table(box=None, pad_edge=False)
    heads = ["seeds", "error, seeds", "seen on these images", "error, images", "seen on others too"]
    if plan.effect is not None:
        heads.append(f"images for ±{plan.effect:g}")
    for head in heads:
        table.add_column(head, justify="right")
    for row in found.rows:
        cells = [
            str(row.seeds),
            _small(row.seed_error),
            _seen(row.smallest_conditional),
            _small(row.image_error),
            _seen(row.smallest_population),
        ]
        if plan.effect is not None:
            cells.append(_images(plan, row))
        table.add_row(*map(plain, cells))
    return table


def _images(plan: PowerPlan, row: SeenWith) -> str:
    """How many images the effect takes; or that it takes more seeds first."""
    assert plan.effect is not None
    if row.smallest_population is None:
        return UNDEFINED
    if row.more_images is None:
        return "more seeds first"
    if row.more_images == 1:
        return "these do"
    if plan.images is None:
        return f"{rounded_up(row.more_images)} × as many"
    return count_text(math.ceil(plan.images * row.more_images))


def _seen(value: float | None) -> str:
    """A promise is rounded up; more than any difference can be is nothing."""
    if value is None:
        return UNDEFINED
    return "nothing" if value >= 1 else rounded_up(value)


def _small(value: float | None) -> str:
    if value is None:
        return UNDEFINED
    return "0" if value == 0 else f"{value:.2g}"
