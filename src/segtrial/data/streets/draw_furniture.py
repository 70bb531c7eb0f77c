"""What stands at the roadside: poles, lamps, bins, boxes, cones, trees; upright, foot at (0, 0)."""

from __future__ import annotations

import numpy as np

from segtrial.data.streets.colours import BLACK, BLUE, LAMP, STEEL, WHITE, Colour, pick, shade, vary
from segtrial.data.streets.shapes import Part, ellipse, limb, polygon, rectangle, shadow

LEAVES: tuple[Colour, ...] = (
    (0.2, 0.4, 0.14),
    (0.3, 0.46, 0.16),
    (0.16, 0.33, 0.18),
    (0.5, 0.46, 0.14),
    (0.56, 0.32, 0.12),
)
BARK: Colour = (0.3, 0.22, 0.16)
ORANGE: Colour = (0.95, 0.4, 0.06)


def pole(
    tall: float,
    colour: Colour = STEEL,
    wide: float = 0.12,
    arm: float = 0.0,
) -> list[Part]:
    """A post of `tall` m; `arm`: a mast that reaches so far to the right (< 0: left) at its top."""
    parts = [
        Part(rectangle(-wide / 2, 0, wide / 2, tall), colour),
        Part(rectangle(-wide / 2, 0, -wide / 6, tall), shade(colour, 1.25), solid=False),
    ]
    if arm:
        parts.append(Part(limb(0, tall - 0.08, arm, tall - 0.08, wide, wide * 0.8), colour))
    return parts


def wooden_pole(rng: np.random.Generator) -> list[Part]:
    """A pole on its own: a wooden one with a cross-bar, or a plain steel one."""
    if rng.random() < 0.5:
        return pole(rng.uniform(3.0, 6.0), vary(rng, (0.5, 0.52, 0.5), 0.05), 0.14)
    wood, tall = vary(rng, (0.36, 0.27, 0.2), 0.03), rng.uniform(5.5, 8.5)
    return [
        *pole(tall, wood, 0.22),
        Part(rectangle(-0.9, tall - 0.8, 0.9, tall - 0.62), wood),
    ]


def polegroup(rng: np.random.Generator) -> list[Part]:
    """Three posts side by side: BDD100K's class for poles that stand too close to part."""
    colour, tall = vary(rng, (0.6, 0.42, 0.3), 0.04), rng.uniform(2.6, 4.4)
    posts = [rectangle(x - 0.09, 0, x + 0.09, tall - abs(x)) for x in (-0.32, 0.0, 0.32)]
    return [
        *(Part(post, colour) for post in posts),
        Part(rectangle(-0.4, tall * 0.6, 0.4, tall * 0.6 + 0.15), shade(colour, 0.7)),
    ]


def street_lamp(rng: np.random.Generator, inward: float) -> list[Part]:
    """The head and arm of a street light; `inward` = ±1, the side where the road lies."""
    colour = vary(rng, (0.34, 0.36, 0.38), 0.03)
    reach = rng.uniform(1.1, 1.7) * inward
    return [
        Part(limb(0, 0, reach * 0.6, 0.4, 0.13, 0.1), colour),
        Part(limb(reach * 0.5, 0.4, reach * 1.35, 0.4, 0.26, 0.2), colour),
        Part(limb(reach * 0.62, 0.3, reach * 1.3, 0.3, 0.1, 0.1), (0.85, 0.84, 0.76), lit=LAMP),
    ]


def tree(rng: np.random.Generator) -> list[Part]:
    """A broad-leaved tree, a conifer, or a bush."""
    leaf = vary(rng, pick(rng, LEAVES), 0.03)
    kind = rng.random()
    if kind < 0.2:
        return _bush(rng, leaf)
    if kind < 0.4:
        return _conifer(rng, leaf)
    tall, wide = rng.uniform(4.0, 7.5), rng.uniform(1.3, 2.2)
    foot = tall * rng.uniform(0.28, 0.4)
    parts = [
        shadow(wide * 0.7),
        Part(limb(0, 0, 0.1, foot * 1.5, 0.36, 0.2), vary(rng, BARK, 0.02)),
    ]
    centre = (foot + tall) / 2
    return parts + _crown(rng, leaf, centre, wide, (tall - foot) / 2)


def _crown(rng: np.random.Generator, leaf: Colour, y: float, rx: float, ry: float) -> list[Part]:
    """Overlapping clumps, darker below and lighter above."""
    clumps = [(0.0, -0.1, 0.85)]
    for turn in np.linspace(0, 2 * np.pi, 7)[:-1] + rng.uniform(0, 1):
        clumps.append((np.cos(turn) * 0.6, np.sin(turn) * 0.6, rng.uniform(0.4, 0.55)))
    clumps.sort(key=lambda clump: clump[1])
    parts = []
    for cx, cy, size in clumps:
        clump = ellipse(cx * rx, y + cy * ry, size * rx, size * ry)
        parts.append(Part(clump, shade(leaf, 0.88 + 0.22 * cy)))
    for _ in range(8):
        x, up = rng.uniform(-0.7, 0.7) * rx, rng.uniform(-0.6, 0.8)
        fleck = ellipse(x, y + up * ry, 0.18 * rx, 0.1 * ry, 8)
        parts.append(Part(fleck, shade(leaf, pick(rng, (0.75, 1.25)) + 0.1 * up), solid=False))
    return parts


def _conifer(rng: np.random.Generator, leaf: Colour) -> list[Part]:
    tall, wide = rng.uniform(4.5, 8.5), rng.uniform(1.0, 1.6)
    green = shade(leaf, 0.7)
    parts = [shadow(wide * 0.6), Part(rectangle(-0.15, 0, 0.15, 1.0), BARK)]
    for step in range(4):
        y = 0.7 + (tall - 0.7) * step * 0.22
        top = min(y + (tall - 0.7) * 0.42, tall)
        half = wide * (1 - step * 0.22)
        parts.append(
            Part(polygon((-half, y), (half, y), (0, top)), shade(green, 0.85 + 0.12 * step))
        )
        bright = polygon((-half * 0.9, y), (-half * 0.2, y), (0, top))
        parts.append(Part(bright, shade(green, 1.05 + 0.1 * step), solid=False))
    return parts


def _bush(rng: np.random.Generator, leaf: Colour) -> list[Part]:
    parts = [shadow(1.0)]
    for x in (-0.6, 0.55, 0.0):
        high = rng.uniform(0.5, 0.85)
        parts.append(Part(ellipse(x, high * 0.8, 0.6, high), shade(leaf, rng.uniform(0.8, 1.1))))
    return parts


def static(rng: np.random.Generator) -> list[Part]:
    """Things without a name of their own: a switch box, a crate, a bench, a planter."""
    kind = int(rng.integers(4))
    if kind == 0:
        grey = vary(rng, (0.46, 0.52, 0.47), 0.04)
        doors = [rectangle(x, 0.15, x + 0.3, 1.2) for x in (-0.36, 0.06)]
        return [
            shadow(0.6),
            Part(rectangle(-0.45, 0, 0.45, 1.35), grey),
            *(Part(door, shade(grey, 0.82), solid=False) for door in doors),
        ]
    if kind == 1:
        wood = vary(rng, (0.62, 0.46, 0.28), 0.04)
        slats = [rectangle(-0.5, y, 0.5, y + 0.06) for y in (0.25, 0.5, 0.75)]
        return [
            shadow(0.6),
            Part(rectangle(-0.5, 0, 0.5, 0.95), wood),
            *(Part(slat, shade(wood, 0.6), solid=False) for slat in slats),
        ]
    if kind == 2:
        wood = vary(rng, (0.5, 0.3, 0.16), 0.03)
        outlines = [rectangle(x, 0, x + 0.12, 0.5) for x in (-0.75, 0.63)]
        outlines += [rectangle(-0.85, 0.4, 0.85, 0.52), rectangle(-0.85, 0.65, 0.85, 0.9)]
        return [shadow(0.8), *(Part(outline, wood) for outline in outlines)]
    pot, leaf = vary(rng, (0.56, 0.52, 0.48), 0.03), pick(rng, LEAVES)
    return [
        shadow(0.6),
        Part(ellipse(0, 0.75, 0.5, 0.35), leaf),
        Part(polygon((-0.42, 0), (0.42, 0), (0.55, 0.6), (-0.55, 0.6)), pot),
    ]


def trash_can(rng: np.random.Generator) -> list[Part]:
    """A wheeled bin with a lid."""
    colour = vary(rng, pick(rng, ((0.16, 0.36, 0.22), (0.26, 0.27, 0.3), (0.34, 0.24, 0.2))), 0.03)
    return [
        shadow(0.45),
        Part(polygon((-0.27, 0), (0.27, 0), (0.33, 0.95), (-0.33, 0.95)), colour),
        Part(polygon((-0.38, 0.95), (0.38, 0.95), (0.32, 1.1), (-0.32, 1.1)), shade(colour, 0.7)),
        Part(rectangle(-0.2, 0.15, -0.08, 0.85), shade(colour, 1.3), solid=False),
    ]


def fire_hydrant(rng: np.random.Generator) -> list[Part]:
    """A stout red or yellow hydrant."""
    colour = vary(rng, pick(rng, ((0.8, 0.14, 0.1), (0.9, 0.72, 0.12))), 0.03)
    return [
        shadow(0.3),
        Part(rectangle(-0.24, 0, 0.24, 0.1), shade(colour, 0.7)),
        Part(rectangle(-0.16, 0.1, 0.16, 0.68), colour),
        Part(ellipse(0, 0.68, 0.19, 0.17), shade(colour, 0.9)),
        Part(rectangle(-0.29, 0.4, 0.29, 0.56), shade(colour, 0.8)),
    ]


def mail_box(rng: np.random.Generator) -> list[Part]:
    """A blue letter box with a round top, on legs."""
    colour = vary(rng, BLUE, 0.04)
    legs = [rectangle(x, 0, x + 0.08, 0.3) for x in (-0.28, 0.2)]
    return [
        shadow(0.4),
        *(Part(leg, BLACK) for leg in legs),
        Part(ellipse(0, 1.05, 0.34, 0.28, 16), colour),
        Part(rectangle(-0.34, 0.25, 0.34, 1.05), colour),
        Part(rectangle(-0.2, 0.92, 0.2, 1.02), BLACK, solid=False),
        Part(rectangle(-0.18, 0.5, 0.18, 0.75), WHITE, solid=False),
    ]


def traffic_cone(rng: np.random.Generator) -> list[Part]:
    """An orange cone with a white band."""
    tall = rng.uniform(0.75, 0.95)
    return [
        Part(rectangle(-0.3, 0, 0.3, 0.08), shade(ORANGE, 0.7)),
        Part(polygon((-0.22, 0.08), (0.22, 0.08), (0.05, tall), (-0.05, tall)), ORANGE),
        Part(polygon((-0.15, 0.38), (0.15, 0.38), (0.1, 0.56), (-0.1, 0.56)), WHITE, solid=False),
    ]


def traffic_device(rng: np.random.Generator) -> list[Part]:
    """A works barrier: two striped boards and a lamp."""
    wide = rng.uniform(0.8, 1.1)
    parts = [Part(rectangle(x, 0, x + 0.1, 1.1), STEEL) for x in (-wide * 0.8, wide * 0.7)]
    for y in (0.35, 0.75):
        parts.append(Part(rectangle(-wide, y, wide, y + 0.26), WHITE))
        for x in np.linspace(-wide, wide, 5)[:-1].tolist():
            slant = polygon((x, y), (x + 0.2, y), (x + 0.36, y + 0.26), (x + 0.16, y + 0.26))
            parts.append(Part(slant, ORANGE, solid=False))
    return [*parts, Part(ellipse(0, 1.12, 0.13, 0.13, 8), (0.95, 0.7, 0.1), lit=(1.0, 0.75, 0.1))]
