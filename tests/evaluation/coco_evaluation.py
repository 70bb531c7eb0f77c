"""The same truth and results given to pycocotools and to us, as AP per class and threshold.

Axes: C classes, T thresholds.
"""

from __future__ import annotations

import contextlib
import copy
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from segtrial.evaluation.average_precision import average_precision
from segtrial.evaluation.matching import match, prepare_truth
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.detections import Detections
from segtrial.types.evaluation import IouType, Matches, Scores
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.arrays import Floats
    from segtrial.types.dataset import Dataset

Result = dict[str, Any]


def coco_ap(
    content: dict[str, Any],
    results: Sequence[Result],
    kind: IouType,
    image_ids: Sequence[int] | None = None,
) -> Floats:
    """pycocotools' AP, area "all", 100 detections: float64 (C, T) in the categories' order.

    pycocotools reports -1 where a class has no truth; here it is NaN. Its `loadRes` cannot take
    an empty list, so an empty data set stands for it.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = copy.deepcopy(content)
        truth.createIndex()
        if results:
            found = truth.loadRes(copy.deepcopy(list(results)))
        else:
            found = COCO()
            found.dataset = copy.deepcopy(content) | {"annotations": []}
            found.createIndex()
        evaluation = COCOeval(truth, found, {"box": "bbox", "mask": "segm"}[kind])
        if image_ids is not None:
            evaluation.params.imgIds = list(image_ids)
        evaluation.evaluate()
        evaluation.accumulate()
    precision_TRC = evaluation.eval["precision"][:, :, :, 0, 2]
    ap_CT = np.where((precision_TRC > -1).all(axis=1), precision_TRC.mean(axis=1), np.nan).T
    order = [evaluation.params.catIds.index(c["id"]) for c in content["categories"]]
    return np.asarray(ap_CT[order])


def detections_of(dataset: Dataset, results: Sequence[Result], *, masks: bool) -> Detections:
    """COCO's results as Detections: sorted by image, the file's order within an image."""
    image_row = {image_id: row for row, image_id in enumerate(dataset.image_id)}
    class_row = {class_id: row for row, class_id in enumerate(dataset.class_ids)}
    kept = [r for r in results if str(r["image_id"]) in image_row]
    kept.sort(key=lambda r: image_row[str(r["image_id"])])
    strings = [r["segmentation"]["counts"] for r in kept] if masks else []
    return Detections(
        image_index=np.array([image_row[str(r["image_id"])] for r in kept], np.int32),
        class_index=np.array([class_row[r["category_id"]] for r in kept], np.int32),
        score=np.array([r["score"] for r in kept], np.float64),
        box_xywh=np.array([r.get("bbox", (0, 0, 0, 0)) for r in kept], np.float64).reshape(-1, 4),
        masks=pack_masks([s if isinstance(s, bytes) else s.encode() for s in strings])
        if masks
        else None,
    )


def matches_of(dataset: Dataset, detections: Detections, kind: IouType) -> Matches:
    masks = truth_masks(dataset) if kind == IouType.MASK else None
    return match(prepare_truth(dataset, masks), detections, kind)


def scores_of(dataset: Dataset, results: Sequence[Result], kind: IouType) -> Scores:
    detections = detections_of(dataset, results, masks=kind == IouType.MASK)
    return average_precision(matches_of(dataset, detections, kind), dataset.class_names)
