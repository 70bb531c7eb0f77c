"""AP as the plain area under precision and recall, as one published study computed it.

Not interpolated: no envelope, no 101 points. A truth is met at an IoU strictly above the threshold;
otherwise matching is COCO's, crowds and 100 detections an image and class included.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.matching import Truth, match_ranges
from segtrial.evaluation.rules import COCO
from segtrial.types.arrays import IOU_THRESHOLDS
from segtrial.types.evaluation import IGNORED, IouType, Matches, Scores

if TYPE_CHECKING:
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
    first, truths = matches.class_slices(), matches.instances()
    counted = matches.truth_row != IGNORED
    ap_CT = np.where(truths[:, None] > 0, np.zeros((1, len(matches.thresholds))), np.nan)
    for t, met in enumerate(matches.truth_row):
        # recall moves at hits alone: there precision is k / n, and before them (k − 1) / (n − 1)
        hit = np.flatnonzero(met >= 0)
        label = matches.class_index[hit]
        before = np.append(0, np.cumsum(counted[t]))
        n = before[hit + 1] - before[first[label]]
        k = np.arange(1, len(hit) + 1) - np.searchsorted(hit, first)[label]
        previous = np.where(n > 1, (k - 1) / np.maximum(n - 1, 1), 1.0)
        known = truths[label] > 0
        area = (k / n + previous)[known] / 2 / truths[label[known]]
        ap_CT[:, t] += np.bincount(label[known], area, minlength=matches.classes)
    return Scores(
        iou_type=IouType(matches.iou_type),
        class_names=class_names,
        thresholds=matches.thresholds,
        ap=ap_CT,
        instances=truths,
        positive_images=matches.positive_images(),
    )
