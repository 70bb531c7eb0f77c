"""What a data set holds, on data that can be counted by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtrial.data.summary import summarise
from segtrial.data.summary.outline_kinds import RUN_LENGTHS, stated_rings
from segtrial.types.attributes import Coverage, LeftOut, attribute
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.labels import Bin, Outlines, Pair, Summary, ValueCount
from tests.builders import bdd_dataset, coco_annotation, coco_dataset, square, truth

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = ("car", "bridge", "sign")


def small() -> Summary:
    """Image 0: 2 cars, a bridge; 1: a car, a crowd of cars; 2: nothing; 3: a crowd of bridges."""
    rows = [
        (0, 0, (0, 0, 4, 4)),
        (0, 0, (0, 0, 6, 4)),
        (0, 1, (0, 0, 10, 10)),
        (1, 0, (0, 0, 5, 4)),
        (1, 0, (0, 0, 20, 10)),
        (3, 1, (0, 0, 20, 10)),
    ]
    return summarise(truth(rows, images=4, classes=CLASSES, crowd=[4, 5]))


def test_images_and_instances_are_counted_and_crowds_apart() -> None:
    summary = small()
    assert (summary.images, summary.empty_images) == (4, 2)
    assert (summary.instances, summary.crowds) == (4, 2)
    assert [(c.name, c.instances, c.images, c.crowds) for c in summary.classes] == [
        ("car", 3, 2, 1),
        ("bridge", 1, 1, 1),
        ("sign", 0, 0, 0),
    ]
    car, bridge, sign = summary.classes
    assert (car.share, bridge.share, sign.share) == (0.75, 0.25, 0)
    assert (car.per_image, bridge.per_image, sign.per_image) == (1.5, 1, None)
    assert (car.median_area_px, car.median_area_fraction) == (20, 0.1)
    assert (sign.median_area_px, sign.median_area_fraction) == (None, None)


def test_objects_per_image_are_binned_by_doubling() -> None:
    objects = small().objects_per_image
    assert (objects.mean, objects.median, objects.max) == (1, 0.5, 3)
    assert objects.histogram == (
        Bin(first=0, last=0, images=2),
        Bin(first=1, last=1, images=1),
        Bin(first=2, last=2, images=0),
        Bin(first=3, last=4, images=1),
    )


@pytest.mark.parametrize(
    ("area", "sizes"),
    [(1023, (1, 0, 0)), (1024, (0, 1, 0)), (9215, (0, 1, 0)), (9216, (0, 0, 1))],
)
def test_sizes_are_cut_at_32_and_96_squared(area: float, sizes: tuple[int, ...]) -> None:
    dataset = truth([(0, 0, (0, 0, 4, 4))])
    (row,) = summarise(replace(dataset, area_px=np.array([area]))).classes
    assert (row.small, row.medium, row.large) == sizes


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=40))
def test_medians_are_numpys(rows: list[tuple[int, int]]) -> None:
    dataset = truth([(0, c, (0, 0, area, 1)) for c, area in rows], classes=tuple("abcd"))
    for c, row in enumerate(summarise(dataset).classes):
        areas = [area for label, area in rows if label == c]
        assert row.median_area_px == (float(np.median(areas)) if areas else None)


@pytest.mark.parametrize(
    ("images", "group"), [(0, ""), (10, "r"), (11, "c"), (100, "c"), (101, "f")]
)
def test_frequency_groups_go_by_images(images: int, group: str) -> None:
    rows = [(image, 0, (0, 0, 1, 1)) for image in range(images) for _ in range(2)]
    assert summarise(truth(rows, images=101)).classes[0].frequency == group


def test_a_stated_frequency_is_believed() -> None:
    dataset = replace(truth([(0, 0, (0, 0, 1, 1))]), class_frequency=("f",))
    summary = summarise(dataset)
    assert (summary.classes[0].frequency, summary.frequency_source) == ("f", "stated")
    assert small().frequency_source == "image counts"


def together(images: int = 10) -> Summary:
    """a in all images, b in 6, c in the 5 of these that come first; d alone."""
    rows = []
    for image in range(images):
        held = [0] + [1] * (image < 6) + [2, 2] * (image < 5) + [3] * (image == 9)
        rows += [(image, label, (0, 0, 1, 1)) for label in held]
    return summarise(truth(rows, images=images, classes=tuple("abcd")))


def test_classes_that_share_images_are_counted_by_image() -> None:
    shared = together().cooccurrence
    assert shared.matrix == ((10, 6, 5, 1), (6, 6, 5, 0), (5, 5, 5, 0), (1, 0, 0, 1))
    assert [(p.first, p.second, p.images) for p in shared.by_count] == [
        ("a", "b", 6),
        ("a", "c", 5),
        ("b", "c", 5),
        ("a", "d", 1),
    ]


def test_lift_is_against_chance_and_needs_enough_images() -> None:
    (pair,) = together().cooccurrence.by_lift
    assert pair == Pair(first="b", second="c", images=5, lift=pytest.approx(5 * 10 / (6 * 5)))


@pytest.mark.parametrize(("classes", "matrix"), [(100, True), (101, False)])
def test_the_matrix_is_for_100_classes_at_most(classes: int, matrix: bool) -> None:
    names = tuple(str(k) for k in range(classes))
    summary = summarise(truth([(0, 0, (0, 0, 1, 1))], classes=names))
    assert (summary.cooccurrence.matrix is not None) == matrix


def test_outlines_are_told_apart(tmp_path: Path) -> None:
    rle = {"size": [10, 20], "counts": [0, 200]}
    rows = [
        coco_annotation(n, 5, segmentation=s)
        for n, s in enumerate([square(1, 1, 2), square(1, 1, 2) * 2, rle, [], None, 7, "x"])
    ]
    outlines = summarise(coco_dataset(tmp_path, annotations=rows)).outlines
    assert outlines == Outlines(polygons=2, multi_part=1, rle=1, box_only=2, unreadable=2)


@pytest.mark.parametrize(
    ("kind", "geometry", "rings"),
    [
        ("bdd100k", b'[{"vertices": []}, {"vertices": []}]', 2),
        ("bdd100k", b'[[1, 2, "L"], [3, 4, "L"], [5, 6, "L"]]', 1),
        ("bdd100k", b'[[[1, 2, "L"], [3, 4, "L"]], [[1, 2, "L"]]]', 2),
        ("bdd100k", b'{"size": [1, 1], "counts": "1"}', RUN_LENGTHS),
        ("coco", b"[[1, 2, 3, 4, 5, 6], [1, 2]]", 2),
        ("yolo", b"0.1 0.2 0.3 0.4 0.5 0.6", 1),
    ],
)
def test_rings_are_counted_as_they_stand(kind: str, geometry: bytes, rings: int) -> None:
    assert stated_rings(GeometryKind(kind), geometry) == rings


def test_attributes_are_counted_crowds_included(tmp_path: Path) -> None:
    (first, *_) = summarise(bdd_dataset(tmp_path)).attributes
    assert (first.of, first.name, first.not_stated) == ("instance", "crowd", 2)
    assert first.values == (ValueCount(value="true", count=1),)


def test_many_values_are_summed_up() -> None:
    stated = [str(k) for k in range(40)] + ["0", None]
    dataset = truth([(0, 0, (0, 0, 1, 1))] * 42)
    dataset = replace(dataset, instance_attributes=(attribute("speed", stated),))
    (speed,) = summarise(dataset).attributes
    assert speed.values[0] == ValueCount(value="0", count=2)
    assert (len(speed.values), speed.other, speed.not_stated) == (30, 10, 1)


def test_coverage_is_counted_by_class() -> None:
    coverage = Coverage(
        negative=np.array([[0, 2], [0, 2], [1, 2], [1, 1]]), not_exhaustive=np.array([[0, 0]])
    )
    dataset = replace(truth([], images=2, classes=CLASSES), coverage=coverage)
    summary = summarise(dataset)
    assert summary.coverage is not None
    assert (summary.coverage.negative, summary.coverage.not_exhaustive) == (4, 1)
    assert [(c.negative_images, c.not_exhaustive_images) for c in summary.classes] == [
        (0, 1),
        (1, 0),
        (2, 0),
    ]


def test_what_the_reader_left_out_is_told() -> None:
    dataset = replace(truth([]), left_out=(LeftOut(count=3, reason="lines", first="x: 1"),))
    (left,) = summarise(dataset).left_out
    assert (left.count, left.reason, left.first) == (3, "lines", "x: 1")


@pytest.mark.parametrize("images", [0, 2])
def test_nothing_is_summarised_without_a_warning(images: int) -> None:
    summary = summarise(truth([], images=images, classes=()))
    assert (summary.images, summary.instances, summary.classes) == (images, 0, ())
    assert summary.objects_per_image.mean == (None if images == 0 else 0)
    assert summarise(truth([], images=images)).classes[0].frequency == ""


def test_a_summary_is_json_and_back() -> None:
    for summary in (small(), together(), summarise(truth([]))):
        assert msgspec.json.decode(msgspec.json.encode(summary), type=Summary) == summary
    told = msgspec.to_builtins(small())
    assert told["format"] == "coco"
    assert set(told["classes"][0]) >= {"name", "images", "instances"}
    assert {"images", "instances", "objects_per_image"} <= set(told)
