"""Intervals of official results: about the values that pycocotools prints, for each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from segtrial.pipeline.evaluate import Asked, evaluate, read_both
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("kind", "results", "printed"),
    [
        (IouType.BOX, "fakebbox100", (0.505, 0.697)),
        (IouType.MASK, "fakesegm100", (0.320, 0.562)),
    ],
)
def test_official_results_have_intervals(
    shared_data: Path, kind: IouType, results: str, printed: tuple[float, float]
) -> None:
    folder = shared_data / "coco_results"
    dataset, detections, _ = read_both(
        folder / "instances_val2014_100.json",
        folder / f"instances_val2014_{results}_results.json",
        label_format="coco",
        split=None,
        leave_out=False,
    )
    answer = evaluate(
        dataset, detections, Asked(style="coco", kinds=(kind,), intervals=True)
    ).answer
    found = (answer.intervals or {})[kind.value]
    for one, value in zip(found, printed, strict=True):
        assert one.mean.estimate == pytest.approx(value, abs=5e-4)
        assert one.mean.low < value < one.mean.high
        assert 0.04 < one.mean.high - one.mean.low < 0.2
        positive = dict(zip(dataset.class_names, dataset.image_counts().tolist(), strict=True))
        for row in one.classes:
            assert row.positive_images == positive[row.name]
            assert (row.low is not None) == (row.positive_images >= 10)
        rare = {name for name, images in positive.items() if 0 < images < 10}
        assert set(one.rare_classes) == rare
        assert one.rare is not None
        assert one.rare.low < one.rare.estimate < one.rare.high
