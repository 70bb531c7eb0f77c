"""Areas of outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats


def ring_area_px(ring: Floats) -> float:
    """The area inside a closed ring (K, 2) of x, y in px: Gauss's shoelace formula.

    COCO's `area` of a polygon is this one, not a count of pixels. A ring that crosses itself has
    its lobes' areas subtracted from one another.
    """
    x, y = ring[:, 0], ring[:, 1]
    twice = x[:-1] @ y[1:] - x[1:] @ y[:-1] + x[-1] * y[0] - x[0] * y[-1]
    return abs(float(twice)) / 2
