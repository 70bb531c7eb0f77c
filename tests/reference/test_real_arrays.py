"""COCO's full arrays on real results: precision, scores and recall are pycocotools', to 1e-9."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from segtrial.data.coco.read import read_coco
from segtrial.data.predictions import read_predictions
from segtrial.evaluation.matching import Truth, prepare_truth
from segtrial.evaluation.rules import COCO
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.evaluation import IouType
from tests.evaluation.test_coco_arrays import assert_equal, our_arrays, their_arrays
from tests.reference.test_coco_results import SETS

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.detections import Detections


@dataclass(frozen=True)
class Real:
    """One set as pycocotools takes it, and as we read it."""

    kind: IouType
    content: dict[str, Any]
    results: list[dict[str, Any]]
    path: Path  # of the results
    params: dict[str, Any]  # `imgIds`, where the results are of some images alone
    truth: Truth
    detections: Detections


@pytest.fixture(scope="module", params=list(SETS))
def real(request: pytest.FixtureRequest, shared_data: Path) -> Real:
    spec = SETS[request.param]
    dataset = read_coco(shared_data / spec.truth, None)
    params: dict[str, Any] = {}
    if spec.images is not None:
        params["imgIds"] = json.loads((shared_data / spec.images).read_bytes())
        kept = {str(i) for i in params["imgIds"]}
        dataset = dataset.take_images([r for r, i in enumerate(dataset.image_id) if i in kept])
    detections, left_out = read_predictions(shared_data / spec.results, dataset)
    assert not left_out
    masks = truth_masks(dataset) if spec.kind == IouType.MASK else None
    return Real(
        kind=spec.kind,
        content=json.loads((shared_data / spec.truth).read_bytes()),
        results=json.loads((shared_data / spec.results).read_bytes()),
        path=shared_data / spec.results,
        params=params,
        truth=prepare_truth(dataset, masks),
        detections=detections,
    )


def test_the_full_arrays_are_pycocotools(real: Real) -> None:
    ours = our_arrays(real.truth, real.detections, real.kind)
    assert ours.precision.shape == (10, 101, 80, 4, 3)
    assert_equal(ours, their_arrays(real.content, real.results, real.kind, **real.params))
    undefined = np.isnan(ours.recall[0, :, 0, 2])
    assert undefined.tolist() == (real.truth.dataset.instance_counts() == 0).tolist()
    assert np.nanmax(ours.scores) == real.detections.score.max()


def test_without_categories_and_at_other_limits(real: Real) -> None:
    """`useCats = 0`: the order of an image's classes decides among equal scores."""
    limits = (3, 30, 300)
    rules = replace(COCO, class_agnostic=True)
    ours = our_arrays(real.truth, real.detections, real.kind, limits=limits, rules=rules)
    chosen = real.params | {"useCats": 0, "maxDets": list(limits)}
    assert_equal(ours, their_arrays(real.content, real.results, real.kind, **chosen))


def test_every_third_image(real: Real) -> None:
    """`imgIds` is evaluating the images that were taken."""
    dataset = real.truth.dataset
    rows = list(range(0, dataset.images, 3))
    taken = dataset.take_images(rows)
    detections, left_out = read_predictions(real.path, taken, leave_out=True)
    assert sum(item.count for item in left_out) + len(detections) == len(real.results)
    masks = truth_masks(taken) if real.kind == IouType.MASK else None
    ours = our_arrays(prepare_truth(taken, masks), detections, real.kind)
    ids = [int(dataset.image_id[r]) for r in rows]
    assert_equal(ours, their_arrays(real.content, real.results, real.kind, imgIds=ids))
