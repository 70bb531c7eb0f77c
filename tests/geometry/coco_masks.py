"""pycocotools' masks, for comparison."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from pycocotools import mask as coco

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools


def coco_string(mask: Bools) -> bytes:
    """COCO's compressed counts of a mask, by pycocotools."""
    encoded: bytes = coco.encode(np.asfortranarray(mask, dtype=np.uint8))["counts"]
    return encoded


def coco_pixels(rle: dict[str, Any]) -> Bools:
    """A mask decoded by pycocotools, whose `decode` does not know numpy 2's `copy` keyword."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        mask: Bools = coco.decode(rle).astype(bool)
    return mask
