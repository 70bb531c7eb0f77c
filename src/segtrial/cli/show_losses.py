"""What a conversion kept and lost, as a person reads it on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from segtrial.cli.streams import plain, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.dataset import Dataset
    from segtrial.types.losses import Loss


def show_losses(console: Console, source: Dataset, target: Dataset, losses: Sequence[Loss]) -> None:
    """Counts before and after, and a line for everything that the target could not hold."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "format", "images", "instances", "crowds", "classes"):
        table.add_column(name, justify="left" if name in {"", "format"} else "right")
    for name, dataset in (("from", source), ("to", target)):
        crowds = int(dataset.crowd.sum())
        counts = (dataset.images, dataset.instances - crowds, crowds)
        row = (*counts, len(dataset.class_names))
        table.add_row(name, str(dataset.label_format), *(f"{number:,}" for number in row))
    console.print(table)
    told = [loss for loss in losses if loss.count]
    if not told:
        say(console, "Nothing was lost.", style="green")
        return
    console.print()
    rows = Table(box=None, pad_edge=False)
    rows.add_column("count", justify="right")
    for name in ("of", "what", "done", ""):
        rows.add_column(name)
    for loss in sorted(told, key=lambda loss: loss.harmless):
        grave = plain("" if loss.harmless else "lost", "yellow")
        rows.add_row(f"{loss.count:,}", loss.unit, plain(loss.what), plain(loss.done), grave)
    console.print(rows)
