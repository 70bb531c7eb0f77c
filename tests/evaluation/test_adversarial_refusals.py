"""What others take silently and answer with a wrong number: refused here, with the place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from segtrial.data.coco.read import read_coco
from segtrial.data.predictions import read_predictions
from segtrial.evaluation.any_class import match_any_class
from segtrial.evaluation.matching import match, prepare_truth
from segtrial.evaluation.overlaps import overlaps
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.errors import DataError
from segtrial.types.evaluation import IouType
from tests.builders import found, truth
from tests.evaluation.test_adversarial import CAR, IMAGES, LEFT, RIGHT, result
from tests.evaluation.test_coco_arrays import KINDS, their_arrays
from tests.evaluation.test_pycocotools import annotation, content_of

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [annotation(0, 8, CAR, LEFT), annotation(1, 8, CAR, RIGHT)]
FOUND = [result(8, CAR, 0.9, LEFT), result(8, CAR, 0.8, RIGHT)]


def test_duplicate_annotation_ids(tmp_path: Path) -> None:
    """pycocotools keeps the last of two and evaluates it twice: half of the truth can be met."""
    rows = [ROWS[0], ROWS[1] | {"id": ROWS[0]["id"]}]
    theirs = their_arrays(content_of(rows, IMAGES), FOUND, IouType.BOX)
    assert theirs["recall"][0, 0, 0, 2] == 0.5
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(content_of(rows, IMAGES)))
    with pytest.raises(DataError, match="the id of another"):
        read_coco(path, None)


@pytest.mark.parametrize(
    "score", ["NaN", "Infinity", "-Infinity", "1e999", "1.0001", "-0.5", "null"]
)
def test_scores_that_are_none(score: str, tmp_path: Path) -> None:
    """Python's json reads NaN and Infinity, and pycocotools sorts NaN last."""
    labels, path = tmp_path / "truth.json", tmp_path / "results.json"
    labels.write_text(json.dumps(content_of(ROWS, IMAGES)))
    text = json.dumps([FOUND[0], FOUND[1] | {"score": "here"}])
    path.write_text(text.replace('"here"', score))
    with pytest.raises(DataError) as caught:
        read_predictions(path, read_coco(labels, None))
    assert str(path) in caught.value.where


def test_a_score_that_is_no_number_in_the_label_flow() -> None:
    labels = truth([(0, 0, LEFT)])
    detections = found([(0, 0, 0.9, LEFT), (0, 0, float("nan"), RIGHT)])
    pairs = overlaps(prepare_truth(labels, None), detections, IouType.BOX)
    with pytest.raises(DataError, match="not a number"):
        match_any_class(pairs, labels, detections, confidence=0.5)


@KINDS
def test_a_score_that_is_no_number_in_matching(kind: IouType) -> None:
    """pycocotools sorts it last and counts a hit."""
    labels = truth([(0, 0, LEFT)])
    detections = found([(0, 0, 0.9, RIGHT), (0, 0, float("nan"), LEFT)])
    with pytest.raises(DataError, match="not a number"):
        match(prepare_truth(labels, truth_masks(labels)), detections, kind)
