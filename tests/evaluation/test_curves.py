"""Curves and operating points that the reader can count by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.evaluation.curves import at_confidence, confidence_curves, precision_recall
from segtrial.evaluation.matching import prepare_truth
from segtrial.evaluation.ultralytics_matching import Matching, match_as_ultralytics
from segtrial.types.evaluation import IouType, Matches
from tests.builders import found, truth
from tests.evaluation.coco_evaluation import matches_of

HIT, MISS, CROWD = (0, 0, 4, 10), (5, 0, 4, 10), (10, 0, 10, 10)


def made() -> Matches:
    """Cars in three images; hits at .9 and .6 (tied with a miss), misses at .8 and .5, one on a
    crowd at .7. One bus, never predicted. A tram is predicted and does not exist.
    """
    dataset = truth(
        [(0, 0, HIT), (0, 0, CROWD), (1, 0, HIT), (2, 0, HIT), (2, 1, HIT)],
        images=3,
        classes=("car", "bus", "tram"),
        crowd=(1,),
    )
    rows = [
        (0, 0, 0.9, HIT),
        (0, 0, 0.8, MISS),
        (0, 0, 0.7, (12, 0, 4, 10)),
        (1, 0, 0.6, HIT),
        (1, 0, 0.6, MISS),
        (2, 0, 0.5, MISS),
        (2, 2, 0.9, MISS),
    ]
    return matches_of(dataset, found(rows), IouType.BOX)


def test_points_stand_at_each_score_ties_together_crowds_nowhere() -> None:
    curves = precision_recall(made())
    assert curves.first.tolist() == [0, 4, 4, 4]
    assert curves.score.tolist() == [0.9, 0.8, 0.6, 0.5]
    assert curves.precision.tolist() == pytest.approx([1, 1 / 2, 2 / 4, 2 / 5])
    assert curves.recall.tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])


def test_of_a_run_of_misses_the_first_and_the_last_point_stay() -> None:
    dataset = truth([(0, 0, HIT), (1, 0, HIT)], images=2)
    rows = [(0, 0, 0.9, HIT), *((0, 0, 0.8 - k / 100, MISS) for k in range(20)), (1, 0, 0.1, HIT)]
    curves = precision_recall(matches_of(dataset, found(rows), IouType.BOX))
    assert curves.score.tolist() == pytest.approx([0.9, 0.61, 0.1])
    assert curves.precision.tolist() == pytest.approx([1, 1 / 21, 2 / 22])
    assert curves.recall.tolist() == [0.5, 0.5, 1]


@pytest.mark.parametrize(
    ("confidence", "counts"),
    [
        (0.95, (0, 0, 3)),
        (0.9, (1, 0, 2)),  # the confidence itself counts
        (0.7, (1, 1, 2)),  # the one on the crowd counts in neither
        (0.6, (2, 2, 1)),
        (0.0, (2, 3, 1)),
    ],
)
def test_counts_at_a_confidence_of_another_run(
    confidence: float, counts: tuple[int, int, int]
) -> None:
    point = at_confidence(made(), confidence)
    hits, false, missed = counts
    assert (point.true_positives[0], point.false_positives[0], point.missed[0]) == counts
    assert point.recall[0] == pytest.approx(hits / 3)
    assert point.f1[0] == pytest.approx(2 * hits / (2 * hits + false + missed))
    expected = hits / (hits + false) if hits + false else np.nan
    assert point.precision[0] == pytest.approx(expected, nan_ok=True)


def test_undefined_shares_have_a_reason() -> None:
    point = at_confidence(made(), 0.5)
    assert point.reasons() == ("", "no prediction that confident", "no truth")
    assert np.isnan(point.precision).tolist() == [False, True, True]
    assert np.isnan(point.recall).tolist() == [False, False, True]
    assert np.isnan(point.f1).tolist() == [False, False, True]
    assert point.false_positives.tolist() == [3, 0, 1]
    assert point.f1[1] == 0


def test_confidence_curves_are_operating_points_side_by_side() -> None:
    grid = np.linspace(0, 1, 11)
    curves = confidence_curves(made(), confidence=grid)
    assert curves.f1.shape == (3, 11)
    for column, confidence in enumerate(grid):
        point = at_confidence(made(), float(confidence))
        for curve, values in (
            (curves.precision, point.precision),
            (curves.recall, point.recall),
            (curves.f1, point.f1),
        ):
            np.testing.assert_array_equal(curve[:, column], values)


def test_a_threshold_that_was_not_matched_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no matches at IoU 0\.52"):
        at_confidence(made(), 0.5, threshold=0.52)
    assert at_confidence(made(), 0.5, threshold=0.95).true_positives[0] == 2


def test_no_detections_and_no_truth_make_no_points() -> None:
    nothing = matches_of(truth([(0, 0, HIT)]), found([]), IouType.BOX)
    assert len(precision_recall(nothing).score) == 0
    assert np.isnan(confidence_curves(nothing).precision).all()
    assert (confidence_curves(nothing).recall == 0).all()
    alone = matches_of(truth([]), found([(0, 0, 0.9, HIT)]), IouType.BOX)
    assert precision_recall(alone).first.tolist() == [0, 0]


PLACES = st.tuples(st.integers(0, 12), st.just(0), st.integers(2, 6), st.just(10))
ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.just(0), st.sampled_from([0.2, 0.4, 0.4, 0.9]), PLACES),
    max_size=10,
)


@settings(deadline=None, max_examples=60)
@given(rows=ROWS, rule=st.sampled_from([*Matching, None]), lowest=st.sampled_from([0.3, 0.4, 0.9]))
def test_leaving_low_scores_out_changes_no_match_of_the_others(
    rows: list[tuple[int, int, float, tuple[int, int, int, int]]],
    rule: Matching | None,
    lowest: float,
) -> None:
    """What makes a count at a confidence the same as an evaluation of those detections alone."""
    dataset = truth(
        [(i, 0, box) for i in (0, 1) for box in ((0, 0, 4, 10), (2, 0, 5, 10))], images=2
    )
    rows = sorted(rows, key=lambda row: row[0])

    def matched(kept: list[tuple[int, int, float, tuple[int, int, int, int]]]) -> Matches:
        if rule is None:
            return matches_of(dataset, found(kept), IouType.BOX)
        return match_as_ultralytics(prepare_truth(dataset, None), found(kept), IouType.BOX, rule)

    whole = at_confidence(matched(rows), lowest)
    alone = at_confidence(matched([row for row in rows if row[2] >= lowest]), 0)
    for column in ("true_positives", "false_positives", "missed"):
        np.testing.assert_array_equal(getattr(whole, column), getattr(alone, column))
