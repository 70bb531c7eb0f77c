"""Summary → one offline HTML page: figures, a sortable table, sample pictures.

Every text, number and coordinate is prepared here and in `summary_figures.py`; nothing is counted.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from segtrial.report.inputs import Panel, Picture
from segtrial.report.pictures import PictureView, picture_views
from segtrial.report.render import shown
from segtrial.report.summary_figures import (
    BASE,
    CELL,
    HEAT_LEFT,
    HEAT_TOP,
    HEIGHT,
    LEFT,
    LEVELS,
    WIDTH,
    ChartView,
    HeatView,
    heat_map,
    histogram,
    log_width,
    ranked_classes,
)
from segtrial.report.text import UNDEFINED, count_text, number_of, percent_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.labels import AttributeSummary, ClassSummary, Pair, Summary

GROUPS = {"f": "frequent", "c": "common", "r": "rare", "": "none"}
STYLES = ("report.css", "summary.css")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A number of the table as text, and what it sorts by."""

    text: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """A class. `bar`: instances in percent of a logarithmic scale; `mix`: percents of small,
    medium and large; None without an instance.
    """

    name: str
    group: str
    cells: tuple[Cell, ...]
    bar: float
    mix: tuple[float, float, float] | None
    mix_text: str
    empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesView:
    """An attribute: its values with count text and bar width in percent."""

    title: str
    values: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryView:
    """The whole page."""

    name: str
    facts: tuple[str, ...]
    left_out: tuple[str, ...]
    objects_line: str
    objects: ChartView
    ranked: ChartView
    groups_line: str
    sizes_line: str
    mix: tuple[float, float, float] | None
    mix_text: str
    columns: tuple[str, ...]
    rows: tuple[RowView, ...]
    empty_rows: int
    pairs: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...]
    heat: HeatView | None
    attributes: tuple[ValuesView, ...]
    samples: tuple[PictureView, ...]


def summary_page(summary: Summary, crops: Sequence[Panel] = ()) -> str:
    """One HTML page that loads nothing; the same input gives the same text.

    `crops`: sample pictures with their overlays, each with its label. Names are escaped and
    direction-isolated. The page forbids itself any script but the table's, whose hash it states.
    """
    environment = Environment(
        loader=PackageLoader("segtrial.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = "\n".join(_source(environment, name) for name in STYLES)
    script = _source(environment, "summary.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("summary.html.j2").render(
        page=summary_view(summary, crops),
        css=Markup(css),  # noqa: S704 (our files)
        script=Markup(script),  # noqa: S704 (our file)
        script_hash=f"sha256-{digest}",
        chart={"width": WIDTH, "height": HEIGHT, "base": BASE, "left": LEFT},
        heat={"cell": CELL, "left": HEAT_LEFT, "top": HEAT_TOP, "levels": LEVELS},
    )


def _source(environment: Environment, name: str) -> str:
    loader = environment.loader
    assert loader is not None
    return loader.get_source(environment, name)[0]


def summary_view(summary: Summary, crops: Sequence[Panel]) -> SummaryView:
    """Prepare every text, number and coordinate of the page."""
    ranked = sorted(summary.classes, key=lambda row: -row.instances)
    most = ranked[0].instances if ranked else 0
    covered = summary.coverage is not None
    picture = [Picture(title="Samples with their labels", panels=crops)] if crops else []
    total = [sum(getattr(row, size) for row in ranked) for size in ("small", "medium", "large")]
    return SummaryView(
        name=summary.name,
        facts=_facts(summary),
        left_out=tuple(
            f"{count_text(left.count)} left out: {left.reason}. The first: {left.first}"
            for left in summary.left_out
        ),
        objects_line=_objects_line(summary),
        objects=histogram(summary.objects_per_image.histogram),
        ranked=ranked_classes(summary.classes),
        groups_line=_groups_line(summary),
        sizes_line=_sizes_line(summary),
        mix=_mix(*total),
        mix_text=_mix_text(*total),
        columns=(
            *("Instances", "Share", "Images", "Per image", "Median px", "Median %"),
            *(("Negative", "Not exhaustive") if covered else ()),
        ),
        rows=tuple(_row(row, most, covered) for row in ranked),
        empty_rows=sum(row.instances == 0 for row in ranked),
        pairs=(
            ("Most often in one image", _pairs(summary.cooccurrence.by_count)),
            (
                f"Beyond chance, in {summary.cooccurrence.minimum_images} images or more",
                _pairs(summary.cooccurrence.by_lift),
            ),
        ),
        heat=heat_map(summary.classes, summary.cooccurrence),
        attributes=tuple(_values(attribute) for attribute in summary.attributes),
        samples=picture_views(picture),
    )


def _facts(summary: Summary) -> tuple[str, ...]:
    outlines = summary.outlines
    counts = (
        (outlines.polygons, "polygons"),
        (outlines.multi_part, "of them in several parts"),
        (outlines.rle, "run lengths"),
        (outlines.box_only, "boxes without outline"),
        (outlines.unreadable, "unreadable outlines"),
    )
    facts = [
        summary.format,
        f"{number_of(summary.images, 'image')}, {count_text(summary.empty_images)} without objects",
        number_of(summary.instances, "instance"),
        f"{number_of(summary.crowds, 'crowd')} apart",
        number_of(len(summary.classes), "class", "classes"),
        *(f"{count_text(count)} {word}" for count, word in counts if count),
    ]
    if summary.coverage is not None:
        facts.append(f"{count_text(summary.coverage.negative)} negative pairs of image and class")
        facts.append(f"{count_text(summary.coverage.not_exhaustive)} not exhaustive")
    return tuple(facts)


def _objects_line(summary: Summary) -> str:
    objects = summary.objects_per_image
    if objects.mean is None:
        return "No image."
    return f"Mean {objects.mean:.1f}, median {objects.median:g}, at most {objects.max}."


def _groups_line(summary: Summary) -> str:
    number = {g: sum(row.frequency == g for row in summary.classes) for g in GROUPS}
    source = (
        "as the labels state"
        if summary.frequency_source == "stated"
        else "more than 100 images, 11 to 100, 10 or fewer"
    )
    without = sum(row.instances == 0 for row in summary.classes)
    line = f"{number['f']} frequent, {number['c']} common, {number['r']} rare: {source}."
    return line + (
        f" {number_of(without, 'class', 'classes')} without an instance." if without else ""
    )


def _sizes_line(summary: Summary) -> str:
    sizes = [
        f"{size.width_px} × {size.height_px} ({count_text(size.images)})" for size in summary.sizes
    ]
    more = f" and {number_of(summary.other_sizes, 'more size')}" if summary.other_sizes else ""
    return f"{', '.join(sizes)}{more}" if sizes else UNDEFINED


def _row(row: ClassSummary, most: int, covered: bool) -> RowView:
    crowds = f" + {number_of(row.crowds, 'crowd')}" if row.crowds else ""
    cells = [
        Cell(text=count_text(row.instances) + crowds, value=row.instances),
        Cell(text=percent_text(_short(row.share)), value=row.share),
        Cell(text=count_text(row.images), value=row.images),
        _cell(row.per_image, "{:.1f}"),
        _cell(row.median_area_px, "{:,.0f}"),
        _cell(
            None if row.median_area_fraction is None else row.median_area_fraction * 100, "{:.2g}"
        ),
    ]
    if covered:
        for count in (row.negative_images, row.not_exhaustive_images):
            cells.append(Cell(text=count_text(count), value=count))
    sizes = (row.small, row.medium, row.large)
    return RowView(
        name=row.name,
        group=GROUPS[row.frequency],
        cells=tuple(cells),
        bar=log_width(row.instances, most),
        mix=_mix(*sizes),
        mix_text=_mix_text(*sizes),
        empty=row.instances == 0,
    )


def _short(fraction: float) -> float:
    """Two significant digits."""
    return float(f"{fraction:.2g}")


def _cell(value: float | None, form: str) -> Cell:
    if value is None:
        return Cell(text=UNDEFINED, value=-1)
    return Cell(text=form.format(value), value=value)


def _mix(small: int, medium: int, large: int) -> tuple[float, float, float] | None:
    total = small + medium + large
    if not total:
        return None
    first, second = 100 * small / total, 100 * medium / total
    return round(first, 1), round(second, 1), round(100 - round(first, 1) - round(second, 1), 1)


def _mix_text(small: int, medium: int, large: int) -> str:
    return f"{count_text(small)} small, {count_text(medium)} medium, {count_text(large)} large"


def _pairs(pairs: Sequence[Pair]) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((p.first, p.second, count_text(p.images), f"{p.lift:.1f} ×") for p in pairs)


def _values(attribute: AttributeSummary) -> ValuesView:
    counts = [(value.value, value.count) for value in attribute.values]
    counts += [("(other values)", attribute.other)] * bool(attribute.other)
    counts += [("(not stated)", attribute.not_stated)] * bool(attribute.not_stated)
    most = max((count for _, count in counts), default=1)
    return ValuesView(
        title=f"{attribute.name} of {attribute.of}s",
        values=tuple((v, count_text(n), round(100 * n / max(most, 1), 1)) for v, n in counts),
    )
