"""Sky, horizon, and all that lies flat: road, sidewalk, verge, rails, paint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.streets.colours import WHITE, Colour, mix, pick, shade, vary
from segtrial.data.streets.shapes import Part, Shape, Thing, ellipse, polygon, rectangle
from segtrial.data.streets.solids import stand
from segtrial.data.streets.street import FARTHEST_M, Side, Street

if TYPE_CHECKING:
    from segtrial.data.streets.camera import Camera
    from segtrial.types.arrays import Floats

NEAR_M = 1.2
ASPHALT: tuple[Colour, ...] = ((0.33, 0.33, 0.35), (0.38, 0.38, 0.38), (0.29, 0.3, 0.33))
SLABS: tuple[Colour, ...] = ((0.66, 0.64, 0.6), (0.6, 0.58, 0.57), (0.68, 0.6, 0.54))
VERGES: dict[str, tuple[Colour, ...]] = {
    "terrain": ((0.36, 0.5, 0.2), (0.44, 0.52, 0.24), (0.52, 0.5, 0.28)),
    "ground": ((0.6, 0.52, 0.42), (0.55, 0.48, 0.42), (0.63, 0.58, 0.5)),
    "parking": ((0.43, 0.43, 0.47), (0.46, 0.44, 0.44)),
    "": ((0.46, 0.44, 0.38), (0.5, 0.47, 0.4)),
}
YELLOW_PAINT: Colour = (0.86, 0.68, 0.2)


def flat(x0: float, z0: float, x1: float, z1: float) -> Floats:
    """A rectangle on the ground (4, 3)."""
    return np.array([(x0, 0.0, z0), (x1, 0.0, z0), (x1, 0.0, z1), (x0, 0.0, z1)])


def sky(rng: np.random.Generator, camera: Camera) -> Thing:
    """The sky with clouds; its colour is the weather's, not its own."""
    width, horizon = camera.width_px, camera.horizon_y_px
    whole = rectangle(-1, -1, width + 1, horizon + 1)
    shapes = [Shape(whole, WHITE, True, 1.0, None, FARTHEST_M)]
    for _ in range(int(rng.integers(0, 6))):
        x, y = rng.uniform(0, width), horizon * rng.uniform(0.05, 0.7)
        size = width * rng.uniform(0.03, 0.08)
        for _ in range(6):
            cx, cy = x + rng.normal(0, 1.3) * size, y + rng.normal(0, 0.25) * size
            rx, ry = size * rng.uniform(0.6, 1.4), size * rng.uniform(0.2, 0.4)
            puff = ellipse(cx, cy, rx, ry, 16)
            shapes.append(Shape(puff, WHITE, False, 0.22, None, FARTHEST_M))
    return Thing("sky", FARTHEST_M, tuple(shapes))


def backdrop(rng: np.random.Generator, camera: Camera) -> Thing:
    """Hills, woods or a far skyline along the horizon: never labelled."""
    width, horizon = camera.width_px, camera.horizon_y_px
    kind = pick(rng, ("hills", "woods", "skyline"))
    tall = camera.height_px * rng.uniform(0.03, 0.1)
    n = {"hills": 9, "woods": 40, "skyline": 16}[kind]
    x = np.linspace(-2, width + 2, n)
    rough = {"hills": 0.5, "woods": 0.3, "skyline": 0.8}[kind]
    y = horizon - tall * (1 - rough * rng.random(n))
    if kind == "skyline":
        x, y = np.repeat(x, 2)[1:-1], np.repeat(y[1:], 2)
    colour = {"hills": (0.38, 0.45, 0.4), "woods": (0.25, 0.36, 0.22), "skyline": (0.5, 0.5, 0.55)}
    top = np.stack([x, y], axis=1)
    base = polygon((width + 2.0, horizon + 1.5), (-2.0, horizon + 1.5))
    outline = np.concatenate([top, base])
    shape = Shape(outline, vary(rng, colour[kind], 0.03), True, 1.0, None, 140.0)
    return Thing("", FARTHEST_M, (shape,))


def plain(camera: Camera) -> Thing:
    """The ground below the horizon where nothing else lies: never labelled."""
    outline = rectangle(-1, camera.horizon_y_px, camera.width_px + 1, camera.height_px + 1)
    return Thing("", FARTHEST_M, (Shape(outline, VERGES[""][0], True, 1.0, None, 20.0),))


def road(rng: np.random.Generator, camera: Camera, street: Street) -> Thing:
    """The carriageway, its markings, and what years have done to it."""
    left, right = -street.left.kerb_m, street.right.kerb_m
    colour = vary(rng, pick(rng, ASPHALT), 0.03)
    parts = [Part(flat(left, NEAR_M, right, FARTHEST_M), colour)]
    for _ in range(int(rng.integers(1, 6))):
        x, z = rng.uniform(left, right), rng.uniform(3, 25)
        patch = flat(x, z, min(x + rng.uniform(0.3, 2), right), z + rng.uniform(0.5, 6))
        parts.append(Part(patch, shade(colour, pick(rng, (0.82, 0.9, 1.1))), solid=False))
    parts += _markings(rng, left, right)
    return stand("road", [parts], camera)


def _markings(rng: np.random.Generator, left: float, right: float) -> list[Part]:
    paint = mix(WHITE, (0.6, 0.6, 0.6), rng.uniform(0, 0.5))
    parts = []
    for x in (left + 0.25, right - 0.25):
        if rng.random() < 0.6:
            parts.append(Part(flat(x - 0.06, NEAR_M, x + 0.06, 120), paint, solid=False))
    lanes = max(2, round((right - left) / 3.2))
    centre = pick(rng, (paint, YELLOW_PAINT))
    dash, phase = pick(rng, (2.0, 3.0)), rng.uniform(0, 5)
    for lane in range(1, lanes):
        x = left + (right - left) * lane / lanes
        colour = centre if lane == lanes // 2 else paint
        if lane == lanes // 2 and rng.random() < 0.35:
            parts.append(Part(flat(x - 0.06, NEAR_M, x + 0.06, 120), colour, solid=False))
            continue
        for start in np.arange(NEAR_M + phase % (2 * dash), 60, 2 * dash).tolist():
            parts.append(Part(flat(x - 0.07, start, x + 0.07, start + dash), colour, solid=False))
    if rng.random() < 0.3:
        z = rng.uniform(6, 14)
        for x in np.arange(left + 0.4, right - 0.6, 1.0).tolist():
            parts.append(Part(flat(x, z, x + 0.5, z + 2.6), paint, solid=False))
    return parts


def sidewalk(rng: np.random.Generator, camera: Camera, side: Side) -> Thing:
    """Slabs behind a kerb stone."""
    inner, outer = side.kerb_m, side.kerb_m + side.walk_m
    colour = vary(rng, pick(rng, SLABS), 0.04)
    parts = [Part(_beside(side, inner, NEAR_M, outer, FARTHEST_M), colour)]
    for z in np.arange(3, 40, pick(rng, (1.5, 2.5))).tolist():
        joint = _beside(side, inner, z, outer, z + 0.07)
        parts.append(Part(joint, shade(colour, 0.8), solid=False))
    stone = _beside(side, inner, NEAR_M, inner + 0.22, FARTHEST_M)
    parts.append(Part(stone, shade(colour, 1.18), solid=False))
    return stand("sidewalk", [parts], camera)


def _beside(side: Side, inner: float, z0: float, outer: float, z1: float) -> Floats:
    x0, x1 = sorted((side.sign * inner, side.sign * outer))
    return flat(x0, z0, x1, z1)


def verge(rng: np.random.Generator, camera: Camera, side: Side, name: str) -> Thing:
    """What lies beyond the sidewalk: grass, a plaza, parking bays, or nothing with a name."""
    inner = side.kerb_m + side.walk_m
    colour = vary(rng, pick(rng, VERGES[name]), 0.03)
    parts = [Part(_beside(side, inner, NEAR_M, 500, FARTHEST_M), colour)]
    if name == "parking":
        for z in np.arange(4, 44, 2.6).tolist():
            bay = _beside(side, inner + 0.3, z, inner + 5, z + 0.14)
            parts.append(Part(bay, WHITE, solid=False))
    for _ in range(8 if name == "terrain" else 0):
        x, z = inner + rng.uniform(0, 12), rng.uniform(4, 40)
        tuft = _beside(side, x, z, x + rng.uniform(0.5, 3), z + rng.uniform(0.3, 2))
        parts.append(Part(tuft, shade(colour, pick(rng, (0.86, 1.12))), solid=False))
    return stand(name, [parts], camera)


def rail_track(camera: Camera, side: Side) -> Thing:
    """A track beside the sidewalk: ballast, sleepers, two rails."""
    inner = side.kerb_m + side.walk_m + 0.4
    parts = [Part(_beside(side, inner, NEAR_M, inner + 2.6, 120), (0.4, 0.34, 0.3))]
    for z in np.arange(2, 50, 1.1).tolist():
        sleeper = _beside(side, inner + 0.2, z, inner + 2.4, z + 0.35)
        parts.append(Part(sleeper, (0.25, 0.17, 0.12), solid=False))
    for x in (inner + 0.55, inner + 1.95):
        rail = _beside(side, x, NEAR_M, x + 0.12, 120)
        parts.append(Part(rail, (0.72, 0.72, 0.75), solid=False))
    return stand("rail track", [parts], camera)


def ego_vehicle(rng: np.random.Generator, camera: Camera) -> Thing:
    """The bonnet of the car that carries the camera, along the lower edge."""
    w, h = camera.width_px, camera.height_px
    top, bend = h * (1 - rng.uniform(0.04, 0.1)), h * rng.uniform(0.02, 0.05)
    x = np.linspace(-0.02 * w, 1.02 * w, 13)
    arch = top + bend * ((x - w / 2) / (w / 2)) ** 2
    outline = np.concatenate(
        [np.stack([x, arch], 1), polygon((1.02 * w, h + 2), (-0.02 * w, h + 2))]
    )
    colour = vary(rng, (0.1, 0.1, 0.13), 0.03)
    edge = np.concatenate([np.stack([x, arch], 1), np.stack([x, arch + 0.012 * h], 1)[::-1]])
    shapes = (
        Shape(outline, colour, True, 1.0, None, 1.0),
        Shape(edge, shade(colour, 3.0), False, 0.7, None, 1.0),
    )
    return Thing("ego vehicle", 1.0, shapes)


def unlabeled(rng: np.random.Generator, camera: Camera) -> Thing:
    """A smear on the windscreen: BDD100K's class for what has no class."""
    w, h = camera.width_px, camera.height_px
    x, y = pick(rng, (0.12, 0.88)) * w, rng.uniform(0.15, 0.8) * h
    size = 0.06 * h
    angle = 2 * np.pi * np.arange(14) / 14
    radius = size * rng.uniform(0.6, 1.1, 14)
    outline = np.stack([x + radius * np.cos(angle) * 1.4, y + radius * np.sin(angle)], axis=1)
    return Thing("unlabeled", 0.5, (Shape(outline, (0.4, 0.33, 0.25), True, 1.0, None, 1.0),))
