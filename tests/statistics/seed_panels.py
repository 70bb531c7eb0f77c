"""Simulated trials whose truth is known: arms of several runs on C classes, scored by real AP.

Each candidate detection has a difficulty that all runs share (its image's and its own); a run adds
a shift common to all classes, one for each class, and noise for each candidate. Runs of all arms
are exchangeable unless an arm is shifted. Axes: C classes, S runs, K candidates, B resamples.
The three noise sizes give a seed SD near that measured on published tables; `calibrated_noise`
makes it so for each class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

IMAGES = 1000
RUN_SD = 0.012  # of a run, the same for all classes
CLASS_SD = 0.027  # of a run on one class
CANDIDATE_SD = 0.28  # of a run on one candidate
IMAGE_SD, DIFFICULTY_SD = 0.6, 1.0  # shared by all runs
FALSE_PER_TRUE = 2
FOUND_ABOVE = -1.0  # candidates below are not reported: recall stays below 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassCandidates:
    """Candidates of one class: float64 (S, K) scores, bool (K) truth, int64 (K) image."""

    score_SK: Array
    true_K: npt.NDArray[np.bool_]
    image_K: Counts


def long_tail(classes: int, largest: int, smallest: int = 12) -> Counts:
    """Instances of each class, from many to few."""
    return np.geomspace(largest, smallest, classes).round().astype(np.int64)


def skill_of(classes: int) -> Array:
    """Mean logit of the true candidates of each class: AP from about .05 to .5, in mixed order."""
    return np.linspace(-1.8, 0.0, classes)[np.arange(classes) * 7 % classes]


def draw_panel(
    rng: np.random.Generator,
    instances: Counts,
    runs: int,
    *,
    skill: Array | None = None,
    shift_SC: Array | None = None,
    interaction_sd: float = 0.0,
    arm_S: Sequence[int] = (),
    noise_C: Array | None = None,
) -> list[ClassCandidates]:
    """One trial. `shift_SC` moves true candidates of a run and class; `interaction_sd`: what each
    arm (`arm_S`: the arm of each run) finds harder or easier, image by image; drawn for every arm,
    so that the arms are alike over all images. `noise_C`: how many times the usual noise between
    runs a class has.
    """
    skill = skill_of(len(instances)) if skill is None else skill
    noise_C = np.ones(len(instances)) if noise_C is None else noise_C
    run_S = rng.normal(0, RUN_SD, runs)
    image_I = rng.normal(0, IMAGE_SD, IMAGES)
    panel = []
    for c, n in enumerate(instances):
        true_K = np.repeat([True, False], [n, n * FALSE_PER_TRUE])
        image_K = rng.integers(0, IMAGES, len(true_K))
        offset_S = noise_C[c] * (run_S + rng.normal(0, CLASS_SD, runs))
        if shift_SC is not None:
            offset_S = offset_S + shift_SC[:, c]
        shared_K = rng.normal(0, DIFFICULTY_SD, len(true_K)) + np.where(true_K, skill[c], -0.8)
        score_SK = noise_C[c] * rng.normal(0, CANDIDATE_SD, (runs, len(true_K))) + shared_K
        score_SK += np.where(true_K, image_I[image_K] + offset_S[:, None], 0)
        if interaction_sd:
            for arm in sorted(set(arm_S)):
                by_image = rng.normal(0, interaction_sd, IMAGES)
                score_SK[np.array(arm_S) == arm] += np.where(true_K, by_image[image_K], 0)
        panel.append(ClassCandidates(score_SK=score_SK, true_K=true_K, image_K=image_K))
    return panel


def score_panel(panel: list[ClassCandidates], weights_BI: Array | None = None) -> Array:
    """AP of each resample, run and class: float64 (B, S, C); without weights B = 1."""
    weights_BI = np.ones((1, IMAGES)) if weights_BI is None else weights_BI
    per_class = [
        np.stack([_ap(one, s, weights_BI) for s in range(len(one.score_SK))], axis=1)
        for one in panel
    ]
    return np.stack(per_class, axis=2)


def _ap(one: ClassCandidates, run: int, weights_BI: Array) -> Array:
    """Area under the precision envelope, every image counted as often as its weight."""
    score = one.score_SK[run]
    found = np.flatnonzero(score > FOUND_ABOVE)
    order = found[np.argsort(-score[found])]
    weight_BK = weights_BI[:, one.image_K[order]]
    hit_BK = weight_BK * one.true_K[order]
    seen_BK = np.cumsum(weight_BK, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision_BK = np.where(seen_BK > 0, np.cumsum(hit_BK, axis=1) / seen_BK, 0)
        envelope_BK = np.maximum.accumulate(precision_BK[:, ::-1], axis=1)[:, ::-1]
        truth_B = weights_BI[:, one.image_K[one.true_K]].sum(axis=1)
        return np.sum(hit_BK * envelope_BK, axis=1) / truth_B


def positive_images(panel: list[ClassCandidates]) -> Counts:
    """Images that hold truth of each class."""
    return np.array([len(np.unique(one.image_K[one.true_K])) for one in panel], np.int64)


def published_sd(instances: Counts, ap_C: Array) -> Array:
    """SD between runs by the law measured on published tables (statistics.md, worked case)."""
    return np.asarray(np.exp(-2.11) * instances**-0.26 * (ap_C * (1 - ap_C)) ** 0.52)


def seed_sd(
    rng: np.random.Generator, instances: Counts, skill: Array, noise_C: Array, panels: int = 40
) -> tuple[Array, Array]:
    """SD of a run between seeds, root mean square over panels of 8 runs, and mean AP: each (C)."""
    runs = [
        score_panel(draw_panel(rng, instances, 8, skill=skill, noise_C=noise_C))[0]
        for _ in range(panels)
    ]
    variance_C = np.mean([one.var(axis=0, ddof=1) for one in runs], axis=0)
    return np.sqrt(variance_C), np.mean(runs, axis=(0, 1))


def calibrated_noise(instances: Counts, skill: Array) -> Array:
    """`noise_C` with which each class has the published SD between runs: float64 (C)."""
    noise_C = np.ones(len(instances))
    for step in range(2):
        sd_C, ap_C = seed_sd(np.random.default_rng([40, step]), instances, skill, noise_C)
        noise_C = noise_C * published_sd(instances, ap_C) / sd_C
    return noise_C
