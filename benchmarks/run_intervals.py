"""Do intervals of one run's AP cover what they promise? Simulated runs whose AP is known.

Run: `python -m benchmarks.run_intervals [--runs 1500]` from the project's root; about a minute on
one core. Prints coverage of each method by instances, beside the figures that the rule was chosen
by, then of the mean over 45 classes, then the image error that the planner takes for granted.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.special import expit, logit, stdtrit
from tests.statistics import seed_panels as sim
from tests.statistics.drawn_runs import draw_run, limit_ap, multinomial_weights

from segtrial.evaluation.average_precision import ap_under_weights, plain_precision
from segtrial.statistics.run_intervals import class_intervals, mean_interval

RESAMPLES = 1000
INSTANCES = (3, 10, 20, 30, 50, 200, 1000)
EXPECTED = {  # percentile, logit-t; the figures known when the rule was made
    3: ("52 %", ""),
    10: ("88 %", "96 %"),
    30: ("92 %", ""),
    1000: ("95 %", ""),
}
SKILL = -0.75  # AP near .22
BATCH = 150  # runs at a time: each is a class of its own under the same weights


def covered(ends: sim.Array, truth: float) -> float:
    known = np.isfinite(ends).all(axis=1)
    if not known.any():
        return float("nan")
    return float(np.mean((ends[known, 0] <= truth) & (truth <= ends[known, 1])))


def class_coverage(instances: int, runs: int, skill: float) -> list[float]:
    """Percentile, logit-t, the rule, and the share of runs that the rule gives no interval."""
    rng = np.random.default_rng([5, instances])
    truth = limit_ap(skill)
    percentile, logit_t, rule = [], [], []
    for _ in range(-(-runs // BATCH)):
        run = draw_run(rng, np.full(BATCH, instances), np.full(BATCH, skill), alone=True)
        weights_BI = multinomial_weights(rng, sim.IMAGES, RESAMPLES)
        value_C = plain_precision(run)[:, 0]
        resampled_BC = ap_under_weights(run, weights_BI)[:, :, 0]
        positive = run.positive_images()
        percentile.append(np.nanquantile(resampled_BC, [0.025, 0.975], axis=0).T)
        inner = (value_C > 0) & (value_C < 1)
        spread_C = np.where(inner, value_C * (1 - value_C), np.nan)
        half_C = stdtrit(np.maximum(positive - 1, 1), 0.975)
        half_C = half_C * np.nanstd(resampled_BC, axis=0, ddof=1) / spread_C
        centre_C = logit(np.where(inner, value_C, np.nan))
        logit_t.append(expit(np.stack([centre_C - half_C, centre_C + half_C], axis=1)))
        rule.append(class_intervals(value_C, resampled_BC, positive).ends)
    ruled = np.concatenate(rule)
    parts = [covered(np.concatenate(part), truth) for part in (percentile, logit_t, rule)]
    return [*parts, float(np.mean(np.isnan(ruled[:, 0])))]


def mean_coverage(largest: int, smallest: int, runs: int, resamples: int = 500) -> None:
    """Two truths: the mean that sets of this size give, and that of a set without end."""
    rng = np.random.default_rng([6, largest, smallest])
    instances, skill = sim.long_tail(45, largest, smallest=smallest), sim.skill_of(45)
    endless = float(np.mean([limit_ap(one, 100_000) for one in skill]))
    drawn = [draw_run(rng, instances, skill) for _ in range(runs)]
    more = [plain_precision(draw_run(rng, instances, skill)).mean() for _ in range(3 * runs)]
    values = [float(plain_precision(run).mean()) for run in drawn]
    of_size = float(np.mean([*values, *more]))
    normal, percentile, bias = [], [], []
    for run, value in zip(drawn, values, strict=True):
        weights_BI = multinomial_weights(rng, sim.IMAGES, resamples)
        resampled_B = np.nanmean(ap_under_weights(run, weights_BI)[:, :, 0], axis=1)
        found = mean_interval(value, resampled_B)
        normal.append([found.low, found.high])
        percentile.append(np.quantile(resampled_B, [0.025, 0.975]))
        bias.append(found.bias)
    cells = [
        f"{covered(np.array(ends), truth):6.1%}"
        for truth in (of_size, endless)
        for ends in (normal, percentile)
    ]
    print(
        f"  {smallest:2d} to {largest:4d}  {'  '.join(cells)}   mean {of_size:.3f}, "
        f"without end {endless:.3f}, resamples +{np.mean(bias):.3f}"
    )


def image_error(runs: int) -> None:
    """√n · standard error over √(AP(1 − AP)) and over AP(1 − AP): which of them stays put."""
    rng = np.random.default_rng(7)
    for skill in (-1.8, -1.2, -0.75, -0.3, 0.0):
        truth = limit_ap(skill)
        cells = []
        for instances in (50, 200, 1000):
            run = draw_run(rng, np.full(runs, instances), np.full(runs, skill), alone=True)
            error = float(np.std(plain_precision(run)[:, 0], ddof=1)) * np.sqrt(instances)
            spread = truth * (1 - truth)
            cells.append(f"{error:.2f} ({error / np.sqrt(spread):.2f}, {error / spread:.2f})")
        print(f"  AP {truth:.2f}: " + "  ".join(cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1500)
    runs = parser.parse_args().runs
    for skill in (SKILL, 0.0):
        print(f"\ncoverage of nominal 95 %, one class, AP {limit_ap(skill):.3f}; ours (expected)")
        print("  instances  percentile      logit-t         the rule   without interval")
        for instances in INSTANCES:
            some = runs if instances < 1000 else runs // 3
            figures = class_coverage(instances, some, skill)
            expected = EXPECTED.get(instances, ("", ""))
            cells = [
                f"{figure:6.1%} {f'({known})' if known else '':8s}"
                for figure, known in zip(figures, expected, strict=False)
            ]
            print(f"  {instances:9d}  {' '.join(cells)} {figures[2]:6.1%}     {figures[3]:6.1%}")
    print("\ncoverage of the mean over 45 classes (percentile expected: 71–92 %)")
    print("  instances   sets of this size   a set without end")
    print("              normal  percentile  normal  percentile")
    for largest, smallest in ((3000, 12), (1000, 3), (300, 3)):
        mean_coverage(largest, smallest, runs // 10)
    print(
        "\n√n · SE of one run over images, 50, 200, 1000 instances (over √(AP(1 − AP)), AP(1 − AP))"
    )
    image_error(runs // 5)


if __name__ == "__main__":
    main()
