"""What may stand in a street, and where each kind of thing stands.

A `Put` finds a place and draws the thing there: things from the farthest to the nearest, the
last one being what was asked for (the others carry it). Drawing itself: `draw_*.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from segtrial.data.streets import draw_barriers as barriers
from segtrial.data.streets import draw_furniture as furniture
from segtrial.data.streets import draw_people as people
from segtrial.data.streets import draw_signs as signs
from segtrial.data.streets import draw_vehicles as vehicles
from segtrial.data.streets.shapes import Part, Thing, upright
from segtrial.data.streets.solids import stand
from segtrial.data.streets.street import depth_in_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from segtrial.data.streets.camera import Camera
    from segtrial.data.streets.street import Street

    Rng: TypeAlias = np.random.Generator
    Put: TypeAlias = Callable[[Rng, Camera, Street], list[Thing]]
    Draw: TypeAlias = Callable[[Rng], list[Part]]
    DrawSolid: TypeAlias = Callable[[Rng], list[list[Part]]]
    DrawLong: TypeAlias = Callable[[Rng, float, tuple[float, float]], list[list[Part]]]

BEHIND_M = 0.05  # a post stands this far behind the plate it carries
LANE_M = 3.2


def _depth(
    rng: Rng, camera: Camera, street: Street, x_m: float, near_m: float, far_m: float
) -> float:
    far = far_m if street.crossing_m is None else min(far_m, street.crossing_m - 1.0)
    return min(depth_in_view(rng, camera, x_m, near_m, far), far * 1.5)


def beside(
    name: str, draw: Draw, near_m: float, far_m: float, away_m: tuple[float, float] | None = None
) -> Put:
    """On the sidewalk, or where there would be one; `away_m`: distance from the kerb instead."""

    def put(rng: Rng, camera: Camera, street: Street) -> list[Thing]:
        side = street.side(rng)
        low, high = away_m or (0.5, max(side.walk_m, 2.0))
        x = side.sign * (side.kerb_m + rng.uniform(low, high))
        z = _depth(rng, camera, street, x, near_m, far_m)
        return [upright(name, draw(rng), camera, x, z)]

    return put


def in_road(name: str, draw: Draw, near_m: float, far_m: float) -> Put:
    """Anywhere on the carriageway."""

    def put(rng: Rng, camera: Camera, street: Street) -> list[Thing]:
        x = rng.uniform(-street.left.kerb_m + 0.5, street.right.kerb_m - 0.3)
        z = _depth(rng, camera, street, x, near_m, far_m)
        return [upright(name, draw(rng), camera, x, z)]

    return put


def either(first: Put, second: Put, share: float) -> Put:
    """`first`, and in a `share` of cases `second`."""

    def put(rng: Rng, camera: Camera, street: Street) -> list[Thing]:
        return (second if rng.random() < share else first)(rng, camera, street)

    return put


def on_post(name: str, draw: Draw, low_m: float, high_m: float, far_m: float) -> Put:
    """A plate on a post at the kerb, its lower edge from `low_m` to `high_m` above the ground."""

    def put(rng: Rng, camera: Camera, street: Street) -> list[Thing]:
        side = street.side(rng)
        x = side.sign * (side.kerb_m + rng.uniform(0.3, 0.9))
        z = _depth(rng, camera, street, x, 5.0, far_m)
        base = rng.uniform(low_m, high_m)
        post = furniture.pole(base + 0.7, (0.5, 0.52, 0.54), 0.1)
        return [
            upright("pole", post, camera, x, z + BEHIND_M),
            upright(name, draw(rng), camera, x, z, base),
        ]

    return put


def traffic_light(rng: Rng, camera: Camera, street: Street) -> list[Thing]:
    """On a post at the kerb, or over the road on a mast arm; the mast is a "pole"."""
    side = street.side(rng)
    x = side.sign * (side.kerb_m + 0.5)
    over_road = rng.random() < 0.4
    z = _depth(rng, camera, street, x, 8.5 if over_road else 5.5, 15.0)
    base = rng.uniform(4.0, 4.6) if over_road else rng.uniform(2.1, 2.8)
    arm = -side.sign * rng.uniform(1.6, 3.2) if over_road else 0.0
    mast = furniture.pole(base + 1.0, (0.3, 0.32, 0.33), 0.16, arm)
    light = signs.traffic_light(rng)
    return [
        upright("pole", mast, camera, x, z + BEHIND_M),
        upright("traffic light", light, camera, x + arm * 0.95, z, base),
    ]


def street_light(rng: Rng, camera: Camera, street: Street) -> list[Thing]:
    """A lamp on a tall pole at the kerb."""
    side = street.side(rng)
    x = side.sign * (side.kerb_m + rng.uniform(0.3, 0.7))
    z = _depth(rng, camera, street, x, 9.0, 30.0)
    tall = rng.uniform(4.8, 6.5)
    lamp = furniture.street_lamp(rng, -float(side.sign))
    post = furniture.pole(tall, (0.36, 0.38, 0.4), 0.16)
    return [
        upright("pole", post, camera, x, z + BEHIND_M),
        upright("street light", lamp, camera, x, z, tall - 0.1),
    ]


def driving(name: str, draw: DrawSolid, near_m: float, far_m: float, across: float = 0.18) -> Put:
    """In a lane, parked at a kerb, or (a share of `across`) crossing the road."""

    def put(rng: Rng, camera: Camera, street: Street) -> list[Thing]:
        left, right = -street.left.kerb_m, street.right.kerb_m
        manner = rng.random()
        if manner < across:
            x, yaw = rng.uniform(left, right + 1.0), rng.choice((-1, 1)) * np.pi / 2
            near = max(near_m * 1.25, 9.0)
        elif manner < across + 0.3:
            side = street.side(rng)
            x, yaw = side.sign * (side.kerb_m - 1.05), 0.0 if side.sign > 0 else np.pi
            near = near_m
        else:
            lanes = max(2, round((right - left) / LANE_M))
            lane = int(rng.integers(lanes))
            x = left + (right - left) * (lane + 0.5) / lanes
            yaw, near = np.pi if lane < lanes / 2 else 0.0, near_m
        z = _depth(rng, camera, street, x, near, far_m)
        turn = float(yaw + rng.normal(0, 0.05))
        return [stand(name, draw(rng), camera, x + rng.normal(0, 0.2), z, turn)]

    return put


def along(name: str, draw: DrawLong, beyond_walk: bool) -> Put:
    """Something long at the kerb, or beyond the sidewalk."""

    def put(rng: Rng, camera: Camera, street: Street) -> list[Thing]:
        side = street.side(rng)
        x = side.sign * (side.kerb_m + (side.walk_m + 0.1 if beyond_walk else 0.3))
        start = max(4.0, camera.nearest_in_view(x) * rng.uniform(0.7, 1.1))
        end = start + rng.uniform(8, 22)
        if street.crossing_m is not None:
            end = min(end, max(street.crossing_m - 0.5, start + 3))
        return [stand(name, draw(rng, x, (start, end)), camera)]

    return put


def lane_divider(rng: Rng, camera: Camera, street: Street) -> list[Thing]:
    """Blocks along the middle of the road."""
    x = -street.left.kerb_m * rng.uniform(0.45, 0.65)
    start = max(7.0, camera.nearest_in_view(x))
    blocks = barriers.lane_divider(rng, x, (start, start + rng.uniform(8, 16)))
    return [stand("lane divider", blocks, camera)]


def train(rng: Rng, camera: Camera, street: Street) -> list[Thing]:
    """Beside the street, on the left: it comes or goes."""
    x = -(street.left.kerb_m + street.left.walk_m + 2.2)
    z = max(12.0, camera.nearest_in_view(x)) + 9.0 + rng.uniform(0, 6)
    return [stand("train", vehicles.train(rng), camera, x, z)]


CATALOGUE: dict[str, Put] = {
    "car": driving("car", vehicles.car, 7.0, 26.0),
    "person": either(
        beside("person", people.person, 4.5, 10.0), in_road("person", people.person, 5.5, 11.0), 0.3
    ),
    "traffic light": traffic_light,
    "traffic sign": on_post("traffic sign", signs.traffic_sign, 1.7, 2.3, 13.0),
    "parking sign": on_post("parking sign", signs.parking_sign, 1.5, 2.1, 12.0),
    "traffic sign frame": on_post("traffic sign frame", signs.traffic_sign_frame, 1.7, 2.3, 13.0),
    "banner": on_post("banner", signs.banner, 1.3, 2.2, 18.0),
    "billboard": beside("billboard", signs.billboard, 12.0, 28.0, (2.5, 6.0)),
    "bus stop": beside("bus stop", signs.bus_stop, 8.0, 16.0, (1.8, 2.6)),
    "street light": street_light,
    "pole": beside("pole", furniture.wooden_pole, 5.0, 28.0, (0.4, 4.0)),
    "polegroup": beside("polegroup", furniture.polegroup, 6.0, 18.0),
    "vegetation": beside("vegetation", furniture.tree, 8.0, 40.0, (1.6, 9.0)),
    "static": beside("static", furniture.static, 4.5, 18.0),
    "trash can": beside("trash can", furniture.trash_can, 4.5, 14.0),
    "fire hydrant": beside("fire hydrant", furniture.fire_hydrant, 4.0, 9.0),
    "mail box": beside("mail box", furniture.mail_box, 4.5, 12.0),
    "traffic cone": in_road("traffic cone", furniture.traffic_cone, 4.5, 12.0),
    "traffic device": in_road("traffic device", furniture.traffic_device, 6.0, 14.0),
    "dynamic": either(
        beside("dynamic", people.dynamic, 4.5, 12.0),
        in_road("dynamic", people.dynamic, 5.0, 12.0),
        0.4,
    ),
    "rider": in_road("rider", people.rider, 6.0, 15.0),
    "bicycle": beside("bicycle", people.bicycle, 5.0, 12.0),
    "motorcycle": in_road("motorcycle", people.motorcycle, 6.0, 14.0),
    "bus": driving("bus", vehicles.bus, 15.0, 32.0, 0.1),
    "truck": driving("truck", vehicles.truck, 12.0, 32.0, 0.1),
    "caravan": driving("caravan", vehicles.caravan, 10.0, 24.0),
    "trailer": driving("trailer", vehicles.trailer, 8.0, 18.0, 0.3),
    "train": train,
    "fence": along("fence", barriers.fence, True),
    "wall": along("wall", barriers.wall, True),
    "guard rail": along("guard rail", barriers.guard_rail, False),
    "lane divider": lane_divider,
}
LONG = frozenset({"fence", "wall", "guard rail", "lane divider", "train"})
