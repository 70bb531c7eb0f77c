"""The alarm for a broken control."""

from __future__ import annotations

import numpy as np
import pytest

from segtrial.statistics.untouched import median_untouched
from tests.statistics.builders import make_inputs, random_inputs

QUIET = [0.300, 0.302, 0.304]


def lowered_inputs(by: float, seeds: int = 3, touched: int = 2):
    """Twelve classes of which the arm's runs are all lower; the first ones are touched."""
    inputs = random_inputs(np.random.default_rng(5), 12, seeds)
    return random_inputs(
        np.random.default_rng(5),
        12,
        seeds,
        arm_SC=inputs.arm_SC - by,
        arm_BSC=np.zeros((0, seeds, 12)),
        base_BSC=np.zeros((0, seeds, 12)),
        touched=np.arange(12) < touched,
    )


def test_median_is_over_untouched_classes_only() -> None:
    inputs = make_inputs(
        {
            "touched": (QUIET, [0.1, 0.1, 0.1]),
            "a": (QUIET, [0.310, 0.312, 0.314]),
            "b": (QUIET, [0.320, 0.322, 0.324]),
            "c": (QUIET, [0.280, 0.282, 0.284]),
        },
        touched=np.array([True, False, False, False]),
    )
    assert median_untouched(inputs)[0] == pytest.approx(0.01)


def test_alarm_rings_where_all_untouched_classes_fall() -> None:
    median, alarm = median_untouched(lowered_inputs(0.04))
    assert alarm
    assert median == pytest.approx(-0.04, abs=0.01)


def test_alarm_is_silent_without_a_shift() -> None:
    median, alarm = median_untouched(lowered_inputs(0))
    assert median is not None
    assert not alarm


def test_alarm_keeps_its_level_under_noise_that_classes_share() -> None:
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(600):
        shared = rng.normal(0, 0.02, (6, 1)) + rng.normal(0.3, 0.005, (6, 10))
        blank = {f"c{i}": ([0.5] * 3, [0.5] * 3) for i in range(10)}
        alarms += median_untouched(make_inputs(blank, base_SC=shared[:3], arm_SC=shared[3:]))[1]
    assert 1 <= alarms <= 14  # 6 expected


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_give_a_median_but_no_alarm(seeds: int) -> None:
    median, alarm = median_untouched(lowered_inputs(0.04, seeds))
    assert median == pytest.approx(-0.04, abs=0.02)
    assert not alarm


def test_fewer_than_three_untouched_classes_give_none() -> None:
    assert median_untouched(lowered_inputs(0.04, touched=9))[0] is not None
    assert median_untouched(lowered_inputs(0.04, touched=10)) == (None, False)


def test_classes_that_show_nothing_do_not_count() -> None:
    classes = {name: (QUIET, [0.310, 0.312, 0.314]) for name in "abc"}
    assert median_untouched(make_inputs(classes))[0] == pytest.approx(0.01)
    still = {**classes, "c": ([0.0] * 3, [0.0] * 3)}
    assert median_untouched(make_inputs(still)) == (None, False)
    undefined = {**classes, "c": ([np.nan] * 3, [np.nan] * 3)}
    assert median_untouched(make_inputs(undefined)) == (None, False)
    rare = make_inputs(classes, positive_images=np.array([100, 100, 9]))
    assert median_untouched(rare) == (None, False)


def test_runs_without_noise_ring_no_alarm() -> None:
    classes = {name: ([0.3] * 3, [0.2] * 3) for name in "abc"}
    assert median_untouched(make_inputs(classes)) == (pytest.approx(-0.1), False)


def test_no_runs_give_none() -> None:
    assert median_untouched(make_inputs({name: (QUIET, []) for name in "abc"})) == (None, False)
