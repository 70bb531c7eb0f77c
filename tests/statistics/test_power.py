from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from segtrial.statistics import seeds_needed, smallest_detectable_effect_in_sd
from segtrial.statistics.power import detectable_in_standard_errors
from segtrial.types.errors import TrialError

TESTS = (1, 2, 10, 45)
TABLE = {  # statistics.md (d); S = 2, 45 tests reads 6.9 there, which has a power of 75 %
    2: (3.4, 3.9, 5.5, 7.2),
    3: (2.6, 3.0, 4.0, 5.0),
    5: (1.9, 2.2, 2.8, 3.3),
    10: (1.3, 1.5, 1.8, 2.1),
}


@pytest.mark.parametrize("seeds", TABLE)
def test_table_of_the_planner(seeds: int) -> None:
    got = [round(smallest_detectable_effect_in_sd(seeds, tests), 1) for tests in TESTS]
    assert got == list(TABLE[seeds])


def test_the_effect_is_found_with_the_power_asked_for() -> None:
    seeds, tests = 2, 45
    df = 2 * (seeds - 1) + 4
    delta = smallest_detectable_effect_in_sd(seeds, tests) / np.sqrt(2 / seeds)
    rng = np.random.default_rng(0)
    t = (rng.standard_normal(400_000) + delta) / np.sqrt(rng.chisquare(df, 400_000) / df)
    found = np.mean(t > stats.t.isf(0.05 / tests / 2, df))
    assert found == pytest.approx(0.8, abs=0.005)


def test_many_df_come_near_the_normal() -> None:
    got = detectable_in_standard_errors(1e6, tests=1, power=0.8, alpha=0.05)
    assert got == pytest.approx(stats.norm.ppf(0.975) + stats.norm.ppf(0.8), abs=1e-4)


def test_seeds_needed_is_the_first_that_suffices() -> None:
    for effect, tests in ((2.5, 1), (2.0, 2), (1.0, 45), (0.1, 1)):
        seeds = seeds_needed(effect, tests)
        assert smallest_detectable_effect_in_sd(seeds, tests) <= effect
        assert smallest_detectable_effect_in_sd(seeds - 1, tests) > effect


def test_seeds_needed_is_never_below_three() -> None:
    assert seeds_needed(100, 1) == 3


def test_without_a_prior_more_is_needed() -> None:
    assert smallest_detectable_effect_in_sd(3, 1, prior_df=0) > 3
    assert seeds_needed(2, 1, prior_df=0) > seeds_needed(2, 1)


@pytest.mark.parametrize("seeds", [0, 1])
def test_one_seed_is_refused(seeds: int) -> None:
    with pytest.raises(TrialError, match="one run an arm cannot tell"):
        smallest_detectable_effect_in_sd(seeds, 1)


@pytest.mark.parametrize("effect", [0, -1, 1e-4, np.nan])
def test_an_effect_that_no_number_of_seeds_shows_is_refused(effect: float) -> None:
    with pytest.raises(TrialError, match="no number of seeds"):
        seeds_needed(effect, 1)


@pytest.mark.parametrize(("tests", "power", "alpha"), [(0, 0.8, 0.05), (1, 1, 0.05), (1, 0.8, 0)])
def test_numbers_that_make_no_sense_are_refused(tests: int, power: float, alpha: float) -> None:
    with pytest.raises(TrialError, match="no effect can be computed"):
        smallest_detectable_effect_in_sd(3, tests, power, alpha)
