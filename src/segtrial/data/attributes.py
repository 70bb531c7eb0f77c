"""Attributes as labels state them: an object of switches and words, one for each record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from segtrial.types.attributes import Attribute
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING = frozenset({b"", b"null", b"{}"})


class AttributeColumns:
    """Collects the attributes of records in order; only what is stated takes memory."""

    def __init__(self) -> None:
        self._stated: dict[str, tuple[list[int], list[str]]] = {}

    def add(self, row: int, raw: bytes | msgspec.Raw, where: str) -> dict[str, object]:
        """Take the attributes of record `row`, greater than those before; gives them decoded.

        Switches, words and numbers become columns; lists and objects are left to the records.
        Raises DataError for what is no object.
        """
        if bytes(raw) in NOTHING:
            return {}
        members = _members(raw, where)
        for name, value in members.items():
            text = _text(value)
            if text is not None:
                rows, texts = self._stated.setdefault(name, ([], []))
                rows.append(row)
                texts.append(text)
        return members

    def columns(self, records: int) -> tuple[Attribute, ...]:
        """One column for each attribute that any of the `records` states, sorted by name."""
        found = []
        for name in sorted(self._stated):
            rows, texts = self._stated[name]
            values = tuple(sorted(set(texts)))
            row_of = {text: number for number, text in enumerate(values)}
            code = np.full(records, -1, np.int32)
            code[rows] = [row_of[text] for text in texts]
            found.append(Attribute(name=name, values=values, code=code))
        return tuple(found)


def read_attributes(raws: Sequence[bytes | msgspec.Raw], where: str) -> tuple[Attribute, ...]:
    """The attributes of all records of the array named `where`, as columns."""
    columns = AttributeColumns()
    for row, raw in enumerate(raws):
        columns.add(row, raw, f"{where}[{row}]")
    return columns.columns(len(raws))


def _members(raw: bytes | msgspec.Raw, where: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError(
            "Attributes cannot be read.",
            where=where,
            expected="attributes: an object of names and values",
            got=str(error),
        ) from error


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
