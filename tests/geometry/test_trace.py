"""Masks to rings and back by the one rasteriser: holes, several parts, diagonal touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.ndimage import label

from segtrial.geometry.areas import ring_area_px
from segtrial.geometry.rasterise import mask_counts
from segtrial.geometry.run_windows import decode_in_box
from segtrial.geometry.trace import rings_of
from segtrial.types.masks import pack_masks
from tests.geometry.coco_masks import coco_string
from tests.geometry.mask_stacks import packed

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools

SIDE = st.integers(1, 14)
COMPILED = settings(deadline=None, max_examples=150)


def picture(*lines: str) -> Bools:
    return np.array([[mark == "#" for mark in line] for line in lines])


@st.composite
def holed(draw: st.DrawFn) -> Bools:
    """Frames within frames, of which a few pixels are turned: holes, islands in them, touches."""
    height, width = draw(SIDE), draw(SIDE)
    y, x = np.mgrid[:height, :width]
    depth = np.minimum(np.minimum(y, height - 1 - y), np.minimum(x, width - 1 - x))
    mask = depth // draw(st.integers(1, 2)) % 2 == 0
    turned = draw(
        arrays.arrays(bool, (height, width), elements=st.sampled_from((False,) * 7 + (True,)))
    )
    return mask ^ turned


@st.composite
def chequered(draw: st.DrawFn) -> Bools:
    """A chequerboard of blocks, of which a few are missing: touches at every corner."""
    board = np.indices((draw(st.integers(1, 6)), draw(st.integers(1, 6)))).sum(axis=0) % 2 == 0
    board &= draw(arrays.arrays(bool, board.shape, elements=st.sampled_from((True, True, False))))
    return board.repeat(draw(st.integers(1, 3)), axis=0).repeat(draw(st.integers(1, 3)), axis=1)


def assert_traced_exactly(mask: Bools) -> None:
    height, width = mask.shape
    rings = [ring.astype(np.float64) for ring in rings_of(mask)]
    if not mask.any():
        assert rings == []
        return
    assert mask_counts(rings, height=height, width=width) == coco_string(mask)
    assert sum(ring_area_px(ring) for ring in rings) == mask.sum()  # no pixel twice
    for ring in rings:
        masks = pack_masks([mask_counts([ring], height=height, width=width)])
        _, parts = label(decode_in_box(masks, 0, size=mask.shape)[2])
        assert parts == 1  # pixels that only touch diagonally are rings of their own


@COMPILED
@given(holed() | chequered())
def test_rings_of_holes_and_touches_fill_to_the_mask_they_came_from(mask: Bools) -> None:
    assert_traced_exactly(mask)


@COMPILED
@given(holed() | chequered(), st.integers(0, 5), st.integers(0, 5))
def test_rings_traced_inside_the_box_and_moved_to_their_place_fill_to_the_mask(
    crop: Bools, left: int, top: int
) -> None:
    mask = np.pad(crop, ((top, 3), (left, 2)))
    size = mask.shape
    x, y, pixels = decode_in_box(packed(mask[None]), 0, size=size)
    rings = [ring + np.array([x, y], np.float64) for ring in rings_of(pixels)]
    if rings:
        assert mask_counts(rings, height=size[0], width=size[1]) == coco_string(mask)
    else:
        assert not mask.any()


@pytest.mark.parametrize(
    "mask",
    [
        picture("###", "# #", "###"),
        picture("#####", "# # #", "#####"),
        picture("#####", "#   #", "# # #", "#   #", "#####"),
        picture("####", "# ##", "## #", "####"),
        picture("# #", " # ", "# #"),
        picture(" # ", "# #", " # "),
        picture("##  ", "##  ", "  ##", "  ##"),
        picture("####  ", "#  #  ", "#  #  ", "######", "   # #", "   ###"),
    ],
)
def test_shapes_that_the_reader_can_check_are_traced_exactly(mask: Bools) -> None:
    assert_traced_exactly(mask)
    assert_traced_exactly(mask.T)


def test_a_frame_is_two_rings_that_share_an_edge() -> None:
    left, right = rings_of(picture("###", "# #", "###"))
    assert left[:, 0].max() == right[:, 0].min() == 1
    counts = mask_counts([left.astype(float), right.astype(float)], height=3, width=3)
    assert decode_in_box(pack_masks([counts]), 0, size=(3, 3))[2].tolist() == [
        [True, True, True],
        [True, False, True],
        [True, True, True],
    ]
