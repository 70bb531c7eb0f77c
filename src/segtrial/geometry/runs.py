"""Run lengths: COCO's compressed strings, plain counts, and masks inside their box.

Counts are column-major and start with background. The kernels are compiled by numba on first
use and cached on disk. Formula of the string: pycocotools `rleToString`, `rleFrString`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from segtrial.types.arrays import Bools, Bytes, Longs
from segtrial.types.masks import Masks


@njit(cache=True, nogil=True)
def _decode(data: Bytes, offset: Longs) -> tuple[npt.NDArray[np.uint32], Longs]:
    """Counts of all masks, one after another, and where each mask's counts begin."""
    masks = len(offset) - 1
    first = np.zeros(masks + 1, np.int64)
    for m in range(masks):
        runs = 0
        for i in range(offset[m], offset[m + 1]):
            if (data[i] - 48) & 0x20 == 0:
                runs += 1
        first[m + 1] = first[m] + runs
    counts = np.zeros(first[masks], np.uint32)
    for m in range(masks):
        i = offset[m]
        for r in range(first[m], first[m + 1]):
            value = np.int64(0)
            shift = 0
            while True:
                c = np.int64(data[i]) - 48
                i += 1
                value |= (c & 0x1F) << shift
                shift += 5
                if c & 0x20 == 0:
                    if c & 0x10:
                        value |= np.int64(-1) << shift
                    break
            if r - first[m] > 2:
                value += counts[r - 2]
            counts[r] = value
    return counts, first


@njit(cache=True, nogil=True)
def _encode(counts: npt.NDArray[np.int64], out: Bytes) -> int:
    """Write COCO's string of one mask; gives its length."""
    length = 0
    for r in range(len(counts)):
        value = counts[r]
        if r > 2:
            value -= counts[r - 2]
        more = True
        while more:
            c = value & 0x1F
            value >>= 5
            more = (value != -1) if c & 0x10 else (value != 0)
            if more:
                c |= 0x20
            out[length] = c + 48
            length += 1
    return length


@njit(cache=True, nogil=True)
def _crop_counts(
    crop: Bools, left: int, top: int, height: int, width: int
) -> npt.NDArray[np.int64]:
    """Counts of an image that is background but for `crop` at (left, top)."""
    rows, columns = crop.shape
    counts = np.zeros((rows + 1) * columns + 2, np.int64)
    runs = 0
    value = False
    start = np.int64(0)
    for x in range(columns):
        for y in range(rows):
            position = np.int64(left + x) * height + top + y
            # Outside the crop all is background: a run of foreground ends with its column,
            # unless the crop is as tall as the image.
            if y == 0 and value and rows < height:
                end = np.int64(left + x - 1) * height + top + rows
                counts[runs] = end - start
                runs += 1
                start = end
                value = False
            if crop[y, x] != value:
                counts[runs] = position - start
                runs += 1
                start = position
                value = not value
    if value:
        end = np.int64(left + columns - 1) * height + top + rows
        counts[runs] = end - start
        runs += 1
        start = end
    total = np.int64(height) * width
    if start < total:
        counts[runs] = total - start
        runs += 1
    return counts[:runs]


@njit(cache=True, nogil=True)
def _shifted(
    counts: npt.NDArray[np.uint32],
    first: Longs,
    rows: Longs,
    shift_px: Longs,
    height_px: Longs,
    out: Bytes,
    offset: Longs,
) -> None:
    """Encode mask `rows[k]` moved by (dx, dy) = `shift_px[k]`, for each k."""
    for k in range(len(rows)):
        a, b = first[rows[k]], first[rows[k] + 1]
        move = shift_px[k, 0] * height_px[k] + shift_px[k, 1]
        plain = np.zeros(b - a + 1, np.int64)
        for r in range(a, b):
            plain[r - a] = counts[r]
        runs = b - a
        plain[0] += move
        if runs % 2 == 1:
            plain[runs - 1] -= move
        elif move < 0:
            plain[runs] = -move
            runs += 1
        else:
            plain[runs - 1] -= move
        if runs % 2 == 1 and plain[runs - 1] == 0 and runs > 1:
            runs -= 1
        offset[k + 1] = offset[k] + _encode(plain[:runs], out[offset[k] :])


def shifted_runs(masks: Masks, *, rows: Longs, shift_px: Longs, height_px: Longs) -> Masks:
    """Masks `rows`, each moved by whole px (dx, dy): `shift_px` int64 (K, 2).

    `height_px`: int64 (K), the images' heights. A shift must keep the mask's box inside its image;
    empty masks stay as they are.
    """
    counts, first = decode_counts(masks)
    shift = np.where((np.diff(first)[rows] > 1)[:, None], shift_px, 0)
    runs = int(np.diff(first)[rows].sum()) + len(rows)
    out = np.empty(runs * 7 + 1, np.uint8)
    offset = np.zeros(len(rows) + 1, np.int64)
    _shifted(counts, first, rows, np.ascontiguousarray(shift), height_px, out, offset)
    return Masks(data=out[: offset[-1]].copy(), offset=offset)


def decode_counts(masks: Masks) -> tuple[npt.NDArray[np.uint32], Longs]:
    """Plain counts of all masks, uint32, and the first position of each: int64 (M + 1)."""
    return _decode(masks.data, masks.offset)


def encode_counts(counts: npt.NDArray[np.int64]) -> bytes:
    """COCO's compressed string of one mask's counts."""
    out = np.empty(len(counts) * 7 + 1, np.uint8)
    return out[: _encode(counts, out)].tobytes()


def encode_crop(crop: Bools, *, left: int, top: int, height: int, width: int) -> bytes:
    """COCO's string of a mask given only inside a box: `crop` bool (h, w) with its first pixel
    at (left, top) of an image of height × width px. The crop must lie inside the image.
    """
    rows, columns = crop.shape
    if left < 0 or top < 0 or left + columns > width or top + rows > height:
        raise ValueError(f"crop {crop.shape} at ({left}, {top}) leaves {height} × {width}")
    return encode_counts(_crop_counts(np.ascontiguousarray(crop), left, top, height, width))


def decode_mask(masks: Masks, row: int, *, height: int, width: int) -> Bools:
    """One mask as bool (height, width): for pictures and tests, never for a whole data set."""
    one = Masks(
        data=masks.data[masks.offset[row] : masks.offset[row + 1]],
        offset=np.array([0, masks.offset[row + 1] - masks.offset[row]]),
    )
    counts, _ = decode_counts(one)
    if int(counts.sum()) != height * width:
        raise ValueError(f"mask of {int(counts.sum())} px in an image of {height} × {width}")
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(width, height).T
