"""Hand-sized label files, data sets, masks and detections, shared by the tests of all stages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from segtrial.data.bdd100k.read import read_bdd100k
from segtrial.data.coco.read import read_coco
from segtrial.geometry.runs import encode_crop
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.detections import Detections
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Box = tuple[float, float, float, float]
CATEGORIES = ({"id": 7, "name": "car"}, {"id": 3, "name": "bridge"}, {"id": 9, "name": "sign"})


def square(x: float, y: float, side: float) -> list[list[float]]:
    """A COCO segmentation of one square."""
    return [[x, y, x + side, y, x + side, y + side, x, y + side]]


def coco_image(image_id: int | str, **changes: Any) -> dict[str, Any]:
    return {"id": image_id, "file_name": f"{image_id}.png", "width": 20, "height": 10} | changes


def coco_annotation(annotation_id: int, image_id: int | str, **changes: Any) -> dict[str, Any]:
    """A 4 px square of the first category, at (2, 3)."""
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 7,
        "bbox": [2, 3, 4, 4],
        "area": 16,
        "iscrowd": 0,
        "segmentation": square(2, 3, 4),
    } | changes


def coco_content(**changes: Any) -> dict[str, Any]:
    """Images 11 (a car, a bridge, a crowd of cars) and 5 (a car); three categories, one unused."""
    crowd = {"size": [10, 20], "counts": [100, 50, 50]}
    content: dict[str, Any] = {
        "images": [coco_image(11), coco_image(5)],
        "annotations": [
            coco_annotation(101, 11),
            coco_annotation(102, 5),
            coco_annotation(103, 11, category_id=3, segmentation=[]),
            coco_annotation(104, 11, iscrowd=1, bbox=[10, 0, 5, 10], area=50, segmentation=crowd),
        ],
        "categories": list(CATEGORIES),
    }
    return content | changes


def bdd_label(label_id: object = "1", **changes: Any) -> dict[str, Any]:
    """A 4 px square car at (2, 3), drawn as one ring of straight lines."""
    ring = {
        "vertices": [[2, 3], [6, 3], [6, 7], [2, 7]],
        "types": "LLLL",
        "closed": True,
    }
    return {"id": label_id, "category": "car", "poly2d": [ring]} | changes


def bdd_frame(name: str, *labels: dict[str, Any], **changes: Any) -> dict[str, Any]:
    frame = {"name": name, "size": {"width": 20, "height": 10}, "labels": list(labels)}
    return frame | changes


def bdd_content() -> list[dict[str, Any]]:
    """A frame with a car, a boxed bridge and a crowd; one with labels null; one without labels."""
    bridge = {
        "id": 2,
        "category": "bridge",
        "box2d": {"x1": 1, "y1": 2, "x2": 3, "y2": 7},
        "attributes": {"occluded": False},
    }
    crowd = bdd_label("3", attributes={"crowd": True, "ignored": False})
    return [
        bdd_frame("b.jpg", bdd_label("1"), bridge, crowd),
        {"name": "a.jpg", "size": {"width": 20, "height": 10}, "labels": None},
        {"name": "c.jpg", "size": {"width": 20, "height": 10}},
    ]


def write_json(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def coco_dataset(folder: Path, **changes: Any) -> Dataset:
    """`coco_content`, written and read."""
    return read_coco(write_json(folder / "coco.json", coco_content(**changes)), folder)


def bdd_dataset(folder: Path, content: Any = None) -> Dataset:
    """`bdd_content`, written and read."""
    frames = bdd_content() if content is None else content
    return read_bdd100k(write_json(folder / "bdd.json", frames), folder)


def box_rle(box: Box, height: int = 10, width: int = 20) -> bytes:
    """COCO's counts of a filled box of whole px."""
    x, y, w, h = (int(v) for v in box)
    return encode_crop(np.ones((h, w), bool), left=x, top=y, height=height, width=width)


def truth(
    rows: Sequence[tuple[int, int, Box]],
    *,
    images: int = 1,
    classes: Sequence[str] = ("car",),
    crowd: Sequence[int] = (),
    size: tuple[int, int] = (10, 20),
    annotation_ids: Sequence[str] | None = None,
) -> Dataset:
    """A data set of boxes (image, class, xywh) whose masks are the filled boxes.

    `crowd`: rows that are crowds; `size`: (height, width) of every image. Annotation ids count
    from 0, as the reference tools do not bear.
    """
    height, width = size
    outlines = [
        {"size": [height, width], "counts": box_rle(b, height, width).decode()} for _, _, b in rows
    ]
    boxes = np.array([box for _, _, box in rows], np.float64).reshape(-1, 4)
    return Dataset(
        name="truth",
        source="truth.json",
        label_format=LabelFormat.COCO,
        geometry_kind=GeometryKind.COCO,
        class_names=tuple(classes),
        class_ids=tuple(range(1, len(classes) + 1)),
        image_root=None,
        image_id=tuple(str(i + 1) for i in range(images)),
        file_name=tuple(f"{i + 1}.png" for i in range(images)),
        width_px=np.full(images, width, np.int32),
        height_px=np.full(images, height, np.int32),
        annotation_id=tuple(annotation_ids or (str(n) for n in range(len(rows)))),
        image_index=np.array([image for image, _, _ in rows], np.int32),
        class_index=np.array([label for _, label, _ in rows], np.int32),
        box_xywh=boxes,
        area_px=boxes[:, 2] * boxes[:, 3],
        crowd=np.isin(np.arange(len(rows)), crowd),
        image_record=tuple(b'{"id": %d}' % (i + 1) for i in range(images)),
        instance_record=tuple(
            json.dumps({"id": n, "segmentation": rle}).encode() for n, rle in enumerate(outlines)
        ),
    )


def found(
    rows: Sequence[tuple[int, int, float, Box]], *, size: tuple[int, int] = (10, 20)
) -> Detections:
    """Detections (image, class, score, xywh) whose masks are the filled boxes."""
    height, width = size
    return Detections(
        image_index=np.array([image for image, _, _, _ in rows], np.int32),
        class_index=np.array([label for _, label, _, _ in rows], np.int32),
        score=np.array([score for _, _, score, _ in rows], np.float64),
        box_xywh=np.array([box for _, _, _, box in rows], np.float64).reshape(-1, 4),
        masks=pack_masks([box_rle(box, height, width) for _, _, _, box in rows]),
    )
