"""Faults of labels, one kind at a time, on data that have just that fault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtrial.data.check import check_outlines
from segtrial.data.faults import find_faults
from segtrial.types.attributes import Coverage, LeftOut
from segtrial.types.errors import DataError
from segtrial.types.labels import Fault, FaultKind, Severity
from tests.builders import (
    bdd_content,
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

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def faults(dataset: Dataset, **options: Any) -> list[Fault]:
    return find_faults(dataset, pictures=False, **options)


def told(dataset: Dataset, **options: Any) -> list[tuple[FaultKind, Severity, str]]:
    """Kind, severity and place of each fault."""
    return [(f.kind, f.severity, f.label or f.image) for f in faults(dataset, **options)]


def labelled(folder: Path, *changes: dict[str, Any]) -> Dataset:
    """COCO labels 1, 2 … in image 5 of 20 × 10 px: squares, each changed."""
    rows = [
        coco_annotation(n, **({"image_id": 5} | change))
        for n, change in enumerate(changes, start=1)
    ]
    return coco_dataset(folder, annotations=rows)


def test_good_labels_have_no_faults(tmp_path: Path) -> None:
    other = {"bbox": [2, 3, 6, 6], "area": 36, "segmentation": square(2, 3, 6)}
    assert faults(labelled(tmp_path, {}, other)) == []
    frames = bdd_content()
    frames[0]["labels"] = frames[0]["labels"][:1]
    assert faults(bdd_dataset(tmp_path, frames)) == []


@pytest.mark.parametrize(
    ("change", "kind", "severity"),
    [
        ({"segmentation": square(17.1, 3, 4), "bbox": [17.1, 3, 4, 4]}, FaultKind.OUTSIDE, ERROR),
        ({"bbox": [17.1, 3, 4, 4], "segmentation": []}, FaultKind.OUTSIDE, ERROR),
        ({"bbox": [30, 3, 4, 4], "segmentation": []}, FaultKind.OUTSIDE, ERROR),
        ({"segmentation": [[1, 2, 3, 4]]}, FaultKind.FEW_POINTS, WARNING),
        ({"segmentation": [[2, 3, 6, 3], *square(2, 3, 4)]}, FaultKind.FEW_POINTS, NOTE),
        ({"segmentation": 5}, FaultKind.UNREADABLE, ERROR),
        ({"segmentation": {"size": [20, 10], "counts": [200]}}, FaultKind.UNREADABLE, ERROR),
        ({"segmentation": {"size": [10, 20], "counts": [200]}}, FaultKind.NO_AREA, WARNING),
        ({"bbox": [2, 3, 0, 4], "segmentation": []}, FaultKind.NO_AREA, WARNING),
        ({"bbox": [4, 3, 4.5, 7]}, FaultKind.BOX_DIFFERS, WARNING),
        ({"area": 30}, FaultKind.AREA_DIFFERS, NOTE),
        ({"segmentation": [[2, 3, 6, 7, 6, 3, 2, 7]], "area": 8}, FaultKind.CROSSING, NOTE),
    ],
)
def test_a_label_with_one_fault_has_that_one(
    tmp_path: Path, change: dict[str, Any], kind: FaultKind, severity: Severity
) -> None:
    (fault,) = faults(labelled(tmp_path, change))
    assert (fault.kind, fault.severity, fault.label) == (kind, severity, "1")
    assert fault.what
    assert fault.got
    assert fault.next_step


@pytest.mark.parametrize(
    "change",
    [
        {"bbox": [4, 1, 4, 4]},  # 2 px off
        {"area": 6},  # 10 px less
        {"segmentation": square(17, 3, 4), "bbox": [17, 3, 3, 4]},  # 1 px outside: rounding
        {"iscrowd": 1},
    ],
)
def test_what_is_within_tolerance_is_no_fault(tmp_path: Path, change: dict[str, Any]) -> None:
    assert faults(labelled(tmp_path, change)) == []


def test_large_boxes_may_be_further_off() -> None:
    """3 px of 100 is an IoU of 0.94, 6 px one of 0.89."""
    dataset = truth([(0, 0, (10, 10, 100, 50))], size=(200, 200))
    for shift, kinds in ((3, []), (6, [FaultKind.BOX_DIFFERS])):
        moved = replace(dataset, box_xywh=dataset.box_xywh + np.array([[shift, 0, 0, 0]]))
        assert [f.kind for f in faults(moved)] == kinds


def test_an_area_that_the_source_does_not_state_is_not_compared(tmp_path: Path) -> None:
    row = coco_annotation(1, 5, bbox=[0, 0, 8, 8], segmentation=[[0, 0, 8, 8, 8, 7, 1, 0]])
    del row["area"]
    assert faults(coco_dataset(tmp_path, annotations=[row])) == []


def test_places_and_measures_are_told(tmp_path: Path) -> None:
    dataset = labelled(
        tmp_path, {"segmentation": [[2, 3, 6, 7, 6, 3, 2, 7]], "area": 8}, {"bbox": [30, 3, 4, 4]}
    )
    box, *_, crossing = faults(dataset)
    assert box.where == "coco.json: image 5, label 2"
    assert box.got == "[x, y, width, height] = [30.0, 3.0, 4.0, 4.0]"
    assert crossing.got == "1 crossing at (4.0, 5.0)"


def test_the_box_of_an_outline_with_a_line_among_its_parts_is_looked_at(tmp_path: Path) -> None:
    parts = [[2, 3, 6, 3], *square(2, 3, 4)]
    dataset = labelled(tmp_path, {"segmentation": parts, "bbox": [30, 3, 4, 4]})
    kinds = [FaultKind.OUTSIDE, FaultKind.BOX_DIFFERS, FaultKind.FEW_POINTS]
    assert [f.kind for f in faults(dataset)] == kinds
    assert refused(dataset)


def test_a_box_with_nothing_within_is_told_beside_its_polygon(tmp_path: Path) -> None:
    dataset = labelled(tmp_path, {"segmentation": square(15, 3, 9), "bbox": [30, 3, 4, 4]})
    whats = [f.what for f in faults(dataset) if f.kind == FaultKind.OUTSIDE]
    assert whats == ["A polygon leaves its image.", "A box has nothing within its image."]


def refused(dataset: Dataset) -> bool:
    try:
        check_outlines(dataset, "refuse")
    except DataError:
        return True
    return False


@given(
    box=st.tuples(*[st.integers(-30, 30)] * 2, *[st.integers(0, 30)] * 2),
    segmentation=st.one_of(
        st.just([]),
        st.lists(st.lists(st.integers(-5, 25), max_size=8), max_size=2),
        st.builds(lambda n: {"size": [10, 20], "counts": [n, 200 - n]}, st.integers(-5, 205)),
    ),
)
def test_errors_are_what_a_trial_refuses(
    tmp_path_factory: pytest.TempPathFactory, box: tuple[int, ...], segmentation: Any
) -> None:
    dataset = labelled(
        tmp_path_factory.getbasetemp(), {"bbox": list(box), "segmentation": segmentation}
    )
    found = [f for f in faults(dataset) if f.severity == ERROR]
    assert refused(dataset) == bool(found)


def test_a_label_that_stands_twice_is_told_once(tmp_path: Path) -> None:
    other = {"segmentation": square(2, 3, 3.5)}
    dataset = labelled(tmp_path, {}, other, {}, {"category_id": 3}, {"image_id": 11})
    assert told(dataset) == [
        (FaultKind.DUPLICATE, WARNING, "3"),
        (FaultKind.TWO_CLASSES, WARNING, "4"),
    ]
    assert faults(dataset)[1].got == "that of label 1: car; here bridge"


def test_boxes_without_outline_are_compared_by_their_box(tmp_path: Path) -> None:
    box = {"segmentation": [], "bbox": [1, 1, 3, 3]}
    dataset = labelled(tmp_path, box, {}, box)
    assert told(dataset) == [(FaultKind.DUPLICATE, WARNING, "3")]


def test_ids_that_stand_twice_in_a_frame_are_told(tmp_path: Path) -> None:
    def label(name: object, x: int) -> dict[str, Any]:
        return bdd_label(name, poly2d=None, box2d={"x1": x, "y1": 1, "x2": x + 2, "y2": 3})

    frames = [
        bdd_frame("a", label("7", 1), label("7", 5), label("x#1", 9)),
        bdd_frame("b", label("7", 1), label(None, 5), label(None, 9)),
    ]
    (fault,) = faults(bdd_dataset(tmp_path, frames))
    assert (fault.kind, fault.image, fault.label, fault.got) == (
        FaultKind.DUPLICATE_ID,
        "a",
        "7#1",
        "7",
    )


def test_ids_need_to_be_unique_within_an_image_alone() -> None:
    rows = [(0, 0, (0, 0, 2, 2)), (0, 0, (3, 0, 2, 2)), (1, 0, (0, 0, 2, 2))]
    dataset = truth(rows, images=2, annotation_ids=["1", "1", "1"])
    assert told(dataset) == [(FaultKind.DUPLICATE_ID, WARNING, "1")]


def test_names_that_differ_by_case_and_blanks_are_alike() -> None:
    names = ("Traffic light", "traffic_light", "car", "cart")
    assert [f.got for f in faults(truth([], classes=names))] == ['"Traffic light", "traffic_light"']
    other = truth([], classes=("Car",))
    other = replace(other, file_name=("other.png",))
    (fault,) = faults(truth([], classes=("car",)), other=other)
    assert (fault.kind, fault.got) == (FaultKind.CLASS_NAME, '"car", "Car"')


def test_a_name_with_blanks_around_is_told() -> None:
    assert [f.got for f in faults(truth([], classes=("car ",)))] == ['"car "']


def test_classes_off_a_given_list_are_told_with_their_labels() -> None:
    rows = [(0, 1, (0, 0, 2, 2)), (0, 1, (3, 0, 2, 2))]
    dataset = truth(rows, classes=("car", "trucks", "bus"))
    (fault,) = faults(dataset, class_list=["car", "truck", 3])
    assert (fault.kind, fault.count, fault.got) == (
        FaultKind.CLASS_OFF_LIST,
        2,
        '"trucks" with id 2, 2 labels',
    )
    assert 'did you mean "truck"?' in fault.expected


def test_bdd100k_has_its_own_list(tmp_path: Path) -> None:
    frames = [bdd_frame("a", bdd_label(1, category="bike"), bdd_label(2, category="tree"))]
    frames[0]["labels"][1]["poly2d"][0]["vertices"][0] = [2, 4]
    first, second = faults(bdd_dataset(tmp_path, frames))
    assert "today bicycle" in first.expected
    assert second.got.startswith('"tree"')
    assert faults(bdd_dataset(tmp_path, frames), class_list=["bike", "tree"]) == []


def test_classes_in_one_split_only_are_told_of_the_split_that_has_them() -> None:
    train = replace(truth([(0, 0, (0, 0, 2, 2))], classes=("car", "bus")), source="train.json")
    val = replace(truth([(0, 1, (0, 0, 2, 2))], classes=("car", "bus")), source="val.json")
    train = replace(train, file_name=("a.png",))
    found = faults(train, other=val)
    assert [(f.kind, f.source, f.got) for f in found] == [
        (FaultKind.CLASS_ONE_SPLIT, "train.json", '"car": 1 here, none there'),
        (FaultKind.CLASS_ONE_SPLIT, "val.json", '"bus": 1 here, none there'),
    ]


@pytest.mark.parametrize(
    ("negative", "not_exhaustive", "said", "severity"),
    [
        ([[0, 0]], [], "is negative in an image that holds it", WARNING),
        ([[0, 1]], [[0, 1]], "is both negative and not exhaustive", WARNING),
        ([[0, 1], [0, 1]], [], "twice in an image's negative list", WARNING),
        ([], [[0, 0], [0, 0]], "twice in an image's not-exhaustive list", WARNING),
        ([], [[0, 1]], "is not exhaustive in an image that lacks it", NOTE),
        ([[0, 1], [1, 0]], [[0, 0]], "", WARNING),
    ],
)
def test_contradictions_of_coverage_are_told(
    negative: list[list[int]], not_exhaustive: list[list[int]], said: str, severity: Severity
) -> None:
    coverage = Coverage(
        negative=np.array(negative, np.int32), not_exhaustive=np.array(not_exhaustive, np.int32)
    )
    dataset = truth([(0, 0, (0, 0, 2, 2))], images=2, classes=("car", "bus"))
    found = faults(replace(dataset, coverage=coverage))
    assert all(f.kind == FaultKind.COVERAGE and f.image == "1" for f in found)
    assert any(said in f.what and f.severity == severity for f in found) == bool(said)
    assert bool(found) == bool(said)


def test_what_the_reader_left_out_is_a_fault_with_its_count() -> None:
    dataset = replace(truth([]), left_out=(LeftOut(count=4, reason="lines", first="x: 3"),))
    (fault,) = faults(dataset)
    assert (fault.kind, fault.count, fault.got) == (FaultKind.LEFT_OUT, 4, "4, the first: x: 3")


def test_errors_come_first_and_all_is_json(tmp_path: Path) -> None:
    dataset = labelled(tmp_path, {"area": 30}, {}, {"segmentation": 5})
    found = faults(dataset)
    assert [f.severity for f in found] == [ERROR, WARNING, NOTE]
    assert msgspec.json.decode(msgspec.json.encode(found), type=list[Fault]) == found


def test_progress_is_told() -> None:
    said: list[tuple[str, int, int, str]] = []
    faults(truth([(0, 0, (0, 0, 2, 2))]), progress=lambda *words: said.append(words))
    assert said == [("labels", 0, 1, "")]


@given(st.permutations(range(4)))
def test_the_order_of_the_file_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    changes: list[dict[str, Any]] = [{}, {}, {"bbox": [30, 3, 4, 4]}, {"segmentation": 5}]
    rows = [coco_annotation(n, **({"image_id": 5} | change)) for n, change in enumerate(changes)]
    dataset = coco_dataset(
        tmp_path_factory.getbasetemp(), annotations=[rows[position] for position in order]
    )
    kinds = [FaultKind.UNREADABLE, FaultKind.OUTSIDE, FaultKind.DUPLICATE]
    assert [f.kind for f in faults(dataset) if f.kind != FaultKind.BOX_DIFFERS] == kinds
