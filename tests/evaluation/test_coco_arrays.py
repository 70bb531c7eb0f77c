"""COCO's full arrays against pycocotools' on generated sets, and on a curve that one can draw."""

from __future__ import annotations

import contextlib
import copy
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from pycocotools import coco as reference
from pycocotools.cocoeval import COCOeval

from segtrial.evaluation.coco_arrays import RECALL_LEVELS, coco_arrays
from segtrial.evaluation.coco_summary import coco_summary
from segtrial.evaluation.matching import match_ranges, prepare_truth
from segtrial.evaluation.rules import COCO
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.evaluation import IouType
from segtrial.types.masks import pack_masks
from tests.builders import found, truth
from tests.evaluation.lvis_evaluation import read_pair
from tests.evaluation.test_coco_summary import FOUND, TRUTHS
from tests.evaluation.test_pycocotools import generated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from segtrial.evaluation.coco_arrays import CocoArrays
    from segtrial.evaluation.matching import Truth
    from segtrial.evaluation.rules import Rules
    from segtrial.types.arrays import Floats
    from segtrial.types.detections import Detections

Content = dict[str, Any]
KINDS = pytest.mark.parametrize("kind", list(IouType))
TOLERANCE = 1e-9
HIT, MISS = (0, 0, 4, 10), (10, 0, 4, 10)


def their_arrays(
    content: Content, results: Sequence[dict[str, Any]], kind: IouType, **params: Any
) -> dict[str, Floats]:
    """pycocotools' `eval["precision"]`, `["scores"]` and `["recall"]`, −1 as NaN.

    `params`: what is set in its `params`. Classes in the order of the labels; its `loadRes` takes
    no empty list, for which an empty data set stands.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        labels = reference.COCO()
        labels.dataset = copy.deepcopy(content)
        labels.createIndex()
        if results:
            answers = labels.loadRes(copy.deepcopy(list(results)))
        else:
            answers = reference.COCO()
            answers.dataset = copy.deepcopy(content) | {"annotations": []}
            answers.createIndex()
        run = COCOeval(labels, answers, {"box": "bbox", "mask": "segm"}[kind])
        for name, value in params.items():
            setattr(run.params, name, value)
        run.evaluate()
        run.accumulate()
    ids = [c["id"] for c in content["categories"] if c["id"] in run.params.catIds]
    order = [run.params.catIds.index(i) for i in ids] or [0]  # [-1] without categories
    arrays = {}
    for name, axis in (("precision", 2), ("scores", 2), ("recall", 1)):
        table = np.take(run.eval[name], order, axis=axis)
        arrays[name] = np.where(table == -1, np.nan, table)
    return arrays


def our_arrays(
    truth: Truth,
    detections: Detections,
    kind: IouType,
    *,
    limits: tuple[int, ...] = (1, 10, 100),
    rules: Rules = COCO,
) -> CocoArrays:
    """At so many detections a cell as the limits need. An empty list of results
    does not say whether it has masks.
    """
    rules = replace(rules, per_cell=max(limits))
    if not len(detections):
        detections = replace(detections, masks=pack_masks([]))
    return coco_arrays(match_ranges(truth, detections, kind, rules), limits)


def assert_equal(ours: CocoArrays, theirs: dict[str, Floats]) -> None:
    for name, table in theirs.items():
        np.testing.assert_allclose(getattr(ours, name), table, rtol=0, atol=TOLERANCE, err_msg=name)


def compare(
    content: Content, results: Sequence[dict[str, Any]], kind: IouType, folder: Path
) -> CocoArrays:
    """Ours, read from files, after asserting that they are pycocotools'."""
    ours = our_arrays(*read_pair(content, results, kind, folder), kind)
    assert_equal(ours, their_arrays(content, results, kind))
    return ours


STATED_PX = st.sampled_from([0, 1, 16, 1024, 1024.5, 5000, 9216, 9217])  # ends of the ranges too


@KINDS
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_generated_sets_of_all_shapes_agree(
    tmp_path_factory: pytest.TempPathFactory, kind: IouType, data: st.DataObject
) -> None:
    """Crowds, ties, copies, one px, nothing; the truths' areas are as stated, not as drawn."""
    content, results = data.draw(generated(kind))
    for row in content["annotations"]:
        row["area"] = data.draw(STATED_PX)
    ours = compare(content, results, kind, tmp_path_factory.getbasetemp())
    event(f"classes with truth: {int((~np.isnan(ours.recall[0, :, 0, 0])).sum())}")


@settings(deadline=None, max_examples=50)
@given(truths=TRUTHS, detections=FOUND, same=st.lists(st.integers(0, 7), max_size=6))
def test_generated_boxes_of_all_sizes_agree(
    tmp_path_factory: pytest.TempPathFactory, truths: Any, detections: Any, same: list[int]
) -> None:
    """Image 3 is empty; of the classes, which stand in no order, one has no truth."""
    content = {
        "images": [
            {"id": i, "file_name": f"{i}.png", "width": 200, "height": 200} for i in (3, 1, 2)
        ],
        "annotations": [
            {"id": n + 1, "image_id": image, "category_id": label, "bbox": list(box)}
            | {"area": box[2] * box[3], "iscrowd": crowd}
            for n, (image, label, box, crowd) in enumerate(truths)
        ],
        "categories": [{"id": n, "name": f"class {n}"} for n in (3, 1, 4, 2)],
    }
    copies = [truths[k % len(truths)] for k in same]  # hits, or else there would be few
    results = [
        {"image_id": image, "category_id": label, "bbox": list(box), "score": score}
        for image, label, box, score in [*detections, *((i, c, b, 0.7) for i, c, b, _ in copies)]
    ]
    ours = compare(content, results, IouType.BOX, tmp_path_factory.getbasetemp())
    assert ours.precision.shape == ours.scores.shape == (10, 101, 4, 4, 3)
    assert ours.recall.shape == (10, 4, 4, 3)
    assert np.isnan(ours.precision[:, :, 2]).all()


def test_a_curve_that_one_can_draw() -> None:
    """Hit at .9, miss at .8, hit at .7 of three truths: precision 1 to recall 1/3, 2/3 to 2/3."""
    labels = truth([(i, 0, HIT) for i in range(3)], images=3)
    rows = [(0, 0, 0.9, HIT), (0, 0, 0.8, MISS), (1, 0, 0.7, HIT)]
    ours = our_arrays(prepare_truth(labels, None), found(rows), IouType.BOX, limits=(1, 2))
    assert (ours.areas, ours.limits) == (("all", "small", "medium", "large"), (1, 2))
    drawn = {0.0: (1, 0.9), 0.33: (1, 0.9), 0.34: (2 / 3, 0.7), 0.66: (2 / 3, 0.7), 0.67: (0, 0)}
    for level, expected in drawn.items():
        place = round(100 * level)
        assert RECALL_LEVELS[place] == pytest.approx(level)
        got = ours.precision[0, place, 0, 0, 1], ours.scores[0, place, 0, 0, 1]
        assert got == pytest.approx(expected)
    assert ours.precision[0, 66, 0, 0, 0] == pytest.approx(1)  # the miss is its cell's second
    assert ours.recall[:, 0, 0].tolist() == [[2 / 3] * 2] * 10
    assert np.isnan(ours.recall[:, :, 2:]).all()  # no truth is of medium or large size


def test_an_ignored_detection_may_give_recall_zero_its_score() -> None:
    """In a crowd at .9, a hit at .8: pycocotools reads the score of level 0 off the first one."""
    labels = truth([(0, 0, HIT), (0, 0, MISS)], crowd=(1,))
    rows = [(0, 0, 0.9, MISS), (0, 0, 0.8, HIT)]
    ours = our_arrays(prepare_truth(labels, None), found(rows), IouType.BOX)
    assert ours.scores[0, :2, 0, 0, 2].tolist() == [0.9, 0.8]
    assert ours.precision[0, :, 0, 0, 2].tolist() == pytest.approx([1] * 101)


def test_undefined_and_zero_are_told_apart() -> None:
    """Car: truth, nothing found. Bus: found, no truth. Sign: neither."""
    labels = truth([(0, 0, HIT)], classes=("car", "bus", "sign"))
    ours = our_arrays(prepare_truth(labels, None), found([(0, 1, 0.9, HIT)]), IouType.BOX)
    for table in (ours.precision[0, 50], ours.scores[0, 50], ours.recall[0]):
        np.testing.assert_array_equal(table[:, 0, 2], [0, np.nan, np.nan])


@KINDS
def test_the_twelve_numbers_are_means_of_the_arrays(kind: IouType) -> None:
    labels = truth([(0, 0, HIT), (0, 1, MISS), (1, 0, HIT)], images=2, classes=("car", "bus"))
    rows = [(0, 0, 0.9, HIT), (0, 0, 0.9, MISS), (0, 1, 0.5, (10, 0, 5, 10)), (1, 0, 0.4, MISS)]
    prepared = prepare_truth(labels, truth_masks(labels))
    matches = match_ranges(prepared, found(rows), kind, COCO)
    ours, numbers = coco_arrays(matches), coco_summary(matches, labels.class_names)
    assert ours.precision[:, :, :, 0, 2].mean() == pytest.approx(numbers["AP"])
    assert ours.precision[5, :, :, 1, 2].mean() == pytest.approx(numbers["AP75"])
    for m, name in enumerate(("AR1", "AR10", "AR100")):
        assert ours.recall[:, :, 0, m].mean() == pytest.approx(numbers[name])


def test_arrays_are_read_only_and_limits_sensible() -> None:
    labels = truth([(0, 0, HIT)])
    matches = match_ranges(prepare_truth(labels, None), found([]), IouType.BOX, COCO)
    ours = coco_arrays(matches)
    for table in (ours.precision, ours.scores, ours.recall, ours.recall_levels):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 1
    for wrong in ((), (0, 1)):
        with pytest.raises(ValueError, match="expected 1 or more"):
            coco_arrays(matches, wrong)
    with pytest.raises(ValueError, match="0 area ranges"):
        coco_arrays({})
