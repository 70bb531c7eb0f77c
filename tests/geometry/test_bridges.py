"""Several rings joined to one: the pixels of all, the areas' sum, the shortest bridges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segtrial.geometry.areas import ring_area_px
from segtrial.geometry.bridges import bridged
from segtrial.geometry.rasterise import mask_counts
from segtrial.geometry.trace import rings_of
from tests.geometry.coco_masks import coco_string

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools, Floats


def square(x: float, y: float, side: float) -> Floats:
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], np.float64)


def length_px(ring: Floats) -> float:
    return float(np.hypot(*(np.roll(ring, -1, axis=0) - ring).T).sum())


def test_one_ring_stays() -> None:
    ring = square(1, 2, 3)
    assert bridged([ring]).tolist() == ring.tolist()


def test_two_squares_by_hand() -> None:
    """The bridge goes from (3, 1) to (5, 1) and back; the first ring is walked from its start."""
    ring = bridged([square(1, 1, 2), square(5, 1, 2)])
    assert ring.tolist() == [
        *([1, 1], [3, 1]),
        *([5, 1], [7, 1], [7, 3], [5, 3], [5, 1]),
        *([3, 1], [3, 3], [1, 3]),
    ]


def test_bridges_are_a_minimum_spanning_tree() -> None:
    """Of four squares in a row, the first two far from it in the list: three gaps of 2 px."""
    rings = [square(x, 0, 2) for x in (0, 12, 4, 8)]
    assert length_px(bridged(rings)) == pytest.approx(4 * 8 + 2 * 3 * 2)


def test_a_ring_with_several_bridges_at_one_vertex() -> None:
    star = [square(0, 0, 1), square(-3, -3, 1), square(-3, 1.5, 1), square(1.5, -3, 1)]
    ring = bridged(star)
    assert ring_area_px(ring) == pytest.approx(4)
    bridges = 2 * (8**0.5 + 2 * np.hypot(2, 0.5))
    assert length_px(ring) == pytest.approx(16 + bridges)


def test_rings_are_turned_alike() -> None:
    rings = [square(0, 0, 4), square(6, 0, 4)[::-1], square(12, 0, 4)]
    assert ring_area_px(bridged(rings)) == pytest.approx(48)


def test_rings_that_touch_repeat_no_point() -> None:
    ring = bridged([square(0, 0, 2), square(2, 0, 2)])
    assert not (ring == np.roll(ring, 1, axis=0)).all(axis=1).any()
    assert ring_area_px(ring) == pytest.approx(8)


def test_many_rings_do_not_exhaust_the_stack() -> None:
    rings = [square(3 * k, 0, 2) for k in range(3000)]
    assert ring_area_px(bridged(rings)) == pytest.approx(4 * 3000)


mask = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(np.bool_, shape, elements=st.booleans())
)


@settings(deadline=None, max_examples=200)
@given(mask=mask)
def test_traced_masks_come_back(mask: Bools) -> None:
    """With holes and with parts that touch at corners."""
    rings = [ring.astype(np.float64) for ring in rings_of(mask)]
    if not rings:
        return
    ring = bridged(rings)
    assert len(ring) <= sum(map(len, rings)) + 2 * (len(rings) - 1)
    assert ring_area_px(ring) == mask.sum()
    counts = mask_counts([ring], height=mask.shape[0], width=mask.shape[1])
    assert counts == coco_string(mask)


slanted = st.lists(st.tuples(st.floats(0, 9), st.floats(0, 19)), min_size=3, max_size=7)


@settings(deadline=None, max_examples=150)
@given(parts=st.lists(slanted, min_size=2, max_size=4))
def test_polygons_apart_give_their_union(parts: list[list[tuple[float, float]]]) -> None:
    rings = [np.array(part) + np.array([k * 11, 0]) for k, part in enumerate(parts)]
    joined = mask_counts([bridged(rings)], height=21, width=48)
    assert joined == mask_counts(rings, height=21, width=48)
