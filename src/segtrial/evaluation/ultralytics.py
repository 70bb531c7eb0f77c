"""Matches → the numbers that Ultralytics prints: P, R, mAP50, mAP50-95, by its stated rules alone.

Old and new AP differ where recall ends: both are offered, as tables of both kinds are about. P and
R stand at one confidence, which boxes and masks choose separately. Text: `ultralytics_table.py`.
Axes: C classes, T IoU thresholds, G = 1000 confidences.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from segtrial.evaluation.curves import threshold_row, truth_counts
from segtrial.types.arrays import Bools, Floats, Ints, Longs
from segtrial.types.curves import ConfidenceCurves
from segtrial.types.evaluation import IGNORED, IouType, Matches

if TYPE_CHECKING:
    import numpy.typing as npt

GRID: Floats = np.linspace(0, 1, 1000)
GRID.setflags(write=False)
RECALLS: Floats = np.linspace(0, 1, 101)
RECALLS.setflags(write=False)
SMOOTHED_CELLS = 101  # 0.1 of the grid, rounded to an odd number
ROUNDING = 1e-12


class Style(StrEnum):
    """How precision goes on beyond the last recall that was reached."""

    ULTRALYTICS = "ultralytics"  # from 8.4.37: it is 0
    ULTRALYTICS_OLD = "ultralytics-old"  # until 8.4.36: it falls in a line to (1, 0)


class Note(StrEnum):
    """What a class's P and R do not say by themselves."""

    NONE = ""
    NO_TRUTH = "no truth"  # P and R are NaN
    NEVER_PREDICTED = "never predicted"  # P = R = 0
    NOT_THAT_CONFIDENT = "no prediction that confident"  # P = 1, R = 0
    NEVER_RIGHT = "no prediction right at that confidence"  # P = R = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UltralyticsScores:
    """The columns of Ultralytics' table, of boxes or of masks.

    `precision`, `recall`: float64 (C) at `confidence`; `ap`: float64 (C, T); NaN where a class has
    no truth, and `confidence` NaN where none has. `note`: C notes. `images`: of the whole set.
    `instances`, `positive_images`: int64 (C), crowds not counted, and the images that hold them.
    """

    iou_type: IouType
    style: Style
    class_names: tuple[str, ...]
    thresholds: Floats
    confidence: float
    precision: Floats
    recall: Floats
    ap: Floats
    note: tuple[Note, ...]
    images: int
    instances: Longs
    positive_images: Longs

    @property
    def with_truth(self) -> Bools:
        """The classes that the means are over: bool (C)."""
        return self.instances > 0

    @property
    def columns(self) -> Floats:
        """P, R, mAP50, mAP50-95 of each class: float64 (C, 4)."""
        return np.stack([self.precision, self.recall, self.ap[:, 0], self.ap.mean(axis=1)], axis=1)

    @property
    def mean(self) -> Floats:
        """P, R, mAP50, mAP50-95 over the classes with truth, each alike: float64 (4); else NaN."""
        covered = self.columns[self.with_truth]
        return covered.mean(axis=0) if len(covered) else np.full(4, np.nan)


def ultralytics_scores(
    matches: Matches, class_names: tuple[str, ...], style: Style = Style.ULTRALYTICS
) -> UltralyticsScores:
    """P, R and AP of every class from the matches of `match_as_ultralytics`.

    P and R: `interpolated_curves` at `best_confidence`. AP: area under the envelope of precision
    over recall, by the trapezoid rule on 101 recalls, by class and threshold. No detections: P = R
    = AP = 0. Raises ValueError for matches of rules that ignore detections (crowds), which
    Ultralytics does not know, and for matches without the threshold .5.
    """
    if (matches.truth_row == IGNORED).any():
        raise ValueError("matches that ignore detections: use those of match_as_ultralytics")
    truths = truth_counts(matches)
    curves = interpolated_curves(matches)
    column = best_confidence(curves)
    return UltralyticsScores(
        iou_type=IouType(matches.iou_type),
        style=style,
        class_names=class_names,
        thresholds=matches.thresholds,
        confidence=float(GRID[column]) if truths.any() else float("nan"),
        precision=curves.precision[:, column],
        recall=curves.recall[:, column],
        ap=_average_precisions(matches, truths, style),
        note=_notes(matches, curves, column),
        images=matches.images,
        instances=truths,
        positive_images=matches.positive_images(),
    )


def interpolated_curves(matches: Matches) -> ConfidenceCurves:
    """P, R and F1 at IoU .5 against a grid of 1000 confidences, as Ultralytics draws them.

    Between two detections a value lies on the line between theirs; above the highest score P = 1
    and R = 0; below the lowest all count. A class that is never predicted: P = R = F1 = 0. NaN
    where the class has no truth. Equal scores keep the order of the images, then of the detections.
    """
    met = matches.truth_row[threshold_row(matches, 0.5)]
    bounds, truths = matches.class_slices(), truth_counts(matches)
    precision, recall, f1 = (
        np.where(truths > 0, 0.0, np.nan)[None, :, None].repeat(3, axis=0).repeat(len(GRID), axis=2)
    )
    for c in np.flatnonzero((truths > 0) & (np.diff(bounds) > 0)):
        rows = slice(bounds[c], bounds[c + 1])
        p, r = _running(met[rows], int(truths[c]))
        falling = -matches.score[rows]
        precision[c] = np.interp(-GRID, falling, p, left=1)
        recall[c] = np.interp(-GRID, falling, r, left=0)
        both = precision[c] + recall[c]
        f1[c] = np.where(both > 0, 2 * precision[c] * recall[c] / np.where(both > 0, both, 1), 0)
    return ConfidenceCurves(
        threshold=0.5, confidence=GRID, precision=precision, recall=recall, f1=f1
    )


def best_confidence(curves: ConfidenceCurves) -> int:
    """The column of the grid where the smoothed mean F1 over the classes with truth is highest.

    Smoothed by the mean of 101 neighbours (a tenth of the grid), the curve's ends repeated outside
    of it. Of equal columns the lowest confidence. 0 where no class has truth.
    """
    defined = curves.f1[~np.isnan(curves.f1[:, 0])]
    if len(defined) == 0:
        return 0
    padded = np.pad(defined.mean(axis=0), SMOOTHED_CELLS // 2, mode="edge")
    smooth = np.convolve(padded, np.full(SMOOTHED_CELLS, 1 / SMOOTHED_CELLS), mode="valid")
    # on a plateau the highest value is a matter of rounding
    return int(np.flatnonzero(smooth >= smooth.max() - ROUNDING)[0])


def _running(met: npt.NDArray[np.int32], truths: int) -> tuple[Floats, Floats]:
    """Precision and recall after each detection of one class, by falling score."""
    hits = np.cumsum(met >= 0)
    return hits / np.arange(1, len(hits) + 1), hits / truths


def _average_precisions(matches: Matches, truths: Longs, style: Style) -> Floats:
    """Float64 (C, T); NaN without truth, 0 without detections."""
    first_C = matches.class_slices()
    ap_CT = np.full((matches.classes, len(matches.thresholds)), np.nan)
    areas_under_envelope(
        matches.truth_row,
        first_C,
        truths,
        style == Style.ULTRALYTICS_OLD,
        np.array(RECALLS),  # a copy: the kernel is compiled once, for a writable one
        np.empty(int(np.diff(first_C).max(initial=0))),
        ap_CT,
    )
    return ap_CT


@njit(cache=True, nogil=True)
def areas_under_envelope(
    met_TD: Ints,
    first_C: Longs,
    truths_C: Longs,
    old: bool,
    recalls: Floats,
    envelope: Floats,
    ap_CT: Floats,
) -> None:
    """Area under the envelope by the trapezoid rule on `recalls`: 0, .01 … 1.

    The envelope at a recall is the highest precision there or beyond it, in lines between the
    detections; where several share a recall, and at the last recall, the lower end counts. One hit
    of two truths: 0.495 new (at recall .5 itself it is 0), 0.750 old. `envelope`: scratch, as long
    as the longest class.
    """
    for c in range(len(first_C) - 1):
        a, b = first_C[c], first_C[c + 1]
        for t in range(len(met_TD)):
            if truths_C[c] == 0:
                continue
            if a == b:
                ap_CT[c, t] = 0.0
                continue
            hits = 0
            for d in range(a, b):
                hits += met_TD[t, d] >= 0
                envelope[d - a] = hits / (d - a + 1)
            last = envelope[b - a - 1]
            final = hits / truths_C[c]
            for d in range(b - a - 2, -1, -1):
                envelope[d] = max(envelope[d], envelope[d + 1])
            passed = hits = 0  # detections whose recall is at most this one, and hits among them
            area = before = 0.0
            for r in range(len(recalls)):
                x = recalls[r]
                while passed < b - a:
                    more = hits + (met_TD[t, a + passed] >= 0)
                    if more / truths_C[c] > x:
                        break
                    hits = more
                    passed += 1
                # the next detection is a hit, so its envelope is this one's: the line is level
                height = 1.0 if passed == 0 else envelope[passed - 1]
                if passed == b - a:
                    height = 0.0
                    if old and x < 1:
                        height = last - last / (1 - final) * (x - final)
                if r > 0:
                    area += (x - recalls[r - 1]) * (height + before) / 2
                before = height
            ap_CT[c, t] = area


def _notes(matches: Matches, curves: ConfidenceCurves, column: int) -> tuple[Note, ...]:
    bounds = matches.class_slices()
    highest = [matches.score[a] if a < b else -1 for a, b in pairwise(bounds.tolist())]
    return tuple(
        Note.NO_TRUTH
        if np.isnan(recall)
        else Note.NEVER_PREDICTED
        if top < 0
        else Note.NOT_THAT_CONFIDENT
        if top < GRID[column]
        else Note.NEVER_RIGHT
        if recall == 0
        else Note.NONE
        for top, recall in zip(highest, curves.recall[:, column], strict=True)
    )
