"""A text file → the per-class tables in it; the format is told from the content."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from segtrial.data.tables.console import looks_like_console, read_console
from segtrial.data.tables.csv_text import looks_like_csv, read_csv
from segtrial.data.tables.markdown import looks_like_markdown, read_markdown
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.data.tables.record import TextTable

LARGEST_BYTES = 64 << 20
EXPECTED = (
    "a CSV with a column class, a Markdown table, or Ultralytics' console text "
    "(Class Images Instances Box(P R mAP50 mAP50-95) …)"
)
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def tables_in(path: Path) -> tuple[TextTable, ...]:
    """All per-class tables of a file, at least one. Raises DataError, OSError."""
    tables = find_tables(path)
    if not tables:
        raise DataError(
            "There is no per-class table in this file.", where=str(path), expected=EXPECTED
        )
    return tables


def find_tables(path: Path) -> tuple[TextTable, ...]:
    """All per-class tables of a file; none where its text has none. Raises DataError, OSError."""
    text = read_text(path)
    if looks_like_markdown(text):
        return read_markdown(text, str(path))
    if looks_like_console(text):
        return read_console(text, str(path))
    return read_csv(text, str(path)) if looks_like_csv(text) else ()


def read_text(path: Path) -> str:
    """A file as text: UTF-8, or UTF-16 with its mark, as some shells write. Raises DataError."""
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise DataError(
            "The file is too large for a table.",
            where=str(path),
            expected=f"at most {LARGEST_BYTES:,} bytes",
            got=f"{size:,}",
        )
    data = path.read_bytes()
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            "The file is no text.", where=str(path), expected="UTF-8", got=str(error)
        ) from error
    return text.replace("\r\n", "\n")
