"""Which detections a benchmark looks at: how many an image, of which classes, in which sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.arrays import Bools, Ints, Longs

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

_ANY_PX = 1e10
AREA_RANGES_PX = {
    "all": (0.0, _ANY_PX),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, _ANY_PX),
}
"""COCO's and LVIS's area ranges in px, both ends included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of a benchmark.

    `per_image`, `per_cell`: at most so many detections of an image, of an image and class, the
    highest scores first; None = all. `federated`: detections of classes that were not looked for in
    their image are dropped, and unmatched ones of not-exhaustive classes ignored (LVIS).
    """

    per_image: int | None = None
    per_cell: int | None = 100
    federated: bool = False


COCO = Rules(per_cell=100)
LVIS = Rules(per_image=300, per_cell=300, federated=True)


def cells_of(image_index: Ints, class_index: Ints, classes: int) -> Longs:
    """The number of each (image, class) pair."""
    return image_index.astype(np.int64) * classes + class_index


def detection_order(detections: Detections, dataset: Dataset, rules: Rules) -> tuple[Longs, Longs]:
    """Rows sorted by (image, class, falling score), equal scores in the detections' order, and
    the cell of each; those that the rules leave out are left out.
    """
    classes = len(dataset.class_names)
    cell = cells_of(detections.image_index, detections.class_index, classes)
    kept = np.arange(len(cell))
    if rules.per_image is not None:
        kept = _highest(kept, detections.image_index.astype(np.int64), detections, rules.per_image)
    if rules.federated:
        kept = kept[in_pairs(cell[kept], _looked_for(dataset))]
    if rules.per_cell is not None:
        kept = _highest(kept, cell, detections, rules.per_cell)
    order = kept[np.lexsort((-detections.score[kept], cell[kept]))]
    return order, cell[order]


def _highest(rows: Longs, group: Longs, detections: Detections, count: int) -> Longs:
    """Of each group the `count` rows of the highest scores."""
    order = rows[np.lexsort((-detections.score[rows], group[rows]))]
    of_group = group[order]
    rank = np.arange(len(order)) - np.searchsorted(of_group, of_group)
    return np.sort(order[rank < count])


def _looked_for(dataset: Dataset) -> Longs:
    """Cells that hold truth, or of which the labels say that they hold none; sorted."""
    if dataset.coverage is None:
        raise ValueError("federated rules need labels with coverage")
    classes = len(dataset.class_names)
    negative = dataset.coverage.negative
    positive = cells_of(dataset.image_index, dataset.class_index, classes)
    return np.unique(np.concatenate([positive, cells_of(negative[:, 0], negative[:, 1], classes)]))


def not_exhaustive_cells(dataset: Dataset) -> Longs:
    """Cells whose instances are not all labelled; sorted."""
    if dataset.coverage is None:
        raise ValueError("federated rules need labels with coverage")
    pairs = dataset.coverage.not_exhaustive
    return np.unique(cells_of(pairs[:, 0], pairs[:, 1], len(dataset.class_names)))


def in_pairs(cells: Longs, known: Longs) -> Bools:
    """Which cells are among the sorted `known`."""
    return np.isin(cells, known)
