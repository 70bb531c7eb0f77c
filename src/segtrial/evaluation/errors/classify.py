"""Matches + Overlaps → ErrorTypes: what is wrong with each detection that met no truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.errors.kinds import DETECTION_KINDS, NO_ERROR, ErrorKind, ErrorTypes
from segtrial.types.evaluation import NO_MATCH

if TYPE_CHECKING:
    import numpy.typing as npt

    from segtrial.types.arrays import Bools, Floats, Ints, Longs
    from segtrial.types.dataset import Dataset
    from segtrial.types.evaluation import Matches
    from segtrial.types.overlaps import Overlaps


def error_types(
    matches: Matches,
    pairs: Overlaps,
    dataset: Dataset,
    *,
    foreground: float = 0.5,
    background: float = 0.1,
) -> ErrorTypes:
    """The kind of every error, as `ErrorKind` defines them.

    `matches`: of the area range "all", with `foreground` among their thresholds; `pairs`: of the
    same run and kind of shape, known from `background` up. Crowds count as no truth here; ignored
    detections are no errors. Of equal IoUs the later truth row counts. No truth: every detection is
    a BACKGROUND error; no detections: every truth is MISSED. Raises ValueError where matches,
    pairs and thresholds do not fit together.
    """
    column = foreground_column(matches, foreground)
    _check_fit(matches, pairs, dataset, foreground, background)
    met = matches.truth_row[column]
    own_iou, own_truth, other_iou, other_truth = _nearest(matches, pairs, dataset)
    kind = _kinds(own_iou, other_iou, foreground, background)
    kind = np.where(met == NO_MATCH, kind, NO_ERROR)
    of_own = (kind == ErrorKind.LOCALISATION) | (kind == ErrorKind.DUPLICATE)
    truth_row = np.where(of_own, own_truth, -1)
    truth_row = np.where(kind == ErrorKind.CLASSIFICATION, other_truth, truth_row)
    unmet = ~dataset.crowd
    unmet[met[met >= 0]] = False
    mendable = truth_row[(kind == ErrorKind.LOCALISATION) | (kind == ErrorKind.CLASSIFICATION)]
    missed = unmet.copy()
    missed[mendable] = False
    return ErrorTypes(
        foreground=foreground,
        background=background,
        kind=kind.astype(np.int8),
        truth_row=truth_row,
        missed=missed,
        unmet=unmet,
        counts=_counts(matches, dataset, kind, missed, unmet),
    )


def _kinds(
    own_iou: Floats, other_iou: Floats, foreground: float, background: float
) -> npt.NDArray[np.int64]:
    """The first definition of `ErrorKind` that holds for each detection."""
    definitions = {
        ErrorKind.LOCALISATION: (background <= own_iou) & (own_iou <= foreground),
        ErrorKind.CLASSIFICATION: other_iou >= foreground,
        ErrorKind.DUPLICATE: own_iou > foreground,
        ErrorKind.BACKGROUND: other_iou <= background,
    }
    return np.select(list(definitions.values()), list(definitions), ErrorKind.BOTH)


def foreground_column(matches: Matches, foreground: float) -> int:
    """The row of `matches.truth_row` at that IoU; ValueError where there is none."""
    near = np.flatnonzero(np.isclose(matches.thresholds, foreground, rtol=0, atol=1e-9))
    if len(near) == 0:
        raise ValueError(f"no matches at IoU {foreground}, only at {matches.thresholds.tolist()}")
    return int(near[0])


def _check_fit(
    matches: Matches, pairs: Overlaps, dataset: Dataset, foreground: float, background: float
) -> None:
    if not pairs.floor <= background < foreground:
        raise ValueError(
            f"background {background}, foreground {foreground}: pairs are known from {pairs.floor}"
        )
    if not pairs.any_class:
        raise ValueError("overlaps of equal classes alone: errors need those of any")
    if pairs.iou_type != matches.iou_type:
        raise ValueError(f"pairs of {pairs.iou_type}, matches of {matches.iou_type}")
    if len(matches.truth_class) != int((~dataset.crowd).sum()):
        raise ValueError("matches of one area range or of other labels")


def _nearest(
    matches: Matches, pairs: Overlaps, dataset: Dataset
) -> tuple[Floats, Ints, Floats, Ints]:
    """For each row of the matches the highest IoU and its truth, of its own class and of others.

    0 and −1 where it overlaps none.
    """
    found = len(pairs.first) - 1
    detection = np.repeat(np.arange(found), np.diff(pairs.first))
    label = np.full(found, -1)
    label[matches.detection_row] = matches.class_index
    own = label[detection] == dataset.class_index[pairs.truth_row]
    real = ~dataset.crowd[pairs.truth_row]
    own_iou, own_truth = _first_of(pairs, detection, own & real)
    other_iou, other_truth = _first_of(pairs, detection, ~own & real)
    rows = matches.detection_row
    return own_iou[rows], own_truth[rows], other_iou[rows], other_truth[rows]


def _first_of(pairs: Overlaps, detection: Longs, wanted: Bools) -> tuple[Floats, Ints]:
    """The first wanted pair of each detection, which is the one of highest IoU."""
    iou = np.zeros(len(pairs.first) - 1)
    truth = np.full(len(iou), -1, np.int32)
    place = np.flatnonzero(wanted)
    which, first = np.unique(detection[place], return_index=True)
    iou[which] = pairs.iou[place[first]]
    truth[which] = pairs.truth_row[place[first]]
    return iou, truth


def _counts(
    matches: Matches,
    dataset: Dataset,
    kind: npt.NDArray[np.int64],
    missed: Bools,
    unmet: Bools,
) -> Longs:
    """int64 (K, C)."""
    classes = matches.classes
    rows = [np.bincount(matches.class_index[kind == k], minlength=classes) for k in DETECTION_KINDS]
    rows.append(np.bincount(dataset.class_index[missed], minlength=classes))
    rows.append(np.sum(rows[:5], axis=0))
    rows.append(np.bincount(dataset.class_index[unmet], minlength=classes))
    return np.stack(rows)
