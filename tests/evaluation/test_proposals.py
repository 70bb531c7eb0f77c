"""Class-agnostic numbers against pycocotools with `useCats = 0`, and on sets one can check."""

from __future__ import annotations

import contextlib
import copy
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import coco as reference
from pycocotools.cocoeval import COCOeval

from segtrial.evaluation.matching import prepare_truth
from segtrial.evaluation.proposals import highest_of_cells, match_proposals, proposal_summary
from segtrial.evaluation.rules import LVIS
from segtrial.types.evaluation import IGNORED, NO_MATCH, IouType
from tests.builders import found, truth
from tests.evaluation.lvis_evaluation import read_pair
from tests.evaluation.lvis_sets import as_given, made_case, made_content
from tests.evaluation.test_coco_summary import FOUND, NAMES, TRUTHS
from tests.evaluation.test_lvis_rules import covered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LEFT, RIGHT = (0, 0, 4, 10), (10, 0, 4, 10)
FAR_NAMES = ("AR300", "AR1000", "ARs1000", "ARm1000", "ARl1000")


def pycocotools_numbers(
    content: dict[str, Any], results: Sequence[dict[str, Any]], kind: IouType
) -> dict[str, float]:
    """Two evaluations with `useCats = 0`: limits of 1, 10, 100 and of 100, 300, 1000."""
    numbers: dict[str, float] = {}
    for limits in ([1, 10, 100], [100, 300, 1000]):
        with contextlib.redirect_stdout(io.StringIO()):
            labels = reference.COCO()
            labels.dataset = copy.deepcopy(content)
            labels.createIndex()
            boxes = labels.loadRes(copy.deepcopy(list(results)))
            evaluation = COCOeval(labels, boxes, {"box": "bbox", "mask": "segm"}[kind])
            evaluation.params.useCats = 0
            evaluation.params.maxDets = limits
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        stats = evaluation.stats.tolist()
        named = (NAMES, stats) if limits[0] == 1 else (FAR_NAMES, stats[7:])
        rows = zip(*named, strict=True)
        numbers |= {name: np.nan if value == -1 else value for name, value in rows}
    return numbers


def our_numbers(
    content: dict[str, Any], results: Sequence[dict[str, Any]], kind: IouType, folder: Path
) -> dict[str, float]:
    labels, detections = read_pair(content, results, kind, folder)
    return proposal_summary(match_proposals(labels, detections, kind))


@settings(deadline=None, max_examples=60)
@given(truths=TRUTHS, detections=FOUND, same=st.lists(st.integers(0, 7), max_size=6))
def test_the_numbers_are_pycocotools_without_categories(
    tmp_path_factory: pytest.TempPathFactory, truths: Any, detections: Any, same: list[int]
) -> None:
    """Categories stand in the file in another order than that of their ids."""
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
        "categories": [{"id": n, "name": f"class {n}"} for n in (3, 1, 2)],
    }
    copies = [truths[k % len(truths)] for k in same]
    results = [
        {"image_id": image, "category_id": 4 - label, "bbox": list(box), "score": score}
        for image, label, box, score in [*detections, *((i, c, b, 0.5) for i, c, b, _ in copies)]
    ]
    folder = tmp_path_factory.getbasetemp()
    theirs = pycocotools_numbers(content, results, IouType.BOX)
    ours = our_numbers(content, results, IouType.BOX, folder)
    assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("kind", list(IouType))
@pytest.mark.parametrize("case", ["ties", "many", "empty"])
def test_masks_and_many_detections_agree_with_pycocotools(
    case: str, kind: IouType, tmp_path: Path
) -> None:
    content, results = made_case(made_content(4), case)
    for row in content["annotations"]:
        row["iscrowd"] = 0
    results = as_given(results, case, kind)
    theirs = pycocotools_numbers(content, results, kind)
    assert our_numbers(content, results, kind, tmp_path) == pytest.approx(
        theirs, abs=1e-9, nan_ok=True
    )


def test_limits_of_300_and_1000_cut_where_pycocotools_cuts(tmp_path: Path) -> None:
    """1200 detections in one image: of the truths' own boxes every 200th, scores in five steps."""
    boxes = [[float(10 * k), 0.0, 8.0, 8.0] for k in range(8)]
    content = {
        "images": [{"id": 1, "file_name": "1.png", "width": 200, "height": 200}],
        "annotations": [
            {"id": k + 1, "image_id": 1, "category_id": 1 + k % 2, "bbox": b, "area": 64}
            | {"iscrowd": 0}
            for k, b in enumerate(boxes)
        ],
        "categories": [{"id": n, "name": f"class {n}"} for n in (2, 1)],
    }
    results = [
        {
            "image_id": 1,
            "category_id": 1 + k % 2,
            "bbox": boxes[k // 200] if k % 200 == 60 else [100.0, 100.0 + k % 50, 9.0, 9.0],
            "score": 0.9 - k // 250 / 10,
        }
        for k in range(1200)
    ]
    theirs = pycocotools_numbers(content, results, IouType.BOX)
    ours = our_numbers(content, results, IouType.BOX, tmp_path)
    assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)
    recalls = [ours[name] for name in ("AR10", "AR100", "AR300", "AR1000")]
    assert recalls == pytest.approx([0, 1 / 8, 2 / 8, 5 / 8])


def test_the_class_that_is_said_does_not_matter() -> None:
    labels = truth([(0, 0, LEFT), (0, 1, RIGHT)], classes=("car", "bus"))
    rows = [(0, 1, 0.9, LEFT), (0, 1, 0.8, RIGHT), (0, 0, 0.7, LEFT)]
    prepared = prepare_truth(labels, None)
    matches = match_proposals(prepared, found(rows), IouType.BOX)["all"]
    assert (matches.classes, matches.class_index.tolist()) == (1, [0, 0, 0])
    assert matches.truth_row[0].tolist() == [0, 1, NO_MATCH]
    assert matches.detection_row.tolist() == [0, 1, 2]
    assert proposal_summary(dict.fromkeys(("all", "small", "medium", "large"), matches))[
        "AP"
    ] == pytest.approx(1)


def test_of_equal_scores_the_lower_class_id_comes_first() -> None:
    labels = truth([(0, 0, LEFT)], classes=("car", "bus"))
    rows = [(0, 1, 0.5, LEFT), (0, 0, 0.5, LEFT)]
    matches = match_proposals(prepare_truth(labels, None), found(rows), IouType.BOX)["all"]
    assert matches.detection_row.tolist() == [1, 0]
    assert matches.truth_row[0].tolist() == [0, NO_MATCH]


def test_of_equal_ious_the_truth_of_the_highest_class_id_is_met() -> None:
    """As pycocotools, which lines the truths up by class id and takes the last."""
    labels = truth([(0, 1, LEFT), (0, 0, LEFT)], classes=("car", "bus"))
    rows = [(0, 0, 0.9, LEFT)]
    matches = match_proposals(prepare_truth(labels, None), found(rows), IouType.BOX)["all"]
    assert matches.truth_row[0].tolist() == [0]


def test_a_crowd_of_any_class_is_ignored() -> None:
    labels = truth([(0, 0, LEFT), (0, 1, RIGHT)], classes=("car", "bus"), crowd=(1,))
    rows = [(0, 0, 0.9, RIGHT), (0, 0, 0.8, RIGHT), (0, 0, 0.7, LEFT)]
    matches = match_proposals(prepare_truth(labels, None), found(rows), IouType.BOX)["all"]
    assert matches.truth_row[0].tolist() == [IGNORED, IGNORED, 0]
    assert matches.truth_class.tolist() == [0]


def test_federated_rules_still_look_at_the_class() -> None:
    """A class that nobody looked for is dropped; a miss of an open class is ignored."""
    labels = truth([(0, 0, LEFT), (0, 1, LEFT)], classes=("held", "open", "unknown"))
    labels = covered(labels, not_exhaustive=[(0, 1)])
    rows = [(0, 0, 0.9, RIGHT), (0, 1, 0.8, RIGHT), (0, 2, 0.7, LEFT), (0, 0, 0.6, LEFT)]
    matches = match_proposals(prepare_truth(labels, None), found(rows), IouType.BOX, LVIS)["all"]
    assert matches.detection_row.tolist() == [0, 1, 3]
    assert matches.truth_row[0].tolist() == [NO_MATCH, IGNORED, 1]


def test_no_truth_is_undefined_and_no_detection_is_zero() -> None:
    nothing = proposal_summary(
        match_proposals(prepare_truth(truth([]), None), found([(0, 0, 0.9, LEFT)]), IouType.BOX)
    )
    assert set(nothing) == {*NAMES, *FAR_NAMES}
    assert np.isnan(list(nothing.values())).all()
    prepared = prepare_truth(truth([(0, 0, LEFT)]), None)
    blind = proposal_summary(match_proposals(prepared, found([]), IouType.BOX))
    assert [blind[name] for name in ("AP", "APs", "AR1", "AR1000", "ARs1000")] == [0] * 5
    assert np.isnan([blind[name] for name in ("APm", "APl", "ARm1000")]).all()


def test_the_highest_of_a_cell_are_cut_by_image_and_class() -> None:
    labels = truth([(0, 0, LEFT), (1, 0, LEFT)], images=2)
    rows = [(0, 0, 0.3, LEFT), (0, 0, 0.9, RIGHT), (1, 0, 0.1, LEFT)]
    matches = match_proposals(prepare_truth(labels, None), found(rows), IouType.BOX)["all"]
    kept = highest_of_cells(matches, 1)
    assert kept.detection_row.tolist() == [1, 2]
    assert kept.truth_row[0].tolist() == [NO_MATCH, 1]
