"""Shapes on which evaluators fall apart: outside the image, degenerate, just at a threshold.

All of COCO's arrays are pycocotools', to 1e-9; every set is read from files.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from segtrial.types.arrays import IOU_THRESHOLDS
from tests.evaluation.test_adversarial import BRIDGE, CAR, IMAGES, LEFT, result
from tests.evaluation.test_coco_arrays import KINDS, compare
from tests.evaluation.test_pycocotools import annotation, content_of

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.evaluation import IouType
    from tests.builders import Box

DEGENERATE: dict[str, list[list[float]]] = {
    "far outside": [[50, 50, 60, 50, 60, 60, 50, 60]],
    "left of the image": [[-9, 2, -3, 2, -3, 8, -9, 8]],
    "over one edge": [[-5, 2, 6, 2, 6, 8, -5, 8]],
    "over every edge": [[-5, -5, 30, -5, 30, 20, -5, 20]],
    "a corner out": [[12, 4, 33, 4, 12, 31]],
    "a point": [[3, 3, 3, 3, 3, 3]],
    "a line": [[3, 3, 9, 3, 6, 3]],
    "an upright line": [[3, 2, 3, 9, 3, 5]],
    "less than a px": [[3.1, 3.1, 3.3, 3.1, 3.3, 3.3]],
    "one px": [[3, 3, 4, 3, 4, 4, 3, 4]],
    "crossing itself": [[2, 2, 9, 8, 9, 2, 2, 8]],
    "a part out": [[2, 2, 6, 2, 6, 6, 2, 6], [25, 2, 30, 2, 30, 6]],
    "two parts, one a point": [[2, 2, 6, 2, 6, 6, 2, 6], [9, 9, 9, 9, 9, 9]],
    "the same point twice": [[2, 2, 2, 2, 8, 2, 8, 2, 8, 8, 2, 8]],
}


@KINDS
@pytest.mark.parametrize("name", DEGENERATE)
def test_polygons_that_leave_the_image_and_degenerate_ones(
    name: str, kind: IouType, tmp_path: Path
) -> None:
    """As the truth, and again as what was found, beside a plain pair of the same class."""
    rings = DEGENERATE[name]
    x, y = np.array(rings[0]).reshape(-1, 2).T.tolist()
    box = (min(x), min(y), max(x) - min(x), max(y) - min(y))
    rows = [
        annotation(0, 8, CAR, box, segmentation=rings),
        annotation(1, 40, CAR, LEFT),
        annotation(2, 40, BRIDGE, box, segmentation=rings, iscrowd=0),
    ]
    shape = {"bbox": list(box), "segmentation": rings}
    results = [
        {"image_id": image, "category_id": label, "score": score} | shape
        for image, label, score in ((8, CAR, 0.9), (8, CAR, 0.8), (40, BRIDGE, 0.7), (300, CAR, 1))
    ]
    results.append(result(40, CAR, 0.6, LEFT))
    compare(content_of(rows, IMAGES), results, kind, tmp_path)


@KINDS
@pytest.mark.parametrize("k", range(1, 21))
def test_an_iou_just_at_a_threshold(kind: IouType, k: int, tmp_path: Path) -> None:
    """k of 20 px: the ten thresholds and what lies between, up to rounding; a crowd too."""
    whole, part = (0, 0, 20, 1), (0, 0, k, 1)
    rows = [
        annotation(0, 8, CAR, whole),
        annotation(1, 40, BRIDGE, part),
        annotation(2, 300, CAR, part, iscrowd=1),
    ]
    results = [result(8, CAR, 0.5, part), result(40, BRIDGE, 0.5, whole)]
    results.append(result(300, CAR, 0.9, whole))
    ours = compare(content_of(rows, IMAGES), results, kind, tmp_path)
    met, below = ours.recall[:, 0, 0, 2] == 1, k / 20 - IOU_THRESHOLDS
    assert met[below > 1e-9].all()
    assert not met[below < -1e-9].any()


@KINDS
def test_one_px_and_no_px(kind: IouType, tmp_path: Path) -> None:
    """Masks and boxes of one px, of none, and of the whole image."""
    shapes: list[Box] = [(3, 3, 1, 1), (3, 3, 0, 0), (3, 3, 0, 4), (0, 0, 20, 10), (19, 9, 1, 1)]
    rows = [annotation(n, 8, CAR, box) for n, box in enumerate(shapes)]
    results = [
        result(8, CAR, 0.9 - n / 50, box)
        for n, (box, _) in enumerate(itertools.product(shapes, range(2)))
    ]
    ours = compare(content_of(rows, IMAGES), results, kind, tmp_path)
    assert ours.recall[:, 0, 0, 2].tolist() == [3 / 5] * 10  # what has no px is never met
