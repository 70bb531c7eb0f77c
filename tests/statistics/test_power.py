from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segtrial.statistics import seeds_needed, smallest_detectable_effect_in_sd
from segtrial.statistics.power import (
    Noise,
    Sought,
    detectable_in_standard_errors,
    more_images_needed,
    seeds_needed_on_other_images,
    smallest_on_other_images,
    smallest_on_these_images,
)
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


BRIDGE = Noise(seed_sd=0.012, image_variance=0.0001, positive_images=150)
TWO = Sought(tests=2)


def test_effects_on_these_images_are_the_tables_times_the_seed_sd() -> None:
    got = smallest_on_these_images(5, BRIDGE, TWO)
    assert got == pytest.approx(0.012 * smallest_detectable_effect_in_sd(5, 2))
    alone = Sought(tests=2, prior_df=0)
    assert smallest_on_these_images(5, BRIDGE, alone) > got


def test_other_images_add_their_variance_by_satterthwaite() -> None:
    # V_seed = 2·.000144/5 = .0000576 with df 12; V_img = .0001 with df 149
    df = 0.0001576**2 / (0.0000576**2 / 12 + 0.0001**2 / 149)
    delta = detectable_in_standard_errors(df, tests=2, power=0.8, alpha=0.05)
    expected = delta * np.sqrt(0.0001576)
    assert smallest_on_other_images(5, BRIDGE, TWO) == pytest.approx(expected)


def test_the_effect_on_other_images_is_found_with_the_power_asked_for() -> None:
    rng = np.random.default_rng(0)
    seeds, tries = 5, 200_000
    effect = smallest_on_other_images(seeds, BRIDGE, TWO)
    of_seeds, of_images = 2 * BRIDGE.seed_sd**2 / seeds, BRIDGE.image_variance
    d = effect + rng.normal(0, np.sqrt(of_seeds + of_images), tries)
    seen_seeds = of_seeds * rng.chisquare(12, tries) / 12
    seen_images = of_images * rng.chisquare(149, tries) / 149
    variance = seen_seeds + seen_images
    df = variance**2 / (seen_seeds**2 / 12 + seen_images**2 / 149)
    found = np.mean(d / np.sqrt(variance) > stats.t.isf(0.05 / 2 / 2, df))
    assert found == pytest.approx(0.8, abs=0.01)


def test_without_an_image_part_both_effects_are_one() -> None:
    calm = Noise(seed_sd=0.012, image_variance=0, positive_images=150)
    assert smallest_on_other_images(5, calm, TWO) == smallest_on_these_images(5, calm, TWO)
    assert more_images_needed(0.03, 5, calm, TWO) == 1


@settings(deadline=None, max_examples=40)
@given(
    seeds=st.integers(2, 30),
    seed_sd=st.floats(0.001, 0.1),
    image_sd=st.floats(0, 0.1),
    images=st.integers(10, 1000),
)
def test_a_wider_claim_never_looks_easier_and_more_images_never_harm(
    seeds: int, seed_sd: float, image_sd: float, images: int
) -> None:
    noise = Noise(seed_sd=seed_sd, image_variance=image_sd**2, positive_images=images)
    narrow = smallest_on_these_images(seeds, noise, TWO)
    wide = [
        smallest_on_other_images(seeds, noise, TWO, more_images=more) for more in (1, 2, 5, 1e9)
    ]
    assert wide == sorted(wide, reverse=True)
    assert wide[-1] >= narrow
    assert wide[-1] == pytest.approx(narrow, rel=0.01)


def test_more_images_are_the_first_that_suffice() -> None:
    assert smallest_on_these_images(5, BRIDGE, TWO) < 0.03
    more = more_images_needed(0.03, 5, BRIDGE, TWO)
    assert more is not None
    assert more > 1
    assert smallest_on_other_images(5, BRIDGE, TWO, more_images=more) <= 0.03
    assert smallest_on_other_images(5, BRIDGE, TWO, more_images=more / 1.01) > 0.03
    assert more_images_needed(0.2, 5, BRIDGE, TWO) == 1
    assert more_images_needed(0.03, 3, BRIDGE, TWO) is None  # seeds alone are too few


def test_seeds_on_other_images_are_the_first_that_suffice_or_none() -> None:
    seeds = seeds_needed_on_other_images(0.04, BRIDGE, TWO)
    assert seeds is not None
    assert smallest_on_other_images(seeds, BRIDGE, TWO) <= 0.04
    assert smallest_on_other_images(seeds - 1, BRIDGE, TWO) > 0.04
    assert seeds_needed_on_other_images(0.5, BRIDGE, TWO) == 3
    assert seeds_needed_on_other_images(0.02, BRIDGE, TWO) is None
