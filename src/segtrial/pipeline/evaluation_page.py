"""Evaluation → EvaluationPage: curves, mix-ups, errors, calibration and images of each kind.

All of it is drawn from the matches and overlaps that the numbers came from. Rendering: `report/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.any_class import match_any_class
from segtrial.evaluation.calibration import calibration
from segtrial.evaluation.confusion import confusion
from segtrial.evaluation.curves import at_confidence, confidence_curves, precision_recall
from segtrial.evaluation.errors import ErrorKind, error_costs, error_types
from segtrial.evaluation.per_image import image_scores
from segtrial.evaluation.ultralytics import GRID, best_confidence, interpolated_curves
from segtrial.evaluation.ultralytics_matching import match_as_ultralytics
from segtrial.pipeline.class_numbers import defined
from segtrial.pipeline.evaluate import SILENT
from segtrial.types.errors import DataError
from segtrial.types.evaluation_page import (
    Bin,
    ClassCurves,
    ErrorRow,
    ImageRow,
    KindPage,
    Reliability,
)

if TYPE_CHECKING:
    from segtrial.evaluation.calibration import Reliability as Table
    from segtrial.evaluation.per_image import ImageScores
    from segtrial.pipeline.evaluate import Evaluation, Part
    from segtrial.types.arrays import Floats, Longs
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.evaluation import Matches

RECALLS: Floats = np.linspace(0, 1, 101)
RECALLS.setflags(write=False)
IMAGES = 12
NEVER_BOTH = "The labels hold truths without area, which the rules of the style do not know."


def kind_pages(
    evaluation: Evaluation, detections: Detections, confidence: float | None
) -> tuple[KindPage, ...]:
    """What the page shows of each kind. `confidence`: of the confusion; None = of the best mean F1.

    `evaluation` is one whose `Asked` wanted a page.
    """
    return tuple(_kind_page(evaluation, part, detections, confidence) for part in evaluation.parts)


def _kind_page(
    evaluation: Evaluation, part: Part, detections: Detections, stated: float | None
) -> KindPage:
    assert part.pairs is not None
    dataset, matches = evaluation.truth.dataset, part.matches["all"]
    confidence = _best(evaluation, part, detections) if stated is None else stated
    flow = match_any_class(part.pairs, dataset, detections, confidence=confidence)
    table = confusion(flow)
    errors, ap50, reason = _errors(part, dataset)
    images = image_scores(matches, confidence=confidence)
    precision, recall, why = _at(part, confidence, stated is not None)
    worst, best = _images(images, dataset)
    return KindPage(
        iou_type=part.kind,
        ap_by_iou=_by_iou(part),
        confidence=confidence,
        stated=stated is not None,
        precision=precision,
        recall=recall,
        reason=why,
        curves=_curves(matches),
        table=table.table,
        ignored=int(table.ignored.sum()),
        ap50=ap50,
        errors=errors,
        errors_reason=reason,
        reliability=_reliability(matches, confidence),
        worst=worst,
        best=best,
        images_with_truth=int((images.instances > 0).sum()),
    )


def _best(evaluation: Evaluation, part: Part, detections: Detections) -> float:
    """The confidence that Ultralytics would choose for this kind."""
    matches = part.matches["all"]
    if part.scores is None:
        truth = evaluation.truth
        matches = match_as_ultralytics(truth, detections, part.kind, pairs=part.pairs)
    return float(GRID[best_confidence(interpolated_curves(matches))])


def _at(part: Part, confidence: float, stated: bool) -> tuple[Floats, Floats, tuple[str, ...]]:
    """P and R of each class: the style's own, or exact counts at the confidence."""
    if part.scores is not None and not stated:
        silent = np.array([note in SILENT for note in part.scores.note], np.bool_)
        precision = np.where(silent, np.nan, part.scores.precision)
        return precision, part.scores.recall, part.notes
    point = at_confidence(part.matches["all"], confidence)
    return point.precision, point.recall, point.reasons()


def _by_iou(part: Part) -> tuple[tuple[float, float | None], ...]:
    ap_CT = part.tables["AP"]
    known = ap_CT[~np.isnan(ap_CT).any(axis=1)]
    mean_T = known.mean(axis=0) if len(known) else np.full(ap_CT.shape[1], np.nan)
    thresholds = part.matches["all"].thresholds
    return tuple(
        (round(float(t), 2), defined(value))
        for t, value in zip(thresholds, mean_T.tolist(), strict=True)
    )


def _curves(matches: Matches) -> ClassCurves:
    points = precision_recall(matches)
    truths = np.bincount(matches.truth_class, minlength=matches.classes)
    precision = np.full((matches.classes, len(RECALLS)), np.nan)
    for c in np.flatnonzero(truths):
        rows = slice(points.first[c], points.first[c + 1])
        precision[c] = _envelope(points.precision[rows], points.recall[rows])
    by_confidence = confidence_curves(matches)
    return ClassCurves(
        recall=RECALLS,
        precision=precision,
        mean_precision=_mean(precision),
        confidence=by_confidence.confidence,
        f1=by_confidence.f1,
        mean_f1=_mean(by_confidence.f1),
    )


def _envelope(precision: Floats, recall: Floats) -> Floats:
    """The highest precision at each of `RECALLS` or beyond it; 0 past the last: float64 (R)."""
    highest = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return highest[np.searchsorted(recall, RECALLS - 1e-12)]


def _mean(values: Floats) -> Floats:
    """Over the classes that are defined; NaN where none is."""
    known = values[~np.isnan(values).any(axis=1)]
    return known.mean(axis=0) if len(known) else np.full(values.shape[1], np.nan)


def _errors(part: Part, dataset: Dataset) -> tuple[tuple[ErrorRow, ...], float | None, str]:
    """The rows, AP at IoU .5, and why there are none."""
    assert part.pairs is not None
    matches = part.matches["all"]
    if len(matches.truth_class) != int((~dataset.crowd).sum()):
        return (), None, NEVER_BOTH
    types = error_types(matches, part.pairs, dataset)
    costs = error_costs(matches, types, dataset)
    rows = tuple(
        ErrorRow(
            kind=kind.name.lower(),
            count=int(types.counts[kind].sum()),
            gain=defined(costs.mean_gain(kind)),
            undefined=int(costs.undefined[kind]),
        )
        for kind in ErrorKind
    )
    return rows, defined(costs.mean_ap()), ""


def _reliability(matches: Matches, confidence: float) -> Reliability:
    try:
        every = calibration(matches).overall
        sure = calibration(matches, lowest_score=confidence).overall
    except DataError as error:
        return Reliability(bins=(), error=None, confident_error=None, reason=str(error.what))
    return Reliability(
        bins=_bins(every),
        error=defined(every.error),
        confident_error=defined(sure.error),
        reason=every.reason,
    )


def _bins(table: Table) -> tuple[Bin, ...]:
    return tuple(
        Bin(low=low, high=high, count=count, mean_score=defined(mean), right=defined(right))
        for low, high, count, mean, right in zip(
            table.low.tolist(),
            table.high.tolist(),
            table.count.tolist(),
            table.mean_score.tolist(),
            table.right.tolist(),
            strict=True,
        )
    )


def _images(
    scores: ImageScores, dataset: Dataset
) -> tuple[tuple[ImageRow, ...], tuple[ImageRow, ...]]:
    """The images that went worst, worst first, and those that went best, best first.

    The best are those with truth, by falling AP, of equal ones those with most truths.
    """
    with_truth = np.flatnonzero(scores.instances > 0)
    order = np.lexsort((-scores.instances[with_truth], -scores.ap[with_truth]))
    best = with_truth[order][:IMAGES]
    worst = scores.worst_first()[:IMAGES]

    def rows(which: Longs) -> tuple[ImageRow, ...]:
        return tuple(
            ImageRow(
                name=dataset.file_name[row] or dataset.image_id[row],
                ap=defined(float(scores.ap[row])),
                ap50=defined(float(scores.ap50[row])),
                instances=int(scores.instances[row]),
                hits=int(scores.hits[row]),
                false_positives=int(scores.false_positives[row]),
                missed=int(scores.missed[row]),
            )
            for row in which.tolist()
        )

    return rows(worst), rows(best)
