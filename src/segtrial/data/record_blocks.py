"""A JSON list of records, decoded block by block while the file is read: never held as a whole.

Blocks are cut where one record seems to end and the next to begin (`}`, `{`), and a cut counts only
once its block has been decoded as a list of its own. Strings may hold anything: at a cut that is
none, and at all other trouble, the text is split as a whole, which is slower and exact. What the
records mean does not belong here.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from typing import TYPE_CHECKING, TypeVar

import msgspec

from segtrial.data.records import BLOCK, decode, element_spans, read_json, unpacked_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

Record = TypeVar("Record")

BLOCK_BYTES = 1 << 19  # a thousand records or more, which stay in the processor's cache
_OPENING = re.compile(rb"(?:%b)?[ \t\r\n]*\[" % codecs.BOM_UTF8)
_BOUNDARY = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*(?=\{)")
_WINDOW = 4096


def record_blocks(
    path: Path,
    decode_block: Callable[[bytes], list[Record]],
    kind: type,
    *,
    where: str,
    expected: str,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[tuple[int, bytes, list[Record]]]:
    """The records of the JSON list in `path` (unpacked where it ends in .gz), block by block: the
    number of a block's first record, its text (a JSON list), and `decode_block` of that text.

    `decode_block` raises msgspec's errors for what is no list of such records. It is then tried on
    exact splits, and the first record that is no `kind` is named: `where` with its [number].
    Raises DataError for it, and for what is no JSON list in UTF-8.

    Why a cut is never wrong: what a decoder has read before a byte decides what it expects there.
    If `[A]` is a list, A being the file's text up to a cut, then in the file too a record of the
    list has ended there; and so on from each cut to the next.
    """
    first = 0
    for text in _cut(path, block_bytes):
        try:
            records = decode_block(text)
        except (msgspec.DecodeError, RecursionError):
            break
        yield first, text, records
        first += len(records)
    else:
        return
    yield from _split(path, decode_block, kind, first, where=where, expected=expected)


def file_opening(path: Path) -> bytes:
    """The first `BLOCK_BYTES` of the text, unpacked where it ends in .gz, without a byte order
    mark: enough to tell a format. Raises DataError where it cannot be unpacked.
    """
    buffer = bytearray(BLOCK_BYTES)
    try:
        with _opened(path) as file, memoryview(buffer) as view:
            filled = _fill(file, view)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return read_json(path)[:BLOCK_BYTES]  # says what is wrong
    return bytes(buffer[:filled]).removeprefix(codecs.BOM_UTF8)


def _opened(path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb", buffering=0)


def _fill(file: BinaryIO | gzip.GzipFile, view: memoryview) -> int:
    """Read until `view` is full or the file ends; gives how many bytes."""
    filled = 0
    while filled < len(view) and (count := file.readinto(view[filled:])):  # type: ignore[union-attr]
        filled += count
    return filled


def _cut(path: Path, block_bytes: int) -> Iterator[bytes]:
    """Texts that, if each decodes as a list, are the file's list; an empty one, which no decoder
    takes, ends them where no such texts are found.
    """
    limit = unpacked_limit(path.stat().st_size)
    taken = 0
    try:
        with _opened(path) as file:
            for text in _cut_open(file, block_bytes):
                taken += len(text)
                yield text if taken <= limit and _is_utf8(text) else b""
    except (gzip.BadGzipFile, EOFError, zlib.error):
        yield b""


def _cut_open(file: BinaryIO | gzip.GzipFile, block_bytes: int) -> Iterator[bytes]:
    buffer = bytearray(block_bytes)
    with memoryview(buffer) as view:
        filled = _fill(file, view)
        opening = _OPENING.match(buffer, 0, filled)
        if opening is None:
            yield b""
            return
        begin = opening.end()
        while True:
            rest = bytes(view[begin:filled])
            view[: 1 + len(rest)] = b"[" + rest  # a block's text is a list from its first byte on
            filled = 1 + len(rest)
            filled += _fill(file, view[filled:])
            if filled < block_bytes:
                yield bytes(view[:filled])  # the rest of the file, with the list's own end
                return
            boundary = _last_boundary(buffer)
            if boundary is None:
                yield b""
                return
            stop, begin = boundary
            yield bytes(view[:stop]) + b"]"


def _last_boundary(buffer: bytearray) -> tuple[int, int] | None:
    """Where, by the look of it, the last whole record ends, and where the next one begins."""
    window = _WINDOW
    while True:
        start = max(0, len(buffer) - window)
        found = [match.span() for match in _BOUNDARY.finditer(buffer, start)]
        if found:
            return found[-1][0] + 1, found[-1][1]
        if start == 0:
            return None
        window *= 8


def _is_utf8(text: bytes) -> bool:
    """Whether it is; cuts are at ASCII characters, so they divide no character."""
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _split(
    path: Path,
    decode_block: Callable[[bytes], list[Record]],
    kind: type,
    first: int,
    *,
    where: str,
    expected: str,
) -> Iterator[tuple[int, bytes, list[Record]]]:
    """As `record_blocks` from record `first` on, the whole text split by the decoder itself."""
    whole = read_json(path)
    raws = decode(whole, list[msgspec.Raw], where=where, expected=expected)
    spans = element_spans(whole, raws)
    raws.clear()
    for begin in range(first, len(spans), BLOCK):
        end = min(begin + BLOCK, len(spans))
        text = b"[%b]" % bytes(spans.buffer[spans.start[begin] : spans.stop[end - 1]])
        try:
            records = decode_block(text)
        except (msgspec.DecodeError, RecursionError):
            for row in range(begin, end):
                decode(spans[row], kind, where=f"{where}[{row}]", expected=expected)
            raise  # pragma: no cover - one of the records must have failed
        yield begin, text, records
