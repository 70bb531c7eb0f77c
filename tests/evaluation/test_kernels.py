"""The kernels one by one: areas, boxes and intersections of run lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco

from segtrial.evaluation.kernels import box_intersection, mask_areas, mask_boxes, run_intersection
from segtrial.geometry.runs import decode_counts
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


@settings(deadline=None, max_examples=150)
@given(st.lists(MASK, min_size=1, max_size=4))
def test_areas_and_boxes_are_those_of_pycocotools(masks: list[Bools]) -> None:
    strings = [coco_string(mask) for mask in masks]
    counts, first = decode_counts(pack_masks(strings))
    rles = [{"size": [HEIGHT, WIDTH], "counts": string} for string in strings]
    assert mask_areas(counts, first).tolist() == coco.area(rles).tolist()
    boxes = mask_boxes(counts, first, np.full(len(masks), HEIGHT))
    assert boxes.tolist() == coco.toBbox(rles).tolist()


def test_a_run_from_a_column_s_foot_to_the_next_one_s_head_is_as_high_as_the_image() -> None:
    counts, first = decode_counts(pack_masks([coco_string(column_run(4, 6))]))
    assert mask_boxes(counts, first, np.array([HEIGHT])).tolist() == [[0, 0, 2, HEIGHT]]


def test_boxes_use_the_height_of_each_mask_s_own_image() -> None:
    one = coco_string(np.eye(3, dtype=bool))
    two = coco_string(np.ones((7, 2), bool))
    counts, first = decode_counts(pack_masks([one, two]))
    assert mask_boxes(counts, first, np.array([3, 7])).tolist() == [[0, 0, 3, 3], [0, 0, 2, 7]]


@settings(deadline=None, max_examples=150)
@given(MASK, MASK)
def test_shared_pixels_are_counted(one: Bools, two: Bools) -> None:
    counts, first = decode_counts(pack_masks([coco_string(one), coco_string(two)]))
    a, b = counts[: first[1]], counts[first[1] :]
    assert run_intersection(a, b) == run_intersection(b, a) == int((one & two).sum())


@pytest.mark.parametrize(
    ("other", "area"),
    [((2, 2, 4, 4), 4), ((4, 0, 3, 3), 0), ((0, 4, 3, 3), 0), ((1, 1, 0, 2), 0), ((1, 1, 2, 2), 4)],
)
def test_boxes_share_an_area(other: tuple[float, ...], area: float) -> None:
    a, b = np.array([0.0, 0, 4, 4]), np.array(other, np.float64)
    assert box_intersection(a, b) == box_intersection(b, a) == area
