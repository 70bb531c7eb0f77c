"""Masks in their box's frame: small truth for training, and predictions back to run lengths.

Only an instance whose source is a run-length mask is decoded whole, one at a time.
"""

from __future__ import annotations

from typing import Any

import hotcoco
import numpy as np
import numpy.typing as npt
from numba import njit

from segtrial.geometry.runs import encode_crop
from segtrial.types.arrays import Bools, Floats

Grid = npt.NDArray[np.bool_]


def mini_mask(outline: list[Floats] | dict[str, Any], box_xywh: Floats, side_px: int) -> Grid:
    """The instance inside its box, stretched to side_px × side_px: bool.

    Polygons are moved into the box's frame and rasterised there; run lengths are decoded and
    sampled at the grid's pixel centres. Raises ValueError for a box without area.
    """
    x, y, width, height = (float(v) for v in box_xywh)
    if width <= 0 or height <= 0:
        raise ValueError(f"box without area: {box_xywh}")
    if isinstance(outline, dict):
        return _sampled(outline, box_xywh, side_px)
    scale = np.array([side_px / width, side_px / height])
    flat = [((ring - (x, y)) * scale).ravel().tolist() for ring in outline]
    parts = hotcoco.mask.frPyObjects(flat, side_px, side_px)
    grid = hotcoco.mask.decode(hotcoco.mask.merge(parts) if len(parts) > 1 else parts[0])
    return np.ascontiguousarray(grid, dtype=bool)


def _sampled(rle: dict[str, Any], box_xywh: Floats, side_px: int) -> Grid:
    height, width = rle["size"]
    full = hotcoco.mask.decode(hotcoco.mask.frPyObjects(rle, height, width))
    steps = (np.arange(side_px) + 0.5) / side_px
    columns = np.clip((box_xywh[0] + steps * box_xywh[2]).astype(int), 0, width - 1)
    rows = np.clip((box_xywh[1] + steps * box_xywh[3]).astype(int), 0, height - 1)
    return np.ascontiguousarray(full[np.ix_(rows, columns)], dtype=bool)


@njit(cache=True, nogil=True)
def _paste(
    probability: npt.NDArray[np.float32], box: Floats, left: int, top: int, crop: Bools
) -> None:
    side = probability.shape[0]
    for j in range(crop.shape[1]):
        u = (left + j + 0.5 - box[0]) / (box[2] - box[0]) * side - 0.5
        u0 = int(np.floor(u))
        fu = u - u0
        for i in range(crop.shape[0]):
            v = (top + i + 0.5 - box[1]) / (box[3] - box[1]) * side - 0.5
            v0 = int(np.floor(v))
            fv = v - v0
            value = 0.0
            for dv in range(2):
                for du in range(2):
                    row = v0 + dv
                    column = u0 + du
                    if 0 <= row < side and 0 <= column < side:
                        weight = (fv if dv else 1 - fv) * (fu if du else 1 - fu)
                        value += weight * probability[row, column]
            crop[i, j] = value >= 0.5


def paste_to_runs(
    probability: npt.NDArray[np.float32], box_xyxy: Floats, *, height: int, width: int
) -> bytes:
    """COCO's compressed counts of a predicted mask.

    `probability`: float32 (M, M) inside the box; `box_xyxy` in px of the image of height × width.
    Each pixel centre inside the box is sampled bilinearly, zeros outside the grid, and is
    foreground from 0.5 (as torchvision's `paste_masks_in_image`, but without rounding the box).
    """
    left, top = (int(np.floor(v)) for v in box_xyxy[:2])
    right, bottom = (int(np.ceil(v)) for v in box_xyxy[2:])
    left, top = max(left, 0), max(top, 0)
    columns, rows = max(min(right, width) - left, 0), max(min(bottom, height) - top, 0)
    crop = np.zeros((rows, columns), np.bool_)
    if rows and columns and box_xyxy[2] > box_xyxy[0] and box_xyxy[3] > box_xyxy[1]:
        _paste(probability, np.asarray(box_xyxy, np.float64), left, top, crop)
    else:
        left = top = 0
        crop = np.zeros((0, 0), np.bool_)
    return encode_crop(crop, left=left, top=top, height=height, width=width)
