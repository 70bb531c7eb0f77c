"""Decoding JSON records with an error that names file and record."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, TypeVar

import msgspec

from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

Record = TypeVar("Record")


def read_json(path: Path) -> bytes:
    """The file's bytes without the byte order mark that some editors put first."""
    return path.read_bytes().removeprefix(codecs.BOM_UTF8)


def decode(data: bytes | msgspec.Raw, kind: type[Record], *, where: str, expected: str) -> Record:
    """`data` as a `kind`; DataError with place, expectation and the decoder's words otherwise."""
    try:
        if isinstance(data, bytes) and not data.isascii():
            data.decode()  # msgspec checks only the texts that it reads, writers need all
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            "The labels cannot be read.", where=where, expected=expected, got=str(error)
        ) from error
