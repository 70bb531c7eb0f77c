"""From matches to intervals: whose AP, which images, which classes are pooled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.evaluation.average_precision import ap_under_weights, plain_precision
from segtrial.pipeline.analyse import image_weights
from segtrial.pipeline.run_intervals import (
    ap_intervals,
    interval_notes,
    pooled,
    resampled_ap,
    shared_weights,
)
from segtrial.statistics.run_intervals import class_intervals, mean_interval
from segtrial.types.evaluation import Matches
from tests.report.builders import TEN, plan, planned_arm
from tests.statistics.drawn_runs import draw_run, multinomial_weights

NAMES = ("car", "bus", "bridge", "sign", "ghost")
COUNTS = np.array([300, 20, 6, 4, 0])


@pytest.fixture(scope="module")
def run() -> Matches:
    """Images 0 to 199; a class in many of them, one in few, two in fewer than 10, one in none."""
    return draw_run(np.random.default_rng(2), COUNTS, np.zeros(5), images=200)


@pytest.fixture(scope="module")
def weights() -> np.ndarray:
    return multinomial_weights(np.random.default_rng(3), 200, 450)


def test_every_run_on_a_data_set_draws_the_images_of_its_trial() -> None:
    trial = plan([planned_arm("base", TEN)], TEN, 3)
    drawn = shared_weights(trial.val_sha256, trial.val_images, trial.resamples)
    np.testing.assert_array_equal(drawn, image_weights(trial))
    assert (drawn.sum(axis=1) == trial.val_images).all()
    assert (shared_weights("other", trial.val_images, 3) != drawn[:3]).any()


def test_resampled_ap_is_the_mean_over_the_thresholds(run: Matches, weights: np.ndarray) -> None:
    rows = [
        np.where(np.arange(len(run.score)) % (t + 2) == 0, -1, run.truth_row[0]) for t in (0, 1)
    ]
    table = replace(run, thresholds=np.array([0.5, 0.75]), truth_row=np.stack(rows))
    both, first = np.array([True, True]), np.array([True, False])
    (value, resampled), (value50, resampled50) = resampled_ap(table, weights, (both, first))
    np.testing.assert_allclose(value, plain_precision(table).mean(axis=1))
    np.testing.assert_allclose(value50, plain_precision(table)[:, 0])
    whole = ap_under_weights(table, weights)
    np.testing.assert_array_equal(resampled, whole.mean(axis=2))
    np.testing.assert_array_equal(resampled50, whole[:, :, 0])


def test_each_class_has_the_interval_of_its_size(run: Matches, weights: np.ndarray) -> None:
    found, found50 = ap_intervals(run, weights, NAMES)
    assert (found.metric, found50.metric, found.resamples) == ("AP", "AP50", 450)
    methods = [row.method for row in found.classes]
    assert methods == ["percentile", "logit-t", "none", "none", "none"]
    value, resampled = plain_precision(run)[:, 0], ap_under_weights(run, weights)[:, :, 0]
    expected = class_intervals(value, resampled, run.positive_images())
    for c, row in enumerate(found.classes[:2]):
        assert (row.low, row.high) == tuple(expected.ends[c])
        assert row.estimate == value[c]
    sign, ghost = found.classes[3:]
    assert (sign.low, sign.high, sign.instances) == (None, None, 4)
    assert sign.hits == np.count_nonzero((run.class_index == 3) & (run.truth_row[0] >= 0))
    assert sign.hits_low is not None
    assert sign.hits_high is not None
    assert 0 <= sign.hits_low < sign.hits / 4 <= sign.hits_high <= 1
    assert (ghost.estimate, ghost.hits_low, ghost.reason) == (None, None, "no truth")
    assert sign.undefined_resamples == pytest.approx(np.isnan(resampled[:, 3]).mean())
    assert sign.undefined_resamples > 0


def test_the_mean_is_over_the_classes_that_a_resample_holds(
    run: Matches, weights: np.ndarray
) -> None:
    found = ap_intervals(run, weights, NAMES)[0].mean
    value = float(plain_precision(run)[:4, 0].mean())
    resampled = np.nanmean(ap_under_weights(run, weights)[:, :4, 0], axis=1)
    expected = mean_interval(value, resampled)
    assert found.estimate == pytest.approx(value)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert found.bias == pytest.approx(expected.bias)
    assert (found.instances, found.method) == (330, "normal")


def test_rare_classes_are_pooled_into_one(run: Matches, weights: np.ndarray) -> None:
    found = ap_intervals(run, weights, NAMES)[0]
    assert found.rare_classes == ("bridge", "sign")
    assert found.rare is not None
    assert found.rare.instances == 10
    pool = pooled(run, np.array([False, False, True, True, False]))
    assert found.rare.estimate == pytest.approx(float(plain_precision(pool)[0, 0]))
    assert (np.diff(pool.score) <= 0).all()
    notes = " ".join(interval_notes({"box": (found,)}))
    assert "2 classes in fewer than 10 images" in notes
    assert ap_intervals(run, weights[:, :], NAMES)[0] == found, "the same weights, the same answer"


def test_one_rare_class_is_no_group(run: Matches, weights: np.ndarray) -> None:
    alone = pooled(run, np.array([False, False, True, False, False]))
    found = ap_intervals(alone, weights, ("bridge",))[0]
    assert (found.rare, found.rare_classes) == (None, ("bridge",))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_pooling_one_class_changes_nothing_and_pooled_ap_is_a_fraction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    run = draw_run(rng, np.array([12, 5, 9]), rng.normal(-0.5, 0.5, 3), images=30)
    weights = multinomial_weights(rng, 30, 5)
    for c in range(3):
        alone = pooled(run, np.arange(3) == c)
        np.testing.assert_allclose(
            ap_under_weights(alone, weights)[:, 0], ap_under_weights(run, weights)[:, c]
        )
    every = plain_precision(pooled(run, np.ones(3, np.bool_)))[0, 0]
    assert 0 <= every <= 1


def test_nothing_predicted_and_nothing_true_are_told_apart(weights: np.ndarray) -> None:
    none = draw_run(np.random.default_rng(0), np.array([40, 0]), np.full(2, -99.0), images=200)
    found = ap_intervals(none, weights, ("car", "ghost"))[0]
    car, ghost = found.classes
    assert (car.estimate, car.reason) == (0, "all resamples give the same value")
    assert (car.hits, car.hits_low) == (0, 0)
    assert ghost.estimate is None
    assert found.mean.reason == "all resamples give the same value"
    nothing = draw_run(np.random.default_rng(0), np.zeros(1, int), np.zeros(1), images=200)
    assert ap_intervals(nothing, weights, ("ghost",))[0].mean.reason == "no class has truth"
