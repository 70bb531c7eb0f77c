"""Boxes and masks as the overlap kernels want them; the truth's are made once for all runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segtrial.evaluation.overlap_kernels import Positions, decode_intervals
from segtrial.types.arrays import Floats, Longs
from segtrial.types.dataset import Dataset
from segtrial.types.masks import Masks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shapes:
    """K boxes, or K masks with their tightest boxes.

    `box_xywh` float64 (K, 4); `area_px` float64 (K). The foreground of mask k are the intervals
    `first[k]` to `first[k + 1]` (int64, K + 1) of `start` and `stop`: uint32, column-major
    positions, `stop` excluded. Boxes have none, and `first` is empty.
    """

    box_xywh: Floats
    area_px: Floats
    start: Positions
    stop: Positions
    first: Longs


def box_shapes(box_xywh: Floats) -> Shapes:
    """Shapes of plain boxes, float64 (K, 4): area = width × height."""
    boxes = np.array(box_xywh, np.float64).reshape(-1, 4)
    return Shapes(
        box_xywh=boxes,
        area_px=boxes[:, 2] * boxes[:, 3],
        start=np.zeros(0, np.uint32),
        stop=np.zeros(0, np.uint32),
        first=np.zeros(0, np.int64),
    )


def mask_shapes(masks: Masks, rows: Longs, height_px: Longs) -> Shapes:
    """Shapes of the masks `rows` (int64, K): areas and boxes come from the runs.

    `height_px`: int64 (K), the height of each mask's image.
    """
    count = len(rows)
    begin, end = masks.offset[rows], masks.offset[rows + 1]
    room = int(((end - begin + 1) // 2).sum())
    start, stop = np.empty(room, np.uint32), np.empty(room, np.uint32)
    first, area_px, boxes = np.zeros(count + 1, np.int64), np.zeros(count), np.zeros((count, 4))
    heights = np.array(height_px, np.int64)
    decode_intervals(masks.data, begin, end, heights, start, stop, first, boxes, area_px)
    used = int(first[-1])
    return Shapes(
        box_xywh=boxes, area_px=area_px, start=start[:used], stop=stop[:used], first=first
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """The clean validation labels, prepared once for all runs. `masks` None = boxes only."""

    dataset: Dataset
    masks: Masks | None

    @cached_property
    def box_shapes(self) -> Shapes:
        """The labels' boxes."""
        return box_shapes(self.dataset.box_xywh)

    @cached_property
    def mask_shapes(self) -> Shapes:
        """The labels' masks, decoded once; ValueError where there are none."""
        if self.masks is None:
            raise ValueError("mask matching needs masks on both sides")
        heights = self.dataset.height_px[self.dataset.image_index].astype(np.int64)
        return mask_shapes(self.masks, np.arange(self.dataset.instances), heights)


def prepare_truth(dataset: Dataset, masks: Masks | None) -> Truth:
    """Truth for matching; `masks` are the N instances' masks where masks are evaluated."""
    return Truth(dataset=dataset, masks=masks)
