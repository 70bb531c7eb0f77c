"""Intervals of one run's AP over validation images, as they are stored and shown."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Method: TypeAlias = Literal["percentile", "logit-t", "normal", "none"]


class RunInterval(Struct, frozen=True, kw_only=True):
    """AP of a class, a group or the mean over classes, with its 95 % interval; None = undefined.

    `instances`, `positive_images`: truth that counts, and the images that hold it. `method`
    "none": not estimable, `reason` says why. `undefined_resamples`: share of the resamples without
    truth, left out. `hits`: truths that some detection met at the lowest IoU threshold, at any
    confidence; `hits_low`, `hits_high`: Wilson's interval of their share. `bias`: mean over the
    resamples − estimate, of the mean alone.
    """

    name: str
    instances: int
    positive_images: int
    estimate: float | None
    low: float | None
    high: float | None
    method: Method
    undefined_resamples: float | None = None
    hits: int | None = None
    hits_low: float | None = None
    hits_high: float | None = None
    bias: float | None = None
    reason: str = ""


class RunIntervals(Struct, frozen=True, kw_only=True):
    """One run, one metric ("AP" or "AP50"): the mean over classes, the rare ones, every class.

    `rare`: classes in fewer than 10 images, pooled into one: their detections are ranked on one
    list. None where there are fewer than two with truth; `rare_classes` names them.
    """

    metric: str
    resamples: int
    mean: RunInterval
    rare: RunInterval | None
    rare_classes: tuple[str, ...]
    classes: tuple[RunInterval, ...]
