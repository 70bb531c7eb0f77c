"""Where a ring crosses itself: exact, as points are snapped to a grid and taken as integers."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segtrial.types.arrays import Bools, Floats, Longs

GRID = 1024  # steps a px
FARTHEST_PX = 1 << 19  # up to here products of differences fit in 64 bits
_CELLS = 1 << 22  # pairs of edges looked at together


MOST_POINTS = 5000


def self_crossings(ring: Floats) -> Floats:
    """The points, float64 (P, 2) of x, y in px, where a closed ring (K, 2) crosses itself.

    Points are snapped to 1/1024 px; on that grid the test is exact. Where the ring only touches
    itself, or runs along itself, it does not cross. A ring of more than MOST_POINTS is not looked
    at: its pairs of edges would take minutes. Points beyond ± 524,288 px: ValueError.
    """
    if len(ring) and not np.abs(ring).max() <= FARTHEST_PX:
        raise ValueError(f"points beyond {FARTHEST_PX} px")
    points = np.rint(ring * GRID).astype(np.int64)
    points = points[np.any(points != np.roll(points, 1, axis=0), axis=1)]
    if not 4 <= len(points) <= MOST_POINTS:
        return np.zeros((0, 2))
    found = [_vertices_on_vertices(points)]
    for one, other in _near_pairs(points):
        found.append(_proper(points, one, other))
        found.append(_vertices_on_edges(points, one, other))
        found.append(_vertices_on_edges(points, other, one))
    return np.concatenate(found)


def _near_pairs(points: Longs) -> Iterator[tuple[Longs, Longs]]:
    """Edges k < l, not neighbours, whose boxes meet; edge k runs from point k to k + 1."""
    edges = len(points)
    ends = np.roll(points, -1, axis=0)
    low, high = np.minimum(points, ends), np.maximum(points, ends)
    rows = max(1, _CELLS // edges)
    for first in range(0, edges - 2, rows):
        block = slice(first, first + rows)
        rest = slice(first + 2, edges)
        meet = np.ones((len(low[block]), edges - first - 2), np.bool_)
        for axis in (0, 1):
            meet &= low[block, None, axis] <= high[None, rest, axis]
            meet &= low[None, rest, axis] <= high[block, None, axis]
        one, other = np.nonzero(meet)
        one, other = one + first, other + first + 2
        apart = (other >= one + 2) & (other - one < edges - 1)  # the last edge meets the first
        yield one[apart], other[apart]


def _side(a: Longs, b: Longs, c: Longs) -> Longs:
    """1, −1 or 0: on which side of the line from a to b the point c lies; each (P, 2)."""
    ab, ac = b - a, c - a
    side: Longs = np.sign(ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])
    return side


def _ends(points: Longs, edge: Longs) -> tuple[Longs, Longs]:
    return points[edge], points[(edge + 1) % len(points)]


def _proper(points: Longs, one: Longs, other: Longs) -> Floats:
    """Edges that meet in a point inside of both."""
    (a, b), (c, d) = _ends(points, one), _ends(points, other)
    cross: Bools = (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)
    begin = a[cross] / GRID
    ab, cd, ac = ((q - p)[cross] / GRID for p, q in ((a, b), (c, d), (a, c)))
    share = (ac[:, 0] * cd[:, 1] - ac[:, 1] * cd[:, 0]) / (
        ab[:, 0] * cd[:, 1] - ab[:, 1] * cd[:, 0]
    )
    places: Floats = begin + share[:, None] * ab
    return places


def _vertices_on_edges(points: Longs, edge: Longs, at: Longs) -> Floats:
    """Vertices `at` inside of edges, where the ring goes on to the edge's other side."""
    (a, b), (vertex, after) = _ends(points, edge), _ends(points, at)
    before = points[at - 1]
    on_line = (_side(a, b, vertex) == 0) & (((vertex - a) * (vertex - b)).sum(axis=1) < 0)
    through = on_line & (_side(a, b, before) * _side(a, b, after) < 0)
    places: Floats = vertex[through] / GRID
    return places


def _vertices_on_vertices(points: Longs) -> Floats:
    """Vertices that the ring visits again, where its two ways through interleave."""
    places, which, visits = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    found = []
    for place in np.flatnonzero(visits > 1):
        ways = []
        for k in np.flatnonzero(which.ravel() == place):
            before, after = points[k - 1] - points[k], points[(k + 1) % len(points)] - points[k]
            ways.append((_direction(before), _direction(after)))
        found += [
            places[place] / GRID for one, two in combinations(ways, 2) if _interleave(one, two)
        ]
    return np.array(found).reshape(-1, 2)


_Direction = tuple[int, int]


def _direction(vector: Longs) -> _Direction:
    return int(vector[0]), int(vector[1])


def _interleave(one: tuple[_Direction, _Direction], two: tuple[_Direction, _Direction]) -> bool:
    """Whether exactly one end of `two` lies between the ends of `one`, turning one way."""
    before, after = one
    if any(_parallel(p, q) for p in one for q in two) or _parallel(before, after):
        return False
    return _between(before, after, two[0]) != _between(before, after, two[1])


def _turn(p: _Direction, q: _Direction) -> int:
    return p[0] * q[1] - p[1] * q[0]


def _parallel(p: _Direction, q: _Direction) -> bool:
    return _turn(p, q) == 0 and p[0] * q[0] + p[1] * q[1] > 0


def _between(first: _Direction, last: _Direction, p: _Direction) -> bool:
    """Whether p comes before `last` when turning from `first` with positive turn; none parallel."""
    if _turn(first, last) > 0:
        return _turn(first, p) > 0 and _turn(p, last) > 0
    if _turn(first, last) < 0:
        return not (_turn(last, p) > 0 and _turn(p, first) > 0)
    return _turn(first, p) > 0
