"""Instance geometry to masks: one rasteriser for all formats (COCO's `frPoly`)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import hotcoco
import numpy as np

from segtrial.geometry.outlines import Outline, outline_of
from segtrial.geometry.runs import decode_counts, encode_counts
from segtrial.types.dataset import Dataset
from segtrial.types.masks import Masks, pack_masks

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Longs


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
    return pack_masks([instance_counts(dataset, row) for row in range(dataset.instances)])


def instance_counts(dataset: Dataset, row: int) -> bytes:
    """COCO's compressed counts of instance `row` in its image's size; a box-only one is its box."""
    image = dataset.image_index[row]
    height, width = int(dataset.height_px[image]), int(dataset.width_px[image])
    outline = outline_of(dataset, row)
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
