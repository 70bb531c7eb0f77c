"""Many polygons filled at once, against pycocotools and hotcoco: the same bytes, always."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING, Any

import hotcoco
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from segtrial.geometry.fill import are_near, can_fill, fill_polygons
from segtrial.geometry.outlines import polygons_of
from segtrial.geometry.runs import decode_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.arrays import Floats
    from segtrial.types.masks import Masks

    Instance = tuple[list[Floats], int, int]  # rings, height, width

FARTHEST_PX = float(1 << 21)

# Whole px, halves, fifths (where the rounding turns), anything near the image, and far from it.
COORDINATE = (
    st.integers(-3, 12).map(float)
    | st.integers(-40, 120).map(lambda v: v / 2)
    | st.integers(-100, 300).map(lambda v: v / 5)
    | st.integers(-200, 600).map(lambda v: np.nextafter(v / 10, v))
    | st.floats(-30, 60)
    | st.floats(-4000, 4000)
)
POINT = st.tuples(COORDINATE, COORDINATE)


@st.composite
def ring(draw: st.DrawFn) -> Floats:
    """Points of any order, some of them twice or in one column or row."""
    points = draw(st.lists(POINT, min_size=3, max_size=9))
    way = draw(st.sampled_from(["any", "twice", "line", "column", "row", "there and back"]))
    array = np.array(points, np.float64)
    if way == "twice":
        array = np.repeat(array, 2, axis=0)
    elif way == "line":
        array = array[0] + np.arange(len(array))[:, None] * (array[1] - array[0])
    elif way == "column":
        array[:, 0] = array[0, 0]
    elif way == "row":
        array[:, 1] = array[0, 1]
    elif way == "there and back":
        array = np.concatenate([array, array[::-1]])
    return array


INSTANCE = st.tuples(
    st.lists(ring(), min_size=1, max_size=4), st.integers(1, 40), st.integers(1, 40)
)


def filled(instances: Sequence[Instance]) -> Masks:
    return fill_polygons(
        polygons_of([rings for rings, _, _ in instances]),
        height_px=np.array([height for _, height, _ in instances], np.int64),
        width_px=np.array([width for _, _, width in instances], np.int64),
    )


def drawn(tool: Any, instance: Instance) -> bytes:
    rings, height, width = instance
    parts = tool.frPyObjects([points.ravel().tolist() for points in rings], height, width)
    counts: bytes = tool.merge(parts)["counts"] if len(parts) > 1 else parts[0]["counts"]
    return counts


def check(instances: Sequence[Instance]) -> None:
    masks = filled(instances)
    assert len(masks) == len(instances)
    for row, instance in enumerate(instances):
        assert masks.counts(row) == drawn(coco, instance) == drawn(hotcoco.mask, instance)


def box(x0: float, y0: float, x1: float, y1: float) -> Floats:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)


@settings(deadline=None, max_examples=200)
@given(st.lists(INSTANCE, min_size=1, max_size=5))
@example([([box(0, 0, 9, 9)], 9, 9)])  # the whole image
@example([([box(-50, -50, 99, 99)], 9, 9)])  # more than it
@example([([box(20, 20, 30, 30)], 9, 9)])  # nothing of it
@example([([box(4, 0, 9, 9), box(0, 0, 4, 9)], 9, 9)])  # two that touch, both up to an end
@example([([box(4, 2, 9, 9), box(0, 0, 9, 5)], 9, 9)])  # both up to the end
@example([([np.zeros((3, 2))], 1, 1), ([np.full((3, 2), -0.1)], 1, 1)])
def test_any_rings_have_the_strings_of_pycocotools_and_hotcoco(instances: list[Instance]) -> None:
    check(instances)


def test_hundreds_of_random_rings_of_many_points_and_sizes() -> None:
    rng = np.random.default_rng(5)
    instances = []
    for points in [3, 4, 7, 20, 90, 255, 256, 257, 400, 1000] * 12:
        height, width = int(rng.integers(1, 60)), int(rng.integers(1, 60))
        scale = rng.choice([0.3, 1, 1, 2, 30]) * np.array([width, height])
        rings = [rng.normal(0.5, 0.4, (points, 2)) * scale for _ in range(rng.integers(1, 3))]
        instances.append((rings, height, width))
    check(instances)


def test_edges_that_are_nearly_diagonal_and_reach_as_far_as_it_goes() -> None:
    instances: list[Instance] = []
    for far in (1e3, 1e5, FARTHEST_PX - 1e3):
        for more in (-0.4, -0.2, 0, 0.2, 0.4):
            for turn in (1, -1):
                points = [[-far, turn * (-far + more)], [far, turn * far], [far + 7, turn * far]]
                instances.append(([np.array(points)], 300, 500))
    masks = filled(instances)
    for row, instance in enumerate(instances):
        assert masks.counts(row) == drawn(hotcoco.mask, instance)


def test_instances_are_filled_as_if_each_was_alone() -> None:
    """The kernel's counters of columns must be left as they were found."""
    rng = np.random.default_rng(1)
    instances: list[Instance] = [
        ([rng.uniform(-9, 60, (5, 2)) for _ in range(1 + k % 3)], 20 + k, 50 - k) for k in range(30)
    ]
    masks = filled(instances)
    assert [masks.counts(row) for row in range(30)] == [filled([i]).counts(0) for i in instances]


def test_a_square_and_one_beside_it() -> None:
    masks = filled([([box(1, 2, 3, 4)], 5, 6), ([box(1, 2, 3, 4), box(3, 2, 4, 4)], 5, 6)])
    assert [(y, x) for y, x in np.argwhere(decode_mask(masks, 0, height=5, width=6)).tolist()] == [
        (2, 1), (2, 2), (3, 1), (3, 2)
    ]  # fmt: skip
    assert decode_mask(masks, 1, height=5, width=6).sum() == 6


def test_no_instance_has_no_mask() -> None:
    assert len(filled([])) == 0


@pytest.mark.parametrize("value", [FARTHEST_PX * 1.01, -FARTHEST_PX * 1.01, np.nan, np.inf])
def test_points_that_are_not_near_are_refused(value: float) -> None:
    points = np.array([[0, 0], [value, 5], [5, 5]])
    assert not are_near(points)
    with pytest.raises(ValueError, match="points beyond"):
        filled([([points], 10, 10)])


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (1, 1, True),
        (720, 1280, True),
        (2047, 1 << 20, True),
        (2048, 1 << 20, False),
        (1 << 30, 1, True),
        (1 << 31, 1, False),
        (1, (1 << 20) + 1, False),
        (0, 5, False),
        (5, 0, False),
    ],
)
def test_which_images_can_be_filled(height: int, width: int, *, expected: bool) -> None:
    assert can_fill(np.array([height, 9]), np.array([width, 9])) is expected


def test_the_last_positions_of_the_largest_image_are_reached() -> None:
    instance: Instance = ([box((1 << 20) - 2, 2040, 1 << 20, 2047)], 2047, 1 << 20)
    assert filled([instance]).counts(0) == drawn(hotcoco.mask, instance)


def test_a_ring_that_crosses_one_column_very_often_takes_no_quadratic_time() -> None:
    points = 300_000
    ring_xy = np.column_stack([np.arange(points) % 2 * 3.0, np.linspace(700, 0, points)])
    begin = process_time()
    masks = filled([([ring_xy], 720, 3)])
    assert process_time() - begin < 5  # a tenth of a second; sorted by insertion, over a minute
    assert masks.counts(0) == drawn(hotcoco.mask, ([ring_xy], 720, 3))
