"""The port's implementation on torchvision's parts."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import msgspec
import torch
import torchvision

from segtrial.trainers.port import Job, Served, Workspace
from segtrial.trainers.torchvision import weights
from segtrial.trainers.torchvision.effective import effective_recipe
from segtrial.trainers.torchvision.loader import Loader
from segtrial.trainers.torchvision.model import Detector, build, device_of
from segtrial.trainers.torchvision.prediction import detect
from segtrial.trainers.torchvision.training import (
    STATE,
    seed_torch,
    time_batches,
    to_bytes,
    train,
)
from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.edits import Edits
from segtrial.types.errors import RunError
from segtrial.types.progress import Report
from segtrial.types.recipe import Recipe, TorchvisionRecipe

CHECKPOINT = "checkpoint.pt"


class TorchvisionTrainer:
    """Mask R-CNN and Faster R-CNN."""

    scratch: tuple[str, ...] = (STATE,)

    def environment(self, recipe: Recipe, weights_root: Path) -> dict[str, str]:
        """Versions, device and the hash of the weights."""
        assert isinstance(recipe, TorchvisionRecipe)
        device = device_of(recipe)
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
        return {
            "torch": str(torch.__version__),
            "torchvision": str(torchvision.__version__),
            "device": name,
            "weights": weights.digest(weights.resolve(recipe, weights_root)),
        }

    def effective(self, recipe: Recipe, weights_root: Path) -> dict[str, Any]:
        """The recipe as it acts; for pretrained weights also which parts they fill."""
        assert isinstance(recipe, TorchvisionRecipe)
        source = weights.resolve(recipe, weights_root)
        acting = effective_recipe(recipe)
        acting |= {
            "device": device_of(recipe).type,
            "source of the weights": weights.digest(source),
        }
        if source is not None:
            filled = weights.filled_parts(weights.load(build(recipe, 1), source))
            acting |= {f"{part} weights": state for part, state in filled.items()}
        return acting

    def fit(
        self,
        job: Job,
        train_set: Dataset,
        edits: Edits | None,
        workspace: Workspace,
        report: Report,
    ) -> Served:
        """Train and leave "checkpoint.pt" (model weights) and "log.jsonl".

        Labels reach the network only through `train_set`; the edits are not looked at.
        """
        del edits
        recipe, device = _ready(job)
        report("prepare", 0, 1, "reading labels")
        loader = Loader(train_set, recipe, job.seed)
        model, loaded = self._fresh(job, recipe)
        if loaded is not None:
            workspace.write("weights.json", msgspec.json.format(msgspec.json.encode(loaded)))
        history = train(model.to(device), loader, recipe, device, workspace, report)
        workspace.write(CHECKPOINT, to_bytes({"model": model.state_dict()}))
        return _read_back(history, loader)

    def predict(
        self, job: Job, images: Dataset, workspace: Workspace, report: Report
    ) -> Detections:
        """Detections from "checkpoint.pt", which is loaded with `weights_only`."""
        recipe, device = _ready(job)
        data = workspace.read(CHECKPOINT)
        assert data is not None, "fit comes before predict"
        model = build(recipe, len(job.class_names))
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        model.load_state_dict(state["model"])
        return detect(model.to(device), images, recipe, device, report)

    def estimate_seconds(self, job: Job, train: Dataset, val: Dataset) -> float:
        """Seconds of one run: two batches are trained and predicted, the second is timed."""
        recipe, device = _ready(job)
        size = recipe.batch_size
        some = train.take_images(range(min(2 * size, train.images)))
        model, _ = self._fresh(job, recipe)
        step, picture = time_batches(
            model.to(device), Loader(some, recipe, job.seed), recipe, device
        )
        return step * math.ceil(train.images / size) * recipe.epochs + picture * val.images

    def _fresh(self, job: Job, recipe: TorchvisionRecipe) -> tuple[Detector, weights.Loaded | None]:
        seed_torch(job.seed, "initialise")
        model = build(recipe, len(job.class_names))
        source = weights.resolve(recipe, job.weights_root)
        return model, None if source is None else weights.load(model, source)


def _ready(job: Job) -> tuple[TorchvisionRecipe, torch.device]:
    assert isinstance(job.recipe, TorchvisionRecipe)
    torch.set_num_threads(job.recipe.threads)
    return job.recipe, device_of(job.recipe)


def _read_back(history: list[dict[str, object]], loader: Loader) -> Served:
    """Instances per class that every epoch served. Raises RunError where epochs differ."""
    served = history[0]["served"]
    if any(row["served"] != served for row in history):
        raise RunError("The loader served different instances in different epochs.")
    assert isinstance(served, list)
    barren = [row["epoch"] for row in history if row["proposals_per_image"] == 0]
    return Served(
        warnings=(
            (f"the proposal network kept no proposal in epochs {barren}; rpn.score_threshold?",)
            if barren
            else ()
        ),
        instances=dict(zip(loader.dataset.class_names, served, strict=True)),
        without_area=loader.labels.without_area,
    )
