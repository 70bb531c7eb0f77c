"""Whether compressed run lengths, many at once, are sound and fill their images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools, Bytes, Longs

_LONGEST_BITS = 35  # seven characters of one run hold every difference of two uint32


@njit(cache=True, nogil=True)
def _fill_images(data: Bytes, offset: Longs, image_px: Longs, out: Bools) -> None:
    for m in range(len(image_px)):
        i = offset[m]
        end = offset[m + 1]
        pixels = image_px[m]
        wrong = np.int64(end <= i)
        total = np.int64(0)
        last = np.int64(0)
        before = np.int64(0)  # the run before the last; of the first run, 0 stands there
        run = 0
        while i < end:
            code = np.int64(data[i]) - 48
            i += 1
            if code < 32:  # a run of one character: most of them
                wrong |= code < 0
                value = code - ((code & 16) << 1)
            else:
                value = code & 31
                shift = 5
                seen = code
                previous = code
                while code >= 32 and i < end and shift < _LONGEST_BITS:
                    previous = code
                    code = np.int64(data[i]) - 48
                    i += 1
                    seen |= code
                    value |= (code & 31) << shift
                    shift += 5
                value -= (code & 16) << (shift - 4)
                # No end, no character of such a string, or a last character that says nothing.
                wrong |= (code >= 32) | (seen > 63) | (code < 0)
                wrong |= (code & 31) == (31 if previous & 16 else 0)
            value += before  # from the fourth run on a run is a difference
            wrong |= (value < 0) | (value > pixels)
            total += value
            before = last
            last = value * run
            run = 1
        out[m] = wrong == 0 and total == pixels


def runs_fill_images(data: Bytes, offset: Longs, image_px: Longs) -> Bools:
    """Which of M masks are sound: bool (M). A sound mask is COCO's string, written as short as it
    can be, of runs ≥ 0 px that sum to its image's pixels, `image_px` int64 (M).

    `data` uint8, read-only, and `offset` int64 (M + 1) as in `Masks`. A mask that is not sound may
    still be read by `mask_counts`, which writes it anew or says what is wrong with it.
    """
    out = np.empty(len(image_px), np.bool_)
    _fill_images(data, offset, image_px, out)
    return out
