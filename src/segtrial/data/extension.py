"""What a format has no place for, under a key of ours in its records: `"segtrial": {…}`.

COCO and Scalabel readers skip members that they do not know; ours takes them back, so that a
conversion there and back loses nothing. No format's own members are written here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from segtrial.types.attributes import Coverage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from segtrial.types.arrays import Ints

KEY = "segtrial"


class OfImage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Of an image: its id in the source, and the classes looked for in it (LVIS), by name."""

    id: int | str | None = None
    negative: list[str] | msgspec.UnsetType = msgspec.UNSET
    not_exhaustive: list[str] | msgspec.UnsetType = msgspec.UNSET
    format: str = ""
    other: dict[str, msgspec.Raw] = {}


class OfInstance(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Of an instance: its id in the source, its area in px where the format states none, its box
    xywh where the format's own does not give the same numbers back.
    """

    id: int | str | None = None
    area: float | None = None
    bbox: tuple[float, float, float, float] | None = None
    format: str = ""
    other: dict[str, msgspec.Raw] = {}


class OfFile(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Of a file: the ids of its classes by name, and the source's category records."""

    category_ids: dict[str, int] = {}
    categories: list[msgspec.Raw] = []
    format: str = ""
    other: dict[str, msgspec.Raw] = {}


def coverage_of_names(
    images: Sequence[OfImage | msgspec.UnsetType], class_names: Sequence[str]
) -> Coverage | None:
    """The coverage that the images' extensions state; None where none does.

    Raises KeyError for a name that is no class.
    """
    stated = [i for i in images if i is not msgspec.UNSET and i.negative is not msgspec.UNSET]
    if not stated:
        return None
    row_of = {name: row for row, name in enumerate(class_names)}

    def pairs(field: str) -> Ints:
        found = [
            (image, row_of[name])
            for image, extension in enumerate(images)
            if extension is not msgspec.UNSET
            for name in getattr(extension, field) or ()
        ]
        return np.array(found, np.int32).reshape(-1, 2)

    return Coverage(negative=pairs("negative"), not_exhaustive=pairs("not_exhaustive"))


def names_by_image(
    coverage: Coverage, class_names: Sequence[str], images: int
) -> Iterator[tuple[list[str], list[str]]]:
    """Negative and not-exhaustive class names of each image."""
    lists: list[tuple[list[str], list[str]]] = [([], []) for _ in range(images)]
    for side, pairs in enumerate((coverage.negative, coverage.not_exhaustive)):
        for image, label in pairs.tolist():
            lists[image][side].append(class_names[label])
    yield from lists


def with_coverage(record: bytes, negative: list[str], not_exhaustive: list[str]) -> bytes:
    """An image's record with these lists under our key: its own bytes where it has them already."""
    members = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    raw = members.get(KEY)
    kept = OfImage() if raw is None else msgspec.json.decode(raw, type=OfImage)
    if kept.negative == negative and kept.not_exhaustive == not_exhaustive:
        return record
    kept.negative, kept.not_exhaustive = negative, not_exhaustive
    return msgspec.json.encode(members | {KEY: msgspec.Raw(msgspec.json.encode(kept))})
