"""Run-length masks cut to windows, moved and scaled; one of them as pixels inside a box.

Whole sets go from runs to runs and are never dense; `masks.take(rows)` picks some. Only `crop`
and `decode_in_box` make pixels, one mask at a time and no more than the box.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segtrial.geometry.run_spans import Size, Spans, column_spans, masks_of_spans
from segtrial.types.arrays import Bools, Longs
from segtrial.types.masks import Masks

Box = tuple[int, int, int, int]  # left, top, width, height in whole px


def crop(masks: Masks, row: int, box: Box, *, size: Size) -> Bools:
    """The pixels of mask `row` inside `box` = (left, top, width, height): bool (height, width).

    The box may leave the image of `size` (height, width); outside is background. Raises
    ValueError for a box of negative size, or a mask of another image size.
    """
    left, top, width, height = _checked(box)
    spans = column_spans(masks.take(np.array([row])), size)
    return _filled(_windowed(spans, (left, top), (height, width)), (height, width))


def decode_in_box(masks: Masks, row: int, *, size: Size) -> tuple[int, int, Bools]:
    """Mask `row` inside its own tightest box: left, top, and its pixels, bool (h, w).

    An empty mask has (0, 0) and no pixels. `size`: (height, width) of the image. Raises
    ValueError for a mask of another image size.
    """
    spans = column_spans(masks.take(np.array([row])), size)
    if not len(spans.x):
        return 0, 0, np.zeros((0, 0), np.bool_)
    left, top = int(spans.x[0]), int(spans.top.min())
    window = int(spans.bottom.max()) - top, int(spans.x[-1]) + 1 - left
    return left, top, _filled(_windowed(spans, (left, top), window), window)


def _filled(spans: Spans, size: Size) -> Bools:
    """The pixels of one mask's spans, bool (height, width)."""
    # Along a column a pixel differs from the one above where a span begins or ends. Spans that
    # come from runs do not touch within a column, so no place is written twice.
    change = np.zeros((size[1], size[0] + 1), np.int8)
    change[spans.x, spans.top] = 1
    change[spans.x, spans.bottom] = -1
    return np.cumsum(change[:, :-1], axis=1, dtype=np.int8).view(np.bool_).T


def crop_runs(masks: Masks, box: Box, *, size: Size) -> Masks:
    """Masks of an image of `size`, cut to `box` = (left, top, width, height), in its frame.

    The box may leave the image; outside is background. The results are masks of an image of
    the box's size. Raises ValueError for a box of negative size, or masks of another image size.
    """
    left, top, width, height = _checked(box)
    window = (height, width)
    return masks_of_spans(_windowed(column_spans(masks, size), (left, top), window), window)


def shift_runs(masks: Masks, shift_px: Longs, *, size: Size) -> Masks:
    """Each mask of an image of `size` moved by (dx, dy) = `shift_px`, int64 (M, 2).

    What leaves the image falls off; `runs.shifted_runs` is for shifts that keep masks inside.
    Raises ValueError for masks of another image size.
    """
    spans = column_spans(masks, size)
    return masks_of_spans(
        _windowed(spans, -np.asarray(shift_px, np.int64)[spans.mask].T, size), size
    )


def resize_runs(masks: Masks, *, source: Size, target: Size) -> Masks:
    """Masks of an image of `source` scaled to one of `target`, both (height, width).

    Nearest neighbour by pixel centres: pixel X of W takes source pixel ⌊(X + ½) · w / W⌋ of w,
    likewise for rows, in whole numbers, so nothing is rounded. Equal sizes change nothing. Raises
    ValueError for masks of another image size, and for a size of 0 px.
    """
    if min(*source, *target) <= 0:
        raise ValueError(f"no picture is scaled from {source} to {target}")
    return masks_of_spans(_resized(column_spans(masks, source), source, target), target)


def _checked(box: Box) -> Box:
    left, top, width, height = (int(v) for v in box)
    if width < 0 or height < 0:
        raise ValueError(f"box of negative size: {box}")
    return left, top, width, height


def _windowed(spans: Spans, corner: tuple[int, int] | Longs, window: Size) -> Spans:
    """Spans in the frame of a window at `corner` = (left, top), what lies outside cut off;
    `corner` may be one each, (2, K).
    """
    left, top = corner
    height, width = window
    x = spans.x - left
    moved = replace(
        spans,
        x=x,
        top=np.clip(spans.top - top, 0, height),
        bottom=np.clip(spans.bottom - top, 0, height),
    )
    return moved.kept((x >= 0) & (x < width) & (moved.top < moved.bottom))


def _first_target(edge: Longs, source: int, target: int) -> Longs:
    """The first target pixel whose centre lies at or after the source's pixel edge `edge`:
    ⌈(2 · edge · target − source) / (2 · source)⌉.
    """
    return -((source - 2 * edge * target) // (2 * source))


def _resized(spans: Spans, source: Size, target: Size) -> Spans:
    """Spans of an image of `source`, in one of `target`: a source column stands in no, one or
    several target columns.
    """
    scaled = replace(
        spans,
        top=_first_target(spans.top, source[0], target[0]),
        bottom=_first_target(spans.bottom, source[0], target[0]),
    )
    scaled = scaled.kept(scaled.top < scaled.bottom)
    left = _first_target(scaled.x, source[1], target[1])
    columns = _first_target(scaled.x + 1, source[1], target[1]) - left
    which = np.repeat(np.arange(len(left)), columns)
    x = np.arange(len(which)) - np.repeat(np.cumsum(columns) - columns - left, columns)
    if len(columns) and columns.max() > 1:  # a column's spans must stand together again
        order = np.lexsort((scaled.top[which], x, scaled.mask[which]))
        which, x = which[order], x[order]
    return Spans(
        masks=spans.masks,
        mask=scaled.mask[which],
        x=x,
        top=scaled.top[which],
        bottom=scaled.bottom[which],
    )
