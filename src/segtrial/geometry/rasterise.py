"""Instance geometry to masks: one rasteriser for all formats (COCO's `frPoly`)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import hotcoco
import numpy as np

from segtrial.geometry.fill import are_near, can_fill, fill_polygons
from segtrial.geometry.outlines import (
    Outline,
    Polygons,
    outline_of,
    plain_polygons,
    polygons_of,
)
from segtrial.geometry.runs import encode_counts
from segtrial.types.dataset import Dataset
from segtrial.types.geometry_bytes import GeometryKind, coco_polygons
from segtrial.types.masks import Masks, pack_masks

if TYPE_CHECKING:
    from segtrial.types.arrays import Bytes, Floats, Longs

_BLOCK = 512  # instances whose outlines are numbers at one time
_FEW = 4000  # up to here compiling the kernels takes longer than drawing one by one


def mask_counts(outline: Outline, *, height: int, width: int) -> bytes:
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
    """The pixels of one mask's image. In Python: a crowd or two are not worth a compiler."""
    runs: list[int] = []
    value = shift = 0
    for byte in counts:
        code = byte - 48
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        value -= (code & 16) << (shift - 4)
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return sum(runs)


_made: WeakKeyDictionary[Dataset, Masks] = WeakKeyDictionary()


def truth_masks(dataset: Dataset) -> Masks:
    """The masks of all N instances, in their images' sizes; made once for each Dataset object.

    An instance that has only a box gets its box as mask (rounded to whole px).
    """
    if dataset not in _made:
        _made[dataset] = _drawn_masks(dataset)
    return _made[dataset]


def _drawn_masks(dataset: Dataset) -> Masks:
    """In blocks, so that the outlines as numbers never all stand in memory."""
    if dataset.instances <= _FEW:
        return pack_masks([instance_counts(dataset, row) for row in range(dataset.instances)])
    begins = range(0, dataset.instances, _BLOCK)
    blocks = [_drawn_block(dataset, slice(b, min(b + _BLOCK, dataset.instances))) for b in begins]
    data = [block.data for block in blocks]
    lengths = [np.diff(block.offset) for block in blocks]
    return Masks(
        data=np.concatenate(data) if blocks else np.empty(0, np.uint8),
        offset=np.concatenate([[0], np.cumsum(np.concatenate(lengths))] if blocks else [[0]]),
    )


def _drawn_block(dataset: Dataset, rows: slice) -> Masks:
    """Polygons are filled together; all else is drawn one by one, in the order of the rows."""
    image = dataset.image_index[rows]
    height, width = (a[image].astype(np.int64) for a in (dataset.height_px, dataset.width_px))
    if not can_fill(height, width):
        return pack_masks([instance_counts(dataset, row) for row in range(rows.start, rows.stop)])
    polygons, others = _plain_block(dataset, rows) or _any_block(dataset, rows)
    if len(others) == len(image):  # and nothing needs to be compiled
        return pack_masks(list(others.values()))
    filled = np.delete(np.arange(len(image)), list(others))
    masks = fill_polygons(polygons, height_px=height[filled], width_px=width[filled])
    return masks if not others else _inserted(masks, others)


def _plain_block(dataset: Dataset, rows: slice) -> tuple[Polygons, dict[int, bytes]] | None:
    """COCO's polygons, and the counts of other instances by their place in the block; None where
    a polygon is unusual.
    """
    if dataset.geometry_kind != GeometryKind.COCO:
        return None
    found = coco_polygons(dataset.geometry.records[rows])
    polygons = None if found is None else plain_polygons([rings for rings in found if rings])
    if found is None or polygons is None or not are_near(polygons.points_xy):
        return None
    other = [place for place, rings in enumerate(found) if rings is None]
    return polygons, {place: instance_counts(dataset, rows.start + place) for place in other}


def _any_block(dataset: Dataset, rows: slice) -> tuple[Polygons, dict[int, bytes]]:
    """As `_plain_block`, of any kind of outline."""
    near: list[list[Floats]] = []
    others: dict[int, bytes] = {}
    for place, row in enumerate(range(rows.start, rows.stop)):
        outline = outline_of(dataset, row)
        if isinstance(outline, list) and all(are_near(ring) for ring in outline):
            near.append(outline)
        else:
            others[place] = _counts(dataset, row, outline)
    return polygons_of(near), others


def _inserted(masks: Masks, others: dict[int, bytes]) -> Masks:
    """`masks`, with `others` put in at their places in the result, which rise."""
    strings: list[Bytes] = []
    lengths = np.diff(masks.offset).tolist()
    done = 0
    for before, (place, counts) in enumerate(others.items()):
        upto = masks.offset[place - before]
        strings += [masks.data[done:upto], np.frombuffer(counts, np.uint8)]
        lengths.insert(place, len(counts))
        done = upto
    return Masks(
        data=np.concatenate([*strings, masks.data[done:]]),
        offset=np.concatenate([[0], np.cumsum(lengths)]),
    )


def instance_counts(dataset: Dataset, row: int) -> bytes:
    """COCO's compressed counts of instance `row` in its image's size; a box-only one is its box."""
    return _counts(dataset, row, outline_of(dataset, row))


def _counts(dataset: Dataset, row: int, outline: Outline | None) -> bytes:
    image = dataset.image_index[row]
    height, width = int(dataset.height_px[image]), int(dataset.width_px[image])
    if outline is None:
        return _box_counts(dataset.box_xywh[row], height, width)
    return mask_counts(outline, height=height, width=width)


def _box_counts(box_xywh: Floats, height: int, width: int) -> bytes:
    x0, y0 = (
        int(np.clip(round(v), 0, m)) for v, m in zip(box_xywh[:2], (width, height), strict=True)
    )
    x1 = int(np.clip(round(box_xywh[0] + box_xywh[2]), x0, width))
    y1 = int(np.clip(round(box_xywh[1] + box_xywh[3]), y0, height))
    return encode_counts(_box_runs(x0, y0, x1, y1, height, width))


def _box_runs(x0: int, y0: int, x1: int, y1: int, height: int, width: int) -> Longs:
    """Plain counts of a filled box; columns that touch each other are one run."""
    total = height * width
    if x1 <= x0 or y1 <= y0:
        return np.array([total], np.int64)
    if y1 - y0 == height:
        runs = [x0 * height, (x1 - x0) * height]
    else:
        runs = [y1 - y0, height - (y1 - y0)] * (x1 - x0)
        runs = [x0 * height + y0, *runs[:-1]]
    rest = total - sum(runs)
    return np.array([*runs, rest] if rest else runs, np.int64)
