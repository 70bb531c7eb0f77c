"""Overlaps → Flow: matching that does not look at classes.

A truth that is found under another name is matched here, and is a miss in `matching`. Counting is
in `confusion` and `flow`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from segtrial.evaluation.rules import cells_of, check_scores, in_pairs, not_exhaustive_cells
from segtrial.types.arrays import Bools, Floats, Ints, Longs
from segtrial.types.evaluation import IGNORED, NO_MATCH
from segtrial.types.flow import MISSED, Flow

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.overlaps import Overlaps


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
    DataError for a score that is not a number, ValueError for a threshold below the pairs' floor
    and for pairs of equal classes alone.
    """
    if not pairs.any_class:
        raise ValueError("overlaps of equal classes alone say nothing of what became another")
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
    _greedy(
        order,
        pairs.first,
        pairs.truth_row,
        pairs.iou,
        np.array(dataset.crowd),  # a copy: the kernel is compiled for a writable one
        min(iou_threshold, 1 - 1e-10),
        met,
        taken_by,
    )
    return met, taken_by


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
