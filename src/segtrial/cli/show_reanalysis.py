"""A reanalysis as a person reads it on a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table

from segtrial.cli.streams import plain, say
from segtrial.report.text import UNDEFINED, count_text, difference_text, interval_text, p_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from segtrial.types.reanalysis import NoiseFit, Reanalysis, SiblingContrast

COLOURS = {"changed": "bold magenta", "inconclusive": "yellow"}  # as `show` has them


def show_reanalysis(console: Console, answer: Reanalysis) -> None:
    """Base, effects, the contrasts beside the published ones, and what may be claimed."""
    say(console, answer.base_check.sentence, style="bold")
    say(console, answer.effects, style="bold")
    console.print()
    if answer.contrasts:
        console.print(_contrasts(answer))
        for row in answer.contrasts:
            if row.verdict == "not testable":
                say(console, f"  {row.name} in {row.arm}: {row.reason}", style="dim")
        console.print()
    say(console, noise_line(answer.noise))
    for claim in answer.claims:
        say(console, f"– {claim}")
    for note in answer.notes:
        say(console, f"note: {note}", style="dim")


def noise_line(noise: NoiseFit) -> str:
    """The noise between runs as a formula, and how much it weighs."""
    if noise.intercept is None or noise.instances_power is None or noise.ap_power is None:
        return f"noise between runs: no fit ({noise.classes} classes)"
    formula = (
        f"SD of a run ≈ exp({noise.intercept:.2f})·n^{noise.instances_power:.2f}"
        f"·(AP(1 − AP))^{noise.ap_power:.2f}"
    ).replace("-", "−")
    return (
        f"noise between runs, over {noise.classes} classes: {formula}, worth {noise.prior_df:.2g} "
        "degrees of freedom beside a class's own siblings"
    )


def _contrasts(answer: Reanalysis) -> Table:
    """Arms as headlines; below each its classes: arm − base as published, arm − siblings."""
    table = Table(box=None, pad_edge=False)
    table.add_column("arm, class", overflow="fold")
    table.add_column("role", no_wrap=True)
    for head in ("instances", "published", "siblings", "95 %", "p adj."):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for arm, rows in groupby(answer.contrasts, key=lambda row: row.arm):
        table.add_row(plain(arm, "bold"))
        for row in rows:
            table.add_row(plain(f"  {row.name}"), *_row(row))
    return table


def _row(row: SiblingContrast) -> list[str | Text]:
    return [
        row.role,
        UNDEFINED if row.instances is None else count_text(row.instances),
        difference_text(row.published_difference),
        difference_text(row.difference),
        interval_text(row.interval),
        p_text(row.p_adjusted),
        plain(row.verdict, COLOURS.get(row.verdict, "")),
    ]
