"""Checkpoint and pictures → Detections in the original pictures' px."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from segtrial.geometry.mini_masks import paste_to_runs
from segtrial.trainers.torchvision.loader import Pictures, normalise
from segtrial.types.detections import Detections
from segtrial.types.masks import pack_masks
from segtrial.types.recipe import MaskRcnnRecipe, TorchvisionRecipe

if TYPE_CHECKING:
    from torch import Tensor

    from segtrial.geometry.letterbox import Letterbox
    from segtrial.trainers.torchvision.model import Detector
    from segtrial.types.arrays import Floats
    from segtrial.types.dataset import Dataset
    from segtrial.types.progress import Report

BATCH = 4


@torch.inference_mode()
def detect(
    model: Detector,
    dataset: Dataset,
    recipe: TorchvisionRecipe,
    device: torch.device,
    report: Report,
) -> Detections:
    """Detections on every picture; masks go from the head's grid straight to run lengths."""
    model.eval()
    pictures = Pictures(dataset, recipe)
    pictures.cache = None
    mean = torch.tensor(recipe.pixel_mean, device=device)[:, None, None] * 255
    std = torch.tensor(recipe.pixel_std, device=device)[:, None, None] * 255
    found = _Found()
    for start in range(0, dataset.images, BATCH):
        report("predict", start, dataset.images, "")
        images = range(start, min(start + BATCH, dataset.images))
        pixels = torch.stack([torch.from_numpy(pictures[i]) for i in images]).to(device)
        results, _ = model(normalise(pixels, mean, std))
        for image, result in zip(images, results, strict=True):
            found.add(image, pictures.frame(image), result)
    report("predict", dataset.images, dataset.images, "")
    return found.detections(masks=isinstance(recipe, MaskRcnnRecipe))


class _Found:
    """Detections picture by picture, in the original pictures' px."""

    def __init__(self) -> None:
        self.columns: list[tuple[int, int, float]] = []
        self.boxes: list[Floats] = []
        self.runs: list[bytes] = []

    def add(self, image: int, frame: Letterbox, result: dict[str, Tensor]) -> None:
        """One picture's result. A box that lies in the padding alone is no detection."""
        box_xyxy = frame.to_source(result["boxes"].cpu().double().numpy())
        grids = result["masks"].cpu().numpy() if "masks" in result else None
        height, width = frame.source
        for k, box in enumerate(box_xyxy):
            if box[2] <= box[0] or box[3] <= box[1]:
                continue
            self.columns.append((image, int(result["labels"][k]) - 1, float(result["scores"][k])))
            self.boxes.append(box)
            if grids is not None:
                self.runs.append(paste_to_runs(grids[k, 0], box, height=height, width=width))

    def detections(self, *, masks: bool) -> Detections:
        """All of them, as columns."""
        table = np.array(self.columns, np.float64).reshape(-1, 3)
        box_xywh = np.array(self.boxes, np.float64).reshape(-1, 4)
        box_xywh[:, 2:] -= box_xywh[:, :2]
        return Detections(
            image_index=table[:, 0].astype(np.int32),
            class_index=table[:, 1].astype(np.int32),
            score=table[:, 2],
            box_xywh=box_xywh,
            masks=pack_masks(self.runs) if masks else None,
        )
