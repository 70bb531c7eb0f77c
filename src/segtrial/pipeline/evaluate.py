"""Predictions of any tool against labels, without a trial: read, match, a style's numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from segtrial.data.predictions import read_predictions
from segtrial.data.read import read
from segtrial.evaluation.average_precision import average_precision, mean_over_classes
from segtrial.evaluation.coco_summary import coco_summary, lvis_summary
from segtrial.evaluation.matching import Truth, match_ranges, prepare_truth
from segtrial.evaluation.rules import COCO, LVIS
from segtrial.evaluation.trapezoid import match_strictly, trapezoid_average_precision
from segtrial.evaluation.ultralytics import Style as UltralyticsStyle
from segtrial.evaluation.ultralytics_table import table_lines, ultralytics_table
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.errors import DataError
from segtrial.types.evaluated import Evaluated, EvaluatedClass, Numbers
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.evaluation.ultralytics import UltralyticsScores
    from segtrial.types.arrays import Floats
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

Style = Literal["coco", "lvis", "ultralytics", "ultralytics-old", "trapezoid"]
Tables = dict[IouType, tuple[Numbers, list[Numbers]]]


def read_both(
    labels: Path, predictions: Path, *, label_format: str, split: str | None, leave_out: bool
) -> tuple[Dataset, Detections, tuple[str, ...]]:
    """Labels and predictions, and what was left out of either. Raises DataError."""
    dataset = read(labels, None, label_format, split=split)
    detections, left_out = read_predictions(predictions, dataset, leave_out=leave_out)
    notes = [f"{dataset.source}: {left}" for left in dataset.left_out]
    silent = dataset.images - len(np.unique(detections.image_index))
    if silent:
        notes.append(f"{silent} of {dataset.images} images have no prediction; they count")
    notes += [f"{predictions.name}: {left}" for left in left_out]
    return dataset, detections, tuple(notes)


def evaluate(
    dataset: Dataset, detections: Detections, style: Style, notes: tuple[str, ...] = ()
) -> Evaluated:
    """The numbers of `style`; masks too where the predictions have them.

    Raises DataError for LVIS's rules on labels that do not say which classes were looked for.
    """
    if style == "lvis" and dataset.coverage is None:
        raise DataError(
            "LVIS's rules need labels that say which classes were looked for.",
            where=dataset.source,
            expected="neg_category_ids and not_exhaustive_category_ids",
            next_step="evaluate with --style coco",
        )
    masks = detections.masks is not None
    truth = prepare_truth(dataset, truth_masks(dataset) if masks else None)
    kinds = [IouType.BOX, IouType.MASK] if masks else [IouType.BOX]
    if style in {"coco", "lvis"}:
        tables = {kind: _of_ranges(truth, detections, kind, style) for kind in kinds}
    elif style == "trapezoid":
        tables = {kind: _trapezoid(truth, detections, kind) for kind in kinds}
    else:
        found = ultralytics_table(truth, detections, style=UltralyticsStyle(style))
        tables = {part.iou_type: _ultralytics(part) for part in found.parts}
        notes = (*notes, *(f"predictions: {left}" for left in found.left_out))
    return _answer(dataset, style, tables, notes)


def ultralytics_lines(dataset: Dataset, detections: Detections, style: Style) -> list[str]:
    """Ultralytics' own table, for people."""
    masks = detections.masks is not None
    truth = prepare_truth(dataset, truth_masks(dataset) if masks else None)
    return table_lines(ultralytics_table(truth, detections, style=UltralyticsStyle(style)))


def _of_ranges(
    truth: Truth, detections: Detections, kind: IouType, style: Style
) -> tuple[Numbers, list[Numbers]]:
    dataset = truth.dataset
    matches = match_ranges(truth, detections, kind, LVIS if style == "lvis" else COCO)
    if style == "lvis":
        frequency = dataset.class_frequency or ("",) * len(dataset.class_names)
        numbers = lvis_summary(matches, dataset.class_names, frequency)
    else:
        numbers = coco_summary(matches, dataset.class_names)
    ap_CT = average_precision(matches["all"], dataset.class_names).ap
    return {name: _defined(value) for name, value in numbers.items()}, _classes(ap_CT)


def _trapezoid(
    truth: Truth, detections: Detections, kind: IouType
) -> tuple[Numbers, list[Numbers]]:
    names = truth.dataset.class_names
    scores = trapezoid_average_precision(match_strictly(truth, detections, kind), names)
    numbers = {
        "AP": _defined(mean_over_classes(scores.ap)),
        "AP50": _defined(mean_over_classes(scores.ap, 0.5)),
        "AP75": _defined(mean_over_classes(scores.ap, 0.75)),
    }
    return numbers, _classes(scores.ap)


def _ultralytics(part: UltralyticsScores) -> tuple[Numbers, list[Numbers]]:
    def numbers(row: Floats) -> Numbers:
        values = (_defined(float(value)) for value in row)
        return dict(zip(("P", "R", "AP50", "AP"), values, strict=True))

    known = part.columns[part.with_truth]
    mean = known.mean(axis=0) if len(known) else np.full(4, np.nan)
    overall = numbers(mean) | {"confidence": _defined(part.confidence)}
    return overall, [numbers(row) for row in part.columns]


def _classes(ap_CT: Floats) -> list[Numbers]:
    """AP50 and AP of each class; P and R have no standard outside Ultralytics' style."""
    return [
        {"P": None, "R": None, "AP50": _defined(row[0]), "AP": _defined(row.mean())}
        for row in ap_CT
    ]


def _answer(dataset: Dataset, style: str, tables: Tables, notes: tuple[str, ...]) -> Evaluated:
    images, instances = dataset.image_counts(), dataset.instance_counts()
    box, mask = (tables.get(kind) for kind in (IouType.BOX, IouType.MASK))
    classes = tuple(
        EvaluatedClass(
            name=name,
            images=int(images[row]),
            instances=int(instances[row]),
            box=None if box is None else box[1][row],
            mask=None if mask is None else mask[1][row],
        )
        for row, name in enumerate(dataset.class_names)
    )
    covered = int((instances > 0).sum())
    return Evaluated(
        style=style,
        images=dataset.images,
        instances=int(instances.sum()),
        box=None if box is None else box[0],
        mask=None if mask is None else mask[0],
        classes=classes,
        notes=(*notes, f"means are over the {covered} of {len(classes)} classes with truth"),
    )


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
