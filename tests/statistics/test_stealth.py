"""The mean over untouched classes: shown to be unmoved, or not shown."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from segtrial.statistics import compare_arms
from segtrial.statistics.stealth import stealth
from segtrial.types.comparison import Stealth
from tests.statistics.builders import Runs, make_inputs, random_inputs

QUIET = [0.300, 0.302, 0.304]
TOUCHED = np.array([True, False, False])


def of(second: tuple[Runs, Runs], **changes: object) -> Stealth:
    """One touched class that falls, one untouched that is still, and the given one."""
    classes = {"bridge": (QUIET, [0.1, 0.1, 0.1]), "car": (QUIET, QUIET), "bus": second}
    return stealth(make_inputs(classes, **{"touched": TOUCHED, **changes}))


def test_by_hand_it_is_the_t_interval_of_the_runs_means() -> None:
    base, arm = [0.50, 0.51, 0.52], [0.505, 0.51, 0.51]
    found = of((base, arm))
    own, other = np.mean([QUIET, base], axis=0), np.mean([QUIET, arm], axis=0)
    interval = stats.ttest_ind(other, own).confidence_interval(0.90)
    assert found.classes == 2
    assert found.difference == pytest.approx(other.mean() - own.mean())
    assert found.interval_90 == pytest.approx((interval.low, interval.high))
    low = stats.ttest_ind(other + 0.01, own, alternative="greater").pvalue
    high = stats.ttest_ind(other - 0.01, own, alternative="less").pvalue
    assert found.p == pytest.approx(max(low, high))


def test_equivalent_exactly_where_the_interval_lies_within_the_margin() -> None:
    still = ([0.500, 0.501, 0.502], [0.500, 0.501, 0.503])
    found = of(still)
    assert found.verdict == "equivalent"
    assert found.reason.startswith("mean mask AP over 2 untouched classes moved by 0.000 (90 % int")
    assert found.reason.endswith(", inside ±0.01")
    assert found.p is not None
    assert found.p < 0.05
    tight = max(abs(end or 0) for end in found.interval_90)
    assert of(still, margin=tight * 1.001).verdict == "equivalent"
    assert of(still, margin=tight * 0.999).verdict == "not shown"


def test_not_significant_is_not_stealthy() -> None:
    """A loss of .02 in a class, p about .3 or more: nothing is shown either way."""
    found = of(([0.48, 0.50, 0.52], [0.46, 0.48, 0.50]))
    assert found.verdict == "not shown"
    assert found.reason.endswith(", not inside ±0.01")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"touched": np.ones(3, np.bool_)}, "the change may touch every class"),
        ({"positive_images": np.array([100, 9, 9])}, "no class that the change does not touch"),
    ],
)
def test_nothing_to_average_says_so(changes: dict[str, object], reason: str) -> None:
    found = of((QUIET, QUIET), **changes)
    assert (found.verdict, found.difference, found.p) == ("not shown", None, None)
    assert found.interval_90 == (None, None)
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(("seeds", "has_interval"), [(0, False), (1, False), (2, True)])
def test_few_seeds_show_nothing(seeds: int, has_interval: bool) -> None:
    inputs = random_inputs(np.random.default_rng(3), 12, seeds, margin=0.5)
    found = stealth(inputs)
    assert found.verdict == "not shown"
    assert (found.interval_90 != (None, None)) is has_interval
    assert "no runs" in found.reason or "run" in found.reason or "2 seeds" in found.reason


def test_runs_without_noise_show_nothing() -> None:
    found = of(([0.5] * 3, [0.5] * 3), touched=np.array([True, True, False]))
    assert (found.verdict, found.p, found.difference) == ("not shown", None, 0)
    assert found.reason.endswith("the runs within each arm agree: no noise to test against")


def test_a_loss_as_large_as_the_margin_is_called_equivalent_in_one_trial_of_twenty() -> None:
    rng = np.random.default_rng(8)
    called = 0
    for _ in range(1500):
        runs = rng.normal(0.3, 0.004, (10, 1)) - np.repeat([0, 0.01], 5)[:, None]
        blank = {"a": ([0.5] * 5, [0.5] * 5)}
        inputs = make_inputs(blank, base_SC=runs[:5], arm_SC=runs[5:])
        called += stealth(inputs).verdict == "equivalent"
    assert 0.03 < called / 1500 < 0.07


def test_a_contrast_carries_it() -> None:
    assert compare_arms(make_inputs({"a": (QUIET, QUIET)})).stealth == stealth(
        make_inputs({"a": (QUIET, QUIET)})
    )
