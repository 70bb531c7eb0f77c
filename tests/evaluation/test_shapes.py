"""Masks decoded for the overlaps: areas, boxes and intervals, against pycocotools."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco

from segtrial.evaluation.shapes import Shapes, mask_shapes
from segtrial.types.arrays import Bools
from segtrial.types.masks import pack_masks
from tests.geometry.coco_masks import coco_string

HEIGHT, WIDTH = 5, 6
MASK = arrays.arrays(bool, (HEIGHT, WIDTH)) | st.integers(0, 30).flatmap(
    lambda first: st.integers(first, 30).map(lambda last: column_run(first, last))
)


def column_run(first: int, last: int) -> Bools:
    """One run of pixels in COCO's order: down the columns."""
    flat = np.zeros(HEIGHT * WIDTH, bool)
    flat[first:last] = True
    return flat.reshape(WIDTH, HEIGHT).T


def shapes_of(strings: list[bytes], rows: list[int], heights: list[int]) -> Shapes:
    return mask_shapes(pack_masks(strings), np.array(rows, np.int64), np.array(heights, np.int64))


def pixels(shapes: Shapes, row: int) -> list[int]:
    """The column-major positions of the foreground of one mask."""
    spans = range(shapes.first[row], shapes.first[row + 1])
    return [p for k in spans for p in range(shapes.start[k], shapes.stop[k])]


@settings(deadline=None, max_examples=150)
@given(st.lists(MASK, min_size=1, max_size=4), st.data())
def test_areas_boxes_and_pixels_are_those_of_pycocotools(
    masks: list[Bools], data: st.DataObject
) -> None:
    strings = [coco_string(mask) for mask in masks]
    rows = data.draw(st.lists(st.integers(0, len(masks) - 1), max_size=4))
    shapes = shapes_of(strings, rows, [HEIGHT] * len(rows))
    rles = [{"size": [HEIGHT, WIDTH], "counts": strings[row]} for row in rows]
    assert shapes.area_px.tolist() == list(coco.area(rles))
    assert shapes.box_xywh.tolist() == [list(box) for box in coco.toBbox(rles)]
    for place, row in enumerate(rows):
        assert pixels(shapes, place) == np.flatnonzero(masks[row].T).tolist()


def test_a_run_from_a_column_s_foot_to_the_next_one_s_head_is_as_high_as_the_image() -> None:
    shapes = shapes_of([coco_string(column_run(4, 6))], [0], [HEIGHT])
    assert shapes.box_xywh.tolist() == [[0, 0, 2, HEIGHT]]


def test_boxes_use_the_height_of_each_mask_s_own_image() -> None:
    one = coco_string(np.eye(3, dtype=bool))
    two = coco_string(np.ones((7, 2), bool))
    shapes = shapes_of([one, two], [0, 1], [3, 7])
    assert shapes.box_xywh.tolist() == [[0, 0, 3, 3], [0, 0, 2, 7]]


def test_a_run_of_no_pixels_inside_a_mask_does_no_harm() -> None:
    """COCO's tools never write one: 0 4 0 4 is one run of 8 foreground pixels in two parts."""
    string = bytes([48, 48 + 4, 48, 48])  # counts 0, 4, 0, 4 (the last as a difference of 0)
    shapes = shapes_of([string], [0], [4])
    assert shapes.area_px.tolist() == [8]
    assert shapes.box_xywh.tolist() == [[0, 0, 2, 4]]
