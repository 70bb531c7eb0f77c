from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from segtrial.statistics.equivalence import equivalence_p
from segtrial.statistics.intervals import t_interval
from segtrial.statistics.multiplicity import benjamini_hochberg, holm

P_VALUES = st.lists(st.one_of(st.floats(0, 1), st.just(np.nan)), max_size=12)


def test_holm_by_hand() -> None:
    # sorted .01 .02 .03 .04 × 4 3 2 1 = .04 .06 .06 .04, never falling
    adjusted = holm(np.array([0.02, 0.04, 0.01, 0.03]))
    np.testing.assert_allclose(adjusted, [0.06, 0.06, 0.04, 0.06])


def test_benjamini_hochberg_by_hand() -> None:
    # sorted .005 .03 .031 .5 × 4/1 4/2 4/3 4/4 = .02 .06 .0413 .5, never rising from behind
    adjusted = benjamini_hochberg(np.array([0.5, 0.03, 0.005, 0.031]))
    np.testing.assert_allclose(adjusted, [0.5, 0.031 * 4 / 3, 0.02, 0.031 * 4 / 3])


def test_adjusted_p_stop_at_one() -> None:
    np.testing.assert_allclose(holm(np.array([0.6, 0.7])), [1, 1])
    np.testing.assert_allclose(benjamini_hochberg(np.array([1.0, 1.0])), [1, 1])


def test_undefined_p_do_not_count() -> None:
    np.testing.assert_allclose(holm(np.array([np.nan, 0.02, 0.5])), [np.nan, 0.04, 0.5])
    np.testing.assert_allclose(benjamini_hochberg(np.array([0.02, np.nan])), [0.02, np.nan])
    assert holm(np.array([np.nan])).tolist() == pytest.approx([np.nan], nan_ok=True)


def test_equal_p_are_adjusted_alike() -> None:
    np.testing.assert_allclose(holm(np.array([0.01, 0.02, 0.01])), [0.03, 0.03, 0.03])


@given(P_VALUES)
def test_benjamini_hochberg_agrees_with_scipy(values: list[float]) -> None:
    p = np.array(values, float)
    defined = p[np.isfinite(p)]
    expected = stats.false_discovery_control(defined) if len(defined) else defined
    np.testing.assert_allclose(benjamini_hochberg(p)[np.isfinite(p)], expected)


@given(P_VALUES, st.integers(0, 1000))
def test_adjustment_ignores_order_and_never_lowers_p(values: list[float], seed: int) -> None:
    p = np.array(values, float)
    order = np.random.default_rng(seed).permutation(len(p))
    for adjust in (holm, benjamini_hochberg):
        np.testing.assert_array_equal(adjust(p)[order], adjust(p[order]))
        assert np.all((adjust(p) >= p) | np.isnan(p))
        assert np.array_equal(np.isnan(adjust(p)), np.isnan(p))


def test_equivalence_p_is_the_larger_one_sided_p() -> None:
    base, arm = np.array([0.30, 0.31, 0.32]), np.array([0.312, 0.321, 0.329])
    error = np.sqrt((base.var(ddof=1) + arm.var(ddof=1)) / 3)
    difference = arm.mean() - base.mean()
    p = equivalence_p(np.array([difference]), np.array([error]), 4, margin=0.04)
    upper = stats.ttest_ind(arm, base + 0.04, alternative="less").pvalue
    lower = stats.ttest_ind(arm, base - 0.04, alternative="greater").pvalue
    assert p[0] == pytest.approx(max(upper, lower))


@given(st.floats(-0.1, 0.1), st.floats(1e-4, 0.1), st.floats(1, 50), st.floats(0, 0.1))
def test_equivalent_exactly_where_the_90_interval_lies_inside(
    difference: float, error: float, df: float, margin: float
) -> None:
    d, e = np.array([difference]), np.array([error])
    low, high = t_interval(d, e, df, confidence=0.9)[0]
    slack = min(low + margin, margin - high)
    if abs(slack) > 1e-9:
        assert (equivalence_p(d, e, df, margin=margin)[0] < 0.05) == (slack > 0)


def test_equivalence_without_noise_is_undefined() -> None:
    p = equivalence_p(np.array([0.0, np.nan]), np.array([0.0, 0.1]), 4, margin=0.1)
    assert np.isnan(p).all()
