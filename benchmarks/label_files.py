"""Label files of the size and shape of well-known ones, generated, written in a stream."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

BLOCK = 20_000


def write_coco_like(path: Path, *, images: int, instances: int, seed: int = 0) -> None:
    """COCO val2017 has 5000 images and 36,781 annotations of 80 classes, 20 MB."""
    _write(path, images=images, instances=instances, classes=80, seed=seed, lvis=False)


def write_lvis_like(path: Path, *, images: int, instances: int, seed: int = 0) -> None:
    """LVIS v1 train has 100,170 images and 1,270,141 annotations of 1203 classes, 1.1 GB."""
    _write(path, images=images, instances=instances, classes=1203, seed=seed, lvis=True)


def _write(path: Path, *, images: int, instances: int, classes: int, seed: int, lvis: bool) -> None:
    rng = np.random.default_rng(seed)
    encode = msgspec.json.encode
    with path.open("wb") as file:
        file.write(b'{"info": {"year": 2017, "description": "generated"}, "licenses": [],\n')
        file.write(b'"images": [')
        for row in range(images):
            file.write(b", " if row else b"")
            file.write(encode(_image(row, classes, rng, lvis)))
        file.write(b'],\n"annotations": [')
        home = np.sort(rng.integers(0, images, instances))
        rank = 1 / np.arange(1, classes + 1)
        label = rng.choice(classes, instances, p=rank / rank.sum())
        order = rng.permutation(instances)
        for number, row in enumerate(order.tolist()):
            file.write(b", " if number else b"")
            file.write(encode(_annotation(row, int(home[row]), int(label[row]), rng, lvis)))
        file.write(b'],\n"categories": [')
        file.write(b", ".join(encode(_category(row, lvis)) for row in range(classes)))
        file.write(b"]}\n")


def _image(row: int, classes: int, rng: np.random.Generator, lvis: bool) -> dict[str, object]:
    name = f"{row + 1:012d}.jpg"
    image: dict[str, object] = {
        "license": 4,
        "file_name": name,
        "coco_url": f"http://images.example.org/val2017/{name}",
        "height": 480,
        "width": 640,
        "date_captured": "2013-11-14 17:02:52",
        "flickr_url": "http://farm7.example.org/6116/6255196340_da26cf2c9e_z.jpg",
        "id": row + 1,
    }
    if lvis:
        image["neg_category_ids"] = (1 + rng.choice(classes, 5, replace=False)).tolist()
        image["not_exhaustive_category_ids"] = [int(rng.integers(1, classes + 1))]
    return image


def _annotation(
    row: int, image: int, label: int, rng: np.random.Generator, lvis: bool
) -> dict[str, object]:
    """A star-shaped polygon; its number of points is that of COCO's polygons in the median."""
    points = int(np.clip(rng.lognormal(3.4 if not lvis else 3.7, 0.8), 4, 500))
    centre = rng.uniform([20, 20], [620, 460])
    radius = rng.lognormal(3.2, 0.9) * rng.uniform(0.8, 1.2, points)
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    ring = centre + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ring = np.round(np.clip(ring, 0, [640, 480]), 2)
    low, high = ring.min(axis=0), ring.max(axis=0)
    annotation: dict[str, object] = {
        "segmentation": [ring.ravel().tolist()],
        "area": round(float(np.prod(high - low)) * 0.7, 4),
        "iscrowd": 0,
        "image_id": image + 1,
        "bbox": [*np.round(low, 2).tolist(), *np.round(high - low, 2).tolist()],
        "category_id": label + 1,
        "id": row + 1,
    }
    if lvis:
        del annotation["iscrowd"]
    return annotation


def _category(row: int, lvis: bool) -> dict[str, object]:
    category: dict[str, object] = {"supercategory": "thing", "id": row + 1, "name": f"thing {row}"}
    if lvis:
        category |= {"frequency": "fcr"[min(row // 400, 2)], "synset": f"thing.n.{row:02d}"}
    return category
