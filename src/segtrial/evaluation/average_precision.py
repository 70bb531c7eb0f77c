"""Matches → Scores: average precision per class and threshold, also under image weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from segtrial.evaluation.kernels import Hits, ap_table
from segtrial.types.arrays import Floats
from segtrial.types.evaluation import IGNORED, IouType, Matches, Scores


def hit_codes(matches: Matches) -> Hits:
    """1 true positive, 0 false positive, -1 ignored: int8 (T, D)."""
    codes = (matches.truth_row >= 0).astype(np.int8)
    codes[matches.truth_row == IGNORED] = -1
    return codes


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
    another number of images.
    """
    if weights_BI.shape[1:] != (matches.images,):
        raise ValueError(f"weights of shape {weights_BI.shape} for {matches.images} images")
    wanted = np.ones(len(matches.thresholds), bool) if use_T is None else use_T
    out = np.empty((len(weights_BI), matches.classes, len(wanted)))
    ap_table(
        hit_codes(matches),
        matches.image_index,
        matches.score,
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
