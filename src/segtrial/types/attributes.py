"""What labels say beside class and geometry: attributes, coverage, and what a reader left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.arrays import Ints, Longs, frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.spans import Rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribute:
    """One attribute of M images or instances: weather, timeofday, occluded …

    `code`: int32 (M), a row of `values`; −1 = not stated. Switches have the values "false", "true".
    """

    name: str
    values: tuple[str, ...]
    code: Ints

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", frozen(self.code, np.int32))

    def take(self, rows: Rows) -> Attribute:
        """The attribute of `rows`, in that order."""
        return replace(self, code=self.code[np.asarray(rows, np.int64)])

    def value(self, row: int) -> str | None:
        """The value as text; None where it is not stated."""
        code = int(self.code[row])
        return self.values[code] if code >= 0 else None

    def counts(self) -> dict[str, int]:
        """How often each value is stated."""
        number = np.bincount(self.code[self.code >= 0], minlength=len(self.values))
        return {name: int(n) for name, n in zip(self.values, number, strict=True)}


def attribute(name: str, stated: Sequence[str | None]) -> Attribute:
    """The attribute `name` with one text, or None, for each of M images or instances."""
    values = tuple(sorted({text for text in stated if text is not None}))
    row_of: dict[str | None, int] = {text: row for row, text in enumerate(values)} | {None: -1}
    code = np.fromiter((row_of[text] for text in stated), np.int32, len(stated))
    return Attribute(name=name, values=values, code=code)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """Which classes were looked for in which image, where labels are not exhaustive (LVIS).

    `negative` int32 (P, 2): pairs (image index, class index) verified to be absent.
    `not_exhaustive` int32 (Q, 2): pairs whose instances are not all labelled. Both sorted by
    image, in the source's order within an image. A class in neither list nor among the image's
    instances was not looked for.
    """

    negative: Ints
    not_exhaustive: Ints

    def __post_init__(self) -> None:
        for field in ("negative", "not_exhaustive"):
            pairs = np.asarray(getattr(self, field), np.int32).reshape(-1, 2)
            object.__setattr__(self, field, frozen(pairs, np.int32))
            assert np.all(np.diff(pairs[:, 0]) >= 0), f"{field} must be sorted by image"

    def take_images(self, rows: Rows) -> Coverage:
        """The pairs of the images `rows`, in that order, renumbered."""
        wanted = np.asarray(rows, np.int64)
        return Coverage(
            negative=_of_images(self.negative, wanted),
            not_exhaustive=_of_images(self.not_exhaustive, wanted),
        )

    def relabelled(self, image: Ints, before: Ints, after: Ints) -> Coverage:
        """The coverage after instances of `image` changed class: each int32 (K).

        A class that an image now shows is not absent from it; where the class before was not
        labelled throughout, that after is not either.
        """
        rows = list(zip(image.tolist(), before.tolist(), after.tolist(), strict=True))
        partly = {tuple(pair) for pair in self.not_exhaustive.tolist()}
        new = {(i, b) for i, a, b in rows if (i, a) in partly} - partly
        added = np.array(sorted(new), np.int32).reshape(-1, 2)
        joined = np.concatenate([self.not_exhaustive, added])
        return Coverage(
            negative=_without(self.negative, {(i, b) for i, _, b in rows}),
            not_exhaustive=joined[np.argsort(joined[:, 0], kind="stable")],
        )

    def take_classes(self, renumber: Ints) -> Coverage:
        """The pairs under other class indices: `renumber` int32 (C), −1 = class left out."""
        return Coverage(
            negative=_of_classes(self.negative, renumber),
            not_exhaustive=_of_classes(self.not_exhaustive, renumber),
        )


def _without(pairs: Ints, gone: set[tuple[int, int]]) -> Ints:
    kept = [pair for pair in pairs.tolist() if tuple(pair) not in gone]
    return np.array(kept, np.int32).reshape(-1, 2)


def _of_images(pairs: Ints, rows: Longs) -> Ints:
    first, last = (np.searchsorted(pairs[:, 0], rows, side) for side in ("left", "right"))
    kept = [
        np.stack([np.full(b - a, new, np.int32), pairs[a:b, 1]], axis=1)
        for new, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True))
    ]
    return np.concatenate([*kept, np.zeros((0, 2), np.int32)])


def _of_classes(pairs: Ints, renumber: Ints) -> Ints:
    classes = renumber[pairs[:, 1]] if len(pairs) else pairs[:, 1]
    return np.stack([pairs[:, 0], classes], axis=1)[classes >= 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Records that a reader left out: how many, why, and where the first one stands."""

    count: int
    reason: str
    first: str

    def __str__(self) -> str:
        return f"{self.count} left out: {self.reason} (the first: {self.first})"
