"""Several rings as one: joined by bridges of no width, for formats that hold one ring a label.

A bridge runs from a vertex of one ring to a vertex of another and back along the same line, so
that a filled ring covers what the rings cover. Rings that overlap are united elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.arrays import Floats, Longs


def bridged(rings: Sequence[Floats]) -> Floats:
    """One closed ring (K, 2) float64 that goes around all `rings`, (K, 2) of x, y in px.

    The bridges are a minimum spanning tree over the distances between the nearest vertices of two
    rings (Prim's algorithm from the first ring; of equal distances the first found). All rings are
    turned the way of the first, so that the areas add up (`ring_area_px`). COCO's `frPoly` draws
    there and back alike, and fills by parity: the pixels are those covered by an odd number of the
    rings, which is their union where they do not overlap. The input is not empty.
    """
    if len(rings) == 1:
        return np.asarray(rings[0], np.float64)
    turned = _turned_alike([np.asarray(ring, np.float64) for ring in rings])
    points = np.concatenate(turned)
    first = np.cumsum([0, *(len(ring) for ring in turned)], dtype=np.int64)
    order = _walk(first, _links(points, first))
    ring: Floats = points[order]
    repeated = (ring == np.roll(ring, 1, axis=0)).all(axis=1)
    repeated[0] = False  # where rings touch, a bridge has no length
    kept: Floats = ring[~repeated]
    return kept


def _turned_alike(rings: list[Floats]) -> list[Floats]:
    clockwise = [_twice_signed_area(ring) >= 0 for ring in rings]
    return [
        ring if way == clockwise[0] else ring[::-1]
        for ring, way in zip(rings, clockwise, strict=True)
    ]


def _twice_signed_area(ring: Floats) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


@njit(cache=True, nogil=True)
def _links(points: Floats, first: Longs) -> Longs:
    """The bridges, int64 (R − 1, 2), in the order in which they join a ring to those before it:
    a vertex of a joined ring, and a vertex of the new one. `first`: where each ring begins, R + 1.
    """
    rings = len(first) - 1
    links = np.zeros((rings - 1, 2), np.int64)
    nearest = np.full(rings, np.inf)
    ends = np.zeros((rings, 2), np.int64)
    joined = np.zeros(rings, np.bool_)
    newest = 0
    for step in range(rings - 1):
        joined[newest] = True
        closest = -1
        for r in range(rings):
            if joined[r]:
                continue
            for i in range(first[newest], first[newest + 1]):
                for j in range(first[r], first[r + 1]):
                    dx = points[i, 0] - points[j, 0]
                    dy = points[i, 1] - points[j, 1]
                    distance = dx * dx + dy * dy
                    if distance < nearest[r]:
                        nearest[r] = distance
                        ends[r, 0] = i
                        ends[r, 1] = j
            if closest < 0 or nearest[r] < nearest[closest]:
                closest = r
        links[step] = ends[closest]
        newest = closest
    return links


def _walk(first: Longs, links: Longs) -> list[int]:
    """The vertices in walking order: around a ring, and at each bridge over it, around the ring
    there, and back.
    """
    ring_of = np.repeat(np.arange(len(first) - 1), np.diff(first)).tolist()
    bounds = first.tolist()
    bridges: dict[int, list[int]] = {}
    for start, end in links.tolist():
        bridges.setdefault(start, []).append(end)

    def round_trip(vertex: int) -> list[int]:
        """The ring from `vertex` on and back to it, as a stack: the last comes first."""
        low, high = bounds[ring_of[vertex]], bounds[ring_of[vertex] + 1]
        return [vertex, *range(vertex - 1, low - 1, -1), *range(high - 1, vertex - 1, -1)]

    order: list[int] = []
    todo = round_trip(0)[1:]  # the whole ring is closed by its reader
    seen: set[int] = set()
    while todo:
        vertex = todo.pop()
        order.append(vertex)
        if vertex not in seen:
            seen.add(vertex)
            for end in reversed(bridges.get(vertex, [])):
                todo += [vertex, *round_trip(end)]
    return order
