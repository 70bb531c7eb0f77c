"""One run's detections to every number that segtrial has, box and mask: what is measured.

Overlaps are made once for each kind of shape and shared. Not among them: proposals (another
matching) and comparisons with other runs. Reading and timing belong to `evaluation_ours`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segtrial.evaluation.any_class import match_any_class
from segtrial.evaluation.average_precision import average_precision
from segtrial.evaluation.calibration import calibration
from segtrial.evaluation.coco_summary import LIMITS, coco_summary, lvis_summary
from segtrial.evaluation.confusion import confusion
from segtrial.evaluation.curves import at_confidence, confidence_curves, precision_recall
from segtrial.evaluation.errors.classify import error_types
from segtrial.evaluation.errors.mend import error_costs
from segtrial.evaluation.flow import attack, disappearance
from segtrial.evaluation.matching import match_ranges, prepare_truth
from segtrial.evaluation.overlaps import overlaps
from segtrial.evaluation.per_image import image_scores
from segtrial.evaluation.recall import recall
from segtrial.evaluation.rules import COCO, LVIS
from segtrial.evaluation.slices import (
    slices_by_frequency,
    slices_by_image_attribute,
    slices_by_size,
)
from segtrial.evaluation.trapezoid import match_strictly, trapezoid_average_precision
from segtrial.evaluation.ultralytics import Style, ultralytics_scores
from segtrial.evaluation.ultralytics_matching import match_as_ultralytics
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from segtrial.evaluation.matching import Truth
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.evaluation import Matches
    from segtrial.types.masks import Masks
    from segtrial.types.overlaps import Overlaps

CONFIDENCE = 0.4  # frozen on another run
HOST, TARGET = 0, 1  # the pair of classes whose shares are drawn up; the confusion has all pairs

Numbers = dict[str, Any]


def everything(
    dataset: Dataset, detections: Detections, truth_masks: Masks
) -> dict[IouType, Numbers]:
    """Every number of one run for boxes and for masks; LVIS's rules where the labels have them."""
    truth = prepare_truth(dataset, truth_masks)
    return {kind: _of_kind(truth, detections, kind) for kind in (IouType.BOX, IouType.MASK)}


def summary(truth: Truth, detections: Detections, kind: IouType) -> dict[str, float]:
    """COCO's twelve numbers, or LVIS's thirteen, and nothing else."""
    federated = truth.dataset.coverage is not None
    ranges = match_ranges(truth, detections, kind, LVIS if federated else COCO)
    return _summary(ranges, truth.dataset)


def _summary(ranges: dict[str, Matches], dataset: Dataset) -> dict[str, float]:
    names = dataset.class_names
    if dataset.coverage is not None:
        return lvis_summary(ranges, names, dataset.class_frequency)
    return coco_summary(ranges, names)


def _of_kind(truth: Truth, detections: Detections, kind: IouType) -> Numbers:
    dataset = truth.dataset
    rules = COCO if dataset.coverage is None else LVIS
    pairs = overlaps(truth, detections, kind)
    ranges = match_ranges(truth, detections, kind, rules, pairs=pairs)
    matches = ranges["all"]
    return {
        "summary": _summary(ranges, dataset),
        **_averages(truth, detections, kind, matches, pairs),
        **_curves(matches),
        **_flow(pairs, dataset, detections),
        **_errors(matches, pairs, dataset),
        **_parts(ranges, dataset),
        "images": image_scores(matches, confidence=CONFIDENCE),
        "calibration": calibration(matches),
    }


def _averages(
    truth: Truth, detections: Detections, kind: IouType, matches: Matches, pairs: Overlaps
) -> Numbers:
    """AP and AR of each class and IoU; Ultralytics' tables, new and old; the trapezoid's AP."""
    names = truth.dataset.class_names
    theirs = match_as_ultralytics(truth, detections, kind, pairs=pairs)
    strict = match_strictly(truth, detections, kind, pairs=pairs)
    return {
        "ap": average_precision(matches, names),
        "ar": {limit: recall(matches, limit) for limit in LIMITS},
        "ultralytics": {style: ultralytics_scores(theirs, names, style) for style in Style},
        "trapezoid": trapezoid_average_precision(strict, names),
    }


def _curves(matches: Matches) -> Numbers:
    """Precision against recall, P, R and F1 against confidence, and at a frozen one."""
    return {
        "precision_recall": precision_recall(matches),
        "confidence": confidence_curves(matches),
        "frozen": at_confidence(matches, CONFIDENCE),
    }


def _flow(pairs: Overlaps, dataset: Dataset, detections: Detections) -> Numbers:
    """What each truth became: all pairs of classes, and one pair with its intervals."""
    flow = match_any_class(pairs, dataset, detections, confidence=CONFIDENCE)
    return {
        "flow": flow,
        "confusion": confusion(flow),
        "attack": attack(flow, HOST, TARGET),
        "disappearance": disappearance(flow, HOST),
    }


def _errors(matches: Matches, pairs: Overlaps, dataset: Dataset) -> Numbers:
    types = error_types(matches, pairs, dataset)
    return {"errors": types, "error_costs": error_costs(matches, types, dataset)}


def _parts(ranges: dict[str, Matches], dataset: Dataset) -> Numbers:
    """By size, by each attribute of images, and by frequency where the labels state it."""
    matches = ranges["all"]
    found: Numbers = {"by_size": slices_by_size(ranges)}
    for attribute in dataset.image_attributes:
        found[attribute.name] = slices_by_image_attribute(matches, dataset, attribute.name)
    if any(dataset.class_frequency):
        found["by_frequency"] = slices_by_frequency(matches, dataset)
    return found
