"""What stands where: one seeded scene, from the sky to the windscreen, in painter's order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segtrial.data.streets import draw_buildings as buildings
from segtrial.data.streets import draw_ground as ground
from segtrial.data.streets.camera import Camera, draw_camera
from segtrial.data.streets.catalogue import CATALOGUE, LONG
from segtrial.data.streets.street import Side, Street, draw_street

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from segtrial.data.streets.shapes import Thing

TRIES = 12  # places looked at before a thing is left out
MOST_HIDDEN = 0.5  # a place is refused where a nearer box hides more of a farther one
MOST = {"building": 5, "car": 7, "person": 7}
ONCE = frozenset({"bridge", "tunnel", "ego vehicle", "unlabeled", "rail track"})

TIMES = {"daytime": 0.62, "dawn/dusk": 0.2, "night": 0.18}
WEATHERS = {"clear": 0.45, "overcast": 0.27, "rainy": 0.16, "foggy": 0.12}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Things from the farthest to the nearest; the first `flat` of them are sky and ground.

    `weather`, `timeofday`, `place`: words of BDD100K's frame attributes.
    """

    camera: Camera
    things: tuple[Thing, ...]
    flat: int
    weather: str
    timeofday: str
    place: str


def draw_scene(
    rng: np.random.Generator, height_px: int, width_px: int, means: Mapping[str, float]
) -> Scene:
    """A scene in which each name of `means` is seen about so often on average.

    Counts are Poisson, but 0 or 1 for what there can be only one of.
    """
    camera = draw_camera(rng, height_px, width_px)
    weather = str(rng.choice(list(WEATHERS), p=list(WEATHERS.values())))
    timeofday = str(rng.choice(list(TIMES), p=list(TIMES.values())))
    counts = {name: _count(rng, name, mean) for name, mean in means.items()}
    crosses = counts.get("bridge", 0) + counts.get("tunnel", 0) > 0
    street = draw_street(rng, means["sidewalk"], rng.uniform(15, 25) if crosses else None)
    lying = _ground(rng, camera, street, counts, means)
    built = _built(rng, camera, street, counts)
    standing = _standing(rng, camera, street, counts)
    nearest = [
        draw(rng, camera)
        for name, draw in (("ego vehicle", ground.ego_vehicle), ("unlabeled", ground.unlabeled))
        if counts.get(name, 0)
    ]
    many = sum(thing.name == "building" for thing in built) > 1
    return Scene(
        camera=camera,
        things=(*lying, ground.backdrop(rng, camera), *built, *standing, *nearest),
        flat=len(lying),
        weather=weather,
        timeofday=timeofday,
        place="city street" if many else "residential" if built else "highway",
    )


def _count(rng: np.random.Generator, name: str, mean: float) -> int:
    if name in ONCE:
        return int(rng.random() < mean)
    return min(int(rng.poisson(mean)), MOST.get(name, 9))


def _ground(
    rng: np.random.Generator,
    camera: Camera,
    street: Street,
    counts: Mapping[str, int],
    means: Mapping[str, float],
) -> list[Thing]:
    lying = [ground.sky(rng, camera), ground.plain(camera)]
    for side in (street.left, street.right):
        draw, name = rng.random() * 2, ""
        for kind in ("terrain", "ground", "parking"):
            if 0 <= draw < means.get(kind, 0.0):
                name = kind
            draw -= means.get(kind, 0.0)
        lying.append(ground.verge(rng, camera, side, name))
    if counts.get("rail track", 0) or counts.get("train", 0):
        lying.append(ground.rail_track(camera, street.left))
    lying.append(ground.road(rng, camera, street))
    sides = [side for side in (street.left, street.right) if side.walk_m > 0]
    return lying + [ground.sidewalk(rng, camera, side) for side in sides]


def _built(
    rng: np.random.Generator, camera: Camera, street: Street, counts: Mapping[str, int]
) -> list[Thing]:
    """Buildings on both sides, and what crosses the road, from the farthest to the nearest."""
    names = ["building"] * counts.get("building", 0) + ["garage"] * counts.get("garage", 0)
    start = {
        side.sign: max(2.5, camera.nearest_in_view(side.line_m * side.sign) * rng.uniform(0.5, 1.0))
        for side in (street.left, street.right)
    }
    built = []
    for name in names:
        side = street.left if rng.random() < 0.5 else street.right
        length = 7.0 if name == "garage" else rng.uniform(7, 16)
        z = _clear_of(street.crossing_m, start[side.sign], length)
        start[side.sign] = z + length + rng.uniform(0.3, 5)
        built.append(_house(rng, camera, side, name, (z, z + length)))
    if street.crossing_m is not None:
        cross = buildings.tunnel if counts.get("tunnel", 0) else buildings.bridge
        built.append(cross(rng, camera, street, street.crossing_m))
    return sorted(built, key=lambda thing: -thing.depth_m)


def _clear_of(crossing_m: float | None, z: float, length: float) -> float:
    """Where a building from `z` on may start so that it does not stand astride the crossing."""
    if crossing_m is None or z + length < crossing_m or z > crossing_m + 10:
        return z
    return crossing_m + 10


def _house(
    rng: np.random.Generator, camera: Camera, side: Side, name: str, z: tuple[float, float]
) -> Thing:
    if name == "garage":
        return buildings.garage(rng, camera, side, z[0])
    return buildings.building(rng, camera, side, z)


def _standing(
    rng: np.random.Generator, camera: Camera, street: Street, counts: Mapping[str, int]
) -> list[Thing]:
    """All that stands in the street: first what runs along it, then the rest by depth."""
    placed: list[tuple[bool, float, list[Thing]]] = []
    boxes: list[tuple[float, tuple[float, float, float, float]]] = []
    for name, put in CATALOGUE.items():
        for _ in range(counts.get(name, 0)):
            for _ in range(TRIES):
                things = put(rng, camera, street)
                depth, box = things[-1].depth_m, things[-1].box_px()
                if name in LONG or (_inside(camera, box) and not _hides(depth, box, boxes)):
                    placed.append((name not in LONG, -depth, things))
                    if name not in LONG:
                        boxes.append((depth, box))
                    break
    placed.sort(key=lambda entry: entry[:2])
    return [thing for _, _, things in placed for thing in things]


def _inside(camera: Camera, box: tuple[float, float, float, float]) -> bool:
    """Is the middle of the box within the picture?"""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return 0 <= x <= camera.width_px and 0 <= y <= camera.height_px


def _hides(
    depth: float,
    box: tuple[float, float, float, float],
    others: list[tuple[float, tuple[float, float, float, float]]],
) -> bool:
    """Does the box hide too much of a farther one, or a nearer one of it?"""
    x0, y0, x1, y1 = box
    for other_depth, (u0, v0, u1, v1) in others:
        shared = max(min(x1, u1) - max(x0, u0), 0) * max(min(y1, v1) - max(y0, v0), 0)
        farther = (x1 - x0) * (y1 - y0) if depth > other_depth else (u1 - u0) * (v1 - v0)
        if shared > MOST_HIDDEN * farther:
            return True
    return False
