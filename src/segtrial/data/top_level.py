"""The top level of a JSON label file: its arrays of records, found in one pass over the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from segtrial.data.records import buffer_place, decode
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Raws = list[msgspec.Raw] | msgspec.UnsetType


class TopLevel(msgspec.Struct, kw_only=True):
    """Members that tell the formats apart; records are views into the text, not decoded."""

    images: Raws = msgspec.UNSET
    annotations: Raws = msgspec.UNSET
    categories: Raws = msgspec.UNSET
    frames: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    labels: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    def array(self, name: str, where: str, expected: str) -> list[msgspec.Raw]:
        """One of the arrays. Raises DataError where the file has none of this name."""
        raws: Raws = getattr(self, name)
        if raws is msgspec.UNSET:
            got = f"no {name}"
            raise DataError("A member is missing.", where=where, expected=expected, got=got)
        return raws


def read_top_level(text: bytes, where: str, expected: str) -> TopLevel:
    """The top level of `text`, a JSON object. Raises DataError where it is none."""
    return decode(text, TopLevel, where=where, expected=expected)


def other_members(text: bytes, arrays: Mapping[str, Sequence[msgspec.Raw]]) -> bytes:
    """The file's members but `arrays`, as a JSON object; the arrays' text is not read again."""
    cuts = sorted(
        (buffer_place(text, raws[0]), buffer_place(text, raws[-1]) + memoryview(raws[-1]).nbytes)
        for raws in arrays.values()
        if raws
    )
    kept, place = [], 0
    for start, stop in cuts:
        kept.append(text[place:start])
        place = stop
    kept.append(text[place:])
    members = msgspec.json.decode(b"".join(kept), type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: raw for name, raw in members.items() if name not in arrays})
