"""The categories of COCO's, LVIS's and panoptic files."""

from __future__ import annotations

import msgspec

from segtrial.data.records import decode
from segtrial.types.errors import DataError

FREQUENCIES = ("r", "c", "f")


class Category(msgspec.Struct):
    """One category: the class's name, its id in the file, and LVIS's group."""

    id: int
    name: str
    frequency: str | None = None


def read_categories(raws: list[msgspec.Raw], where: str) -> list[Category]:
    """The categories, in the file's order. Raises DataError where two share a name or an id."""
    categories = [
        decode(raw, Category, where=f"{where}: categories[{i}]", expected="id and name")
        for i, raw in enumerate(raws)
    ]
    names, ids = {c.name for c in categories}, {c.id for c in categories}
    if len(names) != len(categories) or len(ids) != len(categories):
        raise DataError("Two categories share a name or an id.", where=f"{where}: categories")
    return categories


def frequencies(categories: list[Category]) -> tuple[str, ...]:
    """LVIS's groups, "" where a category states none of them; () where none states any."""
    if all(category.frequency is None for category in categories):
        return ()
    return tuple(c.frequency if c.frequency in FREQUENCIES else "" for c in categories)
