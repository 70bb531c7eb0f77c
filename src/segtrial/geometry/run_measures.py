"""Measures of run-length masks, many at once: areas, boxes, overlaps, unions.

One image size a call, but for areas and boxes. Cutting and scaling is `run_windows`. Axes: M masks,
A and B two sets of masks.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from segtrial.geometry.run_spans import Intervals, intervals_of, masks_of
from segtrial.geometry.runs import decode_counts
from segtrial.types.arrays import Bools, Floats, Longs
from segtrial.types.masks import Masks


def area_px(masks: Masks) -> Longs:
    """Foreground pixels of each mask: int64 (M), as pycocotools `area`."""
    counts, first = decode_counts(masks)
    place = np.arange(len(counts)) - np.repeat(first[:-1], np.diff(first))
    total = np.concatenate([[0], np.cumsum(np.where(place & 1, counts, 0), dtype=np.int64)])
    return np.diff(total[first])


def boxes_xywh(masks: Masks, height_px: int | Longs) -> Floats:
    """The tightest box of each mask: float64 (M, 4) in px, far edge excluded; zeros if empty.

    `height_px`: the image's height, or int64 (M), each mask's. As pycocotools `toBbox`; where a
    file holds runs of no pixels, those do not count here (Differs from pycocotools:
    test_a_run_of_no_pixels_does_not_count). Raises ValueError where a mask does not fill whole
    columns of that height.
    """
    return _boxes(intervals_of(masks), height_px)


def _boxes(intervals: Intervals, height_px: int | Longs) -> Floats:
    heights = np.broadcast_to(np.asarray(height_px, np.int64), len(intervals.image_px))
    if (heights <= 0).any() or (intervals.image_px % heights).any():
        raise ValueError("a mask that is no whole number of columns of its image's height")
    height, last = heights[intervals.mask], intervals.stop - 1
    left, right = intervals.start // height, last // height
    tall = left < right  # a run over the end of a column takes that column's last and first pixel
    top = np.where(tall, 0, intervals.start - left * height)
    bottom = np.where(tall, height - 1, last - right * height)
    boxes = np.zeros((len(heights), 4))
    first = intervals.first()
    some = first[:-1] < first[1:]
    begin = first[:-1][some]
    if len(begin):
        boxes[some, 0] = left[begin]
        boxes[some, 1] = np.minimum.reduceat(top, begin)
        boxes[some, 2] = right[first[1:][some] - 1] + 1 - left[begin]
        boxes[some, 3] = np.maximum.reduceat(bottom, begin) + 1 - boxes[some, 1]
    return boxes


@njit(cache=True, nogil=True)
def _shared_px(
    start_a: Longs,
    stop_a: Longs,
    first_a: Longs,
    start_b: Longs,
    stop_b: Longs,
    first_b: Longs,
    pairs: Longs,
) -> Longs:
    """Pixels that the masks of each pair (a, b) share: int64 (P)."""
    shared = np.zeros(len(pairs), np.int64)
    for p in range(len(pairs)):
        i, end_i = first_a[pairs[p, 0]], first_a[pairs[p, 0] + 1]
        j, end_j = first_b[pairs[p, 1]], first_b[pairs[p, 1] + 1]
        while i < end_i and j < end_j:
            both = min(stop_a[i], stop_b[j]) - max(start_a[i], start_b[j])
            if both > 0:
                shared[p] += both
            if stop_a[i] < stop_b[j]:
                i += 1
            else:
                j += 1
    return shared


def iou(a: Masks, b: Masks, *, height_px: int, crowd_b: Bools | None = None) -> Floats:
    """Overlap of every mask of `a` with every one of `b`, of one image: float64 (A, B), 0–1.

    Shared pixels / pixels of either; for a crowd (`crowd_b`, bool (B)) shared pixels / pixels of
    the mask of `a`. Two empty masks have 0. To the bit as pycocotools `iou`, which gives −1 where
    sizes differ; this raises ValueError. hotcoco's takes 3 times as long.
    """
    own, other = intervals_of(a), intervals_of(b)
    sizes = np.unique(np.concatenate([own.image_px, other.image_px]))
    if len(sizes) > 1:
        raise ValueError(f"masks of different images: {sizes[0]} px and {sizes[-1]} px")
    box_a, box_b = _boxes(own, height_px), _boxes(other, height_px)
    near = np.ones((len(a), len(b)), np.bool_)
    for axis in (0, 1):
        far_a, far_b = (box[:, axis] + box[:, axis + 2] for box in (box_a, box_b))
        near &= box_a[:, None, axis] < far_b
        near &= far_a[:, None] > box_b[:, axis]
    pairs = np.argwhere(near)
    area_a, area_b = own.area_px(), other.area_px()
    shared = _shared_px(
        own.start, own.stop, own.first(), other.start, other.stop, other.first(), pairs
    )
    crowd = np.zeros(len(b), np.bool_) if crowd_b is None else np.asarray(crowd_b, np.bool_)
    either = area_a[pairs[:, 0]] + np.where(crowd, 0, area_b)[pairs[:, 1]]
    either -= np.where(crowd[pairs[:, 1]], 0, shared)
    overlap = np.zeros((len(a), len(b)))
    overlap[near] = shared / np.maximum(either, 1)
    return overlap


def union(masks: Masks) -> Masks:
    """The pixels of any of M ≥ 1 masks of one image, as one mask; as pycocotools `merge`.

    Raises ValueError for no masks, whose image nobody knows, and for masks of different images.
    """
    return _covered(masks, 1)


def intersection(masks: Masks) -> Masks:
    """The pixels of all of M ≥ 1 masks of one image, as one mask; as pycocotools `merge`.

    Raises ValueError for no masks, whose image nobody knows, and for masks of different images.
    """
    return _covered(masks, len(masks))


def _covered(masks: Masks, times: int) -> Masks:
    """One mask of the pixels that stand in at least `times` masks."""
    intervals = intervals_of(masks)
    sizes = np.unique(intervals.image_px)
    if len(sizes) != 1:
        raise ValueError(f"one image's masks are wanted, not those of {len(sizes)}")
    edges = np.concatenate([intervals.start, intervals.stop])
    change = np.repeat([1, -1], len(intervals.mask))
    order = np.argsort(edges, kind="stable")  # starts before stops: masks that touch are one
    edges, inside = edges[order], np.cumsum(change[order]) >= times
    before = np.concatenate([[False], inside[:-1]]) if len(inside) else inside
    start, stop = edges[inside & ~before], edges[~inside & before]
    some = start < stop
    mask = np.zeros(int(some.sum()), np.int64)
    return masks_of(Intervals(mask=mask, start=start[some], stop=stop[some], image_px=sizes))
