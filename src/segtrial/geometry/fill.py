"""Polygons to COCO's run lengths, many at once: `frPoly` of pycocotools, to the byte.

A ring lies on a grid of fifths of a px. Only the places matter where it passes from one column of
pixels to the next: they are computed one by one, where `frPoly` walks along the edges. Compiled by
numba on first use and cached on disk; no fastmath, for the places are rounded numbers. Axes: K
points, R rings, X crossings, N instances. Reading outlines does not belong here (`outlines`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from segtrial.types.masks import Masks

if TYPE_CHECKING:
    from segtrial.geometry.outlines import Polygons
    from segtrial.types.arrays import Bytes, Floats, Longs

_FARTHEST_PX = float(1 << 21)  # beyond it `frPoly`'s walk may leap over a column
_IMAGE = 1 << 31  # positions in an image are 32-bit integers with a sign in `frPoly`
_WIDEST_PX = 1 << 20  # a place is kept for each column
_MANY_POINTS = 256  # up to here a ring's crossings of a column are sorted by insertion
_LONGEST_RUN = 7  # bytes


@njit(cache=True, nogil=True, error_model="numpy")
def _cross_columns(  # noqa: PLR0912 (one kernel: calls within it compile twice)
    x: Longs,
    y: Longs,
    passed: Longs,
    first_point: Longs,
    first_crossing: Longs,
    height_px: Longs,
    last: Longs,
    crossings: Longs,
) -> None:
    """Fill `crossings` (X): positions, column-major, where rings cross columns; those of a ring
    from `first_crossing` (R + 1) on, sorted by column.

    `x`, `y`, `passed` (K): see `_passed`. `first_point` (R + 1). `height_px` (R): of each ring's
    image. `last`: one longer than the widest image is wide, all 0, and left so.
    """
    for r in range(len(height_px)):
        begin, end = first_point[r], first_point[r + 1]
        left, right = passed[begin], passed[begin]
        i = end - 1
        for j in range(begin, end):
            a, b = passed[i], passed[j]
            if a > b:
                a, b = b, a
            last[a] += 1
            last[b] -= 1
            left = min(left, a)
            right = max(right, b)
            i = j
        place = first_crossing[r]
        crossed = 0
        for c in range(left, right):  # where each column's crossings begin
            crossed += last[c]
            last[c] = place
            place += crossed
        last[right] = 0
        height = height_px[r]
        lowest = 5 * height
        i = end - 1
        for j in range(begin, end):
            a, b = passed[i], passed[j]
            if a > b:
                a, b = b, a
            xs, ys = x[i], y[i]
            dx, dy = x[j] - xs, y[j] - ys
            steep = (dx if dx > 0 else -dx) < (dy if dy > 0 else -dy)
            if (dy if steep else dx) < 0:  # walked from the other end, which is rounded otherwise
                xs, ys = x[j], y[j]
            slope = dx / dy if steep else dy / dx
            rises = slope > 0
            for c in range(a, b):
                if steep:
                    wall = 5 * c + 3.0
                    # The first step beyond the wall: an estimate, of which few are off by one.
                    t = np.int64((wall - 0.5 - xs) / slope) + 1
                    while (xs + slope * (t - 1) + 0.5 >= wall) == rises:
                        t -= 1
                    while (xs + slope * t + 0.5 >= wall) != rises:
                        t += 1
                    low = ys + t - 1
                else:
                    # Of the steps at 2 and at 3 fifths, that of the smaller y.
                    t = 5 * c + 2 - xs if slope >= 0 else 5 * c + 3 - xs
                    low = np.int64(ys + slope * t + 0.5)
                low = 0 if low < 0 else low
                low = lowest if low > lowest else low
                crossings[last[c]] = c * height + (low + 2) // 5
                last[c] += 1
            i = j
        for c in range(left, right):
            last[c] = 0


@njit(cache=True, nogil=True)
def _write(
    changes: Longs, start: Longs, stop: Longs, image_px: Longs, out: Bytes, offset: Longs
) -> None:
    """COCO's strings of N masks, whose runs end at `changes[start[m]:stop[m]]`; of two that are
    equal neither counts. `changes` is sorted here, and should nearly be. As `rleToString`.
    """
    length = 0
    for m in range(len(image_px)):
        end = stop[m]
        for i in range(start[m] + 1, end):
            position = changes[i]
            j = i
            while j > start[m] and changes[j - 1] > position:
                changes[j] = changes[j - 1]
                j -= 1
            changes[j] = position
        before = older = old = runs = 0
        i = start[m]
        while before < image_px[m]:
            while i + 1 < end and changes[i] == changes[i + 1]:
                i += 2
            position = changes[i] if i < end else image_px[m]
            i += 1
            run = position - before
            value = run - older if runs > 2 else run
            before = position
            older, old = old, run
            runs += 1
            while True:
                code = value & 0x1F
                value >>= 5
                if value == -(code >> 4):  # nothing but the sign is left
                    break
                out[length] = code + 80
                length += 1
            out[length] = code + 48
            length += 1
        offset[m + 1] = length


def fill_polygons(polygons: Polygons, *, height_px: Longs, width_px: Longs) -> Masks:
    """The masks of N instances: each the union of its rings, cut off at its image's borders.

    `height_px`, `width_px`: int64 (N), of each instance's image, which `can_fill` must take. To
    the byte as pycocotools' `frPyObjects` and `merge`. Raises ValueError for points that are not
    near (`are_near`).
    """
    if not are_near(polygons.points_xy):
        raise ValueError(f"points beyond {_FARTHEST_PX:.0f} px")
    rings = np.diff(polygons.first_ring)
    instance = np.repeat(np.arange(len(rings)), rings)
    first, changes = _crossings(polygons, height_px[instance], width_px[instance])
    start, stop = first[polygons.first_ring[:-1]], first[polygons.first_ring[1:]]
    image_px = height_px * width_px
    if (rings > 1).any():
        several = rings[instance] > 1
        ring = np.repeat(np.arange(len(instance))[several], np.diff(first)[several])
        position = changes[np.repeat(several, np.diff(first))]
        owner, position = _united(ring, position, instance, image_px)
        changes[start[owner] + _rank(owner)] = position
        ends = start + np.bincount(owner, minlength=len(rings))
        stop = np.where(rings > 1, ends, stop)
    out = np.empty(_LONGEST_RUN * (len(changes) + len(rings)), np.uint8)
    offset = np.zeros(len(rings) + 1, np.int64)
    _write(changes, start, stop, image_px, out, offset)
    return Masks(data=out[: offset[-1]].copy(), offset=offset)


def are_near(points_xy: Floats) -> bool:
    """Whether `fill_polygons` takes points, float64 (K, 2): none is 2 ** 21 px away, or NaN."""
    return bool((np.abs(points_xy) <= _FARTHEST_PX).all())


def can_fill(height_px: Longs, width_px: Longs) -> bool:
    """Whether `fill_polygons` takes images of these sizes, int64 (N): none has 2 ** 31 px."""
    sides = (height_px >= 1) & (width_px >= 1) & (width_px <= _WIDEST_PX)
    return bool((sides & (height_px < _IMAGE // np.maximum(width_px, 1))).all())


def _crossings(polygons: Polygons, height_px: Longs, width_px: Longs) -> tuple[Longs, Longs]:
    """Where each ring's crossings begin, (R + 1), and the crossings (X), sorted by column.

    `height_px`, `width_px` (R): of each ring's image.
    """
    first_point = polygons.first_point
    points = np.diff(first_point)
    x, y = (5.0 * np.ascontiguousarray(polygons.points_xy.T) + 0.5).astype(np.int64)
    # A column is crossed from 5c + 2 to 5c + 3 fifths: how many of them are left of each point.
    passed = np.clip((x + 2) // 5, 0, np.repeat(width_px, points))
    before = np.roll(passed, 1)
    before[first_point[:-1]] = passed[first_point[1:] - 1]
    total = np.concatenate([[0], np.cumsum(np.abs(passed - before))])
    first = total[first_point]
    crossings = np.empty(total[-1], np.int64)
    last = np.zeros(int(width_px.max(initial=0)) + 1, np.int64)
    _cross_columns(x, y, passed, first_point, first, height_px, last, crossings)
    for ring in np.flatnonzero(points > _MANY_POINTS):
        crossings[first[ring] : first[ring + 1]].sort()
    return first, crossings


def _united(ring: Longs, position: Longs, instance: Longs, image_px: Longs) -> tuple[Longs, Longs]:
    """Where unions of rings begin or end to cover pixels: instances and positions, both rising.

    `ring`, `position` (X): crossings. `instance` (R): of each ring. `image_px` (N).
    """
    key, times = np.unique(ring * _IMAGE + position, return_counts=True)
    key = key[times % 2 == 1]  # what begins as often as it ends is no change
    ring, position = key // _IMAGE, key % _IMAGE
    inside = position < image_px[instance[ring]]
    ring, position = ring[inside], position[inside]
    begins = _rank(ring) % 2 == 0
    # A ring may cover pixels to the image's end; there all of them end.
    final = np.append(ring[1:] != ring[:-1], True)[: len(ring)]
    unended = instance[ring[final & begins]]
    owner = np.concatenate([instance[ring], unended])
    place = np.concatenate([position, image_px[unended]])
    step = np.concatenate([np.where(begins, 1.0, -1.0), np.full(len(unended), -1.0)])
    key, event = np.unique(owner * _IMAGE + place, return_inverse=True)
    covered = np.cumsum(np.bincount(event, step, len(key))) > 0
    changed = key[covered != np.append(False, covered)[: len(key)]]
    owner, position = changed // _IMAGE, changed % _IMAGE
    inside = position < image_px[owner]
    return owner[inside], position[inside]


def _rank(group: Longs) -> Longs:
    """The how manieth of its group each is: `group` int64 (X), equal ones in a row."""
    return np.arange(len(group)) - np.searchsorted(group, group)
