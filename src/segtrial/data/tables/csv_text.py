"""Per-class tables as CSV: one model, or several with a column `arm`."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from segtrial.data.tables.columns import names_a_table, table_columns
from segtrial.data.tables.record import TableRow, TextTable, make_row
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

DELIMITERS = (",", ";", "\t")


def csv_records(text: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Line number (of the record's last line) and cells; empty lines are passed over.

    The delimiter is that which the first line holds most often. Raises DataError.
    """
    head = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DataError(
                "The CSV cannot be read.",
                where=f"{where}, line {reader.line_num}",
                expected="cells with a delimiter between them",
                got=str(error),
            ) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def looks_like_csv(text: str) -> bool:
    """Whether the first line that is not empty is a CSV head with a class and a metric."""
    head = text.lstrip().partition("\n")[0].replace('"', "")
    return any(names_a_table(head.split(delimiter)) for delimiter in DELIMITERS)


def read_csv(text: str, where: str) -> tuple[TextTable, ...]:
    """The tables of a CSV: one for each value of `arm`, in their order; else one without a name.

    Rows of one class that differ in a column `kind` become one. Raises DataError.
    """
    records = csv_records(text, where)
    first, names = next(records, (1, []))
    columns = table_columns(names, f"{where}, line {first}")
    others = tuple(
        name.strip()
        for name, column in zip(names, columns, strict=True)
        if column.field == "other" and name.strip()
    )
    rows: dict[str, list[TableRow]] = {}
    for line, cells in records:
        row = make_row(cells, columns, f"{where}, line {line}", line)
        rows.setdefault(row.arm, []).append(row)
    by_kind = any(column.field == "kind" for column in columns)
    return tuple(
        TextTable(
            name=arm,
            line=found[0].line,
            rows=merged(found) if by_kind else tuple(found),
            left_out=others,
        )
        for arm, found in rows.items()
    )


def merged(rows: list[TableRow]) -> tuple[TableRow, ...]:
    """Box and mask rows of a class as one row, at the place of the first."""
    together: dict[str, TableRow] = {}
    rest = []
    for row in rows:
        first = together.get(row.name)
        if first is None:
            together[row.name] = row
        elif first.metrics.keys() & row.metrics.keys():
            rest.append(row)  # the same kind twice: the reader of tables refuses it
        else:
            together[row.name] = TableRow(
                arm=first.arm,
                name=first.name,
                line=first.line,
                images=first.images,
                instances=first.instances,
                metrics={**first.metrics, **row.metrics},
            )
    return (*together.values(), *rest)
