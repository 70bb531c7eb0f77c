"""Who takes whom: crowds, equal scores, equal IoUs, ids of any size.

All of COCO's arrays are pycocotools', to 1e-9; every set is read from files.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from segtrial.data.coco.read import read_coco
from segtrial.evaluation.matching import match_ranges
from segtrial.evaluation.rules import COCO
from segtrial.types.evaluation import IGNORED
from tests.builders import CATEGORIES
from tests.evaluation.lvis_evaluation import read_pair
from tests.evaluation.test_adversarial import (
    BRIDGE,
    CAR,
    IMAGES,
    LEFT,
    RIGHT,
    SIGN,
    crowded,
    highest,
    result,
)
from tests.evaluation.test_coco_arrays import KINDS, compare
from tests.evaluation.test_pycocotools import annotation, content_of

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.evaluation import IouType
    from tests.builders import Box


@KINDS
def test_a_detection_that_overlaps_two_crowds(kind: IouType, tmp_path: Path) -> None:
    """Two crowds of one class, one of another; equal and unequal shares; also with a free truth."""
    crowds = [
        annotation(0, 8, CAR, (0, 0, 10, 10), iscrowd=1),
        annotation(1, 8, CAR, (0, 0, 12, 10), iscrowd=1),
        annotation(2, 8, BRIDGE, (0, 0, 20, 10), iscrowd=1),
    ]
    truths = [annotation(3, 8, CAR, LEFT), annotation(4, 40, CAR, LEFT)]
    results = [
        result(8, CAR, 0.9, LEFT),  # takes the truth, not a crowd
        result(8, CAR, 0.8, LEFT),  # in both crowds wholly
        result(8, CAR, 0.7, (8, 0, 4, 10)),  # half in one, wholly in the other
        result(8, CAR, 0.6, (10, 0, 8, 10)),  # in neither by half
        result(8, CAR, 0.5, (9, 0, 4, 10)),  # at three quarters in the second alone
        result(40, CAR, 0.4, LEFT),
    ]
    content = content_of([*crowds, *truths], IMAGES)
    ours = compare(content, results, kind, tmp_path)
    assert ours.recall[:, 0, 0, 2].tolist() == [1] * 10
    rows = match_ranges(*read_pair(content, results, kind, tmp_path), kind, COCO)["all"].truth_row
    assert (rows == IGNORED).sum(axis=1).tolist() == [3] * 6 + [2] * 4
    for order in itertools.permutations(crowds[:2]):  # whichever crowd comes first
        compare(content_of([*order, *truths], IMAGES), results, kind, tmp_path)


@KINDS
def test_a_crowd_and_a_truth_outside_the_area_range(kind: IouType, tmp_path: Path) -> None:
    """What is outside may be met once, a crowd many times; areas are as stated."""
    rows = [
        annotation(0, 8, CAR, LEFT, area=5000.0),
        annotation(1, 8, CAR, (0, 0, 5, 10), iscrowd=1),
        annotation(2, 8, CAR, (0, 0, 4, 9)),
    ]
    results = [result(8, CAR, 0.9 - n / 10, LEFT) for n in range(4)]
    compare(content_of(rows, IMAGES), results, kind, tmp_path)
    compare(content_of(rows[::-1], IMAGES), results, kind, tmp_path)


@KINDS
@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_equal_scores_in_and_between_images(
    kind: IouType, order: tuple[int, ...], tmp_path: Path
) -> None:
    """A hit and a miss of one score in each of two images, in the file in any order.

    The order is that of the images' ids, then of the file: not that of the images in their file.
    """
    rows = [annotation(0, 40, CAR, LEFT), annotation(1, 8, CAR, LEFT)]
    results = [
        result(image, CAR, 0.5, box) for image, box in itertools.product((40, 8), (LEFT, RIGHT))
    ]
    ours = compare(content_of(rows, IMAGES), [results[k] for k in order], kind, tmp_path)
    hit_first = [order.index(2) < order.index(3), order.index(0) < order.index(1)]  # 8, then 40
    right = np.cumsum([hit for first in hit_first for hit in ((1, 0) if first else (0, 1))])
    precision = right / np.arange(1, 5)
    assert ours.precision[0, 100, 0, 0, 2] == pytest.approx(precision[right == 2].max())


@KINDS
def test_equal_ious_and_equal_truths(kind: IouType, tmp_path: Path) -> None:
    """One lies between two truths at IoU .6, and takes the later; the next finds that truth gone.

    Beside it twins, of which one is outside of "small" and is tried last there.
    """
    one, other, between = (0, 0, 4, 10), (2, 0, 4, 10), (1, 0, 4, 10)
    results = [result(8, CAR, 0.9, between), result(8, CAR, 0.8, one)]
    twins: list[Box] = [(12, 0, 4, 10)] * 2
    results += [result(8, CAR, 0.7, box) for box in twins]
    for order in itertools.permutations([one, other, *twins]):
        rows = [annotation(n, 8, CAR, box) for n, box in enumerate(order)]
        rows[order.index(twins[0])]["area"] = 5000.0
        ours = compare(content_of(rows, IMAGES), results, kind, tmp_path)
        one_is_later = order.index(one) > order.index(other)
        assert ours.recall[0, 0, 0, 2] == (3 / 4 if one_is_later else 1)


@KINDS
def test_ids_of_any_size(kind: IouType, tmp_path: Path) -> None:
    """Image 0, category 0, ids of 12 digits: none is a truth value."""
    content, results = crowded(3)
    image = {40: 0, 8: 581_929_000_123, 300: 5, 7: 6}
    label = {CAR: 0, BRIDGE: 99_999, SIGN: 1}
    for row in [*content["annotations"], *results]:
        row["image_id"], row["category_id"] = image[row["image_id"]], label[row["category_id"]]
    for row in content["annotations"]:
        row["id"] += 10**12
    content["images"] = [row | {"id": image[row["id"]]} for row in content["images"]]
    content["categories"] = [c | {"id": label[int(str(c["id"]))]} for c in CATEGORIES]
    ours = compare(content, results, kind, tmp_path)
    assert 0 < highest(ours) < 1
    assert read_coco(tmp_path / "truth.json", None).class_ids[0] == 0
