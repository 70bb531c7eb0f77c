"""Masks as polygons: run lengths traced along pixel edges, only inside their box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.geometry.run_windows import decode_in_box
from segtrial.geometry.trace import boundary_rings, rings_of
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats


def rings_of_runs(counts: bytes, size: tuple[int, int]) -> list[Floats]:
    """The rings (K, 2), x then y in px, of a mask in COCO's compressed counts: rasterised, they
    give the same pixels. `size`: the image's height and width. Empty for an empty mask.
    """
    left, top, crop = decode_in_box(pack_masks([counts]), 0, size=size)
    corner = np.array([left, top], np.float64)
    return [ring + corner for ring in rings_of(crop)]


def boundary_rings_of_runs(counts: bytes, size: tuple[int, int]) -> list[Floats]:
    """As `rings_of_runs`, but for drawing: filled even-odd, rings around holes make the holes."""
    left, top, crop = decode_in_box(pack_masks([counts]), 0, size=size)
    corner = np.array([left, top], np.float64)
    return [ring + corner for ring in boundary_rings(crop)]
