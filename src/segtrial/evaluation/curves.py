"""Matches → precision, recall and F1 of each class against recall or confidence.

Of any benchmark's matches: they are greedy from the highest score down, so that leaving out the
low scores changes no match of the others. Ultralytics' own curves, which are interpolated between
detections, stand in `ultralytics.py`. Axes: C classes, D detections, G confidences, K points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from segtrial.types.arrays import Floats, Longs
from segtrial.types.curves import ConfidenceCurves, OperatingPoint, PrecisionRecallCurves, shares
from segtrial.types.evaluation import IGNORED, NO_MATCH

if TYPE_CHECKING:
    from segtrial.types.evaluation import Matches

CONFIDENCES: Floats = np.linspace(0, 1, 101)
CONFIDENCES.setflags(write=False)


def threshold_row(matches: Matches, threshold: float) -> int:
    """The row of an IoU threshold. Raises ValueError for one at which nothing was matched."""
    near = np.flatnonzero(np.isclose(matches.thresholds, threshold, rtol=0, atol=1e-9))
    if len(near) == 0:
        raise ValueError(f"no matches at IoU {threshold}, only at {matches.thresholds.round(4)}")
    return int(near[0])


def truth_counts(matches: Matches) -> Longs:
    """How many truths count in each class: int64 (C)."""
    return np.bincount(matches.truth_class, minlength=matches.classes)


def precision_recall(matches: Matches, threshold: float = 0.5) -> PrecisionRecallCurves:
    """Precision and recall as the lowest score that counts falls, for each class.

    P = TP / (TP + FP), R = TP / truths, at each score that occurs: equal scores make one point.
    Ignored detections count in neither. Raises ValueError for a threshold that was not matched.
    """
    row = threshold_row(matches, threshold)
    bounds, truths = matches.class_slices(), truth_counts(matches)
    parts = [
        _points(matches.truth_row[row, a:b], matches.score[a:b], int(n))
        for a, b, n in zip(bounds[:-1], bounds[1:], truths, strict=True)
    ]
    lengths = [len(part) for part in parts]
    table_K3 = np.concatenate([np.zeros((0, 3)), *parts])
    return PrecisionRecallCurves(
        threshold=float(matches.thresholds[row]),
        first=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        score=table_K3[:, 0],
        precision=table_K3[:, 1],
        recall=table_K3[:, 2],
    )


def _points(met: npt.NDArray[np.int32], score: Floats, truths: int) -> Floats:
    """Score, precision and recall of one class's points: float64 (K, 3)."""
    counted = met != IGNORED
    if truths == 0 or not counted.any():
        return np.zeros((0, 3))
    hits, scores = np.cumsum(met[counted] >= 0), score[counted]
    last_of_tie = np.append(scores[1:] != scores[:-1], True)
    at = np.flatnonzero(last_of_tie)
    table = np.stack([scores[at], hits[at] / (at + 1), hits[at] / truths], axis=1)
    rises = table[1:, 2] != table[:-1, 2]
    return np.asarray(table[np.append(True, rises) | np.append(rises, True)])


def confidence_curves(
    matches: Matches, threshold: float = 0.5, confidence: Floats = CONFIDENCES
) -> ConfidenceCurves:
    """Precision, recall and F1 where detections of each `confidence` or more count.

    `confidence`: float64 (G), rising. Exact counts at each; for NaN see `OperatingPoint`. Raises
    ValueError for a threshold that was not matched.
    """
    hits, false, missed = _counts(matches, confidence, threshold)
    precision, recall, f1 = shares(hits, false, missed)
    return ConfidenceCurves(
        threshold=threshold, confidence=confidence, precision=precision, recall=recall, f1=f1
    )


def at_confidence(matches: Matches, confidence: float, threshold: float = 0.5) -> OperatingPoint:
    """Hits, false positives and missed truths where detections of `confidence` or more count.

    `confidence` may be one that was chosen on another run, so that both are judged alike. Raises
    ValueError for a threshold that was not matched.
    """
    hits, false, missed = _counts(matches, np.array([confidence]), threshold)
    return OperatingPoint(
        threshold=threshold,
        confidence=confidence,
        true_positives=hits[:, 0],
        false_positives=false[:, 0],
        missed=missed[:, 0],
    )


def _counts(matches: Matches, confidence: Floats, threshold: float) -> tuple[Longs, Longs, Longs]:
    """Hits, false positives and missed truths at each confidence: int64 (C, G) each."""
    met = matches.truth_row[threshold_row(matches, threshold)]
    bounds = matches.class_slices()
    hits = np.zeros((matches.classes, len(confidence)), np.int64)
    false = np.zeros_like(hits)
    for c in range(matches.classes):
        rows = slice(bounds[c], bounds[c + 1])
        confident = np.searchsorted(-matches.score[rows], -confidence, side="right")
        for out, counted in ((hits, met[rows] >= 0), (false, met[rows] == NO_MATCH)):
            out[c] = np.append(0, np.cumsum(counted))[confident]
    return hits, false, truth_counts(matches)[:, None] - hits
