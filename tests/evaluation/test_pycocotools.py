"""Agreement with pycocotools on generated sets: every class at every threshold, to 1e-9."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from segtrial.data.coco.read import read_coco
from segtrial.types.evaluation import IouType
from tests.builders import CATEGORIES, box_rle, square
from tests.evaluation.coco_evaluation import Result, coco_ap, scores_of
from tests.geometry.coco_masks import coco_string

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.arrays import Floats

HEIGHT, WIDTH = 10, 20
IMAGE_IDS = (40, 8, 300, 7)  # in no order; the last two get nothing now and then
CLASS_IDS = tuple(int(str(category["id"])) for category in CATEGORIES)
TOLERANCE = 1e-9

Box = tuple[float, float, float, float]


def packed(counts: bytes) -> dict[str, Any]:
    return {"size": [HEIGHT, WIDTH], "counts": counts.decode()}


def as_mask(box: Box) -> dict[str, Any]:
    return {"segmentation": packed(box_rle(box))}


def content_of(annotations: list[dict[str, Any]], images: tuple[int, ...]) -> dict[str, Any]:
    return {
        "images": [
            {"id": i, "file_name": f"{i}.png", "width": WIDTH, "height": HEIGHT} for i in images
        ],
        "annotations": annotations,
        "categories": list(CATEGORIES),
    }


def annotation(number: int, image: int, label: int, box: Box, **more: Any) -> dict[str, Any]:
    """Ids count from 1: pycocotools loses the annotation of id 0."""
    row = {"id": number + 1, "image_id": image, "category_id": label, "bbox": list(box)}
    row |= {"area": box[2] * box[3], "iscrowd": 0}
    return row | (more if "segmentation" in more else more | {"segmentation": packed(box_rle(box))})


def compare(
    folder: Path, content: dict[str, Any], results: list[Result], kind: IouType
) -> tuple[Floats, Floats]:
    """Ours and theirs, after asserting that they agree."""
    path = folder / "truth.json"
    path.write_text(json.dumps(content))
    ours = scores_of(read_coco(path, None), results, kind).ap
    theirs = coco_ap(content, results, kind)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE, equal_nan=True)
    return ours, theirs


SIDE = st.integers(1, 5)
WHOLE_BOX = st.tuples(st.integers(0, 15), st.integers(0, 5), SIDE, SIDE)
CORNER = st.integers(0, 20).map(lambda v: v / 2)
LENGTH = st.sampled_from([0.0, 0.5, 1.0, 2.0, 2.5, 4.0, 9.0])
ANY_BOX = WHOLE_BOX | st.tuples(CORNER, CORNER, LENGTH, LENGTH)
SCORE = st.sampled_from([0.1, 0.5, 0.5, 0.9]) | st.floats(0, 1)
PLACE = st.tuples(st.sampled_from(IMAGE_IDS[:3]), st.sampled_from(CLASS_IDS[:2]))


@st.composite
def mask_counts(draw: st.DrawFn) -> bytes:
    """A filled box, one pixel, nothing, everything, or noise."""
    kind = draw(st.sampled_from(["box", "box", "box", "pixel", "empty", "full", "noise"]))
    if kind == "box":
        return box_rle(draw(WHOLE_BOX))
    if kind == "pixel":
        return box_rle((draw(st.integers(0, 19)), draw(st.integers(0, 9)), 1, 1))
    if kind == "noise":
        rng = np.random.default_rng(draw(st.integers(0, 99)))
        return coco_string(rng.random((HEIGHT, WIDTH)) < 0.4)
    return coco_string(np.full((HEIGHT, WIDTH), kind == "full"))


@st.composite
def generated(draw: st.DrawFn, kind: IouType) -> tuple[dict[str, Any], list[Result]]:
    """Truth with crowds, and results that copy it, miss it, repeat it and tie."""
    shape: st.SearchStrategy[Any] = ANY_BOX if kind == IouType.BOX else mask_counts()
    truths = draw(st.lists(st.tuples(PLACE, shape, st.integers(0, 5)), max_size=10))
    rows = []
    for number, ((image, label), form, crowd) in enumerate(truths):
        more: dict[str, Any] = {"iscrowd": int(crowd == 0)}
        if kind == IouType.BOX:
            more["segmentation"] = square(1, 1, 4)
            rows.append(annotation(number, image, label, form, **more))
        else:
            more["segmentation"] = packed(form)
            rows.append(annotation(number, image, label, (0, 0, 1, 1), **more))
    copied = [(place, form) for place, form, _ in truths]
    anything = st.tuples(st.tuples(st.sampled_from(IMAGE_IDS), st.sampled_from(CLASS_IDS)), shape)
    source = st.sampled_from(copied) | anything if copied else anything
    found = draw(st.lists(st.tuples(source, SCORE), max_size=16))
    key = "bbox" if kind == IouType.BOX else "segmentation"
    results = [
        {"image_id": image, "category_id": label, "score": score}
        | {key: list(form) if kind == IouType.BOX else packed(form)}
        for ((image, label), form), score in found
    ]
    return content_of(rows, IMAGE_IDS), results


@pytest.mark.parametrize("kind", list(IouType))
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_generated_sets_agree(
    tmp_path_factory: pytest.TempPathFactory, kind: IouType, data: st.DataObject
) -> None:
    content, results = data.draw(generated(kind))
    ours, _ = compare(tmp_path_factory.getbasetemp(), content, results, kind)
    event(f"classes with truth: {int((~np.isnan(ours[:, 0])).sum())}")


@pytest.mark.parametrize("kind", list(IouType))
@pytest.mark.parametrize("seed", range(4))
def test_cells_with_more_than_a_hundred_detections_agree(
    tmp_path: Path, kind: IouType, seed: int
) -> None:
    """About 130 a cell, many of one score, so that the cut falls among ties."""
    rng = np.random.default_rng(seed)

    def box() -> Box:
        x, y, w, h = rng.integers([0, 0, 1, 1], [15, 5, 6, 6]).tolist()
        return x, y, w, h

    rows = [annotation(n, IMAGE_IDS[n % 2], CLASS_IDS[n % 3 % 2], box()) for n in range(24)]
    for row in rows[::7]:
        row["iscrowd"] = 1
    results: list[Result] = []
    for n in range(520):
        near = rows[int(rng.integers(24))]["bbox"] if n % 3 else box()
        place = {"image_id": IMAGE_IDS[n % 2], "category_id": CLASS_IDS[n // 2 % 2]}
        score = round(float(rng.random()), 1)
        form = (
            {"bbox": list(near)} if kind == IouType.BOX else {"segmentation": packed(box_rle(near))}
        )
        results.append(place | {"score": score} | form)
    cells = [(r["image_id"], r["category_id"]) for r in results]
    assert min(cells.count(cell) for cell in set(cells)) == 130
    ours, _ = compare(tmp_path, content_of(rows, IMAGE_IDS), results, kind)
    assert 0 < np.nanmean(ours) < 1


@pytest.mark.parametrize("kind", list(IouType))
def test_sets_without_truth_without_results_or_without_images_agree(
    tmp_path: Path, kind: IouType
) -> None:
    rows = [annotation(0, 8, CLASS_IDS[1], (1, 1, 4, 4))]
    result = {"image_id": 8, "category_id": CLASS_IDS[1], "score": 0.5}
    result |= {"bbox": [1, 1, 4, 4]} if kind == IouType.BOX else {}
    if kind == IouType.MASK:
        result["segmentation"] = packed(box_rle((1, 1, 4, 4)))
    for truths, results, expected in (
        (rows, [], 0),
        ([], [result], np.nan),
        ([], [], np.nan),
        (rows, [result], 1),
    ):
        ours, _ = compare(tmp_path, content_of(truths, IMAGE_IDS), results, kind)
        np.testing.assert_allclose(ours[1], [expected] * 10)
        assert np.isnan(ours[[0, 2]]).all()


def test_ious_at_a_threshold_agree(tmp_path: Path) -> None:
    """Boxes whose IoU is k/20, exactly at each threshold up to rounding."""
    rows, results = [], []
    for k in range(10, 21):
        rows.append(annotation(k, 1000 + k, CLASS_IDS[0], (0, 0, 20, 1)))
        box = [0, 0, k, 1]
        results.append({"image_id": 1000 + k, "category_id": CLASS_IDS[0], "score": 0.5})
        results[-1]["bbox"] = box
    images = tuple(range(1010, 1021))
    ours, _ = compare(tmp_path, content_of(rows, images), results, IouType.BOX)
    assert ours[0, 0] == pytest.approx(1)
    assert ours[0, 9] < 0.3


def test_annotation_id_zero_is_met_by_us_and_lost_by_pycocotools(tmp_path: Path) -> None:
    """Differs from pycocotools: its matches hold ids, where 0 means none."""
    rows = [annotation(-1, 8, CLASS_IDS[0], (1, 1, 4, 4))]
    assert rows[0]["id"] == 0
    result = {"image_id": 8, "category_id": CLASS_IDS[0], "score": 0.5, "bbox": [1, 1, 4, 4]}
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(content_of(rows, IMAGE_IDS)))
    ours = scores_of(read_coco(path, None), [result], IouType.BOX).ap
    np.testing.assert_allclose(ours[0], [1] * 10)
    assert coco_ap(content_of(rows, IMAGE_IDS), [result], IouType.BOX)[0].tolist() == [0] * 10
