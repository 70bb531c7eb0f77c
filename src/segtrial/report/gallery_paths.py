"""Rings in px → the text of SVG paths, no finer than the eye can see at the size shown.

Coordinates are whole tenths of a shown px: a picture's longer side is `SIDE_PX` shown px, so
its SVG is 6400 units wide or high. Which colour or mode a path has does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from segtrial.types.arrays import Bools, Floats, Longs

SIDE_PX = 640  # the longer side of a picture as shown, and at most as stored
UNITS = 10  # SVG units a shown px: what coordinates are rounded to


def units_of(width_px: int, height_px: int) -> tuple[int, int, float]:
    """Width and height of the picture's SVG in units, and units a px of the original."""
    scale = SIDE_PX * UNITS / max(width_px, height_px)
    return max(1, round(width_px * scale)), max(1, round(height_px * scale)), scale


def part_paths(
    parts: Sequence[Sequence[Floats]], *, scale: float, tolerance_px: float
) -> list[str]:
    """The `d` of one path per part; parts that lie apart from all others share one path.

    `parts`: rings (K, 2) of x, y in px of the original; `scale`: units a px. Simplified by
    Douglas and Peucker (1973) to within `tolerance_px` shown px. Filled even-odd, the rings of a
    part leave holes, while parts that may overlap must not: those keep paths of their own.
    """
    texts, boxes = [], []
    for part in parts:
        rings = [np.rint(ring * scale).astype(np.int64) for ring in part]
        if rings:
            texts.append("".join(_path(_simplified(ring, tolerance_px * UNITS)) for ring in rings))
            boxes.append(_extent(np.concatenate(rings)))
    alone = _apart(boxes)
    together = "".join(text for text, apart in zip(texts, alone, strict=True) if apart)
    rest = [text for text, apart in zip(texts, alone, strict=True) if not apart]
    return [together, *rest] if together else rest


def _simplified(ring: Longs, tolerance: float) -> Longs:
    """The ring's corners of which each other point lies within `tolerance` units.

    What shrinks to a point becomes a box of one unit, so that its rim stays visible.
    """
    moved = (ring != np.roll(ring, 1, axis=0)).any(axis=1)
    ring = ring[moved] if moved.any() else ring[:1]
    if len(ring) > 3:
        farthest = int(np.argmax(((ring - ring[0]) ** 2).sum(axis=1)))
        ring = ring[_kept(ring.astype(np.float64), farthest, tolerance)]
    if len(ring) > 1:
        return ring
    return ring + np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.int64)


@njit(cache=True, nogil=True)
def _kept(ring: Floats, farthest: int, tolerance: float) -> Bools:
    """Which corners stay: those first found too far from the segment between two that stay."""
    corners = len(ring)
    keep = np.zeros(corners, np.bool_)
    keep[0] = keep[farthest] = True
    waiting = [(0, farthest), (farthest, corners)]
    while len(waiting) > 0:
        first, last = waiting.pop()
        x, y = ring[first]
        along_x, along_y = ring[last % corners, 0] - x, ring[last % corners, 1] - y
        squared = along_x * along_x + along_y * along_y
        worst, distance = first, tolerance * tolerance
        for k in range(first + 1, last):
            away_x, away_y = ring[k, 0] - x, ring[k, 1] - y
            share = 0.0
            if squared > 0:
                share = min(max((away_x * along_x + away_y * along_y) / squared, 0.0), 1.0)
            rest_x, rest_y = away_x - share * along_x, away_y - share * along_y
            if rest_x * rest_x + rest_y * rest_y > distance:
                worst, distance = k, rest_x * rest_x + rest_y * rest_y
        if worst > first:
            keep[worst] = True
            waiting.append((first, worst))
            waiting.append((worst, last))
    return keep


def _path(ring: Longs) -> str:
    """One closed subpath in relative whole numbers: `M10 20h30v40l-5-6z`."""
    words, command = [f"M{ring[0, 0]} {ring[0, 1]}"], "M"
    for dx, dy in np.diff(ring, axis=0).tolist():
        step = "h" if dy == 0 else "v" if dx == 0 else "l"
        numbers = {"h": (dx,), "v": (dy,), "l": (dx, dy)}[step]
        text = "".join(f" {number}" if number >= 0 else f"{number}" for number in numbers)
        words.append(text if step == command else step + text.lstrip())
        command = step
    return "".join(words) + "z"


def _extent(points: Longs) -> tuple[int, int, int, int]:
    low, high = points.min(axis=0), points.max(axis=0)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _apart(boxes: Sequence[tuple[int, int, int, int]]) -> list[bool]:
    """Of each box (left, top, right, bottom), whether it touches no other."""
    if not boxes:
        return []
    left, top, right, bottom = (np.array(side) for side in zip(*boxes, strict=True))
    meet = (left[:, None] <= right) & (left <= right[:, None])
    meet &= (top[:, None] <= bottom) & (top <= bottom[:, None])
    found: list[bool] = (meet.sum(axis=1) == 1).tolist()
    return found
