"""Any data set → one with Scalabel's records, and what these cannot hold.

Ids, areas and coverage that Scalabel has no members for go under the key of `data/extension.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from segtrial.data.extension import KEY, OfFile, OfImage, OfInstance, names_by_image
from segtrial.data.interchange import (
    Members,
    keep_on,
    members_of,
    restored,
    shape_of,
    with_extension,
    without,
)
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.spans import pack_spans

if TYPE_CHECKING:
    from segtrial.types.losses import Loss

FAMILY = (LabelFormat.BDD100K, LabelFormat.BDD100K_INS_SEG, LabelFormat.BDD100K_PAN_SEG)
TARGET = str(LabelFormat.BDD100K)
FRAME_MEMBERS = (
    *("name", "size", "labels", "attributes", KEY),
    *("id", "file_name", "width", "height", "neg_category_ids", "not_exhaustive_category_ids"),
)
LABEL_MEMBERS = (
    *("id", "category", "attributes", "box2d", "poly2d", "rle", KEY),
    *("image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"),
)


def prepare_bdd100k(dataset: Dataset) -> tuple[Dataset, tuple[Loss, ...]]:
    """The data set with Scalabel's records; nothing is lost.

    Polygons become poly2d, run lengths rle, boxes box2d with the far edge included; a crowd has
    the attribute. The classes, those without instances too, stand in the config.
    """
    prepared = replace(
        dataset,
        label_format=LabelFormat.BDD100K,
        geometry_kind=GeometryKind.BDD100K,
        image_record=pack_spans(_frames(dataset)),
        instance_record=pack_spans(_label(dataset, row) for row in range(dataset.instances)),
        file_record=_file(dataset),
        geometry_hash="",
    )
    return prepared, ()


def _frames(dataset: Dataset) -> list[bytes]:
    lists: list[Any] = [None] * dataset.images
    if dataset.coverage is not None:
        lists = list(names_by_image(dataset.coverage, dataset.class_names, dataset.images))
    frames = []
    for row, source in enumerate(dataset.image_record):
        members = members_of(source)
        name = dataset.file_name[row]
        size = {"width": int(dataset.width_px[row]), "height": int(dataset.height_px[row])}
        frame: dict[str, Any] = {"name": name, "size": size}
        if "attributes" in members:
            frame["attributes"] = members["attributes"]
        extension = OfImage(id=dataset.image_id[row] if dataset.image_id[row] != name else None)
        if lists[row] is not None:
            extension.negative, extension.not_exhaustive = lists[row]
        frames.append(_extended(frame, extension, members, FRAME_MEMBERS, dataset))
    return frames


def _label(dataset: Dataset, row: int) -> bytes:
    members = members_of(dataset.instance_record[row])
    x, y, width, height = dataset.box_xywh[row].tolist()
    label: dict[str, Any] = {
        "id": dataset.annotation_id[row],
        "category": dataset.class_names[dataset.class_index[row]],
        "attributes": _attributes(members, crowd=bool(dataset.crowd[row])),
        "box2d": {"x1": x, "y1": y, "x2": x + width - 1, "y2": y + height - 1},
    }
    shape = shape_of(dataset, row)
    if shape.rings is not None:
        label["poly2d"] = [
            {"vertices": ring.tolist(), "types": "L" * len(ring), "closed": True}
            for ring in shape.rings
        ]
    elif shape.rle is not None:
        label["rle"] = shape.rle
    extension = OfInstance(area=float(dataset.area_px[row]))
    return _extended(label, extension, members, LABEL_MEMBERS, dataset)


def _attributes(members: Members, *, crowd: bool) -> dict[str, Any]:
    """The source's attributes; `crowd` where no attribute says so already."""
    found = members_of(bytes(members.get("attributes", b"")))
    said = any(bytes(found.get(name, b"")) == b"true" for name in ("crowd", "ignored"))
    return found | ({"crowd": True} if crowd and not said else {})


def _extended(
    record: dict[str, Any],
    extension: OfImage | OfInstance,
    members: Members,
    expressed: tuple[str, ...],
    dataset: Dataset,
) -> bytes:
    """The record with the members kept for Scalabel taken back, and the source's others kept."""
    others = without(members, *expressed, *record)
    if dataset.label_format in FAMILY:
        record |= others
        keep_on(extension, members, TARGET)
    elif others:
        extension.format, extension.other = str(dataset.label_format), others
    record |= without(restored(members, type(extension), TARGET), *record)
    return with_extension(record, extension)


def _file(dataset: Dataset) -> bytes:
    members = members_of(dataset.file_record)
    others = without(members, KEY, "config")
    record: dict[str, Any] = dict(restored(members, OfFile, TARGET))
    record["config"] = {"categories": [{"name": name} for name in dataset.class_names]}
    extension = OfFile(
        category_ids=dict(zip(dataset.class_names, dataset.class_ids, strict=True)),
        categories=[msgspec.Raw(raw) for raw in dataset.class_record],
    )
    if dataset.label_format in FAMILY:
        record |= others
    elif others:
        extension.format, extension.other = str(dataset.label_format), others
    return msgspec.json.encode(record | {KEY: extension})
