"""Which detections a benchmark looks at: how many an image, of which classes, in which sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from segtrial.evaluation.match_kernel import rank_in_cells
from segtrial.types.arrays import Bools, Floats, Ints, Longs
from segtrial.types.detections import Detections
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset

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
    federated rules (pycocotools `useCats=0`); a cell is then an image. `crowds`: a detection that
    meets nothing else but lies in a crowd is ignored, under all rules but Ultralytics', which know
    no crowds (Differs from lvis, which knows none and reads them as plain truth). `above_score`:
    detections of that score or less do not exist. `first_of_equals`: of equal IoUs the first truth
    is met, where COCO's rule is the last.
    """

    per_image: int | None = None
    per_cell: int | None = 100
    federated: bool = False
    positive_area: bool = False
    class_agnostic: bool = False
    crowds: bool = True
    above_score: float | None = None
    first_of_equals: bool = False


COCO = Rules(per_cell=100)
LVIS = Rules(per_image=300, per_cell=300, federated=True, positive_area=True)
LOWEST_CONFIDENCE = 0.001  # of Ultralytics; itself left out
ULTRALYTICS = Rules(
    per_image=300,
    per_cell=None,
    crowds=False,
    above_score=LOWEST_CONFIDENCE,
    first_of_equals=True,
)

MOST_CELLS = 1 << 28
"""Cells up to which there is a table of all of them, of one byte each."""


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


def cells_of(image_index: Ints, class_index: Ints, classes: int) -> Longs:
    """The number of each (image, class) pair."""
    return image_index.astype(np.int64) * classes + class_index


def looked_at(detections: Detections, dataset: Dataset, rules: Rules) -> Bools:
    """Which detections the rules look at, but for their limits a cell and their areas: bool (D)."""
    wanted = np.ones(len(detections), np.bool_)
    if rules.above_score is not None:
        wanted &= detections.score > rules.above_score
    if rules.per_image is not None:
        sizes = np.bincount(detections.image_index[wanted], minlength=1)
        if sizes.max() > rules.per_image:
            rows = _orders(detections)[0]
            rows = rows[wanted[rows]]
            image = detections.image_index[rows]
            wanted[rows[ranks(np.zeros_like(image), image) >= rules.per_image]] = False
    if rules.federated:
        rows = np.flatnonzero(wanted)
        wanted[rows] = in_pairs(_cells(detections, dataset, rows), _looked_for(dataset, rules))
    return wanted


def detection_order(
    detections: Detections, dataset: Dataset, rules: Rules, area_px: Floats
) -> Longs:
    """Rows sorted by class, then by falling score; those that the rules leave out are left out.

    Equal scores keep the detections' order or, where all classes are one, stand by image and then
    by class id. `area_px`: float64 (D), of the detections.
    """
    wanted = looked_at(detections, dataset, rules)
    if rules.positive_area:
        wanted &= area_px > 0
    if rules.class_agnostic:
        image, place = detections.image_index, _by_class_id(detections, dataset)
        rows = np.lexsort((place, image, -detections.score))
    else:
        rows = _orders(detections)[1]
    rows = rows if wanted.all() else rows[wanted[rows]]
    if rules.per_cell is None:
        return rows
    label, image = detections.class_index[rows], detections.image_index[rows]
    rank = ranks(np.zeros_like(label) if rules.class_agnostic else label, image)
    kept = rank < rules.per_cell
    return rows if kept.all() else rows[kept]


_made: WeakKeyDictionary[Detections, tuple[Longs, Longs]] = WeakKeyDictionary()


def _orders(detections: Detections) -> tuple[Longs, Longs]:
    """Rows by falling score, and by class and then falling score; equal ones in their order.

    Made once for each Detections object.
    """
    if detections not in _made:
        by_score = np.argsort(-detections.score, kind="stable")
        label = detections.class_index[by_score]
        # a stable sort of 16-bit numbers is a radix sort
        if label.max(initial=0) < 1 << 15:
            label = label.astype(np.int16)
        _made[detections] = by_score, by_score[np.argsort(label, kind="stable")]
    return _made[detections]


def ranks(label: Ints, image: Ints) -> Ints:
    """How many rows of the same label and image stand before each row: int32 (K).

    Rows of equal labels stand together.
    """
    rank = np.empty(len(label), np.int32)
    images = int(image.max(initial=-1)) + 1
    # copies: the kernel is compiled once, for arrays that may be written
    seen, last = np.zeros(images, np.int64), np.full(images, -1, np.int64)
    rank_in_cells(np.array(label), np.array(image), seen, last, rank)
    return rank


def truth_ranks(dataset: Dataset, rules: Rules) -> Longs:
    """Of equal IoUs the truth of the highest rank is met: the later row, or the higher class id
    first where all classes are one; the earlier row where the rules say so. int64 (N).
    """
    if rules.first_of_equals:
        return np.arange(dataset.instances)[::-1].copy()
    if not rules.class_agnostic:
        return np.arange(dataset.instances)
    return _by_class_id(dataset, dataset) * dataset.instances + np.arange(dataset.instances)


def exists(dataset: Dataset, rules: Rules) -> Bools:
    """Which instances the rules look at, crowds included unless there are none: bool (N)."""
    known = np.ones(dataset.instances, np.bool_)
    if rules.positive_area:
        known &= dataset.area_px > 0
    if not rules.crowds:
        known &= ~dataset.crowd
    return known


def not_exhaustive(detections: Detections, dataset: Dataset, rows: Longs) -> Bools:
    """Which of the detections `rows` are of a class whose instances are not all labelled in their
    image: bool, one a row.
    """
    return in_pairs(_cells(detections, dataset, rows), not_exhaustive_cells(dataset))


def _cells(detections: Detections, dataset: Dataset, rows: Longs) -> Longs:
    classes = len(dataset.class_names)
    return cells_of(detections.image_index[rows], detections.class_index[rows], classes)


def _by_class_id(rows: Detections | Dataset, dataset: Dataset) -> Longs:
    """The place of each row's class among the sorted class ids: pycocotools' order of classes."""
    place = np.argsort(np.argsort(np.array(dataset.class_ids, np.int64)))
    return np.asarray(place[rows.class_index])


def _looked_for(dataset: Dataset, rules: Rules) -> Longs:
    """Cells that hold truth, or of which the labels say that they hold none; sorted."""
    if dataset.coverage is None:
        raise ValueError("federated rules need labels with coverage")
    classes = len(dataset.class_names)
    negative = dataset.coverage.negative
    positive = cells_of(dataset.image_index, dataset.class_index, classes)[exists(dataset, rules)]
    return np.unique(np.concatenate([positive, cells_of(negative[:, 0], negative[:, 1], classes)]))


def not_exhaustive_cells(dataset: Dataset) -> Longs:
    """Cells whose instances are not all labelled; sorted."""
    if dataset.coverage is None:
        raise ValueError("federated rules need labels with coverage")
    pairs = dataset.coverage.not_exhaustive
    return np.unique(cells_of(pairs[:, 0], pairs[:, 1], len(dataset.class_names)))


def in_pairs(cells: Longs, known: Longs) -> Bools:
    """Which cells are among the sorted `known`."""
    if len(known) == 0:
        return np.zeros(len(cells), np.bool_)
    if known[-1] < MOST_CELLS:
        table = np.zeros(known[-1] + 2, np.bool_)
        table[known] = True
        return np.asarray(table[np.minimum(cells, known[-1] + 1)])
    place = np.minimum(np.searchsorted(known, cells), len(known) - 1)
    return np.asarray(known[place] == cells)
