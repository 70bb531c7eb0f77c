"""Rings that cross themselves, against a slow test in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtrial.data.faults.crossings import FARTHEST_PX, GRID, self_crossings

Point = tuple[int, int]


def crossings(*points: tuple[float, float]) -> list[list[float]]:
    return self_crossings(np.array(points, np.float64).reshape(-1, 2)).tolist()


def test_a_bow_tie_crosses_in_its_middle() -> None:
    assert crossings((0, 0), (4, 4), (4, 0), (0, 4)) == [[2, 2]]


@pytest.mark.parametrize(
    "ring",
    [
        [],
        [(0, 0), (1, 0)],
        [(0, 0), (4, 0), (0, 4)],
        [(0, 0), (4, 0), (4, 4), (0, 4)],
        [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)],  # closed twice
        [(0, 0), (0, 0), (4, 0), (4, 4), (4, 4), (0, 4)],  # a point twice in a row
        [(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)],  # touches an edge from inside
        [(0, 0), (2, 2), (4, 0), (4, 4), (2, 2), (0, 4)],  # two corners meet, neither crosses
        [(0, 0), (9, 0), (9, 9), (5, 9), (5, 5), (5, 9), (0, 9)],  # a spike there and back
        [(0, 0), (2, 0), (2, 2), (4, 2), (4, 0), (6, 0), (6, 4), (4, 4), (4, 2), (2, 2), (2, 4)],
    ],
)
def test_rings_that_only_touch_do_not_cross(ring: list[tuple[float, float]]) -> None:
    assert crossings(*ring) == []


@pytest.mark.parametrize("shift", range(9))
def test_a_way_through_a_vertex_crosses(shift: int) -> None:
    """Down through the edge from (0, 0) to (4, 0) with a corner on it, and up again beside it."""
    ring = [(0, 0), (4, 0), (4, 4), (3, 4), (3, 0), (3, -4), (1, -4), (1, 4), (0, 4)]
    assert sorted(crossings(*ring[shift:], *ring[:shift])) == [[1, 0], [3, 0]]


def test_two_ways_through_one_corner_cross_where_they_interleave() -> None:
    assert crossings((0, 0), (2, 2), (4, 4), (4, 0), (2, 2), (0, 4)) == [[2, 2]]


def test_what_is_less_than_the_grid_is_not_seen() -> None:
    step = 1 / GRID
    for depth, seen in ((0.4 * step, 0), (2 * step, 2)):
        ring = [(0, 0), (4, 0), (4, 4), (2, -depth), (0, 4)]
        assert len(crossings(*ring)) == seen


def test_points_too_far_away_are_refused() -> None:
    far = float(FARTHEST_PX)
    assert crossings((-far, -far), (far, far), (far, -far), (-far, far)) == [[0, 0]]
    with pytest.raises(ValueError, match="beyond"):
        crossings((0, 0), (far + 1, 0), (0, 1))
    with pytest.raises(ValueError, match="beyond"):
        crossings((0, 0), (float("nan"), 0), (0, 1))


def slow(ring: list[Point]) -> list[tuple[Fraction, Fraction]]:
    """Points inside two edges, by exact arithmetic, edge by edge."""
    points = [(Fraction(x), Fraction(y)) for x, y in ring]
    edges = [(points[k], points[(k + 1) % len(points)]) for k in range(len(points))]
    found = []
    for k, (a, b) in enumerate(edges):
        for c, d in edges[k + 1 :]:
            first, second = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1])
            turn = first[0] * second[1] - first[1] * second[0]
            if turn == 0:
                continue
            gap = (c[0] - a[0], c[1] - a[1])
            at = (gap[0] * second[1] - gap[1] * second[0]) / turn
            other = (gap[0] * first[1] - gap[1] * first[0]) / turn
            if 0 < at < 1 and 0 < other < 1:
                found.append((a[0] + at * first[0], a[1] + at * first[1]))
    return found


points = st.tuples(st.integers(0, 1000), st.integers(0, 1000))


@given(st.lists(points, min_size=3, max_size=12, unique=True))
def test_random_rings_cross_where_exact_arithmetic_says(ring: list[Point]) -> None:
    expected = slow(ring)
    found = crossings(*ring)
    inside = [p for p in found if tuple(p) not in {(float(x), float(y)) for x, y in ring}]
    assert len(inside) == len(expected)
    np.testing.assert_allclose(
        sorted(inside), sorted([float(x), float(y)] for x, y in expected), atol=1e-6
    )


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 2), min_size=3, max_size=8), st.integers(0, 7))
def test_where_the_ring_begins_and_which_way_it_runs_does_not_matter(
    ring: list[Point], shift: int
) -> None:
    turned = ring[shift % len(ring) :] + ring[: shift % len(ring)]
    number = len(crossings(*ring))
    assert len(crossings(*turned)) == len(crossings(*ring[::-1])) == number


def test_a_long_ring_is_looked_at_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    angle = np.linspace(0, 4 * np.pi, 401)[:-1] + 0.001
    ring = (
        np.stack([np.cos(angle), np.sin(angle)], axis=1) * (90 + 9 * np.sin(1.5 * angle))[:, None]
    )
    whole = self_crossings(ring + 100)
    assert len(whole) == 3
    monkeypatch.setattr("segtrial.data.faults.crossings._CELLS", 1000)
    assert sorted(self_crossings(ring + 100).tolist()) == sorted(whole.tolist())
