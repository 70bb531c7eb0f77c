"""Mask to rings: outlines along pixel edges that COCO's `frPoly` fills to exactly that mask.

One ring a 4-connected part. Rings of one label are united when they are read, so a hole cannot
be said: for `rings_of` a part with a hole is cut along a column through it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools, Longs


def rings_of(mask: Bools) -> list[Longs]:
    """Rings (K, 2) int64 of x, y in px: corners only, clockwise as seen, not closed twice.

    Pixel (row r, column c) spans x from c to c + 1 and y from r to r + 1. No two rings share
    a pixel, and together they cover the mask.
    """
    parts, holes = _boundaries(mask)
    if not holes:
        return parts
    whole, rest = [], mask.copy()
    for ring in parts:
        inside = _filled(ring, mask.shape)
        if not any(inside[hole[0, 1], hole[0, 0]] for hole in holes):
            whole.append(ring)
            rest &= ~inside
    cut = int(holes[0][:, 0].min() + holes[0][:, 0].max()) // 2
    halves = rings_of(rest[:, :cut]), rings_of(rest[:, cut:])
    return [*whole, *halves[0], *(ring + np.array([cut, 0]) for ring in halves[1])]


def boundary_rings(mask: Bools) -> list[Longs]:
    """Rings (K, 2) as `rings_of` gives them, those around holes too: filled even-odd, not united,
    they give the mask. For drawing: no part is cut at its holes.
    """
    parts, holes = _boundaries(mask)
    return [*parts, *holes]


def _boundaries(mask: Bools) -> tuple[list[Longs], list[Longs]]:
    """The boundary rings around 4-connected parts, and those around holes.

    Corners of a boundary pair up along every row of lattice points into horizontal edges and
    along every column into vertical ones. Where two pixels touch only diagonally, two corners
    lie on one point; their order in the pairing keeps the two pixels apart. A ring starts at
    its upper left corner and goes right, so the pixel below that corner lies inside it: mask
    for a part, background for a hole.
    """
    x, y, column_rank = _corners(mask)
    horizontal = _partners(np.lexsort((np.arange(len(x)), x, y)))
    vertical = _partners(np.lexsort((column_rank, y, x)))
    points = np.stack([x, y], axis=1)
    unseen = [True] * len(x)
    parts: list[Longs] = []
    holes: list[Longs] = []
    for start in range(len(x)):
        if not unseen[start]:
            continue
        corners, at = [], start
        while unseen[at]:
            along = horizontal[at]
            unseen[at] = unseen[along] = False
            corners += [at, along]
            at = vertical[along]
        ring = points[corners]
        (parts if mask[ring[0, 1], ring[0, 0]] else holes).append(ring)
    return parts, holes


def _corners(mask: Bools) -> tuple[Longs, Longs, Longs]:
    """x, y of the boundary's corners, sorted by row then column, and their order in a column."""
    height, width = mask.shape
    padded = np.zeros((height + 2, width + 2), np.uint8)
    padded[1:-1, 1:-1] = mask
    nw, ne = padded[:-1, :-1], padded[:-1, 1:]
    sw, se = padded[1:, :-1], padded[1:, 1:]
    odd = nw ^ ne ^ sw ^ se
    falling = (nw & se) & (1 - (ne | sw))
    rising = (ne & sw) & (1 - (nw | se))
    y, x = np.nonzero(odd | falling | rising)
    twice = 1 + (falling | rising)[y, x].astype(np.int64)
    first = np.cumsum(twice) - twice
    rank = np.arange(twice.sum()) - np.repeat(first, twice)
    # Of two corners on one point the first ends the edge from the left. In a rising touch
    # (pixels at the upper right and lower left) that is the lower pixel's corner.
    flip = np.repeat(rising[y, x].astype(np.int64), twice)
    return np.repeat(x, twice), np.repeat(y, twice), rank ^ flip


def _partners(order: Longs) -> list[int]:
    """For each corner, the one that it pairs with when taken two by two in `order`."""
    partner = np.empty(len(order), np.int64)
    partner[order[0::2]] = order[1::2]
    partner[order[1::2]] = order[0::2]
    found: list[int] = partner.tolist()
    return found


def _filled(ring: Longs, shape: tuple[int, ...]) -> Bools:
    """The pixels inside a ring."""
    toggles = np.zeros((shape[0], shape[1] + 1), np.bool_)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if x0 == x1:
            toggles[min(y0, y1) : max(y0, y1), x0] ^= True
    return np.logical_xor.accumulate(toggles, axis=1)[:, :-1]
