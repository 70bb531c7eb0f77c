"""Fast simulations that fail if the procedure is clearly broken; the full ones are a benchmark."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from segtrial.evaluation.flow import share, wilson
from segtrial.statistics.estimates import Estimates, estimate
from segtrial.statistics.multiplicity import benjamini_hochberg, holm
from tests.statistics import seed_panels as sim
from tests.statistics.builders import make_inputs

CLASSES, PANELS = 45, 60
INSTANCES = sim.long_tail(CLASSES, 600)


def estimate_panel(runs_SC: sim.Array, base_runs: int, **changes: object) -> Estimates:
    blank = {f"c{i}": ([0.5], [0.5]) for i in range(runs_SC.shape[1])}
    fields = {
        "instances": INSTANCES,
        "base_SC": runs_SC[:base_runs],
        "arm_SC": runs_SC[base_runs:],
        "base_BSC": np.zeros((0, *runs_SC[:base_runs].shape)),
        "arm_BSC": np.zeros((0, *runs_SC[base_runs:].shape)),
        **changes,
    }
    return estimate(make_inputs(blank, **fields))


def null_p(seeds: int, louder: float) -> sim.Array:
    rng = np.random.default_rng(seeds)
    noise_C = np.full(CLASSES, louder)
    panels = (sim.draw_panel(rng, INSTANCES, 2 * seeds, noise_C=noise_C) for _ in range(PANELS))
    return np.array([estimate_panel(sim.score_panel(panel)[0], seeds).p for panel in panels])


@pytest.mark.parametrize(("seeds", "louder"), [(2, 1.0), (3, 1.0), (3, 2.5)])
def test_nothing_is_called_significant_as_often_as_promised(seeds: int, louder: float) -> None:
    p_PC = null_p(seeds, louder)
    # 2700 tests; a standard error of .0042, and more as classes share a run's luck
    assert 0.025 < np.mean(p_PC < 0.05) < 0.065
    assert np.mean(p_PC < 0.01) < 0.018
    named = [np.any(holm(row[[10, 30]]) < 0.05) for row in p_PC]
    assert np.sum(named) <= 8  # 3 expected; 9 or more has a chance of .4 %
    discoveries = [np.any(benjamini_hochberg(row) < 0.1) for row in p_PC]
    assert np.sum(discoveries) <= 13  # 6 expected at the most


def test_a_real_loss_is_found() -> None:
    rng = np.random.default_rng(0)
    shift_SC = np.zeros((6, CLASSES))
    shift_SC[3:, 10] = -0.2
    found, size = [], []
    for _ in range(20):
        panel = sim.draw_panel(rng, INSTANCES, 6, shift_SC=shift_SC)
        result = estimate_panel(sim.score_panel(panel)[0], 3)
        found.append(result.p[10] < 0.025)
        size.append(result.difference[10])
    assert -0.09 < np.mean(size) < -0.03
    assert np.mean(found) > 0.6


def test_the_population_interval_covers_what_the_conditional_one_cannot() -> None:
    """At 50 and at 1000 instances, each arm finding other images hard."""
    rng = np.random.default_rng(0)
    instances = np.repeat([50, 1000], [5, 2])
    conditional, population = [], []
    for _ in range(20):
        panel = sim.draw_panel(rng, instances, 6, interaction_sd=0.7, arm_S=[0, 0, 0, 1, 1, 1])
        weights_BI = rng.multinomial(sim.IMAGES, np.full(sim.IMAGES, 1 / sim.IMAGES), 100)
        resampled_BSC = sim.score_panel(panel, weights_BI.astype(np.float64))
        result = estimate_panel(
            sim.score_panel(panel)[0],
            3,
            instances=instances,
            positive_images=sim.positive_images(panel),
            base_BSC=resampled_BSC[:, :3],
            arm_BSC=resampled_BSC[:, 3:],
        )
        for interval_C2, holds in (
            (result.conditional, conditional),
            (result.population, population),
        ):
            holds.append((interval_C2[:, 0] <= 0) & (interval_C2[:, 1] >= 0))
    assert np.mean(conditional) < 0.85
    covered = np.array(population)
    assert np.mean(covered[:, instances == 50]) > 0.89  # 100 intervals: a standard error of .022
    assert np.mean(covered[:, instances == 1000]) > 0.85  # 40


def test_attack_rates_cover_where_instances_of_an_image_share_their_luck() -> None:
    """Of one run over images; the naive interval is the one that is too sure."""
    rng = np.random.default_rng(1)
    ours, naive = [], []
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    true = np.average(special.expit(nodes - 0.8), weights=weights)
    for _ in range(600):
        image_N = np.repeat(np.arange(40), 1 + rng.poisson(4, 40))
        chance_N = special.expit(rng.normal(0, 1.0, 40)[image_N] - 0.8)
        hit_N = rng.random(len(image_N)) < chance_N
        found = share(hit_N, image_N)
        ours.append(found.low <= true <= found.high)
        low, high = wilson(found.fraction, len(image_N), 1.96)
        naive.append(low <= true <= high)
    assert np.mean(ours) > 0.925
    assert np.mean(naive) < 0.91
