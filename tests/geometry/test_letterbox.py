"""Into the network's size and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.geometry.letterbox import letterbox

SIDE = st.integers(1, 4000)


@settings(deadline=None)
@given(SIDE, SIDE, st.integers(16, 2048), st.integers(16, 2048))
def test_boxes_inside_the_picture_come_back(h: int, w: int, th: int, tw: int) -> None:
    fit = letterbox((h, w), (th, tw))
    boxes = np.array([[0, 0, w, h], [0.25 * w, 0.5 * h, 0.5 * w, 0.25 * h]])
    back = fit.to_source(fit.to_network(boxes))
    expected = np.column_stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
    np.testing.assert_allclose(back, expected, rtol=1e-12, atol=1e-9)


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
