"""Label flow: what each truth became, what was made of nothing, and the records drawn from it.

Made by `evaluation/any_class`; counted by `evaluation/confusion` and `evaluation/flow`.
Axes: N truths (crowds included), D detections at or above the confidence, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.arrays import Ints, Longs, frozen

if TYPE_CHECKING:
    from segtrial.types.evaluation import IouType

MISSED = -1
"""A truth that no detection took. A crowd became `IGNORED` (types/evaluation)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """What became of every truth, and which detections met none, at one IoU and confidence.

    `truth_class`, `truth_image`: int32 (N), as in the Dataset. `became`: int32 (N), the class
    index of the detection that took it, MISSED, or IGNORED for a crowd. `taken_by`: int64 (N), that
    detection's row, −1 for none. `detection_row`: int64 (D), rows of the Detections;
    `detection_class`, `detection_image`: int32 (D); `met`: int32 (D), the truth row, NO_MATCH for a
    false positive, IGNORED where it lies in a crowd or its class was not looked for.
    """

    iou_type: IouType
    iou_threshold: float
    confidence: float
    images: int
    class_names: tuple[str, ...]
    truth_class: Ints
    truth_image: Ints
    became: Ints
    taken_by: Longs
    detection_row: Longs
    detection_class: Ints
    detection_image: Ints
    met: Ints

    def __post_init__(self) -> None:
        for field in ("truth_class", "truth_image", "became"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.int32))
        for field in ("detection_class", "detection_image", "met"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.int32))
        for field in ("taken_by", "detection_row"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.int64))
        truths = {len(self.truth_class), len(self.truth_image), len(self.became)}
        assert truths == {len(self.taken_by)}, f"truth columns of different length: {truths}"
        found = {len(self.detection_class), len(self.detection_image), len(self.met)}
        assert found == {len(self.detection_row)}, f"detection columns of different length: {found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`hits` of `instances`, as a fraction, with its 95 % interval over images.

    NaN where undefined, and then `reason` says why; else `reason` is empty. `images`: those that
    hold the instances. `design_effect`: how much less the instances say than independent ones.
    """

    hits: int
    instances: int
    images: int
    fraction: float
    low: float
    high: float
    design_effect: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """Detections of a class where there is no object: background → class.

    `count` of them in `images_with` of `images` images; `per_image` their mean, with a 95 %
    interval over images (NaN with a `reason`).
    """

    count: int
    images_with: int
    images: int
    per_image: float
    low: float
    high: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One (host, target) pair in one run: what became of the truths of the host class.

    `kept`: host → host. `success`: host → target, the attack success rate. `other`: host → a third
    class. `missed`: no detection took it, the disappearance rate. The four sum to the truths.
    `appeared`: background → target.
    """

    host: str
    target: str
    confidence: float
    kept: Share
    success: Share
    other: Share
    missed: Share
    appeared: Appearance


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A share of the arm minus that of the base, paired by truth.

    `gained`: truths that count in the arm only; `lost`: in the base only. `difference` =
    (gained − lost) / truths, with its 95 % interval over images (NaN with a `reason`).
    """

    base: float
    arm: float
    gained: int
    lost: int
    difference: float
    low: float
    high: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairedAttack:
    """The same truths of the host class in the base run and in the arm's run.

    `table`: int64 (4, 4), base outcome × arm outcome, in the order kept, success, other, missed.
    `appeared`: background → target per image, arm − base; `gained` and `lost` are there the numbers
    in the arm and in the base, which have no truth to be paired by.
    """

    host: str
    target: str
    table: Longs
    kept: Difference
    success: Difference
    other: Difference
    missed: Difference
    appeared: Difference

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", frozen(self.table, np.int64))
