"""Matches → Scores: average precision per class and threshold, also under image weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from segtrial.evaluation.kernels import weighted_ap
from segtrial.types.arrays import Floats, Ints, Longs
from segtrial.types.evaluation import IGNORED, IouType, Matches, Scores

Hits = npt.NDArray[np.int8]


def hit_codes(matches: Matches) -> Hits:
    """1 true positive, 0 false positive, -1 ignored: int8 (T, D)."""
    codes = (matches.truth_row >= 0).astype(np.int8)
    codes[matches.truth_row == IGNORED] = -1
    return codes


@njit(cache=True, nogil=True)
def _ap_table(
    hit_TD: Hits,
    image: Ints,
    first_C: Longs,
    truth_class: Ints,
    truth_image: Ints,
    weights_BI: npt.NDArray[np.int64],
    use_T: npt.NDArray[np.bool_],
    out_BCT: Floats,
) -> None:
    """Fill `out_BCT` with COCO's AP under each resample's image weights; NaN without truth.

    Thresholds that `use_T` leaves out stay NaN.
    """
    classes = len(first_C) - 1
    positives = np.zeros(classes, np.int64)
    for b in range(len(weights_BI)):
        weight = weights_BI[b]
        positives[:] = 0
        most = np.int64(0)
        for n in range(len(truth_class)):
            positives[truth_class[n]] += weight[truth_image[n]]
        most = positives.max() if classes else most
        precision = np.empty(most + 1)
        recall = np.empty(most + 1)
        for c in range(classes):
            for t in range(len(use_T)):
                if positives[c] == 0 or not use_T[t]:
                    out_BCT[b, c, t] = np.nan
                    continue
                rows = slice(first_C[c], first_C[c + 1])
                out_BCT[b, c, t] = weighted_ap(
                    hit_TD[t, rows], image[rows], weight, positives[c], precision, recall
                )


def ap_under_weights(
    matches: Matches,
    weights_BI: npt.NDArray[np.int64],
    use_T: npt.NDArray[np.bool_] | None = None,
) -> Floats:
    """Average precision per resample, class and threshold: float64 (B, C, T).

    `weights_BI`: int64, how often each image stands in each resample; equal to evaluating a set
    in which the images are physically there that often. `use_T`: thresholds wanted (default
    all); the others are NaN. NaN also where a resample holds no truth of the class; 0 where it
    holds truth but no detection hits.
    """
    wanted = np.ones(len(matches.thresholds), bool) if use_T is None else use_T
    out = np.empty((len(weights_BI), matches.classes, len(wanted)))
    _ap_table(
        hit_codes(matches),
        matches.image_index,
        matches.class_slices(),
        matches.truth_class,
        matches.truth_image,
        np.ascontiguousarray(weights_BI, np.int64),
        wanted,
        out,
    )
    return out


def average_precision(matches: Matches, class_names: tuple[str, ...]) -> Scores:
    """COCO's 101-point AP of every class at every threshold (area "all", 100 detections).

    NaN where a class has no truth; crowds are not truth. Formula: pycocotools `accumulate`.
    """
    ones = np.ones((1, matches.images), np.int64)
    pairs = np.unique(matches.truth_image.astype(np.int64) * matches.classes + matches.truth_class)
    return Scores(
        iou_type=IouType(matches.iou_type),
        class_names=class_names,
        thresholds=matches.thresholds,
        ap=ap_under_weights(matches, ones)[0],
        instances=np.bincount(matches.truth_class, minlength=matches.classes),
        positive_images=np.bincount(pairs % matches.classes, minlength=matches.classes),
    )


def mean_over_classes(ap_CT: Floats, threshold: float | None = None) -> float:
    """Mean AP over the classes with truth, and over thresholds or at one (0.5, 0.75, …).

    NaN where no class has truth.
    """
    table = ap_CT if threshold is None else ap_CT[:, [round((threshold - 0.5) / 0.05)]]
    defined = table[~np.isnan(table).any(axis=1)]
    return float(defined.mean()) if len(defined) else float("nan")
