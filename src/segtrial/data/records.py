"""Label text and its JSON records: read once, decoded in blocks, errors that name the record.

A file's text is held once; records and geometry are spans of it (`types.spans`).
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from segtrial.types.errors import DataError
from segtrial.types.spans import Spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from segtrial.types.arrays import Ints, Longs

Record = TypeVar("Record")

BLOCK = 4096  # records decoded at a time: what a block holds is forgotten before the next
_CHUNK = 1 << 20
LARGEST_PX = 4_000_000_000
_LARGEST_RATIO = 200  # JSON labels pack to a fifth or a tenth; beyond it is a bomb
_HARMLESS = 1 << 28
_SPACE = b" \t\r\n,"
_NOT_SPACE = re.compile(rb"\S")


def is_there(path: Path) -> bool:
    """Whether there is a file or folder; not where no file can have the name."""
    try:
        return path.exists()
    except (OSError, ValueError):  # too long; a zero byte
        return False


def is_file(path: Path) -> bool:
    """Whether there is a file; not where no file can have the name."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long; a zero byte
        return False


def refuse_broken_link(path: Path) -> None:
    """Raise DataError for a link that leads nowhere: its labels would silently be absent."""
    if path.is_symlink() and not is_there(path):
        raise DataError(
            "A link leads nowhere.",
            where=str(path),
            expected="a label file",
            next_step="mend the link, or take it away",
        )


def read_json(path: Path) -> bytes:
    """The file's text as bytes, unpacked where it ends in .gz, without a byte order mark.

    Raises DataError where it is not UTF-8, or cannot be unpacked.
    """
    data = _unpacked(path) if path.suffix == ".gz" else path.read_bytes()
    if data[:3] == codecs.BOM_UTF8:
        data = data[3:]
    if not data.isascii():
        _check_utf8(data, str(path))  # msgspec checks only the texts that it reads
    return data


def _unpacked(path: Path) -> bytes:
    """The unpacked content, held once: the last four bytes tell its size, modulo 2³²."""
    packed = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, packed - 4))
        size = int.from_bytes(file.read(4), "little")
    content = bytearray(min(size, _LARGEST_RATIO * packed))
    try:
        with gzip.open(path) as source:
            filled = _fill(source, content)
            while rest := source.read(_CHUNK):  # members one after another, or more than 4 GiB
                if len(content) > unpacked_limit(packed):
                    raise DataError(
                        "A packed file grows beyond all reason.",
                        where=str(path),
                        expected=f"at most {_LARGEST_RATIO} times its {packed} bytes",
                        next_step="unpack it yourself if that is what you want",
                    )
                content += rest
                filled = len(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            "A packed file cannot be unpacked.",
            where=str(path),
            expected="a whole gzip file",
            got=str(error),
            next_step="fetch the file again",
        ) from error
    del content[filled:]
    return content  # type: ignore[return-value]  # a bytearray reads like bytes, and is not copied


def unpacked_limit(packed: int) -> int:
    """How many bytes `packed` bytes of labels may unpack to; what grows beyond it is a bomb."""
    return max(_HARMLESS, _LARGEST_RATIO * packed)


def _fill(source: BinaryIO | gzip.GzipFile, content: bytearray) -> int:
    filled = 0
    with memoryview(content) as view:
        while filled < len(content):
            count = source.readinto(view[filled : filled + _CHUNK])  # type: ignore[union-attr]
            if not count:
                break
            filled += count
    return filled


def _check_utf8(data: bytes, where: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with memoryview(data) as view:
        for start in range(0, len(data), _CHUNK):
            try:
                decoder.decode(view[start : start + _CHUNK], final=start + _CHUNK >= len(data))
            except UnicodeDecodeError as error:
                raise DataError(
                    "The labels cannot be read.",
                    where=f"{where}: about byte {start + error.start}",
                    expected="UTF-8",
                    got=str(error),
                ) from error


def first_character(text: bytes) -> bytes:
    """The first byte that is no white space; nothing is copied."""
    found = _NOT_SPACE.search(text)
    return found[0] if found else b""


def decode(data: bytes | msgspec.Raw, kind: type[Record], *, where: str, expected: str) -> Record:
    """`data` as a `kind`; DataError with place, expectation and the decoder's words otherwise."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            "The labels cannot be read.", where=where, expected=expected, got=str(error)
        ) from error


def check_pixels(width_px: Ints, height_px: Ints, where: str) -> None:
    """Raise DataError for a picture of more px than run lengths of 32 bits count."""
    pixels = width_px.astype(np.int64) * height_px
    if len(pixels) and pixels.max() > LARGEST_PX:
        row = int(np.argmax(pixels))
        raise DataError(
            "A picture is too large.",
            where=f"{where}: image {row} of the list",
            expected=f"at most {LARGEST_PX / 1e6:,.0f} megapixels",
            got=f"{width_px[row]} × {height_px[row]} px",
        )


def element_spans(text: bytes, raws: Sequence[msgspec.Raw]) -> Spans:
    """Where the elements `raws` of one JSON array, views into `text`, stand in it.

    Between elements stand white space and commas only, so each begins at the next other byte.
    """
    if not raws:
        return Spans(buffer=text, start=np.zeros(0, np.int64), stop=np.zeros(0, np.int64))
    lengths = np.fromiter((memoryview(raw).nbytes for raw in raws), np.int64, len(raws))
    first = buffer_place(text, raws[0])
    begin = _evenly_spaced(text, first, lengths)
    if begin is None:
        begin = _one_by_one(text, first, lengths)
    return Spans(buffer=text, start=begin, stop=begin + lengths)


def _evenly_spaced(text: bytes, first: int, lengths: Longs) -> Longs | None:
    """Where the elements begin if the space between them is always that after the first; else
    None. Checked, not trusted: the space must be space, and no element may begin with space.
    """
    begin = first + np.cumsum(lengths) - lengths
    if len(lengths) == 1:
        return begin
    gap = 0
    while text[first + int(lengths[0]) + gap] in _SPACE:
        gap += 1
    begin += gap * np.arange(len(lengths))
    if begin[-1] + lengths[-1] >= len(text):
        return None
    characters = np.frombuffer(text, np.uint8)
    between = (begin[1:, None] - 1 - np.arange(gap)[None, :]).ravel()
    space = np.frombuffer(_SPACE, np.uint8)
    if np.isin(characters[between], space).all() and not np.isin(characters[begin], space).any():
        return begin
    return None


def _one_by_one(text: bytes, first: int, lengths: Longs) -> Longs:
    begin = np.empty(len(lengths), np.int64)
    place = first
    for k, length in enumerate(lengths.tolist()):
        while text[place] in _SPACE:
            place += 1
        begin[k] = place
        place += length
    return begin


def buffer_place(text: bytes, raw: msgspec.Raw) -> int:
    """Where `raw`, a view into `text`, begins in it."""
    return _address(raw) - _address(text)


def _address(buffer: bytes | msgspec.Raw) -> int:
    address: int = np.frombuffer(buffer, np.uint8).__array_interface__["data"][0]
    return address


def decode_blocks(
    spans: Spans, kind: type[Record], *, where: str, expected: str
) -> Iterator[tuple[int, list[Record]]]:
    """The records of `spans`, elements of one array in order, `BLOCK` at a time, each block with
    the number of its first. `where` names the array: an error adds [number] to it.
    """
    decoder = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
    for first in range(0, len(spans), BLOCK):
        last = min(first + BLOCK, len(spans))
        text = b"[%b]" % bytes(spans.buffer[spans.start[first] : spans.stop[last - 1]])
        try:
            yield first, decoder.decode(text)
        except (msgspec.DecodeError, RecursionError):
            for row in range(first, last):
                decode(spans[row], kind, where=f"{where}[{row}]", expected=expected)
            raise  # pragma: no cover - one of the records must have failed


def replaced(record: bytes, members: dict[str, object]) -> bytes:
    """`record`, a JSON object, with these members: its own bytes where it says the same already."""
    found = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    wanted = {name: msgspec.json.encode(value) for name, value in members.items()}
    changed = {
        name: msgspec.Raw(value)
        for name, value in wanted.items()
        if name not in found or _differs(bytes(found[name]), value)
    }
    return msgspec.json.encode(found | changed) if changed else record


def _differs(ours: bytes, wanted: bytes) -> bool:
    return ours != wanted and msgspec.json.decode(ours) != msgspec.json.decode(wanted)
