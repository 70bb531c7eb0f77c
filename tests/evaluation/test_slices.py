"""Slices by attribute, size and frequency: pycocotools on the part alone, and checkable sets."""

from __future__ import annotations

import contextlib
import copy
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pycocotools import coco as reference
from pycocotools.cocoeval import COCOeval

from segtrial.evaluation.average_precision import average_precision
from segtrial.evaluation.matching import match_ranges, prepare_truth
from segtrial.evaluation.rules import COCO
from segtrial.evaluation.slices import (
    NO_CLASSES,
    NO_IMAGES,
    NO_TRUTH,
    NOT_STATED,
    slices_by_frequency,
    slices_by_image_attribute,
    slices_by_instance_attribute,
    slices_by_size,
)
from segtrial.types.attributes import Attribute, attribute
from segtrial.types.errors import DataError
from segtrial.types.evaluation import IouType, Matches
from tests.builders import found, truth
from tests.evaluation.coco_evaluation import matches_of
from tests.evaluation.lvis_evaluation import read_pair
from tests.evaluation.lvis_sets import made_case, made_content

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from segtrial.types.arrays import Floats
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

LEFT, RIGHT = (0, 0, 4, 10), (10, 0, 4, 10)


def of_instances(dataset: Dataset, stated: Sequence[str | None], name: str = "occluded") -> Dataset:
    return replace(dataset, instance_attributes=(attribute(name, stated),))


def of_images(dataset: Dataset, stated: Sequence[str | None]) -> Dataset:
    return replace(dataset, image_attributes=(attribute("weather", stated),))


def take(detections: Detections, images: Sequence[int]) -> Detections:
    """The detections of these images, renumbered; boxes alone."""
    rows = [np.flatnonzero(detections.image_index == image) for image in images]
    kept = np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)
    return replace(
        detections,
        image_index=np.repeat(np.arange(len(images)), [len(r) for r in rows]),
        class_index=detections.class_index[kept],
        score=detections.score[kept],
        box_xywh=detections.box_xywh[kept],
        masks=None,
        area_px=None if detections.area_px is None else detections.area_px[kept],
    )


def coco_ap_of_part(
    content: dict[str, Any], results: list[dict[str, Any]], value: Sequence[int], code: int
) -> Floats:
    """pycocotools' AP (C) with the truths of other values ignored: a value stands as its area."""
    with contextlib.redirect_stdout(io.StringIO()):
        labels = reference.COCO()
        labels.dataset = copy.deepcopy(content)
        for row, stated in zip(labels.dataset["annotations"], value, strict=True):
            row |= {"area": stated, "iscrowd": 0}
        labels.createIndex()
        boxes = labels.loadRes(copy.deepcopy(results))
        for row in boxes.anns.values():
            row["area"] = np.nan  # neither below nor above any bound: in every part
        run = COCOeval(labels, boxes, "segm")
        run.params.areaRng, run.params.areaRngLbl = [[code, code]], ["all"]
        run.evaluate()
        run.accumulate()
    table = run.eval["precision"][:, :, :, 0, 2]
    return np.where((table > -1).all(axis=(0, 1)), table.mean(axis=(0, 1)), np.nan)


@pytest.mark.parametrize("case", ["jittered", "ties"])
def test_a_slice_of_instances_is_pycocotools_with_the_others_ignored(
    case: str, tmp_path: Path
) -> None:
    content, results = made_case(made_content(5), case)
    labels, detections = read_pair(content, results, IouType.MASK, tmp_path)
    code = np.random.default_rng(3).integers(-1, 2, labels.dataset.instances)
    occluded = Attribute(name="occluded", values=("false", "true"), code=code)
    labels = replace(labels, dataset=replace(labels.dataset, instance_attributes=(occluded,)))
    slices = slices_by_instance_attribute(labels, detections, IouType.MASK, "occluded")
    assert [part.value for part in slices] == ["false", "true", NOT_STATED]
    for part, value in zip(slices, (0, 1, -1), strict=True):
        theirs = coco_ap_of_part(content, results, code.tolist(), value)
        np.testing.assert_allclose(part.ap.mean(axis=1), theirs, rtol=0, atol=1e-9)
        assert part.instances.sum() == np.count_nonzero(code == value)
        assert part.images == len(np.unique(labels.dataset.image_index[code == value]))
    assert sum(part.stated for part in slices) == 2


@pytest.mark.parametrize("case", ["jittered", "ties", "empty"])
def test_a_slice_of_images_is_the_evaluation_of_those_images_alone(
    case: str, tmp_path: Path
) -> None:
    content, results = made_case(made_content(6), case)
    labels, detections = read_pair(content, results, IouType.BOX, tmp_path)
    stated = [(None, "rainy", "clear")[i % 3] for i in range(labels.dataset.images)]
    dataset = of_images(labels.dataset, stated)
    slices = slices_by_image_attribute(
        matches_of(dataset, detections, IouType.BOX), dataset, "weather"
    )
    assert [part.value for part in slices] == ["clear", "rainy", NOT_STATED]
    for part in slices:
        value = part.value if part.stated else None
        rows = [row for row, text in enumerate(stated) if text == value]
        alone = matches_of(dataset.take_images(rows), take(detections, rows), IouType.BOX)
        scores = average_precision(alone, dataset.class_names)
        np.testing.assert_allclose(part.ap, scores.ap, rtol=0, atol=1e-12)
        assert part.instances.tolist() == scores.instances.tolist()
        assert (part.images, part.reason) == (len(rows), "")


def slices_of(dataset: Dataset, detections: Detections) -> dict[str, float]:
    prepared = prepare_truth(dataset, None)
    parts = slices_by_instance_attribute(prepared, detections, IouType.BOX, "occluded")
    return {part.value: part.mean(0.5) for part in parts}


def test_a_detection_of_another_value_s_truth_is_neither_right_nor_wrong() -> None:
    """The occluded car is found with a better score than the other; neither spoils the other."""
    dataset = of_instances(truth([(0, 0, LEFT), (0, 0, RIGHT)]), ["false", "true"])
    rows = [(0, 0, 0.9, RIGHT), (0, 0, 0.8, LEFT)]
    assert slices_of(dataset, found(rows)) == pytest.approx({"false": 1, "true": 1})
    missed = slices_of(dataset, found(rows[:1]))
    assert missed == pytest.approx({"false": 0, "true": 1})


def test_a_false_positive_stands_in_every_slice() -> None:
    dataset = of_instances(truth([(0, 0, LEFT), (0, 0, RIGHT)]), ["false", "true"])
    rows = [(0, 0, 0.95, (5, 0, 3, 3)), (0, 0, 0.9, RIGHT), (0, 0, 0.8, LEFT)]
    assert slices_of(dataset, found(rows)) == pytest.approx({"false": 0.5, "true": 0.5})


def test_truths_of_the_slice_are_met_first() -> None:
    """The detection fits the other truth better; in its own slice each truth is met."""
    dataset = of_instances(truth([(0, 0, LEFT), (0, 0, (0, 0, 3, 10))]), ["a", "b"])
    assert slices_of(dataset, found([(0, 0, 0.9, (0, 0, 4, 10))])) == pytest.approx(
        {"a": 1, "b": 1}
    )


def test_crowds_belong_to_no_slice() -> None:
    dataset = of_instances(truth([(0, 0, LEFT), (0, 0, RIGHT)], crowd=(1,)), ["a", "b"])
    detections = found([(0, 0, 0.9, RIGHT), (0, 0, 0.8, LEFT)])
    parts = slices_by_instance_attribute(
        prepare_truth(dataset, None), detections, IouType.BOX, "occluded"
    )
    assert [part.mean() for part in parts] == pytest.approx([1, np.nan], nan_ok=True)
    assert [part.reason for part in parts] == ["", NO_TRUTH]


def test_undefined_slices_say_why() -> None:
    """Weather: clear has a car, foggy an empty image, snowy is a value without images."""
    dataset = truth([(0, 0, LEFT)], images=2)
    weather = Attribute(name="weather", values=("clear", "foggy", "snowy"), code=np.array([0, 1]))
    dataset = replace(dataset, image_attributes=(weather,))
    matches = matches_of(dataset, found([(1, 0, 0.9, LEFT)]), IouType.BOX)
    parts = slices_by_image_attribute(matches, dataset, "weather")
    assert [part.reason for part in parts] == ["", NO_TRUTH, NO_IMAGES]
    assert [part.images for part in parts] == [1, 1, 0]
    assert [part.classes for part in parts] == [1, 0, 0]
    assert [part.mean() for part in parts] == pytest.approx([0, np.nan, np.nan], nan_ok=True)
    never = replace(dataset, image_attributes=(attribute("weather", [None, None]),))
    (part,) = slices_by_image_attribute(matches, never, "weather")
    assert (part.stated, part.images, part.value) == (False, 2, NOT_STATED)


def test_sizes_are_those_of_coco() -> None:
    boxes = [(0, 0, 10, 10), (0, 20, 50, 50), (80, 0, 100, 100)]
    dataset = truth([(0, 0, box) for box in boxes], size=(200, 200))
    detections = found([(0, 0, 0.9, boxes[1])], size=(200, 200))
    matches = match_ranges(prepare_truth(dataset, None), detections, IouType.BOX, COCO)
    parts = slices_by_size(matches)
    assert [part.value for part in parts] == ["small", "medium", "large"]
    assert [part.mean() for part in parts] == pytest.approx([0, 1, 0])
    assert [part.instances.tolist() for part in parts] == [[1], [1], [1]]


def grouped(frequency: tuple[str, ...]) -> tuple[Matches, Dataset]:
    names = tuple("abcd"[: len(frequency)])
    dataset = truth([(0, 0, LEFT), (1, 1, LEFT)], images=2, classes=names)
    dataset = replace(dataset, class_frequency=frequency)
    return matches_of(dataset, found([(0, 0, 0.9, LEFT)]), IouType.BOX), dataset


def test_frequency_groups_are_means_over_their_classes() -> None:
    parts = slices_by_frequency(*grouped(("r", "f", "f", "")))
    assert [part.value for part in parts] == ["rare", "common", "frequent", NOT_STATED]
    assert [part.mean() for part in parts] == pytest.approx([1, np.nan, 0, np.nan], nan_ok=True)
    assert [part.reason for part in parts] == ["", NO_CLASSES, "", NO_TRUTH]
    assert [part.images for part in parts] == [1, 0, 1, 0]
    assert len(slices_by_frequency(*grouped(("r", "f")))) == 3


def test_unknown_attributes_and_missing_frequencies_are_refused() -> None:
    matches, dataset = grouped(("r", "f"))
    weather = of_images(dataset, ["clear", "rainy"])
    with pytest.raises(DataError, match='did you mean "weather"'):
        slices_by_image_attribute(matches, weather, "wether")
    with pytest.raises(DataError, match="labels with attributes of instances"):
        slices_by_instance_attribute(
            prepare_truth(weather, None), found([]), IouType.BOX, "weather"
        )
    with pytest.raises(DataError, match="frequent"):
        slices_by_frequency(matches, replace(dataset, class_frequency=()))
