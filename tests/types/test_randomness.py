"""Randomness keyed by its parts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.types.randomness import generator, key_of, uniform

PART = st.integers() | st.text(max_size=5) | st.floats(allow_nan=False) | st.none()


@settings(deadline=None)
@given(st.lists(PART, max_size=4), st.lists(PART, max_size=4))
def test_keys_are_equal_only_for_equal_parts(one: list[object], two: list[object]) -> None:
    same = [repr(part) for part in one] == [repr(part) for part in two]
    assert (key_of(*one) == key_of(*two)) == same


def test_a_separator_inside_a_part_does_not_merge_parts() -> None:
    assert key_of("a\x1fb") != key_of("a", "b")
    assert key_of("a'\x1f'b") != key_of("a", "b")
    assert key_of(1) != key_of("1")


@settings(deadline=None)
@given(st.lists(PART, min_size=1, max_size=3))
def test_uniform_stays_within_zero_and_one(parts: list[object]) -> None:
    assert 0 <= uniform(*parts) < 1


def test_uniform_covers_its_range_evenly() -> None:
    draws = np.array([uniform(0, "stage", k) for k in range(4000)])
    counts = np.histogram(draws, bins=10, range=(0, 1))[0]
    assert abs(draws.mean() - 0.5) < 0.02
    assert counts.min() > 330
    assert counts.max() < 470


def test_equal_keys_give_the_same_stream_and_numbers_are_pinned() -> None:
    assert generator(0, "a").random() == generator(0, "a").random()
    assert generator(0, "a").random() != generator(1, "a").random()
    assert uniform(0, "swap", "11", "101") == 0.1929079732816681
