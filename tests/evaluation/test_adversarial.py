"""Cases on which evaluators fall apart: all of COCO's arrays are pycocotools', to 1e-9.

Which images, classes, areas and limits are looked at, and what is not there. Every set is read from
files, as a person would give them. Shapes, contests, LVIS and refusals stand in files of their own.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from segtrial.data.predictions import read_predictions
from segtrial.evaluation.coco_arrays import coco_arrays
from segtrial.evaluation.matching import Parts, match_parts, match_ranges, prepare_truth
from segtrial.evaluation.overlaps import overlaps
from segtrial.evaluation.rules import COCO
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.evaluation import IouType
from tests.builders import square
from tests.evaluation.lvis_evaluation import read_pair
from tests.evaluation.test_coco_arrays import (
    KINDS,
    assert_equal,
    compare,
    our_arrays,
    their_arrays,
)
from tests.evaluation.test_pycocotools import CLASS_IDS, annotation, as_mask, content_of

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.evaluation.coco_arrays import CocoArrays
    from tests.builders import Box

CAR, BRIDGE, SIGN = CLASS_IDS  # 7, 3, 9: in no order
IMAGES = (40, 8, 300, 7)
LEFT, RIGHT = (0, 0, 4, 10), (10, 0, 4, 10)
SIDE = 200  # px of the large images
Case = tuple[dict[str, Any], list[dict[str, Any]]]


def result(image: int, label: int, score: float, box: Box) -> dict[str, Any]:
    """Box and mask: pycocotools then takes the area from the box, for masks too."""
    row = {"image_id": image, "category_id": label, "score": score, "bbox": list(box)}
    return row | as_mask(box)


def crowded(seed: int = 0) -> Case:
    """Boxes of whole px in small images: crowds, ties, copies, flips; image 7 is empty."""
    draw = Random(seed)

    def box() -> Box:
        return draw.randrange(15), draw.randrange(5), draw.randint(1, 5), draw.randint(1, 5)

    rows = [
        annotation(
            n, draw.choice(IMAGES[:3]), draw.choice(CLASS_IDS[:2]), box(), iscrowd=n % 6 == 0
        )
        for n in range(24)
    ]
    results = []
    for _ in range(60):
        near = draw.choice(rows)
        label = near["category_id"] if draw.random() < 0.7 else draw.choice(CLASS_IDS)
        shape = tuple(near["bbox"]) if draw.random() < 0.7 else box()
        results.append(result(near["image_id"], label, draw.choice([0.2, 0.5, 0.5, 0.9]), shape))
    for row in rows:
        row["iscrowd"] = int(row["iscrowd"])
    return content_of(rows, IMAGES), results


def sizes(seed: int = 0) -> Case:
    """Boxes with sides around the area ranges' ends, in two large images; boxes alone."""
    draw = Random(seed)
    lengths = (20, 31, 32, 33, 95, 96, 97, 150)

    def box() -> Box:
        width, height = draw.choice(lengths), draw.choice(lengths)
        side = width if draw.random() < 0.5 else height  # squares are just at the ends
        return draw.randrange(40), draw.randrange(40), width, side

    shapes = [box() for _ in range(16)]
    rows = [
        annotation(n, 1 + n % 2, CLASS_IDS[n % 3], shape, segmentation=square(1, 1, 4))
        for n, shape in enumerate(shapes)
    ]
    results = [
        {"image_id": 1 + n % 2, "category_id": CLASS_IDS[n % 3], "score": round(draw.random(), 1)}
        | {"bbox": list(shapes[n % 16] if n < 16 else box())}
        for n in range(40)
    ]
    images = [{"id": i, "file_name": f"{i}.png", "width": SIDE, "height": SIDE} for i in (1, 2)]
    return content_of(rows, ()) | {"images": images}, results


def highest(ours: CocoArrays) -> float:
    """The mean of the precision arrays: that a case shows something."""
    return float(np.nanmean(ours.precision[..., -1]))


# What is looked at: categories, images, areas, limits.


@KINDS
@pytest.mark.parametrize("seed", range(3))
def test_without_categories(kind: IouType, seed: int, tmp_path: Path) -> None:
    """`useCats = 0`, at several limits; equal scores of two classes stand in one image."""
    content, results = crowded(seed)
    pair = read_pair(content, results, kind, tmp_path)
    rules = replace(COCO, class_agnostic=True)
    for limits in ((1, 10, 100), (3, 17)):
        ours = our_arrays(*pair, kind, limits=limits, rules=rules)
        theirs = their_arrays(content, results, kind, useCats=0, maxDets=list(limits))
        assert_equal(ours, theirs)
        assert ours.precision.shape == (10, 101, 1, 4, len(limits))
    assert 0 < highest(ours) < 1


@KINDS
@pytest.mark.parametrize("kept", [(8,), (300, 40), (7,), (8, 7, 40)])
def test_a_subset_of_images(kind: IouType, kept: tuple[int, ...], tmp_path: Path) -> None:
    """`imgIds` is evaluating the images that were taken; image 7 is empty."""
    content, results = crowded()
    whole, _ = read_pair(content, results, kind, tmp_path)
    rows = [r for r, image in enumerate(whole.dataset.image_id) if int(image) in kept]
    taken = whole.dataset.take_images(rows)
    detections, left_out = read_predictions(tmp_path / "results.json", taken, leave_out=True)
    assert sum(item.count for item in left_out) + len(detections) == len(results)
    prepared = prepare_truth(taken, truth_masks(taken))
    ours = our_arrays(prepared, detections, kind)
    assert_equal(ours, their_arrays(content, results, kind, imgIds=list(kept)))


@KINDS
def test_a_subset_of_categories(kind: IouType, tmp_path: Path) -> None:
    """`catIds`: the classes do not touch one another, so their rows are those of the whole."""
    content, results = crowded()
    ours = compare(content, results, kind, tmp_path)
    theirs = their_arrays(content, results, kind, catIds=[SIGN, CAR])
    for name, axis in (("precision", 2), ("scores", 2), ("recall", 1)):
        rows = np.take(getattr(ours, name), [0, 2], axis=axis)  # in the labels' order
        np.testing.assert_allclose(rows, theirs[name], rtol=0, atol=1e-9)


@pytest.mark.parametrize("names", [("medium",), ("large", "small")])
def test_a_subset_of_areas(names: tuple[str, ...], tmp_path: Path) -> None:
    content, results = sizes()
    bounds = {"small": [0, 32**2], "medium": [32**2, 96**2], "large": [96**2, 1e10]}
    pair = read_pair(content, results, IouType.BOX, tmp_path)
    ours = coco_arrays(match_ranges(*pair, IouType.BOX, COCO, names))
    chosen = {"areaRng": [bounds[n] for n in names], "areaRngLbl": list(names)}
    assert_equal(ours, their_arrays(content, results, IouType.BOX, **chosen))
    assert ours.areas == names


def test_areas_of_ones_own(tmp_path: Path) -> None:
    """Ranges that overlap, touch, and hold nothing: a truth at an end is in both."""
    content, results = sizes(1)
    truth, detections = read_pair(content, results, IouType.BOX, tmp_path)
    bounds = [[0.0, 31 * 31], [31 * 31, 5000.0], [1000.0, 1e10], [2.0, 3.0]]
    pairs = overlaps(truth, detections, IouType.BOX, floor=0.5, any_class=False)
    parts = Parts(
        truth_value=truth.dataset.area_px,
        detection_value=pairs.area_px,
        bounds_P2=np.array(bounds),
    )
    matches = match_parts(truth, detections, IouType.BOX, COCO, parts)
    ours = coco_arrays(dict(zip("abcd", matches, strict=True)))
    chosen = {"areaRng": bounds, "areaRngLbl": list("abcd")}
    assert_equal(ours, their_arrays(content, results, IouType.BOX, **chosen))
    assert np.isnan(ours.recall[:, :, 3]).all()


@KINDS
@pytest.mark.parametrize("limits", [(1,), (2, 5), (7,), (3, 50, 1000), (1, 2, 3, 4)])
def test_limits_of_detections_other_than_coco_s(
    kind: IouType, limits: tuple[int, ...], tmp_path: Path
) -> None:
    content, results = crowded(2)
    results = [*results, *(row | {"score": 0.5} for row in results)]  # cells of 10 and more
    ours = our_arrays(*read_pair(content, results, kind, tmp_path), kind, limits=limits)
    assert_equal(ours, their_arrays(content, results, kind, maxDets=list(limits)))


def test_more_than_a_hundred_detections_in_a_cell(tmp_path: Path) -> None:
    """400 of one score: the hit is the 150th, which 100 do not reach and 1000 do."""
    rows = [annotation(0, 8, CAR, LEFT)]
    results = [result(8, CAR, 0.5, LEFT if n == 149 else RIGHT) for n in range(400)]
    pair = read_pair(content_of(rows, IMAGES), results, IouType.BOX, tmp_path)
    for limits, recall in (((100,), 0), ((100, 149, 150, 1000), 1)):
        ours = our_arrays(*pair, IouType.BOX, limits=limits)
        theirs = their_arrays(content_of(rows, IMAGES), results, IouType.BOX, maxDets=list(limits))
        assert_equal(ours, theirs)
        assert ours.recall[0, 0, 0, -1] == recall


# What is there and what is not.


@KINDS
def test_masks_without_boxes(kind: IouType, tmp_path: Path) -> None:
    """Boxes and areas are then the masks'; an empty mask's box is a point."""
    content, results = crowded(1)
    rows = [{k: v for k, v in row.items() if k != "bbox"} for row in results]
    rows.append(rows[0] | as_mask((0, 0, 0, 0)))
    ours = compare(content, rows, kind, tmp_path)
    assert 0 < highest(ours) < 1


@KINDS
@pytest.mark.parametrize("truths", [True, False])
@pytest.mark.parametrize("found", [True, False])
def test_images_without_truth_without_detections_and_without_both(
    kind: IouType, truths: bool, found: bool, tmp_path: Path
) -> None:
    """Of four images one has both, one truth alone, one detections alone, one nothing."""
    rows = [annotation(0, 40, CAR, LEFT), annotation(1, 8, CAR, LEFT)]
    results = [result(40, CAR, 0.5, LEFT), result(300, CAR, 0.9, LEFT)]
    content = content_of(rows if truths else [], IMAGES)
    ours = compare(content, results if found else [], kind, tmp_path)
    precision = ours.precision[0, :, 0, 0, 2]
    if not truths:
        assert np.isnan(precision).all()
    else:
        assert precision[:51].tolist() == pytest.approx([0.5 if found else 0] * 51)


@KINDS
def test_annotation_id_zero(kind: IouType, tmp_path: Path) -> None:
    """Differs from pycocotools: its matches hold ids, where 0 means none. Here they hold rows; with
    other ids the arrays are pycocotools'.
    """
    content, results = crowded()
    # a truth that is met, under the id 0
    rows = [annotation(-1, 8, SIGN, LEFT), *content["annotations"]]
    results = [*results, result(8, SIGN, 0.9, LEFT)]
    ours = our_arrays(*read_pair(content | {"annotations": rows}, results, kind, tmp_path), kind)
    lost = their_arrays(content | {"annotations": rows}, results, kind)
    assert (ours.recall[:, 2, 0, 2] == 1).all()
    assert (lost["recall"][:, 2, 0, 2] == 0).all()
    renumbered = [row | {"id": 1000 + n} for n, row in enumerate(rows)]
    assert_equal(ours, their_arrays(content | {"annotations": renumbered}, results, kind))


@KINDS
def test_more_truths_than_detections_and_the_reverse(kind: IouType, tmp_path: Path) -> None:
    """One detection for ten equal truths, ten equal detections for one truth."""
    for truths, found in ((10, 1), (1, 10), (10, 9)):
        rows = [annotation(n, 8, CAR, LEFT) for n in range(truths)]
        results = [result(8, CAR, 0.5, LEFT) for _ in range(found)]
        ours = compare(content_of(rows, IMAGES), results, kind, tmp_path)
        shares = [1 / truths, *[min(found / truths, 1)] * 2]  # of 1, 10 and 100 detections
        assert ours.recall[0, 0, 0].tolist() == pytest.approx(shares)
