"""Cells and rows of per-class tables, whatever text they stood in."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segtrial.data.tables.columns import Column

ALL = "all"  # Ultralytics' line of means
UNDEFINED = frozenset({"", "-", "–", "—", "−", "nan", "n/a", "na", "null", "none"})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_MINUS_ONE = -1.0  # pycocotools' undefined
_LARGEST_COUNT = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One class in one table. NaN = undefined or not stated. `line`: of the file, from 1."""

    arm: str
    name: str
    line: int
    images: float
    instances: float
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """Rows that stand together. `name`: the heading above them, "" = none.

    `left_out`: names of columns that are not known, and whatever else was passed over.
    """

    name: str
    line: int
    rows: tuple[TableRow, ...]
    left_out: tuple[str, ...] = ()


def is_number(cell: str) -> bool:
    """Whether a cell is a number, or one of the signs for an undefined one (not empty)."""
    text = cell.strip()
    return bool(_NUMBER.fullmatch(text)) or (text.casefold() in UNDEFINED and text != "")


def make_row(
    cells: Sequence[str], columns: Sequence[Column], where: str, line: int, arm: str = ""
) -> TableRow:
    """A row from its cells. Raises DataError for one that is no number, or outside 0–1."""
    if len(cells) != len(columns):
        raise DataError(
            "A row of the table has another number of cells than its head.",
            where=where,
            expected=f"{len(columns)} cells",
            got=str(len(cells)),
        )
    name, kind = "", ""
    counts = {"images": math.nan, "instances": math.nan}
    metrics: dict[str, float] = {}
    for cell, column in zip(cells, columns, strict=True):
        text = cell.strip()
        match column.field:
            case "arm":
                arm = text or arm
            case "class":
                name = " ".join(text.split())
            case "kind":
                kind = text.casefold()
            case "images" | "instances":
                counts[column.field] = _count(text, where, column.field)
            case "metric":
                metrics[column.metric] = _fraction(text, where, column.metric)
    if not name:
        raise DataError("A row of the table names no class.", where=where, expected="a class name")
    if any(" " not in metric for metric in metrics):
        metrics = _with_kind(metrics, kind, where)
    return TableRow(arm=arm, name=name, line=line, metrics=metrics, **counts)


def _with_kind(metrics: Mapping[str, float], kind: str, where: str) -> dict[str, float]:
    if kind not in {"box", "mask"}:
        raise DataError(
            "A row does not say what its figures are of.",
            where=where,
            expected="box or mask in the column kind",
            got=f'"{kind}"',
        )
    return {metric if " " in metric else f"{kind} {metric}": v for metric, v in metrics.items()}


def _fraction(text: str, where: str, metric: str) -> float:
    value = _number(text, where, metric)
    if value == _MINUS_ONE:
        return math.nan
    if not (math.isnan(value) or 0 <= value <= 1):
        percent = 1 < value <= 100
        raise DataError(
            "A figure of the table is no fraction.",
            where=f"{where}, {metric}",
            expected="0 to 1, or –",
            got=text[:40],
            next_step="divide percentages by 100" if percent else "",
        )
    return value


def _count(text: str, where: str, what: str) -> float:
    value = _number(text.replace(",", ""), where, what)
    if not (math.isnan(value) or (0 <= value <= _LARGEST_COUNT and value == int(value))):
        raise DataError(
            "A count of the table is none.",
            where=f"{where}, {what}",
            expected="a whole number",
            got=text[:40],
        )
    return value


def _number(text: str, where: str, what: str) -> float:
    if text.casefold() in UNDEFINED:
        return math.nan
    if not _NUMBER.fullmatch(text):
        raise DataError(
            "A cell of the table is no number.",
            where=f"{where}, {what}",
            expected="a number such as 0.415, or – where it is undefined",
            got=f'"{text[:40]}"',
        )
    return float(text)
