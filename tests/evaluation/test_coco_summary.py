"""COCO's twelve numbers against pycocotools, on made-up sets with crowds, ties and all sizes."""

from __future__ import annotations

import contextlib
import copy
import io
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import coco as reference
from pycocotools.cocoeval import COCOeval

from segtrial.data.coco.read import parse_coco
from segtrial.evaluation.coco_summary import coco_summary
from segtrial.evaluation.matching import match_ranges, prepare_truth
from segtrial.evaluation.recall import rank_in_cell, recall
from segtrial.evaluation.rules import COCO
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.evaluation import IouType
from tests.builders import found, truth
from tests.evaluation.coco_evaluation import detections_of, matches_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")


def pycocotools_stats(
    content: dict[str, Any], results: Sequence[dict[str, Any]], kind: IouType
) -> dict[str, float]:
    with contextlib.redirect_stdout(io.StringIO()):
        labels = reference.COCO()
        labels.dataset = copy.deepcopy(content)
        labels.createIndex()
        evaluation = COCOeval(
            labels,
            labels.loadRes(copy.deepcopy(list(results))),
            {"box": "bbox", "mask": "segm"}[kind],
        )
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {
        name: np.nan if value == -1 else value
        for name, value in zip(NAMES, evaluation.stats.tolist(), strict=True)
    }


def ours(
    content: dict[str, Any], results: Sequence[dict[str, Any]], kind: IouType, path: Path
) -> dict[str, float]:
    dataset = parse_coco(msgspec.json.encode(content), path, None)
    masks = kind == IouType.MASK
    prepared = prepare_truth(dataset, truth_masks(dataset) if masks else None)
    detections = detections_of(dataset, results, masks=masks)
    return coco_summary(match_ranges(prepared, detections, kind, COCO), dataset.class_names)


SIDES = st.sampled_from([3, 20, 31, 32, 33, 60, 95, 96, 97, 150])
BOX = st.tuples(st.integers(0, 40), st.integers(0, 40), SIDES, SIDES)
TRUTHS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(1, 3), BOX, st.sampled_from([0, 0, 0, 1])),
    min_size=1,
    max_size=8,
)
FOUND = st.lists(
    st.tuples(st.integers(1, 2), st.integers(1, 3), BOX, st.sampled_from([0.1, 0.5, 0.5, 0.9])),
    min_size=1,
    max_size=14,
)


@settings(deadline=None, max_examples=150)
@given(truths=TRUTHS, detections=FOUND, same=st.lists(st.integers(0, 7), max_size=6))
def test_the_twelve_numbers_are_pycocotools(
    tmp_path_factory: pytest.TempPathFactory, truths: Any, detections: Any, same: list[int]
) -> None:
    content = {
        "images": [{"id": i, "file_name": f"{i}.png", "width": 200, "height": 200} for i in (1, 2)],
        "annotations": [
            {
                "id": number + 1,
                "image_id": image,
                "category_id": label,
                "bbox": list(box),
                "area": box[2] * box[3],
                "iscrowd": crowd,
            }
            for number, (image, label, box, crowd) in enumerate(truths)
        ],
        "categories": [{"id": n, "name": f"class {n}"} for n in (1, 2, 3)],
    }
    copies = [truths[k % len(truths)] for k in same]  # hits, or else there would be few
    results = [
        {"image_id": image, "category_id": label, "bbox": list(box), "score": score}
        for image, label, box, score in [*detections, *((i, c, b, 0.7) for i, c, b, _ in copies)]
    ]
    path = tmp_path_factory.getbasetemp() / "made.json"
    theirs = pycocotools_stats(content, results, IouType.BOX)
    assert ours(content, results, IouType.BOX, path) == pytest.approx(theirs, abs=1e-9, nan_ok=True)


def test_recall_counts_what_the_first_detections_of_a_cell_met() -> None:
    """Two cars; the best detection meets nothing, the second one car, the third the other."""
    labels = truth([(0, 0, (0, 0, 4, 4)), (0, 0, (10, 0, 4, 4))])
    rows = [(0, 0, 0.9, (0, 6, 4, 4)), (0, 0, 0.8, (0, 0, 4, 4)), (0, 0, 0.7, (10, 0, 4, 4))]
    matches = matches_of(labels, found(rows), IouType.BOX)
    assert rank_in_cell(matches).tolist() == [0, 1, 2]
    for limit, share in ((1, 0), (2, 0.5), (3, 1), (None, 1)):
        assert recall(matches, limit)[0].tolist() == [share] * 10


def test_recall_is_undefined_without_truth() -> None:
    labels = truth([(0, 0, (0, 0, 4, 4))], classes=("car", "bus"))
    matches = matches_of(labels, found([(0, 1, 0.9, (0, 0, 4, 4))]), IouType.BOX)
    assert np.isnan(recall(matches)[1]).all()
    assert recall(matches)[0].tolist() == [0] * 10
