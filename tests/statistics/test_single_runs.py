"""One run an arm: two checkpoints, and runs that are like the arm's but for the change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from segtrial.statistics import compare_arms
from segtrial.statistics.single_runs import image_interval, single_pairs
from tests.statistics import seed_panels as sim
from tests.statistics.builders import make_inputs

NAMES = ("bridge", "sign", "car")
ROLES = ("host", "target", "other")


def inputs_of(
    arm: list[float],
    free: list[list[float]] | None = None,
    spread: float = 0.01,
    **changes: object,
):
    """Three classes at .3; the arm's run as given; resamples around both with a known spread."""
    rng = np.random.default_rng(0)
    blank = dict.fromkeys(NAMES, ([0.3], [0.3]))
    arm_SC = np.array([arm])
    fields: dict[str, object] = {
        "roles": ROLES,
        "arm_SC": arm_SC,
        "base_BSC": np.full((400, 1, 3), 0.3),
        "arm_BSC": np.clip(arm_SC + rng.normal(0, spread, (400, 1, 3)), 0, 1),
        **changes,
    }
    if free is not None:
        fields |= {"free_RC": np.array(free), "free_BRC": np.full((400, len(free), 3), 0.3)}
    return make_inputs(blank, **fields)


def test_the_interval_is_the_resampled_differences() -> None:
    inputs = inputs_of([0.25, 0.3, 0.3])
    host = single_pairs(inputs)[0]
    assert host.difference == pytest.approx(-0.05)
    kept = inputs.arm_BSC[:, 0, 0] - 0.3
    assert host.interval_images == pytest.approx(tuple(np.quantile(kept, [0.025, 0.975])))


def test_few_images_take_t_and_fewer_have_none() -> None:
    rng = np.random.default_rng(1)
    base, arm = np.full((300, 4), 0.3), 0.3 + rng.normal(0, 0.02, (300, 4))
    arm[:30, 3] = np.nan
    ends = image_interval(base, arm, np.array([30, 10, 9, 50]))
    d = arm[:, 1] - 0.3
    half = stats.t.ppf(0.975, 9) * d.std(ddof=1)
    assert ends[1] == pytest.approx([d.mean() - half, d.mean() + half])
    assert np.isfinite(ends[0]).all()
    assert np.isnan(ends[2]).all()
    assert np.isnan(ends[3]).all()  # a tenth of the resamples hold no truth
    still = image_interval(base, base, np.array([30, 30, 30, 30]))
    assert np.isnan(still).all()


def test_the_arm_s_run_against_its_like_is_a_prediction_t_test() -> None:
    """Pool .30 .31 .29 .30 .32: mean .304, s = .0114; few classes lend no noise: df 4."""
    free = [[0.31, 0.3, 0.3], [0.29, 0.3, np.nan], [0.30, 0.3, 0.3], [0.32, 0.3, 0.3]]
    host, target, other = single_pairs(inputs_of([0.25, 0.3, 0.2], free))
    pool = np.array([0.30, 0.31, 0.29, 0.30, 0.32])
    t = abs(0.25 - pool.mean()) / (pool.std(ddof=1) * np.sqrt(1 + 1 / 5))
    assert host.p == pytest.approx(2 * stats.t.sf(t, 4))
    assert (host.replicates, host.family) == (5, "named")
    assert host.p_adjusted == host.p  # the target's runs agree: it counts in no family
    assert (target.p, target.family) == (None, "none")
    assert target.reason == "the runs that do not touch the class agree: no noise to test against"
    assert other.replicates == 4


def test_fewer_than_four_runs_are_no_pool() -> None:
    host = single_pairs(inputs_of([0.25, 0.3, 0.3], [[0.31, 0.3, 0.3], [0.29, 0.3, 0.3]]))[0]
    assert (host.p, host.replicates) == (None, 3)
    assert host.reason.startswith("3 single runs do not touch the class; a test against them needs")


def test_more_runs_have_no_such_pairs() -> None:
    inputs = make_inputs({"a": ([0.3, 0.31], [0.3, 0.32])})
    assert single_pairs(inputs) == ()
    assert compare_arms(inputs).single_pairs == ()


def test_the_words_never_say_that_the_change_did_it() -> None:
    free = [[0.31, 0.30, 0.3], [0.30, 0.31, 0.3], [0.305, 0.29, 0.3], [0.30, 0.30, 0.3]]
    contrast = compare_arms(inputs_of([0.20, 0.305, 0.3], free))
    assert contrast.verdict == (
        "Cannot tell: one run an arm cannot tell a change from noise. "
        "These two checkpoints differ on such images: bridge −0.100 (95 % over images −0.123 to "
        "−0.084) mask AP. "
        "On other such images they might not differ: sign +0.005 (95 % over images −0.012 to "
        "+0.025) mask AP. "
        "Beside single runs of arms that do not touch the class: bridge stands apart (5 runs, "
        "p < 0.001) and sign lies among (5 runs, p = 0.554)."
    )
    assert {row.verdict for row in contrast.classes} == {"not testable"}
    for word in ("lost", "gained", "changed", "because", "caused"):
        assert word not in contrast.verdict


def test_without_named_classes_differences_are_counted_beside_chance() -> None:
    others = ("other",) * 3
    text = compare_arms(inputs_of([0.20, 0.3, 0.3], roles=others)).verdict
    assert text == (
        "Cannot tell: one run an arm cannot tell a change from noise. Of 3 classes, 1 differs "
        "between these two checkpoints by more than other such images would make; by chance about "
        "0.2 would."
    )
    bare = make_inputs({"a": ([0.3], [0.2])})
    assert compare_arms(bare).verdict == (
        "Cannot tell: one run an arm cannot tell a change from noise."
    )


def test_a_run_like_the_others_is_told_apart_as_often_as_promised() -> None:
    rng = np.random.default_rng(4)
    instances = sim.long_tail(30, 600, smallest=30)
    names = [f"c{i}" for i in range(30)]
    p = []
    for _ in range(60):
        runs_SC = sim.score_panel(sim.draw_panel(rng, instances, 6))[0]
        inputs = make_inputs(
            dict.fromkeys(names, ([0.5], [0.5])),
            instances=instances,
            base_SC=runs_SC[:1],
            arm_SC=runs_SC[1:2],
            free_RC=runs_SC[2:],
            free_BRC=np.zeros((0, 4, 30)),
        )
        p += [pair.p for pair in single_pairs(inputs)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.07
