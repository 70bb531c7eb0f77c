"""Outlines and boxes that leave their images, and outlines that are none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtrial.data.check import check_outlines
from segtrial.geometry.mini_masks import mini_mask
from segtrial.geometry.outlines import outline_of
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.errors import DataError
from tests.builders import (
    bdd_dataset,
    bdd_frame,
    bdd_label,
    box_rle,
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


def passes_as_it_is(dataset: Dataset) -> None:
    """Accepted in both modes, and not copied."""
    for outside in ("refuse", "clip"):
        checked, cut = check_outlines(dataset, outside)
        assert checked is dataset
        assert cut == 0


@pytest.mark.parametrize("builder", [coco_dataset, bdd_dataset])
def test_outlines_within_their_images_pass(tmp_path: Path, builder: Any) -> None:
    passes_as_it_is(builder(tmp_path))


@pytest.mark.parametrize(("x", "y"), [(-1, 3), (17, 3), (3, -1), (3, 7)])
def test_one_pixel_outside_is_rounding(tmp_path: Path, x: float, y: float) -> None:
    passes_as_it_is(with_outline(tmp_path, square(x, y, 4)))


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
    dataset = coco_dataset(tmp_path, annotations=rows)
    checked, cut = check_outlines(dataset, "clip")
    assert cut == 2
    assert checked.box_xywh.tolist() == dataset.box_xywh.tolist()  # these lie in their images


def test_a_curve_counts_by_its_points_not_by_its_control_points(tmp_path: Path) -> None:
    """The control points lie 3 px above the image; the curve itself reaches 2.25 px less high."""
    ring = {"vertices": [[2, 0], [2, -3], [8, -3], [8, 0], [8, 5]], "types": "LCCLL"}
    dataset = bdd_dataset(tmp_path, [bdd_frame("a", bdd_label(poly2d=[ring]))])
    with pytest.raises(DataError, match=r"2\.2 px outside"):
        check_outlines(dataset, "refuse")


def boxed(*box: float, **changes: Any) -> Dataset:
    """One label with a box only, in an image of 20 × 10 px."""
    dataset = truth([(0, 0, (0, 0, 1, 1))])
    area = np.array([box[2] * box[3]])
    changes = {"instance_record": (b"{}",), "box_xywh": np.array([box]), "area_px": area} | changes
    return replace(dataset, **changes)


@pytest.mark.parametrize(
    "box", [(-1, 3, 4, 4), (17, 3, 4, 4), (3, -1, 4, 4), (3, 7, 4, 4), (0, 0, 20, 10), (5, 5, 0, 0)]
)
def test_boxes_may_leave_by_one_pixel_and_may_be_without_area(box: Any) -> None:
    passes_as_it_is(boxed(*box))


@pytest.mark.parametrize(
    ("box", "cut_to"),
    [
        ((-1.5, 3, 4, 4), [0, 3, 2.5, 4]),
        ((17.5, 3, 4, 4), [17.5, 3, 2.5, 4]),
        ((3, -1.5, 4, 4), [3, 0, 4, 2.5]),
        ((3, 7.5, 4, 4), [3, 7.5, 4, 2.5]),
        ((-50, -50, 500, 500), [0, 0, 20, 10]),
        ((0.1, -2, 0.2, 4), [0.1, 0, 0.2, 2]),  # the side that stays in stays as it is
    ],
)
def test_boxes_are_refused_or_cut_to_the_image(box: Any, cut_to: list[float]) -> None:
    dataset = boxed(*box)
    with pytest.raises(DataError, match="A box leaves its image") as caught:
        check_outlines(dataset, "refuse")
    assert caught.value.where == "truth.json: image 1, label 0"
    assert 'outside = "clip"' in caught.value.next_step
    checked, cut = check_outlines(dataset, "clip")
    assert cut == 1
    assert checked.box_xywh.tolist() == [cut_to]
    assert checked.area_px.tolist() == [cut_to[2] * cut_to[3]]
    assert checked.geometry_sha256() != dataset.geometry_sha256()
    passes_as_it_is(checked)


def test_an_area_of_its_own_stays() -> None:
    dataset = boxed(-5, 3, 10, 4, area_px=np.array([13.0]))
    assert check_outlines(dataset, "clip")[0].area_px.tolist() == [13]


@pytest.mark.parametrize("outside", ["refuse", "clip"])
@pytest.mark.parametrize(
    "box",
    [(20, 3, 4, 4), (-4, 3, 4, 4), (3, 10, 4, 1), (3, -90, 4, 4), (25, 3, 0, 4), (20, 3, 1, 1)],
)
def test_a_box_with_nothing_inside_is_refused_either_way(outside: Any, box: Any) -> None:
    with pytest.raises(DataError, match="nothing within its image") as caught:
        check_outlines(boxed(*box), outside)
    assert caught.value.where == "truth.json: image 1, label 0"


def test_the_box_of_run_lengths_is_looked_at(tmp_path: Path) -> None:
    rle = {"size": [10, 20], "counts": [0, 200]}
    row = coco_annotation(1, 5, bbox=[0, 0, 30, 10], segmentation=rle)
    dataset = coco_dataset(tmp_path, annotations=[row])
    with pytest.raises(DataError, match="A box leaves its image"):
        check_outlines(dataset, "refuse")
    assert check_outlines(dataset, "clip")[0].box_xywh.tolist() == [[0, 0, 20, 10]]


def test_a_polygon_cut_at_the_image_gives_a_cut_box_and_mini_mask(tmp_path: Path) -> None:
    """From x = 60 to 150 in an image 100 px wide: the left half of it is seen, and all of that."""
    ring = {"vertices": [[60, 20], [150, 20], [150, 50], [60, 50]], "types": "LLLL"}
    inside = bdd_label("2", box2d=None)
    frame = bdd_frame("a", bdd_label("1", poly2d=[ring]), inside)
    frame["size"] = {"width": 100, "height": 80}
    dataset = bdd_dataset(tmp_path, [frame])
    with pytest.raises(DataError, match="A polygon leaves its image") as caught:
        check_outlines(dataset, "refuse")
    assert caught.value.where == "bdd.json: image a, label 1"
    assert caught.value.got == "50.0 px outside"
    checked, cut = check_outlines(dataset, "clip")
    assert cut == 1
    assert checked.box_xywh.tolist() == [[60, 20, 40, 30], [2, 3, 4, 4]]
    assert checked.area_px.tolist() == [1200, 16]
    assert checked.instance_record is dataset.instance_record
    outline = outline_of(checked, 0)
    assert mini_mask(outline, checked.box_xywh[0], 14).all()
    counts = truth_masks(checked).counts(0)
    assert counts == box_rle((60, 20, 40, 30), 80, 100)


@given(rows=st.lists(st.tuples(*[st.integers(-30, 30)] * 2, *[st.integers(0, 30)] * 2), max_size=6))
def test_cut_boxes_are_within_and_cutting_again_changes_nothing(
    rows: list[tuple[int, int, int, int]],
) -> None:
    dataset = truth([(0, 0, (0, 0, 1, 1)) for _ in rows])
    boxes = np.array(rows, np.float64).reshape(-1, 4)
    dataset = replace(dataset, instance_record=(b"{}",) * len(rows), box_xywh=boxes)
    seen = [x < 20 and y < 10 and x + w > 0 and y + h > 0 for x, y, w, h in rows]
    if not all(seen) and all(w * h for _, _, w, h in rows):
        with pytest.raises(DataError, match="nothing within"):
            check_outlines(dataset, "clip")
    if all(seen):
        once, _ = check_outlines(dataset, "clip")
        passes_as_it_is(once)
        assert np.isclose(once.box_xywh, boxes).all(axis=1).tolist() == [
            min(x, y) >= -1 and x + w <= 21 and y + h <= 11 for x, y, w, h in rows
        ]


@pytest.mark.parametrize(
    "segmentation",
    [
        "abc",
        5,
        {},
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
    passes_as_it_is(dataset)
    assert len(truth_masks(dataset)) == 1


def test_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    line, mixed = [[1, 2, 3, 4]], [[1, 2, 3, 4], *square(2, 3, 4)]
    rows = [coco_annotation(n, 5, segmentation=s) for n, s in ((1, line), (2, mixed), (3, [[]]))]
    checked, cut = check_outlines(coco_dataset(tmp_path, annotations=rows), "refuse")
    assert (list(checked.annotation_id), cut) == (["2"], 0)
    assert [(left.count, left.first) for left in checked.left_out] == [
        (2, "coco.json: image 5, label 1")
    ]
