"""The bytes of one instance's geometry, in any format → rings in px, or run lengths."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np

from segtrial.geometry.beziers import flatten_ring
from segtrial.types.dataset import Dataset
from segtrial.types.geometry_bytes import GeometryKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.arrays import Floats, Longs

FARTHEST_PX = 1e9  # a coordinate beyond it is a mistake, and areas would overflow
MINIMUM_POINTS = 3

# Closed rings float64 (K, 2), x then y, in px, united; or COCO's RLE object {"size", "counts"}.
Outline: TypeAlias = "list[Floats] | dict[str, Any]"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Polygons:
    """The closed rings of N instances, R in all, with K points in all.

    `points_xy`: float64 (K, 2), in px. `first_point`: int64 (R + 1), each ring's first point, and
    K. `first_ring`: int64 (N + 1), each instance's first ring, and R. None has no ring, no ring
    fewer than three points.
    """

    points_xy: Floats
    first_point: Longs
    first_ring: Longs


class NoAreaError(ValueError):
    """An outline that is well formed and has no ring of three points: a point or a line."""


def outline_of(dataset: Dataset, row: int) -> Outline | None:
    """The outline of instance `row`; None for an instance that has only a box.

    Raises what `parse_outline` raises.
    """
    raw = dataset.geometry[row]
    if not raw:
        return None
    image = dataset.image_index[row]
    size = (int(dataset.height_px[image]), int(dataset.width_px[image]))
    return parse_outline(dataset.geometry_kind, raw, size)


def parse_outline(
    kind: GeometryKind, geometry: bytes | msgspec.Raw, size: tuple[int, int]
) -> Outline:
    """The outline of one instance in an image of `size` (height, width): rings with their Béziers
    evaluated or, where the source holds run lengths, COCO's RLE object.

    Rings of fewer than three points have no area and are left out. Raises NoAreaError where no
    ring is left, ValueError, TypeError or OverflowError for geometry that is none.
    """
    if kind == GeometryKind.YOLO:
        return [_yolo_ring(bytes(geometry), size)]
    decoded = msgspec.json.decode(geometry)
    if isinstance(decoded, dict):
        return decoded
    if not isinstance(decoded, list) or not decoded:
        raise ValueError("neither polygons nor RLE")
    if kind == GeometryKind.BDD100K:
        found = _poly2d_rings(decoded)
    else:
        found = [_flat_ring(item) for item in decoded]
    rings = [ring for ring in found if ring is not None]
    if not rings:
        raise NoAreaError(f"no ring has {MINIMUM_POINTS} points")
    return rings


def polygons_of(instances: Sequence[Sequence[Floats]]) -> Polygons:
    """The rings of N instances, float64 (K, 2) each, as `parse_outline` gives them."""
    rings = list(chain.from_iterable(instances))
    points = np.concatenate(rings) if rings else np.empty((0, 2))
    return Polygons(
        points_xy=points,
        first_point=_first(list(map(len, rings))),
        first_ring=_first(list(map(len, instances))),
    )


def plain_polygons(instances: Sequence[Sequence[Sequence[float]]]) -> Polygons | None:
    """The rings of N instances, each a flat list of x and y by turns; None where any has an odd
    number of them or fewer than three points, so that `parse_outline` must look at each.

    How far a point lies is not looked at here.
    """
    rings = list(chain.from_iterable(instances))
    values = np.array(list(map(len, rings)), np.int64)
    if ((values < 2 * MINIMUM_POINTS) | (values % 2 == 1)).any():
        return None
    flat = np.fromiter(chain.from_iterable(rings), np.float64, int(values.sum()))
    return Polygons(
        points_xy=flat.reshape(-1, 2),
        first_point=_first(values // 2),
        first_ring=_first(list(map(len, instances))),
    )


def _first(lengths: Sequence[int] | Longs) -> Longs:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def _yolo_ring(text: bytes, size: tuple[int, int]) -> Floats:
    values = np.array(text.split(), dtype=np.float64)
    if len(values) % 2:
        raise ValueError("an odd number of coordinates")
    if len(values) < 2 * MINIMUM_POINTS:
        raise NoAreaError(f"no ring has {MINIMUM_POINTS} points")
    ring = values.reshape(-1, 2) * np.array([size[1], size[0]], np.float64)
    return _bounded(ring)


def _flat_ring(values: Any) -> Floats | None:
    ring = np.asarray(values, dtype=np.float64)
    if ring.ndim != 1 or len(ring) % 2:
        raise ValueError(f"a polygon is a flat list, x and y by turns: {values!r:.60}")
    if len(ring) < 2 * MINIMUM_POINTS:
        return None
    return _bounded(ring.reshape(-1, 2))


def _poly2d_rings(decoded: list[Any]) -> list[Floats | None]:
    """Rings of {vertices, types}, or of the older triplets [x, y, "L"]: one ring or a list."""
    if all(isinstance(item, dict) for item in decoded):
        return [_poly2d_ring(item) for item in decoded]
    if all(_is_triplet(item) for item in decoded):
        return [_triplet_ring(decoded)]
    if all(isinstance(item, list) and all(_is_triplet(t) for t in item) for item in decoded):
        return [_triplet_ring(item) for item in decoded]
    raise ValueError('a poly2d is a list of rings, or of [x, y, "L" or "C"]')


def _is_triplet(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 3 and isinstance(item[2], str)


def _triplet_ring(triplets: list[Any]) -> Floats | None:
    vertices = [triplet[:2] for triplet in triplets]
    types = "".join(triplet[2] for triplet in triplets)
    return _poly2d_ring({"vertices": vertices, "types": types})


def _poly2d_ring(item: dict[str, Any]) -> Floats | None:
    if "vertices" not in item:
        raise ValueError("a poly2d entry without vertices")
    vertices = np.asarray(item["vertices"], dtype=np.float64)
    types = item.get("types") or "L" * len(vertices)
    if vertices.size == 0:
        return None
    if vertices.ndim != 2 or vertices.shape[1] != 2:
        raise ValueError("poly2d vertices are pairs of x and y")
    if len(types) != len(vertices) or set(types) - {"L", "C"}:
        raise ValueError(f"poly2d types must be one L or C a vertex, got {types!r:.60}")
    if len(vertices) < MINIMUM_POINTS:
        return None
    ring = flatten_ring(_bounded(vertices), types)
    return ring if len(ring) > 2 else ring[[0, -1, -1]]  # COCO reads four numbers as a box


def _bounded(ring: Floats) -> Floats:
    if not (np.abs(ring) <= FARTHEST_PX).all():
        raise ValueError("a vertex that is no number of px")
    return ring
