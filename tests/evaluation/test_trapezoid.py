"""The plain area under precision and recall, and IoUs that must be above the threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.evaluation.matching import prepare_truth
from segtrial.evaluation.trapezoid import match_strictly, trapezoid_average_precision
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.evaluation import IGNORED, NO_MATCH, IouType, Matches
from tests.builders import found, truth
from tests.evaluation.coco_evaluation import matches_of

HIT, MISS = (0, 0, 4, 10), (10, 0, 4, 10)
KINDS = pytest.mark.parametrize("kind", list(IouType))
Rows = list[tuple[int, int, float, tuple[float, float, float, float]]]


def strict(dataset: Dataset, detections: Detections, kind: IouType = IouType.BOX) -> Matches:
    return match_strictly(prepare_truth(dataset, truth_masks(dataset)), detections, kind)


def ap50(images: int, rows: Rows) -> float:
    dataset = truth([(i, 0, HIT) for i in range(images)], images=images)
    return float(trapezoid_average_precision(strict(dataset, found(rows)), ("car",)).ap[0, 0])


@pytest.mark.parametrize(
    ("images", "rows", "area"),
    [
        (1, [(0, 0, 0.9, HIT)], 1),
        (2, [(0, 0, 0.9, HIT)], 1 / 2),  # nothing beyond the last recall
        (1, [(0, 0, 0.9, MISS), (0, 0, 0.8, HIT)], 1 / 4),  # from (0, 0) to (1, 1/2)
        (1, [(0, 0, 0.9, HIT), (0, 0, 0.8, MISS)], 1),
        # to (1/2, 1), down to (1/2, 1/2), then to (1, 2/3)
        (2, [(0, 0, 0.9, HIT), (0, 0, 0.8, MISS), (1, 0, 0.7, HIT)], 1 / 2 + 7 / 12 / 2),
        (1, [], 0),
        (1, [(0, 0, 0.9, MISS)], 0),
    ],
)
def test_the_area_under_lines_from_point_to_point(images: int, rows: Rows, area: float) -> None:
    assert ap50(images, rows) == pytest.approx(area)


@KINDS
def test_the_threshold_itself_is_no_match(kind: IouType) -> None:
    """Two of four columns: IoU .5. Three of four: .75. Four of five: .8."""
    dataset = truth([(0, 0, HIT)])
    for columns, iou in ((2, 0.5), (3, 0.75)):
        detections = found([(0, 0, 0.9, (0, 0, columns, 10))])
        row = round((iou - 0.5) / 0.05)
        assert matches_of(dataset, detections, kind).truth_row[row].tolist() == [0]
        met = strict(dataset, detections, kind).truth_row[:, 0]
        assert met.tolist() == [0] * row + [NO_MATCH] * (10 - row)


@KINDS
def test_otherwise_matching_is_coco_s(kind: IouType) -> None:
    """Crowds are met many times and count in neither; only the best hundred of a cell exist."""
    dataset = truth([(0, 0, HIT), (1, 0, MISS)], images=2, crowd=(1,))
    rows: Rows = [(0, 0, 0.7, HIT), (1, 0, 0.9, MISS), (1, 0, 0.8, MISS)]
    matches = strict(dataset, found(rows), kind)
    assert matches.detection_row.tolist() == [1, 2, 0]
    assert matches.truth_row[0].tolist() == [IGNORED, IGNORED, 0]
    assert trapezoid_average_precision(matches, ("car",)).ap[0, 0] == 1
    many: Rows = [(0, 0, 0.5 + k / 1000, MISS) for k in range(120)]
    assert len(strict(dataset, found(many), kind).score) == 100


def test_a_class_without_truth_is_undefined() -> None:
    matches = strict(truth([(0, 0, HIT)], classes=("car", "bus")), found([(0, 1, 0.9, HIT)]))
    scores = trapezoid_average_precision(matches, ("car", "bus"))
    assert np.isnan(scores.ap[1]).all()
    assert scores.ap[0].tolist() == [0] * 10
    assert (scores.instances.tolist(), scores.positive_images.tolist()) == ([1, 0], [1, 0])


def test_masks_are_wanted_on_both_sides() -> None:
    boxes = replace(found([(0, 0, 0.9, HIT)]), masks=None)
    with pytest.raises(ValueError, match="needs masks on both sides"):
        strict(truth([(0, 0, HIT)]), boxes, IouType.MASK)


PLACES = st.tuples(st.integers(0, 12), st.just(0), st.integers(2, 6), st.just(10))
ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.just(0), st.sampled_from([0.2, 0.4, 0.4, 0.9]), PLACES),
    max_size=10,
)


@settings(deadline=None, max_examples=60)
@given(rows=ROWS)
def test_the_area_is_that_of_a_plain_sum(rows: Rows) -> None:
    dataset = truth([(i, 0, box) for i in (0, 1) for box in (HIT, (2, 0, 5, 10))], images=2)
    matches = strict(dataset, found(sorted(rows, key=lambda row: row[0])))
    area, recall, precision, hits = 0.0, 0.0, 1.0, 0
    for k, met in enumerate(matches.truth_row[0].tolist(), start=1):
        hits += met >= 0
        area += (hits / 4 - recall) * (hits / k + precision) / 2
        recall, precision = hits / 4, hits / k
    ours = trapezoid_average_precision(matches, ("car",)).ap[0, 0]
    assert ours == pytest.approx(area)
    assert 0 <= ours <= 1
