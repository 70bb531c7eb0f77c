"""The confusion matrix with background: counts, shares, weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from segtrial.evaluation.confusion import confusion, confusion_under_weights
from segtrial.types.evaluation import IouType
from tests.builders import found, truth
from tests.evaluation.test_flow import A, B, C, flow_of, repeated

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

NAMES = ("car", "bus", "sign")
CAR, BUS, SIGN = range(3)
BELOW = (6, 6, 4, 4)


@pytest.fixture
def scene() -> tuple[Dataset, Detections]:
    """Image 0: cars at A, B, C; image 1: a car at A, a bus at B.

    Called car, bus, nothing; bus, bus; and a bus in image 1 where there is nothing.
    """
    labels = truth(
        [(0, CAR, A), (0, CAR, B), (0, CAR, C), (1, CAR, A), (1, BUS, B)], images=2, classes=NAMES
    )
    rows = [(0, CAR, 0.9, A), (0, BUS, 0.8, B)]
    rows += [(1, BUS, 0.9, A), (1, BUS, 0.8, B), (1, BUS, 0.7, BELOW)]
    return labels, found(rows)


def test_the_table_counts_what_became_what(scene: tuple[Dataset, Detections]) -> None:
    matrix = confusion(flow_of(*scene, IouType.MASK))
    assert matrix.table.tolist() == [[1, 2, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert (matrix.confidence, matrix.iou_threshold) == (0.5, 0.5)
    np.testing.assert_allclose(matrix.recall(), [1 / 4, 1, np.nan])
    np.testing.assert_allclose(matrix.precision(), [1, 1 / 4, np.nan])
    np.testing.assert_allclose(matrix.shares(), [[0.25, 0.5, 0, 0.25], [0, 1, 0, 0], [np.nan] * 4])
    assert matrix.largest(5) == [(CAR, BUS, 2)]
    assert matrix.largest(0) == []


def test_a_truth_under_another_name_takes_its_detection_away(
    scene: tuple[Dataset, Detections],
) -> None:
    """In image 1 the bus that is called at A meets the car, although a bus stands at B."""
    matrix = confusion(flow_of(*scene, IouType.BOX))
    assert matrix.table[CAR, BUS] == 2


def test_the_table_under_weights_is_that_of_repeated_images(
    scene: tuple[Dataset, Detections],
) -> None:
    weights = np.array([[2, 0], [0, 3], [1, 1], [0, 0]])
    tables = confusion_under_weights(flow_of(*scene, IouType.BOX), weights)
    assert tables.dtype == np.int64
    for table, times in zip(tables, weights.tolist(), strict=True):
        again = confusion(flow_of(*repeated(*scene, times), IouType.BOX))
        assert table.tolist() == again.table.tolist()
    with pytest.raises(ValueError, match=r"weights of shape \(2,\) for 2 images"):
        confusion_under_weights(flow_of(*scene, IouType.BOX), np.ones(2, np.int64))


def test_no_truth_and_no_detections_give_zeros() -> None:
    matrix = confusion(flow_of(truth([], classes=NAMES), found([]), IouType.BOX))
    assert not matrix.table.any()
    assert np.isnan(matrix.recall()).all()
    assert matrix.largest(3) == []
    with pytest.raises(ValueError, match="read-only"):
        matrix.table[0, 0] = 1
