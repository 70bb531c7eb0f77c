"""What the page of `segtrial evaluate` shows beside the numbers: curves, mix-ups, errors, images.

Made by `pipeline/evaluation_page`, shown by `report/evaluation_page`; nothing is computed here.
Axes: C classes, R recalls, G confidences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Longs
    from segtrial.types.evaluated import Evaluated, EvaluatedSlice
    from segtrial.types.evaluation import IouType


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassCurves:
    """Curves at one IoU threshold. A class without truth is NaN; means are over the others.

    `precision`: float64 (C, R), the highest at a recall of `recall` (R) or more, 0 where it is not
    reached. `f1`: float64 (C, G), where predictions of `confidence` (G) or more count.
    """

    recall: Floats
    precision: Floats
    mean_precision: Floats
    confidence: Floats
    f1: Floats
    mean_f1: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """One kind of error: how many, and the mean AP that mending them would gain (None: undefined).

    `undefined`: classes with truth for which the gain is undefined.
    """

    kind: str
    count: int
    gain: float | None
    undefined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Predictions of a score from `low` to `high`; None where there are none."""

    low: float
    high: float
    count: int
    mean_score: float | None
    right: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How often predictions of a score are right. `error`: expected calibration error of all,
    `confident_error`: of those at the confidence or above. `reason`: why there is none, else empty.
    """

    bins: tuple[Bin, ...]
    error: float | None
    confident_error: float | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRow:
    """One image: its own AP, and at IoU .5 and the confidence its hits and errors."""

    name: str
    ap: float | None
    ap50: float | None
    instances: int
    hits: int
    false_positives: int
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KindPage:
    """Boxes or masks. `ap_by_iou`: IoU and mean AP. `confidence`: of confusion, P, R and images;
    `stated` by the user, or else chosen.

    `precision`, `recall`: float64 (C) at it, NaN where undefined; `reason`: why, C texts.
    `table`: int64 (C + 1, C + 1), truth × prediction; row C = no truth, column C = missed.
    `errors_reason`: why there are no `errors`, else empty.
    """

    iou_type: IouType
    ap_by_iou: tuple[tuple[float, float | None], ...]
    confidence: float
    stated: bool
    precision: Floats
    recall: Floats
    reason: tuple[str, ...]
    curves: ClassCurves
    table: Longs
    ignored: int
    ap50: float | None
    errors: tuple[ErrorRow, ...]
    errors_reason: str
    reliability: Reliability
    worst: tuple[ImageRow, ...]
    best: tuple[ImageRow, ...]
    images_with_truth: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvaluationPage:
    """Everything that the page shows. `name`: of the labels. `protocol`, `files`, `versions`: rows
    of label and text.
    """

    name: str
    predictions: str
    detections: int
    answer: Evaluated
    kinds: tuple[KindPage, ...]
    slices: tuple[EvaluatedSlice, ...]
    protocol: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    command: str
