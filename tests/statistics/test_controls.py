"""Free controls: whose runs they are, when they are refused, and what they do to a row."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from segtrial.statistics import compare_arms
from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.controls import choose_controls
from segtrial.statistics.estimates import estimate
from segtrial.types.errors import InputError
from tests.statistics.builders import random_inputs


def inputs_of(shift: float = 0.0, free_runs: int = 6, **changes: object) -> ContrastInput:
    """Ten classes; free runs leave all but the first alone, and lie `shift` off."""
    rng = np.random.default_rng(2)
    inputs = random_inputs(rng, 10, 3)
    centre_C = (inputs.base_SC.mean(axis=0) + inputs.arm_SC.mean(axis=0)) / 2
    free_RC = centre_C + rng.normal(0, 0.01, (free_runs, 10)) + shift
    free_RC[:, 0] = np.nan
    free_BRC = np.clip(free_RC + rng.normal(0, 0.02, (50, free_runs, 10)), 0, 1)
    fields = {name: getattr(inputs, name) for name in inputs.__slots__}
    return ContrastInput(
        **{**fields, "free_RC": free_RC, "free_BRC": free_BRC, "free_controls": True, **changes}
    )


def test_off_unless_asked_for() -> None:
    inputs = inputs_of(free_controls=False)
    assert choose_controls(inputs).note == ""
    alone = random_inputs(np.random.default_rng(2), 10, 3)
    assert compare_arms(inputs) == compare_arms(alone)
    assert {row.control_runs for row in compare_arms(inputs).classes} == {3}


def test_a_class_is_held_against_all_runs_that_leave_it_alone() -> None:
    inputs = inputs_of()
    contrast = compare_arms(inputs)
    assert [row.control_runs for row in contrast.classes] == [3, *[9] * 9]
    assert {row.tested_runs for row in contrast.classes} == {3}
    assert contrast.controls == (
        "runs of arms that do not touch a class are its controls too: up to 9 runs"
    )
    row = contrast.classes[1]
    control = np.concatenate([inputs.base_SC[:, 1], inputs.free_RC[:, 1]])
    assert row.base == pytest.approx(control.mean())
    assert row.difference == pytest.approx(inputs.arm_SC[:, 1].mean() - control.mean())
    assert row.p == pytest.approx(stats.ttest_ind(inputs.arm_SC[:, 1], control).pvalue)
    assert (row.df, contrast.classes[0].df) == (10, 4)
    assert row.base_runs == tuple(inputs.base_SC[:, 1])


def test_the_image_part_is_that_of_all_controls() -> None:
    inputs = inputs_of()
    moved = estimate(inputs)
    same = estimate(inputs_of(free_BRC=np.full((50, 6, 10), np.nan)))
    assert np.isfinite(moved.population[1:]).all()
    assert moved.population[0] == pytest.approx(same.population[0])
    assert np.isnan(same.population[1:]).all()


def test_controls_that_disagree_are_not_used() -> None:
    inputs = inputs_of(shift=0.05)
    contrast = compare_arms(inputs)
    assert {row.control_runs for row in contrast.classes} == {3}
    assert contrast.controls.startswith(
        "free controls are not used: their untouched classes lie apart from those of base (p = 0.0"
    )


def test_too_few_runs_or_classes_cannot_be_held_together() -> None:
    assert "need 3 runs each" in choose_controls(inputs_of(free_runs=2)).note
    assert "need 3 runs each" in choose_controls(inputs_of(free_runs=0)).note
    few = inputs_of()
    free_RC = few.free_RC.copy()
    free_RC[0, 2:] = np.nan
    note = choose_controls(inputs_of(free_RC=free_RC)).note
    assert "fewer than 3 classes are untouched by every other arm" in note


def test_free_runs_must_fit() -> None:
    with pytest.raises(InputError, match="free_BRC has the wrong shape"):
        inputs_of(free_BRC=np.zeros((50, 5, 10)))
    with pytest.raises(InputError, match="free_RC holds a value that is no fraction"):
        inputs_of(free_RC=np.full((6, 10), 2.0))
