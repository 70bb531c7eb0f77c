"""Per-class tables as GitHub Markdown: pipes, a row of dashes below the head."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from segtrial.data.tables.columns import names_a_table, table_columns
from segtrial.data.tables.record import TableRow, TextTable, make_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.data.tables.columns import Column

HEADING = re.compile(r" {0,3}#{1,6}\s+(\S.*)")
_DASHES = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)+\s*(?::?-+:?\s*)?")
_PIPE = re.compile(r"(?<!\\)\|")
_DECORATION = re.compile(r"<[^<>]{1,40}>|\*\*|__|`")


def looks_like_markdown(text: str) -> bool:
    """Whether a line of dashes stands below a line with pipes, a class and a metric."""
    lines = text.splitlines()
    return any(_is_head(lines, i) for i in range(len(lines) - 1))


def read_markdown(text: str, where: str) -> tuple[TextTable, ...]:
    """Every table with a class and a metric, named by the heading above it, or by its column `arm`.

    Other tables and all text between are passed over. Raises DataError.
    """
    lines = text.splitlines()
    tables: list[TextTable] = []
    heading, i = "", 0
    while i < len(lines):
        match = HEADING.fullmatch(lines[i])
        if match:
            heading = heading_name(match[1])
        if not _is_head(lines, i):
            i += 1
            continue
        names = _cells(lines[i])
        columns = table_columns(names, f"{where}, line {i + 1}")
        others = tuple(n for n, c in zip(names, columns, strict=True) if c.field == "other" and n)
        start = i + 2
        i = start
        while i < len(lines) and "|" in lines[i]:
            i += 1
        tables += _tables(lines, range(start, i), columns, (where, heading, others))
    return tuple(tables)


def heading_name(text: str) -> str:
    """What a heading calls the table below it."""
    return plain(text).rstrip(" #:")


def plain(text: str) -> str:
    """A cell or heading without Markdown's and HTML's marks."""
    return _DECORATION.sub("", text).replace("\\|", "|").replace("\\_", "_").strip()


def _tables(
    lines: Sequence[str],
    span: range,
    columns: Sequence[Column],
    named: tuple[str, str, tuple[str, ...]],
) -> list[TextTable]:
    where, heading, others = named
    rows: dict[str, list[TableRow]] = {}
    for i in span:
        row = make_row(_cells(lines[i]), columns, f"{where}, line {i + 1}", i + 1, arm=heading)
        rows.setdefault(row.arm, []).append(row)
    return [
        TextTable(name=arm, line=found[0].line, rows=tuple(found), left_out=others)
        for arm, found in rows.items()
    ]


def _is_head(lines: Sequence[str], i: int) -> bool:
    if "|" not in lines[i] or i + 1 >= len(lines) or not _DASHES.fullmatch(lines[i + 1]):
        return False
    return names_a_table(_cells(lines[i]))


def _cells(line: str) -> list[str]:
    text = line.strip()
    text = text.removeprefix("|")
    if text.endswith("|") and not text.endswith("\\|"):
        text = text[:-1]
    return [plain(cell) for cell in _PIPE.split(text)]
