"""A trainer without training: truth perturbed by known error rates, so a true effect is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from scipy.special import expit, logit

from segtrial.geometry.rasterise import truth_masks
from segtrial.geometry.runs import shifted_runs
from segtrial.trainers.port import Job, Served, Workspace
from segtrial.types.arrays import Floats, Longs
from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.edits import Edits
from segtrial.types.progress import Report
from segtrial.types.randomness import generator, key_of
from segtrial.types.recipe import OracleRecipe, Recipe


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What the oracle "learned": per class the chance of a hit, and how it calls each class.

    `stream`: key of its randomness besides the seed, from labels and recipe: as with a real
    trainer, two arms of one seed do not share their noise.
    `call[a][b]`: chance that a detected truth of class a is called b; rows sum to 1.
    """

    stream: int
    hit: list[float]
    call: list[list[float]]


CHECKPOINT = "checkpoint.json"


class OracleTrainer:
    """Known error rates behind the port; its recipe's docstring states each."""

    scratch: tuple[str, ...] = ()

    def environment(self, recipe: Recipe, weights_root: Path) -> dict[str, str]:
        """The oracle depends on nothing but the libraries that every run depends on."""
        del recipe, weights_root
        return {}

    def effective(self, recipe: Recipe, weights_root: Path) -> dict[str, Any]:
        """The recipe as it stands: every key acts."""
        del weights_root
        return dict(msgspec.to_builtins(recipe))

    def fit(
        self, job: Job, train: Dataset, edits: Edits | None, workspace: Workspace, report: Report
    ) -> Served:
        """Write the error rates of this seed; relabelled instances act through `response`."""
        recipe = job.recipe
        assert isinstance(recipe, OracleRecipe)
        report("train", 0, 1, "")
        counts = train.instance_counts()
        stream = key_of(train.fingerprint(), repr(recipe)) >> 65
        learned = Learned(
            stream=stream,
            hit=_hit_rates(recipe, job, stream).tolist(),
            call=_calls(recipe, train.class_names, counts, edits).tolist(),
        )
        workspace.write(CHECKPOINT, msgspec.json.format(msgspec.json.encode(learned)))
        report("train", 1, 1, "")
        names = train.class_names
        return Served(
            instances={name: int(n) for name, n in zip(names, counts, strict=True)},
            without_area=0,
        )

    def estimate_seconds(self, job: Job, train: Dataset, val: Dataset) -> float:
        """A fixed rate, not timed here: 20 µs for each validation instance, and 0.2 s.

        Thirty runs on 18,000 instances took 0.5 to 1 s each on two cores.
        """
        del job, train
        return 0.2 + 2e-5 * val.instances

    def predict(
        self, job: Job, images: Dataset, workspace: Workspace, report: Report
    ) -> Detections:
        """Detections drawn around the clean truth of `images`."""
        recipe = job.recipe
        assert isinstance(recipe, OracleRecipe)
        data = workspace.read(CHECKPOINT)
        assert data is not None, "fit comes before predict"
        report("predict", 0, 1, "")
        drawn = _draw(recipe, msgspec.json.decode(data, type=Learned), images, job.seed)
        order = np.lexsort((-drawn.score, drawn.image))
        masks = None
        if recipe.masks:
            masks = shifted_runs(
                truth_masks(images),
                rows=drawn.source[order],
                shift_px=drawn.shift[order],
                height_px=images.height_px[drawn.image[order]].astype(np.int64),
            )
        report("predict", 1, 1, "")
        return Detections(
            image_index=drawn.image[order].astype(np.int32),
            class_index=drawn.label[order].astype(np.int32),
            score=drawn.score[order],
            box_xywh=drawn.box_xywh[order],
            masks=masks,
        )


def _hit_rates(recipe: OracleRecipe, job: Job, stream: int) -> Floats:
    """Per class: a class's own difficulty, the same in every run, and a seed's effect on it."""
    classes = len(job.class_names)
    difficulty = [generator("oracle class", name).normal() for name in job.class_names]
    luck = generator(job.seed, "oracle fit", stream).normal(size=classes)
    spread = np.array(difficulty) * recipe.hit_class_sd + luck * recipe.hit_seed_sd
    return np.asarray(expit(logit(np.clip(recipe.hit, 1e-6, 1 - 1e-6)) + spread))


def _calls(
    recipe: OracleRecipe, names: tuple[str, ...], counts: Longs, edits: Edits | None
) -> Floats:
    """Confusion matrix: `confusion` spread evenly, and the response to relabelled instances."""
    classes = len(names)
    call = np.full((classes, classes), recipe.confusion / max(classes - 1, 1))
    np.fill_diagonal(call, 1 - recipe.confusion if classes > 1 else 1.0)
    if edits is None:
        return call
    row_of = {name: row for row, name in enumerate(names)}
    moved = np.zeros((classes, classes))
    for edit in edits.rows:
        moved[row_of[edit.before], row_of[edit.after]] += 1
    before = counts + moved.sum(axis=1) - moved.sum(axis=0)
    share = recipe.response * moved / np.maximum(before, 1)[:, None]
    call = call * (1 - share.sum(axis=1))[:, None] + share
    return np.asarray(call)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Drawn:
    """Raw detections: image, label, score, box; `source` = the truth row whose mask is used."""

    image: Longs
    label: Longs
    score: Floats
    box_xywh: Floats
    source: Longs
    shift: Longs


def _draw(recipe: OracleRecipe, learned: Learned, images: Dataset, seed: int) -> _Drawn:
    """Hits on truth and false positives, drawn from (seed, stream, row)."""
    truths = images.instances
    draws = generator(seed, "oracle predict", learned.stream).random((truths, 3))
    call = np.cumsum(np.array(learned.call), axis=1)
    hit = draws[:, 0] < np.array(learned.hit)[images.class_index]
    rows = np.flatnonzero(hit & ~images.crowd)
    label = (draws[rows, 1:2] > call[images.class_index[rows]]).sum(axis=1)
    label = np.minimum(label, len(images.class_names) - 1)
    noise = generator(seed, "oracle jitter", learned.stream).normal(size=(truths, 2))[rows]
    score = 0.35 + 0.6 * draws[rows, 2] ** 0.5
    false_rows, false_label, false_noise, false_score = _false_positives(
        recipe, images, generator(seed, "oracle false", learned.stream)
    )
    all_rows = np.concatenate([rows, false_rows])
    jitter = np.concatenate([noise * recipe.box_jitter, false_noise])
    shift = np.rint(jitter * images.box_xywh[all_rows, 2:]).astype(np.int64)
    box = np.array(images.box_xywh[all_rows])
    size = np.stack([images.width_px, images.height_px], 1)[images.image_index[all_rows]]
    low = -np.floor(box[:, :2])
    high = np.maximum(size - np.ceil(box[:, :2] + box[:, 2:]), low)
    shift = np.clip(shift, low, high).astype(np.int64)
    box[:, :2] += shift
    return _Drawn(
        image=images.image_index[all_rows].astype(np.int64),
        label=np.concatenate([label, false_label]),
        score=np.concatenate([score, false_score]),
        box_xywh=box,
        source=all_rows,
        shift=shift,
    )


def _false_positives(
    recipe: OracleRecipe, images: Dataset, source: np.random.Generator
) -> tuple[Longs, Longs, Floats, Floats]:
    """Truth shapes moved to where they are not: row, label, shift in box sides, score."""
    count = source.poisson(recipe.false_positives * images.images) if images.instances else 0
    rows = source.integers(0, max(images.instances, 1), size=count)
    prior = np.sqrt(images.instance_counts() + 1.0)
    label = source.choice(len(prior), size=count, p=prior / prior.sum())
    angle = source.random(count) * 2 * np.pi
    noise = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 + source.random((count, 1)))
    return rows, label, noise, 0.05 + 0.55 * source.random(count)
