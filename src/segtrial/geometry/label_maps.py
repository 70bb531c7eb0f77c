"""Label maps: one number a pixel. Maps to run lengths of their instances, and back.

An instance is all pixels of one number, in as many parts and with as many holes as it has. No
mask is ever held as a picture of its own: everything works on the runs of the whole map. What the
numbers mean (category, flags, id) belongs to the readers and writers in `data/`.
"""

from __future__ import annotations

import itertools
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

from segtrial.geometry.runs import decode_counts, encode_counts
from segtrial.types.arrays import Floats, Longs
from segtrial.types.masks import Masks, pack_masks

UInts: TypeAlias = npt.NDArray[np.uint32]


def instances_of(values: UInts, background: int | None) -> tuple[UInts, Masks, Floats, Longs]:
    """The instances of a label map, by ascending number.

    `values`: uint32 (H, W). `background`: the number that is no instance; None where all are.
    Gives the K numbers that occur, uint32 (K); their masks, in COCO's run lengths; their tightest
    boxes xywh, float64 (K, 4) in px with the far edge excluded; and their pixels, int64 (K).
    """
    height, width = values.shape
    flat = values.T.ravel()  # column-major, as run lengths are
    start = np.concatenate([np.zeros(min(1, flat.size), np.int64), _changes(flat)])
    stop = np.append(start[1:], flat.size)[: len(start)]
    number = flat[start]
    if background is not None:
        kept = number != background
        start, stop, number = start[kept], stop[kept], number[kept]
    order = np.argsort(number, kind="stable")
    start, stop, number = start[order], stop[order], number[order]
    first = np.flatnonzero(np.append(np.ones(min(1, len(number)), bool), np.diff(number) > 0))
    found = number[first]
    ends = itertools.pairwise([*first.tolist(), len(number)])
    counts = [_counts(start[a:b], stop[a:b], height * width) for a, b in ends]
    area = np.add.reduceat(stop - start, first) if len(first) else np.zeros(0, np.int64)
    return found, pack_masks(counts), _boxes_xywh(start, stop, first, height), area


def _changes(flat: UInts) -> Longs:
    """Where a number differs from the one before."""
    return (np.flatnonzero(flat[1:] != flat[:-1]) + 1).astype(np.int64)


def _counts(start: Longs, stop: Longs, pixels: int) -> bytes:
    """COCO's counts of one instance's runs of foreground, no two of which touch."""
    edges = np.empty(2 * len(start) + 2, np.int64)
    edges[0], edges[-1] = 0, pixels
    edges[1:-1:2], edges[2:-1:2] = start, stop
    lengths = np.diff(edges)
    return encode_counts(lengths if lengths[-1] else lengths[:-1])


def _boxes_xywh(start: Longs, stop: Longs, first: Longs, height: int) -> Floats:
    """The tightest boxes of instances whose runs begin at `first`."""
    if not len(first):
        return np.zeros((0, 4))
    left, top = np.divmod(start, height)
    right, bottom = np.divmod(stop - 1, height)
    # a run that goes on into the next column has touched the bottom and the top
    wraps = right > left
    top, bottom = np.where(wraps, 0, top), np.where(wraps, height - 1, bottom)
    low = np.minimum.reduceat(left, first), np.minimum.reduceat(top, first)
    high = np.maximum.reduceat(right, first), np.maximum.reduceat(bottom, first)
    sides = high[0] - low[0] + 1, high[1] - low[1] + 1
    return np.stack([*low, *sides], axis=1).astype(np.float64)


@njit(cache=True, nogil=True)
def _paint(counts: UInts, first: Longs, values: UInts, flat: UInts, lost_px: Longs) -> None:
    """Paint the masks on `flat`, column-major; then count what each no longer shows."""
    for count in (False, True):
        for m in range(len(first) - 1):
            place = np.int64(0)
            for r in range(first[m], first[m + 1]):
                end = place + np.int64(counts[r])
                if (r - first[m]) % 2 == 1:
                    for pixel in range(place, end):
                        if not count:
                            flat[pixel] = values[m]
                        elif flat[pixel] != values[m]:
                            lost_px[m] += 1
                place = end


def paint(
    masks: Masks, values: UInts, *, height: int, width: int, background: int = 0
) -> tuple[UInts, Longs]:
    """A label map with the masks painted in their order: later ones overwrite earlier ones.

    `values`: uint32 (M), the number of each mask; masks of one number become one instance. Gives
    the map, uint32 (H, W), and how many pixels of each mask show another number in the end, int64
    (M). Raises ValueError where a mask is of another size than the map.
    """
    counts, first = decode_counts(masks)
    for begin, end in itertools.pairwise(first.tolist()):
        pixels = int(counts[begin:end].sum(dtype=np.int64))
        if pixels != height * width:
            raise ValueError(f"mask of {pixels} px in a map of {height} × {width}")
    flat = np.full(height * width, background, np.uint32)
    lost_px = np.zeros(len(masks), np.int64)
    _paint(counts, first, np.ascontiguousarray(values, np.uint32), flat, lost_px)
    return np.ascontiguousarray(flat.reshape(width, height).T), lost_px
