"""Does the comparison hold what it promises? Simulated trials whose truth is known.

Run: `python -m benchmarks.statistics [--panels 300]` from the project's root; about ten minutes
on one core. Prints false positives, familywise error, false discoveries and power beside the
figures that the procedure was chosen by, also with noise × 2.5; coverage of the intervals and of
attack rates; trials of few classes; single runs. Several arms: `benchmarks.statistics_arms`; from
labels to verdict: `benchmarks.statistics_oracle`.
"""

# ruff: noqa: A005 - run as `benchmarks.statistics`, so it hides no standard module

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats
from tests.statistics import seed_panels as sim

from segtrial.evaluation.flow import share, wilson
from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.estimates import Estimates, estimate
from segtrial.statistics.moderated import MAXIMUM_PRIOR_DF
from segtrial.statistics.multiplicity import benjamini_hochberg, holm
from segtrial.statistics.seed_means import difference_over_seeds, mean_over_seeds
from segtrial.statistics.single_runs import single_pairs

CLASSES = 45
COVERED_INSTANCES = (50, 1000)
# a seed's luck, SD .25 on the logit scale, by quadrature
_NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
NODES = 0.25 * _NODES
NAMED_INSTANCES = (212, 57)
EFFECT = -0.03
EXPECTED = {  # raw false positives, familywise, false discovery, power for n = 212 and 57
    2: (0.041, 0.03, 0.06, 0.45, 0.27),
    3: (0.045, 0.03, 0.08, 0.68, 0.42),
    5: (0.045, 0.04, 0.09, 0.85, 0.65),
}


@dataclass(frozen=True, kw_only=True)
class Design:
    """Classes of the simulated trial and where the two named ones stand."""

    instances: sim.Counts
    skill: sim.Array
    named: tuple[int, int]
    noise: sim.Array


def bdd_like_design() -> Design:
    """45 classes whose seed SD is that of the published tables, class by class."""
    instances = sim.long_tail(CLASSES, 3000)
    named = tuple(int(np.argmin(np.abs(instances - n))) for n in NAMED_INSTANCES)
    instances[list(named)] = NAMED_INSTANCES
    skill = sim.skill_of(CLASSES)
    skill[list(named)] = np.median(skill)
    return Design(
        instances=instances,
        skill=skill,
        named=(named[0], named[1]),
        noise=sim.calibrated_noise(instances, skill),
    )


def shift_for(effect: float, instances: int, skill: float) -> float:
    """Shift in logits that moves the mean AP of one class by `effect`, by bisection."""
    low, high = (-3.0, 0.0) if effect < 0 else (0.0, 3.0)
    for _ in range(12):
        middle = (low + high) / 2
        rng = np.random.default_rng(7)
        moved = []
        for _ in range(300):
            panel = sim.draw_panel(
                rng,
                np.array([instances]),
                2,
                skill=np.array([skill]),
                shift_SC=np.array([[0.0], [middle]]),
            )
            ap_S = sim.score_panel(panel)[0, :, 0]
            moved.append(ap_S[1] - ap_S[0])
        low, high = (middle, high) if np.mean(moved) < effect else (low, middle)
    return (low + high) / 2


def contrast(
    runs_SC: sim.Array,
    base_runs: int,
    instances: sim.Counts,
    images: sim.Counts | None = None,
    resampled_BSC: sim.Array | None = None,
) -> Estimates:
    base_SC, arm_SC = runs_SC[:base_runs], runs_SC[base_runs:]
    if resampled_BSC is None:
        return estimate(inputs_of(base_SC, arm_SC, instances))
    return estimate(
        replace(
            inputs_of(base_SC, arm_SC, instances),
            positive_images=instances if images is None else images,
            base_BSC=resampled_BSC[:, :base_runs],
            arm_BSC=resampled_BSC[:, base_runs:],
            free_BRC=np.zeros((0, 0, 0)),
        )
    )


def inputs_of(
    base_SC: sim.Array, arm_SC: sim.Array, instances: sim.Counts, free_RC: sim.Array | None = None
) -> ContrastInput:
    classes = len(instances)
    free_RC = np.zeros((0, classes)) if free_RC is None else free_RC
    return ContrastInput(
        arm="arm",
        control="base",
        metric="AP",
        class_names=tuple(f"class {c}" for c in range(classes)),
        roles=("other",) * classes,
        touched=np.zeros(classes, np.bool_),
        instances=instances,
        positive_images=instances,
        base_SC=base_SC,
        arm_SC=arm_SC,
        base_BSC=np.zeros((0, *base_SC.shape)),
        arm_BSC=np.zeros((0, *arm_SC.shape)),
        free_RC=free_RC,
        free_BRC=np.zeros((0, *free_RC.shape)),
        margin=0.01,
    )


def errors_and_power(
    design: Design, seeds: int, panels: int, shifts: list[float], louder: float = 1.0
) -> list[float]:
    """Raw false positives, familywise (Holm), false discovery (BH) and the power of each class."""
    rng = np.random.default_rng([1, seeds])
    named = list(design.named)
    others = np.setdiff1d(np.arange(CLASSES), named)
    shift_SC = np.zeros((2 * seeds, CLASSES))
    shift_SC[seeds:, named] = shifts
    raw, family, discovery_null, discovery, power, prior = [], [], [], [], [], []
    for _ in range(panels):
        for shift in (None, shift_SC):
            panel = sim.draw_panel(
                rng,
                design.instances,
                2 * seeds,
                skill=design.skill,
                shift_SC=shift,
                noise_C=louder * design.noise,
            )
            found = contrast(sim.score_panel(panel)[0], seeds, design.instances)
            if shift is None:
                raw.append(np.mean(found.p < 0.05))
                family.append(np.any(holm(found.p[named]) < 0.05))
                discovery_null.append(np.any(benjamini_hochberg(found.p[others]) < 0.1))
                prior.append(found.noise.prior.df_fitted)
            else:
                power.append(holm(found.p[named]) < 0.05)
                rejected = benjamini_hochberg(found.p) < 0.1
                discovery.append(rejected[others].sum() / max(1, rejected.sum()))
    d0 = np.quantile(prior, (0.25, 0.5, 0.75), method="lower")
    print(
        f"  S = {seeds}: BH on the 43 others, nothing changed {np.mean(discovery_null):.1%}; "
        f"fitted d0, quartiles {np.round(d0, 1)}"
    )
    figures = [raw, family, discovery]
    return [float(np.mean(figure)) for figure in figures] + np.mean(power, axis=0).tolist()


def coverage(seeds: int, panels: int, resamples: int, interaction: float) -> None:
    """Both intervals where each arm finds other images hard: 0 over all images, not on these."""
    rng = np.random.default_rng([2, seeds])
    instances = np.repeat(COVERED_INSTANCES, 6)
    skill = sim.skill_of(len(instances))
    noise_C = sim.calibrated_noise(instances, skill)
    conditional, population = [], []
    for _ in range(panels):
        panel = sim.draw_panel(
            rng,
            instances,
            2 * seeds,
            skill=skill,
            interaction_sd=interaction,
            arm_S=[0] * seeds + [1] * seeds,
            noise_C=noise_C,
        )
        images = sim.positive_images(panel)
        weights_BI = rng.multinomial(sim.IMAGES, np.full(sim.IMAGES, 1 / sim.IMAGES), resamples)
        found = contrast(
            sim.score_panel(panel)[0],
            seeds,
            instances,
            images,
            sim.score_panel(panel, weights_BI.astype(np.float64)),
        )
        conditional.append(holds_zero(found.conditional))
        population.append(holds_zero(found.population))
    cells = [
        f"{n} instances {np.mean(np.array(population)[:, instances == n]):.1%} "
        f"({np.mean(np.array(conditional)[:, instances == n]):.1%})"
        for n in COVERED_INSTANCES
    ]
    print(f"  S = {seeds}, arm × image SD {interaction}: {', '.join(cells)}")


def attack_rates(rate: float, images: int, per_image: float, seeds: int, trials: int) -> None:
    """Instances of one image share their luck, and so do those of one seed."""
    rng = np.random.default_rng([5, seeds, images])
    one_run, naive, over_seeds, difference = [], [], [], []
    for _ in range(trials):
        image_N = np.repeat(np.arange(images), 1 + rng.poisson(per_image - 1, images))
        easy_I, luck_S = rng.normal(0, 1.0, images), rng.normal(0, 0.25, (2, seeds))
        rates: list[list[float]] = [[], []]
        for arm, shift in enumerate((0.0, special.logit(0.5) - special.logit(0.3))):
            for luck in luck_S[arm]:
                chance_N = special.expit(special.logit(rate) + shift + luck + easy_I[image_N])
                found = share(rng.random(len(image_N)) < chance_N, image_N)
                rates[arm].append(found.fraction)
                if arm == 0:
                    true = mean_rate(rate, luck, 1.0)
                    one_run.append(found.low <= true <= found.high)
                    low, high = wilson(found.fraction, len(image_N), 1.96)
                    naive.append(low <= true <= high)
        # over seeds, on these images
        true_S = [
            [
                np.mean(special.expit(special.logit(rate) + shift + z + easy_I[image_N]))
                for z in NODES
            ]
            for shift in (0.0, special.logit(0.5) - special.logit(0.3))
        ]
        base, arm_mean = (float(np.average(row, weights=NODE_WEIGHTS)) for row in true_S)
        mean = mean_over_seeds(rates[0])
        gap = difference_over_seeds(rates[0], rates[1])
        over_seeds.append(mean.low <= base <= mean.high)
        difference.append(gap.low <= arm_mean - base <= gap.high)
    print(
        f"  rate {rate:.0%}, {images} images, {per_image:g} a image, S = {seeds}: one run over "
        f"images {np.mean(one_run):.1%} (naive Wilson {np.mean(naive):.1%}); mean over seeds "
        f"{np.mean(over_seeds):.1%}; arm − base {np.mean(difference):.1%}"
    )


def mean_rate(rate: float, luck: float, image_sd: float) -> float:
    """A run's rate over all images."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    chance = special.expit(special.logit(rate) + luck + image_sd * nodes)
    return float(np.average(chance, weights=weights))


def single_runs(design: Design, panels: int, shifts: list[float]) -> None:
    """One run an arm: base, the arm, and four more arms that touch other classes."""
    rng = np.random.default_rng(6)
    named = list(design.named)
    shift_SC = np.zeros((6, CLASSES))
    shift_SC[1, named] = shifts
    null, power = [], []
    for shift, kept in ((None, null), (shift_SC, power)):
        for _ in range(panels):
            runs_SC = sim.score_panel(
                sim.draw_panel(
                    rng,
                    design.instances,
                    6,
                    skill=design.skill,
                    shift_SC=shift,
                    noise_C=design.noise,
                )
            )[0]
            pairs = single_pairs(
                inputs_of(runs_SC[:1], runs_SC[1:2], design.instances, runs_SC[2:])
            )
            p_C = np.array([pair.p if pair.p is not None else np.nan for pair in pairs])
            kept.append(p_C[named] < 0.05 if shift is not None else np.nanmean(p_C < 0.05))
    large = np.mean(power, axis=0)
    print(
        f"  a run against 5 that leave the class alone: false positives {np.mean(null):.1%}, "
        f"power for {EFFECT} unadjusted {large[0]:.0%}, {large[1]:.0%}"
    )


def holds_zero(interval_C2: sim.Array) -> list[bool]:
    return [bool(low <= 0 <= high) for low, high in interval_C2]


def few_classes(base_runs: int, arm_runs: int, classes: int, panels: int) -> None:
    rng = np.random.default_rng([3, base_runs, arm_runs, classes])
    instances = sim.long_tail(classes, 600, smallest=25)
    p = []
    for _ in range(panels):
        panel = sim.draw_panel(rng, instances, base_runs + arm_runs)
        p.append(contrast(sim.score_panel(panel)[0], base_runs, instances).p)
    p_PC = np.array(p)
    family = np.mean([np.any(holm(row[:2]) < 0.05) for row in p_PC])
    print(
        f"  {classes:2d} classes, {base_runs} and {arm_runs} runs: raw false positives "
        f"{np.mean(p_PC < 0.05):.1%} (at .01: {np.mean(p_PC < 0.01):.2%}), "
        f"Holm on the two largest {family:.1%}"
    )


def noise_beside_the_tables(design: Design) -> None:
    sd_C, ap_C = sim.seed_sd(np.random.default_rng(4), design.instances, design.skill, design.noise)
    ratio_C = sd_C / sim.published_sd(design.instances, ap_C)
    named = list(design.named)
    print(
        f"seed SD / published: median {np.median(ratio_C):.2f}, {ratio_C.min():.2f} to "
        f"{ratio_C.max():.2f}; AP {ap_C.min():.2f} to {ap_C.max():.2f}; named: n "
        f"{design.instances[named]}, AP {np.round(ap_C[named], 2)}, SD {np.round(sd_C[named], 4)}"
    )
    for seeds in EXPECTED:
        effect = -EFFECT / sd_C[named] / np.sqrt(2 / seeds)
        df = 2 * (seeds - 1) + MAXIMUM_PRIOR_DF
        seen = [stats.nct.sf(stats.t.isf(0.05 / 4, df), df, e) for e in effect]
        print(f"  S = {seeds}: Bonferroni power by formula {seen[0]:.0%}, {seen[1]:.0%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=300)
    panels = parser.parse_args().panels
    design = bdd_like_design()
    noise_beside_the_tables(design)
    shifts = [shift_for(EFFECT, int(design.instances[c]), design.skill[c]) for c in design.named]
    for louder in (1.0, 2.5):
        print(
            f"\n{panels} panels of {CLASSES} classes, noise × {louder:g}, null and {EFFECT} on two"
        )
        table = {
            seeds: errors_and_power(design, seeds, panels, shifts, louder) for seeds in EXPECTED
        }
        print("  ours (statistics.md)")
        print("  S  raw .05       Holm, 2       BH .10        power n=212   power n=57")
        for seeds, figures in table.items():
            told = [f"({e:.1%})" if louder == 1 else "" for e in EXPECTED[seeds]]
            cells = [f"{f:5.1%} {e}" for f, e in zip(figures, told, strict=True)]
            print(f"  {seeds}  " + " ".join(f"{cell:13s}" for cell in cells))
    print("\ncoverage of the nominal 95 % population interval (of the conditional one)")
    for seeds in EXPECTED:
        for interaction in (0.0, 0.5):
            coverage(seeds, max(1, panels // 4), 200, interaction)
    print("\ncoverage of attack success rates")
    for images, per_image, rate in ((30, 2.0, 0.3), (150, 3.0, 0.3), (60, 6.0, 0.1)):
        for seeds in (3, 5):
            attack_rates(rate, images, per_image, seeds, 3 * panels)
    print("\nsingle runs")
    single_runs(design, panels, shifts)
    print("\ntrials of few classes, nothing changed")
    for classes in (5, 10, 15, 20, 30):
        few_classes(3, 3, classes, 10 * panels)
    few_classes(3, 5, 20, 3 * panels)


if __name__ == "__main__":
    main()
