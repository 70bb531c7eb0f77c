"""Files and folders → one ClassTable: an arm each, the same classes, the same validation set."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.records import is_file, is_there
from segtrial.data.tables.columns import metric_order
from segtrial.data.tables.recognise import find_tables, tables_in
from segtrial.data.tables.record import ALL, TableRow, TextTable
from segtrial.types.class_table import ClassTable
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from segtrial.types.arrays import Floats

SUFFIXES = (".csv", ".tsv", ".md", ".txt", ".log", ".out")
MAXIMUM_TABLES = 200
_NUMBERED = re.compile(r"(.*)#(\d{1,4})", re.DOTALL)


def read_class_table(words: Sequence[str]) -> ClassTable:
    """The tables of several models.

    Each word: a file of one table or of several, a folder of files, or `arm=FILE`; `FILE#2` is the
    second table of a file. An arm is called as said, else as the table's heading or column `arm`
    says, else as the file. A line "all" is no class; where its instances are not the sum of the
    classes', a note says so. A class or metric that only some arms have is NaN in the others; a
    note names the classes. Raises DataError for two tables of one arm, a class twice in an arm,
    and arms whose classes have other instances (another validation set).
    """
    notes: list[str] = []
    named = [table for word in words for table in _named_tables(word, notes)]
    _check_names(named)
    tables = [table for table, _ in named]
    metrics = sorted({m for t in tables for row in t.rows for m in row.metrics}, key=metric_order)
    classes = list(dict.fromkeys(r.name for t in tables for r in t.rows if r.name != ALL))
    if not classes:
        raise DataError("The tables hold no class.", where=named[0][1], expected="a row a class")
    values = np.full((len(tables), len(classes), len(metrics)), np.nan)
    column = {name: c for c, name in enumerate(classes)}
    for a, (table, source) in enumerate(named):
        rows = _rows_of(table, source)
        for row in rows:
            values[a, column[row.name]] = [row.metrics.get(m, math.nan) for m in metrics]
        notes += _notes_of(table, rows, _absent(rows, classes))
    images, more = _shared_counts(named, classes, "images")
    instances, _ = _shared_counts(named, classes, "instances")
    return ClassTable(
        arms=tuple(table.name for table in tables),
        class_names=tuple(classes),
        metrics=tuple(metrics),
        sources=tuple(source for _, source in named),
        images=images,
        instances=instances,
        values_ACM=values,
        notes=tuple(dict.fromkeys([*notes, *more])),
    )


def _check_names(named: Sequence[tuple[TextTable, str]]) -> None:
    """Raise DataError for two tables of one name, and for more tables than any study has."""
    if len(named) > MAXIMUM_TABLES:
        raise DataError(
            "There are too many tables.",
            where=named[0][1],
            expected=f"at most {MAXIMUM_TABLES} models",
            got=str(len(named)),
            next_step="look at the column arm: it names the model, not the row",
        )
    first: dict[str, str] = {}
    for table, source in named:
        if table.name in first:
            raise DataError(
                f'Two tables are called "{table.name}".',
                where=f"{first[table.name]} and {source}",
                expected="a name of its own for each model",
                next_step="say which is which: base=FILE arm=FILE, or FILE#1 and FILE#2",
            )
        first[table.name] = source


def _named_tables(word: str, notes: list[str]) -> Iterator[tuple[TextTable, str]]:
    """Tables with the name of their arm, and where each begins; `notes` grows."""
    path, name = Path(word), ""
    if not is_there(path) and "=" in word:
        name, _, rest = word.partition("=")
        name, path = name.strip(), Path(rest)
    number = None
    match = _NUMBERED.fullmatch(str(path))
    if match and not is_there(path):
        path, number = Path(match[1]), int(match[2])
    if is_there(path) and path.is_dir():
        yield from _folder_tables(path, notes, alone=bool(name) or number is not None)
        return
    if not is_file(path):
        raise DataError(
            "There is no such table.",
            where=str(path)[:300],
            expected="a file, a folder of files, or arm=FILE",
            next_step="check the path",
        )
    found = tables_in(path)
    if number is not None:
        found = (_numbered(found, number, path),)
    if name and len(found) > 1:
        raise DataError(
            f'Several tables would be called "{name}".',
            where=str(path),
            expected="one table",
            got=", ".join(f"#{i} {t.name or '(no heading)'}" for i, t in enumerate(found, 1))[:300],
            next_step=f"say which: {name}={path}#1",
        )
    for table in found:
        own = name or table.name or path.stem
        yield replace(table, name=own), f"{path}, line {table.line}"


def _numbered(found: Sequence[TextTable], number: int, path: Path) -> TextTable:
    if not 1 <= number <= len(found):
        raise DataError(
            "The file has no such table.",
            where=f"{path}#{number}",
            expected=f"#1 to #{len(found)}",
            got=f"#{number}",
        )
    return found[number - 1]


def _folder_tables(
    folder: Path, notes: list[str], *, alone: bool
) -> Iterator[tuple[TextTable, str]]:
    """The tables of a folder's files; files without one are passed over, and a note says so."""
    if alone:
        raise DataError(
            "A folder stands where one table is needed.", where=str(folder), expected="a file"
        )
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES and f.is_file())
    holding = [file for file in files if find_tables(file)]
    if not holding:
        raise DataError(
            "The folder holds no per-class table.",
            where=str(folder),
            expected=f"files that end in {', '.join(SUFFIXES)}, called as their arm",
        )
    without = [file.name for file in files if file not in holding]
    if without:
        notes.append(f"{folder}: no per-class table in {', '.join(without)}")
    for file in holding:
        yield from _named_tables(str(file), notes)


def _rows_of(table: TextTable, source: str) -> list[TableRow]:
    """The rows of classes. Raises DataError where a class stands twice."""
    rows: dict[str, TableRow] = {}
    for row in table.rows:
        first = rows.get(row.name)
        if first is not None:
            raise DataError(
                f'The class "{row.name}" stands twice in the table of {table.name}.',
                where=f"{source.rpartition(', line ')[0]}, lines {first.line} and {row.line}",
                expected="one row a class",
            )
        rows[row.name] = row
    return [row for row in rows.values() if row.name != ALL]


def _absent(rows: Sequence[TableRow], classes: Sequence[str]) -> list[str]:
    present = {row.name for row in rows}
    return [name for name in classes if name not in present]


def _notes_of(table: TextTable, rows: list[TableRow], absent: list[str]) -> Iterator[str]:
    if table.left_out:
        yield f"columns left out: {', '.join(table.left_out)}"
    if absent:
        yield f"{table.name}: no row of {', '.join(absent)}"
    total = next((row.instances for row in table.rows if row.name == ALL), math.nan)
    held = sum(row.instances for row in rows)
    if not math.isnan(total) and not math.isnan(held) and held != total:
        yield (
            f'{table.name}: its line "all" counts {int(total):,} instances, its classes '
            f"{int(held):,}: rows may be missing"
        )


def _shared_counts(
    named: Sequence[tuple[TextTable, str]], classes: Sequence[str], what: str
) -> tuple[Floats, list[str]]:
    """Images or instances of each class, float64 (C), and notes.

    Other instances in one arm than in another are another validation set: DataError. Images may
    differ: what that column counts has changed with Ultralytics' versions.
    """
    stated: dict[str, tuple[float, str, int]] = {}
    notes: list[str] = []
    for table, source in named:
        for row in table.rows:
            value: float = getattr(row, what)
            if math.isnan(value) or row.name == ALL:
                continue
            first, who, line = stated.setdefault(row.name, (value, source, row.line))
            if first == value:
                continue
            if what == "instances":
                raise DataError(
                    f'The arms count the instances of "{row.name}" differently.',
                    where=f"{who.rpartition(', line ')[0]}, line {line}, and "
                    f"{source.rpartition(', line ')[0]}, line {row.line}",
                    expected="the same validation set in every arm",
                    got=f"{int(first)} and {int(value)}",
                    next_step="compare only models that were validated on the same labels",
                )
            notes.append("the tables' columns Images differ: other versions may have made them")
    nothing = (math.nan, "", 0)
    return np.array([stated.get(name, nothing)[0] for name in classes]), notes
