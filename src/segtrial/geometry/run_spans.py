"""Many run-length masks at once as plain arrays: intervals of positions, spans of columns.

The way in and out for the other `run_*` modules, in numpy alone: no mask is ever dense. Row by
row work is `runs`. Axes: M masks, K intervals or spans.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segtrial.geometry.runs import decode_counts, encode_counts
from segtrial.types.arrays import Bools, Longs
from segtrial.types.masks import Masks, pack_masks

Size = tuple[int, int]  # (height, width) in px


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Intervals:
    """The foreground of M masks as K intervals of column-major positions in their images.

    `mask`, `start`, `stop`: int64 (K), `stop` excluded; sorted by mask, then position; two of one
    mask neither overlap nor touch. `image_px`: int64 (M), pixels of each mask's image.
    """

    mask: Longs
    start: Longs
    stop: Longs
    image_px: Longs

    def first(self) -> Longs:
        """Each mask's first interval, and K at the end: int64 (M + 1)."""
        return np.searchsorted(self.mask, np.arange(len(self.image_px) + 1)).astype(np.int64)

    def area_px(self) -> Longs:
        """Foreground pixels of each mask: int64 (M)."""
        total = np.concatenate([[0], np.cumsum(self.stop - self.start)])
        return np.diff(total[self.first()])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans:
    """The foreground of `masks` masks as K spans, each within one column of pixels.

    `mask`, `x`, `top`, `bottom`: int64 (K), `bottom` excluded; sorted by mask, column and row.
    Two spans of a column never overlap; they may touch.
    """

    masks: int
    mask: Longs
    x: Longs
    top: Longs
    bottom: Longs

    def kept(self, keep: Bools) -> Spans:
        """The spans that `keep`, bool (K), names."""
        return Spans(
            masks=self.masks,
            mask=self.mask[keep],
            x=self.x[keep],
            top=self.top[keep],
            bottom=self.bottom[keep],
        )


def intervals_of(masks: Masks) -> Intervals:
    """The foreground of each mask; runs of no pixels, which COCO's tools never write, vanish."""
    counts, first = decode_counts(masks)
    runs = np.diff(first)
    ends = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    before = ends[first[:-1]]
    rank = np.arange(len(counts)) - np.repeat(first[:-1], runs)
    kept = np.flatnonzero((rank & 1).astype(np.bool_) & (counts > 0))
    mask = np.repeat(np.arange(len(runs)), runs)[kept]
    mask, start, stop = _joined(mask, ends[kept] - before[mask], ends[kept + 1] - before[mask])
    return Intervals(mask=mask, start=start, stop=stop, image_px=ends[first[1:]] - before)


def masks_of(intervals: Intervals) -> Masks:
    """The masks of the intervals, as pycocotools encodes them."""
    first = intervals.first()
    runs = np.diff(first)
    edges = np.zeros(2 * len(intervals.mask) + 2 * len(runs), np.int64)
    begin = 2 * first[:-1] + 2 * np.arange(len(runs))  # each mask: 0, its starts and stops, image
    place = 2 * np.arange(len(intervals.mask)) + 2 * intervals.mask + 1
    edges[place], edges[place + 1] = intervals.start, intervals.stop
    last = begin + 2 * runs
    edges[last + 1] = intervals.image_px
    counts = np.diff(edges)
    # The last count is background, and is left out where the foreground reaches the end.
    stop = last + 1 - ((runs > 0) & (counts[last] == 0))
    pairs = zip(begin.tolist(), stop.tolist(), strict=True)
    return pack_masks([encode_counts(counts[a:b]) for a, b in pairs])


def column_spans(masks: Masks, size: Size) -> Spans:
    """The masks of one image of `size`, cut at the ends of columns.

    Raises ValueError for a mask of another number of pixels than the image.
    """
    intervals = intervals_of(masks)
    height, width = size
    wrong = np.flatnonzero(intervals.image_px != height * width)
    if len(wrong):
        got = int(intervals.image_px[wrong[0]])
        raise ValueError(f"mask {wrong[0]} of {got} px in an image of {height} × {width}")
    left = intervals.start // max(height, 1)
    columns = (intervals.stop - 1) // max(height, 1) - left + 1
    which = np.repeat(np.arange(len(left)), columns)
    x = np.arange(len(which)) - np.repeat(np.cumsum(columns) - columns - left, columns)
    return Spans(
        masks=len(masks),
        mask=intervals.mask[which],
        x=x,
        top=np.maximum(intervals.start[which] - x * height, 0),
        bottom=np.minimum(intervals.stop[which] - x * height, height),
    )


def masks_of_spans(spans: Spans, size: Size) -> Masks:
    """The masks of spans that lie in an image of `size`, as pycocotools encodes them."""
    height, width = size
    mask, start, stop = _joined(
        spans.mask, spans.x * height + spans.top, spans.x * height + spans.bottom
    )
    image_px = np.full(spans.masks, height * width, np.int64)
    return masks_of(Intervals(mask=mask, start=start, stop=stop, image_px=image_px))


def _joined(mask: Longs, start: Longs, stop: Longs) -> tuple[Longs, Longs, Longs]:
    """Intervals of which those of one mask that touch are made one."""
    touches = (start[1:] == stop[:-1]) & (mask[1:] == mask[:-1])
    opens = np.concatenate([np.ones(min(len(start), 1), np.bool_), ~touches])
    closes = np.concatenate([~touches, np.ones(min(len(start), 1), np.bool_)])
    return mask[opens], start[opens], stop[closes]
