"""Curves and operating points: precision, recall and F1 of each class at one IoU threshold.

Axes: C classes, G confidences, K points. How they come about: `evaluation/curves.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segtrial.types.arrays import Floats, Longs, frozen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrecisionRecallCurves:
    """Precision against recall, the points of all classes one after another.

    `first`: int64 (C + 1), the points of class c are the rows `first[c]` to `first[c + 1]`, by
    falling score; none where the class has no truth. `score`, `precision`, `recall`: float64 (K),
    what holds when all detections of that score or a higher one count. Of points of equal recall
    only the first and the last are kept, which lose nothing of the curve.
    """

    threshold: float
    first: Longs
    score: Floats
    precision: Floats
    recall: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", frozen(self.first, np.int64))
        for field in ("score", "precision", "recall"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfidenceCurves:
    """Precision, recall and F1 against the lowest confidence that counts.

    `confidence`: float64 (G), rising. `precision`, `recall`, `f1`: float64 (C, G). NaN: all three
    of a class without truth, and a precision of which nobody can speak (nothing predicted).
    """

    threshold: float
    confidence: Floats
    precision: Floats
    recall: Floats
    f1: Floats

    def __post_init__(self) -> None:
        for field in ("confidence", "precision", "recall", "f1"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperatingPoint:
    """What a model does where only detections of `confidence` or more count.

    `true_positives`, `false_positives`, `missed`: int64 (C). Detections that met a crowd are in
    none of them.
    """

    threshold: float
    confidence: float
    true_positives: Longs
    false_positives: Longs
    missed: Longs

    def __post_init__(self) -> None:
        for field in ("true_positives", "false_positives", "missed"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.int64))

    @property
    def precision(self) -> Floats:
        """Hits / detections: float64 (C); NaN where nothing is that confident, or no truth."""
        return shares(self.true_positives, self.false_positives, self.missed)[0]

    @property
    def recall(self) -> Floats:
        """Hits / truths: float64 (C); NaN where the class has no truth."""
        return shares(self.true_positives, self.false_positives, self.missed)[1]

    @property
    def f1(self) -> Floats:
        """2 hits / (detections + truths): float64 (C); NaN where the class has no truth."""
        return shares(self.true_positives, self.false_positives, self.missed)[2]

    def reasons(self) -> tuple[str, ...]:
        """Why a precision is NaN: "no truth", "no prediction that confident", or "": C texts."""
        truths = self.true_positives + self.missed
        predicted = self.true_positives + self.false_positives
        return tuple(
            "no truth" if real == 0 else "" if found else "no prediction that confident"
            for real, found in zip(truths.tolist(), predicted.tolist(), strict=True)
        )


def shares(hits: Longs, false: Longs, missed: Longs) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 of counts of one shape; NaN where there is no truth, and the
    precision also where there is no detection.
    """
    truths = hits + missed
    predicted = np.where(truths > 0, hits + false, 0)
    both = np.where(truths > 0, truths + predicted, 0)
    return _ratio(hits, predicted), _ratio(hits, truths), _ratio(2 * hits, both)


def _ratio(part: Longs, whole: Longs) -> Floats:
    """Part / whole, NaN where the whole is 0."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
