from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from segtrial.statistics.moderated import (
    all_runs_agree,
    fit_noise_prior,
    moderated_variance,
    seed_variance,
    trigamma_inverse,
    two_sided_p,
)

DF = 4  # 3 seeds in each arm


def column(*values: float) -> np.ndarray:
    return np.array(values, float)[:, None]


def test_seed_variance_pools_the_squares_of_both_arms() -> None:
    # deviations −1, 0, 1 and −2, 0, 2 hundredths: (2 + 8) / 4 ten-thousandths
    base_SC, arm_SC = column(0.20, 0.21, 0.22), column(0.30, 0.32, 0.34)
    np.testing.assert_allclose(seed_variance(base_SC, arm_SC), [2.5e-4])


def test_seed_variance_of_unequal_arms_divides_by_the_total_df() -> None:
    base_SC, arm_SC = column(0.20, 0.22), column(0.30, 0.32, 0.34)
    np.testing.assert_allclose(seed_variance(base_SC, arm_SC), [(2e-4 + 8e-4) / 3])


def test_seed_variance_of_an_undefined_run_is_undefined() -> None:
    assert np.isnan(seed_variance(column(0.2, np.nan, 0.2), column(0.3, 0.2, 0.1)))[0]


def test_one_seed_in_an_arm_has_no_variance() -> None:
    assert np.isnan(seed_variance(column(0.2), column(0.3, 0.2, 0.1)))[0]
    assert np.isnan(seed_variance(np.zeros((0, 1)), column(0.3, 0.2, 0.1)))[0]


def test_rounding_is_no_noise() -> None:
    thirds = column(0.1 + 0.2, 0.3, 0.3)
    assert thirds[0, 0] != thirds[1, 0]
    assert seed_variance(thirds, thirds)[0] == 0
    assert all_runs_agree(thirds)[0]
    assert not all_runs_agree(column(0.3, 0.3001))[0]
    assert not all_runs_agree(column(0.3, np.nan))[0]


def test_prior_of_alike_classes_solves_smyths_equations() -> None:
    variance_C = 1e-4 * np.tile([0.02, 0.2, 1, 5, 60], 3)
    ap_C, instances = np.full(15, 0.3), np.full(15, 100)
    prior = fit_noise_prior(variance_C, ap_C, instances, DF)
    z = np.log(variance_C)
    excess = z.var(ddof=1) - special.polygamma(1, DF / 2)
    assert special.polygamma(1, prior.df_fitted / 2) == pytest.approx(excess)
    expected = z.mean() - special.digamma(DF / 2) + np.log(DF / 2)
    expected += special.digamma(prior.df_fitted / 2) - np.log(prior.df_fitted / 2)
    np.testing.assert_allclose(np.log(prior.variance), expected)
    assert prior.df == prior.df_fitted < 4


def test_classes_as_alike_as_chance_allows_have_an_infinite_prior_capped_at_four() -> None:
    prior = fit_noise_prior(np.full(15, 1e-4), np.full(15, 0.3), np.full(15, 100), DF)
    assert prior.df_fitted == np.inf
    assert prior.df == 4
    # the geometric mean, corrected for the skew of log χ²
    np.testing.assert_allclose(prior.variance, 1e-4 * (DF / 2) / np.exp(special.digamma(DF / 2)))


def test_prior_follows_a_power_law_in_instances_and_ap() -> None:
    instances = np.repeat([20, 50, 130, 400, 1000], 3)
    ap_C = np.tile([0.1, 0.5, 0.3], 5)
    law = 2e-3 * instances**-0.5 * (ap_C * (1 - ap_C)) ** 1.1
    prior = fit_noise_prior(law, ap_C, instances, DF)
    correction = (DF / 2) / np.exp(special.digamma(DF / 2))
    np.testing.assert_allclose(prior.variance, law * correction)


def test_prior_recovers_scale_and_df_of_drawn_variances() -> None:
    rng = np.random.default_rng(0)
    classes, d0 = 20_000, 6
    true_C = 1e-4 * d0 / rng.chisquare(d0, classes)
    variance_C = true_C * rng.chisquare(DF, classes) / DF
    ap_C, instances = rng.uniform(0.1, 0.6, classes), rng.integers(20, 900, classes)
    prior = fit_noise_prior(variance_C, ap_C, instances, DF)
    assert prior.df_fitted == pytest.approx(d0, rel=0.08)
    assert prior.df == 4
    np.testing.assert_allclose(prior.variance, 1e-4, rtol=0.08)


def test_rare_classes_and_classes_without_noise_stay_out_of_the_fit() -> None:
    variance_C = np.array([*[1e-4] * 15, 5.0, 0.0, np.nan, 1e-4])
    ap_C = np.array([*[0.3] * 15, 0.3, 0.3, np.nan, 0.0])
    instances = np.array([*[100] * 15, 19, 100, 0, 100])
    prior = fit_noise_prior(variance_C, ap_C, instances, DF)
    assert prior.classes == 15
    assert np.ptp(prior.variance[:17]) < 1e-12
    assert np.isnan(prior.variance[17:]).all()  # no truth; AP 0 has no spread to predict


def test_one_tiny_variance_does_not_undo_the_prior() -> None:
    alike = np.full(30, 1e-4)
    tiny = np.array([*alike, 1e-30])
    floored = np.array([*alike, 1e-9])
    ap_C, instances = np.full(31, 0.3), np.full(31, 100)
    assert (
        fit_noise_prior(tiny, ap_C, instances, DF).df
        == fit_noise_prior(floored, ap_C, instances, DF).df
        > 0
    )


@pytest.mark.parametrize(("classes", "df"), [(14, DF), (20, 0)])
def test_too_few_classes_or_no_df_give_no_prior(classes: int, df: int) -> None:
    prior = fit_noise_prior(np.full(classes, 1e-4), np.full(classes, 0.3), np.full(classes, 99), df)
    assert prior.df == 0
    assert np.isnan(prior.variance).all()
    np.testing.assert_array_equal(moderated_variance(np.full(classes, 7.0), df, prior), 7.0)


def test_moderated_variance_weighs_by_df() -> None:
    prior = fit_noise_prior(np.full(15, 1e-4), np.full(15, 0.3), np.full(15, 100), DF)
    expected = (4 * prior.variance + 4 * 3e-4) / 8
    np.testing.assert_allclose(moderated_variance(np.full(15, 3e-4), DF, prior), expected)


def test_p_without_prior_is_the_ordinary_t_test() -> None:
    base, arm = [0.20, 0.23, 0.21], [0.26, 0.24, 0.27, 0.25]
    variance_C = seed_variance(column(*base), column(*arm))
    error_C = np.sqrt(variance_C * (1 / 3 + 1 / 4))
    p = two_sided_p(np.array([np.mean(arm) - np.mean(base)]), error_C, 5)
    assert p[0] == pytest.approx(stats.ttest_ind(arm, base).pvalue, rel=1e-12)


def test_no_noise_and_no_value_have_no_p() -> None:
    p = two_sided_p(np.array([0.1, np.nan, 0.1]), np.array([0.0, 0.1, np.nan]), 4)
    assert np.isnan(p).all()


@given(st.floats(1e-9, 1e9))
def test_trigamma_inverse_inverts_trigamma(value: float) -> None:
    assert special.polygamma(1, trigamma_inverse(value)) == pytest.approx(value, rel=1e-5)
