"""A small data set with pictures, and a small recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from segtrial.data.read import read
from segtrial.data.streets import write_streets
from segtrial.trainers.port import Job
from segtrial.types.dataset import Dataset
from segtrial.types.recipe import MaskRcnnRecipe, Recipe
from segtrial.types.trial import Streets

SMALL: dict[str, Any] = {
    "model": "mask_rcnn",
    "backbone": "resnet_tiny",
    "fpn_channels": 8,
    "image_size": [64, 96],
    "anchors": {"sizes": [[8], [16], [32], [64], [128]]},
    "rpn": {
        "batch_per_image": 16,
        "pre_nms_top_n_train": 50,
        "post_nms_top_n_train": 20,
        "pre_nms_top_n_test": 50,
        "post_nms_top_n_test": 20,
    },
    "roi": {
        "batch_per_image": 8,
        "box_head_channels": 16,
        "mask_head_channels": [8],
        "mini_mask_px": 14,
    },
    "detect": {"score_threshold": 0.01},
    "epochs": 2,
    "batch_size": 2,
}


def small_recipe(**changes: Any) -> MaskRcnnRecipe:
    """The small recipe with top-level keys changed."""
    return msgspec.convert(SMALL | changes, type=Recipe)


def scenes(folder: Path, train: int = 6, val: int = 3) -> tuple[Dataset, Dataset]:
    """Training and validation street scenes of 64 × 96 px."""
    spec = Streets(train=train, val=val, seed=2, image_size=(64, 96))
    write_streets(spec, folder)
    labels, images = folder / "labels", folder / "images"
    return read(labels / "streets_train.json", images), read(labels / "streets_val.json", images)


def job_of(recipe: Recipe, dataset: Dataset, root: Path = Path(), seed: int = 0) -> Job:
    """A run of the recipe on the data set."""
    return Job(recipe=recipe, seed=seed, class_names=dataset.class_names, weights_root=root)


class Memory(dict[str, bytes]):
    """A workspace in memory."""

    def read(self, name: str) -> bytes | None:
        return self.get(name)

    def write(self, name: str, data: bytes) -> None:
        self[name] = data

    def remove(self, name: str) -> None:
        self.pop(name, None)


def silent(stage: str, done: int, total: int, message: str) -> None:
    """Progress that nobody reads."""
