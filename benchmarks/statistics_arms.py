"""Trials of several arms: one family a contrast or one a trial, and free controls or not?

Run: `python -m benchmarks.statistics_arms [--panels 150]` from the project's root; about ten
minutes on one core. Six arms of S runs on 45 classes; seed noise as in `benchmarks.statistics`.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np
from tests.statistics import seed_panels as sim

from benchmarks.statistics import CLASSES, EFFECT, Design, bdd_like_design, contrast, shift_for
from segtrial.statistics.multiplicity import benjamini_hochberg, holm

ARMS = 6
EXPLORED = -0.12  # logits: about −.03 AP, as the named classes'
OTHERS = (57, 1200)  # instances of the classes that an arm changes without naming them


def families(design: Design, seeds: int, panels: int, changed: tuple[int, int]) -> None:
    """Benjamini–Hochberg .10 in each contrast, and over all contrasts of the trial.

    `changed`: how many arms move how many classes that they do not name.
    """
    rng = np.random.default_rng([1, seeds, *changed])
    arm_S = np.repeat(np.arange(ARMS), seeds)
    sized = (design.instances >= OTHERS[0]) & (design.instances <= OTHERS[1])
    explored = np.setdiff1d(np.arange(CLASSES), design.named)
    movable = np.intersect1d(explored, np.flatnonzero(sized))
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(panels):
        shift_AC = np.zeros((ARMS, CLASSES))
        for arm in range(1, 1 + changed[0]):
            shift_AC[arm, rng.choice(movable, changed[1], replace=False)] = EXPLORED
        panel = sim.draw_panel(
            rng,
            design.instances,
            ARMS * seeds,
            skill=design.skill,
            shift_SC=shift_AC[arm_S],
            noise_C=design.noise,
        )
        runs_SC = sim.score_panel(panel)[0]
        p_AC = np.array(
            [
                contrast(np.concatenate([runs_SC[:seeds], own]), seeds, design.instances).p
                for own in (runs_SC[arm_S == arm] for arm in range(1, ARMS))
            ]
        )[:, explored]
        true_AC = shift_AC[1:, explored] != 0
        each = np.array([benjamini_hochberg(p_C) < 0.1 for p_C in p_AC])
        whole = (benjamini_hochberg(p_AC.ravel()) < 0.1).reshape(p_AC.shape)
        for name, said in (("each", each), ("whole", whole)):
            false = said & ~true_AC
            found[f"any {name}"].append(bool(false.any()))
            found[f"rate {name}"].append(false.sum() / max(1, said.sum()))
            found[f"contrast {name}"].append(
                np.mean(false.sum(axis=1) / np.maximum(1, said.sum(axis=1)))
            )
            found[f"power {name}"].append((said & true_AC).sum() / max(1, true_AC.sum()))
    mean = {name: float(np.mean(values)) for name, values in found.items()}
    for name in ("each", "whole"):
        power = f", power {mean[f'power {name}']:.0%}" if changed[0] else ""
        scope = "each contrast" if name == "each" else "the whole trial"
        print(
            f"  S = {seeds}, {changed[0]} arms move {changed[1]} classes, BH over {scope}: false "
            f"discovery rate of a contrast {mean[f'contrast {name}']:.1%}, of the trial "
            f"{mean[f'rate {name}']:.1%}, any in the trial {mean[f'any {name}']:.0%}{power}"
        )


def free_controls(
    design: Design, seeds: int, panels: int, shifts: list[float], spill: float, *, alike: bool
) -> None:
    """The first arm against the base alone, and against base and the four other arms' runs.

    `spill`: SD, in logits, of what the other arms do to classes that they are said to leave alone:
    each arm its own, or all of them `alike`.
    """
    rng = np.random.default_rng([2, seeds])
    arm_S = np.repeat(np.arange(ARMS), seeds)
    named = list(design.named)
    explored = np.setdiff1d(np.arange(CLASSES), named)
    found: dict[str, list[object]] = defaultdict(list)
    for _ in range(panels):
        spilt = rng.normal(0, spill, (1 if alike else ARMS - 2, CLASSES)) if spill else 0.0
        for effect in (0.0, EFFECT):
            shift_AC = np.zeros((ARMS, CLASSES))
            shift_AC[2:] += spilt
            if effect:
                shift_AC[1, named] = shifts
            panel = sim.draw_panel(
                rng,
                design.instances,
                ARMS * seeds,
                skill=design.skill,
                shift_SC=shift_AC[arm_S],
                noise_C=design.noise,
            )
            runs_SC = sim.score_panel(panel)[0]
            base, arm, free = np.split(runs_SC, [seeds, 2 * seeds])
            pooled = np.concatenate([base, free, arm])
            for name, runs, base_runs in (
                ("base alone", runs_SC[: 2 * seeds], seeds),
                ("free controls", pooled, len(base) + len(free)),
            ):
                p_C = contrast(runs, base_runs, design.instances).p
                if effect:
                    found[f"power {name}"].append(holm(p_C[named]) < 0.05)
                    continue
                found[f"raw {name}"].append(np.mean(p_C < 0.05))
                found[f"holm {name}"].append(bool(np.any(holm(p_C[named]) < 0.05)))
                found[f"bh {name}"].append(bool(np.any(benjamini_hochberg(p_C[explored]) < 0.1)))
    for name in ("base alone", "free controls"):
        mean = {key: np.mean(found[f"{key} {name}"], axis=0) for key in ("raw", "holm", "bh")}
        power = np.mean(found[f"power {name}"], axis=0)
        print(
            f"  S = {seeds}, spill {spill}{', alike in all' if alike and spill else ''}, {name}: "
            f"raw {mean['raw']:.1%}, Holm {mean['holm']:.1%}, any by BH {mean['bh']:.1%}, power "
            f"{power[0]:.0%}, {power[1]:.0%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=150)
    panels = parser.parse_args().panels
    design = bdd_like_design()
    shifts = [shift_for(EFFECT, int(design.instances[c]), design.skill[c]) for c in design.named]
    print("families")
    for seeds in (3, 5):
        for changed in ((0, 0), (1, 2), (5, 3)):
            families(design, seeds, panels, changed)
    print("\nfree controls")
    for seeds in (3, 5):
        free_controls(design, seeds, panels, shifts, 0.0, alike=True)
        free_controls(design, seeds, panels, shifts, 0.03, alike=False)
        for spill in (0.015, 0.03):
            free_controls(design, seeds, panels, shifts, spill, alike=True)


if __name__ == "__main__":
    main()
