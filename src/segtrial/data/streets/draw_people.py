"""Persons, those who ride, what they ride, and animals: upright, facing the camera."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.streets.colours import BLACK, LAMP, STEEL, Colour, pick, shade, vary
from segtrial.data.streets.shapes import Part, ellipse, limb, polygon, rectangle, shadow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.arrays import Floats

SKINS: tuple[Colour, ...] = (
    (0.93, 0.76, 0.64),
    (0.82, 0.62, 0.48),
    (0.6, 0.42, 0.3),
    (0.38, 0.26, 0.2),
)
HAIRS: tuple[Colour, ...] = (
    (0.1, 0.08, 0.07),
    (0.3, 0.19, 0.1),
    (0.68, 0.52, 0.28),
    (0.6, 0.6, 0.6),
    (0.48, 0.2, 0.1),
)
TOPS: tuple[Colour, ...] = (
    (0.78, 0.16, 0.18),
    (0.9, 0.72, 0.2),
    (0.2, 0.48, 0.72),
    (0.92, 0.92, 0.9),
    (0.2, 0.2, 0.24),
    (0.3, 0.55, 0.36),
    (0.55, 0.32, 0.6),
    (0.88, 0.5, 0.3),
    (0.9, 0.6, 0.68),
)
TROUSERS: tuple[Colour, ...] = (
    (0.14, 0.18, 0.32),
    (0.12, 0.12, 0.14),
    (0.44, 0.38, 0.3),
    (0.3, 0.36, 0.46),
    (0.36, 0.26, 0.2),
)
FURS: tuple[Colour, ...] = ((0.5, 0.34, 0.2), (0.15, 0.13, 0.12), (0.8, 0.7, 0.52))


def scaled(parts: Sequence[Part], factor: float, turned: bool = False) -> list[Part]:
    """The parts, larger by `factor`; `turned` = mirrored left to right."""
    by = np.array([-factor if turned else factor, factor])
    return [part._replace(outline=part.outline * by) for part in parts]


def person(rng: np.random.Generator) -> list[Part]:
    """A person, grown up or a child, standing or walking, in varied clothes."""
    top, cloth = vary(rng, pick(rng, TOPS)), vary(rng, pick(rng, TROUSERS))
    skin = pick(rng, SKINS)
    stride = rng.uniform(0.0, 0.34) if rng.random() < 0.65 else 0.07
    wide = rng.uniform(0.9, 1.15)
    skirt = rng.random() < 0.22
    parts = [shadow(0.42)]
    parts += _legs(stride, skin if skirt else cloth)
    parts += _arm(rng, -1, stride, shade(top, 0.8), skin)
    parts += _trunk(rng, wide, top, cloth, skirt)
    parts += _arm(rng, 1, stride, shade(top, 0.92), skin)
    parts += _head(rng, skin)
    parts += _luggage(rng)
    child = rng.random() < 0.12
    tall = rng.uniform(0.62, 0.78) if child else rng.uniform(0.94, 1.1)
    stout = [part._replace(outline=part.outline * np.array([1.2, 1.0])) for part in parts]
    return scaled(stout, tall, turned=rng.random() < 0.5)


def _legs(stride: float, cloth: Colour) -> list[Part]:
    parts = []
    for side, dark in ((-1, 0.78), (1, 1.0)):
        foot = side * stride
        knee = side * (stride * 0.55 + 0.03)
        colour = shade(cloth, dark)
        parts.append(Part(limb(side * 0.08, 0.9, knee, 0.48, 0.2, 0.15), colour))
        parts.append(Part(limb(knee, 0.5, foot, 0.06, 0.15, 0.11), colour))
        parts.append(Part(ellipse(foot + 0.04, 0.05, 0.13, 0.055, 8), BLACK))
    return parts


def _trunk(
    rng: np.random.Generator, wide: float, top: Colour, cloth: Colour, skirt: bool
) -> list[Part]:
    hem = 0.62 if rng.random() < 0.2 else 0.84
    torso = polygon(
        (-0.17 * wide, hem),
        (0.17 * wide, hem),
        (0.16 * wide, 1.1),
        (0.24 * wide, 1.4),
        (0.1, 1.49),
        (-0.1, 1.49),
        (-0.24 * wide, 1.4),
        (-0.16 * wide, 1.1),
    )
    parts = []
    if skirt:
        parts.append(Part(polygon((-0.3, 0.48), (0.3, 0.48), (0.16, 0.98), (-0.16, 0.98)), cloth))
    parts.append(Part(torso, top))
    lit_side = polygon((-0.22 * wide, 1.38), (-0.06, 1.4), (-0.08, hem), (-0.16 * wide, hem))
    parts.append(Part(lit_side, shade(top, 1.18), solid=False))
    if rng.random() < 0.25:
        stripe = shade(top, 0.55) if sum(top) > 1.5 else shade(top, 2.2)
        parts.append(Part(rectangle(-0.17 * wide, 1.1, 0.17 * wide, 1.22), stripe, solid=False))
    return parts


def _arm(
    rng: np.random.Generator, side: int, stride: float, sleeve: Colour, skin: Colour
) -> list[Part]:
    shoulder = (side * 0.23, 1.38)
    if rng.random() < 0.12:  # waving, or at the telephone
        elbow, hand = (side * 0.36, 1.18), (side * 0.26, 1.52)
    else:
        swing = -side * stride * 0.7
        elbow = (side * 0.28 + swing * 0.4, 1.12)
        hand = (side * 0.26 + swing, 0.88)
    return [
        Part(limb(*shoulder, *elbow, 0.13, 0.11), sleeve),
        Part(limb(*elbow, *hand, 0.11, 0.08), sleeve),
        Part(ellipse(*hand, 0.05, 0.055, 8), skin),
    ]


def _head(rng: np.random.Generator, skin: Colour, hat: Colour | None = None) -> list[Part]:
    hair = pick(rng, HAIRS)
    parts = [Part(rectangle(-0.05, 1.44, 0.05, 1.55), shade(skin, 0.85))]
    if rng.random() < 0.3 and hat is None:  # long hair behind the face
        parts.append(Part(ellipse(0, 1.58, 0.15, 0.2), hair))
    parts.append(Part(ellipse(0, 1.64, 0.115, 0.14), skin))
    cap = polygon((-0.13, 1.65), (-0.11, 1.76), (0, 1.82), (0.11, 1.76), (0.13, 1.65), (0, 1.71))
    if hat is None and rng.random() < 0.15:
        hat = vary(rng, pick(rng, TOPS))
        parts.append(Part(rectangle(-0.2, 1.7, 0.16, 1.74), hat))
    parts.append(Part(cap, hat or hair))
    if rng.random() < 0.3:  # seen from behind
        parts.append(Part(ellipse(0, 1.64, 0.115, 0.13), hat or hair, solid=False))
    return parts


def _luggage(rng: np.random.Generator) -> list[Part]:
    kind = rng.random()
    colour = vary(rng, pick(rng, TOPS))
    if kind < 0.12:
        return [Part(polygon((0.2, 0.55), (0.46, 0.55), (0.42, 0.82), (0.24, 0.82)), colour)]
    if kind < 0.24:
        return [Part(polygon((-0.3, 1.0), (-0.15, 0.98), (-0.15, 1.38), (-0.28, 1.36)), colour)]
    if kind < 0.3:
        dome = ellipse(0.15, 1.9, 0.6, 0.3, 16)
        dome[:, 1] = np.maximum(dome[:, 1], 1.88)
        stick = rectangle(0.16, 1.1, 0.19, 1.95)
        return [
            Part(stick, BLACK),
            Part(dome, colour),
            Part(dome * [0.5, 1], shade(colour, 0.8), False),
        ]
    return []


def rider(rng: np.random.Generator) -> list[Part]:
    """A person on a bicycle, seen from the side; the bicycle belongs to the rider's outline."""
    top, cloth = vary(rng, pick(rng, TOPS)), vary(rng, pick(rng, TROUSERS))
    skin = pick(rng, SKINS)
    parts = bicycle(rng, turned=False)
    parts += [
        Part(limb(-0.2, 0.95, 0.15, 0.72, 0.2, 0.15), cloth),
        Part(limb(0.15, 0.74, 0.05, 0.3, 0.15, 0.11), cloth),
        Part(limb(-0.2, 0.92, 0.2, 1.42, 0.26, 0.32), top),
        Part(limb(0.2, 1.38, 0.5, 1.02, 0.12, 0.09), shade(top, 0.85)),
    ]
    helmet = vary(rng, pick(rng, TOPS))
    head = _head(rng, skin, helmet)
    parts += [part._replace(outline=part.outline + np.array([0.28, -0.02])) for part in head]
    return scaled(parts, rng.uniform(0.95, 1.1), turned=rng.random() < 0.5)


def _wheel(x: float, radius: float, tyre: float) -> Floats:
    """A ring as one outline, cut open at its right: spokes are air."""
    outer, inner = (
        ellipse(x, radius, radius, radius, 16),
        ellipse(x, radius, radius - tyre, radius - tyre, 16),
    )
    return np.concatenate([outer, outer[:1], inner[:1], inner[:0:-1], inner[:1]])


def bicycle(rng: np.random.Generator, turned: bool | None = None) -> list[Part]:
    """A bicycle from the side."""
    frame = vary(rng, pick(rng, TOPS))
    bars = (
        (-0.5, 0.34, -0.2, 0.84),
        (-0.2, 0.84, 0.02, 0.3),
        (0.02, 0.3, 0.42, 0.82),
        (-0.2, 0.8, 0.42, 0.82),
        (-0.5, 0.34, 0.02, 0.3),
        (0.52, 0.34, 0.4, 1.0),
    )
    parts = [shadow(0.7)]
    parts += [Part(_wheel(x, 0.34, 0.07), BLACK) for x in (-0.5, 0.52)]
    parts += [Part(limb(*bar, 0.07, 0.07), frame) for bar in bars]
    parts.append(Part(limb(-0.32, 0.9, -0.08, 0.9, 0.07, 0.05), BLACK))
    parts.append(Part(limb(0.3, 1.0, 0.52, 1.04, 0.06, 0.06), BLACK))
    return scaled(parts, 1.05, turned=bool(rng.random() < 0.5) if turned is None else turned)


def motorcycle(rng: np.random.Generator) -> list[Part]:
    """A motorcycle from the side: fat wheels, tank, seat."""
    paint = vary(rng, pick(rng, TOPS))
    parts = [shadow(0.9)]
    for x in (-0.65, 0.65):
        parts.append(Part(ellipse(x, 0.33, 0.33, 0.33), BLACK))
        parts.append(Part(ellipse(x, 0.33, 0.14, 0.14), STEEL, solid=False))
    parts += [
        Part(polygon((-0.5, 0.28), (0.35, 0.28), (0.3, 0.66), (-0.45, 0.66)), STEEL),
        Part(limb(0.65, 0.33, 0.42, 1.0, 0.12, 0.08), STEEL),
        Part(polygon((-0.1, 0.62), (0.42, 0.66), (0.4, 0.92), (0.0, 0.9)), paint),
        Part(polygon((-0.85, 0.72), (-0.05, 0.64), (-0.05, 0.84), (-0.8, 0.88)), BLACK),
        Part(limb(0.3, 1.02, 0.5, 1.06, 0.07, 0.07), BLACK),
        Part(ellipse(0.55, 0.86, 0.1, 0.11, 8), (0.9, 0.9, 0.84), lit=LAMP),
    ]
    return scaled(parts, 1.0, turned=rng.random() < 0.5)


def dynamic(rng: np.random.Generator) -> list[Part]:
    """What moves and is no person: a dog, or a pram."""
    if rng.random() < 0.4:
        cloth = vary(rng, pick(rng, TOPS))
        hood = polygon((-0.4, 0.5), (0.3, 0.45), (0.34, 0.78), (0.0, 1.0), (-0.3, 0.95))
        wheel = [Part(ellipse(x, 0.13, 0.13, 0.13, 8), BLACK) for x in (-0.3, 0.25)]
        bars = [Part(limb(-0.3, 0.13, 0.5, 1.05, 0.05, 0.05), STEEL)]
        return [shadow(0.5), *bars, *wheel, Part(hood, cloth)]
    fur = vary(rng, pick(rng, FURS), 0.03)
    parts = [shadow(0.45)]
    parts += [Part(limb(x, 0.4, x + 0.03, 0.0, 0.12, 0.08), shade(fur, 0.8)) for x in (-0.28, 0.2)]
    parts += [Part(limb(x, 0.4, x - 0.04, 0.0, 0.12, 0.08), fur) for x in (-0.2, 0.28)]
    parts += [
        Part(limb(-0.3, 0.5, -0.55, 0.72, 0.08, 0.05), fur),
        Part(ellipse(0, 0.48, 0.4, 0.17), fur),
        Part(limb(0.25, 0.52, 0.4, 0.74, 0.2, 0.16), fur),
        Part(ellipse(0.46, 0.76, 0.16, 0.11, 8), shade(fur, 1.1)),
    ]
    return scaled(parts, rng.uniform(0.85, 1.1), turned=rng.random() < 0.5)
