"""Into the network's size and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.geometry.letterbox import letterbox
from segtrial.geometry.rasterise import mask_counts
from segtrial.geometry.run_measures import area_px, iou
from segtrial.types.arrays import Bools
from segtrial.types.masks import pack_masks
from tests.geometry.mask_stacks import assert_same, packed, stacks, unpacked

SIDE = st.integers(1, 4000)
RINGS = st.lists(
    st.lists(st.tuples(st.floats(-50, 4000), st.floats(-50, 4000)), min_size=3, max_size=6),
    max_size=3,
)


@settings(deadline=None)
@given(SIDE, SIDE, st.integers(16, 2048), st.integers(16, 2048))
def test_boxes_inside_the_picture_come_back(h: int, w: int, th: int, tw: int) -> None:
    fit = letterbox((h, w), (th, tw))
    boxes = np.array([[0, 0, w, h], [0.25 * w, 0.5 * h, 0.5 * w, 0.25 * h]])
    back = fit.to_source(fit.to_network(boxes))
    expected = np.column_stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
    np.testing.assert_allclose(back, expected, rtol=2**-51, atol=0)


@settings(deadline=None)
@given(SIDE, SIDE, st.integers(16, 2048), st.integers(16, 2048))
def test_the_scaled_picture_fits_and_touches_one_side(h: int, w: int, th: int, tw: int) -> None:
    scaled_h, scaled_w = letterbox((h, w), (th, tw)).scaled
    assert 1 <= scaled_h <= th
    assert 1 <= scaled_w <= tw
    assert scaled_h == th or scaled_w == tw


def test_a_known_fit() -> None:
    fit = letterbox((720, 1280), (800, 1344))
    assert fit.scaled == (756, 1344)
    np.testing.assert_allclose(fit.factors_xyxy, [1.05] * 4)
    assert fit.to_network(np.array([[100, 200, 10, 20]])).tolist() == [[105, 210, 115.5, 231]]


def test_boxes_from_the_padding_are_cut_at_the_picture() -> None:
    fit = letterbox((10, 20), (40, 40))
    assert fit.scaled == (20, 40)
    back = fit.to_source(np.array([[-4.0, 10, 100, 39], [2, 30, 4, 39]]))
    assert back.tolist() == [[0, 5, 20, 10], [1, 10, 2, 10]]


def test_no_boxes_stay_no_boxes() -> None:
    fit = letterbox((10, 20), (40, 40))
    assert fit.to_source(fit.to_network(np.zeros((0, 4)))).shape == (0, 4)


@pytest.mark.parametrize("source", [(1, 5000), (5000, 1)])
def test_a_sliver_keeps_at_least_one_pixel(source: tuple[int, int]) -> None:
    assert min(letterbox(source, (64, 64)).scaled) == 1


# Rings


@settings(deadline=None)
@given(SIDE, SIDE, st.integers(16, 2048), st.integers(16, 2048), RINGS)
def test_rings_come_back(
    h: int, w: int, th: int, tw: int, corners: list[list[tuple[float, float]]]
) -> None:
    fit = letterbox((h, w), (th, tw))
    rings = [np.array(ring) for ring in corners]
    back = fit.rings_to_source(fit.rings_to_network(rings))
    assert len(back) == len(rings)
    for ours, ring in zip(back, rings, strict=True):
        np.testing.assert_allclose(ours, ring, rtol=2**-51, atol=1e-300)


def test_a_ring_moves_with_its_box_and_is_not_bent_at_the_edge() -> None:
    fit = letterbox((10, 20), (40, 40))
    ring = np.array([[-2.0, 1], [30, 4], [8, 9]])
    (moved,) = fit.rings_to_network([ring])
    assert moved.tolist() == [[-4, 2], [60, 8], [16, 18]]
    assert fit.rings_to_source([moved])[0].tolist() == ring.tolist()


# Masks


@settings(deadline=None)
@given(stacks(), st.integers(1, 24), st.integers(1, 24))
def test_masks_come_back_whole_where_the_picture_is_not_made_smaller(
    stack: Bools, more_rows: int, more_columns: int
) -> None:
    height, width = stack.shape[1:]
    fit = letterbox((height, width), (height + more_rows, width + more_columns))
    masks = fit.masks_to_network(packed(stack))
    assert_same(fit.masks_to_source(masks), stack)


@settings(deadline=None)
@given(stacks(least=1), st.integers(1, 12), st.integers(1, 12))
def test_a_pixel_made_smaller_comes_from_near_by(stack: Bools, th: int, tw: int) -> None:
    """Each pixel that returns stood at most ½ + 1 / (2 · factor) px away in each direction."""
    height, width = stack.shape[1:]
    fit = letterbox((height, width), (th, tw))
    back = unpacked(fit.masks_to_source(fit.masks_to_network(packed(stack))), height, width)
    reach_x, reach_y = (0.5 + 0.5 / np.minimum(fit.factors_xyxy[:2], 1)).tolist()
    for ours, mask in zip(back, stack, strict=True):
        for value in (True, False):
            y, x = np.nonzero(mask == value)
            for row, column in np.argwhere(ours == value):
                near = (abs(x - column) <= reach_x) & (abs(y - row) <= reach_y)
                assert near.any()


@settings(deadline=None)
@given(stacks(), st.integers(1, 20), st.integers(1, 20))
def test_the_padding_is_background_and_what_lies_in_it_is_lost(
    stack: Bools, th: int, tw: int
) -> None:
    height, width = stack.shape[1:]
    fit = letterbox((height, width), (th, tw))
    masks = fit.masks_to_network(packed(stack))
    dense = unpacked(masks, th, tw)
    padding = np.ones((th, tw), bool)
    padding[: fit.scaled[0], : fit.scaled[1]] = False
    assert not dense[:, padding].any()
    padded = fit.masks_to_source(packed(dense | padding))
    assert padded.data.tobytes() == fit.masks_to_source(masks).data.tobytes()


@pytest.mark.parametrize(
    ("target", "least"),
    [((720, 1280), 1), ((800, 1344), 1), ((512, 896), 0.936), ((360, 640), 0.936)],
)
def test_squares_there_and_back(target: tuple[int, int], least: float) -> None:
    """A square of 60 px is a pixel too large or too small at worst, both ways: (60 / 62)²."""
    fit = letterbox((720, 1280), target)
    rings = [np.array([[0, 0], [60, 0], [60, 60], [0, 60]]) + 37 * k for k in range(17)]
    masks = pack_masks(
        [mask_counts([ring.astype(float)], height=720, width=1280) for ring in rings]
    )
    back = fit.masks_to_source(fit.masks_to_network(masks))
    kept = iou(back, masks, height_px=720).diagonal()
    assert kept.min() >= least


def test_masks_and_rings_agree_in_the_network_s_frame() -> None:
    """The ring scaled, then drawn; or drawn, then scaled: the same to a fringe of a pixel."""
    fit = letterbox((720, 1280), (800, 1344))
    ring = np.array([[100.0, 50], [700, 90], [640, 500], [220, 430]])
    drawn = pack_masks([mask_counts([ring], height=720, width=1280)])
    scaled = pack_masks([mask_counts(fit.rings_to_network([ring]), height=800, width=1344)])
    ours = fit.masks_to_network(drawn)
    assert iou(ours, scaled, height_px=800)[0, 0] > 0.99
    assert area_px(ours)[0] == pytest.approx(area_px(drawn)[0] * 1.05**2, rel=5e-3)


def test_masks_of_another_image_are_refused() -> None:
    fit = letterbox((10, 20), (40, 40))
    with pytest.raises(ValueError, match="in an image of 10 × 20"):
        fit.masks_to_network(packed(np.ones((1, 20, 20), bool)))
    with pytest.raises(ValueError, match="in an image of 40 × 40"):
        fit.masks_to_source(packed(np.ones((1, 10, 20), bool)))
