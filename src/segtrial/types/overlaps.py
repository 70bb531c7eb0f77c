"""Overlaps: which detections and truths lie on one another; all matching is drawn from them.

Made once a run and kind of shape by `evaluation/overlaps`. Axes: D detections, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.arrays import Floats, Ints, Longs, frozen

if TYPE_CHECKING:
    from segtrial.types.evaluation import IouType


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Overlaps:
    """Pairs of a detection and a truth of the same image with IoU ≥ `floor`.

    `first`: int64 (D + 1), where each detection's pairs begin. `truth_row`: int32 (P); `iou`:
    float64 (P), 0–1, for a crowd the share of the detection that lies in it. A detection's pairs
    stand by falling IoU; of equal IoUs truths of its own class first, then later rows. `any_class`:
    whether pairs of different classes are among them. `area_px`: float64 (D), of each detection's
    box or mask; NaN for detections that were not looked at, which have no pairs.
    """

    iou_type: IouType
    floor: float
    any_class: bool
    first: Longs
    truth_row: Ints
    iou: Floats
    area_px: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", frozen(self.first, np.int64))
        object.__setattr__(self, "truth_row", frozen(self.truth_row, np.int32))
        object.__setattr__(self, "iou", frozen(self.iou, np.float64))
        object.__setattr__(self, "area_px", frozen(self.area_px, np.float64))
        assert len(self.truth_row) == len(self.iou) == self.first[-1]
        assert len(self.area_px) == len(self.first) - 1
