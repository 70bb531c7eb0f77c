"""Rings with cubic Bézier pieces, as BDD100K draws them, evaluated to plain polygons."""

from __future__ import annotations

import numpy as np

from segtrial.types.arrays import Floats

TOLERANCE_PX = 0.004  # a circle of 5 px radius keeps 99.9 % of its area


def flatten_ring(vertices: Floats, types: str, tolerance_px: float = TOLERANCE_PX) -> Floats:
    """The outline of one closed ring: float64 (K, 2), x then y, in px; not closed twice.

    `vertices`: (V, 2); `types`: one of "L", "C" a vertex. A "C" opens a cubic: it and the
    next vertex are control points, the one after is the end point whatever its type (as
    matplotlib's CURVE4, with which the format is drawn); a curve that runs past the last vertex
    ends at vertex 0. Treating control points as vertices makes a circle 14.6 % too large.
    """
    if "C" not in types:
        return vertices
    points: list[Floats] = [vertices[:1]]
    count = len(vertices)
    index = 1
    while index < count:
        if types[index] == "C":
            two, end = (vertices[min(index + k, count) % count] for k in (1, 2))
            points.append(_cubic(points[-1][-1], vertices[index], two, end, tolerance_px))
            index += 3
        else:
            points.append(vertices[index : index + 1])
            index += 1
    return np.concatenate(points)


def _cubic(start: Floats, one: Floats, two: Floats, end: Floats, tolerance_px: float) -> Floats:
    """Points after `start` on a cubic Bézier, no farther than the tolerance from it.

    A chord of parameter length h leaves a curve by at most h²/8 · max|B''|, and
    |B''| ≤ 6 · (largest second difference of the control points).
    """
    bend = max(
        float(np.hypot(*(start - 2 * one + two))), float(np.hypot(*(one - 2 * two + end))), 1e-12
    )
    pieces = min(max(1, int(np.ceil(np.sqrt(0.75 * bend / tolerance_px)))), 1000)
    t = (np.arange(1, pieces + 1) / pieces)[:, None]
    s = 1 - t
    return s**3 * start + 3 * s**2 * t * one + 3 * s * t**2 * two + t**3 * end
