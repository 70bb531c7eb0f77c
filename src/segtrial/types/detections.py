"""Detections: what a model says about the images, as flat columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segtrial.types.arrays import Floats, Ints, frozen
from segtrial.types.masks import Masks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Detections:
    """D detections, sorted by image; within an image in the model's order.

    `image_index`, `class_index`: int32 (D), rows of the validation Dataset. `score`: float64 (D)
    in [0, 1]. `box_xywh`: float64 (D, 4) in px of the original image, far edge excluded.
    `masks`: D masks in the original image's size, or None where the model draws none.
    `area_px`: float64 (D), what decides between small, medium and large; None = the area of the
    shape that is compared. Result files that state a box mean its area, even for their masks
    (pycocotools `loadRes`).
    """

    image_index: Ints
    class_index: Ints
    score: Floats
    box_xywh: Floats
    masks: Masks | None
    area_px: Floats | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "image_index", frozen(self.image_index, np.int32))
        object.__setattr__(self, "class_index", frozen(self.class_index, np.int32))
        object.__setattr__(self, "score", frozen(self.score, np.float64))
        box = np.asarray(self.box_xywh, dtype=np.float64).reshape(-1, 4)
        object.__setattr__(self, "box_xywh", frozen(box, np.float64))
        if self.area_px is not None:
            object.__setattr__(self, "area_px", frozen(self.area_px, np.float64))
        sizes = {len(self.image_index), len(self.class_index), len(self.score), len(box)}
        if self.masks is not None:
            sizes.add(len(self.masks))
        if self.area_px is not None:
            sizes.add(len(self.area_px))
        assert len(sizes) == 1, f"detection columns of different length: {sizes}"
        assert np.all(np.diff(self.image_index) >= 0), "detections must be sorted by image"

    def __len__(self) -> int:
        return len(self.score)
