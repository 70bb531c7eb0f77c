"""Solid things: blocks in space, turned, put at their place, and seen with hidden faces left out.

Local axes as the world's: x to the right, y up, z away from the camera (for a vehicle: ahead).
The corners of a face run counter-clockwise for one who looks at it from outside, from its lower
left, so that a face seen from behind is told by its sign.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from segtrial.data.streets.colours import shade
from segtrial.data.streets.shapes import Part, Thing, shapes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.data.streets.camera import Camera
    from segtrial.data.streets.colours import Colour
    from segtrial.types.arrays import Floats, Longs

SHADES = {"near": 0.97, "far": 0.97, "left": 0.78, "right": 0.86, "top": 1.15, "bottom": 0.5}


_TURN = 2 * np.pi * np.arange(12) / 12
_DISC = np.stack([np.zeros(12), np.sin(_TURN), np.cos(_TURN)], axis=1)


class Block(NamedTuple):
    """Six faces, each (4, 3): lower left, lower right, upper right, upper left from outside."""

    near: Floats
    far: Floats
    left: Floats
    right: Floats
    top: Floats
    bottom: Floats


def block(
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    *,
    top_x: tuple[float, float] | None = None,
    top_z: tuple[float, float] | None = None,
) -> Block:
    """A block over the rectangle x × z; with `top_x`, `top_z` it tapers towards its top."""
    (x0, x1), (y0, y1), (z0, z1) = x, y, z
    (u0, u1), (w0, w1) = top_x or x, top_z or z
    low = ((x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1))
    high = ((u0, y1, w0), (u1, y1, w0), (u1, y1, w1), (u0, y1, w1))
    return Block(
        near=np.array([low[0], low[1], high[1], high[0]]),
        far=np.array([low[2], low[3], high[3], high[2]]),
        left=np.array([low[3], low[0], high[0], high[3]]),
        right=np.array([low[1], low[2], high[2], high[1]]),
        top=np.array([high[0], high[1], high[2], high[3]]),
        bottom=np.array([low[1], low[0], low[3], low[2]]),
    )


def faces(solid: Block, colour: Colour) -> list[Part]:
    """The six faces in one colour, shaded by where they look."""
    return [Part(face, shade(colour, SHADES[at])) for at, face in solid._asdict().items()]


def panel(face: Floats, x0: float, y0: float, x1: float, y1: float) -> Floats:
    """A quadrilateral (4, 3) on a face; its sides are fractions of the face's."""
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    weights = [((1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v) for u, v in corners]
    found: Floats = np.array(weights) @ face
    return found


def panels(face: Floats, fractions: Floats) -> Floats:
    """Quadrilaterals (M, 4, 3) on a face, from (M, 4) fractions x0, y0, x1, y1 of its sides."""
    across = fractions[:, [0, 2, 2, 0]]
    up = fractions[:, [1, 1, 3, 3]]
    weights = np.empty((len(fractions), 4, 4))
    weights[..., 2] = across * up
    weights[..., 1] = across - weights[..., 2]
    weights[..., 3] = up - weights[..., 2]
    weights[..., 0] = 1 - across - weights[..., 3]
    found: Floats = weights @ face
    return found


def grid(columns: int, rows: int, width: float, height: float) -> Floats:
    """Fractions (columns × rows, 4) of panels in a regular grid; each fills width × height of
    its cell.
    """
    x = (np.arange(columns) + 0.5) / columns
    y = (np.arange(rows) + 0.5) / rows
    xs, ys = np.meshgrid(x, y)
    half = (width / columns / 2, height / rows / 2)
    return np.stack([xs - half[0], ys - half[1], xs + half[0], ys + half[1]], -1).reshape(-1, 4)


def disc(x: float, y: float, z: float, radius: float) -> Floats:
    """A disc (12, 3) in the plane x = const that looks to the left (x < 0) or to the right."""
    ahead = radius if x > 0 else -radius
    outline: Floats = _DISC * np.array([0.0, radius, ahead]) + np.array([x, y, z])
    return outline


def stand(
    name: str,
    groups: Sequence[Sequence[Part]],
    camera: Camera,
    x_m: float = 0.0,
    z_m: float = 0.0,
    yaw: float = 0.0,
) -> Thing:
    """A solid thing turned by `yaw` (radians, from ahead to the right) and put at (x, z).

    Groups are painted from the farthest to the nearest, the parts within one in their order.
    """
    parts = [part for group in groups for part in group]
    points = np.concatenate([part.outline for part in parts])
    sizes = [len(part.outline) for part in parts]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    cos, sin = np.cos(yaw), np.sin(yaw)
    world = np.empty_like(points)
    world[:, 0] = points[:, 0] * cos + points[:, 2] * sin + x_m
    world[:, 1] = points[:, 1]
    world[:, 2] = points[:, 2] * cos - points[:, 0] * sin + z_m
    points_px = camera.pixels(world)
    depths = np.add.reduceat(world[:, 2], starts) / sizes
    seen = _faces_camera(points_px, starts, sizes)
    shapes = shapes_of(parts, points_px, depths.tolist())
    bounds = np.concatenate([[0], np.cumsum([len(group) for group in groups])])
    blocks = [slice(int(first), int(last)) for first, last in pairwise(bounds)]
    blocks.sort(key=lambda rows: -float(depths[rows].mean()))
    kept = [s for rows in blocks for s, ok in zip(shapes[rows], seen[rows], strict=True) if ok]
    return Thing(name, float(world[:, 2].min()), tuple(kept))


def _faces_camera(points_px: Floats, starts: Longs, sizes: Sequence[int]) -> list[bool]:
    following = np.arange(len(points_px)) + 1
    following[starts + np.array(sizes) - 1] = starts
    x, y = points_px[:, 0], points_px[:, 1]
    twice_area = np.add.reduceat(x * y[following] - x[following] * y, starts)
    seen: list[bool] = (twice_area < 0).tolist()
    return seen
