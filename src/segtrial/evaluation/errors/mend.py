"""Matches + ErrorTypes → ErrorCosts: AP when one kind of error had not been made.

What mending means: Bolya et al., TIDE (ECCV 2020), section 3.2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.average_precision import plain_precision
from segtrial.evaluation.errors.classify import foreground_column
from segtrial.evaluation.errors.kinds import NO_ERROR, ErrorCosts, ErrorKind
from segtrial.types.evaluation import IGNORED, Matches

if TYPE_CHECKING:
    from segtrial.evaluation.errors.kinds import ErrorTypes
    from segtrial.types.arrays import Floats, Longs
    from segtrial.types.dataset import Dataset


def mended(matches: Matches, types: ErrorTypes, dataset: Dataset, kind: ErrorKind) -> Matches:
    """The matches at the foreground threshold alone, as if no error of `kind` had been made.

    Localisation and classification: of the errors of these two kinds that point at a truth which
    nothing met, the one of highest score (ties: the first detection) meets it, under the truth's
    class, if it is of this kind; the other errors of this kind are taken away. (One contest for
    both kinds, as in TIDE's own code.) Duplicate, background, both: taken away. Missed: those
    truths do not count. FALSE_POSITIVE: every error of a detection is taken away; FALSE_NEGATIVE:
    truths that nothing met do not count.
    """
    column = foreground_column(matches, types.foreground)
    alone = replace(
        matches,
        thresholds=matches.thresholds[[column]],
        truth_row=matches.truth_row[[column]],
    )
    if kind in (ErrorKind.MISSED, ErrorKind.FALSE_NEGATIVE):
        gone = types.missed if kind == ErrorKind.MISSED else types.unmet
        kept = ~gone[~dataset.crowd]
        return replace(
            alone, truth_class=matches.truth_class[kept], truth_image=matches.truth_image[kept]
        )
    wrong = types.kind != NO_ERROR if kind == ErrorKind.FALSE_POSITIVE else types.kind == kind
    truth_row = np.where(wrong, IGNORED, alone.truth_row[0])
    label = np.array(matches.class_index)
    if kind in (ErrorKind.LOCALISATION, ErrorKind.CLASSIFICATION):
        best = _best_of_each_truth(matches, types)
        best = best[types.kind[best] == kind]
        truth_row[best] = types.truth_row[best]
        label[best] = dataset.class_index[types.truth_row[best]]
    if kind != ErrorKind.CLASSIFICATION:  # nothing moves
        return replace(alone, truth_row=truth_row[None])
    order = np.lexsort((matches.detection_row, -matches.score, label))
    return replace(
        alone,
        image_index=matches.image_index[order],
        class_index=label[order],
        score=matches.score[order],
        detection_row=matches.detection_row[order],
        truth_row=truth_row[order][None],
    )


def _best_of_each_truth(matches: Matches, types: ErrorTypes) -> Longs:
    """Of the mendable errors that point at each unmet truth the row of the highest score."""
    mendable = types.kind == ErrorKind.LOCALISATION
    mendable |= types.kind == ErrorKind.CLASSIFICATION
    rows = np.flatnonzero(mendable)
    rows = rows[types.unmet[types.truth_row[rows]]]
    rows = rows[np.lexsort((matches.detection_row[rows], -matches.score[rows]))]
    _, first = np.unique(types.truth_row[rows], return_index=True)
    return rows[first]


def error_costs(matches: Matches, types: ErrorTypes, dataset: Dataset) -> ErrorCosts:
    """AP per class, and its gain from mending each kind of error on its own.

    A gain is not clipped at 0: taking a wrong detection away cannot lower AP, but a mended one
    enters its new class at the rank of its score. Raises ValueError as `error_types` does.
    """
    column = foreground_column(matches, types.foreground)
    one = replace(
        matches,
        thresholds=matches.thresholds[[column]],
        truth_row=matches.truth_row[[column]],
    )
    ap = _ap(one)
    gain = np.stack([_ap(mended(matches, types, dataset, kind)) - ap for kind in ErrorKind])
    return ErrorCosts(ap=ap, gain=gain, undefined=(np.isnan(gain) & ~np.isnan(ap)).sum(axis=1))


def _ap(matches: Matches) -> Floats:
    """float64 (C), at the only threshold."""
    return plain_precision(matches)[:, 0]
