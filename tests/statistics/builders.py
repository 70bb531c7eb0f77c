"""Hand-sized contrasts: classes as lists of runs, everything else filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from segtrial.statistics.contrast import compare_arms
from segtrial.statistics.contrast_input import ContrastInput
from segtrial.types.comparison import ClassRow, Contrast

Runs = Sequence[float]


def make_inputs(classes: dict[str, tuple[Runs, Runs]], **changes: Any) -> ContrastInput:
    """Each class: runs of the control, runs of the arm. Many images, no resamples, all "other"."""
    names = tuple(classes)
    base_SC = np.array([classes[name][0] for name in names], float).T
    arm_SC = np.array([classes[name][1] for name in names], float).T
    fields: dict[str, Any] = {
        "arm": "swap",
        "control": "base",
        "metric": "mask AP",
        "class_names": names,
        "roles": ("other",) * len(names),
        "touched": np.zeros(len(names), np.bool_),
        "instances": np.full(len(names), 200),
        "positive_images": np.full(len(names), 100),
        "base_SC": base_SC,
        "arm_SC": arm_SC,
        "base_BSC": np.zeros((0, *base_SC.shape)),
        "arm_BSC": np.zeros((0, *arm_SC.shape)),
        "margin": 0.01,
    }
    return ContrastInput(**{**fields, **changes})


def compare(classes: dict[str, tuple[Runs, Runs]], **changes: Any) -> Contrast:
    return compare_arms(make_inputs(classes, **changes))


def compare_one(base: Runs, arm: Runs, **changes: Any) -> ClassRow:
    return compare({"bridge": (base, arm)}, **changes).classes[0]


def random_inputs(
    rng: np.random.Generator, classes: int, seeds: int, **changes: Any
) -> ContrastInput:
    """Noise only, in all fields that matter; the first two classes are host and target."""
    centre_C = rng.uniform(0.2, 0.6, classes)  # a strong change and noise stay above 0
    shape = (seeds, classes)
    fields: dict[str, Any] = {
        "roles": ("host", "target", *("other",) * classes)[:classes],
        "instances": rng.integers(20, 900, classes),
        "base_SC": centre_C + rng.normal(0, 0.01, shape),
        "arm_SC": centre_C + rng.normal(0, 0.01, shape),
        "base_BSC": centre_C + rng.normal(0, 0.02, (50, *shape)),
        "arm_BSC": centre_C + rng.normal(0, 0.02, (50, *shape)),
        **changes,
    }
    blank = {f"class {c}": ([0.5] * seeds, [0.5] * seeds) for c in range(classes)}
    return make_inputs(blank, **fields)
