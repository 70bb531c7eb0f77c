"""Rings with cubic Bézier pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.geometry.beziers import flatten_ring
from segtrial.types.arrays import Floats

KAPPA = 4 / 3 * (np.sqrt(2) - 1)  # control points of a quarter circle
PX = st.floats(-2000, 2000)


def circle(radius: float) -> tuple[Floats, str]:
    """Four cubics; the last ends at vertex 0, so that a trailing CC remains."""
    k = KAPPA
    unit = [(1, 0), (1, k), (k, 1), (0, 1), (-k, 1), (-1, k), (-1, 0), (-1, -k), (-k, -1)]
    unit += [(0, -1), (k, -1), (1, -k)]
    return radius * np.array(unit, np.float64), "LCCLCCLCCLCC"


def area(ring: Floats) -> float:
    x, y = ring.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def on_cubic(points: Floats, t: float) -> Floats:
    """De Casteljau's construction: an independent way to the curve."""
    while len(points) > 1:
        points = (1 - t) * points[:-1] + t * points[1:]
    return points[0]


@pytest.mark.parametrize("radius", [50, 200, 1000])
def test_a_circle_keeps_its_area_within_a_thousandth(radius: float) -> None:
    ring = flatten_ring(*circle(radius))
    assert area(ring) == pytest.approx(np.pi * radius**2, rel=1e-3)


def test_control_points_taken_as_vertices_would_be_far_too_large() -> None:
    vertices, types = circle(100)
    assert area(vertices) == pytest.approx(1.146 * np.pi * 100**2, rel=2e-3)
    assert area(flatten_ring(vertices, "L" * len(types))) == area(vertices)


def test_a_trailing_curve_ends_at_the_first_vertex() -> None:
    ring = flatten_ring(*circle(10))
    assert ring[0].tolist() == [10, 0]
    np.testing.assert_allclose(ring[-1], ring[0], atol=1e-12)


def test_the_end_point_of_a_curve_is_an_end_point_whatever_its_type() -> None:
    vertices = np.array([[0, 0], [0, 10], [10, 10], [10, 0], [5, -5]], np.float64)
    np.testing.assert_array_equal(flatten_ring(vertices, "LCCLL"), flatten_ring(vertices, "LCCCL"))


def test_the_type_of_the_first_vertex_is_a_move() -> None:
    vertices = np.array([[0, 0], [4, 0], [4, 4]], np.float64)
    np.testing.assert_array_equal(flatten_ring(vertices, "CLL"), vertices)


def test_one_lone_control_point_at_the_end_closes_to_the_first_vertex() -> None:
    vertices = np.array([[0, 0], [8, 0], [8, 8]], np.float64)
    ring = flatten_ring(vertices, "LLC")
    assert ring[1].tolist() == [8, 0]
    assert ring[-1].tolist() == [0, 0]


@settings(deadline=None)
@given(st.lists(st.tuples(PX, PX), min_size=4, max_size=4), st.sampled_from([0.02, 0.04, 0.5]))
def test_no_point_of_a_curve_is_farther_from_its_outline_than_the_tolerance(
    corners: list[tuple[float, float]], tolerance_px: float
) -> None:
    vertices = np.array(corners)
    ring = flatten_ring(vertices, "LCCL", tolerance_px)
    starts, ends = ring[:-1], ring[1:]
    along = ends - starts
    length2 = np.maximum((along**2).sum(axis=1), 1e-300)
    for t in np.linspace(0, 1, 33):
        point = on_cubic(vertices, float(t))
        share = np.clip(((point - starts) * along).sum(axis=1) / length2, 0, 1)
        nearest = starts + share[:, None] * along
        assert np.hypot(*(nearest - point).T).min() <= tolerance_px * (1 + 1e-6) + 1e-9


def test_a_smaller_tolerance_gives_more_points() -> None:
    counts = [len(flatten_ring(*circle(100), tolerance_px=t)) for t in (1, 0.04, 0.001)]
    assert counts == sorted(counts)
    assert len(set(counts)) == 3


@settings(deadline=None)
@given(st.lists(st.tuples(PX, PX), min_size=3, max_size=12))
def test_straight_rings_are_unchanged(corners: list[tuple[float, float]]) -> None:
    vertices = np.array(corners)
    np.testing.assert_array_equal(flatten_ring(vertices, "L" * len(vertices)), vertices)
