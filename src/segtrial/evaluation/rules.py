"""Which detections a benchmark looks at: how many an image, of which classes, in which sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.arrays import Bools, Floats, Ints, Longs

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
    `positive_area`: truths and detections without area do not exist (LVIS; under COCO's rules such
    a truth counts, though nothing can meet it). `class_agnostic`: all classes are one, after the
    federated rules (pycocotools `useCats=0`); a cell is then an image. Crowds are ignored under
    all rules (Differs from lvis, which knows none and reads them as plain truth).
    """

    per_image: int | None = None
    per_cell: int | None = 100
    federated: bool = False
    positive_area: bool = False
    class_agnostic: bool = False


COCO = Rules(per_cell=100)
LVIS = Rules(per_image=300, per_cell=300, federated=True, positive_area=True)


def cells_of(image_index: Ints, class_index: Ints, classes: int) -> Longs:
    """The number of each (image, class) pair."""
    return image_index.astype(np.int64) * classes + class_index


def detection_order(
    detections: Detections, dataset: Dataset, rules: Rules, area_px: Floats | None = None
) -> tuple[Longs, Longs]:
    """Rows sorted by (image, class, falling score), and the cell of each; those that the rules
    leave out are left out. Equal scores keep the detections' order or, where all classes are one,
    stand by class id first. `area_px`: float64 (D), of the detections; only rules of positive
    area need it.
    """
    assert area_px is not None or not rules.positive_area
    cell = _class_cells(detections, dataset)
    kept = np.arange(len(cell))
    if rules.per_image is not None:
        kept = _highest(kept, detections.image_index.astype(np.int64), detections, rules.per_image)
    if rules.positive_area and area_px is not None:
        kept = kept[area_px[kept] > 0]
    if rules.federated:
        kept = kept[in_pairs(cell[kept], _looked_for(dataset, rules))]
    if rules.class_agnostic:
        kept = kept[np.argsort(_by_class_id(detections, dataset)[kept], kind="stable")]
        cell = detections.image_index.astype(np.int64)
    if rules.per_cell is not None:
        kept = _highest(kept, cell, detections, rules.per_cell)
    order = kept[np.lexsort((-detections.score[kept], cell[kept]))]
    return order, cell[order]


def truth_order(dataset: Dataset, rules: Rules) -> tuple[Longs, Longs]:
    """Rows of the truth sorted by (image, class), or by image and class id where all classes are
    one, and the cell of each.
    """
    rows = np.flatnonzero(exists(dataset, rules))
    cell = _class_cells(dataset, dataset)
    if rules.class_agnostic:
        rows = rows[np.argsort(_by_class_id(dataset, dataset)[rows], kind="stable")]
        cell = dataset.image_index.astype(np.int64)
    order = rows[np.argsort(cell[rows], kind="stable")]
    return order, cell[order]


def exists(dataset: Dataset, rules: Rules) -> Bools:
    """Which instances the rules look at, crowds included: bool (N)."""
    if rules.positive_area:
        return np.asarray(dataset.area_px > 0)
    return np.ones(dataset.instances, np.bool_)


def _class_cells(rows: Detections | Dataset, dataset: Dataset) -> Longs:
    return cells_of(rows.image_index, rows.class_index, len(dataset.class_names))


def _by_class_id(rows: Detections | Dataset, dataset: Dataset) -> Longs:
    """The place of each row's class among the sorted class ids: pycocotools' order of classes."""
    place = np.argsort(np.argsort(np.array(dataset.class_ids, np.int64)))
    return np.asarray(place[rows.class_index])


def _highest(rows: Longs, group: Longs, detections: Detections, count: int) -> Longs:
    """Of each group the `count` rows of the highest scores, in the order of `rows`."""
    place = np.lexsort((-detections.score[rows], group[rows]))
    of_group = group[rows[place]]
    rank = np.arange(len(place)) - np.searchsorted(of_group, of_group)
    return np.asarray(rows[np.sort(place[rank < count])])


def _looked_for(dataset: Dataset, rules: Rules) -> Longs:
    """Cells that hold truth, or of which the labels say that they hold none; sorted."""
    if dataset.coverage is None:
        raise ValueError("federated rules need labels with coverage")
    classes = len(dataset.class_names)
    negative = dataset.coverage.negative
    positive = _class_cells(dataset, dataset)[exists(dataset, rules)]
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
