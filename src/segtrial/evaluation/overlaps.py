"""Detections + Truth → Overlaps: every IoU that matters, computed once a run and kind of shape.

Image by image in blocks, so that no more masks are decoded at a time than a block holds; blocks run
in threads. Matching, label flow and error types all read from the result.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.few_overlaps import few_overlaps, number_of_pairs
from segtrial.evaluation.overlap_kernels import near_pairs, settle_pairs
from segtrial.evaluation.shapes import Shapes, Truth, box_shapes, mask_shapes
from segtrial.types.arrays import Bools, Floats, Ints, Longs
from segtrial.types.evaluation import IouType
from segtrial.types.overlaps import Overlaps

if TYPE_CHECKING:
    from segtrial.types.detections import Detections

FLOOR = 0.1
"""IoU below which a pair is no overlap: TIDE's background threshold."""

BLOCK = 8192
"""Detections that are worked on at once, or those of one image."""

FEW = 20_000
"""Pairs up to which the kernels' compiling would take longer than working without them."""


def overlaps(
    truth: Truth,
    detections: Detections,
    iou_type: IouType,
    *,
    floor: float = FLOOR,
    any_class: bool = True,
    wanted: Bools | None = None,
) -> Overlaps:
    """All pairs of a detection and a truth of its image with IoU ≥ `floor`.

    `any_class`: pairs of different classes too. `wanted`: bool (D), detections that are looked at;
    None = all. IoUs of masks agree with pycocotools to the bit. No truth or no detections: no
    pairs. Raises ValueError for a floor outside (0, 1] and where masks are asked for and missing.
    """
    if not 0 < floor <= 1:
        raise ValueError(f"a floor of {floor}: expected above 0, at most 1")
    if iou_type == IouType.MASK and (detections.masks is None or truth.masks is None):
        raise ValueError("mask matching needs masks on both sides")
    if wanted is None:
        wanted = np.ones(len(detections), np.bool_)
    if number_of_pairs(truth.dataset, detections, wanted) <= FEW:
        return few_overlaps(
            truth, detections, iou_type, floor=floor, any_class=any_class, wanted=wanted
        )
    work = _Work(
        truth=truth,
        real=truth.box_shapes if iou_type == IouType.BOX else truth.mask_shapes,
        image_N=np.array(truth.dataset.first_rows(), np.int64),
        class_N=np.array(truth.dataset.class_index, np.int32),
        crowd_N=np.array(truth.dataset.crowd, np.bool_),
        detections=detections,
        masks=iou_type == IouType.MASK,
        same_class=not any_class,
        floor=floor,
    )
    blocks = _blocks(detections.image_index, truth.dataset.images, wanted)
    count_D = np.zeros(len(detections), np.int64)
    area_D = np.full(len(detections), np.nan)
    truth_rows, ious = [np.zeros(0, np.int32)], [np.zeros(0)]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        for part in threads.map(work.block, blocks):
            count_D[part.rows], area_D[part.rows] = part.count, part.area_px
            truth_rows.append(part.truth_row)
            ious.append(part.iou)
    return Overlaps(
        iou_type=iou_type,
        floor=floor,
        any_class=any_class,
        first=np.append(0, np.cumsum(count_D)),
        truth_row=np.concatenate(truth_rows),
        iou=np.concatenate(ious),
        area_px=area_D,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Block:
    """Images `low` to `high` (excluded), and the rows of their detections that are looked at."""

    low: int
    high: int
    rows: Longs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """Of each detection of a block: the number of its pairs, and its area; the pairs in order."""

    rows: Longs
    count: Longs
    area_px: Floats
    truth_row: Ints
    iou: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Work:
    """What all blocks share. Arrays are writable: kernels are compiled once, for such."""

    truth: Truth
    real: Shapes
    image_N: Longs
    class_N: Ints
    crowd_N: Bools
    detections: Detections
    masks: bool
    same_class: bool
    floor: float

    def block(self, block: _Block) -> _Part:
        """The pairs of one block."""
        found = self._shapes(block.rows)
        images = self.detections.image_index[block.rows]
        image_D = np.searchsorted(images, np.arange(block.low, block.high + 1)).astype(np.int64)
        class_D = self.detections.class_index[block.rows]
        near = self._near(block, found, image_D, class_D)
        first = np.zeros(len(block.rows) + 1, np.int64)
        truth_row, iou = np.empty(len(near[0]), np.int32), np.empty(len(near[0]))
        real = self.real
        kept = settle_pairs(
            *near,
            class_D,
            found.area_px,
            found.start,
            found.stop,
            found.first,
            self.class_N,
            real.area_px,
            self.crowd_N,
            real.start,
            real.stop,
            real.first,
            self.masks,
            self.floor,
            first,
            truth_row,
            iou,
        )
        return _Part(
            rows=block.rows,
            count=np.diff(first),
            area_px=found.area_px,
            truth_row=truth_row[:kept],
            iou=iou[:kept],
        )

    def _near(
        self, block: _Block, found: Shapes, image_D: Longs, class_D: Ints
    ) -> tuple[Longs, Longs, Floats]:
        """Detection, truth and shared px of the boxes of the pairs that may reach the floor."""
        room = 4 * len(block.rows) + 1024
        while True:
            pairs = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
            number = near_pairs(
                image_D,
                class_D,
                found.box_xywh,
                found.area_px,
                self.image_N[block.low : block.high + 1],
                self.class_N,
                self.real.box_xywh,
                self.real.area_px,
                self.crowd_N,
                self.same_class,
                self.floor,
                *pairs,
            )
            if number <= room:
                return pairs[0][:number], pairs[1][:number], pairs[2][:number]
            room = number

    def _shapes(self, rows: Longs) -> Shapes:
        if not self.masks or self.detections.masks is None:
            return box_shapes(self.detections.box_xywh[rows])
        heights = self.truth.dataset.height_px[self.detections.image_index[rows]]
        return mask_shapes(self.detections.masks, rows, heights.astype(np.int64))


def _blocks(image_D: Ints, images: int, wanted: Bools) -> Iterator[_Block]:
    """Images in order, so many that their detections fill a block."""
    first = np.searchsorted(image_D, np.arange(images + 1))
    low = 0
    while low < images:
        high = int(np.searchsorted(first, first[low] + BLOCK, side="right")) - 1
        high = min(max(high, low + 1), images)
        rows = np.arange(first[low], first[high])
        yield _Block(low=low, high=high, rows=rows[wanted[rows]])
        low = high
