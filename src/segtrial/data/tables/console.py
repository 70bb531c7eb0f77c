"""Per-class tables as Ultralytics prints them on a console, with whatever stands in between.

`Class Images Instances Box(P R mAP50 mAP50-95) Mask(P …)`, YOLOv5's `Labels` and `mAP@.5` too.
Colours, progress bars, training lines and notebook text are passed over; a row that is torn is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from segtrial.data.tables.columns import Column, is_class_name, metric_of, table_columns
from segtrial.data.tables.markdown import HEADING, heading_name
from segtrial.data.tables.record import ALL, TableRow, TextTable, is_number, make_row
from segtrial.types.errors import DataError

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_HEAD = re.compile(r"\s*Class\s+Images\s+(?:Instances|Labels|Targets)\s", re.IGNORECASE)
_NAME_LINE = re.compile(r"\s*([\w .+/>()-]{1,80}?)\s*:\s*")
_PROGRESS = re.compile(r"%\||[█━▏▎▍▌▋▊▉]|\bit/s|\bs/it|\d+%")


def looks_like_console(text: str) -> bool:
    """Whether a line is the head of Ultralytics' table."""
    return any(_HEAD.match(line) for _, line in _pieces(text))


def read_console(text: str, where: str) -> tuple[TextTable, ...]:
    """Every table that has rows of classes, in its order, named by the heading above its rows.

    A heading is `# name`, or `name:` alone on its line. A table ends where the next head, heading
    or line "all" begins. Heads without rows of classes (validation while training) are passed
    over, and so are tables whose lines are all "all". Raises DataError for a torn row.
    """
    reader = _Reader(where)
    for line, piece in _pieces(text):
        reader.take(line, piece)
    return reader.tables()


def _pieces(text: str) -> list[tuple[int, str]]:
    """Line numbers and texts without colours; a progress bar's returns make pieces of a line."""
    return [
        (number, piece)
        for number, line in enumerate(text.split("\n"), 1)
        for piece in _ANSI.sub("", line).split("\r")
        if piece.strip()
    ]


@dataclass(slots=True)
class _Reader:
    """Where the reading stands: the last head, the last heading, the rows since."""

    where: str
    columns: tuple[Column, ...] = ()
    heading: str = ""
    rows: list[TableRow] = field(default_factory=list)
    found: list[TextTable] = field(default_factory=list)

    def take(self, line: int, piece: str) -> None:
        """Take over one piece of text."""
        if _HEAD.match(piece):
            self._close()
            self.columns = _head_columns(piece, f"{self.where}, line {line}")
            return
        heading = HEADING.fullmatch(piece) or _NAME_LINE.fullmatch(piece)
        if heading:
            self._close()
            self.heading = heading_name(heading[1])
            return
        if self.columns:
            self._take_row(line, piece)

    def tables(self) -> tuple[TextTable, ...]:
        """All tables, once everything is taken."""
        self._close()
        return tuple(self.found)

    def _take_row(self, line: int, piece: str) -> None:
        width = len(self.columns) - 1
        words = piece.split()
        numbers = [is_number(word) for word in words[-width:]]
        place = f"{self.where}, line {line}"
        if len(words) > width and all(numbers) and _PROGRESS.search(piece) is None:
            tail = words[-width:]
            name = " ".join(words[:-width])
            if name == ALL:
                self._close()
            self.rows.append(make_row([name, *tail], self.columns, place, line))
        elif _is_torn(piece, words, width):
            raise DataError(
                "A row of the table is torn.",
                where=place,
                expected=f"a class name and {width} numbers",
                got=" ".join(words)[:120],
                next_step="mend the line, or take it out if it is no row of the table",
            )

    def _close(self) -> None:
        if any(row.name != ALL for row in self.rows):
            self.found.append(
                TextTable(name=self.heading, line=self.rows[0].line, rows=tuple(self.rows))
            )
        self.rows = []


def _is_torn(piece: str, words: list[str], width: int) -> bool:
    """Whether a line below a head is a row that lost something.

    It has at least half of a row's numbers and none of the signs of other lines: progress, times,
    settings, paths.
    """
    if _PROGRESS.search(piece) or re.search(r"[=:\[\]{}|/]", piece):
        return False
    return sum(is_number(word) for word in words[1:]) >= max(2, width / 2)


def _head_columns(piece: str, where: str) -> tuple[Column, ...]:
    """Columns up to the first word that names none: a progress bar follows on the same line."""
    names: list[str] = []
    for word in piece.split():
        if len(names) >= 3 and not metric_of(word)[1]:
            break
        names.append(word)
    assert is_class_name(names[0])
    return table_columns(names, where)
