"""Run-length masks cut, moved and scaled, against the same done to pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.geometry.run_windows import (
    Box,
    crop,
    crop_runs,
    decode_in_box,
    resize_runs,
    shift_runs,
)
from segtrial.geometry.runs import shifted_runs
from segtrial.types.arrays import Bools
from segtrial.types.masks import pack_masks
from tests.geometry.mask_stacks import assert_same, packed, stacks

COMPILED = settings(deadline=None, max_examples=150)
NEAR = st.integers(-5, 12)
EXTENT = st.integers(0, 14)


def window(mask: Bools, box: Box) -> Bools:
    """The slow way: the picture in a wide margin of background, cut."""
    left, top, width, height = box
    wide = np.pad(mask, 30)
    return wide[30 + top : 30 + top + height, 30 + left : 30 + left + width]


def scaled(mask: Bools, target: tuple[int, int]) -> Bools:
    """Nearest neighbour by pixel centres, in fractions that binary numbers hold badly."""
    rows, columns = (
        [int((2 * k + 1) * old // (2 * new)) for k in range(new)]
        for old, new in zip(mask.shape, target, strict=True)
    )
    return mask[np.ix_(rows, columns)]


# Windows


@COMPILED
@given(stacks(least=1), st.tuples(NEAR, NEAR, EXTENT, EXTENT))
def test_a_crop_is_the_picture_inside_the_box(stack: Bools, box: Box) -> None:
    masks, size = packed(stack), stack.shape[1:]
    for row, mask in enumerate(stack):
        ours = crop(masks, row, box, size=size)
        assert ours.dtype == np.bool_
        np.testing.assert_array_equal(ours, window(mask, box))


@COMPILED
@given(stacks(), st.tuples(NEAR, NEAR, st.integers(1, 14), st.integers(1, 14)))
def test_cropped_runs_are_the_runs_of_the_crop(stack: Bools, box: Box) -> None:
    ours = crop_runs(packed(stack), box, size=stack.shape[1:])
    assert_same(ours, np.array([window(mask, box) for mask in stack]))


@COMPILED
@given(stacks(least=1))
def test_a_mask_in_its_own_box_touches_all_four_sides(stack: Bools) -> None:
    masks, size = packed(stack), stack.shape[1:]
    for row, mask in enumerate(stack):
        left, top, pixels = decode_in_box(masks, row, size=size)
        if not mask.any():
            assert (left, top, pixels.shape) == (0, 0, (0, 0))
            continue
        assert pixels[[0, -1]].any(axis=1).all()
        assert pixels[:, [0, -1]].any(axis=0).all()
        rest = mask.copy()
        rest[top : top + pixels.shape[0], left : left + pixels.shape[1]] ^= pixels
        assert not rest.any()


def test_a_window_without_pixels_holds_empty_masks() -> None:
    masks = packed(np.ones((2, 3, 4), bool))
    empty = crop_runs(masks, (1, 1, 0, 2), size=(3, 4))
    assert [empty.counts(row) for row in range(2)] == [b"0", b"0"]


@pytest.mark.parametrize("box", [(0, 0, -1, 2), (0, 0, 2, -1)])
def test_a_box_of_negative_size_is_refused(box: Box) -> None:
    masks = packed(np.ones((1, 3, 4), bool))
    with pytest.raises(ValueError, match="negative"):
        crop(masks, 0, box, size=(3, 4))
    with pytest.raises(ValueError, match="negative"):
        crop_runs(masks, box, size=(3, 4))


# Shifts


@COMPILED
@given(stacks(least=1), st.data())
def test_what_is_shifted_over_the_edge_falls_off(stack: Bools, data: st.DataObject) -> None:
    step = st.tuples(st.integers(-11, 11), st.integers(-11, 11))
    shift = data.draw(st.lists(step, min_size=len(stack), max_size=len(stack)))
    height, width = stack.shape[1:]
    moved = [
        window(mask, (-dx, -dy, width, height)) for mask, (dx, dy) in zip(stack, shift, strict=True)
    ]
    assert_same(shift_runs(packed(stack), np.array(shift), size=(height, width)), np.array(moved))


def test_a_shift_that_stays_inside_is_that_of_shifted_runs() -> None:
    stack = np.zeros((2, 8, 9), bool)
    stack[0, 2:4, 3:6] = stack[1, 5, 1:3] = True
    masks, shift = packed(stack), np.array([[3, 4], [0, -5]])
    ours = shift_runs(masks, shift, size=(8, 9))
    theirs = shifted_runs(
        masks, rows=np.arange(2), shift_px=shift, height_px=np.full(2, 8, np.int64)
    )
    assert ours.data.tobytes() == theirs.data.tobytes()


# Scaling


@COMPILED
@given(stacks(), st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_scaling_takes_the_pixel_at_each_centre(stack: Bools, target: tuple[int, int]) -> None:
    ours = resize_runs(packed(stack), source=stack.shape[1:], target=target)
    assert_same(ours, np.array([scaled(mask, target) for mask in stack]))


@COMPILED
@given(stacks())
def test_scaling_to_the_same_size_changes_nothing(stack: Bools) -> None:
    size = stack.shape[1:]
    assert_same(resize_runs(packed(stack), source=size, target=size), stack)


@COMPILED
@given(stacks(), st.integers(1, 4), st.integers(1, 4))
def test_whole_factors_repeat_each_pixel(stack: Bools, down: int, across: int) -> None:
    height, width = stack.shape[1:]
    target = (height * down, width * across)
    larger = resize_runs(packed(stack), source=(height, width), target=target)
    assert_same(larger, stack.repeat(down, axis=1).repeat(across, axis=2))
    assert_same(resize_runs(larger, source=target, target=(height, width)), stack)


def test_centres_on_a_pixel_edge_take_the_pixel_after_it() -> None:
    mask = np.array([[True, False, True, False]])
    halved = resize_runs(packed(mask[None]), source=(1, 4), target=(1, 2))
    assert_same(halved, np.array([[[False, False]]]))


@pytest.mark.parametrize("size", [(0, 4), (4, 0)])
def test_a_picture_of_no_pixels_is_not_scaled(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no picture"):
        resize_runs(pack_masks([]), source=(4, 4), target=size)


def test_large_pictures_are_scaled_without_being_drawn() -> None:
    """Drawn, each picture would take more than a gigabyte."""
    pixels = np.array([[True, False, True], [True, True, True]])
    masks = crop_runs(packed(pixels[None]), (-4000, -2000, 40_000, 30_000), size=(2, 3))
    left, top, ours = decode_in_box(masks, 0, size=(30_000, 40_000))
    assert (left, top, ours.tolist()) == (4000, 2000, pixels.tolist())
    larger = resize_runs(masks, source=(30_000, 40_000), target=(60_000, 40_000))
    left, top, ours = decode_in_box(larger, 0, size=(60_000, 40_000))
    assert (left, top, ours.tolist()) == (4000, 4000, pixels.repeat(2, axis=0).tolist())
