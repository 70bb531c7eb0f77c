from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segtrial.evaluation.average_precision import ap_under_weights, plain_precision
from segtrial.statistics.run_intervals import (
    ClassIntervals,
    class_intervals,
    mean_interval,
    variance_over_resamples,
)
from tests.statistics import seed_panels as sim
from tests.statistics.drawn_runs import draw_run, limit_ap, multinomial_weights

HUNDRED = np.arange(1, 101) / 200  # 0.005 … 0.5


def one(
    value: float, images: int, resampled: sim.Array = HUNDRED, **changes: float
) -> ClassIntervals:
    column = np.asarray(resampled, float)[:, None]
    return class_intervals(np.array([value]), column, np.array([images]), **changes)


def test_thirty_images_take_the_quantiles_of_the_resamples() -> None:
    found = one(0.25, 30)
    # quantiles of 1 … 100 at .025 and .975: 1 + 99·.025, 1 + 99·.975; in 200ths
    np.testing.assert_allclose(found.ends, [[3.475 / 200, 97.525 / 200]])
    assert (found.method, found.reason) == (("percentile",), ("",))


def test_ten_images_take_t_on_the_logit_scale() -> None:
    for images in (10, 29):
        found = one(0.25, images)
        half = stats.t.ppf(0.975, images - 1) * np.std(HUNDRED, ddof=1) / (0.25 * 0.75)
        odds = np.exp(np.log(1 / 3) + np.array([-half, half]))
        np.testing.assert_allclose(found.ends[0], odds / (1 + odds))
        assert found.method == ("logit-t",)


def test_fewer_images_or_no_truth_give_no_interval() -> None:
    for value, images, reason in (
        (0.25, 9, "in 9 images only; an interval needs 10"),
        (0.25, 1, "in 1 image only; an interval needs 10"),
        (np.nan, 0, "no truth"),
    ):
        found = one(value, images)
        assert np.isnan(found.ends).all()
        assert (found.method, found.reason) == (("none",), (reason,))


def test_resamples_without_truth_are_left_out_counted_and_may_be_too_many() -> None:
    few = np.concatenate([HUNDRED, np.full(5, np.nan)])
    np.testing.assert_allclose(one(0.25, 30, few).ends, one(0.25, 30).ends)
    np.testing.assert_allclose(one(0.25, 12, few).ends, one(0.25, 12).ends)
    assert one(0.25, 30, few).undefined[0] == pytest.approx(5 / 105)
    many = np.concatenate([HUNDRED, np.full(6, np.nan)])
    found = one(0.25, 30, many)
    assert np.isnan(found.ends).all()
    assert found.reason == ("6 % of the resamples hold no truth",)
    assert one(0.25, 30, np.full(9, np.nan)).reason == ("no resamples",)
    assert one(0.25, 30, np.zeros(0)).reason == ("no resamples",)


def test_an_interval_of_no_width_is_never_made() -> None:
    for images in (12, 40):
        assert one(0.3, images, np.full(50, 0.3)).reason == ("all resamples give the same value",)
    assert one(0.0, 12).reason == ("AP is 0: no interval on the logit scale",)
    assert one(1.0, 12).reason == ("AP is 1: no interval on the logit scale",)
    assert one(0.0, 30).reason == ("",)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    value=st.floats(0.01, 0.99),
    images=st.integers(10, 60),
    resamples=st.integers(20, 80),
)
def test_intervals_are_ordered_fractions_whatever_the_order(
    seed: int, value: float, images: int, resamples: int
) -> None:
    rng = np.random.default_rng(seed)
    table = np.clip(rng.normal(value, 0.1, (resamples, 2)), 0, 1)
    values, counts = np.array([value, value / 2]), np.array([images, 9])
    found = class_intervals(values, table, counts)
    low, high = found.ends[0]
    assert 0 <= low < high <= 1
    if images < 30:
        assert low < value < high
    wider = class_intervals(values, table, counts, confidence=0.99).ends[0]
    assert wider[0] <= low
    assert wider[1] >= high
    order = rng.permutation(resamples)
    np.testing.assert_allclose(class_intervals(values, table[order], counts).ends, found.ends)
    swapped = class_intervals(values[::-1], table[:, ::-1], counts[::-1])
    np.testing.assert_array_equal(swapped.ends[::-1], found.ends)


def test_the_mean_is_the_centre_of_its_interval() -> None:
    resampled = np.array([0.3, 0.4, 0.5, np.nan])
    found = mean_interval(0.35, resampled)
    assert (found.low, found.high) == pytest.approx((0.35 - 0.1959964, 0.35 + 0.1959964))
    assert (found.bias, found.reason) == (pytest.approx(0.05), "")
    held = mean_interval(0.02, resampled)
    assert held.low == 0
    assert mean_interval(0.98, resampled).high == 1


def test_a_mean_without_values_or_noise_has_no_interval() -> None:
    for value, resampled, reason in (
        (np.nan, HUNDRED, "no class has truth"),
        (0.3, HUNDRED[:1], "no resamples"),
        (0.3, np.full(20, 0.3), "all resamples give the same value"),
    ):
        found = mean_interval(value, resampled)
        assert np.isnan([found.low, found.high]).all()
        assert found.reason == reason


def test_variance_leaves_out_what_is_undefined() -> None:
    table = np.array([[0.1, np.nan, np.nan, 0.1], [0.2, 0.3, np.nan, 0.1], [0.6, 0.5, 0.2, 0.1]])
    found = variance_over_resamples(table)
    assert found[0] == pytest.approx(np.var(table[:, 0], ddof=1))
    assert found[1] == pytest.approx(0.02)
    assert np.isnan(found[2])
    assert found[3] == 0
    assert np.isnan(variance_over_resamples(np.zeros((0, 2)))).all()


def test_classes_are_covered_as_promised() -> None:
    """300 runs of their own at each size; standard error 1.3 points at 95 %."""
    rng = np.random.default_rng(3)
    weights = multinomial_weights(rng, sim.IMAGES, 300)
    truth = limit_ap(-0.5)
    for instances, methods, lowest in ((11, "logit-t", 0.94), (60, "percentile", 0.90)):
        counts = np.full(300, instances)
        run = draw_run(rng, counts, np.full(300, -0.5), alone=True)
        found = class_intervals(
            plain_precision(run)[:, 0],
            ap_under_weights(run, weights)[:, :, 0],
            run.positive_images(),
        )
        ends = found.ends[np.array(found.method) == methods]
        assert len(ends) > 280
        covered = np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
        assert lowest <= covered <= 0.995


def test_the_mean_is_covered_where_the_percentile_interval_is_off() -> None:
    """60 runs of 30 classes, most of them rare; of the mean that sets of this size give."""
    rng = np.random.default_rng(4)
    instances, skill = sim.long_tail(30, 200, smallest=3), sim.skill_of(30)
    runs = [draw_run(rng, instances, skill, images=300) for _ in range(60)]
    means = [plain_precision(run).mean() for run in runs]
    centre = float(np.mean(means))
    normal, percentile, bias = [], [], []
    for run, value in zip(runs, means, strict=True):
        weights = multinomial_weights(rng, 300, 200)
        resampled = np.nanmean(ap_under_weights(run, weights)[:, :, 0], axis=1)
        found = mean_interval(value, resampled)
        normal.append(found.low <= centre <= found.high)
        low, high = np.quantile(resampled, [0.025, 0.975])
        percentile.append(low <= centre <= high)
        bias.append(found.bias)
    assert 0.88 <= np.mean(normal) <= 1
    assert np.mean(percentile) < np.mean(normal)
    assert np.mean(bias) > 0.005
