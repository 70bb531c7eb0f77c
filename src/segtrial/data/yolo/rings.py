"""An outline of any kind → the one ring that a YOLO row holds, and the row's text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.geometry.bridges import bridged
from segtrial.geometry.outlines import NoAreaError
from segtrial.geometry.polygons import rings_of_runs
from segtrial.geometry.rasterise import mask_counts

if TYPE_CHECKING:
    from segtrial.geometry.outlines import Outline
    from segtrial.types.arrays import Floats

DIGITS = 9  # of a fraction: half a unit of the last one is 5e-6 px in an image of 10,000 px
_UNITS = 10.0**DIGITS


def one_ring(outline: Outline, size: tuple[int, int]) -> tuple[Floats, tuple[str, ...]]:
    """One closed ring (K, 2) of x, y in px within an image of `size` (width, height), and what was
    done for it: "cut", "traced", "united", "bridged".

    Parts that overlap would cancel each other in one ring (COCO's rasteriser fills by parity): if
    the joined ring does not give the parts' own pixels, these are traced instead. Raises
    NoAreaError where nothing with an area is within the image, and what `mask_counts` raises.
    """
    width, height = size
    if isinstance(outline, dict):
        rings = rings_of_runs(mask_counts(outline, height=height, width=width), (height, width))
        if not rings:
            raise NoAreaError("an empty mask")
        joined = ("bridged",) if len(rings) > 1 else ()
        return bridged(rings), ("traced", *joined)
    inside = [_cut(ring, size) for ring in outline]
    rings = [ring for ring in inside if _has_area(ring)]
    if not rings:
        raise NoAreaError("nothing with an area within the image")
    leaves = any(ours is not ring for ours, ring in zip(inside, outline, strict=True))
    happened = ("cut",) if leaves else ()
    if len(rings) == 1:
        return rings[0], happened
    ring = bridged(rings)
    wanted = mask_counts(rings, height=height, width=width)
    if mask_counts([ring], height=height, width=width) == wanted:
        return ring, (*happened, "bridged")
    traced = rings_of_runs(wanted, (height, width))
    joined = ("bridged",) if len(traced) > 1 else ()
    return bridged(traced), (*happened, "united", *joined)


def _has_area(ring: Floats) -> bool:
    return len(ring) > 2 and bool((np.ptp(ring, axis=0) > 0).all())


def _cut(ring: Floats, size: tuple[int, int]) -> Floats:
    """The part of a ring within 0 … width, 0 … height; the ring itself where it does not leave.

    Sutherland and Hodgman (1974), side by side: parts cut from each other stay joined by an edge
    along the border, there and back.
    """
    for axis, bound, sign in ((0, 0, 1), (0, size[0], -1), (1, 0, 1), (1, size[1], -1)):
        beyond = sign * (ring[:, axis] - bound)
        if len(ring) == 0 or beyond.min() >= 0:
            continue
        points = []
        for k in range(len(ring)):
            before, here = beyond[k - 1], beyond[k]
            if (before < 0) != (here < 0):
                crossing = ring[k - 1] + (ring[k] - ring[k - 1]) * (before / (before - here))
                crossing[axis] = bound
                points.append(crossing)
            if here >= 0:
                points.append(ring[k])
        ring = np.array(points, np.float64).reshape(-1, 2)
    return ring


def row_of_ring(label: int, ring: Floats, size: tuple[int, int]) -> bytes:
    """`class x y x y …` of a ring in px within an image of `size` (width, height).

    COCO's rasteriser takes vertices to the nearest fifth of a px, and annotators' coordinates often
    lie between two of them; a fraction whose rounding would tip one over is rounded the other way.
    """
    scale = np.array(size, np.float64)
    units = np.rint(ring / scale * _UNITS)
    tipped = _fifths(ring) - _fifths(units / _UNITS * scale)
    return _row(label, (units + np.sign(tipped)).ravel())


def _fifths(points: Floats) -> Floats:
    return np.floor(5 * points + 0.5)


def row_of_box(label: int, low: Floats, high: Floats, size: tuple[int, int]) -> bytes:
    """`class x y w h`, centre form, of the box from corner `low` to corner `high` in px."""
    scale = np.array(size, np.float64)
    fractions = np.concatenate([(low + high) / 2 / scale, (high - low) / scale])
    return _row(label, np.rint(fractions * _UNITS))


def _row(label: int, units: Floats) -> bytes:
    fractions = (units / _UNITS).tolist()
    numbers = (f"{value:.{DIGITS}f}".rstrip("0").rstrip(".") for value in fractions)
    return f"{label} {' '.join(numbers)}".encode()
