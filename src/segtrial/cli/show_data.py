"""Summaries of labels, and their faults, as a person reads them on a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table

from segtrial.cli.streams import plain, say
from segtrial.report.text import UNDEFINED, count_text, listed, number_of, percent_text
from segtrial.types.labels import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from segtrial.types.labels import ClassSummary, Fault, Summary

ROWS = 40
PLACES = 5
PAIRS = 5
VALUES = 8
BAR = 24
# Columns of the class table, and the least width of a terminal that has room for each.
_COLUMNS = {
    "group": 40,
    "instances": 0,
    "share": 100,
    "images": 50,
    "per image": 100,
    "median px": 70,
    "S / M / L": 90,
    "neg. / n.e.": 110,
}
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def show_summary(console: Console, summary: Summary, *, rows: int | None = ROWS) -> None:
    """The data set in numbers; of the classes, most instances first, `rows` (None: all)."""
    say(console, f"{summary.name}: {summary.format}", style="bold")
    for line in _facts(summary):
        say(console, line)
    console.print()
    _show_histogram(console, summary)
    console.print()
    ranked = sorted(summary.classes, key=lambda row: -row.instances)
    shown = ranked if rows is None else ranked[:rows]
    console.print(_class_table(shown, summary, console.width))
    if len(shown) < len(ranked):
        rest = sum(row.instances for row in ranked[len(shown) :])
        more = number_of(len(ranked) - len(shown), "class", "classes")
        say(console, f"… and {more} more, with {number_of(rest, 'instance')}: --all", style="dim")
    _show_pairs(console, summary)
    _show_attributes(console, summary)
    for left in summary.left_out:
        say(console, f"left out: {count_text(left.count)}, {left.reason} (first: {left.first})")


def _facts(summary: Summary) -> list[str]:
    outlines, groups = summary.outlines, summary.frequency_source
    number = {g: sum(row.frequency == g for row in summary.classes) for g in ("r", "c", "f", "")}
    sizes = [f"{s.width_px} × {s.height_px} ({count_text(s.images)})" for s in summary.sizes[:3]]
    more = len(summary.sizes[3:]) + summary.other_sizes
    parts = (
        (outlines.polygons, "polygons"),
        (outlines.multi_part, "of them in several parts"),
        (outlines.rle, "run lengths"),
        (outlines.box_only, "boxes without outline"),
        (outlines.unreadable, "unreadable"),
    )
    lines = [
        f"{number_of(summary.images, 'image')}, {count_text(summary.empty_images)} without objects",
        f"{number_of(summary.instances, 'instance')}, "
        f"{number_of(summary.crowds, 'crowd')} apart; "
        + ", ".join(f"{count_text(count)} {word}" for count, word in parts if count),
        f"{number_of(len(summary.classes), 'class', 'classes')}, "
        f"{sum(row.instances > 0 for row in summary.classes)} with instances: "
        f"{number['f']} frequent, {number['c']} common, {number['r']} rare"
        + (f", {number['']} without a group" if number[""] else "")
        + (" (as the labels state)" if groups == "stated" else " (by images: > 100, 11–100, ≤ 10)"),
        f"pictures in px: {', '.join(sizes) or UNDEFINED}"
        + (f" and {more} more sizes" * bool(more)),
    ]
    if summary.coverage is not None:
        lines.append(
            f"coverage: {count_text(summary.coverage.negative)} pairs of image and class are "
            f"negative, {count_text(summary.coverage.not_exhaustive)} not exhaustive (n.e.)"
        )
    return lines


def _show_histogram(console: Console, summary: Summary) -> None:
    objects = summary.objects_per_image
    if objects.mean is None:
        say(console, "objects per image: –")
        return
    say(
        console,
        f"objects per image: mean {objects.mean:.1f}, median {objects.median:g}, max {objects.max}",
    )
    most = max(b.images for b in objects.histogram)
    for b in objects.histogram:
        label = f"{b.first}" if b.first == b.last else f"{b.first}–{b.last}"
        # a bin that is not empty has a bar that can be seen
        bar = "█" * max(round(BAR * b.images / most), 1 if b.images else 0)
        say(console, f"{label:>9}  {bar:<{BAR}}  {count_text(b.images)}")


def _class_table(rows: Sequence[ClassSummary], summary: Summary, width: int) -> Table:
    """Names first: the narrower the terminal, the fewer the columns beside them."""
    table = Table(box=None, pad_edge=False)
    table.add_column("class", overflow="fold", min_width=14, max_width=36)
    covered = summary.coverage is not None
    names = [name for name, least in _COLUMNS.items() if width >= least]
    names = [name for name in names if covered or name != "neg. / n.e."]
    for name in names:
        table.add_column(name, justify="left" if name == "group" else "right", no_wrap=True)
    for row in rows:
        cells = _cells(row)
        table.add_row(plain(row.name), *(cells[name] for name in names))
    return table


def _cells(row: ClassSummary) -> dict[str, str]:
    """A class's texts by the names of their columns."""
    return {
        "group": row.frequency or UNDEFINED,
        "instances": count_text(row.instances) + (f" + {row.crowds} crowd" if row.crowds else ""),
        "share": percent_text(float(f"{row.share:.2g}")),
        "images": count_text(row.images),
        "per image": UNDEFINED if row.per_image is None else f"{row.per_image:.1f}",
        "median px": area_text(row),
        "S / M / L": _mix_text(row),
        "neg. / n.e.": f"{count_text(row.negative_images)} / "
        f"{count_text(row.not_exhaustive_images)}",
    }


def area_text(row: ClassSummary) -> str:
    """The median area in px, and as a share of the image."""
    if row.median_area_px is None or row.median_area_fraction is None:
        return UNDEFINED
    return f"{row.median_area_px:,.0f} ({_percent(row.median_area_fraction)})"


def _percent(fraction: float) -> str:
    """A share to two significant digits; never rounded to 0."""
    return "<0.01 %" if 0 < fraction < 1e-4 else f"{fraction * 100:.2g} %"


def _mix_text(row: ClassSummary) -> str:
    """Whole percents; "<1" and ">99" where rounding would make 0 or 100."""
    if row.instances == 0:
        return UNDEFINED
    return " / ".join(_whole(n / row.instances) for n in (row.small, row.medium, row.large)) + " %"


def _whole(fraction: float) -> str:
    percent = fraction * 100
    if 0 < percent < 0.5:
        return "<1"
    return ">99" if 99.5 <= percent < 100 else f"{percent:.0f}"


def _show_pairs(console: Console, summary: Summary) -> None:
    shared = summary.cooccurrence
    for title, pairs in (
        ("most often in one image", shared.by_count),
        (f"beyond chance, in {shared.minimum_images} images or more", shared.by_lift),
    ):
        if not pairs:
            continue
        console.print()
        say(console, f"Classes {title}", style="bold")
        for pair in pairs[:PAIRS]:
            say(
                console,
                f"  {pair.first} + {pair.second}: {number_of(pair.images, 'image')}, "
                f"{pair.lift:.1f} × chance",
            )


def _show_attributes(console: Console, summary: Summary) -> None:
    if summary.attributes:
        console.print()
        say(console, "Attributes", style="bold")
    for attribute in summary.attributes:
        values = [f"{v.value} {count_text(v.count)}" for v in attribute.values[:VALUES]]
        rest = attribute.other + sum(v.count for v in attribute.values[VALUES:])
        values += [f"others {count_text(rest)}"] * bool(rest)
        values += [f"not stated {count_text(attribute.not_stated)}"] * bool(attribute.not_stated)
        say(console, f"  {attribute.of} {attribute.name}: {', '.join(values)}")


def show_faults(console: Console, faults: Sequence[Fault], *, places: int | None = PLACES) -> None:
    """For each kind of fault, in the order given: how many, the first `places` (None: all), and
    what to do.
    """
    if not faults:
        say(console, "No faults found.", style="green")
        return
    for (severity, kind), group in groupby(faults, key=lambda f: (f.severity, f.kind)):
        found = list(group)
        title = plain(f"{severity.value}: {kind.value}, {count_text(len(found))}")
        title.stylize(_STYLES[severity], 0, len(severity.value))
        console.print(title)
        said = ""
        for fault in found if places is None else found[:places]:
            parts = [("expected", fault.expected), ("got", fault.got)]
            told = "; ".join(f"{word} {text}" for word, text in parts if text)
            if fault.what != said:
                say(console, f"  {fault.what}")
                said = fault.what
            say(console, f"    {fault.where}" + (f": {told}" if told else ""))
        if places is not None and len(found) > places:
            say(console, f"  … and {count_text(len(found) - places)} more: --json", style="dim")
        say(console, f"  what to do: {found[0].next_step}")
        console.print()
    say(console, faults_line(faults), style="bold")


def faults_line(faults: Sequence[Fault]) -> str:
    """`1 error, 2 warnings and 3 notes`."""
    number = {s: sum(fault.severity == s for fault in faults) for s in Severity}
    return listed([number_of(number[s], s.value) for s in Severity if number[s]]) or "no faults"
