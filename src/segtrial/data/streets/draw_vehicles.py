"""Vehicles on four wheels and more: cars, vans, buses, trucks, trailers, trains.

Local axes: z ahead, so `near` is the vehicle's rear and `far` its front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from segtrial.data.streets.colours import (
    BLACK,
    GLASS,
    LAMP,
    STEEL,
    WHITE,
    Colour,
    pick,
    shade,
    vary,
)
from segtrial.data.streets.shapes import Part
from segtrial.data.streets.solids import Block, block, disc, faces, grid, panel, panels

if TYPE_CHECKING:
    import numpy as np

    from segtrial.types.arrays import Floats

Groups = list[list[Part]]

PAINTS: tuple[Colour, ...] = (
    (0.88, 0.88, 0.88),
    (0.62, 0.64, 0.67),
    (0.13, 0.13, 0.15),
    (0.3, 0.32, 0.36),
    (0.66, 0.08, 0.1),
    (0.1, 0.2, 0.48),
    (0.18, 0.4, 0.62),
    (0.12, 0.32, 0.22),
    (0.72, 0.64, 0.48),
    (0.85, 0.46, 0.1),
)
TAIL_LAMP: Colour = (0.75, 0.06, 0.06)
SHADOW: Colour = (0.03, 0.03, 0.05)


class Body(NamedTuple):
    """Measures of a car in m; `cabin` and `roof`: from, to along z."""

    length: float
    width: float
    floor: float
    belt: float
    top: float
    cabin: tuple[float, float]
    roof: tuple[float, float]


BODIES: tuple[Body, ...] = (
    Body(4.5, 1.8, 0.3, 0.88, 1.45, (-1.75, 1.15), (-1.05, 0.4)),  # saloon
    Body(4.5, 1.8, 0.3, 0.88, 1.43, (-1.75, 1.15), (-1.05, 0.4)),
    Body(3.9, 1.75, 0.3, 0.9, 1.52, (-1.9, 1.05), (-1.6, 0.4)),  # hatchback
    Body(4.7, 1.8, 0.3, 0.9, 1.5, (-2.3, 1.1), (-2.0, 0.4)),  # estate
    Body(4.6, 1.9, 0.38, 1.05, 1.76, (-2.25, 1.2), (-2.0, 0.5)),  # off-roader
    Body(4.9, 1.95, 0.35, 1.1, 2.05, (-2.4, 1.9), (-2.35, 1.15)),  # van
    Body(5.2, 1.9, 0.42, 1.02, 1.8, (-0.5, 1.5), (-0.3, 0.8)),  # pickup
    Body(4.3, 1.8, 0.25, 0.78, 1.25, (-1.3, 0.9), (-0.75, 0.1)),  # coupé
)


def ground_shadow(width: float, length: float) -> Part:
    """The dark under a vehicle."""
    floor = block((-width / 2 - 0.15, width / 2 + 0.15), (0, 0), (-length / 2 - 0.1, length / 2))
    return Part(floor.top, SHADOW, solid=False, alpha=0.55)


def tyres(width: float, at: tuple[float, ...], radius: float) -> list[Part]:
    """What is seen of the wheels under the body from behind or ahead; `at`: the axles' z."""
    parts = []
    for z in at:
        for x in ((-width / 2, -width / 2 + 0.22), (width / 2 - 0.22, width / 2)):
            tyre = block(x, (0, radius * 1.6), (z - 0.25, z + 0.25))
            parts += [Part(tyre.near, BLACK), Part(tyre.far, BLACK)]
    return parts


def wheels(width: float, at: tuple[float, ...], radius: float) -> list[Part]:
    """The wheels as seen from the sides: tyre and rim."""
    parts = []
    for z in at:
        for x in (-width / 2 - 0.01, width / 2 + 0.01):
            parts.append(Part(disc(x, radius, z, radius), BLACK))
            parts.append(Part(disc(x, radius, z, radius * 0.55), STEEL, solid=False))
    return parts


def car(rng: np.random.Generator) -> Groups:
    """A car of one of several shapes and colours."""
    shape, paint = pick(rng, BODIES), vary(rng, pick(rng, PAINTS), 0.03)
    half = shape.width / 2
    side, ends = (-half, half), (-shape.length / 2, shape.length / 2)
    narrow = (-half * 0.96, half * 0.96)
    body = block(side, (shape.floor, shape.belt), ends, top_x=narrow)
    roof_x = (-half * 0.76, half * 0.76)
    cabin = block(narrow, (shape.belt, shape.top), shape.cabin, top_x=roof_x, top_z=shape.roof)
    wheelbase = shape.length * 0.29
    group = [ground_shadow(shape.width, shape.length)]
    group += tyres(shape.width, (-wheelbase, wheelbase), 0.34)
    group += faces(body, paint) + _car_ends(rng, body, paint)
    group += wheels(shape.width, (-wheelbase, wheelbase), 0.34)
    group += faces(cabin, paint) + _car_glass(cabin)
    return [group]


def _car_ends(rng: np.random.Generator, body: Block, paint: Colour) -> list[Part]:
    rear, front = body.near, body.far
    dark = shade(paint, 0.45)
    braking = (1.0, 0.1, 0.08) if rng.random() < 0.4 else (0.85, 0.1, 0.08)
    tail = (1.0, 0.1, 0.08) if rng.random() < 0.3 else TAIL_LAMP
    parts = [Part(panel(face, 0, 0, 1, 0.24), dark, solid=False) for face in (rear, front)]
    for x in (0.04, 0.76):
        lamp = panel(rear, x, 0.52, x + 0.2, 0.86)
        parts.append(Part(lamp, tail, solid=False, lit=braking))
        lamp = panel(front, x, 0.5, x + 0.2, 0.8)
        parts.append(Part(lamp, (0.92, 0.92, 0.86), solid=False, lit=LAMP))
    parts.append(Part(panel(rear, 0.36, 0.3, 0.64, 0.52), WHITE, solid=False))
    parts.append(Part(panel(front, 0.28, 0.3, 0.72, 0.66), BLACK, solid=False))
    for face in (body.left, body.right):
        for x in (0.36, 0.6):
            parts.append(Part(panel(face, x, 0.1, x + 0.012, 0.95), dark, solid=False))
        parts.append(Part(panel(face, 0, 0, 1, 0.16), dark, solid=False))
    return parts


def _car_glass(cabin: Block) -> list[Part]:
    glass: list[tuple[Floats, tuple[float, float, float, float]]] = [
        (cabin.near, (0.08, 0.12, 0.92, 0.9)),
        (cabin.far, (0.06, 0.08, 0.94, 0.92)),
        (cabin.left, (0.06, 0.1, 0.47, 0.88)),
        (cabin.left, (0.52, 0.1, 0.94, 0.88)),
        (cabin.right, (0.06, 0.1, 0.47, 0.88)),
        (cabin.right, (0.52, 0.1, 0.94, 0.88)),
    ]
    parts = [Part(panel(face, *at), GLASS, solid=False) for face, at in glass]
    glare = panel(cabin.far, 0.1, 0.45, 0.55, 0.9)
    return [*parts, Part(glare, (0.6, 0.7, 0.78), solid=False, alpha=0.35)]


def bus(rng: np.random.Generator) -> Groups:
    """A city bus: long, high, a band of windows and a lit sign."""
    body = block((-1.25, 1.25), (0.35, 3.1), (-5.5, 5.5))
    paint = vary(rng, pick(rng, ((0.85, 0.3, 0.12), (0.16, 0.5, 0.3), (0.9, 0.78, 0.2))), 0.03)
    parts = [ground_shadow(2.5, 11), *tyres(2.5, (-3.3, 3.3), 0.48), *faces(body, paint)]
    parts += wheels(2.5, (-3.3, 3.3), 0.48)
    for face, columns in ((body.left, 7), (body.right, 7), (body.near, 1), (body.far, 1)):
        band = panel(face, 0.02, 0.42, 0.98, 0.84)
        parts.append(Part(band, shade(paint, 0.5), solid=False))
        panes = panels(band, grid(columns, 1, 0.88, 0.86))
        parts += [Part(pane, GLASS, solid=False, lit=(0.8, 0.82, 0.75)) for pane in panes]
    for face in (body.near, body.far):
        sign = panel(face, 0.2, 0.87, 0.8, 0.97)
        parts.append(Part(sign, BLACK, solid=False, lit=(1.0, 0.6, 0.1)))
        for x in (0.05, 0.83):
            lamp = panel(face, x, 0.08, x + 0.12, 0.18)
            parts.append(
                Part(lamp, TAIL_LAMP if face is body.near else WHITE, solid=False, lit=LAMP)
            )
    return [parts]


def truck(rng: np.random.Generator) -> Groups:
    """A lorry: a cab, and a box behind it."""
    paint, cloth = (
        vary(rng, pick(rng, PAINTS)),
        vary(rng, pick(rng, ((0.9, 0.9, 0.9), *PAINTS[4:7]))),
    )
    box = block((-1.2, 1.2), (0.9, 3.4), (-4, 1.3))
    cab = block((-1.15, 1.15), (0.45, 2.7), (1.6, 3.7), top_z=(1.7, 3.4))
    axles = (-3.0, -1.8)
    rear = [ground_shadow(2.4, 8), *tyres(2.4, axles, 0.5), *wheels(2.4, axles, 0.5)]
    rear += faces(box, cloth)
    doors = panels(box.near, grid(2, 1, 0.92, 0.94))
    rear += [Part(door, shade(cloth, 0.88), solid=False) for door in doors]
    bumper = block((-1.1, 1.1), (0.45, 0.75), (-4, -3.9)).near
    rear += [
        Part(bumper, BLACK),
        Part(panel(bumper, 0.05, 0, 0.25, 1), TAIL_LAMP, False, 1, TAIL_LAMP),
    ]
    rear.append(Part(panel(bumper, 0.75, 0, 0.95, 1), TAIL_LAMP, False, 1, TAIL_LAMP))
    front = [*tyres(2.4, (2.8,), 0.5), *faces(cab, paint), *wheels(2.4, (2.8,), 0.5)]
    front.append(Part(panel(cab.far, 0.06, 0.5, 0.94, 0.9), GLASS, solid=False))
    front.append(Part(panel(cab.far, 0.2, 0.18, 0.8, 0.42), BLACK, solid=False))
    for x in (0.05, 0.8):
        front.append(Part(panel(cab.far, x, 0.06, x + 0.15, 0.16), WHITE, False, 1, LAMP))
    for face in (cab.left, cab.right):
        front.append(Part(panel(face, 0.2, 0.5, 0.8, 0.88), GLASS, solid=False))
    return [rear, front]


def caravan(rng: np.random.Generator) -> Groups:
    """A camper van: cream, a coloured stripe, small windows, an overhang above the cab."""
    stripe = pick(rng, ((0.75, 0.35, 0.12), (0.2, 0.5, 0.55)))
    body = block((-1.1, 1.1), (0.4, 2.9), (-3, 1.6), top_z=(-3, 2.5))
    cab = block((-1.0, 1.0), (0.4, 1.7), (1.5, 2.9), top_z=(1.5, 2.2))
    cream = (0.92, 0.88, 0.76)
    rear = [ground_shadow(2.2, 6), *tyres(2.2, (-1.9,), 0.38), *faces(body, cream)]
    rear += wheels(2.2, (-1.9,), 0.38)
    for face in (body.left, body.right, body.near):
        rear.append(Part(panel(face, 0, 0.3, 1, 0.42), stripe, solid=False))
        windows = panels(panel(face, 0.1, 0.55, 0.9, 0.85), grid(2, 1, 0.6, 0.8))
        rear += [Part(window, GLASS, solid=False) for window in windows]
    front = [*tyres(2.0, (2.0,), 0.38), *faces(cab, cream), *wheels(2.0, (2.0,), 0.38)]
    front.append(Part(panel(cab.far, 0.06, 0.45, 0.94, 0.95), GLASS, solid=False))
    return [rear, front]


def trailer(rng: np.random.Generator) -> Groups:
    """A low open trailer with a load under a tarpaulin."""
    bed = block((-1.0, 1.0), (0.5, 0.95), (-2, 2))
    load = block((-0.9, 0.9), (0.95, 1.75), (-1.8, 1.8), top_x=(-0.6, 0.6), top_z=(-1.4, 1.4))
    parts = [ground_shadow(2.0, 4), *tyres(2.0, (-0.3,), 0.33)]
    parts += [*faces(bed, STEEL), *wheels(2.0, (-0.3,), 0.33)]
    parts += faces(load, vary(rng, (0.2, 0.45, 0.4), 0.04))
    for x in (0.02, 0.82):
        parts.append(Part(panel(bed.near, x, 0.3, x + 0.16, 0.8), TAIL_LAMP, False, 1, TAIL_LAMP))
    return [parts]


def train(rng: np.random.Generator) -> Groups:
    """A railway carriage: very long, a coloured band, doors."""
    paint = vary(rng, pick(rng, ((0.75, 0.76, 0.78), (0.6, 0.12, 0.14))), 0.03)
    body = block((-1.4, 1.4), (0.7, 3.8), (-9, 9), top_x=(-1.1, 1.1))
    under = block((-1.2, 1.2), (0.1, 0.7), (-8.6, 8.6))
    parts = [*faces(under, (0.16, 0.16, 0.18)), *faces(body, paint)]
    for face, columns in ((body.left, 12), (body.right, 12), (body.near, 2), (body.far, 2)):
        parts.append(Part(panel(face, 0, 0.12, 1, 0.24), (0.1, 0.3, 0.6), solid=False))
        panes = panels(panel(face, 0.03, 0.45, 0.97, 0.8), grid(columns, 1, 0.7, 1.0))
        parts += [Part(pane, GLASS, solid=False, lit=(0.95, 0.9, 0.7)) for pane in panes]
    return [parts]
