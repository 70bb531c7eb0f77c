"""Outlines that leave their images, and outlines that are none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from segtrial.data.check import check_outlines
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.errors import DataError
from tests.builders import (
    bdd_dataset,
    bdd_frame,
    bdd_label,
    coco_annotation,
    coco_dataset,
    square,
    truth,
)

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset


def with_outline(folder: Path, segmentation: Any) -> Dataset:
    row = coco_annotation(102, 5, segmentation=segmentation)
    return coco_dataset(folder, annotations=[row])


@pytest.mark.parametrize("builder", [coco_dataset, bdd_dataset])
def test_outlines_within_their_images_pass(tmp_path: Path, builder: Any) -> None:
    assert check_outlines(builder(tmp_path), "refuse") == 0


@pytest.mark.parametrize(("x", "y"), [(-1, 3), (17, 3), (3, -1), (3, 7)])
def test_one_pixel_outside_is_rounding(tmp_path: Path, x: float, y: float) -> None:
    assert check_outlines(with_outline(tmp_path, square(x, y, 4)), "refuse") == 0


@pytest.mark.parametrize(("x", "y"), [(-1.1, 3), (17.1, 3), (3, -1.1), (3, 7.1)])
def test_more_is_refused_with_image_and_label_named(tmp_path: Path, x: float, y: float) -> None:
    dataset = with_outline(tmp_path, square(x, y, 4))
    with pytest.raises(DataError, match="leaves its image") as caught:
        check_outlines(dataset, "refuse")
    assert caught.value.where == "coco.json: image 5, label 102"
    assert caught.value.got == "1.1 px outside"
    assert 'outside = "clip"' in caught.value.next_step


def test_clipped_outlines_are_counted_once_each(tmp_path: Path) -> None:
    rows = [
        coco_annotation(1, 5, segmentation=square(-9, 3, 4) + square(18, 3, 4)),
        coco_annotation(2, 5),
        coco_annotation(3, 11, segmentation=square(3, 300, 4)),
    ]
    assert check_outlines(coco_dataset(tmp_path, annotations=rows), "clip") == 2


def test_a_curve_counts_by_its_points_not_by_its_control_points(tmp_path: Path) -> None:
    """The control points lie 3 px above the image; the curve itself reaches 2.25 px less high."""
    ring = {"vertices": [[2, 0], [2, -3], [8, -3], [8, 0], [8, 5]], "types": "LCCLL"}
    dataset = bdd_dataset(tmp_path, [bdd_frame("a", bdd_label(poly2d=[ring]))])
    with pytest.raises(DataError, match=r"2\.2 px outside"):
        check_outlines(dataset, "refuse")


def test_boxes_without_outlines_are_not_looked_at() -> None:
    far = np.array([[-50.0, -50, 500, 500]])
    dataset = replace(truth([(0, 0, (0, 0, 1, 1))]), geometry=(b"",), box_xywh=far)
    assert check_outlines(dataset, "refuse") == 0


@pytest.mark.parametrize(
    "segmentation",
    [
        "abc",
        5,
        {},
        [[]],
        [[1, 2, 3, 4]],
        [[1, 2, 3, 4, 5, None]],
        [[1, 2, 3, 4, 5, [6]]],
        [[1, 2, 3, 4, 5, 10**400]],
        [[1, 2, 3, 4, 5, 1e300]],
        {"size": [20, 10], "counts": [200]},
        {"size": [10], "counts": [200]},
        {"size": 10, "counts": [200]},
        {"size": None, "counts": [200]},
        {"size": "10", "counts": [200]},
        {"counts": [200]},
        {"size": [10, 20]},
        {"size": [10, 20], "counts": None},
        {"size": [10, 20], "counts": 200},
        {"size": [10, 20], "counts": [0, -5, 205]},
        {"size": [10, 20], "counts": [0.5, 199.5]},
        {"size": [10, 20], "counts": ["0", "200"]},
        {"size": [10, 20], "counts": [0, 10**30]},
        {"size": [10, 20], "counts": [0, 5]},
        {"size": [10, 20], "counts": [0, 5, 1000]},
        {"size": [10, 20], "counts": ""},
        {"size": [10, 20], "counts": "05"},
        {"size": [10, 20], "counts": "oooooooooooooooooooo"},
        {"size": [10, 20], "counts": "\u00ff\u0001"},
        {"size": [10.0, 20.0], "counts": [0, 200]},
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_no_outline_is_a_data_error_that_names_the_label(
    tmp_path: Path, segmentation: Any
) -> None:
    dataset = with_outline(tmp_path, segmentation)
    with pytest.raises(DataError) as caught:
        check_outlines(dataset, "clip")
    assert caught.value.where == "coco.json: image 5, label 102"


@pytest.mark.parametrize("segmentation", [square(2, 3, 4), {"size": [10, 20], "counts": [0, 200]}])
def test_outlines_that_pass_can_be_rasterised(tmp_path: Path, segmentation: Any) -> None:
    dataset = with_outline(tmp_path, segmentation)
    check_outlines(dataset, "refuse")
    assert len(truth_masks(dataset)) == 1
