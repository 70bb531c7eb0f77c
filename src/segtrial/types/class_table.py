"""ClassTable: what published per-class tables of several models say, as arrays.

Made by the readers in `data/tables`, checked here once. Axes: A arms, C classes, M metrics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from segtrial.types.arrays import Floats, frozen
from segtrial.types.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassTable:
    """One table a model, over the same classes and the same validation images.

    `arms` (A), `class_names` (C), `metrics` (M): no name twice; a metric is "box mAP50",
    "mask mAP50-95", …; mAP50-95 is the mean over IoU .50:.95 that others call mAP or AP.
    `sources` (A): file, and line where its table begins.
    `images`, `instances`: float64 (C), whole counts of the validation set; NaN = not stated.
    `values_ACM`: float64 (A, C, M), fractions 0–1; NaN where a cell says "–" or "nan", and where
    the class or the metric is absent from the arm's table.
    `notes`: what a reader should know of how the tables were read.
    Raises DataError for names given twice, shapes that do not fit and values outside 0–1.
    """

    arms: tuple[str, ...]
    class_names: tuple[str, ...]
    metrics: tuple[str, ...]
    sources: tuple[str, ...]
    images: Floats
    instances: Floats
    values_ACM: Floats
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in ("images", "instances", "values_ACM"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.float64))
        shape = (len(self.arms), len(self.class_names), len(self.metrics))
        counts = (len(self.class_names),)
        if self.values_ACM.shape != shape or not (
            self.images.shape == self.instances.shape == counts
            and len(self.sources) == len(self.arms)
        ):
            raise DataError(
                "The parts of a class table have different sizes.",
                expected=f"values of shape {shape}, counts of shape {counts}",
                got=f"{self.values_ACM.shape}, {self.images.shape}, {self.instances.shape}",
            )
        for what, names in (
            ("arm", self.arms),
            ("class", self.class_names),
            ("metric", self.metrics),
        ):
            if len(set(names)) != len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise DataError(f"A class table has one {what} twice.", got=f'"{twice}"')
        outside = self.values_ACM[(self.values_ACM < 0) | (self.values_ACM > 1)]
        if outside.size:
            raise DataError(
                "A class table holds a value that is no fraction.",
                expected="0 to 1, or NaN where it is undefined",
                got=str(outside[0]),
            )

    def of_metric(self, metric: str) -> Floats:
        """The values of one metric: float64 (A, C). `metric` is one of `metrics`."""
        values: Floats = self.values_ACM[:, :, self.metrics.index(metric)]
        return values

    def noting(self, *notes: str) -> ClassTable:
        """The same table with more notes."""
        return replace(self, notes=(*self.notes, *notes))
