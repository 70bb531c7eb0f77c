from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from segtrial.statistics.intervals import (
    ImageVariance,
    image_variance,
    population_interval,
    t_interval,
)


def test_t_interval_is_difference_plus_quantile_times_error() -> None:
    interval = t_interval(np.array([0.1]), np.array([0.02]), 4, confidence=0.95)
    np.testing.assert_allclose(interval, [[0.1 - 2.7764 * 0.02, 0.1 + 2.7764 * 0.02]], atol=1e-5)


def test_t_interval_agrees_with_scipy() -> None:
    base, arm = [0.20, 0.23, 0.21], [0.26, 0.24, 0.27]
    expected = stats.ttest_ind(arm, base).confidence_interval(0.9)
    error = np.sqrt((np.var(base, ddof=1) + np.var(arm, ddof=1)) / 2 * (2 / 3))
    difference = np.array([np.mean(arm) - np.mean(base)])
    interval = t_interval(difference, np.array([error]), 4, confidence=0.9)
    np.testing.assert_allclose(interval[0], [expected.low, expected.high])


def test_an_interval_without_noise_is_undefined() -> None:
    interval = t_interval(np.array([0.1, np.nan]), np.array([0.0, 0.1]), 4, confidence=0.95)
    assert np.isnan(interval).all()


def test_image_variance_of_a_worked_example() -> None:
    # one class, two runs an arm, three resamples
    base_BSC = np.array([[[0.20], [0.20]], [[0.30], [0.10]], [[0.10], [0.30]]])
    arm_BSC = np.array([[[0.20], [0.20]], [[0.20], [0.40]], [[0.40], [0.20]]])
    images = image_variance(base_BSC, arm_BSC)
    # d_b = 0, .1, .1 → variance 1/300; deviations ±.1 in resamples 2 and 3 of either arm:
    # variance .01 a run, two runs, / (2·1) = .01 an arm
    assert images.total[0] == pytest.approx(1 / 300)
    assert images.within[0] == pytest.approx(0.02)
    assert images.undefined[0] == 0


def test_resamples_without_truth_are_left_out_and_counted() -> None:
    rng = np.random.default_rng(0)
    base_BSC, arm_BSC = rng.uniform(size=(2, 20, 3, 2))
    whole = image_variance(base_BSC[:18], arm_BSC[:18])
    base_BSC[18:, :, 1] = np.nan
    arm_BSC[18:, :, 1] = np.nan
    images = image_variance(base_BSC, arm_BSC)
    assert images.total[1] == pytest.approx(whole.total[1])
    assert images.within[1] == pytest.approx(whole.within[1])
    np.testing.assert_allclose(images.undefined, [0, 0.1])


def test_no_resamples_give_no_image_variance() -> None:
    images = image_variance(np.zeros((0, 3, 2)), np.zeros((0, 3, 2)))
    for values in (images.total, images.within, images.undefined):
        assert np.isnan(values).all()


def test_one_run_or_none_has_no_inner_image_variance() -> None:
    one = image_variance(np.full((5, 1, 1), 0.5), np.full((5, 3, 1), 0.5))
    assert np.isnan(one.within[0])
    none = image_variance(np.zeros((5, 0, 1)), np.full((5, 3, 1), 0.5))
    assert np.isnan(none.total[0])


def population(
    positive_images: int = 50, undefined: float = 0.0, within: float = 1e-4
) -> tuple[float, float]:
    interval = population_interval(
        difference_C=np.array([0.1]),
        seed_variance_C=np.array([2e-4]),
        seed_df=8,
        images=ImageVariance(
            total=np.array([4e-4]), within=np.array([within]), undefined=np.array([undefined])
        ),
        positive_images=np.array([positive_images]),
        confidence=0.95,
    )
    return interval[0, 0], interval[0, 1]


def test_population_interval_adds_what_the_seeds_do_not_show() -> None:
    # V = 2 + (4 − 1) = 5; df = 25 / (4/8 + 9/49)
    low, high = population()
    half = stats.t.ppf(0.975, 25 / (4 / 8 + 9 / 49)) * np.sqrt(5e-4)
    assert (low, high) == (pytest.approx(0.1 - half), pytest.approx(0.1 + half))


def test_population_interval_is_never_narrower_than_the_seeds() -> None:
    low, high = population(within=9e-4)  # V_int above V_img: nothing is subtracted from V_seed
    half = stats.t.ppf(0.975, 8) * np.sqrt(2e-4)
    assert (low, high) == (pytest.approx(0.1 - half), pytest.approx(0.1 + half))


def test_a_small_image_part_that_raises_df_does_not_narrow_the_interval() -> None:
    difference = np.array([0.0])
    arguments = {
        "difference_C": difference,
        "seed_variance_C": np.array([1e-4]),
        "seed_df": 4,
        "positive_images": np.array([1000]),
        "confidence": 0.95,
    }
    images = ImageVariance(
        total=np.array([2e-5]), within=np.array([0.0]), undefined=np.array([0.0])
    )
    conditional = t_interval(difference, np.array([0.01]), 4, confidence=0.95)
    # V = 1.2e-4, df = 1.44e-8 / (2.5e-9 + 4e-13) = 5.76: t·√V = 2.472·.01095 = .02708 < .02776
    np.testing.assert_allclose(population_interval(**arguments, images=images), conditional)


def test_population_interval_needs_images_and_resamples_with_truth() -> None:
    assert np.isfinite(population(positive_images=10)).all()
    assert np.isnan(population(positive_images=9)).all()
    assert np.isfinite(population(undefined=0.05)).all()
    assert np.isnan(population(undefined=0.06)).all()
    assert np.isnan(population(undefined=np.nan)).all()
