"""The exact permutation check: by hand, against scipy, and what it cannot say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segtrial.statistics import permutation
from segtrial.statistics.permutation import permutation_p, smallest_permutation_p
from tests.statistics.builders import compare, compare_one

QUIET, LOWER = [0.300, 0.302, 0.304], [0.260, 0.262, 0.264]


def of_one(base: list[float], arm: list[float]) -> float:
    return float(permutation_p(np.array(base)[:, None], np.array(arm)[:, None])[0])


def test_by_hand() -> None:
    """1 2 | 3 4: of the six deals only {3, 4} and {1, 2} differ by 2 in their means."""
    assert of_one([0.1, 0.2], [0.3, 0.4]) == pytest.approx(2 / 6)
    assert of_one([0.1, 0.4], [0.2, 0.3]) == 1
    # three of {.1, .2, .3, .9} and one: only the deals with .9 alone are as extreme
    assert of_one([0.1, 0.2], [0.3, 0.9]) == pytest.approx(2 / 6)


def test_the_smallest_p_of_each_size() -> None:
    assert smallest_permutation_p(3, 3) == pytest.approx(0.1)
    assert smallest_permutation_p(4, 4) == pytest.approx(2 / 70)
    assert smallest_permutation_p(5, 3) == pytest.approx(1 / 56)
    assert smallest_permutation_p(1, 5) is None
    assert smallest_permutation_p(10, 10) is not None
    assert smallest_permutation_p(11, 11) is None  # 705,432 deals
    for base, arm in ((3, 3), (4, 4), (5, 3), (3, 5)):
        apart = of_one([0.1 + i / 1000 for i in range(base)], [0.5 + i / 1000 for i in range(arm)])
        assert apart == pytest.approx(smallest_permutation_p(base, arm))


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 4), st.integers(2, 4), st.integers(0, 10**6))
def test_it_is_scipy_s(base: int, arm: int, draw: int) -> None:
    rng = np.random.default_rng(draw)
    values = rng.integers(0, 6, base + arm) / 10  # few values: ties are common
    expected = stats.permutation_test(
        (values[base:], values[:base]),
        lambda a, b: abs(a.mean() - b.mean()),
        n_resamples=np.inf,
        alternative="greater",
    ).pvalue
    assert of_one(list(values[:base]), list(values[base:])) == pytest.approx(expected)


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    base, arm = rng.normal(0.3, 0.01, (2, 4, 3))
    whole = permutation_p(base, arm)
    monkeypatch.setattr(permutation, "CHUNK", 7)
    np.testing.assert_array_equal(permutation_p(base, arm), whole)


def test_undefined_runs_and_lone_runs_have_none() -> None:
    p_C = permutation_p(np.array([[0.1, np.nan], [0.2, 0.3]]), np.array([[0.3, 0.1], [0.4, 0.2]]))
    assert p_C[0] == pytest.approx(2 / 6)
    assert np.isnan(p_C[1])
    assert np.isnan(of_one([0.1], [0.2, 0.3]))
    assert compare_one([0.3], [0.2]).permutation_p is None


def test_it_stands_beside_the_verdict_and_decides_nothing() -> None:
    contrast = compare({"bridge": (QUIET, LOWER)})
    (row,) = contrast.classes
    assert row.permutation_p == contrast.permutation_smallest_p == pytest.approx(0.1)
    assert row.verdict == "changed"
