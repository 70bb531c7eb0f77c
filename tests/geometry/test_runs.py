"""Run lengths against pycocotools: the same strings, the same pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from segtrial.geometry.runs import (
    decode_counts,
    decode_mask,
    encode_counts,
    encode_crop,
    shifted_runs,
)
from segtrial.types.arrays import Bools
from segtrial.types.masks import pack_masks
from tests.geometry.coco_masks import coco_pixels, coco_string

SIDE = st.integers(1, 12)
COMPILED = settings(deadline=None, max_examples=150)


def placed(crop: Bools, left: int, top: int, height: int, width: int) -> Bools:
    full = np.zeros((height, width), bool)
    full[top : top + crop.shape[0], left : left + crop.shape[1]] = crop
    return full


@st.composite
def crops(draw: st.DrawFn) -> tuple[Bools, int, int, int, int]:
    """A crop, where it lies, and its image; as high or wide as the image now and then."""
    rows, columns = draw(SIDE), draw(SIDE)
    top, left = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    height = top + rows + draw(st.integers(0, 3))
    width = left + columns + draw(st.integers(0, 3))
    crop = draw(arrays.arrays(bool, (rows, columns)))
    return crop, left, top, height, width


@COMPILED
@given(crops())
def test_a_crop_is_encoded_as_pycocotools_encodes_the_whole_image(
    case: tuple[Bools, int, int, int, int],
) -> None:
    crop, left, top, height, width = case
    string = encode_crop(crop, left=left, top=top, height=height, width=width)
    full = placed(crop, left, top, height, width)
    assert string == coco_string(full)
    decoded = decode_mask(pack_masks([string]), 0, height=height, width=width)
    np.testing.assert_array_equal(decoded, full)
    np.testing.assert_array_equal(coco_pixels({"size": [height, width], "counts": string}), full)


@pytest.mark.parametrize("value", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (4, 6)])
def test_uniform_images_of_any_shape_are_encoded(value: bool, shape: tuple[int, int]) -> None:
    crop = np.full(shape, value)
    string = encode_crop(crop, left=0, top=0, height=shape[0], width=shape[1])
    assert string == coco_string(crop)


def test_a_crop_as_high_as_the_image_joins_its_columns_to_one_run() -> None:
    string = encode_crop(np.ones((5, 3), bool), left=2, top=0, height=5, width=9)
    counts, _ = decode_counts(pack_masks([string]))
    assert counts.tolist() == [10, 15, 20]


def test_a_crop_without_pixels_is_an_empty_mask() -> None:
    for shape in ((0, 0), (0, 3), (3, 0)):
        string = encode_crop(np.zeros(shape, bool), left=1, top=1, height=5, width=9)
        assert string == coco_string(np.zeros((5, 9), bool))


@pytest.mark.parametrize(("left", "top"), [(-1, 0), (0, -1), (7, 0), (0, 4)])
def test_a_crop_that_leaves_the_image_is_refused(left: int, top: int) -> None:
    with pytest.raises(ValueError, match="leaves"):
        encode_crop(np.ones((2, 3), bool), left=left, top=top, height=5, width=9)


@COMPILED
@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=9))
def test_counts_survive_the_string_whatever_their_size(counts: list[int]) -> None:
    string = encode_counts(np.array(counts, np.int64))
    decoded, first = decode_counts(pack_masks([string]))
    assert decoded.tolist() == counts
    assert first.tolist() == [0, len(counts)]


@COMPILED
@given(st.lists(arrays.arrays(bool, (4, 5)), max_size=5))
def test_pycocotools_strings_are_decoded_together_as_one_by_one(stack: list[Bools]) -> None:
    masks = pack_masks([coco_string(mask) for mask in stack])
    for row, mask in enumerate(stack):
        np.testing.assert_array_equal(decode_mask(masks, row, height=4, width=5), mask)


def test_a_mask_of_another_size_than_its_image_is_refused() -> None:
    masks = pack_masks([coco_string(np.ones((4, 5), bool))])
    with pytest.raises(ValueError, match="20 px in an image of 5 × 5"):
        decode_mask(masks, 0, height=5, width=5)


@COMPILED
@given(crops(), st.data())
def test_shifting_equals_decoding_moving_and_encoding(
    case: tuple[Bools, int, int, int, int], data: st.DataObject
) -> None:
    crop, left, top, height, width = case
    crop = crop.copy()
    crop[0, 0] = crop[-1, -1] = True  # so that the crop is the mask's box
    room_x, room_y = width - crop.shape[1], height - crop.shape[0]
    x, y = data.draw(st.integers(0, room_x)), data.draw(st.integers(0, room_y))
    string = encode_crop(crop, left=left, top=top, height=height, width=width)
    moved = shifted_runs(
        pack_masks([b"0", string]),
        rows=np.array([1]),
        shift_px=np.array([[x - left, y - top]]),
        height_px=np.array([height]),
    )
    assert moved.counts(0) == coco_string(placed(crop, x, y, height, width))


def test_masks_of_several_images_are_shifted_each_by_its_own() -> None:
    one, two = np.ones((2, 2), bool), np.ones((1, 3), bool)
    masks = pack_masks(
        [
            encode_crop(one, left=0, top=0, height=6, width=6),
            encode_crop(np.zeros((0, 0), bool), left=0, top=0, height=6, width=6),
            encode_crop(two, left=5, top=9, height=10, width=8),
        ]
    )
    moved = shifted_runs(
        masks,
        rows=np.array([2, 1, 0, 0]),
        shift_px=np.array([[-5, -9], [3, 3], [4, 4], [0, 0]]),
        height_px=np.array([10, 6, 6, 6]),
    )
    assert moved.counts(0) == coco_string(placed(two, 0, 0, 10, 8))
    assert moved.counts(1) == masks.counts(1)  # an empty mask stays as it is
    assert moved.counts(2) == coco_string(placed(one, 4, 4, 6, 6))
    assert moved.counts(3) == masks.counts(0)
