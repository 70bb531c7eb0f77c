"""Compiled kernels of the overlaps: run lengths to intervals, near pairs, their IoU in order.

Compiled by numba on first use and cached on disk; the GIL is released. No floating-point reordering
(no fastmath), so that IoUs agree with pycocotools to the last bit. Kernels are over 40 lines where
a call inside the loop would cost, and take neither slices nor records: both cost the newcomer
seconds of compiling.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from segtrial.types.arrays import Bools, Bytes, Floats, Ints, Longs

Positions = npt.NDArray[np.uint32]


@njit(cache=True, nogil=True)
def decode_intervals(  # noqa: PLR0915
    data: Bytes,
    begin: Longs,
    end: Longs,
    height_px: Longs,
    start: Positions,
    stop: Positions,
    first: Longs,
    box_xywh: Floats,
    area_px: Floats,
) -> None:
    """The foreground of M masks as intervals of column-major positions, `stop` excluded.

    `data[begin[m]:end[m]]`: COCO's string. `height_px` (M): of each mask's image. Fills `start`,
    `stop` (at least half as many as there are bytes, and one a mask), `first` (M + 1), and tightest
    box and area of each mask; an empty one's are 0. As pycocotools `rleFrString`, `rleToBbox`: a
    run over a column's end takes the whole height.
    """
    place = 0
    for m in range(len(begin)):
        first[m] = place
        h = height_px[m]
        x0 = y0 = np.int64(1 << 40)
        x1 = y1 = np.int64(-1)
        area = np.int64(0)
        position = np.int64(0)
        column = base = np.int64(0)  # and the position of its first pixel
        older = old = np.int64(0)  # the counts before the last, and the last
        i = begin[m]
        run = 0
        while i < end[m]:
            c = np.int64(data[i]) - 48
            i += 1
            value = (c & 31) - ((c & 16) << 1)  # a run of one character: most of them
            if c & 32:
                value = c & 31
                shift = 5
                while c & 32:
                    c = np.int64(data[i]) - 48
                    i += 1
                    value |= (c & 31) << shift
                    shift += 5
                value -= (c & 16) << (shift - 4)
            if run > 2:
                value += older
            older = old
            old = value
            if run & 1 and value > 0:
                last = position + value - 1
                start[place] = position
                stop[place] = last + 1
                place += 1
                area += value
                # The column of the interval's first pixel: mostly that of the one before, or the
                # next. A division for each would take as long as all else.
                if position >= base + h:
                    base += h
                    column += 1
                    if position >= base + h:
                        column = position // h
                        base = column * h
                x0 = min(x0, column)
                if last < base + h:
                    x1 = max(x1, column)
                    y0 = min(y0, position - base)
                    y1 = max(y1, last - base)
                else:
                    x1 = max(x1, last // h)
                    y0 = np.int64(0)
                    y1 = h - 1
            position += value
            run += 1
        area_px[m] = area
        if x1 >= 0:
            box_xywh[m, 0] = x0
            box_xywh[m, 1] = y0
            box_xywh[m, 2] = x1 - x0 + 1
            box_xywh[m, 3] = y1 - y0 + 1
    first[len(begin)] = place


@njit(cache=True, nogil=True)
def near_pairs(
    image_d: Longs,
    d_class: Ints,
    d_box: Floats,
    d_area: Floats,
    image_n: Longs,
    n_class: Ints,
    n_box: Floats,
    n_area: Floats,
    n_crowd: Bools,
    same_class: bool,
    floor: float,
    pair_d: Longs,
    pair_n: Longs,
    shared_px: Floats,
) -> int:
    """Pairs of one image whose boxes allow an IoU of `floor` or more; gives their number.

    `image_d`, `image_n` (I + 1): the first detection and the first truth of each image. Fills
    detection, truth and shared px of the boxes as far as the pairs fit; a larger number asks for
    longer arrays. The bound min(shared px of the boxes, both areas) / largest area is exact for
    masks and boxes alike: no IoU is above it; a crowd's is over the detection's area.
    """
    least = floor * (1 - 1e-12)  # rounding must not lose a pair of just that IoU
    found = 0
    for image in range(len(image_d) - 1):
        for d in range(image_d[image], image_d[image + 1]):
            x, y, width, height = d_box[d, 0], d_box[d, 1], d_box[d, 2], d_box[d, 3]
            area = d_area[d]
            for n in range(image_n[image], image_n[image + 1]):
                across = min(x + width, n_box[n, 0] + n_box[n, 2]) - max(x, n_box[n, 0])
                if across <= 0:
                    continue
                down = min(y + height, n_box[n, 1] + n_box[n, 3]) - max(y, n_box[n, 1])
                if down <= 0 or (same_class and d_class[d] != n_class[n]):
                    continue
                shared = across * down
                largest = area if n_crowd[n] else max(area, n_area[n])
                if min(shared, area, n_area[n]) < least * largest:
                    continue
                if found < len(pair_d):
                    pair_d[found] = d
                    pair_n[found] = n
                    shared_px[found] = shared
                found += 1
    return found


@njit(cache=True, nogil=True)
def settle_pairs(  # noqa: PLR0912 (a call inside the loop would cost)
    pair_d: Longs,
    pair_n: Longs,
    shared_px: Floats,
    d_class: Ints,
    d_area: Floats,
    d_start: Positions,
    d_stop: Positions,
    d_first: Longs,
    n_class: Ints,
    n_area: Floats,
    n_crowd: Bools,
    n_start: Positions,
    n_stop: Positions,
    n_first: Longs,
    masks: bool,
    floor: float,
    first: Longs,
    truth_row: Ints,
    iou: Floats,
) -> int:
    """IoU of each pair; those of `floor` or more in the order of `Overlaps`. Gives their number.

    `pair_d` rises. Fills `first` (detections + 1), `truth_row` and `iou`.
    """
    kept = 0
    d_before = -1
    for p in range(len(pair_d)):
        d = pair_d[p]
        n = pair_n[p]
        while d_before < d:
            d_before += 1
            first[d_before] = kept
        shared = shared_px[p]
        if masks:
            i, i_end = d_first[d], d_first[d + 1]
            j, j_end = n_first[n], n_first[n + 1]
            pixels = np.int64(0)
            while i + 8 < i_end and d_stop[i + 8] <= n_start[j]:
                i += 8  # what lies before the other's first pixel is passed in strides
            while j + 8 < j_end and n_stop[j + 8] <= d_start[i]:
                j += 8
            while i < i_end and j < j_end:
                a, b = np.int64(d_stop[i]), np.int64(n_stop[j])
                both = min(a, b) - max(np.int64(d_start[i]), np.int64(n_start[j]))
                if both > 0:
                    pixels += both
                if a <= b:
                    i += 1
                if b <= a:
                    j += 1
            shared = float(pixels)
        union = d_area[d] if n_crowd[n] else d_area[d] + n_area[n] - shared
        value = shared / union if union > 0 else 0.0
        if value < floor:
            continue
        # among the detection's pairs: by falling IoU, then its own class, then later rows
        own = d_class[d] == n_class[n]
        q = kept
        while q > first[d]:
            before = truth_row[q - 1]
            if iou[q - 1] > value:
                break
            if iou[q - 1] == value and not own and d_class[d] == n_class[before]:
                break
            truth_row[q] = before
            iou[q] = iou[q - 1]
            q -= 1
        truth_row[q] = n
        iou[q] = value
        kept += 1
    while d_before < len(first) - 1:
        d_before += 1
        first[d_before] = kept
    return kept
