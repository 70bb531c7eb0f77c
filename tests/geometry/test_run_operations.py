"""Measures of run-length masks against pycocotools, and against the pixels themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco

from segtrial.geometry.run_measures import area_px, boxes_xywh, intersection, iou, union
from segtrial.geometry.run_spans import column_spans, intervals_of, masks_of, masks_of_spans
from segtrial.geometry.runs import encode_counts
from segtrial.types.arrays import Bools
from segtrial.types.masks import Masks, pack_masks
from tests.geometry.coco_masks import coco_string
from tests.geometry.mask_stacks import assert_same, coco_rles, packed, stacks

COMPILED = settings(deadline=None, max_examples=150)
NONE = pack_masks([])


def from_counts(*counts: list[int]) -> Masks:
    return pack_masks([encode_counts(np.array(c, np.int64)) for c in counts])


# Intervals and spans


@COMPILED
@given(stacks())
def test_masks_survive_intervals_and_spans(stack: Bools) -> None:
    masks, size = packed(stack), stack.shape[1:]
    assert_same(masks_of(intervals_of(masks)), stack)
    assert_same(masks_of_spans(column_spans(masks, size), size), stack)


def test_masks_of_several_images_survive_intervals() -> None:
    full, empty, one = np.ones((3, 4), bool), np.zeros((5, 2), bool), np.eye(2, dtype=bool)
    masks = pack_masks([coco_string(mask) for mask in (full, empty, one, full)])
    intervals = intervals_of(masks)
    assert intervals.image_px.tolist() == [12, 10, 4, 12]
    assert masks_of(intervals).data.tobytes() == masks.data.tobytes()


def test_a_span_stays_within_its_column() -> None:
    spans = column_spans(from_counts([2, 7, 3]), (4, 3))
    assert np.stack([spans.x, spans.top, spans.bottom], axis=1).tolist() == [
        [0, 2, 4],
        [1, 0, 4],
        [2, 0, 1],
    ]


def test_masks_of_another_image_are_named() -> None:
    with pytest.raises(ValueError, match="mask 1 of 6 px in an image of 3 × 4"):
        column_spans(from_counts([12], [6]), (3, 4))


# Areas and boxes


@COMPILED
@given(stacks())
def test_areas_and_boxes_are_those_of_pycocotools(stack: Bools) -> None:
    masks = packed(stack)
    assert area_px(masks).tolist() == stack.sum(axis=(1, 2)).tolist()
    boxes = boxes_xywh(masks, stack.shape[1])
    assert boxes.shape == (len(stack), 4)
    for row, rle in enumerate(coco_rles(stack)):
        assert area_px(masks)[row] == coco.area(rle)
        assert boxes[row].tolist() == coco.toBbox(rle).tolist()


@COMPILED
@given(stacks(least=1))
def test_a_box_is_the_extent_of_the_pixels(stack: Bools) -> None:
    for mask, box in zip(stack, boxes_xywh(packed(stack), stack.shape[1]), strict=True):
        y, x = np.nonzero(mask)
        if not len(x):
            assert box.tolist() == [0, 0, 0, 0]
        else:
            extent = [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1]
            assert box.tolist() == extent


def test_masks_of_several_images_have_their_own_heights() -> None:
    masks = from_counts([1, 2, 9], [12], [3, 5, 12])
    assert boxes_xywh(masks, np.array([3, 4, 5])).tolist() == [
        [0, 1, 1, 2],
        [0, 0, 0, 0],
        [0, 0, 2, 5],
    ]


@pytest.mark.parametrize("height", [5, 0, -3])
def test_a_height_that_does_not_fit_is_refused(height: int) -> None:
    with pytest.raises(ValueError, match="whole number of columns"):
        boxes_xywh(from_counts([1, 2, 9]), height)
    with pytest.raises(ValueError, match="whole number of columns"):
        iou(from_counts([1, 2, 9]), NONE, height_px=height)


def test_a_run_of_no_pixels_does_not_count() -> None:
    """Differs from pycocotools: it makes the box of an empty run from the places beside it."""
    masks = from_counts([5, 2, 0, 1, 2, 0, 2], [10, 0, 2], [0, 0, 12])
    assert area_px(masks).tolist() == [3, 0, 0]
    assert boxes_xywh(masks, 4).tolist() == [[1, 1, 1, 3], [0, 0, 0, 0], [0, 0, 0, 0]]
    theirs = coco.toBbox({"size": [4, 3], "counts": masks.counts(1)})
    assert theirs.tolist() != [0, 0, 0, 0]
    assert masks_of(intervals_of(masks)).counts(0) == encode_counts(np.array([5, 3, 4]))


def test_areas_beyond_32_bits_are_counted() -> None:
    most = 2**32 - 1
    assert area_px(from_counts([0, most, 1, most])).tolist() == [2 * most]


# Overlaps


@COMPILED
@given(st.data())
def test_overlaps_are_those_of_pycocotools_to_the_bit(data: st.DataObject) -> None:
    size = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    a, b = data.draw(stacks(least=1, size=size)), data.draw(stacks(least=1, size=size))
    crowd = data.draw(arrays.arrays(bool, len(b)))
    ours = iou(packed(a), packed(b), height_px=size[0], crowd_b=crowd)
    theirs = coco.iou(coco_rles(a), coco_rles(b), crowd.tolist())
    np.testing.assert_array_equal(ours, theirs)
    shared = (a[:, None] & b).sum(axis=(2, 3))
    either = np.where(crowd, a.sum(axis=(1, 2))[:, None], (a[:, None] | b).sum(axis=(2, 3)))
    np.testing.assert_array_equal(ours, shared / np.maximum(either, 1))


@COMPILED
@given(stacks(least=1), st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(stack: Bools, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(stack))
    masks, height = packed(stack), stack.shape[1]
    whole = iou(masks, masks, height_px=height)
    np.testing.assert_array_equal(iou(masks.take(order), masks, height_px=height), whole[order])
    np.testing.assert_array_equal(whole, whole.T)


def test_a_crowd_is_measured_by_the_other_s_area() -> None:
    small, large = from_counts([0, 2, 10]), from_counts([0, 8, 4])
    assert iou(small, large, height_px=4).tolist() == [[0.25]]
    assert iou(small, large, height_px=4, crowd_b=np.array([True])).tolist() == [[1.0]]


def test_no_masks_have_no_overlaps() -> None:
    one = from_counts([0, 2, 10])
    assert iou(NONE, one, height_px=4).shape == (0, 1)
    assert iou(one, NONE, height_px=4).shape == (1, 0)
    assert iou(NONE, NONE, height_px=4).shape == (0, 0)


def test_masks_of_different_images_have_no_overlap_to_speak_of() -> None:
    with pytest.raises(ValueError, match="12 px and 16 px"):
        iou(from_counts([12]), from_counts([16]), height_px=4)


# Unions


@COMPILED
@given(stacks(least=1))
def test_unions_and_intersections_are_those_of_pycocotools(stack: Bools) -> None:
    masks, rles = packed(stack), coco_rles(stack)
    assert union(masks).counts(0) == coco.merge(rles)["counts"]
    assert intersection(masks).counts(0) == coco.merge(rles, intersect=True)["counts"]
    assert_same(union(masks), stack.any(axis=0)[None])
    assert_same(intersection(masks), stack.all(axis=0)[None])


def test_masks_that_touch_unite_to_one_run() -> None:
    assert union(from_counts([2, 2, 8], [4, 3, 5])).counts(0) == encode_counts(np.array([2, 5, 5]))
    assert intersection(from_counts([2, 2, 8], [4, 3, 5])).counts(0) == encode_counts(
        np.array([12])
    )


@pytest.mark.parametrize("masks", [NONE, from_counts([12], [16])])
def test_only_masks_of_one_image_unite(masks: Masks) -> None:
    for unite in (union, intersection):
        with pytest.raises(ValueError, match="one image's masks"):
            unite(masks)
