"""Matches → numbers of each image, to find the pictures that went worst.

An image holds few truths, so its AP is a coarse number: it ranks pictures and is no estimate.
Axes: I images, T thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.average_precision import plain_precision
from segtrial.evaluation.rules import in_pairs
from segtrial.types.evaluation import NO_MATCH

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools, Floats, Longs
    from segtrial.types.evaluation import Matches

CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageScores:
    """What became of I images.

    `ap`: float64 (I), mean over the thresholds and the classes present in the image of the AP
    of that image alone; `ap50` the same at IoU 0.5. NaN where the image has no truth, and only
    there. Detections of classes that are not present do not lower it: they are among the errors.
    int64 (I): `classes` present, `instances` of truth; and at IoU 0.5, of the detections whose
    score is at least `confidence`: `hits`, `false_positives`, and `missed` truths.
    """

    confidence: float
    ap: Floats
    ap50: Floats
    classes: Longs
    instances: Longs
    hits: Longs
    false_positives: Longs
    missed: Longs

    @property
    def errors(self) -> Longs:
        """False positives and missed truths: int64 (I)."""
        return np.asarray(self.false_positives + self.missed)

    def worst_first(self) -> Longs:
        """Rows of all images, those that went worst first: int64 (I).

        By rising AP50, of equal ones by falling errors, then by row. An image without truth has no
        AP50: with false positives it stands among those of AP50 0 (nothing in it is right), with
        none it stands after all others (nothing in it is wrong).
        """
        empty = np.where(self.errors > 0, 0.0, np.inf)
        place = np.where(np.isnan(self.ap50), empty, self.ap50)
        return np.lexsort((-self.errors, place)).astype(np.int64)


def image_scores(matches: Matches, *, confidence: float = CONFIDENCE) -> ImageScores:
    """AP and errors of each image, from the matches of the whole set.

    Ignored detections and truths count nowhere. No detections: AP 0, every truth missed. Equal
    scores: as in `Matches`. Raises ValueError for matches without the threshold 0.5.
    """
    half = np.flatnonzero(np.isclose(matches.thresholds, 0.5))
    if len(half) != 1:
        raise ValueError(f"one threshold of 0.5 is wanted among {matches.thresholds.tolist()}")
    cells, ap_KT = _cell_precisions(matches)
    image = cells // matches.classes
    classes = np.bincount(image, minlength=matches.images)
    met = matches.truth_row[half[0]]
    sure = matches.score >= confidence
    instances = np.bincount(matches.truth_image, minlength=matches.images)
    hits = _count(matches, sure & (met >= 0))
    return ImageScores(
        confidence=confidence,
        ap=_means(ap_KT.mean(axis=1), image, classes),
        ap50=_means(ap_KT[:, half[0]], image, classes),
        classes=classes,
        instances=instances,
        hits=hits,
        false_positives=_count(matches, sure & (met == NO_MATCH)),
        missed=instances - hits,
    )


def _cell_precisions(matches: Matches) -> tuple[Longs, Floats]:
    """The (image, class) cells with truth, sorted, and their AP: float64 (K, T).

    Each cell is handed on as a class of its own; detections of cells without truth are left out.
    """
    truth_cell = matches.truth_image.astype(np.int64) * matches.classes + matches.truth_class
    cells, of_truth = np.unique(truth_cell, return_inverse=True)
    cell = matches.image_index.astype(np.int64) * matches.classes + matches.class_index
    kept = np.flatnonzero(in_pairs(cell, cells))
    of_found = np.searchsorted(cells, cell[kept])
    # stable, so that each cell keeps the order of falling scores
    order = np.argsort(of_found, kind="stable")
    rows = kept[order]
    alone = replace(
        matches,
        classes=len(cells),
        image_index=matches.image_index[rows],
        class_index=of_found[order].astype(np.int32),
        score=matches.score[rows],
        detection_row=matches.detection_row[rows],
        truth_row=matches.truth_row[:, rows],
        truth_class=of_truth.astype(np.int32),
    )
    return cells, plain_precision(alone)


def _means(value: Floats, image: Longs, classes: Longs) -> Floats:
    """The mean over the cells of each image, NaN where it has none: float64 (I)."""
    total = np.bincount(image, weights=value, minlength=len(classes))
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(classes > 0, total / classes, np.nan))


def _count(matches: Matches, which: Bools) -> Longs:
    return np.bincount(matches.image_index[which], minlength=matches.images).astype(np.int64)
