"""Overlaps of a small set, image by image without compiled kernels of ours: the same numbers.

numpy for boxes, hotcoco's primitives for masks. A newcomer's first evaluation waits for no
compiler here; on large sets `overlaps` is many times as fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hotcoco
import numpy as np

from segtrial.types.evaluation import IouType
from segtrial.types.overlaps import Overlaps

if TYPE_CHECKING:
    from segtrial.evaluation.shapes import Truth
    from segtrial.types.arrays import Bools, Floats, Longs
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.masks import Masks


def number_of_pairs(dataset: Dataset, detections: Detections, wanted: Bools) -> int:
    """How many pairs of a wanted detection and a truth share an image."""
    found = np.bincount(detections.image_index[wanted], minlength=dataset.images)
    return int(found @ np.bincount(dataset.image_index, minlength=dataset.images))


def few_overlaps(
    truth: Truth,
    detections: Detections,
    iou_type: IouType,
    *,
    floor: float,
    any_class: bool,
    wanted: Bools,
) -> Overlaps:
    """As `overlaps.overlaps`, which has checked what it was given."""
    dataset = truth.dataset
    first_N = dataset.first_rows()
    area_px = np.full(len(detections), np.nan)
    pairs: list[tuple[Longs, Longs, Floats]] = []
    for image in np.unique(detections.image_index[wanted]).tolist():
        rows_D = np.flatnonzero(wanted & (detections.image_index == image))
        rows_N = np.arange(first_N[image], first_N[image + 1])
        crowd_N = dataset.crowd[rows_N]
        if iou_type == IouType.BOX:
            found, real = detections.box_xywh[rows_D], dataset.box_xywh[rows_N]
            area_px[rows_D] = found[:, 2] * found[:, 3]
            iou_DN = _box_ious(found, real, crowd_N)
        else:
            assert detections.masks is not None
            assert truth.masks is not None
            size = [int(dataset.height_px[image]), int(dataset.width_px[image])]
            rles = _rles(detections.masks, rows_D, size)
            area_px[rows_D] = hotcoco.mask.area(rles)
            iou_DN = _mask_ious(rles, _rles(truth.masks, rows_N, size), crowd_N)
        near = iou_DN >= floor
        if not any_class:
            near &= detections.class_index[rows_D][:, None] == dataset.class_index[rows_N]
        d, n = np.nonzero(near)
        pairs.append((rows_D[d], rows_N[n], iou_DN[d, n]))
    nothing = np.zeros(0, np.int64)
    row_D = np.concatenate([nothing, *(d for d, _, _ in pairs)])
    row_N = np.concatenate([nothing, *(n for _, n, _ in pairs)])
    iou = np.concatenate([np.zeros(0), *(v for _, _, v in pairs)])
    foreign = detections.class_index[row_D] != dataset.class_index[row_N]
    order = np.lexsort((-row_N, foreign, -iou, row_D))
    return Overlaps(
        iou_type=iou_type,
        floor=floor,
        any_class=any_class,
        first=np.searchsorted(row_D, np.arange(len(detections) + 1)),
        truth_row=row_N[order],
        iou=iou[order],
        area_px=area_px,
    )


def _box_ious(found_D4: Floats, real_N4: Floats, crowd_N: Bools) -> Floats:
    """As pycocotools `bbIou`; a crowd's is the share of the detection."""
    a, b = found_D4[:, None, :], real_N4[None, :, :]
    across, down = (
        np.minimum(a[..., k] + a[..., k + 2], b[..., k] + b[..., k + 2])
        - np.maximum(a[..., k], b[..., k])
        for k in (0, 1)
    )
    shared = np.where((across > 0) & (down > 0), across * down, 0.0)
    area_D1, area_1N = a[..., 2] * a[..., 3], b[..., 2] * b[..., 3]
    either = np.where(crowd_N, area_D1, area_D1 + area_1N - shared)
    return np.asarray(shared / np.where(either > 0, either, 1))


def _rles(masks: Masks, rows: Longs, size: list[int]) -> list[dict[str, Any]]:
    return [{"size": size, "counts": masks.counts(row)} for row in rows.tolist()]


def _mask_ious(found: list[dict[str, Any]], real: list[dict[str, Any]], crowd_N: Bools) -> Floats:
    if not found or not real:
        return np.zeros((len(found), len(real)))
    return np.asarray(hotcoco.mask.iou(found, real, crowd_N.tolist()), np.float64)
