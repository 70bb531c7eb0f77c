"""Proposals: how well boxes or masks find objects, whatever class they are called.

All truth is one class and all detections are one class: what COCO's tool gives with `useCats = 0`.
For region proposals and for detectors whose classes are not to count. No rules of its own: they
are `rules.py`'s, under `class_agnostic`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from segtrial.evaluation.average_precision import mean_over_classes
from segtrial.evaluation.coco_summary import RANGES, coco_summary
from segtrial.evaluation.matching import match_ranges
from segtrial.evaluation.recall import rank_in_cell, recall
from segtrial.evaluation.rules import COCO, Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segtrial.evaluation.matching import Truth
    from segtrial.types.detections import Detections
    from segtrial.types.evaluation import IouType, Matches
    from segtrial.types.overlaps import Overlaps

MOST = 1000  # detections an image that are matched
LIMIT = 100  # of them, those that COCO's twelve numbers look at
NAME = "object"  # the one class


def match_proposals(
    truth: Truth,
    detections: Detections,
    iou_type: IouType,
    rules: Rules = COCO,
    *,
    pairs: Overlaps | None = None,
) -> dict[str, Matches]:
    """The matches of each area range with all classes as one, up to 1000 detections an image.

    The class of the result is 0 of 1; `truth_row` and `detection_row` are rows of what was given.
    Equal scores stand by class id, then in the detections' order; of equal IoUs the truth of the
    highest class id, then of the last row is met (pycocotools with `useCats = 0`). Raises
    ValueError as `match_ranges` does.
    """
    return match_ranges(
        truth,
        detections,
        iou_type,
        replace(rules, class_agnostic=True, per_cell=MOST),
        pairs=pairs,
    )


def highest_of_cells(matches: Matches, count: int) -> Matches:
    """The matches of the `count` highest-scored detections of each image and class.

    Equal to matching them alone: a detection's truth does not depend on those of lower score.
    """
    kept = rank_in_cell(matches) < count
    return replace(
        matches,
        image_index=matches.image_index[kept],
        class_index=matches.class_index[kept],
        score=matches.score[kept],
        detection_row=matches.detection_row[kept],
        truth_row=matches.truth_row[:, kept],
    )


def proposal_summary(matches: Mapping[str, Matches]) -> dict[str, float]:
    """COCO's twelve numbers at limits of 1, 10 and 100 detections an image, and recall beyond.

    Beside the keys of `coco_summary`: AR300 and AR1000, and ARs1000, ARm1000, ARl1000 for small,
    medium and large truths. AR: the share of the truths that the limit's highest-scored detections
    met, mean over the ten IoU thresholds. `matches`: as `match_proposals` gives them. No truth in
    the range: NaN; no detections: 0.
    """
    first = {name: highest_of_cells(table, LIMIT) for name, table in matches.items()}
    found = coco_summary(first, (NAME,))
    found["AR300"] = mean_over_classes(recall(matches["all"], 300))
    for name, letter in RANGES.items():
        found[f"AR{letter}{MOST}"] = mean_over_classes(recall(matches[name], MOST))
    return found
