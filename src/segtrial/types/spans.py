"""Columns of bytes and of text: M of them in one buffer, without an object each.

A million records of a label file cost 16 bytes each beside the file's own text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np

from segtrial.types.arrays import Longs, frozen

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = Sequence[int] | npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans(Sequence[bytes]):
    """M byte strings: string m is `buffer[start[m]:stop[m]]`; `start`, `stop` int64 (M).

    Spans may overlap and need not cover the buffer.
    """

    buffer: bytes | bytearray | memoryview
    start: Longs
    stop: Longs

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", frozen(self.start, np.int64))
        object.__setattr__(self, "stop", frozen(self.stop, np.int64))
        if len(self.start) != len(self.stop):
            raise ValueError("start and stop differ in length")
        if len(self.start) and (
            self.start.min() < 0
            or self.stop.max() > len(self.buffer)
            or (self.start > self.stop).any()
        ):
            raise ValueError("a span leaves its buffer")

    def __len__(self) -> int:
        return len(self.start)

    @overload
    def __getitem__(self, row: int) -> bytes: ...
    @overload
    def __getitem__(self, row: slice) -> Spans: ...
    def __getitem__(self, row: int | slice) -> bytes | Spans:
        if isinstance(row, slice):
            return Spans(buffer=self.buffer, start=self.start[row], stop=self.stop[row])
        return bytes(self.buffer[self.start[row] : self.stop[row]])

    def __iter__(self) -> Iterator[bytes]:
        buffer = self.buffer
        for start, stop in zip(self.start.tolist(), self.stop.tolist(), strict=True):
            yield bytes(buffer[start:stop])

    def __reduce__(self) -> tuple[object, ...]:
        packed = self.packed()  # a few records must not carry a whole file's text along
        return (_spans, (packed.buffer, packed.start, packed.stop))

    def take(self, rows: Rows) -> Spans:
        """The strings of `rows`, in that order; the buffer is shared."""
        index = np.asarray(rows, dtype=np.int64)
        return Spans(buffer=self.buffer, start=self.start[index], stop=self.stop[index])

    def empty(self) -> npt.NDArray[np.bool_]:
        """Which strings are empty: bool (M)."""
        return np.asarray(self.start == self.stop)

    def packed(self) -> Spans:
        """The same strings, one after another in a buffer of their own."""
        return pack_spans(self)


def _spans(buffer: bytes, start: Longs, stop: Longs) -> Spans:
    return Spans(buffer=buffer, start=start, stop=stop)


def pack_spans(items: Iterable[bytes]) -> Spans:
    """Spans of copies of `items` in one new buffer."""
    parts = list(items)
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    stop = np.cumsum(lengths, dtype=np.int64)
    return Spans(buffer=b"".join(parts), start=stop - lengths, stop=stop)


@dataclass(frozen=True, slots=True, eq=False)
class Texts(Sequence[str]):
    """M texts, kept as UTF-8 `spans`."""

    spans: Spans

    def __len__(self) -> int:
        return len(self.spans)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> Texts: ...
    def __getitem__(self, row: int | slice) -> str | Texts:
        if isinstance(row, slice):
            return Texts(self.spans[row])
        return self.spans[row].decode()

    def __iter__(self) -> Iterator[str]:
        for item in self.spans:
            yield item.decode()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def take(self, rows: Rows) -> Texts:
        """The texts of `rows`, in that order; the buffer is shared."""
        return Texts(self.spans.take(rows))


def pack_texts(items: Iterable[str]) -> Texts:
    """Texts of `items`, in one buffer."""
    texts = list(items)
    joined = "".join(texts)
    if not joined.isascii():
        return Texts(pack_spans([text.encode() for text in texts]))
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    stop = np.cumsum(lengths, dtype=np.int64)
    return Texts(Spans(buffer=joined.encode(), start=stop - lengths, stop=stop))
