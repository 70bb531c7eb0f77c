"""Matches → Scores: average precision per class and threshold, also under image weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segtrial.evaluation.precision_kernel import interpolated_precision
from segtrial.evaluation.weighted_precision import ROWS, block_precision, list_stretches
from segtrial.types.arrays import Bools, Floats, Ints, Longs
from segtrial.types.evaluation import IouType, Matches, Scores

# Resamples evaluated together. Compilers make vector instructions of a loop from 16 rounds on;
# fewer than 4 resamples cost less by themselves than among empty ones.
BLOCK = 16
FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretches:
    """What is the same in all resamples: `list_stretches` says what each array holds.

    `rows_T`: int64, the thresholds evaluated; `first_C`: int64 (C + 1), first detection of a class.
    """

    rows_T: Longs
    first_C: Longs
    start_K: Ints
    stop_K: Ints
    mixed_K: Bools
    first_CT: Longs
    ignores_CT: Bools


def ap_under_weights(
    matches: Matches,
    weights_BI: npt.NDArray[np.int64],
    use_T: npt.NDArray[np.bool_] | None = None,
) -> Floats:
    """Average precision per resample, class and threshold: float64 (B, C, T).

    `weights_BI`: int64 (B, I), how often each image stands in each resample; equal to evaluating a
    set in which the images are physically there that often, copies side by side. `use_T`:
    thresholds wanted (default all); the others are NaN. NaN also where a resample holds no truth
    of the class; 0 where it holds truth but no detection hits. Raises ValueError for weights of
    another number of images, below 0, or with which 2^31 detections or truths would stand there.
    """
    if weights_BI.shape[1:] != (matches.images,):
        raise ValueError(f"weights of shape {weights_BI.shape} for {matches.images} images")
    _refuse_uncountable(weights_BI, max(len(matches.score), len(matches.truth_class)))
    rows_T = np.arange(len(matches.thresholds)) if use_T is None else np.flatnonzero(use_T)
    stretches = _stretches(matches, rows_T.astype(np.int64))
    resamples = len(weights_BI)
    width = BLOCK if resamples > FEW else max(resamples, 1)
    blocks = -(-resamples // width)
    out_BCT = np.full((blocks * width, matches.classes, len(matches.thresholds)), np.nan)
    longest = int(np.diff(stretches.first_C).max(initial=0))
    counted_2DB = np.empty((2, longest + 1, width), np.int32)
    for first in range(0, resamples, width):
        part_BI = weights_BI[first : first + width]
        weight_IB = np.zeros((matches.images, width), np.int32)
        weight_IB[:, : len(part_BI)] = part_BI.T
        block_precision(
            matches.truth_row,
            matches.image_index,
            stretches.first_C,
            stretches.rows_T,
            stretches.start_K,
            stretches.stop_K,
            stretches.mixed_K,
            stretches.first_CT,
            stretches.ignores_CT,
            matches.truth_class,
            matches.truth_image,
            weight_IB,
            np.zeros((matches.classes, width), np.int32),
            counted_2DB,
            np.empty(width, np.int32),
            np.empty((ROWS, width)),
            out_BCT[first : first + width],
        )
    return out_BCT[:resamples]


def _refuse_uncountable(weights_BI: npt.NDArray[np.int64], rows: int) -> None:
    """The kernels count in int32."""
    if weights_BI.min(initial=0) < 0:
        raise ValueError(f"weights from {weights_BI.min()}: an image stands there 0 times or more")
    if int(weights_BI.max(initial=0)) * rows >= 2**31:
        raise ValueError(f"weights up to {weights_BI.max()} for {rows} detections or truths")


def _stretches(matches: Matches, rows_T: Longs) -> Stretches:
    # one row at a time: no copy of the table
    hits = sum(int(np.count_nonzero(matches.truth_row[t] >= 0)) for t in rows_T)
    stretches = Stretches(
        rows_T=rows_T,
        first_C=matches.class_slices(),
        start_K=np.empty(hits, np.int32),
        stop_K=np.empty(hits, np.int32),
        mixed_K=np.empty(hits, np.bool_),
        first_CT=np.empty(matches.classes * len(rows_T) + 1, np.int64),
        ignores_CT=np.empty(matches.classes * len(rows_T), np.bool_),
    )
    list_stretches(
        matches.truth_row,
        stretches.first_C,
        rows_T,
        *_ties(matches),
        stretches.start_K,
        stretches.stop_K,
        stretches.mixed_K,
        stretches.first_CT,
        stretches.ignores_CT,
    )
    return stretches


def _ties(matches: Matches) -> tuple[Ints, Ints]:
    """First row and end of each tie of two detections or more of one image and class, then D.

    Such detections stand side by side: equal scores keep the order of the images.
    """
    detections = len(matches.score)
    same = np.zeros(detections + 1, np.bool_)  # as the detection before
    same[1:-1] = matches.score[1:] == matches.score[:-1]
    same[1:-1] &= matches.image_index[1:] == matches.image_index[:-1]
    same[1:-1] &= matches.class_index[1:] == matches.class_index[:-1]
    start = np.flatnonzero(~same[:-1] & same[1:])
    stop = np.flatnonzero(same[:-1] & ~same[1:]) + 1
    return (
        np.append(start, detections).astype(np.int32),
        np.append(stop, detections).astype(np.int32),
    )


def average_precision(matches: Matches, class_names: tuple[str, ...]) -> Scores:
    """COCO's 101-point AP of every class at every threshold (area "all", 100 detections).

    NaN where a class has no truth; crowds are not truth. Formula: pycocotools `accumulate`.
    """
    return Scores(
        iou_type=IouType(matches.iou_type),
        class_names=class_names,
        thresholds=matches.thresholds,
        ap=plain_precision(matches),
        instances=matches.instances(),
        positive_images=matches.positive_images(),
    )


def plain_precision(matches: Matches) -> Floats:
    """COCO's 101-point AP per class and threshold: float64 (C, T), NaN where there is no truth.

    Equal to `ap_under_weights` where each image stands once, and compiled in a sixth of the time.
    """
    first_C, truths_C = matches.class_slices(), matches.instances()
    ap_CT = np.full((matches.classes, len(matches.thresholds)), np.nan)
    scratch = np.empty(int(np.diff(first_C).max(initial=0)))
    interpolated_precision(matches.truth_row, first_C, truths_C, scratch, ap_CT)
    return ap_CT


def mean_over_classes(ap_CT: Floats, threshold: float | None = None) -> float:
    """Mean AP over the classes with truth, and over thresholds or at one (0.5, 0.75, …).

    NaN where no class has truth.
    """
    table = ap_CT if threshold is None else ap_CT[:, [round((threshold - 0.5) / 0.05)]]
    defined = table[~np.isnan(table).any(axis=1)]
    return float(defined.mean()) if len(defined) else float("nan")
