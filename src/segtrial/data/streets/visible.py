"""Which thing is seen in which pixel: the exact masks.

A pixel belongs to the nearest thing that covers its centre; the picture (`picture.py`) is drawn
from the same outlines. No labels here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.data.streets.shapes import Thing
    from segtrial.types.arrays import Bools, Floats, Ints, Longs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Visible:
    """What is seen of the things of a scene.

    `owner`: int32 (height, width), index of the nearest thing, −1 = none. By thing: `occluded` =
    a nearer thing covers some of its pixels; `truncated` = it reaches beyond the image.
    """

    owner: Ints
    occluded: Bools
    truncated: Bools


def see(things: Sequence[Thing], height_px: int, width_px: int) -> Visible:
    """Paint the things, given from the farthest to the nearest."""
    outlines = [(row, s.outline_px) for row, t in enumerate(things) for s in t.shapes if s.solid]
    pixels, painted = covered_pixels([o for _, o in outlines], height_px, width_px)
    thing_rows = np.array([row for row, _ in outlines])
    first = np.searchsorted(thing_rows[painted], np.arange(len(things) + 1))
    owner = np.full(height_px * width_px, len(things), np.int32)
    occluded = np.zeros(len(things) + 1, np.bool_)
    for row in range(len(things)):
        mine = pixels[first[row] : first[row + 1]]
        occluded[owner[mine]] = True
        owner[mine] = row
    owner[owner == len(things)] = -1
    boxes = np.array([thing.box_px() for thing in things])
    low, high = np.array([0.0, 0.0]), np.array([width_px, height_px])
    outside = np.any((boxes[:, :2] < low) | (boxes[:, 2:] > high), axis=1)
    return Visible(
        owner=owner.reshape(height_px, width_px), occluded=occluded[:-1], truncated=outside
    )


def covered_pixels(
    outlines: Sequence[Floats], height_px: int, width_px: int
) -> tuple[Longs, Longs]:
    """Pixels whose centres lie inside polygons (K, 2) by the even-odd rule.

    Returns flat pixel indices and the polygon of each, polygon after polygon. A centre on an
    edge belongs to the polygon on its right or below it, so neighbours share no pixel.
    """
    polygon, row, column = _crossings(outlines, height_px, width_px)
    key = np.sort((polygon * height_px + row) * (width_px + 1) + column)
    start, end = key[0::2], key[1::2]
    line, column = np.divmod(start, width_px + 1)
    polygon, row = np.divmod(line, height_px)
    length = end - start
    before = np.cumsum(length) - length
    pixels = np.repeat(row * width_px + column - before, length) + np.arange(length.sum())
    return pixels, np.repeat(polygon, length)


def _crossings(
    outlines: Sequence[Floats], height_px: int, width_px: int
) -> tuple[Longs, Longs, Longs]:
    """Where edges cross the rows' centre lines: polygon, row, first column whose centre is not
    to the left of the crossing.
    """
    begin = np.concatenate(outlines)
    size = np.array([len(outline) for outline in outlines])
    last = np.cumsum(size) - 1
    following = np.arange(len(begin)) + 1
    following[last] = last - size + 1
    end = begin[following]
    low, high = np.minimum(begin[:, 1], end[:, 1]), np.maximum(begin[:, 1], end[:, 1])
    first_row = np.clip(np.ceil(low - 0.5), 0, height_px).astype(np.int64)
    last_row = np.clip(np.ceil(high - 0.5), 0, height_px).astype(np.int64)
    rows = last_row - first_row
    edge = np.repeat(np.arange(len(begin)), rows)
    row = np.arange(rows.sum()) - np.repeat(np.cumsum(rows) - rows - first_row, rows)
    (x0, y0), (x1, y1) = begin[edge].T, end[edge].T
    x = x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0)
    column = np.clip(np.ceil(x - 0.5), 0, width_px).astype(np.int64)
    return np.repeat(np.arange(len(outlines)), size)[edge], row, column
