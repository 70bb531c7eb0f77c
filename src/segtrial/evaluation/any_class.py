"""Detections + Dataset → Overlaps → Flow: matching that does not look at classes.

A truth that is found under another name is matched here, and is a miss in `matching`. Counting is
in `confusion` and `flow`. Sparse: only pairs above a floor are kept, image by image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from segtrial.evaluation import kernels
from segtrial.evaluation.matching import box_shapes, mask_shapes
from segtrial.evaluation.rules import cells_of, in_pairs, not_exhaustive_cells
from segtrial.types.arrays import Bools, Floats, Ints, Longs
from segtrial.types.errors import DataError
from segtrial.types.evaluation import IGNORED, NO_MATCH, IouType
from segtrial.types.flow import MISSED, Flow, Overlaps

if TYPE_CHECKING:
    from segtrial.evaluation.matching import Shapes, Truth
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

FLOOR = 0.1
"""IoU below which a pair is no overlap: TIDE's background threshold."""


def overlaps(
    truth: Truth, detections: Detections, iou_type: IouType, *, floor: float = FLOOR
) -> Overlaps:
    """All pairs of a detection and a truth of its image with IoU ≥ `floor`, whatever their classes.

    Once a run; `match_any_class` and the error types read from it. No truth or no detections: no
    pairs. Raises ValueError for a floor outside (0, 1] and where masks are asked for and missing.
    """
    if not 0 < floor <= 1:
        raise ValueError(f"a floor of {floor}: expected above 0, at most 1")
    dataset = truth.dataset
    found, real = _shapes(truth, detections, iou_type)
    crowd = np.array(dataset.crowd)
    image_D = np.searchsorted(detections.image_index, np.arange(dataset.images + 1))
    image_N = dataset.first_rows()
    detection, row, iou = [], [], []
    both = (np.diff(image_D) > 0) & (np.diff(image_N) > 0)
    for image in np.flatnonzero(both).tolist():
        a, b = int(image_D[image]), int(image_D[image + 1])
        c, d = int(image_N[image]), int(image_N[image + 1])
        iou_DN = _image_ious(found, real, crowd, np.arange(a, b), np.arange(c, d), floor)
        near = np.nonzero(iou_DN >= floor)
        detection.append(near[0] + a)
        row.append(near[1] + c)
        iou.append(iou_DN[near])
    pair_D = np.concatenate([np.zeros(0, np.int64), *detection])
    pair_N = np.concatenate([np.zeros(0, np.int64), *row])
    value = np.concatenate([np.zeros(0), *iou])
    foreign = detections.class_index[pair_D] != dataset.class_index[pair_N]
    order = np.lexsort((-pair_N, foreign, -value, pair_D))
    return Overlaps(
        iou_type=iou_type,
        floor=floor,
        first=np.searchsorted(pair_D, np.arange(len(detections) + 1)),
        truth_row=pair_N[order],
        iou=value[order],
    )


def _shapes(truth: Truth, detections: Detections, iou_type: IouType) -> tuple[Shapes, Shapes]:
    """Of the detections and of the truth."""
    if iou_type == IouType.BOX:
        return box_shapes(np.array(detections.box_xywh)), truth.boxes
    if detections.masks is None or truth.masks is None:
        raise ValueError("mask matching needs masks on both sides")
    heights = truth.dataset.height_px[detections.image_index].astype(np.int64)
    return mask_shapes(detections.masks, heights), truth.masks


def _image_ious(
    found: Shapes, real: Shapes, crowd: Bools, rows_D: Longs, rows_N: Longs, floor: float
) -> Floats:
    """IoU of every detection with every truth of one image; pairs below `floor` may be 0."""
    iou_DN = np.empty((len(rows_D), len(rows_N)))
    kernels.cell_ious(
        found.box_xywh,
        found.area_px,
        found.counts,
        found.first,
        rows_D,
        real.box_xywh,
        real.area_px,
        crowd,
        real.counts,
        real.first,
        rows_N,
        len(found.first) > 0,
        floor,
        iou_DN,
    )
    return iou_DN


@njit(cache=True, nogil=True)
def _greedy(
    order: Longs,
    first: Longs,
    truth_row: Ints,
    iou: Floats,
    crowd: Bools,
    threshold: float,
    met: Ints,
    taken_by: Longs,
) -> None:
    """Detections in `order` each take their nearest free truth; else a crowd absorbs them.

    `met` is filled in that order: a truth row, −1 for none, −2 for a crowd.
    """
    for k in range(len(order)):
        d = order[k]
        met[k] = -1
        for p in range(first[d], first[d + 1]):
            if iou[p] < threshold:
                break
            n = truth_row[p]
            if crowd[n]:
                met[k] = -2
            elif taken_by[n] < 0:
                met[k] = n
                taken_by[n] = d
                break


def match_any_class(
    pairs: Overlaps,
    dataset: Dataset,
    detections: Detections,
    *,
    confidence: float,
    iou_threshold: float = 0.5,
) -> Flow:
    """One-to-one matching without regard to classes: what each truth became.

    Detections below `confidence` do not exist; at it they do. In order of falling score (ties: the
    detections' order) each takes the free truth of highest IoU at or above `iou_threshold`; of
    equal IoUs one of its own class, then the later row. One that finds no free truth but lies in a
    crowd of any class is ignored, as with pycocotools' `useCats = 0`. Where labels state what they
    cover, a false positive of a class that was not looked for in its image, or whose instances are
    not all labelled there, is ignored too. There is no limit of detections an image.

    No truth: all detections are false positives; no detections: all truths are missed. Raises
    DataError for a score that is not a number, ValueError for a threshold below the pairs' floor.
    """
    if not pairs.floor <= iou_threshold <= 1:
        raise ValueError(f"IoU threshold {iou_threshold}: pairs are known from {pairs.floor} up")
    check_scores(detections)
    rows = np.flatnonzero(detections.score >= confidence)
    order = rows[np.argsort(-detections.score[rows], kind="stable")]
    met, taken_by = _met_in_order(order, pairs, dataset, iou_threshold)
    met = met[np.argsort(order, kind="stable")]
    if dataset.coverage is not None:
        unknown = _not_known(dataset, detections, rows)
        met = np.where((met == NO_MATCH) & unknown, IGNORED, met)
    became = np.where(taken_by >= 0, detections.class_index[taken_by] if len(rows) else 0, MISSED)
    return Flow(
        iou_type=pairs.iou_type,
        iou_threshold=iou_threshold,
        confidence=confidence,
        images=dataset.images,
        class_names=dataset.class_names,
        truth_class=dataset.class_index,
        truth_image=dataset.image_index,
        became=np.where(dataset.crowd, IGNORED, became),
        taken_by=taken_by,
        detection_row=rows,
        detection_class=detections.class_index[rows],
        detection_image=detections.image_index[rows],
        met=met,
    )


def _met_in_order(
    order: Longs, pairs: Overlaps, dataset: Dataset, iou_threshold: float
) -> tuple[Ints, Longs]:
    """What each detection of `order` met, and which detection took each truth."""
    met = np.empty(len(order), np.int32)
    taken_by = np.full(dataset.instances, -1, np.int64)
    # copies: the kernel is compiled for writable arrays, as everywhere
    _greedy(
        order,
        np.array(pairs.first),
        np.array(pairs.truth_row),
        np.array(pairs.iou),
        np.array(dataset.crowd),
        min(iou_threshold, 1 - 1e-10),
        met,
        taken_by,
    )
    return met, taken_by


def check_scores(detections: Detections) -> None:
    """Raise DataError for a score that is not a number: it would stand in no order."""
    wrong = np.flatnonzero(np.isnan(detections.score))
    if len(wrong):
        raise DataError(
            f"{len(wrong)} of {len(detections)} detections have a score that is not a number.",
            where=f"detection {wrong[0]}, counted from 0 by image",
            expected="a number from 0 to 1",
            got="NaN",
            next_step="predict again, or leave those detections out",
        )


def _not_known(dataset: Dataset, detections: Detections, rows: Longs) -> Bools:
    """Which detections are of a class whose absence their image's labels do not state."""
    assert dataset.coverage is not None
    classes = len(dataset.class_names)
    negative = dataset.coverage.negative
    cell = cells_of(detections.image_index[rows], detections.class_index[rows], classes)
    looked_for = [
        cells_of(dataset.image_index, dataset.class_index, classes),
        cells_of(negative[:, 0], negative[:, 1], classes),
    ]
    partly = in_pairs(cell, not_exhaustive_cells(dataset))
    return np.asarray(~in_pairs(cell, np.unique(np.concatenate(looked_for))) | partly)
