"""Pictures and labels in the network's frame: letterboxed once, flipped and batched as needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from segtrial.geometry.letterbox import Letterbox, letterbox
from segtrial.geometry.mini_masks import mini_mask
from segtrial.geometry.outlines import outline_of
from segtrial.geometry.pictures import FORMATS, upright
from segtrial.trainers.torchvision.roi_heads import Targets
from segtrial.types.arrays import Bytes, Longs
from segtrial.types.dataset import Dataset
from segtrial.types.errors import DataError
from segtrial.types.randomness import uniform
from segtrial.types.recipe import MaskRcnnRecipe, TorchvisionRecipe

CACHE_BYTES = 2 << 30  # letterboxed pictures are kept in memory up to this size


class Pictures:
    """Letterboxed pictures of a data set: uint8 (3, H, W), decoded once while they fit."""

    def __init__(self, dataset: Dataset, recipe: TorchvisionRecipe) -> None:
        self.dataset = dataset
        self.target = recipe.image_size
        self.fill = [round(255 * mean) for mean in recipe.pixel_mean]
        size = 3 * self.target[0] * self.target[1] * dataset.images
        self.cache: dict[int, Bytes] | None = {} if size <= CACHE_BYTES else None

    def frame(self, image: int) -> Letterbox:
        """How the picture stands in the network's frame."""
        height, width = int(self.dataset.height_px[image]), int(self.dataset.width_px[image])
        return letterbox((height, width), self.target)

    def __getitem__(self, image: int) -> Bytes:
        """One picture; padding at the bottom and right has the mean colour.

        Raises DataError for a picture that cannot be decoded.
        """
        if self.cache is not None and image in self.cache:
            return self.cache[image]
        picture = self._decode(image)
        if self.cache is not None:
            self.cache[image] = picture
        return picture

    def _decode(self, image: int) -> Bytes:
        root = self.dataset.image_root
        assert root is not None, "checked when the trial was planned"
        path = root / self.dataset.file_name[image]
        height, width = self.frame(image).scaled
        try:
            with Image.open(path, formats=FORMATS) as source:
                picture = upright(source) if self.dataset.turns_pictures else source
                rgb = picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise DataError(
                "A picture cannot be decoded.",
                where=str(path),
                expected="a whole picture file",
                got=str(error),
                next_step="fetch the picture again",
            ) from error
        out = np.empty((3, *self.target), np.uint8)
        out[:] = np.array(self.fill, np.uint8)[:, None, None]
        out[:, :height, :width] = np.asarray(rgb).transpose(2, 0, 1)
        return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """Training labels in the network's frame, by data set row.

    `boxes` float32 (N, 4) xyxy in network px; `labels` int64 (N), class row + 1; `masks` uint8
    (N, m, m) in the box's frame, or None; `rows` per image: the rows that are served (no crowds,
    no box without area).
    """

    boxes: Tensor
    labels: Tensor
    masks: Tensor | None
    rows: list[Longs]
    without_area: int


def prepare_labels(dataset: Dataset, pictures: Pictures, recipe: TorchvisionRecipe) -> Labels:
    """All labels once; a mask is drawn straight from its outline into its box's frame."""
    first = dataset.first_rows()
    boxes = np.zeros((dataset.instances, 4), np.float32)
    for image in range(dataset.images):
        span = slice(first[image], first[image + 1])
        boxes[span] = pictures.frame(image).to_network(dataset.box_xywh[span])
    has_area = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    served = has_area & ~dataset.crowd
    masks = None
    if isinstance(recipe, MaskRcnnRecipe):
        side = recipe.roi.mini_mask_px
        masks = torch.zeros((dataset.instances, side, side), dtype=torch.uint8)
        for row in np.flatnonzero(served):
            masks[row] = torch.from_numpy(_mini(dataset, int(row), side))
    return Labels(
        boxes=torch.from_numpy(boxes),
        labels=torch.from_numpy(dataset.class_index.astype(np.int64) + 1),
        masks=masks,
        rows=[
            first[i] + np.flatnonzero(served[first[i] : first[i + 1]])
            for i in range(dataset.images)
        ],
        without_area=int((~has_area & ~dataset.crowd).sum()),
    )


def _mini(dataset: Dataset, row: int, side: int) -> Bytes:
    outline = outline_of(dataset, row)
    if outline is None:
        return np.ones((side, side), np.uint8)
    return mini_mask(outline, dataset.box_xywh[row], side).astype(np.uint8)


class Loader:
    """Batches of one training set, in an order that depends on (seed, epoch) alone."""

    def __init__(self, dataset: Dataset, recipe: TorchvisionRecipe, seed: int) -> None:
        self.dataset = dataset
        self.recipe = recipe
        self.seed = seed
        self.pictures = Pictures(dataset, recipe)
        self.labels = prepare_labels(dataset, self.pictures, recipe)
        self.mean = torch.tensor(recipe.pixel_mean)[:, None, None] * 255
        self.std = torch.tensor(recipe.pixel_std)[:, None, None] * 255

    def order(self, epoch: int) -> list[int]:
        """The images of one epoch: each once."""
        return sorted(
            range(self.dataset.images),
            key=lambda i: (uniform(self.seed, "order", epoch, self.dataset.image_id[i]), i),
        )

    def batch(self, images: list[int], epoch: int, device: torch.device) -> tuple[Tensor, Targets]:
        """Normalised pictures (B, 3, H, W) and their targets, on `device`."""
        pixels = torch.stack([torch.from_numpy(self.pictures[i]) for i in images]).to(device)
        flips = [self._flips(i, epoch) for i in images]
        batch = normalise(pixels, self.mean.to(device), self.std.to(device))
        targets = [self._target(i, device) for i in images]
        width = batch.shape[3]
        for k, flip in enumerate(flips):
            if flip:
                batch[k] = batch[k].flip(-1)
                targets[k] = _flipped(targets[k], width)
        return batch, targets

    def _flips(self, image: int, epoch: int) -> bool:
        name = self.dataset.image_id[image]
        return uniform(self.seed, "flip", epoch, name) < self.recipe.flip

    def _target(self, image: int, device: torch.device) -> dict[str, Tensor]:
        rows = torch.from_numpy(self.labels.rows[image])
        target = {"boxes": self.labels.boxes[rows], "labels": self.labels.labels[rows]}
        if self.labels.masks is not None:
            target["masks"] = self.labels.masks[rows]
        return {name: value.to(device) for name, value in target.items()}


def normalise(pixels: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) → float32 (value − mean) / std."""
    return (pixels.float() - mean) / std


def _flipped(target: dict[str, Tensor], width: int) -> dict[str, Tensor]:
    """The target of a horizontally mirrored picture of `width` px."""
    boxes = target["boxes"]
    mirrored = torch.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)
    out = target | {"boxes": mirrored}
    if "masks" in target:
        out["masks"] = target["masks"].flip(-1)
    return out
