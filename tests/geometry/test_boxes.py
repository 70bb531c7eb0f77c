"""Boxes of every format, their overlaps, and boxes of outlines."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco

from segtrial.geometry.boxes import (
    box_iou,
    box_of_outline,
    clip_to_image,
    cxcywh_fraction_to_xywh,
    inclusive_xyxy_to_xywh,
    xywh_to_cxcywh_fraction,
    xywh_to_inclusive_xyxy,
    xywh_to_xyxy,
    xyxy_to_xywh,
)
from segtrial.geometry.outlines import parse_outline
from segtrial.types.arrays import Floats
from segtrial.types.geometry_bytes import GeometryKind

PX = st.floats(-50, 2000)
LENGTH = st.floats(0, 2000)
COARSE = st.integers(0, 12).map(lambda v: v / 2)  # so that edges meet


def rows(numbers: st.SearchStrategy[float], lengths: st.SearchStrategy[float]) -> st.SearchStrategy:
    one = st.tuples(numbers, numbers, lengths, lengths)
    return st.lists(one, max_size=5).map(lambda found: np.array(found, float).reshape(-1, 4))


BOXES = rows(PX, LENGTH)

# Formats


def test_one_box_in_every_format() -> None:
    """Columns 10 to 13 and rows 20 to 25 of an image of 100 × 200 px."""
    xywh = np.array([[10.0, 20, 4, 6]])
    assert xywh_to_xyxy(xywh).tolist() == [[10, 20, 14, 26]]
    assert xywh_to_inclusive_xyxy(xywh).tolist() == [[10, 20, 13, 25]]
    np.testing.assert_allclose(
        xywh_to_cxcywh_fraction(xywh, (100, 200)), [[0.06, 0.23, 0.02, 0.06]], rtol=1e-15
    )


def test_a_box_of_one_pixel_is_said_inclusively_by_equal_ends() -> None:
    assert inclusive_xyxy_to_xywh(np.array([[7.0, 8, 7, 8]])).tolist() == [[7, 8, 1, 1]]


@given(BOXES)
def test_formats_there_and_back(xywh: Floats) -> None:
    """What is lost is rounding of the far edge: 2000 px keep 12 decimals."""
    for back in (
        xyxy_to_xywh(xywh_to_xyxy(xywh)),
        inclusive_xyxy_to_xywh(xywh_to_inclusive_xyxy(xywh)),
        cxcywh_fraction_to_xywh(xywh_to_cxcywh_fraction(xywh, (720, 1280)), (720, 1280)),
    ):
        assert back.shape == xywh.shape
        np.testing.assert_allclose(back, xywh, rtol=0, atol=2e-12)


def test_boxes_of_several_images_have_their_own_sizes() -> None:
    fraction = np.array([[0.5, 0.5, 1, 1], [0.5, 0.5, 1, 1]])
    sizes = np.array([[10, 20], [30, 40]])
    xywh = cxcywh_fraction_to_xywh(fraction, sizes)
    assert xywh.tolist() == [[0, 0, 20, 10], [0, 0, 40, 30]]
    assert xywh_to_cxcywh_fraction(xywh, sizes).tolist() == fraction.tolist()
    assert clip_to_image(xywh + 5, sizes).tolist() == [[5, 5, 15, 5], [5, 5, 35, 25]]


# Clipping


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        ((-5, -5, 8, 8), (0, 0, 3, 3)),
        ((15, 5, 50, 50), (15, 5, 5, 5)),
        ((30, 2, 5, 5), (20, 2, 0, 5)),
        ((-9, -9, 5, 5), (0, 0, 0, 0)),
        ((0, 0, 20, 10), (0, 0, 20, 10)),
        ((0.1, 0.1, 0.7, 0.2), (0.1, 0.1, 0.7, 0.2)),  # 0.1 + 0.7 − 0.1 is not 0.7
    ],
)
def test_the_part_inside_an_image_of_10_by_20_px(box: Floats, clipped: Floats) -> None:
    assert clip_to_image(np.array([box], float), (10, 20)).tolist() == [list(clipped)]


@given(BOXES)
def test_clipping_moves_nothing_inside_and_nothing_twice(xywh: Floats) -> None:
    once = clip_to_image(xywh, (300, 400))
    np.testing.assert_array_equal(clip_to_image(once, (300, 400))[:, :2], once[:, :2])
    np.testing.assert_allclose(clip_to_image(once, (300, 400)), once, rtol=0, atol=2e-12)
    far = xywh[:, :2] + xywh[:, 2:]
    inside = ((xywh[:, :2] >= 0) & (far <= (400, 300))).all(axis=1)
    np.testing.assert_array_equal(once[inside], xywh[inside])
    assert (once[:, 2:] >= 0).all()


# Overlaps


@settings(deadline=None)
@given(rows(COARSE, COARSE) | BOXES, rows(COARSE, COARSE) | BOXES, st.data())
def test_overlaps_are_those_of_pycocotools_to_the_bit(
    a: Floats, b: Floats, data: st.DataObject
) -> None:
    crowd = data.draw(arrays.arrays(bool, len(b)))
    ours = box_iou(a, b, crowd)
    assert ours.shape == (len(a), len(b))
    if len(a) and len(b):
        np.testing.assert_array_equal(ours, coco.iou(a, b, crowd.tolist()))


def test_overlaps_whose_answer_can_be_seen() -> None:
    a = np.array([[0.0, 0, 4, 4]])
    b = np.array([[2.0, 0, 4, 4], [4, 0, 4, 4], [0, 0, 8, 8], [1, 1, 0, 2]])
    assert box_iou(a, b).tolist() == [[8 / 24, 0, 0.25, 0]]
    crowd = np.array([True, True, True, False])
    assert box_iou(a, b, crowd).tolist() == [[0.5, 0, 1, 0]]
    assert box_iou(np.zeros((1, 4)), np.zeros((1, 4))).tolist() == [[0]]


def test_boxes_of_whole_numbers_are_taken() -> None:
    assert box_iou(np.array([[0, 0, 4, 4]]), np.array([[0, 0, 4, 4]])).tolist() == [[1]]


# Boxes of outlines


@settings(deadline=None)
@given(st.lists(st.floats(-10, 45), min_size=6, max_size=6))
def test_the_box_of_an_outline_is_that_of_pycocotools_mask(corners: list[float]) -> None:
    outline = parse_outline(GeometryKind.COCO, json.dumps([corners]).encode(), (23, 31))
    theirs = coco.toBbox(coco.merge(coco.frPyObjects([corners], 23, 31)))
    assert box_of_outline(outline, (23, 31)).tolist() == theirs.tolist()


def test_boxes_of_outlines_that_the_reader_can_check() -> None:
    ring = np.array([[2.0, 3], [6, 3], [6, 7], [2, 7]])
    assert box_of_outline([ring], (10, 20)).tolist() == [2, 3, 4, 4]
    assert box_of_outline([ring, ring + 5], (10, 20)).tolist() == [2, 3, 9, 7]  # cut at row 10
    assert box_of_outline([ring + 50], (10, 20)).tolist() == [0, 0, 0, 0]
    runs = {"size": [10, 20], "counts": [13, 3, 184]}
    assert box_of_outline(runs, (10, 20)).tolist() == [1, 3, 1, 3]
    with pytest.raises(ValueError, match="RLE of size"):
        box_of_outline(runs, (20, 10))
