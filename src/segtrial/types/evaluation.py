"""Matches and Scores: what the evaluation leaves for everything after it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from segtrial.types.arrays import Floats, Ints, Longs, frozen

NO_MATCH = -1  # met no truth at this threshold: a false positive
IGNORED = -2  # met a crowd: neither hit nor false positive


class IouType(StrEnum):
    """What is compared: boxes or masks."""

    BOX = "box"
    MASK = "mask"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """Which truth row each detection met, at each IoU threshold.

    D detections (at most 100 an image and class, highest scores first), T thresholds.
    `image_index`, `class_index`: int32 (D); `score`: float64 (D); `detection_row`: int64 (D),
    the row in the Detections. `truth_row`: int32 (T, D): the Dataset's row, NO_MATCH or IGNORED.
    `truth_class`, `truth_image`: int32 (M): of the truth that counts (no crowds).
    Sorted by class, then by falling score; equal scores keep the order of the images, then the
    order within the image (pycocotools' stable merge sort).
    """

    iou_type: IouType
    images: int
    classes: int
    thresholds: Floats
    image_index: Ints
    class_index: Ints
    score: Floats
    detection_row: Longs
    truth_row: npt.NDArray[np.int32]
    truth_class: Ints
    truth_image: Ints

    def __post_init__(self) -> None:
        for field in ("image_index", "class_index", "truth_class", "truth_image", "truth_row"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.int32))
        object.__setattr__(self, "score", frozen(self.score, np.float64))
        object.__setattr__(self, "thresholds", frozen(self.thresholds, np.float64))
        object.__setattr__(self, "detection_row", frozen(self.detection_row, np.int64))

    def class_slices(self) -> Longs:
        """First row of each class, and D at the end: int64 (C + 1)."""
        return np.searchsorted(self.class_index, np.arange(self.classes + 1)).astype(np.int64)

    def met_by(self, truths: int) -> Longs:
        """The detection row that met each of N truth rows, NO_MATCH for none: int64 (T, N).

        `truths`: N, the rows of the Dataset that was matched. Crowds and truths outside the part
        are met by none: several detections may be ignored for one of them.
        """
        met_TN = np.full((len(self.thresholds), truths), NO_MATCH, np.int64)
        for met_N, met in zip(met_TN, self.truth_row, strict=True):
            hit = met >= 0
            met_N[met[hit]] = self.detection_row[hit]
        return met_TN

    def instances(self) -> Longs:
        """Truth of each class: int64 (C)."""
        return np.bincount(self.truth_class, minlength=self.classes).astype(np.int64)

    def positive_images(self) -> Longs:
        """Images that hold truth of each class: int64 (C)."""
        cell = np.sort(self.truth_class.astype(np.int64) * max(self.images, 1) + self.truth_image)
        known = cell[np.diff(cell, prepend=-1) > 0]
        return np.bincount(known // max(self.images, 1), minlength=self.classes).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """Average precision of one run by class and IoU threshold.

    `ap`: float64 (C, T), NaN where the class has no truth (and only there).
    `instances`, `positive_images`: int64 (C), truth that counts and the images that hold it.
    """

    iou_type: IouType
    class_names: tuple[str, ...]
    thresholds: Floats
    ap: Floats
    instances: Longs
    positive_images: Longs
