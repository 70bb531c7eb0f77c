"""Buildings and what is built: houses, garages, bridges, tunnels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.streets.colours import GLASS, LAMP, WHITE, Colour, mix, pick, shade, vary
from segtrial.data.streets.shapes import Part, Thing
from segtrial.data.streets.solids import Block, block, faces, grid, panel, panels, stand

if TYPE_CHECKING:
    from segtrial.data.streets.camera import Camera
    from segtrial.data.streets.street import Side, Street
    from segtrial.types.arrays import Floats

WALLS: tuple[Colour, ...] = (
    (0.66, 0.36, 0.28),
    (0.78, 0.68, 0.52),
    (0.7, 0.7, 0.7),
    (0.84, 0.8, 0.72),
    (0.55, 0.48, 0.44),
    (0.52, 0.6, 0.66),
    (0.8, 0.62, 0.45),
)
ROOFS: tuple[Colour, ...] = ((0.5, 0.24, 0.18), (0.32, 0.3, 0.32), (0.4, 0.28, 0.22))
AWNINGS: tuple[Colour, ...] = ((0.7, 0.16, 0.16), (0.14, 0.42, 0.32), (0.15, 0.25, 0.5))
CONCRETE: tuple[Colour, ...] = ((0.62, 0.6, 0.56), (0.52, 0.52, 0.52), (0.68, 0.63, 0.54))
GIRDERS: tuple[Colour, ...] = ((0.28, 0.42, 0.36), (0.5, 0.28, 0.2), (0.36, 0.42, 0.5))


def building(
    rng: np.random.Generator, camera: Camera, side: Side, z_m: tuple[float, float]
) -> Thing:
    """A house or a block of flats along the building line, from z[0] to z[1]."""
    house = rng.random() < 0.35
    deep = rng.uniform(6, 9) if house else rng.uniform(8, 14)
    tall = rng.uniform(3.2, 5.8) if house else rng.uniform(6, 19)
    inner, outer = side.sign * side.line_m, side.sign * (side.line_m + deep)
    x = (min(inner, outer), max(inner, outer))
    body = block(x, (0, tall), z_m)
    wall = vary(rng, pick(rng, WALLS))
    parts = faces(body, wall)
    facade = body.right if side.sign < 0 else body.left
    for face, length in ((facade, z_m[1] - z_m[0]), (body.near, deep)):
        parts += _windows(rng, face, length, tall, wall)
    parts += _ground_floor(rng, facade, tall) if not house else _door(rng, facade)
    parts += _gable(rng, x, tall, z_m, wall) if house else _parapet(rng, x, tall, z_m, wall)
    return stand("building", [parts], camera)


def _windows(
    rng: np.random.Generator, face: Floats, length: float, tall: float, wall: Colour
) -> list[Part]:
    storeys = max(1, int(tall / rng.uniform(2.8, 3.3)))
    columns = max(1, int(length / rng.uniform(2.2, 3.4)))
    glass = vary(rng, GLASS, 0.04)
    openings = panels(face, grid(columns, storeys, rng.uniform(0.4, 0.62), rng.uniform(0.42, 0.6)))
    lights = rng.random(len(openings))
    warm = (1.0, 0.82, 0.5)
    frame = mix(wall, WHITE, 0.5)
    framed = panels(face, grid(columns, storeys, 0.72, 0.7))
    sills = framed if rng.random() < 0.3 else framed[:0]
    return [Part(outline, frame, solid=False) for outline in sills] + [
        Part(
            outline,
            shade(glass, 0.8 + 0.9 * light),
            solid=False,
            lit=shade(warm, 0.6 + light / 2) if light > 0.62 else None,
        )
        for outline, light in zip(openings, lights.tolist(), strict=True)
    ]


def _ground_floor(rng: np.random.Generator, facade: Floats, tall: float) -> list[Part]:
    if rng.random() < 0.35:
        return []
    top = 3.2 / tall
    awning = pick(rng, AWNINGS)
    strip = panel(facade, 0, 0, 1, top)
    shops = panels(strip, grid(4, 1, 0.8, 0.7))
    return [
        Part(strip, shade(pick(rng, CONCRETE), 0.62), solid=False),
        *(Part(shop, shade(GLASS, 1.2), solid=False, lit=(1.0, 0.9, 0.68)) for shop in shops),
        Part(panel(strip, 0, 0.84, 1, 1), awning, solid=False),
    ]


def _door(rng: np.random.Generator, facade: Floats) -> list[Part]:
    x = rng.uniform(0.3, 0.6)
    return [Part(panel(facade, x, 0, x + 0.1, 0.45), shade(pick(rng, AWNINGS), 0.8), solid=False)]


def _gable(
    rng: np.random.Generator,
    x: tuple[float, float],
    tall: float,
    z: tuple[float, float],
    wall: Colour,
) -> list[Part]:
    ridge, middle = tall + rng.uniform(1.5, 2.6), (x[0] + x[1]) / 2
    roof = pick(rng, ROOFS)
    eave = 0.3
    upper = block(
        (x[0] - eave, x[1] + eave), (tall, ridge), (z[0] - eave, z[1]), top_x=(middle, middle)
    )
    front = np.array([upper.near[0], upper.near[1], upper.near[2]])
    return [
        Part(upper.left, shade(roof, 0.85)),
        Part(upper.right, roof),
        Part(front, shade(wall, 0.92)),
    ]


def _parapet(
    rng: np.random.Generator,
    x: tuple[float, float],
    tall: float,
    z: tuple[float, float],
    wall: Colour,
) -> list[Part]:
    lip = rng.uniform(0.15, 0.4)
    cap = block((x[0] - lip, x[1] + lip), (tall, tall + rng.uniform(0.3, 0.8)), z)
    return faces(cap, shade(wall, rng.uniform(0.7, 1.15)))


def garage(rng: np.random.Generator, camera: Camera, side: Side, z_m: float) -> Thing:
    """A low box with wide ribbed doors towards the road."""
    inner, outer = side.sign * side.line_m, side.sign * (side.line_m + 6)
    body = block((min(inner, outer), max(inner, outer)), (0, 2.9), (z_m, z_m + 7))
    parts = faces(body, vary(rng, (0.8, 0.78, 0.74), 0.04))
    door = vary(rng, (0.25, 0.5, 0.62), 0.05)
    for face in (body.right if side.sign < 0 else body.left, body.near):
        for opening in panels(face, grid(2, 1, 0.84, 0.8)):
            parts.append(Part(opening, door, solid=False))
            ribs = panels(opening, grid(1, 4, 1.0, 0.15))
            parts += [Part(rib, shade(door, 0.7), solid=False) for rib in ribs]
    return stand("garage", [parts], camera)


def bridge(rng: np.random.Generator, camera: Camera, street: Street, z_m: float) -> Thing:
    """A bridge over the road: deck, railing, piers; of concrete, of steel, or arched."""
    low, thick = rng.uniform(4.2, 5.2), rng.uniform(1.8, 3.2)
    wide = rng.uniform(4, 9)
    kind = pick(rng, ("concrete", "steel", "arch"))
    colour = vary(rng, pick(rng, GIRDERS if kind == "steel" else CONCRETE), 0.04)
    deck = block((-60, 60), (low, low + thick), (z_m, z_m + wide))
    parts = []
    left, right = -street.left.kerb_m - 0.8, street.right.kerb_m + 0.8
    stout = rng.uniform(0.5, 1.2)
    for x in (left, right) if kind == "arch" or rng.random() < 0.6 else ():
        pier = block((x - stout, x + stout), (0, low), (z_m + 0.3, z_m + wide - 0.3))
        parts += faces(pier, shade(colour, 0.9))
    parts += [Part(deck.bottom, shade(colour, 0.42)), Part(deck.near, colour)]
    parts += [
        Part(panel(deck.near, 0, 0, 1, 0.14), shade(colour, 0.7), solid=False),
        Part(panel(deck.near, 0, 0.86, 1, 1), shade(colour, 1.2), solid=False),
    ]
    if kind == "arch":
        parts.append(_arch(left, right, low, z_m, colour))
    if kind == "steel":
        parts += _girder(deck, shade(colour, 0.6))
    parts += _railing(rng, low + thick, z_m, colour)
    return stand("bridge", [parts], camera)


def _arch(left: float, right: float, low: float, z_m: float, colour: Colour) -> Part:
    """The wall above an arch that springs from the piers."""
    angle = np.linspace(0, np.pi, 13)
    middle, half = (left + right) / 2, (right - left) / 2
    x = middle + half * np.cos(angle)[::-1]
    y = low - 1.9 + 1.9 * np.sin(angle)
    under = np.stack([x, y, np.full(13, z_m)], axis=1)
    top = np.array([(right, low, z_m), (left, low, z_m)])
    return Part(np.concatenate([under, top]), shade(colour, 0.95))


def _girder(deck: Block, colour: Colour) -> list[Part]:
    ribs = panels(deck.near, grid(60, 1, 0.16, 0.72))
    return [Part(rib, colour, solid=False) for rib in ribs]


def _railing(rng: np.random.Generator, base: float, z_m: float, colour: Colour) -> list[Part]:
    tall = rng.uniform(0.9, 1.3)
    plate = block((-60, 60), (base, base + tall), (z_m, z_m + 0.1)).near
    if rng.random() < 0.4:
        return [Part(plate, shade(colour, 1.1))]
    bar, post = shade(colour, 0.8), shade(colour, 0.72)
    posts = panels(plate, grid(48, 1, 0.12, 1.0))
    return [Part(panel(plate, 0, 0.8, 1, 1), bar), *(Part(p, post) for p in posts)]


def tunnel(rng: np.random.Generator, camera: Camera, street: Street, z_m: float) -> Thing:
    """A portal in a hillside: the road goes into the dark."""
    left, right = -street.left.kerb_m - 0.6, street.right.kerb_m + 0.6
    wall = block((-40, 40), (0, rng.uniform(8, 11)), (z_m, z_m + 5)).near
    colour = vary(rng, pick(rng, CONCRETE), 0.04)
    angle = np.linspace(0, np.pi, 13)
    middle, half = (left + right) / 2, (right - left) / 2

    def mouth(margin: float) -> Floats:
        x = middle + (half + margin) * np.cos(angle)
        y = 2.2 + (3.2 + margin) * np.sin(angle)
        y[[0, -1]] = 0.0
        return np.stack([x, y, np.full(13, z_m)], axis=1)

    lamps = [
        Part(
            np.array([(x, y, z_m), (x + 0.5, y, z_m), (x + 0.5, y + 0.2, z_m)]),
            LAMP,
            False,
            1,
            LAMP,
        )
        for x, y in ((middle - 1.6, 4.2), (middle - 0.2, 4.4), (middle + 1.2, 4.2))
    ]
    parts = [
        Part(wall, colour),
        Part(mouth(0.5), shade(colour, 1.25), solid=False),
        Part(mouth(0.0), (0.06, 0.06, 0.07), solid=False),
        *lamps,
    ]
    return stand("tunnel", [parts], camera)
