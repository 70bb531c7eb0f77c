"""What tells drivers something: traffic lights, signs, billboards, banners. Feet at (0, 0) is the
middle of the plate's lower edge; what carries it is another thing (`draw_furniture.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.streets.colours import BLACK, BLUE, RED, STEEL, WHITE, Colour, pick, shade, vary
from segtrial.data.streets.shapes import Part, ellipse, limb, polygon, rectangle, regular

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats

YELLOW: Colour = (0.95, 0.76, 0.1)
GREEN: Colour = (0.05, 0.4, 0.24)
SIGNALS: tuple[Colour, ...] = ((1.0, 0.16, 0.12), (1.0, 0.72, 0.1), (0.15, 0.95, 0.5))
UNLIT: tuple[Colour, ...] = ((0.26, 0.06, 0.06), (0.26, 0.19, 0.06), (0.06, 0.22, 0.13))
PRINTS: tuple[Colour, ...] = (
    (0.85, 0.3, 0.5),
    (0.95, 0.6, 0.15),
    (0.2, 0.62, 0.6),
    (0.5, 0.3, 0.62),
    (0.9, 0.85, 0.6),
    (0.3, 0.5, 0.82),
)


def traffic_light(rng: np.random.Generator) -> list[Part]:
    """A housing with three lamps above one another, one of them lit."""
    wide, tall = rng.uniform(0.5, 0.6), rng.uniform(1.3, 1.5)
    colour = pick(rng, (BLACK, BLACK, (0.1, 0.14, 0.12), (0.62, 0.5, 0.12)))
    parts = [Part(rectangle(-wide / 2, 0, wide / 2, tall), colour)]
    parts.append(Part(rectangle(-wide / 2, 0, -wide / 2 + 0.06, tall), shade(colour, 2), False))
    on = int(rng.choice(3, p=(0.45, 0.15, 0.4)))
    for lamp in range(3):
        y = tall * (5 - 2 * lamp) / 6
        radius = wide * 0.33
        bright = SIGNALS[lamp] if lamp == on else None
        parts.append(Part(ellipse(0, y, radius, radius), bright or UNLIT[lamp], False, lit=bright))
        if bright:
            parts.append(Part(ellipse(0, y, radius / 2, radius / 2, 8), WHITE, False, 0.5, bright))
    return parts


def traffic_sign(rng: np.random.Generator) -> list[Part]:
    """A round, triangular, octagonal, diamond-shaped or rectangular sign with a pictogram."""
    size = rng.uniform(0.42, 0.56)
    kinds = (_prohibition, _mandatory, _warning, _stop, _diamond, _give_way, _direction)
    chosen = int(rng.choice(len(kinds), p=(0.26, 0.12, 0.2, 0.12, 0.14, 0.08, 0.08)))
    return kinds[chosen](rng, size)


def _prohibition(rng: np.random.Generator, size: float) -> list[Part]:
    parts = [
        Part(regular(16, size, y=size), RED),
        Part(regular(16, size * 0.72, y=size), WHITE, solid=False),
    ]
    if rng.random() < 0.25:  # no entry
        parts[1] = Part(rectangle(-size * 0.66, size * 0.8, size * 0.66, size * 1.2), WHITE, False)
        return parts
    return parts + _pictogram(rng, size, BLACK, size)


def _mandatory(rng: np.random.Generator, size: float) -> list[Part]:
    up = limb(0, size * 0.5, 0, size * 1.2, size * 0.24, size * 0.24)
    head = polygon((-0.4 * size, 1.1 * size), (0.4 * size, 1.1 * size), (0, 1.65 * size))
    angle = pick(rng, (0.0, np.pi / 2, -np.pi / 2))
    arrow = [Part(_turned(o, angle, size), WHITE, solid=False) for o in (up, head)]
    return [Part(regular(16, size, y=size), BLUE), *arrow]


def _turned(outline: Floats, angle: float, y: float) -> Floats:
    cos, sin = np.cos(angle), np.sin(angle)
    turned: Floats = (outline - [0, y]) @ np.array([[cos, sin], [-sin, cos]]) + [0, y]
    return turned


def _warning(rng: np.random.Generator, size: float) -> list[Part]:
    inside = pick(rng, (WHITE, YELLOW))
    parts = [
        Part(regular(3, size * 1.2, 0.25, size * 0.6), RED),
        Part(regular(3, size * 0.78, 0.25, size * 0.6), inside, solid=False),
    ]
    return parts + _pictogram(rng, size * 0.55, BLACK, size * 0.56)


def _give_way(rng: np.random.Generator, size: float) -> list[Part]:
    inner = size * rng.uniform(0.68, 0.76)
    return [
        Part(regular(3, size * 1.2, 0.75, size * 1.2), RED),
        Part(regular(3, inner, 0.75, size * 1.2), WHITE, solid=False),
    ]


def _stop(rng: np.random.Generator, size: float) -> list[Part]:
    high = size * rng.uniform(0.18, 0.24)
    letters = [
        Part(rectangle(x, size - high, x + size * 0.26, size + high), WHITE, solid=False)
        for x in (size * np.array([-0.7, -0.33, 0.04, 0.41])).tolist()
    ]
    return [
        Part(regular(8, size * 1.04, 1 / 16, size), WHITE),
        Part(regular(8, size * 0.94, 1 / 16, size), RED, solid=False),
        *letters,
    ]


def _diamond(rng: np.random.Generator, size: float) -> list[Part]:
    parts = [
        Part(regular(4, size * 1.15, 0.25, size * 1.15), BLACK),
        Part(regular(4, size * 1.04, 0.25, size * 1.15), YELLOW, solid=False),
    ]
    return parts + _pictogram(rng, size * 0.85, BLACK, size * 1.15)


def _direction(rng: np.random.Generator, size: float) -> list[Part]:
    colour = pick(rng, (GREEN, (0.35, 0.2, 0.1)))
    wide = size * rng.uniform(1.5, 2.0)
    lines = [
        Part(rectangle(-wide * 0.8, y * size, wide * x, (y + 0.16) * size), WHITE, solid=False)
        for y, x in ((0.8, 0.5), (0.4, 0.2))
    ]
    return [
        Part(rectangle(-wide, 0, wide, 1.3 * size), WHITE),
        Part(rectangle(-wide * 0.95, 0.07 * size, wide * 0.95, 1.23 * size), colour, solid=False),
        *lines,
    ]


def _pictogram(rng: np.random.Generator, size: float, colour: Colour, y: float) -> list[Part]:
    """A digit pair, an exclamation mark, a bend or a walker, about `size` wide around (0, y)."""
    kind = int(rng.integers(4))
    outlines: list[Floats]
    if kind == 0:
        outlines = [
            rectangle(x * size, y - 0.34 * size, (x + 0.3) * size, y + 0.34 * size)
            for x in (-0.4, 0.08)
        ]
    elif kind == 1:
        outlines = [
            rectangle(-0.1 * size, y - 0.12 * size, 0.1 * size, y + 0.46 * size),
            ellipse(0, y - 0.34 * size, 0.12 * size, 0.12 * size, 8),
        ]
    elif kind == 2:
        outlines = [
            limb(-0.2 * size, y - 0.42 * size, -0.16 * size, y, 0.18 * size, 0.18 * size),
            limb(-0.2 * size, y, 0.3 * size, y + 0.4 * size, 0.18 * size, 0.18 * size),
        ]
    else:
        outlines = [
            ellipse(0, y + 0.36 * size, 0.12 * size, 0.12 * size, 8),
            limb(0, y + 0.25 * size, 0, y - 0.08 * size, 0.26 * size, 0.16 * size),
            limb(0, y - 0.05 * size, -0.22 * size, y - 0.46 * size, 0.14 * size, 0.1 * size),
            limb(0, y - 0.05 * size, 0.22 * size, y - 0.46 * size, 0.14 * size, 0.1 * size),
        ]
    return [Part(outline, colour, solid=False) for outline in outlines]


def parking_sign(rng: np.random.Generator) -> list[Part]:
    """A blue square with a white P."""
    size = rng.uniform(0.46, 0.58)
    colour = vary(rng, (0.06, 0.24, 0.68), 0.03)
    parts = [
        Part(rectangle(-size, 0, size, 2 * size), WHITE),
        Part(rectangle(-size * 0.92, size * 0.08, size * 0.92, size * 1.92), colour, solid=False),
    ]
    letter = (
        (rectangle(-size * 0.46, size * 0.3, -size * 0.16, size * 1.7), WHITE),
        (ellipse(size * 0.02, size * 1.26, size * 0.5, size * 0.44), WHITE),
        (ellipse(size * 0.02, size * 1.26, size * 0.22, size * 0.18), colour),
        (rectangle(-size * 0.46, size * 0.3, -size * 0.16, size * 1.7), WHITE),
    )
    return parts + [Part(outline, paint, solid=False) for outline, paint in letter]


def traffic_sign_frame(rng: np.random.Generator) -> list[Part]:
    """The grey back of a sign, with the bars that hold it."""
    size = rng.uniform(0.42, 0.6)
    corners, turn = pick(rng, ((16, 0.0), (8, 1 / 16), (4, 0.125), (4, 0.25)))
    grey = vary(rng, (0.56, 0.57, 0.58), 0.03)
    bars = [rectangle(-size * 0.6, y * size, size * 0.6, (y + 0.14) * size) for y in (0.6, 1.2)]
    return [
        Part(regular(corners, size, turn, size), grey),
        *(Part(bar, shade(grey, 0.7), solid=False) for bar in bars),
    ]


def banner(rng: np.random.Generator) -> list[Part]:
    """A long flag that hangs from a post, in one or two loud colours."""
    wide, tall = rng.uniform(0.7, 0.9), rng.uniform(1.9, 2.6)
    colour, second = pick(rng, PRINTS), pick(rng, PRINTS)
    sag = rng.uniform(0.0, 0.25)
    cloth = polygon((-0.1, sag), (wide, 0), (wide, tall), (-0.1, tall))
    return [
        Part(cloth, colour),
        Part(rectangle(0.02, tall * 0.55, wide - 0.12, tall * 0.85), second, solid=False),
        Part(ellipse(wide / 2, tall * 0.3, 0.22, 0.22, 8), WHITE, solid=False),
    ]


def billboard(rng: np.random.Generator) -> list[Part]:
    """A large advertisement on two posts."""
    wide, tall, foot = rng.uniform(1.9, 2.6), rng.uniform(1.9, 2.4), rng.uniform(1.0, 2.2)
    ground, second = pick(rng, PRINTS), pick(rng, PRINTS)
    posts = [rectangle(x, 0, x + 0.18, foot) for x in (-wide * 0.6, wide * 0.6 - 0.18)]
    lines = [
        Part(rectangle(0.1, foot + tall * y, wide * 0.8, foot + tall * (y + 0.1)), WHITE, False)
        for y in (0.3, 0.5, 0.7)
    ]
    return [
        *(Part(post, shade(STEEL, 0.7)) for post in posts),
        Part(rectangle(-wide, foot, wide, foot + tall), (0.24, 0.24, 0.26)),
        Part(rectangle(-wide * 0.96, foot + 0.1, wide * 0.96, foot + tall - 0.1), ground, False),
        Part(ellipse(-wide * 0.48, foot + tall / 2, tall * 0.33, tall * 0.36, 16), second, False),
        *lines,
    ]


def bus_stop(rng: np.random.Generator) -> list[Part]:
    """A shelter: roof, back of glass, bench, and a yellow flag."""
    wide = rng.uniform(1.5, 1.9)
    return [
        Part(rectangle(-wide, 0.15, wide, 2.3), (0.6, 0.7, 0.74)),
        Part(rectangle(-wide, 0, -wide + 0.12, 2.4), STEEL),
        Part(rectangle(wide - 0.12, 0, wide, 2.4), STEEL),
        Part(rectangle(-wide * 0.8, 0.45, wide * 0.8, 0.6), (0.5, 0.3, 0.16), solid=False),
        Part(rectangle(-wide - 0.2, 2.35, wide + 0.2, 2.6), (0.2, 0.34, 0.3)),
        Part(ellipse(wide + 0.1, 2.95, 0.4, 0.4, 16), YELLOW),
        Part(rectangle(wide - 0.1, 2.8, wide + 0.3, 3.1), GREEN, solid=False),
    ]
