"""Random masks of one image, packed by pycocotools, for the tests of run lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from segtrial.geometry.runs import decode_mask
from segtrial.types.masks import pack_masks
from tests.geometry.coco_masks import coco_string

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools
    from segtrial.types.masks import Masks

SIDE = st.integers(1, 9)


@st.composite
def stacks(draw: st.DrawFn, least: int = 0, size: tuple[int, int] | None = None) -> Bools:
    """M masks, bool (M, H, W): noise, mostly foreground, mostly background, full, empty."""
    height, width = size or (draw(SIDE), draw(SIDE))
    pixels = st.one_of(
        st.booleans(),
        st.sampled_from((True, True, True, False)),
        st.sampled_from((True, False, False, False)),
        st.just(True),
        st.just(False),
    )
    masks = st.lists(
        arrays.arrays(bool, (height, width), elements=pixels), min_size=least, max_size=4
    )
    return np.array(draw(masks), bool).reshape(-1, height, width)


def packed(stack: Bools) -> Masks:
    return pack_masks([coco_string(mask) for mask in stack])


def coco_rles(stack: Bools) -> list[dict[str, Any]]:
    """The masks as pycocotools takes them."""
    return [{"size": list(mask.shape), "counts": coco_string(mask)} for mask in stack]


def unpacked(masks: Masks, height: int, width: int) -> Bools:
    """All masks dense: bool (M, H, W)."""
    found = [decode_mask(masks, row, height=height, width=width) for row in range(len(masks))]
    return np.array(found, bool).reshape(-1, height, width)


def assert_same(masks: Masks, stack: Bools) -> None:
    """`masks` are those of `stack`, string by string as pycocotools encodes them."""
    assert [masks.counts(row) for row in range(len(masks))] == [coco_string(m) for m in stack]
