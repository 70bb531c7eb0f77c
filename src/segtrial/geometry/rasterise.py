"""Instance geometry to masks: one rasteriser for all formats (COCO's `frPoly`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import hotcoco
import msgspec
import numpy as np

from segtrial.geometry.beziers import flatten_ring
from segtrial.geometry.runs import decode_counts, encode_crop
from segtrial.types.dataset import Dataset, GeometryKind
from segtrial.types.masks import Masks, pack_masks

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats

FARTHEST_PX = 1e9  # a coordinate beyond it is a mistake, and areas would overflow


def rings(kind: GeometryKind, geometry: bytes | msgspec.Raw) -> list[Floats] | dict[str, Any]:
    """The outline of one instance: closed rings float64 (K, 2) in px, Béziers evaluated; or, where
    the source holds run lengths, COCO's RLE object `{"size": [h, w], "counts": …}`.

    Rings of one instance are united. Raises ValueError, TypeError or OverflowError for
    geometry that is neither.
    """
    decoded = msgspec.json.decode(geometry)
    if isinstance(decoded, dict):
        return decoded
    if not isinstance(decoded, list) or not decoded:
        raise ValueError("neither polygons nor RLE")
    if kind == GeometryKind.BDD100K:
        return [_poly2d_ring(item) for item in decoded]
    return [_flat_ring(item) for item in decoded]


def _flat_ring(values: Any) -> Floats:
    ring = np.asarray(values, dtype=np.float64)
    if ring.ndim != 1 or len(ring) < 6 or len(ring) % 2:
        raise ValueError(f"a polygon needs at least 3 points, x and y by turns: {values!r:.60}")
    if not (np.abs(ring) <= FARTHEST_PX).all():
        raise ValueError("a polygon with a value that is no number of px")
    return ring.reshape(-1, 2)


def _poly2d_ring(item: Any) -> Floats:
    if not isinstance(item, dict) or "vertices" not in item:
        raise ValueError("a poly2d entry without vertices")
    vertices = np.asarray(item["vertices"], dtype=np.float64)
    types = item.get("types") or "L" * len(vertices)
    if vertices.ndim != 2 or vertices.shape[1] != 2 or len(vertices) < 3:
        raise ValueError("a poly2d ring needs at least 3 vertices of x and y")
    if len(types) != len(vertices) or set(types) - {"L", "C"}:
        raise ValueError(f"poly2d types must be one L or C a vertex, got {types!r:.60}")
    if not (np.abs(vertices) <= FARTHEST_PX).all():
        raise ValueError("a poly2d vertex that is no number of px")
    ring = flatten_ring(vertices, types)
    return ring if len(ring) > 2 else ring[[0, -1, -1]]  # COCO reads four numbers as a box


def mask_counts(outline: list[Floats] | dict[str, Any], *, height: int, width: int) -> bytes:
    """COCO's compressed counts of one instance in an image of height × width px.

    Rings are rasterised by COCO's `frPoly` (what leaves the image is cut off) and united.
    Raises ValueError or TypeError where an RLE is malformed, of another size than the image, or
    does not fill it.
    """
    if isinstance(outline, dict):
        if list(outline.get("size", [])) != [height, width]:
            raise ValueError(f"RLE of size {outline.get('size')} in an image {[height, width]}")
        rle = hotcoco.mask.frPyObjects(outline, height, width)
    else:
        flat = [ring.ravel().tolist() for ring in outline]
        parts = hotcoco.mask.frPyObjects(flat, height, width)
        rle = parts[0] if len(parts) == 1 else hotcoco.mask.merge(parts)
    counts: bytes = rle["counts"]
    if isinstance(outline, dict) and _pixels(counts) != height * width:
        raise ValueError(f"RLE of {_pixels(counts)} px in an image of {height} × {width}")
    return counts


def _pixels(counts: bytes) -> int:
    return int(decode_counts(pack_masks([counts]))[0].sum(dtype=np.int64))


_made: WeakKeyDictionary[Dataset, Masks] = WeakKeyDictionary()


def truth_masks(dataset: Dataset) -> Masks:
    """The masks of all N instances, in their images' sizes; made once for each Dataset object.

    An instance that has only a box gets its box as mask (rounded to whole px).
    """
    if dataset not in _made:
        _made[dataset] = _drawn_masks(dataset)
    return _made[dataset]


def _drawn_masks(dataset: Dataset) -> Masks:
    strings: list[bytes] = []
    for row in range(dataset.instances):
        image = dataset.image_index[row]
        height, width = int(dataset.height_px[image]), int(dataset.width_px[image])
        raw = dataset.geometry[row]
        if len(bytes(raw)) == 0:
            strings.append(_box_counts(dataset.box_xywh[row], height, width))
        else:
            outline = rings(dataset.geometry_kind, raw)
            strings.append(mask_counts(outline, height=height, width=width))
    return pack_masks(strings)


def _box_counts(box_xywh: Floats, height: int, width: int) -> bytes:
    x0, y0 = (
        int(np.clip(round(v), 0, m)) for v, m in zip(box_xywh[:2], (width, height), strict=True)
    )
    x1 = int(np.clip(round(box_xywh[0] + box_xywh[2]), x0, width))
    y1 = int(np.clip(round(box_xywh[1] + box_xywh[3]), y0, height))
    crop = np.ones((y1 - y0, x1 - x0), dtype=bool)
    return encode_crop(crop, left=x0, top=y0, height=height, width=width)
