"""Parts, shapes and things: how anything in a scene is put together.

A thing is drawn in metres as a list of `Part`s, far side first, and then put in front of the
camera, which makes `Shape`s in pixels of them. Upright things (persons, signs, trees) are flat
and face the camera: x to the right, y up, (0, 0) at the foot. Solid ones: `solids.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.data.streets.camera import Camera
    from segtrial.data.streets.colours import Colour
    from segtrial.types.arrays import Floats


class Part(NamedTuple):
    """A filled polygon in metres: `outline` (K, 2) upright, or (K, 3) in space.

    `solid`: it belongs to the thing's mask; else it is paint upon it, or a shadow.
    `lit`: its colour when lamps are on; None = it gives no light.
    """

    outline: Floats
    colour: Colour
    solid: bool = True
    alpha: float = 1.0
    lit: Colour | None = None


class Shape(NamedTuple):
    """A part as the camera sees it: `outline_px` (K, 2), depth in m for the haze."""

    outline_px: Floats
    colour: Colour
    solid: bool
    alpha: float
    lit: Colour | None
    depth_m: float


class Thing(NamedTuple):
    """One object: its class ("" = never labelled), and its shapes in painter's order."""

    name: str
    depth_m: float
    shapes: tuple[Shape, ...]

    def box_px(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the solid shapes; nothing solid = an empty box."""
        solid = [shape.outline_px for shape in self.shapes if shape.solid]
        if not solid:
            return (0.0, 0.0, 0.0, 0.0)
        points = np.concatenate(solid)
        (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return (x0, y0, x1, y1)


def shapes_of(parts: Sequence[Part], points_px: Floats, depth_m: Sequence[float]) -> list[Shape]:
    """Shapes of `parts`; `points_px` holds all their outlines one after another."""
    shapes, first = [], 0
    for part, depth in zip(parts, depth_m, strict=True):
        last = first + len(part.outline)
        shapes.append(Shape(points_px[first:last], *part[1:], depth))
        first = last
    return shapes


def upright(
    name: str, parts: Sequence[Part], camera: Camera, x_m: float, z_m: float, y_m: float = 0.0
) -> Thing:
    """A flat thing with its foot at (x, y, z), facing the camera."""
    points = np.concatenate([part.outline for part in parts])
    foot = camera.pixels(np.array([x_m, y_m, z_m]))
    scale = camera.scale(z_m)
    points_px = points * np.array([scale, -scale]) + foot
    return Thing(name, z_m, tuple(shapes_of(parts, points_px, [z_m] * len(parts))))


_CIRCLES = {
    n: np.stack(
        [np.cos(2 * np.pi * np.arange(n) / n), np.sin(2 * np.pi * np.arange(n) / n)], axis=1
    )
    for n in (8, 12, 16)
}


def polygon(*points: tuple[float, float]) -> Floats:
    """An outline from its corners."""
    return np.array(points, dtype=np.float64)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Floats:
    """An outline with its sides along the axes."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def ellipse(x: float, y: float, rx: float, ry: float, corners: int = 12) -> Floats:
    """An ellipse around (x, y), as a polygon of 8, 12 or 16 corners."""
    outline: Floats = _CIRCLES[corners] * np.array([rx, ry]) + np.array([x, y])
    return outline


def regular(corners: int, radius: float, turn: float = 0.0, y: float = 0.0) -> Floats:
    """A regular polygon around (0, y); the first corner is `turn` turns from the right."""
    angle = 2 * np.pi * (np.arange(corners) / corners + turn)
    return np.stack([np.cos(angle) * radius, np.sin(angle) * radius + y], axis=1)


def limb(x0: float, y0: float, x1: float, y1: float, w0: float, w1: float) -> Floats:
    """A straight limb from (x0, y0) to (x1, y1), `w0` wide at its start and `w1` at its end."""
    length = max(float(np.hypot(x1 - x0, y1 - y0)), 1e-9)
    nx, ny = -(y1 - y0) / length / 2, (x1 - x0) / length / 2
    return np.array(
        [
            (x0 + nx * w0, y0 + ny * w0),
            (x1 + nx * w1, y1 + ny * w1),
            (x1 - nx * w1, y1 - ny * w1),
            (x0 - nx * w0, y0 - ny * w0),
        ]
    )


def shadow(radius: float) -> Part:
    """The soft dark spot under something that stands on the ground."""
    return Part(ellipse(0, 0, radius, radius * 0.2), (0.03, 0.03, 0.05), solid=False, alpha=0.4)
