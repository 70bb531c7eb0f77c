"""Federated label sets and detections, made from a seed: what LVIS's rules must get right.

Also of real labels, whose detections are then made. Nothing is evaluated here.
"""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

from pycocotools import mask as coco_mask

from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Result = dict[str, Any]
Content = dict[str, Any]
CASES = ("jittered", "ties", "many", "lists", "empty")
MASKS_ALONE = ("jittered", "many")  # cases whose masks are given without boxes


def made_content(seed: int, *, images: int = 14, classes: int = 9, side: int = 220) -> Content:
    """Truth from a seed: polygons of one to three parts, all sizes, negative and open lists."""
    draw = Random(seed)
    ids = list(range(1, classes + 1))
    content: Content = {
        "images": [],
        "annotations": [],
        "categories": [{"id": k, "name": f"class {k}", "frequency": "rcf"[k % 3]} for k in ids],
    }
    for image in range(1, images + 1):
        held: set[int] = set()
        for _ in range(draw.randint(0, 9)):
            label = draw.choice(ids[:-1])  # the last class has no truth
            held.add(label)
            parts = [
                rectangle(draw.uniform(0, 100), draw.uniform(0, 100), *sides(draw))
                for _ in range(draw.choice([1, 1, 1, 2, 3]))
            ]
            content["annotations"].append(annotation(content, image, label, parts, side))
        rest = [k for k in ids if k not in held]
        content["images"].append(
            {
                "id": image,
                "file_name": f"{image}.png",
                "width": side,
                "height": side,
                "neg_category_ids": draw.sample(rest, min(2, len(rest))),
                "not_exhaustive_category_ids": sorted(k for k in held if draw.random() < 0.3),
            }
        )
    return content


def sides(draw: Random) -> tuple[float, float]:
    longest = draw.choice([6, 30, 60, 118])
    return draw.uniform(3, longest), draw.uniform(3, longest)


def rectangle(x: float, y: float, width: float, height: float) -> list[float]:
    return [x, y, x + width, y, x + width, y + height, x, y + height]


def annotation(
    content: Content, image: int, label: int, parts: list[list[float]], side: int
) -> dict[str, Any]:
    """Ids count from 1: lvis loses the annotation of id 0."""
    rle = coco_mask.merge(coco_mask.frPyObjects(parts, side, side))
    return {
        "id": len(content["annotations"]) + 1,
        "image_id": image,
        "category_id": label,
        "segmentation": parts,
        "bbox": [float(v) for v in coco_mask.toBbox(rle)],
        "area": float(coco_mask.area(rle)),
    }


def renumbered(content: Content) -> Content:
    """The same truth with annotation ids from 1, sorted by image, as its reader keeps it."""
    rows = sorted(content["annotations"], key=lambda a: int(a["image_id"]))
    return content | {"annotations": [a | {"id": n} for n, a in enumerate(rows, 1)]}


def made_case(content: Content, case: str, seed: int = 0) -> tuple[Content, list[Result]]:
    """Truth and detections of one of CASES: jittered truth with flips and false positives; scores
    of three values; more than 300 an image; detections of each list's classes and of unknown ones;
    images without truth or detections, masks of one px, and boxes without area.
    """
    draw = Random(f"{case} {seed}")
    content = emptied(content, draw) if case == "empty" else renumbered(content)
    ids = [c["id"] for c in content["categories"]]
    images = {i["id"]: i for i in content["images"]}
    held: dict[int, list[int]] = {image: [] for image in images}
    results = []
    for truth in content["annotations"]:
        image = images[truth["image_id"]]
        held[image["id"]].append(truth["category_id"])
        label = truth["category_id"]
        if draw.random() < 0.2:
            label = draw.choice(image["neg_category_ids"] or ids)
        results.append(moved(truth, image, label, draw))
    for image in content["images"]:
        if case == "empty" and draw.random() < 0.2:
            results = [r for r in results if r["image_id"] != image["id"]]
            continue
        lists = (image["neg_category_ids"], image["not_exhaustive_category_ids"], held[image["id"]])
        known = [*lists[0], *lists[1], *lists[2]] or ids
        count = 40 if case == "lists" else 4
        if case == "many" and draw.random() < 0.2:
            count = draw.randint(280, 400)
        for _ in range(count):
            label = draw.choice(draw.choice([ids, known, *(part or known for part in lists)]))
            results.append(false_positive(image, label, draw))
    if case == "empty":
        results += [dict(draw.choice(results)) | nothing(draw.random()) for _ in range(20)]
    if case == "ties":
        for row in results:
            row["score"] = draw.choice([0.3, 0.6, 0.9])
    draw.shuffle(results)
    return content, results


def emptied(content: Content, draw: Random) -> Content:
    """A fifth of the images without truth, a fifth of the truths one px in size, a tenth none."""
    none = {i["id"] for i in content["images"] if draw.random() < 0.2}
    size = {i["id"]: (i["height"], i["width"]) for i in content["images"]}
    rows = []
    for row in renumbered(content)["annotations"]:
        if row["image_id"] in none:
            continue
        if draw.random() < 0.2:
            height, width = size[row["image_id"]]
            x, y = float(draw.randrange(width - 1)), float(draw.randrange(height - 1))
            ring = {"segmentation": [rectangle(x, y, 1, 1)], "bbox": [x, y, 1.0, 1.0], "area": 1.0}
            rows.append(row | ring)
        elif draw.random() < 0.1:
            x, y = row["bbox"][:2]
            flat = {"segmentation": [rectangle(x, y, 0, 5)], "bbox": [x, y, 0.0, 5.0], "area": 0}
            rows.append(row | flat)
        else:
            rows.append(row)
    return renumbered(content | {"annotations": rows})


def moved(truth: dict[str, Any], image: dict[str, Any], label: int, draw: Random) -> Result:
    """The truth's outline, moved by up to a fifth of its box."""
    width, height = truth["bbox"][2:]
    by = draw.choice([0, 0.02, 0.1, 0.2])
    dx, dy = (by * draw.uniform(-1, 1) * length for length in (width, height))
    rings = [
        [v + (dy if k % 2 else dx) for k, v in enumerate(ring)] for ring in truth["segmentation"]
    ]
    return result(image, label, rings, draw.random())


def nothing(score: float) -> dict[str, Any]:
    return {"bbox": [3.0, 4.0, 0.0, 8.0], "score": score}


def false_positive(image: dict[str, Any], label: int, draw: Random) -> Result:
    x, y = draw.uniform(0, image["width"] - 2), draw.uniform(0, image["height"] - 2)
    size = draw.choice([1, 10, 40, 120])
    return result(image, label, [rectangle(x, y, size, size)], draw.random() ** 2)


def result(image: dict[str, Any], label: int, rings: list[list[float]], score: float) -> Result:
    height, width = image["height"], image["width"]
    rle = coco_mask.merge(coco_mask.frPyObjects(rings, height, width))
    return {
        "image_id": image["id"],
        "category_id": label,
        "score": score,
        "bbox": [float(v) for v in coco_mask.toBbox(rle)],
        "segmentation": {"size": [height, width], "counts": rle["counts"].decode()},
    }


def as_given(results: Sequence[Result], case: str, kind: IouType) -> list[Result]:
    """The results as the case gives them: some masks without boxes."""
    alone = kind == IouType.MASK and case in MASKS_ALONE
    return [{k: v for k, v in r.items() if not (alone and k == "bbox")} for r in results]


def write_cases(folder: Path, content: Content) -> None:
    """One file a case, for the script that asks lvis."""
    for case in CASES:
        truth, results = made_case(content, case)
        given = {kind.value: as_given(results, case, kind) for kind in IouType}
        (folder / f"{case}.json").write_text(json.dumps({"truth": truth, **given}))
