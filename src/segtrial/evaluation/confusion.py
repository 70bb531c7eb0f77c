"""Flow → counts: the confusion matrix with background, also under image weights.

Row C is the background: detections that met no truth. Column C: truths that nothing took. Shares of
one class pair and their intervals are in `flow`. Axes: C classes, I images, B resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.arrays import Floats, Ints, Longs, frozen
from segtrial.types.evaluation import IGNORED, NO_MATCH
from segtrial.types.flow import MISSED

if TYPE_CHECKING:
    from segtrial.types.flow import Flow


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Confusion:
    """How often each class was called what, at one IoU and confidence.

    `table`: int64 (C + 1, C + 1), truth × detection; row C = no truth (false positives), column
    C = no detection (missed). A row c < C sums to the truths of class c, crowds not counted; a
    column c < C to its detections, less the `ignored` ones: int64 (C), those in crowds, or of
    classes that were not looked for.
    """

    class_names: tuple[str, ...]
    iou_threshold: float
    confidence: float
    table: Longs
    ignored: Longs

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", frozen(self.table, np.int64))
        object.__setattr__(self, "ignored", frozen(self.ignored, np.int64))

    def recall(self) -> Floats:
        """The share of each class's truths that kept their class: float64 (C), NaN without truth.

        In class-agnostic matching, so it can lie a little below a per-class matching's recall.
        """
        return _ratio(np.diag(self.table)[:-1], self.table[:-1].sum(axis=1))

    def precision(self) -> Floats:
        """The share of each class's detections that are right: float64 (C), NaN without any."""
        return _ratio(np.diag(self.table)[:-1], self.table[:, :-1].sum(axis=0))

    def shares(self) -> Floats:
        """What each class became: `table` / truths, float64 (C, C + 1), NaN without truth."""
        rows = self.table[:-1]
        return _ratio(rows, rows.sum(axis=1, keepdims=True))

    def largest(self, count: int) -> list[tuple[int, int, int]]:
        """The most frequent mix-ups of two classes: (truth class, called class, how often).

        Background is no class here. Equal numbers stand in the order of the classes.
        """
        table = self.table[:-1, :-1].copy()
        np.fill_diagonal(table, 0)
        order = np.argsort(-table, axis=None, kind="stable")[:count].tolist()
        places = [divmod(place, len(self.class_names)) for place in order]
        return [(a, b, int(table[a, b])) for a, b in places if table[a, b]]


def _ratio(part: Longs, whole: Longs) -> Floats:
    return np.asarray(np.where(whole > 0, part / np.maximum(whole, 1), np.nan))


def confusion(flow: Flow) -> Confusion:
    """The confusion matrix of one run; no truth and no detections give a table of zeros."""
    side = len(flow.class_names) + 1
    _, cell = _events(flow)
    ignored = flow.detection_class[flow.met == IGNORED]
    return Confusion(
        class_names=flow.class_names,
        iou_threshold=flow.iou_threshold,
        confidence=flow.confidence,
        table=np.bincount(cell, minlength=side * side).reshape(side, side),
        ignored=np.bincount(ignored, minlength=side - 1),
    )


def confusion_under_weights(flow: Flow, weights_BI: Longs) -> Longs:
    """The table of each resample: int64 (B, C + 1, C + 1), which is 8·B·(C + 1)² bytes.

    `weights_BI`: int64 (B, I), how often each image stands in each resample. Exactly the table of a
    set in which the images are physically there that often, since images do not act on one another.
    Raises ValueError for weights of another number of images.
    """
    side = len(flow.class_names) + 1
    image, cell = _events(flow)
    table = np.zeros((len(weights_BI), side * side), np.int64)
    known, column = np.unique(cell, return_inverse=True)
    table[:, known] = weighted_counts(image, column, len(known), flow.images, weights_BI)
    return table.reshape(-1, side, side)


def weighted_counts(
    image: Ints, column: Longs, columns: int, images: int, weights_BI: Longs
) -> Longs:
    """How often each of K columns occurs in each resample: int64 (B, K).

    `image`, `column`: of each event. Raises ValueError for weights of another shape than (B, I).
    """
    if weights_BI.ndim != 2 or weights_BI.shape[1] != images:
        raise ValueError(f"weights of shape {weights_BI.shape} for {images} images")
    from scipy import sparse  # takes half a second to import, and only resamples need it

    ones = np.ones(len(image), np.int64)
    events = sparse.coo_array((ones, (column, image)), shape=(columns, images)).tocsr()
    return np.asarray((events @ np.ascontiguousarray(weights_BI.T, np.int64)).T, np.int64)


def _events(flow: Flow) -> tuple[Ints, Longs]:
    """Image and cell of the table of each truth that counts and of each false positive."""
    side = len(flow.class_names) + 1
    truth = flow.became != IGNORED
    became = flow.became[truth].astype(np.int64)
    false = flow.met == NO_MATCH
    cells = [
        flow.truth_class[truth] * np.int64(side) + np.where(became == MISSED, side - 1, became),
        (side - 1) * np.int64(side) + flow.detection_class[false],
    ]
    images = [flow.truth_image[truth], flow.detection_image[false]]
    return np.concatenate(images), np.concatenate(cells)
