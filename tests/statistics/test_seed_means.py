"""Means over seeds: the textbook intervals, and what has none."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segtrial.statistics.seed_means import (
    NO_SPREAD,
    ONE_SEED,
    difference_over_seeds,
    mean_over_seeds,
)

RUNS = st.lists(st.integers(-50, 50).map(lambda n: n / 10), min_size=2, max_size=6)


def test_a_mean_by_hand():
    """1, 2, 3: s = 1, t(2) = 4.3027, half width 4.3027/√3."""
    found = mean_over_seeds([1, 2, 3])
    assert (found.mean, found.reason) == (2, "")
    assert (found.low, found.high) == pytest.approx((2 - 2.48414, 2 + 2.48414), abs=1e-5)


@settings(deadline=None)
@given(RUNS)
def test_a_mean_is_scipy_s(values: list[float]):
    found = mean_over_seeds(values)
    assert found.mean == pytest.approx(np.mean(values))
    if len(set(values)) == 1:
        assert found.reason == NO_SPREAD
        return
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected))


@settings(deadline=None)
@given(RUNS, RUNS)
def test_a_difference_is_welch_s(base: list[float], arm: list[float]):
    found = difference_over_seeds(base, arm)
    assert found.mean == pytest.approx(np.mean(arm) - np.mean(base))
    if len(set(base)) == len(set(arm)) == 1:
        assert found.reason == NO_SPREAD
        assert math.isnan(found.low)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # scipy's, where one side has no spread
        expected = stats.ttest_ind(arm, base, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    back = difference_over_seeds(arm, base)
    assert (back.mean, back.low, back.high) == pytest.approx((-found.mean, -found.high, -found.low))


@pytest.mark.parametrize("base", [[0.1], [0.1, 0.2]])
def test_one_seed_has_no_interval(base: list[float]):
    for found in (mean_over_seeds([0.4]), difference_over_seeds(base, [0.4])):
        assert found.reason == ONE_SEED
        assert math.isnan(found.low)
        assert math.isnan(found.high)
    assert difference_over_seeds(base, [0.4]).mean == pytest.approx(0.4 - np.mean(base))


def test_no_run_and_undefined_runs_have_no_mean():
    undefined = mean_over_seeds([0.1, math.nan, math.nan])
    assert undefined.reason == "undefined in 2 of 3 runs"
    assert math.isnan(undefined.mean)
    assert mean_over_seeds([]).reason == "no run"
    assert difference_over_seeds([0.1, 0.2], []).reason == "no run"
    assert math.isnan(difference_over_seeds([0.1, math.nan], [0.2, 0.3]).mean)


def test_ends_are_held_within_what_the_value_can_be():
    found = mean_over_seeds([0.0, 0.1], lowest=0, highest=1)
    assert found.low == 0
    assert 0.1 < found.high < 1
    wide = difference_over_seeds([0.0, 1.0], [0.2, 0.9], lowest=-1, highest=1)
    assert (wide.low, wide.high) == (-1, 1)


def test_the_interval_covers():
    """Three seeds of a normal: 95 % of the intervals hold the mean."""
    rng = np.random.default_rng(6)
    held = [
        found.low <= 0.3 <= found.high
        for found in (mean_over_seeds(list(rng.normal(0.3, 0.1, 3))) for _ in range(2000))
    ]
    assert 0.93 < np.mean(held) < 0.97
