"""Matches → every number of a style, of each class and their means, from the same tables.

The formulas are `evaluation`'s; here stands which of them a style prints. Axes: C classes, T IoU
thresholds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.average_precision import average_precision, mean_over_classes
from segtrial.evaluation.coco_summary import GROUPS, LIMITS, RANGES
from segtrial.evaluation.proposals import LIMIT, MOST, NAME, highest_of_cells
from segtrial.evaluation.recall import recall
from segtrial.evaluation.trapezoid import trapezoid_average_precision
from segtrial.types.evaluated import Numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segtrial.evaluation.ultralytics import UltralyticsScores
    from segtrial.types.arrays import Floats
    from segtrial.types.dataset import Dataset
    from segtrial.types.evaluation import Matches

Tables = dict[str, "Floats"]
"""Metric → float64 (C, T); a class whose row holds NaN has none."""

OF_GROUPS = tuple(f"AP{group}" for group in GROUPS)


def coco_tables(matches: Mapping[str, Matches], dataset: Dataset) -> Tables:
    """COCO's twelve, as `coco_summary`, before the means are taken."""
    found = _precisions(matches, dataset.class_names)
    for limit in LIMITS:
        found[f"AR{limit}"] = recall(matches["all"], limit)
    for name in ("small", "medium", "large"):
        found[f"AR{RANGES[name]}"] = recall(matches[name], LIMITS[-1])
    return found


def lvis_tables(matches: Mapping[str, Matches], dataset: Dataset) -> Tables:
    """LVIS's thirteen, as `lvis_summary`, before the means are taken."""
    found = _precisions(matches, dataset.class_names)
    frequency = np.array(dataset.class_frequency or ("",) * len(dataset.class_names))
    for group, name in zip(GROUPS, OF_GROUPS, strict=True):
        found[name] = np.where((frequency == group)[:, None], found["AP"], np.nan)
    found["AR300"] = recall(matches["all"])
    for name in ("small", "medium", "large"):
        found[f"AR{RANGES[name]}"] = recall(matches[name])
    return found


def proposal_tables(matches: Mapping[str, Matches]) -> Tables:
    """The numbers of `proposal_summary`, of the one class that all are, before means are taken."""
    first = {name: highest_of_cells(table, LIMIT) for name, table in matches.items()}
    found = _precisions(first, (NAME,))
    for limit in LIMITS:
        found[f"AR{limit}"] = recall(first["all"], limit)
    for name in ("small", "medium", "large"):
        found[f"AR{RANGES[name]}"] = recall(first[name])
    found["AR300"] = recall(matches["all"], 300)
    for name, letter in RANGES.items():
        found[f"AR{letter}{MOST}"] = recall(matches[name], MOST)
    return found


def trapezoid_tables(matches: Matches, dataset: Dataset) -> Tables:
    """AP, AP50, AP75 of the plain area."""
    return _of_ap(trapezoid_average_precision(matches, dataset.class_names).ap)


def ultralytics_tables(scores: UltralyticsScores) -> Tables:
    """P, R, AP50, AP."""
    ap_CT = scores.ap
    columns = {"P": scores.precision[:, None], "R": scores.recall[:, None]}
    return columns | {"AP50": ap_CT[:, [0]], "AP": ap_CT}


def _precisions(matches: Mapping[str, Matches], class_names: tuple[str, ...]) -> Tables:
    found = _of_ap(average_precision(matches["all"], class_names).ap)
    for name in ("small", "medium", "large"):
        found[f"AP{RANGES[name]}"] = average_precision(matches[name], class_names).ap
    return found


def _of_ap(ap_CT: Floats) -> Tables:
    return {"AP": ap_CT, "AP50": ap_CT[:, [0]], "AP75": ap_CT[:, [5]]}


def means(tables: Tables) -> Numbers:
    """The mean of each metric over the classes for which it is defined."""
    return {name: defined(mean_over_classes(table)) for name, table in tables.items()}


def covers(tables: Tables) -> dict[str, int]:
    """How many classes the mean of each metric is over."""
    return {name: int((~np.isnan(t).any(axis=1)).sum()) for name, t in tables.items()}


def of_classes(tables: Tables) -> list[Numbers]:
    """Every metric of each class; means over groups of classes are none of a class."""
    columns = {
        name: [defined(value) for value in table.mean(axis=1).tolist()]
        for name, table in tables.items()
        if name not in OF_GROUPS
    }
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def defined(value: float) -> float | None:
    """None where the value is NaN."""
    return None if math.isnan(value) else float(value)
