"""Calibration: how far scores are from the share of detections that are right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.evaluation.calibration import Binning, calibration
from segtrial.types.detections import Detections
from segtrial.types.errors import DataError
from segtrial.types.evaluation import IouType
from tests.builders import found, truth
from tests.evaluation.coco_evaluation import matches_of
from tests.evaluation.test_flow import scenes

NAMES = ("car", "bus", "sign")
CAR, BUS, SIGN = range(3)
A, B, C = (0, 0, 4, 4), (6, 0, 4, 4), (12, 0, 4, 4)
FAR = (0, 6, 4, 4)
BINNINGS = pytest.mark.parametrize("binning", list(Binning))


def calibration_of(labels: Any, detections: Detections, **more: Any) -> Any:
    return calibration(matches_of(labels, detections, IouType.BOX), **more)


def test_the_error_is_worked_out_by_hand() -> None:
    """Two bins: .2 and .4, one of them right; .9, .8 and .7, two right."""
    labels = truth([(0, CAR, A), (0, CAR, B), (0, BUS, C)], classes=NAMES)
    rows = [(0, CAR, 0.9, A), (0, CAR, 0.8, FAR), (0, CAR, 0.4, B), (0, CAR, 0.2, FAR)]
    run = calibration_of(labels, found([*rows, (0, BUS, 0.7, C)]), bins=2)
    table = run.overall
    assert table.count.tolist() == [2, 3]
    assert (table.low.tolist(), table.high.tolist()) == ([0, 0.5], [0.5, 1])
    np.testing.assert_allclose(table.mean_score, [0.3, 0.8])
    np.testing.assert_allclose(table.right, [1 / 2, 2 / 3])
    assert table.error == pytest.approx((2 * 0.2 + 3 * (0.8 - 2 / 3)) / 5)
    assert table.largest_error == pytest.approx(0.2)
    car, bus, sign = run.classes
    assert car.error == pytest.approx((2 * 0.2 + 2 * 0.35) / 4)
    assert bus.error == pytest.approx(0.3)
    assert np.isnan(bus.mean_score[0])
    assert np.isnan(sign.error)
    assert (sign.reason, bus.reason) == ("no detections", "")


def test_scores_at_an_edge_belong_to_the_upper_bin_and_one_to_the_last() -> None:
    rows = [(0, CAR, score, FAR) for score in (0.0, 0.5, 1.0)]
    run = calibration_of(truth([], classes=NAMES), found(rows), bins=2)
    assert run.overall.count.tolist() == [1, 2]
    assert run.overall.error == pytest.approx(0.5)  # nothing is right: the mean score
    tenths = [(0, CAR, score / 10, FAR) for score in range(10)]
    assert (
        calibration_of(truth([], classes=NAMES), found(tenths)).overall.count.tolist() == [1] * 10
    )


def test_adaptive_bins_hold_as_many_and_keep_equal_scores_together() -> None:
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    rows = [(0, CAR, score, FAR) for score in scores]
    run = calibration_of(truth([], classes=NAMES), found(rows), bins=3, binning=Binning.ADAPTIVE)
    assert run.overall.count.tolist() == [2, 2, 2]
    assert run.overall.low.tolist() == [0.4, 0.6, 0.8]
    assert run.overall.high.tolist() == [0.5, 0.7, 0.9]
    tied = [(0, CAR, score, FAR) for score in (0.5, 0.5, 0.5, 0.9)]
    run = calibration_of(truth([], classes=NAMES), found(tied), bins=2, binning=Binning.ADAPTIVE)
    assert run.overall.count.tolist() == [3, 1]
    few = calibration_of(
        truth([], classes=NAMES), found(tied[:1]), bins=4, binning=Binning.ADAPTIVE
    )
    assert few.overall.count.tolist() == [1, 0, 0, 0]
    assert np.isnan(few.overall.low[1:]).all()


def test_detections_in_crowds_stand_in_no_bin() -> None:
    labels = truth([(0, CAR, (0, 0, 10, 10))], classes=NAMES, crowd=(0,))
    run = calibration_of(labels, found([(0, CAR, 0.9, A), (0, BUS, 0.6, A)]))
    assert (run.overall.count.sum(), run.overall.ignored) == (1, 1)
    assert (run.classes[CAR].reason, run.classes[CAR].ignored) == ("no detections", 1)
    assert run.overall.error == pytest.approx(0.6)


def test_low_scores_can_be_left_out() -> None:
    rows = found([(0, CAR, 0.9, A), (0, CAR, 0.05, FAR)])
    labels = truth([(0, CAR, A)], classes=NAMES)
    assert calibration_of(labels, rows).overall.count.sum() == 2
    run = calibration_of(labels, rows, lowest_score=0.05)
    assert run.overall.count.sum() == 2
    run = calibration_of(labels, rows, lowest_score=0.06)
    assert (run.overall.count.sum(), run.lowest_score) == (1, 0.06)
    assert run.overall.error == pytest.approx(0.1)


def test_a_higher_threshold_makes_fewer_right() -> None:
    labels = truth([(0, CAR, (0, 0, 10, 4))], classes=NAMES)
    rows = found([(0, CAR, 1.0, (0, 0, 6, 4))])
    assert calibration_of(labels, rows).overall.error == 0
    assert calibration_of(labels, rows, iou_threshold=0.75).overall.error == 1


def test_unusable_input_is_refused() -> None:
    labels = truth([], classes=NAMES)
    matches = matches_of(labels, found([(0, CAR, 0.9, A)]), IouType.BOX)
    with pytest.raises(ValueError, match="0 bins"):
        calibration(matches, bins=0)
    with pytest.raises(ValueError, match=r"no matches at IoU 0\.4"):
        calibration(matches, iou_threshold=0.4)
    for score in (1.5, -0.1, np.nan):
        with pytest.raises(DataError, match="outside 0–1"):
            calibration(replace(matches, score=np.array([score])))


@BINNINGS
def test_nothing_at_all_is_undefined(binning: Binning) -> None:
    run = calibration_of(truth([], classes=NAMES), found([]), binning=binning)
    assert np.isnan(run.overall.error)
    assert run.overall.reason == "no detections"


@BINNINGS
@settings(deadline=None, max_examples=60)
@given(scene=scenes(), bins=st.integers(1, 7))
def test_bins_partition_the_detections(binning: Binning, scene: Any, bins: int) -> None:
    """The error is at least the gap of all detections taken together, and at most the worst."""
    truths, rows, crowds = scene
    labels = truth(truths, images=3, classes=NAMES, crowd=tuple(crowds))
    matches = matches_of(labels, found(rows), IouType.BOX)
    run = calibration(matches, bins=bins, binning=binning)
    used = matches.truth_row[0] != -2
    table = run.overall
    assert table.count.sum() == used.sum() == sum(c.count.sum() for c in run.classes)
    assert table.count.sum() + table.ignored == len(rows)
    if used.any():
        gap = abs(matches.score[used].mean() - (matches.truth_row[0][used] >= 0).mean())
        assert gap - 1e-12 <= table.error <= table.largest_error + 1e-12
        hits = np.nansum(table.right * table.count)
        assert hits == pytest.approx((matches.truth_row[0] >= 0).sum())
    one = calibration(matches, bins=1, binning=binning).overall
    assert one.error <= table.error + 1e-12 or not used.any()
