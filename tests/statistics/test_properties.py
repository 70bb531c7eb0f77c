"""What must hold for any numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.statistics import ContrastInput, compare_arms
from segtrial.types.comparison import ClassRow, Interval
from tests.statistics.builders import random_inputs

SEEDS = st.integers(2, 5)
CLASSES = st.integers(1, 30)
DRAWS = st.integers(0, 10**6)
NUMBERS = ("p", "p_adjusted", "smallest_visible", "seed_sd_moderated", "df")


def drawn(draw: int, classes: int, seeds: int) -> ContrastInput:
    """Noise, and now and then a class without truth, a still one, or a strong change."""
    rng = np.random.default_rng(draw)
    inputs = random_inputs(rng, classes, seeds)
    base_SC, arm_SC = inputs.base_SC.copy(), inputs.arm_SC.copy()
    base_BSC, arm_BSC = inputs.base_BSC.copy(), inputs.arm_BSC.copy()
    images, instances = rng.integers(5, 300, classes), inputs.instances.copy()
    kind_C = rng.integers(0, 6, classes)
    arm_SC[:, kind_C == 0] -= 0.08
    base_SC[:, kind_C == 1] = arm_SC[:, kind_C == 1] = 0.25
    for runs in (base_SC, arm_SC, base_BSC, arm_BSC):
        runs[..., kind_C == 2] = np.nan
    images[kind_C == 2] = instances[kind_C == 2] = 0
    return replace(
        inputs,
        base_SC=base_SC,
        arm_SC=arm_SC,
        base_BSC=base_BSC,
        arm_BSC=arm_BSC,
        instances=instances,
        positive_images=images,
        touched=rng.random(classes) < 0.3,
    )


def as_floats(values: Iterable[float | None]) -> tuple[float, ...]:
    return tuple(np.nan if value is None else value for value in values)


def near(values: Iterable[float | None]) -> object:
    return pytest.approx(as_floats(values), rel=1e-6, abs=1e-12, nan_ok=True)


def assert_same(row: ClassRow, other: ClassRow) -> None:
    assert (row.verdict, row.family) == (other.verdict, other.family)
    got, expected = ([getattr(r, field) for field in NUMBERS] for r in (row, other))
    assert as_floats(got) == near(expected), NUMBERS


def negated(interval: Interval) -> Interval:
    low, high = interval
    return (None, None) if low is None or high is None else (-high, -low)


@settings(max_examples=40, deadline=None)
@given(DRAWS, CLASSES, SEEDS)
def test_swapping_the_arms_negates_the_contrast(draw: int, classes: int, seeds: int) -> None:
    inputs = drawn(draw, classes, seeds)
    swapped = replace(
        inputs,
        base_SC=inputs.arm_SC,
        arm_SC=inputs.base_SC,
        base_BSC=inputs.arm_BSC,
        arm_BSC=inputs.base_BSC,
    )
    one, other = compare_arms(inputs), compare_arms(swapped)
    if one.median_untouched is not None:
        assert one.median_untouched == pytest.approx(-(other.median_untouched or 0))
    assert one.median_untouched_alarm == other.median_untouched_alarm
    for row, back in zip(one.classes, other.classes, strict=True):
        assert_same(row, back)
        if row.difference is not None:
            assert row.difference == pytest.approx(-(back.difference or 0))
        for field in ("interval_conditional", "interval_population"):
            assert as_floats(getattr(row, field)) == near(negated(getattr(back, field)))


@settings(max_examples=40, deadline=None)
@given(DRAWS, CLASSES, SEEDS)
def test_the_order_of_classes_does_not_matter(draw: int, classes: int, seeds: int) -> None:
    inputs = drawn(draw, classes, seeds)
    order = np.random.default_rng(draw).permutation(classes)
    shuffled = replace(
        inputs,
        class_names=tuple(inputs.class_names[c] for c in order),
        roles=tuple(inputs.roles[c] for c in order),
        touched=inputs.touched[order],
        instances=inputs.instances[order],
        positive_images=inputs.positive_images[order],
        base_SC=inputs.base_SC[:, order],
        arm_SC=inputs.arm_SC[:, order],
        base_BSC=inputs.base_BSC[..., order],
        arm_BSC=inputs.arm_BSC[..., order],
    )
    rows = {row.name: row for row in compare_arms(inputs).classes}
    for row in compare_arms(shuffled).classes:
        assert_same(row, rows[row.name])
        assert as_floats(row.interval_population) == near(rows[row.name].interval_population)


@settings(max_examples=40, deadline=None)
@given(DRAWS, CLASSES, SEEDS)
def test_the_order_of_runs_does_not_matter(draw: int, classes: int, seeds: int) -> None:
    inputs = drawn(draw, classes, seeds)
    order = np.random.default_rng(draw).permutation(seeds)
    shuffled = replace(inputs, base_SC=inputs.base_SC[order], base_BSC=inputs.base_BSC[:, order])
    for row, other in zip(
        compare_arms(inputs).classes, compare_arms(shuffled).classes, strict=True
    ):
        assert_same(row, other)
        assert as_floats(row.interval_population) == near(other.interval_population)


@settings(max_examples=40, deadline=None)
@given(DRAWS, CLASSES, st.integers(1, 4))
def test_undefined_never_becomes_a_number(draw: int, classes: int, seeds: int) -> None:
    inputs = drawn(draw, classes, seeds)
    undefined_C = np.isnan(inputs.arm_SC).any(axis=0)
    for c, row in enumerate(compare_arms(inputs).classes):
        assert row.reason
        values = [row.base, row.arm, row.difference, row.seed_sd, *row.base_runs]
        assert all((value is None) == undefined_C[c] for value in values if seeds > 1)
        if undefined_C[c]:
            assert row.verdict == "not testable"
            assert row.p is row.p_adjusted is row.smallest_visible is None
            assert row.interval_conditional == row.interval_population == (None, None)


@settings(max_examples=40, deadline=None)
@given(DRAWS, CLASSES, st.integers(3, 5))
def test_verdicts_fit_their_numbers(draw: int, classes: int, seeds: int) -> None:
    inputs = drawn(draw, classes, seeds)
    for row in compare_arms(inputs).classes:
        if row.verdict == "not testable":
            assert (row.family, row.p_adjusted) == ("none", None)
            continue
        assert row.p is not None
        assert row.p_adjusted is not None
        assert row.difference is not None
        assert row.smallest_visible is not None
        assert row.p <= row.p_adjusted <= 1
        level = 0.05 if row.family == "named" else 0.1
        assert (row.verdict == "changed") == (row.p_adjusted < level)
        if abs(row.difference) >= row.smallest_visible:
            assert row.verdict == "changed"
        low, high = row.interval_conditional
        assert low is not None
        assert high is not None
        assert low < row.difference < high
        assert (row.p < 0.05) == (low > 0 or high < 0)


def test_the_same_input_gives_the_same_contrast() -> None:
    inputs = drawn(1, 30, 3)
    assert compare_arms(inputs) == compare_arms(inputs)


def test_a_class_without_truth_changes_nothing_for_the_others() -> None:
    inputs = random_inputs(np.random.default_rng(0), 17, 3)
    base_SC, arm_SC = inputs.base_SC.copy(), inputs.arm_SC.copy()
    base_SC[:, 16] = arm_SC[:, 16] = np.nan
    gone = compare_arms(replace(inputs, base_SC=base_SC, arm_SC=arm_SC))
    kept = slice(0, 16)
    alone = compare_arms(
        replace(
            inputs,
            class_names=inputs.class_names[kept],
            roles=inputs.roles[kept],
            touched=inputs.touched[kept],
            instances=inputs.instances[kept],
            positive_images=inputs.positive_images[kept],
            base_SC=base_SC[:, kept],
            arm_SC=arm_SC[:, kept],
            base_BSC=inputs.base_BSC[..., kept],
            arm_BSC=inputs.arm_BSC[..., kept],
        )
    )
    for row, other in zip(gone.classes[:16], alone.classes, strict=True):
        assert_same(row, other)
