"""Does the comparison hold what it promises? Simulated trials whose truth is known.

Run: `python -m benchmarks.statistics [--panels 300]` from the project's root; about three minutes
on one core. Prints false positives, familywise error, false discoveries and power beside the
figures that the procedure was chosen by, then coverage of the two intervals, then trials of few
classes.
"""

# ruff: noqa: A005 - run as `benchmarks.statistics`, so it hides no standard module

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from tests.statistics import seed_panels as sim

from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.estimates import Estimates, estimate
from segtrial.statistics.multiplicity import benjamini_hochberg, holm

CLASSES = 45
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


def bdd_like_design() -> Design:
    instances = sim.long_tail(CLASSES, 3000)
    named = tuple(int(np.argmin(np.abs(instances - n))) for n in NAMED_INSTANCES)
    instances[list(named)] = NAMED_INSTANCES
    skill = sim.skill_of(CLASSES)
    skill[list(named)] = np.median(skill)
    return Design(instances=instances, skill=skill, named=(named[0], named[1]))


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
    classes = len(instances)
    if resampled_BSC is None:
        resampled_BSC = np.zeros((0, *runs_SC.shape))
    return estimate(
        ContrastInput(
            arm="arm",
            control="base",
            metric="AP",
            class_names=tuple(f"class {c}" for c in range(classes)),
            roles=("other",) * classes,
            touched=np.zeros(classes, np.bool_),
            instances=instances,
            positive_images=instances if images is None else images,
            base_SC=runs_SC[:base_runs],
            arm_SC=runs_SC[base_runs:],
            base_BSC=resampled_BSC[:, :base_runs],
            arm_BSC=resampled_BSC[:, base_runs:],
            margin=0.01,
        )
    )


def errors_and_power(design: Design, seeds: int, panels: int, shifts: list[float]) -> list[float]:
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
                rng, design.instances, 2 * seeds, skill=design.skill, shift_SC=shift
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
    instances = sim.long_tail(20, 600)
    conditional, rare, common = [], [], []
    for _ in range(panels):
        panel = sim.draw_panel(
            rng,
            instances,
            2 * seeds,
            skill=sim.skill_of(20),
            interaction_sd=interaction,
            arm_S=[0] * seeds + [1] * seeds,
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
        common_C = images >= 30
        conditional += holds_zero(found.conditional[images >= 10])
        common += holds_zero(found.population[common_C])
        rare += holds_zero(found.population[(images >= 10) & ~common_C])
    print(
        f"  S = {seeds}, arm × image SD {interaction}: 0 lies in the conditional interval "
        f"{np.mean(conditional):.1%}, in the population interval {np.mean(common):.1%} "
        f"({np.mean(rare):.1%} with 10 to 29 images)"
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
    rng = np.random.default_rng(4)
    variance, mean = [], []
    for _ in range(20):
        panel = sim.draw_panel(rng, design.instances, 10, skill=design.skill)
        runs_SC = sim.score_panel(panel)[0]
        variance.append(runs_SC.var(axis=0, ddof=1))
        mean.append(runs_SC.mean(axis=0))
    ap_C, sd_C = np.mean(mean, axis=0), np.sqrt(np.mean(variance, axis=0))
    table_C = np.exp(-2.11) * design.instances**-0.26 * (ap_C * (1 - ap_C)) ** 0.52
    print(
        f"seed SD / published: median {np.median(sd_C / table_C):.2f}, "
        f"{np.min(sd_C / table_C):.2f} to {np.max(sd_C / table_C):.2f}; AP {ap_C.min():.2f} to "
        f"{ap_C.max():.2f}; named: n {design.instances[list(design.named)]}, AP "
        f"{np.round(ap_C[list(design.named)], 2)}, SD {np.round(sd_C[list(design.named)], 4)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=300)
    panels = parser.parse_args().panels
    design = bdd_like_design()
    noise_beside_the_tables(design)
    shifts = [shift_for(EFFECT, int(design.instances[c]), design.skill[c]) for c in design.named]
    print(f"\n{panels} panels of {CLASSES} classes, null and {EFFECT} on two; ours (expected)")
    table = {seeds: errors_and_power(design, seeds, panels, shifts) for seeds in EXPECTED}
    print("  S  raw .05       Holm, 2       BH .10        power n=212   power n=57")
    for seeds, figures in table.items():
        cells = [f"{f:5.1%} ({e:.1%})" for f, e in zip(figures, EXPECTED[seeds], strict=True)]
        print(f"  {seeds}  " + " ".join(f"{cell:13s}" for cell in cells))
    print("\ncoverage of nominal 95 %")
    for interaction in (0.0, 0.5):
        coverage(3, max(1, panels // 4), 200, interaction)
    coverage(5, max(1, panels // 4), 200, 0.5)
    print("\ntrials of few classes, nothing changed")
    for classes in (5, 10, 15, 20, 30):
        few_classes(3, 3, classes, 10 * panels)
    few_classes(3, 5, 20, 3 * panels)


if __name__ == "__main__":
    main()
