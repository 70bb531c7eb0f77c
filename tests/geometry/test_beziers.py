"""Rings with cubic Bézier pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.geometry.beziers import TOLERANCE_PX, flatten_ring
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


def farthest_px(vertices: Floats, ring: Floats) -> float:
    """How far the farthest of 4 × 101 points on the four cubics lies from the closed ring."""
    pieces = [np.take(vertices, range(k, k + 4), axis=0, mode="wrap") for k in range(0, 12, 3)]
    points = np.array([on_cubic(piece, t) for piece in pieces for t in np.linspace(0, 1, 101)])
    along = np.roll(ring, -1, axis=0) - ring
    apart = points[:, None] - ring
    length2 = np.maximum((along**2).sum(axis=1), 1e-300)
    share = np.clip((apart * along).sum(axis=2) / length2, 0, 1)
    distance = np.hypot(*np.moveaxis(apart - share[:, :, None] * along, 2, 0))
    return float(distance.min(axis=1).max())


@pytest.mark.parametrize("radius", [5, 10, 20, 50, 100, 200, 500])
def test_the_true_curve_of_a_circle_stays_within_the_tolerance(radius: float) -> None:
    vertices, types = circle(radius)
    for tolerance_px in (0.1, TOLERANCE_PX, 0.004):
        ring = flatten_ring(vertices, types, tolerance_px)
        assert farthest_px(vertices, ring) <= tolerance_px
    assert TOLERANCE_PX <= 0.1


@pytest.mark.parametrize("radius", [5, 10, 20, 50, 100, 200, 500])
def test_a_tolerance_of_0_08_percent_of_the_radius_keeps_99_9_percent_of_a_circle(
    radius: float,
) -> None:
    """The four cubics themselves are 0.028 % larger than the circle."""
    ring = flatten_ring(*circle(radius), tolerance_px=min(TOLERANCE_PX, 8e-4 * radius))
    assert area(ring) == pytest.approx(np.pi * radius**2, rel=1e-3)


def test_a_circle_may_begin_at_any_of_its_end_points() -> None:
    """Its trailing CC then belongs to another quarter."""
    vertices, types = circle(40)
    turned = flatten_ring(np.roll(vertices, -3, axis=0), types)
    assert area(turned) == pytest.approx(area(flatten_ring(vertices, types)), rel=1e-12)
    assert turned[0].tolist() == vertices[3].tolist()


def test_a_ring_that_names_its_first_vertex_a_control_point_begins_there_all_the_same() -> None:
    """The format cannot say such a ring: its first vertex is where the pen is put down."""
    vertices, _ = circle(40)
    shifted = np.roll(vertices, -1, axis=0)  # begins with a control point
    named, unnamed = (flatten_ring(shifted, types) for types in ("CCLCCLCCLCCL", "LCLCCLCCLCCL"))
    np.testing.assert_array_equal(named, unnamed)
    assert named[0].tolist() == shifted[0].tolist()


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
