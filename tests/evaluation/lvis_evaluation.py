"""LVIS's numbers by the project, as lvis stated them, and in plain Python, written from its facts.

Facts (lvis 0.5.3, read and measured): the 300 highest scores of an image, over all classes;
annotations and detections without area do not exist; detections of a class that the image neither
holds nor lists as negative do not exist; unmatched detections of a not-exhaustive class, or outside
the area range, are ignored; no crowds; equal scores keep the order of the file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from pycocotools import mask as coco_mask

from segtrial.data.coco.read import read_coco
from segtrial.data.predictions import read_predictions
from segtrial.evaluation.average_precision import average_precision
from segtrial.evaluation.coco_summary import lvis_summary
from segtrial.evaluation.matching import match_ranges
from segtrial.evaluation.rules import AREA_RANGES_PX, LVIS
from segtrial.evaluation.shapes import Truth, prepare_truth
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.arrays import IOU_THRESHOLDS
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from segtrial.types.arrays import Floats
    from segtrial.types.detections import Detections
    from tests.evaluation.lvis_sets import Content, Result

PER_IMAGE = 300
NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf")
NAMES += ("AR300", "ARs", "ARm", "ARl")


def read_pair(
    content: Content, results: Sequence[Result], kind: IouType, folder: Path
) -> tuple[Truth, Detections]:
    """Truth and results as they are read from files."""
    labels, found = folder / "truth.json", folder / "results.json"
    labels.write_text(json.dumps(content))
    found.write_text(json.dumps(list(results)))
    dataset = read_coco(labels, None)
    detections, _ = read_predictions(found, dataset)
    masks = truth_masks(dataset) if kind == IouType.MASK else None
    return prepare_truth(dataset, masks), detections


def our_numbers(
    content: Content, results: Sequence[Result], kind: IouType, folder: Path
) -> tuple[dict[str, float], Floats]:
    """As `lvis_numbers`, by the project."""
    truth, detections = read_pair(content, results, kind, folder)
    names = truth.dataset.class_names
    matches = match_ranges(truth, detections, kind, LVIS)
    ap = average_precision(matches["all"], names).ap.mean(axis=1)
    return lvis_summary(matches, names, truth.dataset.class_frequency), ap


def golden_numbers(row: dict[str, Any], content: Content) -> tuple[dict[str, float], Floats]:
    """As `lvis_numbers`, from what lvis said: null where it prints −1."""
    numbers = {
        name: np.nan if value is None else value
        for name, value in zip(NAMES, row["numbers"], strict=True)
    }
    ap = [row["ap"].get(str(c["id"]), np.nan) for c in content["categories"]]
    return numbers, np.array(ap, np.float64)


# The evaluation. Cells are (image, category); axes: T thresholds, D detections, N truths.


def lvis_numbers(
    content: Content, results: Sequence[Result], kind: IouType
) -> tuple[dict[str, float], Floats]:
    """LVIS's thirteen numbers, and AP per category: float64 (C), in the categories' order."""
    categories = [c["id"] for c in content["categories"]]
    group = [c["frequency"] for c in content["categories"]]
    cells = cells_of(content, results, kind)
    numbers: dict[str, float] = {}
    tables = {}
    for name, letter in (("all", ""), ("small", "s"), ("medium", "m"), ("large", "l")):
        ap = np.full((len(categories), 10), np.nan)
        ar = np.full((len(categories), 10), np.nan)
        for row, label in enumerate(categories):
            of_label = [cells[key] for key in sorted(cells) if key[1] == label]
            ap[row], ar[row] = curve(of_label, AREA_RANGES_PX[name])
        tables[name] = ap
        numbers[f"AP{letter}"] = mean(ap)
        numbers[f"AR{letter or 300}"] = mean(ar)
    numbers["AP50"], numbers["AP75"] = mean(tables["all"][:, 0]), mean(tables["all"][:, 5])
    for letter in "rcf":
        numbers[f"AP{letter}"] = mean(tables["all"][[g == letter for g in group]])
    return {name: numbers[name] for name in NAMES}, np.mean(tables["all"], axis=1)


def mean(table: Floats) -> float:
    defined = table[~np.isnan(table)]
    return float(defined.mean()) if len(defined) else float("nan")


def cells_of(content: Content, results: Sequence[Result], kind: IouType) -> dict[Any, Any]:
    """Truths, detections by falling score, IoUs, and whether the cell is exhaustive."""
    images = {i["id"]: i for i in content["images"]}
    cells: dict[Any, Any] = {}

    def cell(image: int, label: int) -> dict[str, Any]:
        known = label not in images[image]["not_exhaustive_category_ids"]
        return cells.setdefault((image, label), {"truths": [], "found": [], "exhaustive": known})

    for truth in content["annotations"]:
        if truth["area"] > 0:
            cell(truth["image_id"], truth["category_id"])["truths"].append(truth)
    for image in images.values():
        ranked = sorted((r for r in results if r["image_id"] == image["id"]), key=falling)
        for row in ranked[:PER_IMAGE]:
            key = image["id"], row["category_id"]
            looked_for = row["category_id"] in image["neg_category_ids"]
            if (looked_for or cells.get(key, {"truths": []})["truths"]) and area(row, kind) > 0:
                cell(*key)["found"].append(row | {"area": area(row, kind)})
    for (image_id, _), part in cells.items():
        part["iou"] = overlaps(part, images[image_id], kind)
    return cells


def falling(row: Result) -> float:
    return -float(row["score"])


def area(row: Result, kind: IouType) -> float:
    """Of the box that the result states, else of its mask."""
    if "bbox" in row:
        return float(row["bbox"][2] * row["bbox"][3])
    assert kind == IouType.MASK
    return float(coco_mask.area(row["segmentation"]))


def overlaps(cell: dict[str, Any], image: dict[str, Any], kind: IouType) -> Floats:
    truths, rows = cell["truths"], cell["found"]
    if not truths or not rows:
        return np.zeros((len(rows), len(truths)))
    if kind == IouType.BOX:
        shapes = [r["bbox"] for r in rows], [t["bbox"] for t in truths]
    else:
        size = image["height"], image["width"]
        drawn = [coco_mask.merge(coco_mask.frPyObjects(t["segmentation"], *size)) for t in truths]
        shapes = [r["segmentation"] for r in rows], drawn
    return np.asarray(coco_mask.iou(*shapes, [0] * len(truths)))


def curve(cells: list[dict[str, Any]], bounds: tuple[float, float]) -> tuple[Floats, Floats]:
    """AP and final recall at each threshold of one category in one area range; NaN without truth"""
    inside = sum(bounds[0] <= t["area"] <= bounds[1] for c in cells for t in c["truths"])
    if inside == 0:
        return np.full(10, np.nan), np.full(10, np.nan)
    ap, ar = np.zeros(10), np.zeros(10)
    for t, threshold in enumerate(IOU_THRESHOLDS):
        rows = [row for c in cells for row in outcomes(c, bounds, threshold)]
        rows.sort(key=lambda row: -row[0])
        right = np.cumsum([hit for _, hit in rows])
        wrong = np.cumsum([not hit for _, hit in rows])
        if len(rows) == 0:
            continue
        precision = (right / (right + wrong + np.spacing(1))).tolist()
        for k in range(len(rows) - 1, 0, -1):
            precision[k - 1] = max(precision[k - 1], precision[k])
        at = np.searchsorted(right / inside, np.linspace(0, 1, 101), side="left")
        ap[t] = sum(precision[k] for k in at if k < len(rows)) / 101
        ar[t] = right[-1] / inside
    return ap, ar


def outcomes(
    cell: dict[str, Any], bounds: tuple[float, float], threshold: float
) -> list[tuple[float, bool]]:
    """(score, hit) of each detection that counts; ignored ones are left out."""
    outside = [not bounds[0] <= t["area"] <= bounds[1] for t in cell["truths"]]
    order = sorted(range(len(outside)), key=lambda n: outside[n])
    taken: set[int] = set()
    rows = []
    for d, found in enumerate(cell["found"]):
        met, best = None, min(threshold, 1 - 1e-10)
        for n in order:
            if n in taken:
                continue
            if met is not None and outside[n] and not outside[met]:
                break
            if cell["iou"][d, n] >= best:
                met, best = n, cell["iou"][d, n]
        if met is not None:
            taken.add(met)
            if not outside[met]:
                rows.append((float(found["score"]), True))
        elif cell["exhaustive"] and bounds[0] <= found["area"] <= bounds[1]:
            rows.append((float(found["score"]), False))
    return rows
