"""AP as the plain area under precision and recall, as one published study computed it.

Not interpolated: no envelope, no 101 points. A truth is met at an IoU strictly above the threshold;
otherwise matching is COCO's, crowds and 100 detections an image and class included.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.average_precision import average_precision
from segtrial.evaluation.curves import truth_counts
from segtrial.evaluation.matching import Truth, match_ranges
from segtrial.evaluation.rules import COCO
from segtrial.types.arrays import IOU_THRESHOLDS
from segtrial.types.evaluation import IGNORED, IouType, Matches, Scores

if TYPE_CHECKING:
    import numpy.typing as npt

    from segtrial.types.arrays import Floats
    from segtrial.types.detections import Detections
    from segtrial.types.overlaps import Overlaps


def match_strictly(
    truth: Truth, detections: Detections, iou_type: IouType, *, pairs: Overlaps | None = None
) -> Matches:
    """`match`, but a detection meets a truth only at an IoU strictly above the threshold.

    Raises ValueError as `match_parts` does.
    """
    # IoU ≥ the next number that a float can hold: the same as IoU > threshold
    above = np.nextafter(IOU_THRESHOLDS, np.inf)
    found = match_ranges(
        truth, detections, iou_type, COCO, ("all",), thresholds=above, pairs=pairs
    )["all"]
    return replace(found, thresholds=IOU_THRESHOLDS)


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
