"""Class-agnostic numbers on real results: pycocotools with `useCats = 0`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from segtrial.data.coco.read import read_coco
from segtrial.data.predictions import read_predictions
from segtrial.evaluation.matching import prepare_truth
from segtrial.evaluation.proposals import match_proposals, proposal_summary
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.evaluation import IouType
from tests.evaluation.test_proposals import pycocotools_numbers
from tests.reference.test_coco_results import SETS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", SETS)
def test_the_numbers_are_pycocotools_without_categories(shared_data: Path, name: str) -> None:
    spec = SETS[name]
    content = json.loads((shared_data / spec.truth).read_bytes())
    results = json.loads((shared_data / spec.results).read_bytes())
    dataset = read_coco(shared_data / spec.truth, None)
    if spec.images is not None:
        kept = set(json.loads((shared_data / spec.images).read_bytes()))
        rows = [r for r, image in enumerate(dataset.image_id) if int(image) in kept]
        dataset = dataset.take_images(rows)
        content["images"] = [i for i in content["images"] if i["id"] in kept]
        content["annotations"] = [a for a in content["annotations"] if a["image_id"] in kept]
    detections, _ = read_predictions(shared_data / spec.results, dataset, leave_out=True)
    masks = truth_masks(dataset) if spec.kind == IouType.MASK else None
    ours = proposal_summary(match_proposals(prepare_truth(dataset, masks), detections, spec.kind))
    listed = {image["id"] for image in content["images"]}
    theirs = pycocotools_numbers(
        content, [r for r in results if r["image_id"] in listed], spec.kind
    )
    assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)
