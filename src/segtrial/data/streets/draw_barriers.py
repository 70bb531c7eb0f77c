"""What runs along the road: fences, walls, guard rails, lane dividers. In space, x given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.data.streets.colours import STEEL, WHITE, Colour, pick, shade, vary
from segtrial.data.streets.shapes import Part
from segtrial.data.streets.solids import block, faces, grid, panel, panels

if TYPE_CHECKING:
    import numpy as np

    from segtrial.types.arrays import Floats

Groups = list[list[Part]]

BRICKS: tuple[Colour, ...] = ((0.6, 0.3, 0.24), (0.66, 0.6, 0.5), (0.5, 0.5, 0.52))


def _towards_road(
    x: float, y: tuple[float, float], z: tuple[float, float], depth: float
) -> tuple[Floats, list[Floats]]:
    """The long face that looks at the camera's road, and the other faces that can be seen."""
    solid = block((x - depth / 2, x + depth / 2), y, z)
    return (solid.right if x < 0 else solid.left), [solid.near, solid.top]


def fence(rng: np.random.Generator, x: float, z: tuple[float, float]) -> Groups:
    """Pickets with gaps between, and two rails."""
    colour = vary(rng, pick(rng, ((0.85, 0.84, 0.8), (0.42, 0.3, 0.2), (0.2, 0.26, 0.22))), 0.03)
    face, _ = _towards_road(x, (0.0, rng.uniform(1.0, 1.4)), z, 0.05)
    pickets = panels(face, grid(max(6, int((z[1] - z[0]) * 1.3)), 1, 0.5, 1.0))
    parts = [Part(picket, colour) for picket in pickets]
    for y in (0.25, 0.72):
        parts.append(Part(panel(face, 0, y, 1, y + 0.12), shade(colour, 0.82)))
    return [parts]


def guard_rail(rng: np.random.Generator, x: float, z: tuple[float, float]) -> Groups:
    """A steel beam on short posts."""
    grey = vary(rng, (0.7, 0.72, 0.74), 0.03)
    face, _ = _towards_road(x, (0.0, 0.85), z, 0.1)
    posts = panels(face, grid(max(3, int((z[1] - z[0]) / 2)), 1, 0.1, 1.0))
    return [
        [
            *(Part(post, shade(grey, 0.6)) for post in posts),
            Part(panel(face, 0, 0.5, 1, 1), grey),
            Part(panel(face, 0, 0.68, 1, 0.8), shade(grey, 0.7), solid=False),
        ]
    ]


def wall(rng: np.random.Generator, x: float, z: tuple[float, float]) -> Groups:
    """A long wall of brick or stone with a coping."""
    colour, tall = vary(rng, pick(rng, BRICKS), 0.04), rng.uniform(1.5, 2.6)
    face, rest = _towards_road(x, (0.0, tall), z, 0.4)
    parts = [Part(other, shade(colour, 0.9)) for other in rest]
    parts.append(Part(face, shade(colour, 0.8)))
    courses = panels(face, grid(1, 6, 1.0, 0.12))
    parts += [Part(course, shade(colour, 0.66), solid=False) for course in courses]
    return [[*parts, Part(panel(face, 0, 0.92, 1, 1), shade(colour, 1.15), solid=False)]]


def lane_divider(rng: np.random.Generator, x: float, z: tuple[float, float]) -> Groups:
    """Concrete blocks between the lanes, painted in turns."""
    half = 0.3
    solid = block((x - half, x + half), (0, 0.9), z, top_x=(x - 0.1, x + 0.1))
    parts = faces(solid, vary(rng, (0.74, 0.72, 0.68), 0.03))
    for face in (solid.right, solid.left):
        for band in panels(face, grid(int((z[1] - z[0]) / 2), 1, 0.45, 0.5)):
            parts.append(Part(band, pick(rng, (STEEL, WHITE)), solid=False))
    return [parts]
