"""The tables of an evaluation's page as text: numbers, classes, label flow, errors, slices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.report.text import ap_text, count_text, difference_text

if TYPE_CHECKING:
    from segtrial.types.evaluated import Evaluated, EvaluatedSlice, Numbers
    from segtrial.types.evaluation_page import EvaluationPage, ImageRow, KindPage

MIX_UPS = 15
OTHERS = 2
MEANINGS = {
    "localisation": "right class, but the outline overlaps too little (IoU .1 to .5)",
    "classification": "on an object, under another class's name",
    "duplicate": "a second prediction of an object that is found already",
    "background": "where no object is",
    "both": "wrong class, and too little overlap",
    "missed": "objects that nothing found, not even one of the errors above",
    "false_positive": "all wrong predictions together",
    "false_negative": "all objects that were not found",
}
SUMS = ("false_positive", "false_negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """A metric: its name, what it means, and for each kind the value and the classes covered."""

    name: str
    meaning: str
    values: tuple[tuple[str, str], ...]
    strong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRow:
    """A class. `cells`: texts by column; `bar`: AP in percent; `note`: what they do not say."""

    name: str
    cells: tuple[str, ...]
    bar: float
    note: str
    empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRow:
    """What the truths of a class became: percents of kept, other, missed, and their words."""

    name: str
    truths: str
    shares: tuple[float, float, float]
    texts: tuple[str, str, str]
    others: tuple[tuple[str, str], ...]
    appeared: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    """A kind of error. `bar`: its gain in percent of the largest."""

    name: str
    meaning: str
    count: str
    gain: str
    bar: float
    sum: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicesView:
    """The parts by one attribute; `cells`: texts, `bar`: AP in percent."""

    title: str
    rows: tuple[tuple[str, tuple[str, ...], float, str], ...]


_ENDS = {
    "s": "small: below 32² px",
    "m": "medium: 32² to 96² px",
    "l": "large: from 96² px",
    "r": "rare classes",
    "c": "common classes",
    "f": "frequent classes",
}


def number_rows(answer: Evaluated) -> tuple[NumberRow, ...]:
    """Every number of the style, box beside mask, with the classes that each mean covers."""
    kinds = [
        (numbers, covered or {})
        for numbers, covered in ((answer.mask, answer.mask_covers), (answer.box, answer.box_covers))
        if numbers is not None
    ]
    return tuple(
        NumberRow(
            name=name,
            meaning=meaning(name),
            values=tuple(
                (metric_text(numbers[name]), count_text(covered[name]) if name in covered else "")
                for numbers, covered in kinds
            ),
            strong=name == "AP",
        )
        for name in (kinds[0][0] if kinds else ())
    )


def meaning(name: str) -> str:
    """A metric in words."""
    plain = {
        "AP": "average precision, mean over IoU .50–.95",
        "P": "precision at the confidence below",
        "R": "recall at the confidence below",
        "confidence": "where the smoothed mean F1 is highest",
    }
    if name in plain:
        return plain[name]
    what, end = name[:2], name[2:]
    if what == "AP" and end.isdigit():
        return f"AP at IoU .{end}"
    if end.isdigit():
        of = "an image" if end == "300" else "a class and image"
        return f"average recall, {end} prediction{'s' * (end != '1')} {of}"
    return f"{'AP' if what == 'AP' else 'average recall'}, {_ENDS.get(end, end)}"


def class_columns(answer: Evaluated) -> tuple[str, ...]:
    """The metrics of the class table: P, R, AP50 and AP first."""
    metrics = next(
        (m for c in answer.classes for m in (c.mask_metrics, c.box_metrics) if m is not None), {}
    )
    first = ("P", "R", "AP50", "AP")
    return (*first, *(name for name in metrics if name not in first))


def class_rows(answer: Evaluated, kind: KindPage) -> tuple[ClassRow, ...]:
    """One row a class, most instances first."""
    order = sorted(range(len(answer.classes)), key=lambda c: -answer.classes[c].instances)
    columns = class_columns(answer)
    rows = []
    for c in order:
        row = answer.classes[c]
        metrics: Numbers = getattr(row, f"{kind.iou_type.value}_metrics") or {}
        note: str = getattr(row, f"{kind.iou_type.value}_note")
        numbers = dict(metrics) | {"P": float(kind.precision[c]), "R": float(kind.recall[c])}
        rows.append(
            ClassRow(
                name=row.name,
                cells=(
                    count_text(row.images),
                    count_text(row.instances),
                    *(metric_text(numbers.get(name)) for name in columns),
                ),
                bar=_percent(metrics.get("AP")),
                note=note or kind.reason[c],
                empty=row.instances == 0,
            )
        )
    return tuple(rows)


def flow_rows(kind: KindPage, names: tuple[str, ...]) -> tuple[FlowRow, ...]:
    """What became of the truths of each class that has any, most truths first."""
    table = kind.table
    truths = table[:-1].sum(axis=1)
    order = np.argsort(-truths, kind="stable")
    rows = []
    for c in order[truths[order] > 0].tolist():
        counts = table[c, :-1].copy()
        whole, kept, missed = int(truths[c]), int(counts[c]), int(table[c, -1])
        counts[c] = 0
        other = whole - kept - missed
        largest = np.argsort(-counts, kind="stable")[:OTHERS]
        texts = tuple(share_text(number / whole) for number in (kept, other, missed))
        first, second = round(100 * kept / whole, 1), round(100 * other / whole, 1)
        rows.append(
            FlowRow(
                name=names[c],
                truths=count_text(whole),
                shares=(first, second, round(max(0.0, 100 - first - second), 1)),
                texts=(texts[0], texts[1], texts[2]),
                others=tuple(
                    (names[k], count_text(int(counts[k]))) for k in largest.tolist() if counts[k]
                ),
                appeared=count_text(int(table[-1, c])),
                words=f"{kept} kept, {other} called another class, {missed} missed",
            )
        )
    return tuple(rows)


def mix_ups(kind: KindPage, names: tuple[str, ...]) -> tuple[tuple[str, str, str, str], ...]:
    """The most frequent: truth, what it was called, how often, the share of its truths."""
    mixed = kind.table[:-1, :-1].copy()
    np.fill_diagonal(mixed, 0)
    truths = kind.table[:-1].sum(axis=1)
    rows = []
    for place in np.argsort(-mixed, axis=None, kind="stable")[:MIX_UPS].tolist():
        truth, called = divmod(place, len(names))
        number = int(mixed[truth, called])
        if number:
            share = share_text(number / int(truths[truth]))
            rows.append((names[truth], names[called], count_text(number), share))
    return tuple(rows)


def error_rows(kind: KindPage) -> tuple[ErrorView, ...]:
    """The six kinds, and the two that sum them up."""
    most = max((row.gain or 0.0 for row in kind.errors), default=0.0)
    return tuple(
        ErrorView(
            name=row.kind.replace("_", " "),
            meaning=MEANINGS[row.kind],
            count=count_text(row.count),
            gain=difference_text(row.gain),
            bar=round(100 * max(row.gain or 0.0, 0.0) / most, 1) if most > 0 else 0.0,
            sum=row.kind in SUMS,
        )
        for row in kind.errors
    )


def slice_views(page: EvaluationPage) -> tuple[SlicesView, ...]:
    """One table for each attribute, in the order in which they were asked for."""
    groups: dict[tuple[str, str], list[EvaluatedSlice]] = {}
    for row in page.slices:
        groups.setdefault((row.by, row.of), []).append(row)
    return tuple(
        SlicesView(
            title=by if by in {"size", "frequency"} else f"{by} of {of}",
            rows=tuple(_slice_row(row) for row in rows),
        )
        for (by, of), rows in groups.items()
    )


def _slice_row(row: EvaluatedSlice) -> tuple[str, tuple[str, ...], float, str]:
    kinds = [numbers for numbers in (row.mask, row.box) if numbers is not None]
    cells = [count_text(row.images), count_text(row.instances), count_text(row.classes)]
    cells += [metric_text(numbers[name]) for numbers in kinds for name in ("AP", "AP50")]
    value = row.value if row.stated else f"({row.value})"
    return value, tuple(cells), _percent(kinds[0]["AP"] if kinds else None), row.reason


def image_cells(rows: tuple[ImageRow, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Name and texts: AP, AP50, instances, hits, false positives, missed."""
    return tuple(
        (
            row.name,
            (
                metric_text(row.ap),
                metric_text(row.ap50),
                *(
                    count_text(n)
                    for n in (row.instances, row.hits, row.false_positives, row.missed)
                ),
            ),
        )
        for row in rows
    )


def metric_text(value: float | None) -> str:
    """`ap_text`, but what differs from 1 by rounding alone is 1.000.

    pycocotools adds 2.2e-16 to what it divides by, so that a perfect AP is a little below 1.
    """
    return ap_text(None if value is None else round(value, 12))


def share_text(fraction: float) -> str:
    """Whole percents; "<1 %" and ">99 %" where rounding would make 0 or 100."""
    percent = fraction * 100
    if 0 < percent < 0.5:
        return "<1 %"
    return ">99 %" if 99.5 <= percent < 100 else f"{percent:.0f} %"


def _percent(value: float | None) -> float:
    return 0.0 if value is None or math.isnan(value) else round(100 * value, 1)
