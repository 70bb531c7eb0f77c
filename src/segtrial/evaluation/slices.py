"""Slices: the same evaluation on parts of the data, by weather, occlusion, size, frequency.

Every value has its slice, "not stated" too, so nothing is left out. APs of slices are not shares
of the whole AP: each has its own truth and its own ranking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.average_precision import (
    ap_under_weights,
    average_precision,
    mean_over_classes,
    plain_precision,
)
from segtrial.evaluation.matching import Parts, match_parts
from segtrial.evaluation.rules import COCO, Rules
from segtrial.types.errors import DataError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segtrial.evaluation.matching import Truth
    from segtrial.types.arrays import Bools, Floats, Longs
    from segtrial.types.attributes import Attribute
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.evaluation import IouType, Matches
    from segtrial.types.overlaps import Overlaps

NOT_STATED = "not stated"
NO_IMAGES = "no images"
NO_CLASSES = "no classes"
NO_TRUTH = "no truth"
GROUPS = {"r": "rare", "c": "common", "f": "frequent", "": NOT_STATED}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice:
    """The evaluation of one part of the data, such as `by` "weather", `value` "rainy".

    `stated` is False for the part whose value the labels do not state (a value may be called "not
    stated" as well). `ap`: float64 (C, T), NaN for classes without truth in the part. `images`:
    the part's images, with and without truth, or those that hold its truth where instances were
    divided. `instances`: int64 (C), truth that counts. `reason`: why AP is undefined, else empty.
    """

    by: str
    value: str
    stated: bool
    ap: Floats
    images: int
    instances: Longs
    reason: str

    def mean(self, threshold: float | None = None) -> float:
        """AP over the classes with truth in the part, at all thresholds or at one; else NaN."""
        return mean_over_classes(self.ap, threshold)

    @property
    def classes(self) -> int:
        """How many classes the mean covers."""
        return int(np.count_nonzero(self.instances))


def slices_by_image_attribute(matches: Matches, dataset: Dataset, name: str) -> tuple[Slice, ...]:
    """One slice for each value of an attribute of images: weather, timeofday, scene …

    Exactly the evaluation of those images alone. `matches`: of the whole set; nothing is matched
    again. Raises DataError where the labels have no such attribute.
    """
    attribute = _named(dataset.image_attributes, name, dataset, "images")
    codes = _codes(attribute)
    weights_BI = np.stack([attribute.code == code for code in codes]).astype(np.int64)
    tables = ap_under_weights(matches, weights_BI)
    slices = []
    for code, weight_I, ap in zip(codes, weights_BI, tables, strict=True):
        inside = weight_I[matches.truth_image] > 0
        images = int(weight_I.sum())
        counts = np.bincount(matches.truth_class[inside], minlength=matches.classes)
        empty = NO_TRUTH if images else NO_IMAGES
        slices.append(_slice(name, _value(attribute, code), code >= 0, ap, images, counts, empty))
    return tuple(slices)


def slices_by_instance_attribute(
    truth: Truth,
    detections: Detections,
    iou_type: IouType,
    name: str,
    rules: Rules = COCO,
    *,
    pairs: Overlaps | None = None,
) -> tuple[Slice, ...]:
    """One slice for each value of an attribute of instances: occluded, truncated …

    Truths of another value are ignored, not removed. Of the detections in a slice: one that meets a
    truth of the slice is a hit (those truths are tried first); else one that meets a truth of
    another value, or a crowd, is neither right nor wrong; one that meets nothing is a false
    positive in **every** slice, because nobody knows the value of what is not there. So the slices
    share their false positives, and the AP of a small slice is lowered by those of the large ones:
    compare the same slice between runs, not two slices of one run. Raises DataError where the
    labels have no such attribute, ValueError as `match_parts` does.
    """
    dataset = truth.dataset
    attribute = _named(dataset.instance_attributes, name, dataset, "instances")
    codes = _codes(attribute)
    parts = Parts(
        truth_value=attribute.code.astype(np.float64),
        detection_value=np.full(len(detections), np.nan),
        bounds_P2=np.repeat(np.array(codes, np.float64)[:, None], 2, axis=1),
    )
    tables = match_parts(truth, detections, iou_type, rules, parts, pairs=pairs)
    return tuple(
        _of_instances(name, _value(attribute, code), code >= 0, matches)
        for code, matches in zip(codes, tables, strict=True)
    )


def slices_by_size(matches: Mapping[str, Matches]) -> tuple[Slice, ...]:
    """Small, medium and large, as COCO divides them; the matches of each area range are given.

    Truths outside the range are ignored, and so are detections outside it that meet nothing.
    """
    return tuple(
        _of_instances("size", name, True, table) for name, table in matches.items() if name != "all"
    )


def slices_by_frequency(matches: Matches, dataset: Dataset) -> tuple[Slice, ...]:
    """Rare, common and frequent classes, as the labels state them (LVIS); classes in one slice are
    undefined in the others. Raises DataError where the labels state none.
    """
    if not dataset.class_frequency:
        raise DataError(
            "The labels do not say how frequent their classes are.",
            where=dataset.source,
            expected='"frequency": "r", "c" or "f" in the categories, as LVIS has it',
            got="none",
            next_step="slice by another attribute",
        )
    ap_CT = average_precision(matches, dataset.class_names).ap
    group_C = np.array(dataset.class_frequency)
    named = [group for group in GROUPS if group or (group_C == group).any()]
    return tuple(_of_classes(matches, GROUPS[g], g != "", ap_CT, group_C == g) for g in named)


def _named(attributes: tuple[Attribute, ...], name: str, dataset: Dataset, of: str) -> Attribute:
    for attribute in attributes:
        if attribute.name == name:
            return attribute
    known = tuple(attribute.name for attribute in attributes)
    raise DataError(
        f'There is no attribute "{name}" of {of}.',
        where=dataset.source,
        expected=f"one of: {', '.join(known)}" if known else f"labels with attributes of {of}",
        got=f'"{name}"' if known else "none",
        next_step=nearest(name, known),
    )


def _codes(attribute: Attribute) -> list[int]:
    """Of all values, in their order, and −1 where the value is not stated of something."""
    stated = list(range(len(attribute.values)))
    return [*stated, -1] if (attribute.code < 0).any() or not stated else stated


def _value(attribute: Attribute, code: int) -> str:
    return NOT_STATED if code < 0 else attribute.values[code]


def _of_instances(by: str, value: str, stated: bool, matches: Matches) -> Slice:
    counts = matches.instances()
    images = len(np.unique(matches.truth_image))
    return _slice(by, value, stated, plain_precision(matches), images, counts, NO_TRUTH)


def _of_classes(matches: Matches, value: str, stated: bool, ap_CT: Floats, kept_C: Bools) -> Slice:
    ap = np.where(kept_C[:, None], ap_CT, np.nan)
    counts = np.bincount(matches.truth_class, minlength=matches.classes)
    images = len(np.unique(matches.truth_image[kept_C[matches.truth_class]]))
    empty = NO_TRUTH if kept_C.any() else NO_CLASSES
    return _slice("frequency", value, stated, ap, images, np.where(kept_C, counts, 0), empty)


def _slice(
    by: str, value: str, stated: bool, ap: Floats, images: int, instances: Longs, empty: str
) -> Slice:
    return Slice(
        by=by,
        value=value,
        stated=stated,
        ap=ap,
        images=images,
        instances=instances,
        reason="" if instances.any() else empty,
    )
