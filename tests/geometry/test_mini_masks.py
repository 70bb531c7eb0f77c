"""Masks in their box's frame: truth made small, and predictions put back into the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco
from torchvision.models.detection.roi_heads import paste_masks_in_image

from segtrial.geometry.mini_masks import mini_mask, paste_to_runs
from segtrial.geometry.runs import decode_mask
from segtrial.types.masks import pack_masks
from tests.geometry.coco_masks import coco_pixels
from tests.geometry.test_beziers import circle

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools, Floats

HEIGHT, WIDTH = 80, 100
NUMBERS = st.integers(0, 2**32 - 1)


def iou(one: Bools, two: Bools) -> float:
    union = int((one | two).sum())
    return 1.0 if union == 0 else float((one & two).sum() / union)


def blob(rng: np.random.Generator, x: float, y: float, w: float, h: float) -> tuple[Floats, Floats]:
    """A star-shaped ring that touches all four sides of its box, and that box."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radius = rng.uniform(0.6, 1, len(angle))
    unit = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    unit = (unit - unit.min(axis=0)) / np.ptp(unit, axis=0)
    return unit * (w, h) + (x, y), np.array([x, y, w, h])


def full_mask(ring: Floats, height: int, width: int) -> Bools:
    return coco_pixels(coco.frPyObjects([ring.ravel().tolist()], height, width)[0])


def cropped_and_resampled(full: Bools, box: Floats, side: int) -> Bools:
    """The slow way: the whole image's mask at the centres of the grid's pixels."""
    steps = (np.arange(side) + 0.5) / side
    columns = np.floor(box[0] + steps * box[2]).astype(int)
    rows = np.floor(box[1] + steps * box[3]).astype(int)
    return full[np.ix_(rows, columns)]


@settings(deadline=None, max_examples=40)
@given(NUMBERS, st.sampled_from([14, 28, 56]))
def test_a_mini_mask_is_the_full_mask_cropped_and_resampled(seed: int, side: int) -> None:
    rng = np.random.default_rng(seed)
    ring, box = blob(rng, *rng.uniform(5, 40, 2), *rng.uniform(60, 150, 2))
    full = full_mask(ring, 220, 220)
    expected = cropped_and_resampled(full, box, side)
    assert iou(mini_mask([ring], box, side), expected) > 0.9
    packed = coco.encode(np.asfortranarray(full, dtype=np.uint8))
    rle = {"size": [220, 220], "counts": packed["counts"].decode()}
    np.testing.assert_array_equal(mini_mask(rle, box, side), expected)


def test_a_small_instance_keeps_its_shape() -> None:
    """3 × 3 px: far below the grid, and still a disc, not a blob of whole pixels."""
    ring = circle(1.5)[0][::3] + 10.25
    grid = mini_mask([ring], np.array([8.75, 8.75, 3, 3]), 28)
    assert grid.mean() == pytest.approx(0.5, abs=0.02)  # a square on its corner


def test_parts_are_united() -> None:
    left, right = [[0, 0], [4, 0], [4, 8], [0, 8]], [[4, 4], [8, 4], [8, 8], [4, 8]]
    grid = mini_mask([np.array(left, float), np.array(right, float)], np.array([0, 0, 8, 8]), 8)
    expected = np.ones((8, 8), bool)
    expected[:4, 4:] = False
    np.testing.assert_array_equal(grid, expected)


def test_an_instance_larger_than_its_box_fills_the_grid() -> None:
    ring = np.array([[0, 0], [50, 0], [50, 50], [0, 50]], np.float64)
    assert mini_mask([ring], np.array([10, 10, 20, 20]), 14).all()


@pytest.mark.parametrize("box", [(1, 1, 0, 4), (1, 1, 4, 0), (1, 1, -2, 4)])
@pytest.mark.parametrize("outline", [[np.eye(3, 2)], {"size": [4, 4], "counts": [0, 16]}])
def test_a_box_without_area_is_refused(box: tuple[float, ...], outline: Any) -> None:
    with pytest.raises(ValueError, match="without area"):
        mini_mask(outline, np.array(box, np.float64), 28)


def pasted(probability: np.ndarray, box_xyxy: Floats, height: int, width: int) -> Bools:
    string = paste_to_runs(probability, box_xyxy, height=height, width=width)
    return decode_mask(pack_masks([string]), 0, height=height, width=width)


def torchvision_pasted(probability: np.ndarray, box: Floats, height: int, width: int) -> Bools:
    masks = torch.from_numpy(probability)[None, None]
    boxes = torch.from_numpy(np.asarray(box, np.float32))[None]
    image = paste_masks_in_image(masks, boxes, (height, width), padding=1)[0, 0]
    mask: Bools = (image >= 0.5).numpy()
    return mask


def smooth(seed: int, side: int = 28) -> np.ndarray:
    """A probability map as a head gives it: high within a disc, blurred at its rim."""
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    centre, radius = rng.uniform(0.35, 0.65, 2), rng.uniform(0.3, 0.5)
    distance = np.hypot(x - centre[0], y - centre[1])
    return (1 / (1 + np.exp((distance - radius) * 30))).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(NUMBERS)
def test_pasting_agrees_with_torchvision_up_to_its_rounding_of_boxes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, top = rng.uniform(-20, 60), rng.uniform(-20, 50)
    box = np.array([left, top, left + rng.uniform(40, 90), top + rng.uniform(40, 90)])
    ours = pasted(smooth(seed), box, HEIGHT, WIDTH)
    theirs = torchvision_pasted(smooth(seed), box, HEIGHT, WIDTH)
    if theirs.sum() > 300:
        assert iou(ours, theirs) > 0.85
    else:
        assert abs(int(ours.sum()) - int(theirs.sum())) < 120


def test_pasting_agrees_with_torchvision_where_boxes_lie_on_pixels() -> None:
    box = np.array([20.0, 10, 76, 66])  # torchvision makes it a pixel wider: 57 px for 56
    ours = pasted(smooth(1), box, HEIGHT, WIDTH)
    assert iou(ours, torchvision_pasted(smooth(1), box, HEIGHT, WIDTH)) > 0.92


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(st.floats(-150, 150), st.floats(-150, 150), st.floats(0, 200), st.floats(0, 200)),
)
def test_a_full_probability_fills_exactly_the_pixel_centres_of_its_box(
    xywh: tuple[float, float, float, float],
) -> None:
    x, y, w, h = xywh
    box = np.array([x, y, x + w, y + h])
    ours = pasted(np.ones((28, 28), np.float32), box, HEIGHT, WIDTH)
    column, row = np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5
    # A rounding error at a box's very edge is nobody's concern: skip the pixels there.
    clear_x = (np.abs(column - box[0]) > 1e-6) & (np.abs(column - box[2]) > 1e-6)
    clear_y = (np.abs(row - box[1]) > 1e-6) & (np.abs(row - box[3]) > 1e-6)
    inside = np.outer((row > box[1]) & (row < box[3]), (column > box[0]) & (column < box[2]))
    # In a corner both directions fade: a pixel within half a cell of two edges may be lost.
    u, v = (column - box[0]) / max(w, 1e-9) * 28, (row - box[1]) / max(h, 1e-9) * 28
    fade_x = np.clip(np.minimum(u, 28 - u) + 0.5, 0, 1)
    fade_y = np.clip(np.minimum(v, 28 - v) + 0.5, 0, 1)
    kept = inside & (np.outer(fade_y, fade_x) >= 0.5)
    doubtful = np.abs(np.outer(fade_y, fade_x) - 0.5) < 1e-6
    certain = np.outer(clear_y, clear_x) & ~doubtful
    np.testing.assert_array_equal(ours[certain], kept[certain])


def test_a_mask_at_the_picture_s_corner_keeps_what_lies_inside() -> None:
    ones = np.ones((28, 28), np.float32)
    mask = pasted(ones, np.array([-30.0, -20, 10, 5]), HEIGHT, WIDTH)
    assert mask[:4, :9].all()
    assert not mask[5:].any()
    assert not mask[:, 10:].any()


@pytest.mark.parametrize(
    "box",
    [
        (10, 10, 10, 30),
        (10, 10, 30, 10),
        (30, 30, 10, 10),
        (-50, -50, -10, -10),
        (100, 0, 150, 40),
        (0, 80, 40, 90),
    ],
)
def test_degenerate_boxes_and_boxes_outside_give_empty_masks(box: tuple[float, ...]) -> None:
    ones = np.ones((28, 28), np.float32)
    assert not pasted(ones, np.array(box, np.float64), HEIGHT, WIDTH).any()


def test_a_mini_mask_pasted_into_its_box_gives_the_instance_again() -> None:
    ring, box = blob(np.random.default_rng(3), 20, 10, 56, 56)
    grid = mini_mask([ring], box, 56).astype(np.float32)
    again = pasted(grid, np.array([20.0, 10, 76, 66]), HEIGHT, WIDTH)
    assert iou(again, full_mask(ring, HEIGHT, WIDTH)) > 0.95
