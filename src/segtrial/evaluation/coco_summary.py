"""The numbers that COCO's and LVIS's own tools print, from the matches of each area range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.average_precision import average_precision, mean_over_classes
from segtrial.evaluation.recall import recall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segtrial.types.arrays import Floats
    from segtrial.types.evaluation import Matches

RANGES = {"all": "", "small": "s", "medium": "m", "large": "l"}
LIMITS = (1, 10, 100)  # COCO's maxDets
GROUPS = ("r", "c", "f")  # LVIS: rare, common, frequent


def coco_summary(matches: Mapping[str, Matches], class_names: tuple[str, ...]) -> dict[str, float]:
    """COCO's twelve: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl.

    `matches`: by area range, as `match_ranges` gives them under COCO's rules. Means over the
    classes with truth in the range; NaN where there is none (pycocotools prints −1).
    """
    found = _precisions(matches, class_names)
    for limit in LIMITS[:-1]:
        found[f"AR{limit}"] = _mean(recall(matches["all"], limit))
    for name, letter in RANGES.items():  # no more detections were matched than the last limit
        found[f"AR{letter or LIMITS[-1]}"] = _mean(recall(matches[name]))
    return found


def lvis_summary(
    matches: Mapping[str, Matches], class_names: tuple[str, ...], frequency: tuple[str, ...]
) -> dict[str, float]:
    """LVIS's thirteen: AP, AP50, AP75, APs, APm, APl, APr, APc, APf, AR@300 and its ARs, ARm, ARl.

    `matches`: under LVIS's rules. `frequency`: "r", "c" or "f" for each class.
    """
    found = _precisions(matches, class_names)
    ap_CT = average_precision(matches["all"], class_names).ap
    for group in GROUPS:
        found[f"AP{group}"] = mean_over_classes(ap_CT[np.array(frequency) == group])
    found["AR300"] = _mean(recall(matches["all"]))
    for name in ("small", "medium", "large"):
        found[f"AR{RANGES[name]}"] = _mean(recall(matches[name]))
    return found


def _precisions(matches: Mapping[str, Matches], class_names: tuple[str, ...]) -> dict[str, float]:
    ap_CT = average_precision(matches["all"], class_names).ap
    found = {
        "AP": mean_over_classes(ap_CT),
        "AP50": mean_over_classes(ap_CT, 0.5),
        "AP75": mean_over_classes(ap_CT, 0.75),
    }
    for name in ("small", "medium", "large"):
        scores = average_precision(matches[name], class_names)
        found[f"AP{RANGES[name]}"] = mean_over_classes(scores.ap)
    return found


def _mean(recall_CT: Floats) -> float:
    """Over thresholds and the classes with truth; NaN where there is none."""
    return mean_over_classes(recall_CT)
