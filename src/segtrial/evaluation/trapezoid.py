"""AP as the plain area under precision and recall, as one published study computed it.

Not interpolated: no envelope, no 101 points. A truth is met at an IoU strictly above the threshold;
otherwise matching is COCO's, crowds and 100 detections an image and class included.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation import kernels
from segtrial.evaluation.average_precision import average_precision
from segtrial.evaluation.curves import truth_counts
from segtrial.evaluation.matching import Truth, box_shapes, mask_shapes, match
from segtrial.evaluation.rules import COCO, cells_of, detection_order
from segtrial.types.evaluation import IGNORED, IouType, Matches, Scores

if TYPE_CHECKING:
    import numpy.typing as npt

    from segtrial.types.arrays import Floats
    from segtrial.types.detections import Detections

ANY_AREA_PX = np.array([[-np.inf, np.inf]])


def match_strictly(truth: Truth, detections: Detections, iou_type: IouType) -> Matches:
    """`match`, but a detection meets a truth only at an IoU strictly above the threshold.

    Raises ValueError where masks are asked for and missing.
    """
    usual = match(truth, detections, iou_type)
    dataset = truth.dataset
    found, real = box_shapes(np.array(detections.box_xywh)), truth.boxes
    if iou_type == IouType.MASK and detections.masks is not None and truth.masks is not None:
        heights = dataset.height_px[detections.image_index].astype(np.int64)
        found, real = mask_shapes(detections.masks, heights), truth.masks
    rows, cells = detection_order(detections, dataset, COCO)
    cell = cells_of(dataset.image_index, dataset.class_index, len(dataset.class_names))
    order = np.argsort(cell, kind="stable")
    met_ATD = np.empty((1, len(usual.thresholds), len(rows)), np.int32)
    kernels.match_cells(
        rows,
        cells,
        order,
        cell[order],
        found.box_xywh,
        found.area_px,
        found.counts,
        found.first,
        real.box_xywh,
        real.area_px,
        np.array(dataset.crowd),
        real.counts,
        real.first,
        iou_type == IouType.MASK,
        # IoU ≥ the next number that a float can hold: the same as IoU > threshold
        np.nextafter(usual.thresholds, np.inf),
        found.area_px,
        real.area_px,
        ANY_AREA_PX,
        met_ATD,
    )
    place = np.empty(len(detections), np.int64)
    place[rows] = np.arange(len(rows))
    return replace(usual, truth_row=met_ATD[0][:, place[usual.detection_row]])


def trapezoid_average_precision(matches: Matches, class_names: tuple[str, ...]) -> Scores:
    """Area under precision against recall by the trapezoid rule, by class and IoU threshold.

    Σ (R_k − R_{k−1}) (P_k + P_{k−1}) / 2 over the detections by falling score, from (0, 1); beyond
    the last recall there is nothing. NaN where the class has no truth, 0 where it has truth but no
    detection. Equal scores keep the order of the images, then of the detections. Ignored ones
    count in neither. `matches`: of `match_strictly`.
    """
    usual = average_precision(matches, class_names)
    bounds, truths = matches.class_slices(), truth_counts(matches)
    ap_CT = np.full(usual.ap.shape, np.nan)
    for c in np.flatnonzero(truths > 0):
        for t in range(len(matches.thresholds)):
            ap_CT[c, t] = _area(matches.truth_row[t, bounds[c] : bounds[c + 1]], int(truths[c]))
    return replace(usual, ap=ap_CT)


def _area(met: npt.NDArray[np.int32], truths: int) -> float:
    hits: Floats = np.cumsum(met[met != IGNORED] >= 0).astype(np.float64)
    precision = np.append(1.0, hits / np.arange(1, len(hits) + 1))
    recall = np.append(0.0, hits / truths)
    return float(np.trapezoid(precision, recall))
