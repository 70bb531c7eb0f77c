"""Label maps: every number's pixels, box and area, and painting in order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segtrial.geometry.label_maps import UInts, instances_of, paint
from segtrial.geometry.runs import decode_mask, encode_crop
from segtrial.types.masks import pack_masks

maps = st.tuples(st.integers(1, 7), st.integers(1, 7)).flatmap(
    lambda shape: arrays(np.uint32, shape, elements=st.sampled_from([0, 1, 2, 2**32 - 1]))
)


def a_map(*rows: str) -> UInts:
    return np.array([[int(c) for c in row] for row in rows], np.uint32)


def test_an_instance_is_all_pixels_of_one_number_whatever_parts_and_holes_it_has() -> None:
    values = a_map("1110", "1211", "1110", "0002")
    found, masks, boxes, area = instances_of(values, 0)
    assert found.tolist() == [1, 2]
    assert boxes.tolist() == [[0, 0, 4, 3], [1, 1, 3, 3]]
    assert area.tolist() == [9, 2]
    assert (decode_mask(masks, 0, height=4, width=4) == (values == 1)).all()
    assert (decode_mask(masks, 1, height=4, width=4) == (values == 2)).all()


def test_without_background_every_number_is_an_instance() -> None:
    assert instances_of(a_map("0110"), None)[0].tolist() == [0, 1]
    assert instances_of(a_map("0110"), 1)[0].tolist() == [0]


def test_a_map_of_background_has_no_instances() -> None:
    found, masks, boxes, area = instances_of(a_map("00", "00"), 0)
    assert (len(found), len(masks), boxes.shape, len(area)) == (0, 0, (0, 4), 0)


@given(maps)
def test_instances_are_those_of_one_mask_for_each_number(values: UInts) -> None:
    height, width = values.shape
    found, masks, boxes, area = instances_of(values, 0)
    assert found.tolist() == sorted(set(values.ravel().tolist()) - {0})
    for row, number in enumerate(found):
        mask = values == number
        y, x = np.nonzero(mask)
        assert (decode_mask(masks, row, height=height, width=width) == mask).all()
        assert boxes[row].tolist() == [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1]
        assert area[row] == mask.sum()


@given(maps)
def test_painting_the_instances_gives_the_map_again(values: UInts) -> None:
    height, width = values.shape
    found, masks, _, _ = instances_of(values, None)
    painted, lost_px = paint(masks, found, height=height, width=width)
    assert (painted == values).all()
    assert not lost_px.any()


@given(maps, maps)
def test_a_later_mask_takes_the_pixels_of_an_earlier_one(first: UInts, second: UInts) -> None:
    height, width = (min(a, b) for a, b in zip(first.shape, second.shape, strict=True))
    one, two = (values[:height, :width] == 1 for values in (first, second))
    crops = [encode_crop(mask, left=0, top=0, height=height, width=width) for mask in (one, two)]
    values = np.array([8, 9], np.uint32)
    painted, lost_px = paint(pack_masks(crops), values, height=height, width=width)
    assert (painted == np.where(two, 9, np.where(one, 8, 0))).all()
    assert lost_px.tolist() == [(one & two).sum(), 0]


def test_masks_of_one_number_become_one_instance_and_lose_nothing_to_each_other() -> None:
    _, masks, _, _ = instances_of(a_map("1100", "0022"), 0)
    whole = instances_of(a_map("3330", "3333"), 0)[1].counts(0)
    painted, lost_px = paint(
        pack_masks([whole, masks.counts(0), masks.counts(1)]),
        np.array([5, 5, 6], np.uint32),
        height=2,
        width=4,
    )
    assert painted.tolist() == [[5, 5, 5, 0], [5, 5, 6, 6]]
    assert lost_px.tolist() == [2, 0, 0]


def test_a_mask_of_another_size_is_refused() -> None:
    masks = instances_of(a_map("11"), None)[1]
    with pytest.raises(ValueError, match="mask of 2 px in a map of 2 × 2"):
        paint(masks, np.array([1], np.uint32), height=2, width=2)
