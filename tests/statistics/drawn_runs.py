"""One simulated run on C classes, as matches: true AP is known from a set without end.

The candidates of `seed_panels`: each has a difficulty, each image one that its true candidates
share; two false for a true one. Images and instances are drawn, the model is fixed.
"""

from __future__ import annotations

import numpy as np

from segtrial.evaluation.average_precision import plain_precision
from segtrial.types.evaluation import NO_MATCH, IouType, Matches
from tests.statistics import seed_panels as sim

SPREAD = float(np.hypot(sim.DIFFICULTY_SD, sim.CANDIDATE_SD))
FALSE_CENTRE = -0.8


def draw_run(
    rng: np.random.Generator,
    instances: sim.Counts,
    skill: sim.Array,
    *,
    images: int = sim.IMAGES,
    alone: bool = False,
) -> Matches:
    """`instances`, `skill`: of each class. `alone`: images are not hard for all classes together,
    so that each class is a run of its own.
    """
    classes = len(instances)
    counts = np.stack([instances, instances * sim.FALSE_PER_TRUE], axis=1)
    true_K = np.repeat(np.tile([True, False], classes), counts.ravel())
    class_K = np.repeat(np.arange(classes), counts.sum(axis=1))
    image_K = rng.integers(0, images, len(true_K))
    hard = rng.normal(0, sim.IMAGE_SD, (classes if alone else 1, images))
    of_image_K = hard[class_K if alone else 0, image_K]
    score_K = rng.normal(0, SPREAD, len(true_K))
    score_K += np.where(true_K, skill[class_K] + of_image_K, FALSE_CENTRE)
    found = np.flatnonzero(score_K > sim.FOUND_ABOVE)
    order = found[np.lexsort((-score_K[found], class_K[found]))]
    return Matches(
        iou_type=IouType.BOX,
        images=images,
        classes=classes,
        thresholds=np.array([0.5]),
        image_index=image_K[order].astype(np.int32),
        class_index=class_K[order].astype(np.int32),
        score=score_K[order],
        detection_row=np.arange(len(order)),
        truth_row=np.where(true_K[order], order, NO_MATCH).astype(np.int32)[None],
        truth_class=class_K[true_K].astype(np.int32),
        truth_image=image_K[true_K].astype(np.int32),
    )


def limit_ap(skill: float, instances: int = 300_000) -> float:
    """AP of the class where images never end: of so many instances, each in an image of its own."""
    rng = np.random.default_rng(99)
    many = draw_run(rng, np.array([instances]), np.array([skill]), images=3 * instances)
    return float(plain_precision(many)[0, 0])


def multinomial_weights(rng: np.random.Generator, images: int, resamples: int) -> sim.Counts:
    """How often each image stands in each resample: int64 (B, I)."""
    return rng.multinomial(images, np.full(images, 1 / images), resamples)
