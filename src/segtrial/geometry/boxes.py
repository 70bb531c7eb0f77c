"""Boxes of every format, each into xywh in px with the far edge excluded, and back.

Format and unit stand in the names. Boxes are rows: float64 (K, 4). A box made from an outline
comes from the one rasteriser (`rasterise`); boxes of run-length masks are `run_measures`.
"""

from __future__ import annotations

import hotcoco
import numpy as np

from segtrial.geometry.outlines import Outline
from segtrial.geometry.rasterise import mask_counts
from segtrial.geometry.run_measures import boxes_xywh
from segtrial.geometry.run_spans import Size
from segtrial.types.arrays import Bools, Floats, Longs
from segtrial.types.masks import pack_masks

Sizes = Size | Longs  # (height, width) of one image, or int64 (K, 2): each box's image


def xywh_to_xyxy(box_xywh: Floats) -> Floats:
    """Left, top, width, height → left, top, right, bottom; far edge excluded."""
    return np.concatenate([box_xywh[:, :2], box_xywh[:, :2] + box_xywh[:, 2:]], axis=1)


def xyxy_to_xywh(box_xyxy: Floats) -> Floats:
    """Left, top, right, bottom → left, top, width, height; far edge excluded."""
    return np.concatenate([box_xyxy[:, :2], box_xyxy[:, 2:] - box_xyxy[:, :2]], axis=1)


def inclusive_xyxy_to_xywh(box_xyxy: Floats) -> Floats:
    """BDD100K's x1, y1, x2, y2, of which x2 and y2 are the last pixel: width = x2 − x1 + 1."""
    return np.concatenate([box_xyxy[:, :2], box_xyxy[:, 2:] - box_xyxy[:, :2] + 1], axis=1)


def xywh_to_inclusive_xyxy(box_xywh: Floats) -> Floats:
    """Left, top, width, height → BDD100K's x1, y1, x2, y2: x2 = x1 + width − 1."""
    return np.concatenate([box_xywh[:, :2], box_xywh[:, :2] + box_xywh[:, 2:] - 1], axis=1)


def cxcywh_fraction_to_xywh(box_cxcywh: Floats, size: Sizes) -> Floats:
    """YOLO's centre x, centre y, width, height as fractions of the image → xywh in px."""
    in_px = box_cxcywh * _whwh(size)
    return np.concatenate([in_px[:, :2] - in_px[:, 2:] / 2, in_px[:, 2:]], axis=1)


def xywh_to_cxcywh_fraction(box_xywh: Floats, size: Sizes) -> Floats:
    """Boxes xywh in px → YOLO's centre and size as fractions of the image; sizes above 0 px."""
    centre = box_xywh[:, :2] + box_xywh[:, 2:] / 2
    return np.concatenate([centre, box_xywh[:, 2:]], axis=1) / _whwh(size)


def clip_to_image(box_xywh: Floats, size: Sizes) -> Floats:
    """The part of each box inside its image; one that lies outside has no width or no height.

    A box that lies inside comes back to the bit.
    """
    limit = _whwh(size)
    far = xywh_to_xyxy(box_xywh)
    clipped = xyxy_to_xywh(np.clip(far, 0, limit))
    inside = np.all((far >= 0) & (far <= limit), axis=1, keepdims=True)
    return np.where(inside, box_xywh, clipped)


def box_iou(a_xywh: Floats, b_xywh: Floats, crowd_b: Bools | None = None) -> Floats:
    """Overlap of every box of `a` with every one of `b`: float64 (A, B), 0–1.

    Shared area / area of either; for a crowd (`crowd_b`, bool (B)) shared area / area of the box
    of `a`. Boxes that only touch, or have no area, have 0. To the bit as pycocotools `iou`.
    """
    crowd = np.zeros(len(b_xywh), np.bool_) if crowd_b is None else np.asarray(crowd_b, np.bool_)
    if not len(a_xywh) or not len(b_xywh):
        return np.zeros((len(a_xywh), len(b_xywh)))
    found: Floats = hotcoco.mask.bbox_iou(a_xywh, b_xywh, crowd.tolist())
    return found


def box_of_outline(outline: Outline, size: Size) -> Floats:
    """The tightest xywh box, in whole px, of an outline rasterised in an image of `size`.

    float64 (4), zeros for an outline without a pixel: the box of its mask, not of its vertices.
    Raises what `mask_counts` raises.
    """
    counts = mask_counts(outline, height=size[0], width=size[1])
    return boxes_xywh(pack_masks([counts]), size[0]).reshape(4)


def _whwh(size: Sizes) -> Floats:
    """Width, height, width, height of the image, float64 (4), or of each box's: (K, 4)."""
    sides = np.asarray(size, np.float64)[..., ::-1]
    return np.concatenate([sides, sides], axis=-1)
