"""pycocotools' figures on real results: the official fake ones, and a real model's.

Every class at every threshold agrees to 1e-9, and the means are those that pycocotools 2.0.11
prints (README of the data).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from segtrial.data.coco.read import read_coco
from segtrial.evaluation.average_precision import mean_over_classes
from segtrial.types.evaluation import IouType
from tests.evaluation.coco_evaluation import Result, coco_ap, scores_of

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.arrays import Floats
    from segtrial.types.dataset import Dataset

TOLERANCE = 1e-9


@dataclass(frozen=True)
class ResultSet:
    """Truth, results, and pycocotools' printed means: AP, AP50, AP75."""

    truth: str
    results: str
    kind: IouType
    printed: tuple[float, float, float]
    images: str | None = None


FAKE_TRUTH = "coco_results/instances_val2014_100.json"
MODEL = "coco_results/coco_mini_val_yolov5s_seg_78_images.json"
MODEL_IMAGES = "coco_results/coco_mini_val_78_image_ids.json"
SETS = {
    "fake boxes": ResultSet(
        truth=FAKE_TRUTH,
        results="coco_results/instances_val2014_fakebbox100_results.json",
        kind=IouType.BOX,
        printed=(0.505, 0.697, 0.573),
    ),
    "fake masks": ResultSet(
        truth=FAKE_TRUTH,
        results="coco_results/instances_val2014_fakesegm100_results.json",
        kind=IouType.MASK,
        printed=(0.320, 0.562, 0.299),
    ),
    "model boxes": ResultSet(
        truth="coco_mini/instances_val.json",
        results=MODEL,
        kind=IouType.BOX,
        printed=(0.4161, 0.5988, 0.4391),
        images=MODEL_IMAGES,
    ),
    "model masks": ResultSet(
        truth="coco_mini/instances_val.json",
        results=MODEL,
        kind=IouType.MASK,
        printed=(0.3648, 0.6180, 0.3800),
        images=MODEL_IMAGES,
    ),
}


@dataclass(frozen=True)
class Tables:
    """Ours and pycocotools': float64 (C, T)."""

    spec: ResultSet
    dataset: Dataset
    ours: Floats
    theirs: Floats


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


@pytest.fixture(scope="module", params=list(SETS))
def tables(request: pytest.FixtureRequest, shared_data: Path) -> Tables:
    spec = SETS[request.param]
    dataset = read_coco(shared_data / spec.truth, None)
    image_ids = None if spec.images is None else load(shared_data, spec.images)
    if image_ids is not None:
        wanted = {str(i) for i in image_ids}
        dataset = dataset.take_images(
            [row for row, image in enumerate(dataset.image_id) if image in wanted]
        )
    results: list[Result] = load(shared_data, spec.results)
    if spec.kind == IouType.MASK:  # so that pycocotools takes areas and boxes from the masks
        results = [{k: v for k, v in row.items() if k != "bbox"} for row in results]
    theirs = coco_ap(load(shared_data, spec.truth), results, spec.kind, image_ids)
    ours = scores_of(dataset, results, spec.kind).ap
    return Tables(spec=spec, dataset=dataset, ours=ours, theirs=theirs)


def test_every_class_and_threshold_agrees(tables: Tables) -> None:
    assert tables.ours.shape == tables.theirs.shape == (80, 10)
    np.testing.assert_allclose(tables.ours, tables.theirs, rtol=0, atol=TOLERANCE, equal_nan=True)


def test_classes_without_truth_and_only_they_are_undefined(tables: Tables) -> None:
    undefined = np.isnan(tables.ours)
    assert np.array_equal(undefined.all(axis=1), tables.dataset.instance_counts() == 0)
    assert np.array_equal(undefined.any(axis=1), undefined.all(axis=1))


def test_means_are_those_that_pycocotools_prints(tables: Tables) -> None:
    means = [mean_over_classes(tables.ours, t) for t in (None, 0.5, 0.75)]
    digits = 3 if tables.spec.truth == FAKE_TRUTH else 4
    assert [round(value, digits) for value in means] == list(tables.spec.printed)
    for value, t in zip(means, (None, 0, 5), strict=True):
        table = tables.theirs if t is None else tables.theirs[:, t]
        assert value == pytest.approx(float(np.nanmean(table)), abs=TOLERANCE)
