"""Fitting a picture into the network's fixed size, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segtrial.types.arrays import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """A picture of `source` px scaled into `target` px, padded at the bottom and right.

    Sizes are (height, width). `scaled` is the picture's size inside the target, whole px; so
    both directions have their own factor, equal up to rounding.
    """

    source: tuple[int, int]
    target: tuple[int, int]
    scaled: tuple[int, int]

    @property
    def factors_xyxy(self) -> Floats:
        """Network px per source px for x, y, x, y."""
        x = self.scaled[1] / self.source[1]
        y = self.scaled[0] / self.source[0]
        return np.array([x, y, x, y])

    def to_network(self, box_xywh: Floats) -> Floats:
        """Boxes xywh in source px → xyxy in network px: float64 (K, 4)."""
        box_xyxy = np.concatenate([box_xywh[:, :2], box_xywh[:, :2] + box_xywh[:, 2:]], axis=1)
        return box_xyxy * self.factors_xyxy

    def to_source(self, box_xyxy: Floats) -> Floats:
        """Boxes xyxy in network px → xyxy in source px, cut at the picture's edges: (K, 4)."""
        height, width = self.source
        limit = np.array([width, height, width, height], np.float64)
        return np.clip(box_xyxy / self.factors_xyxy, 0, limit)


def letterbox(source: tuple[int, int], target: tuple[int, int]) -> Letterbox:
    """The largest whole-pixel fit of `source` into `target`, both (height, width)."""
    scale = min(target[0] / source[0], target[1] / source[1])
    scaled = (
        min(target[0], max(1, round(source[0] * scale))),
        min(target[1], max(1, round(source[1] * scale))),
    )
    return Letterbox(source=source, target=target, scaled=scaled)
