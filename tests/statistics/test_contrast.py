"""Verdicts and reasons, class by class."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from segtrial.statistics import compare_arms
from segtrial.types.errors import InputError
from tests.statistics.builders import compare, compare_one, make_inputs

QUIET = [0.300, 0.302, 0.304]
LOWER = [0.260, 0.262, 0.264]
LOUD = [0.26, 0.30, 0.34]


def test_a_row_holds_the_ordinary_t_test_where_few_classes_can_lend_their_noise() -> None:
    base, arm = [0.30, 0.33, 0.31], [0.26, 0.27, 0.24]
    row = compare_one(base, arm)
    test = stats.ttest_ind(arm, base)
    interval = test.confidence_interval(0.95)
    assert row.p == pytest.approx(test.pvalue)
    assert row.interval_conditional == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert row.difference == pytest.approx(np.mean(arm) - np.mean(base))
    assert (row.base, row.arm) == (pytest.approx(np.mean(base)), pytest.approx(np.mean(arm)))
    assert row.base_runs == tuple(base)
    assert row.arm_runs == tuple(arm)
    assert row.df == 4
    assert row.seeds == 3
    assert row.seed_sd == pytest.approx(row.seed_sd_moderated)


def test_unequal_arms_keep_the_ordinary_t_test() -> None:
    base, arm = [0.30, 0.33, 0.31, 0.32, 0.35], [0.26, 0.27, 0.24]
    row = compare_one(base, arm)
    assert row.p == pytest.approx(stats.ttest_ind(arm, base).pvalue)
    assert (row.df, row.seeds) == (6, 3)


def test_other_classes_steady_the_noise() -> None:
    rng = np.random.default_rng(0)
    classes = {f"c{i}": tuple(rng.normal(0.3, 0.01, (2, 3)).tolist()) for i in range(40)}
    calm_runs = ([0.3, 0.301, 0.302], [0.303, 0.304, 0.305])
    assert compare_one(*calm_runs).verdict == "changed"
    calm = compare({**classes, "calm": calm_runs}).classes[-1]
    assert calm.df == 8
    assert calm.seed_sd is not None
    assert calm.seed_sd_moderated is not None
    assert calm.seed_sd == pytest.approx(0.001)
    assert 0.005 < calm.seed_sd_moderated < 0.01
    assert calm.verdict == "inconclusive"


def test_changed() -> None:
    row = compare_one(QUIET, LOWER)
    assert row.verdict == "changed"
    assert row.family == "exploratory"
    assert row.reason.startswith("p < 0.001")


def test_changed_says_how_many_tests_it_was_adjusted_for() -> None:
    classes = {"host": (QUIET, [0.290, 0.292, 0.294]), "target": (QUIET, LOUD)}
    host = compare(classes, roles=("host", "target")).classes[0]
    assert host.p_adjusted == pytest.approx(2 * host.p)
    assert host.reason.startswith("p = 0.007, adjusted for 2 named classes")


def test_named_and_exploratory_classes_have_their_own_level() -> None:
    base, arm = [0.30, 0.31, 0.32], [0.32, 0.33, 0.33]  # t = .0167 / .0067, 4 df
    other = compare_one(base, arm)
    named = compare_one(base, arm, roles=("named",))
    assert other.p == named.p == pytest.approx(0.0668, abs=1e-4)
    assert other.verdict == "changed"
    assert "although the 95 % interval reaches 0" in other.reason
    assert named.verdict == "inconclusive"
    assert (other.family, named.family) == ("exploratory", "named")


def test_families_are_adjusted_apart() -> None:
    named = {"bridge": (QUIET, LOUD), "sign": (QUIET, LOWER)}
    others = {f"c{i}": (QUIET, [0.290, 0.292, 0.296]) for i in range(5)}
    contrast = compare({**named, **others}, roles=("host", "target", *("other",) * 5))
    bridge, sign, *rest = contrast.classes
    assert sign.p_adjusted == pytest.approx(2 * sign.p)
    assert bridge.p_adjusted == pytest.approx(bridge.p)
    for row in rest:
        assert row.p_adjusted == pytest.approx(row.p)  # five equal p: BH leaves them


def test_named_classes_keep_the_familywise_error() -> None:
    arm = [0.290, 0.294, 0.298]  # p about .04: Benjamini–Hochberg would let both pass
    contrast = compare({"bridge": (QUIET, arm), "sign": (QUIET, arm)}, roles=("host", "target"))
    for row in contrast.classes:
        assert row.p is not None
        assert row.p < 0.05 < 2 * row.p == row.p_adjusted
        assert row.verdict == "inconclusive"


def test_untestable_classes_do_not_count_in_their_family() -> None:
    classes = {"bridge": (QUIET, LOWER), "sign": (QUIET, LOWER)}
    contrast = compare(classes, roles=("host", "target"), positive_images=np.array([50, 4]))
    bridge, sign = contrast.classes
    assert bridge.p_adjusted == bridge.p
    assert sign.p is not None
    assert (sign.family, sign.p_adjusted, sign.smallest_visible) == ("none", None, None)


def test_equivalent() -> None:
    row = compare_one(QUIET, [0.301, 0.302, 0.304], margin=0.01)
    assert row.verdict == "equivalent"
    assert row.reason.startswith("the 90 % interval, −0.003 to +0.003, lies within ±0.01")


def test_a_margin_of_zero_makes_nothing_equivalent() -> None:
    assert compare_one(QUIET, QUIET, margin=0.0).verdict == "inconclusive"


def test_changed_goes_before_equivalent() -> None:
    row = compare_one([0.300, 0.3001, 0.3002], [0.303, 0.3031, 0.3032], margin=0.01)
    assert row.verdict == "changed"


def test_inconclusive_says_what_could_have_been_seen() -> None:
    row = compare_one(LOUD, [0.27, 0.30, 0.36])
    assert row.verdict == "inconclusive"
    assert row.smallest_visible is not None
    # s = √((.0016 + .0021)/2); one exploratory test at .10: noncentral t of 4 df, δ = 3.04
    error = np.sqrt((0.0016 + 0.0021) / 2 * (2 / 3))
    assert stats.nct.sf(stats.t.ppf(0.95, 4), 4, row.smallest_visible / error) == pytest.approx(0.8)
    assert row.reason.startswith("could have seen 0.11 or more with 3 seeds")


def test_inconclusive_where_the_noise_is_larger_than_the_metric() -> None:
    row = compare_one([0.0, 0.5, 1.0], [0.1, 0.5, 1.0])
    assert row.reason.startswith("could have seen no change of any size with 3 seeds")


def test_unequal_seeds_are_both_named() -> None:
    row = compare_one(LOUD, [0.27, 0.30, 0.36, 0.33])
    assert row.reason.startswith("could have seen ")
    assert " with 3 and 4 seeds" in row.reason


def test_two_seeds_show_numbers_but_no_verdict() -> None:
    row = compare_one([0.30, 0.31], [0.20, 0.21])
    assert row.p == pytest.approx(stats.ttest_ind([0.20, 0.21], [0.30, 0.31]).pvalue)
    assert None not in row.interval_conditional
    assert row.verdict == "not testable"
    assert row.reason.startswith("2 seeds; a verdict needs 3")
    assert (row.family, row.p_adjusted) == ("none", None)


def test_two_runs_left_of_one_arm_name_that_arm() -> None:
    assert compare_one(QUIET, [0.2, 0.21]).reason.startswith("swap has 2 runs; a verdict needs 3")
    assert compare_one([0.2, 0.21], QUIET).reason.startswith("base has 2 runs; a verdict needs 3")


@pytest.mark.parametrize(
    ("base", "arm", "reason"),
    [
        ([0.3], [0.2], "one run an arm cannot tell a change from noise"),
        (QUIET, [0.2], "the one run of swap cannot tell a change from noise"),
        ([0.3], LOWER, "the one run of base cannot tell a change from noise"),
    ],
)
def test_one_run_shows_a_difference_only(base: list[float], arm: list[float], reason: str) -> None:
    row = compare_one(base, arm)
    assert row.difference == pytest.approx(np.mean(arm) - np.mean(base))
    assert (row.verdict, row.reason) == ("not testable", reason)
    assert row.p is row.df is row.seed_sd is row.smallest_visible is None
    assert row.interval_conditional == row.interval_population == (None, None)


def test_no_runs_at_all_show_nothing() -> None:
    row = compare_one(QUIET, [])
    assert (row.base, row.arm, row.difference) == (pytest.approx(0.302), None, None)
    assert (row.verdict, row.reason) == ("not testable", "swap has no runs")
    assert compare_one([], []).reason == "there are no runs"


def test_a_class_without_truth_is_undefined_never_zero() -> None:
    nothing = [np.nan] * 3
    row = compare_one(nothing, nothing, instances=np.array([0]), positive_images=np.array([0]))
    assert (row.verdict, row.reason) == (
        "not testable",
        "no truth of this class in the validation set",
    )
    assert row.base is row.arm is row.difference is row.p is row.seed_sd is None
    assert row.base_runs == (None, None, None)


def test_a_metric_undefined_in_some_runs_is_not_averaged_over_the_rest() -> None:
    row = compare_one(QUIET, [0.3, np.nan, 0.31])
    assert row.reason == "the metric is undefined in 1 of 6 runs"
    assert (row.base, row.arm, row.difference) == (pytest.approx(0.302), None, None)


def test_few_positive_images_are_named() -> None:
    row = compare_one(QUIET, LOWER, positive_images=np.array([9]))
    assert row.verdict == "not testable"
    assert row.reason.startswith("in 9 validation images only; a verdict needs 10")
    assert row.interval_population == (None, None)
    assert compare_one(QUIET, LOWER, positive_images=np.array([1])).reason.startswith(
        "in 1 validation image only"
    )
    assert compare_one(QUIET, LOWER, positive_images=np.array([10])).verdict == "changed"


def test_runs_that_all_agree_are_not_testable() -> None:
    rng = np.random.default_rng(0)
    noisy = {f"c{i}": tuple(rng.normal(0.3, 0.01, (2, 3)).tolist()) for i in range(20)}
    for value in (0.0, 0.3):
        row = compare({**noisy, "still": ([value] * 3, [value] * 3)}).classes[-1]
        assert (row.verdict, row.reason) == ("not testable", "all runs give the same value")
        assert (row.difference, row.seed_sd) == (0, 0)
        assert row.p is row.seed_sd_moderated is None


def test_arms_without_inner_noise_are_not_testable() -> None:
    row = compare_one([0.3, 0.3, 0.3], [0.2, 0.2, 0.2])
    assert row.verdict == "not testable"
    assert row.reason == (
        "the runs within each arm give the same value, so there is no noise to test against"
    )
    assert row.p is None


def test_population_interval_is_wider_where_images_differ() -> None:
    rng = np.random.default_rng(0)
    base_BSC = 0.3 + rng.normal(0, 0.02, (400, 1, 1)) + np.zeros((1, 3, 1))
    arm_BSC = 0.26 + rng.normal(0, 0.02, (400, 1, 1)) + np.zeros((1, 3, 1))
    row = compare_one(QUIET, LOWER, base_BSC=base_BSC, arm_BSC=arm_BSC)
    low, high = row.interval_conditional
    wide_low, wide_high = row.interval_population
    assert wide_low is not None
    assert wide_high is not None
    assert low is not None
    assert high is not None
    assert wide_low < low < high < wide_high
    assert row.verdict == "changed"
    assert "population" not in row.reason


def test_reason_says_why_there_is_no_population_interval() -> None:
    assert compare_one(QUIET, LOWER).reason.endswith("; no population interval: no image resamples")
    base_BSC = np.full((10, 3, 1), 0.3)
    base_BSC[0] = np.nan
    row = compare_one(QUIET, LOWER, base_BSC=base_BSC, arm_BSC=base_BSC)
    assert row.interval_population == (None, None)
    assert row.reason.endswith("; no population interval: 10 % of the resamples hold no truth")


def test_confounded_contrast_says_why() -> None:
    contrast = compare({"bridge": (QUIET, LOWER)}, confounded="other anchors too")
    assert (contrast.status, contrast.reason) == ("confounded", "other anchors too")
    assert compare({"bridge": (QUIET, LOWER)}).status == "ok"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"instances": np.array([1, 2])}, "instances has the wrong shape"),
        ({"arm_BSC": np.zeros((2, 3, 1))}, "arm_BSC has the wrong shape"),
        ({"roles": ()}, "one role"),
        ({"roles": ("victim",)}, "unknown role"),
        ({"base_SC": np.array([[30.0], [31.0], [32.0]])}, "no fraction"),
        ({"base_SC": np.array([[np.inf], [0.1], [0.2]])}, "no fraction"),
        ({"base_SC": np.array([[-0.1], [0.1], [0.2]])}, "no fraction"),
        ({"positive_images": np.array([-1])}, "negative count"),
        ({"margin": -0.1}, "margin"),
        ({"margin": np.nan}, "margin"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(changes: dict[str, object], what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        make_inputs({"bridge": (QUIET, LOWER)}, **changes)
    assert "contrast of swap with base" in str(caught.value)


def test_names_given_twice_are_refused() -> None:
    classes = {"bridge": (QUIET, LOWER), "sign": (QUIET, LOWER)}
    with pytest.raises(InputError, match="one name of its own"):
        make_inputs(classes, class_names=("bridge", "bridge"))


def test_inputs_are_not_written_to() -> None:
    inputs = make_inputs({"bridge": (QUIET, LOWER)})
    before = inputs.base_SC.copy()
    compare_arms(inputs)
    np.testing.assert_array_equal(inputs.base_SC, before)
    assert not inputs.base_SC.flags.writeable
