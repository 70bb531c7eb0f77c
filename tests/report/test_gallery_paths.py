from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.report.gallery_paths import part_paths, units_of
from tests.report.gallery_pages import rings_in


def box(x: float, y: float, side: float) -> np.ndarray:
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], float)


def paths(*parts: list[np.ndarray], scale: float = 10.0, tolerance_px: float = 0.3) -> list[str]:
    return part_paths(parts, scale=scale, tolerance_px=tolerance_px)


@pytest.mark.parametrize(
    ("size", "units"),
    [((1280, 720), (6400, 3600, 5.0)), ((64, 128), (3200, 6400, 50.0)), ((1, 9000), (1, 6400, 0))],
)
def test_the_longer_side_is_6400_units(
    size: tuple[int, int], units: tuple[int, int, float]
) -> None:
    assert units_of(*size) == pytest.approx(units, abs=1)


def test_a_box_is_written_with_level_and_upright_steps() -> None:
    assert paths([box(1, 2, 3)]) == ["M10 20h30v30h-30z"]


def test_slanted_steps_follow_one_another_without_a_letter() -> None:
    ring = np.array([[0, 0], [5, 1], [9, 6], [2, 9]], float)
    assert paths([ring]) == ["M0 0l50 10 40 50-70 30z"]


def test_a_point_on_a_straight_edge_is_left_out_and_corners_stay() -> None:
    ring = np.insert(box(0, 0, 40), 1, [[13, 0], [20, 0.02], [27, 0]], axis=0)
    assert paths([ring]) == ["M0 0h400v400h-400z"]


def test_a_finer_tolerance_keeps_what_a_coarser_one_drops() -> None:
    ring = np.insert(box(0, 0, 40), 1, [[20, -1]], axis=0)
    assert "l" in paths([ring], tolerance_px=0.9)[0]
    assert "l" not in paths([ring], tolerance_px=1.1)[0]


def test_the_rings_of_a_part_share_a_path_so_that_even_odd_leaves_the_hole() -> None:
    outer, hole = box(0, 0, 40), box(10, 10, 10)
    (d,) = paths([outer, hole])
    assert [len(ring) for ring in rings_in(d)] == [4, 4]


def test_parts_that_overlap_keep_paths_of_their_own_and_are_not_cancelled_out() -> None:
    assert len(paths([box(0, 0, 40)], [box(20, 20, 40)])) == 2
    assert len(paths([box(0, 0, 40)], [box(10, 10, 10)], [box(90, 90, 5)])) == 3


def test_parts_that_lie_apart_share_one_path() -> None:
    (d,) = paths([box(0, 0, 10)], [box(20, 20, 10)])
    assert len(rings_in(d)) == 2


@pytest.mark.parametrize("ring", [box(5, 5, 0.01), np.array([[5.0, 5.0]] * 4)])
def test_what_is_too_small_to_see_stays_as_a_box_of_one_unit(ring: np.ndarray) -> None:
    assert paths([ring]) == ["M50 50h1v1h-1z"]


def test_a_sliver_stays_as_a_line() -> None:
    sliver = np.array([[0, 0], [30, 40], [29.9, 40.1], [15, 20.1]], float)
    assert paths([sliver]) == ["M0 0l299 401z"]


def test_nothing_gives_no_path() -> None:
    assert paths() == []
    assert paths([]) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 200), st.sampled_from([0.3, 0.6, 2.4]))
def test_every_point_lies_within_the_tolerance_of_what_is_drawn(
    seed: int, corners: int, tolerance_px: float
) -> None:
    rng = np.random.default_rng(seed)
    ring = np.cumsum(rng.integers(-3, 4, (corners, 2)), axis=0) + 300.0
    (d,) = paths([ring], tolerance_px=tolerance_px)
    (drawn,) = (np.array(found, float) / 10 for found in rings_in(d))
    ends = np.roll(drawn, -1, axis=0)
    along = ends - drawn
    squared = np.maximum((along**2).sum(axis=1), 1e-12)
    away = ring[:, None] - drawn
    share = np.clip((away * along).sum(axis=2) / squared, 0, 1)
    nearest = np.linalg.norm(away - share[..., None] * along, axis=2).min(axis=1)
    assert nearest.max() <= tolerance_px + 0.08  # and the rounding to a tenth
