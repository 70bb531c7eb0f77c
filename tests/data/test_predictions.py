"""COCO results and Scalabel predictions as Detections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.data.predictions import read_predictions
from segtrial.types.errors import DataError
from tests.builders import bdd_dataset, box_rle, coco_dataset, square, write_json
from tests.data.test_fuzz import SPAN, mutated

if TYPE_CHECKING:
    from pathlib import Path

RLE = {"size": [10, 20], "counts": box_rle((2, 3, 4, 4)).decode()}


def result(**changes: Any) -> dict[str, Any]:
    return {"image_id": 11, "category_id": 7, "score": 0.5, "bbox": [2, 3, 4, 4]} | changes


def test_results_are_sorted_by_image_and_keep_their_order(tmp_path: Path) -> None:
    rows = [result(score=0.1), result(image_id=5, category_id=3), result(score=0.9)]
    found, left = read_predictions(write_json(tmp_path / "r", rows), coco_dataset(tmp_path))
    assert found.image_index.tolist() == [0, 1, 1]
    assert found.class_index.tolist() == [1, 0, 0]
    assert found.score.tolist() == [0.5, 0.1, 0.9]
    assert found.box_xywh.tolist() == [[2, 3, 4, 4]] * 3
    assert (found.masks, left) == (None, ())


@pytest.mark.parametrize("shape", [RLE, square(2, 3, 4)])
def test_masks_are_read_and_give_the_box_where_there_is_none(tmp_path: Path, shape: Any) -> None:
    row = result(segmentation=shape)
    del row["bbox"]
    found, _ = read_predictions(write_json(tmp_path / "r", [row]), coco_dataset(tmp_path))
    assert found.masks is not None
    assert found.masks.counts(0) == box_rle((2, 3, 4, 4))
    assert found.box_xywh.tolist() == [[2, 3, 4, 4]]


def test_no_results_are_no_detections(tmp_path: Path) -> None:
    found, _ = read_predictions(write_json(tmp_path / "r", []), coco_dataset(tmp_path))
    assert len(found) == 0


def test_scalabel_labels_with_scores_are_detections(tmp_path: Path) -> None:
    box = {"x1": 2, "y1": 3, "x2": 5, "y2": 6}
    labels = [
        {"id": "1", "category": "car", "score": 0.7, "box2d": box},
        {"id": "2", "category": "bridge ", "box2d": box},
    ]
    path = write_json(tmp_path / "r", [{"name": "c.jpg", "labels": labels}, {"name": "a.jpg"}])
    found, _ = read_predictions(path, bdd_dataset(tmp_path))
    assert found.image_index.tolist() == [2, 2]
    assert found.class_index.tolist() == [1, 0]
    assert found.score.tolist() == [0.7, 1.0]
    assert found.box_xywh.tolist() == [[2, 3, 4, 4]] * 2


@pytest.mark.parametrize(
    "row",
    [
        result(score=1.5),
        result(score=-0.1),
        result(score="high"),
        result(score=None),
        result(bbox=[1, 2, 3]),
        result(bbox=[1, 2, -3, 4]),
        result(bbox=[1, 2, 1e300, 4]),
        result(bbox=None),
        result(segmentation={"size": [10, 21], "counts": RLE["counts"]}),
        result(segmentation={"size": [10, 20], "counts": "oooooo"}),
        result(segmentation={"size": [10, 20]}),
        result(segmentation=[[1, 2, 3, 4]]),
        result(segmentation=7),
        result(image_id=99),
        result(category_id=99),
        {"image_id": 11},
        [],
        7,
    ],
    ids=lambda row: str(row)[:70],
)
def test_what_is_no_detection_is_refused_with_its_place(tmp_path: Path, row: Any) -> None:
    path = write_json(tmp_path / "r", [result(segmentation=RLE), row])
    with pytest.raises(DataError) as caught:
        read_predictions(path, coco_dataset(tmp_path))
    assert "[1]" in caught.value.where


def test_strangers_are_left_out_and_counted_where_that_is_wanted(tmp_path: Path) -> None:
    rows = [result(image_id=99), result(), result(category_id=8), result(image_id=98)]
    path = write_json(tmp_path / "r", rows)
    found, left = read_predictions(path, coco_dataset(tmp_path), leave_out=True)
    assert len(found) == 1
    assert [(item.count, item.first[-3:]) for item in left] == [(2, "[0]"), (1, "[2]")]


def test_masks_for_some_are_refused(tmp_path: Path) -> None:
    path = write_json(tmp_path / "r", [result(segmentation=RLE), result()])
    with pytest.raises(DataError, match="Some detections have masks") as caught:
        read_predictions(path, coco_dataset(tmp_path))
    assert caught.value.where.endswith("[1]")


@pytest.mark.parametrize("text", ["", "{", "{}", "[7]", '[{"score": 1}]', "7", "[" * 100_000])
def test_what_is_no_prediction_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "r").write_text(text)
    with pytest.raises(DataError):
        read_predictions(tmp_path / "r", coco_dataset(tmp_path))


@settings(deadline=None, max_examples=250)
@given(edits=st.lists(SPAN, min_size=1, max_size=3))
def test_changed_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, bytes]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    rows = [result(segmentation=RLE), result(image_id=5, segmentation=square(1, 1, 4))]
    (folder / "results").write_bytes(mutated(json.dumps(rows).encode(), edits))
    try:
        found, _ = read_predictions(folder / "results", coco_dataset(folder))
    except DataError:
        return
    assert len(found) <= 2
