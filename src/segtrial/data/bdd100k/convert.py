"""Any data set → one with Scalabel's records, and what these cannot hold.

Ids, areas and coverage that Scalabel has no members for go under the key of `data/extension.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.losses import Loss
from segtrial.types.spans import pack_spans

FAMILY = (LabelFormat.BDD100K, LabelFormat.BDD100K_INS_SEG, LabelFormat.BDD100K_PAN_SEG)
TARGET = str(LabelFormat.BDD100K)
FRAME_MEMBERS = (
    *("name", "size", "labels", "attributes", KEY),
    *("id", "file_name", "width", "height", "neg_category_ids", "not_exhaustive_category_ids"),
)
FLAGS = ("crowd", "ignored")
ABSENT_ATTRIBUTES = frozenset({b"", b"null", b"{}"})
LABEL_MEMBERS = (
    *("id", "category", "attributes", "box2d", "poly2d", "rle", KEY),
    *("image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"),
)


def prepare_bdd100k(dataset: Dataset) -> tuple[Dataset, tuple[Loss, ...]]:
    """The data set with Scalabel's records, and what that loses.

    Polygons become poly2d, run lengths rle, boxes box2d with the far edge included; a crowd has
    the attribute. The classes, those without instances too, stand in the config. Raises DataError
    for a blank class name, which no label may have.
    """
    if any(not name.strip() for name in dataset.class_names):
        raise DataError(
            "A class name is blank.", where=dataset.source, expected="names that can be said"
        )
    names = list(dataset.file_name)
    if len(set(names)) < len(names):
        raise DataError(
            "Two images have the same file name, by which Scalabel tells frames apart.",
            where=dataset.source,
            expected="a name for each image",
            got=next(name for name in names if names.count(name) > 1),
        )
    lines: list[int] = []
    labels = pack_spans(_label(dataset, row, lines) for row in range(dataset.instances))
    prepared = replace(
        dataset,
        label_format=LabelFormat.BDD100K,
        geometry_kind=GeometryKind.BDD100K,
        image_record=pack_spans(_frames(dataset)),
        instance_record=labels,
        file_record=_file(dataset),
        geometry_hash="",
    )
    what, done = "outlines of fewer than three points", "kept as boxes"
    lost = Loss(count=len(lines), unit="instances", what=what, done=done)
    return prepared, (lost,) if lines else ()


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
        own = dataset.image_id[row]
        if KEY in members:
            own = str(msgspec.json.decode(members[KEY], type=OfImage).id or own)
        extension = OfImage(id=own if own != name else None)
        if lists[row] is not None:
            extension.negative, extension.not_exhaustive = lists[row]
        frames.append(_extended(frame, extension, members, FRAME_MEMBERS, dataset))
    return frames


def _label(dataset: Dataset, row: int, lines: list[int]) -> bytes:
    members = members_of(dataset.instance_record[row])
    x, y, width, height = dataset.box_xywh[row].tolist()
    far = x + width - 1, y + height - 1
    own = None
    if KEY in members:
        own = msgspec.json.decode(members[KEY], type=OfInstance).id
    label: dict[str, Any] = {
        "id": dataset.annotation_id[row] if own is None else own,
        "category": dataset.class_names[dataset.class_index[row]],
        "attributes": _attributes(dataset, members, crowd=bool(dataset.crowd[row])),
        "box2d": {"x1": x, "y1": y, "x2": far[0], "y2": far[1]},
    }
    shape = shape_of(dataset, row)
    lines += [row] * shape.line
    if shape.rings is not None:
        label["poly2d"] = [
            {"vertices": ring.tolist(), "types": "L" * len(ring), "closed": True}
            for ring in shape.rings
        ]
    elif shape.rle is not None:
        label["rle"] = shape.rle
    exact = (far[0] - x + 1, far[1] - y + 1) == (width, height)
    extension = OfInstance(
        area=float(dataset.area_px[row]), bbox=None if exact else (x, y, width, height)
    )
    return _extended(label, extension, members, LABEL_MEMBERS, dataset)


def _attributes(dataset: Dataset, members: Members, *, crowd: bool) -> dict[str, Any]:
    """The source's attributes; `crowd` where no attribute says so already.

    `crowd` and `ignored` mean something in Scalabel: those of another format do not pass, unless
    they say what the label is.
    """
    found = members_of(bytes(members.get("attributes", b"")))
    flags = [bytes(found.get(name, b"false")) for name in FLAGS]
    if (dataset.label_format not in FAMILY and (b"true" in flags) != crowd) or not set(flags) <= {
        b"true",
        b"false",
        b"null",
    }:
        found = without(found, *FLAGS)
    said = any(bytes(found.get(name, b"")) == b"true" for name in FLAGS)
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
    given = bytes(members.get("attributes", b""))
    passed = members_of(msgspec.json.encode(record.get("attributes", {})))
    if given not in ABSENT_ATTRIBUTES and members_of(given) != passed:
        others["attributes"] = members["attributes"]  # as they were, for the way back
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
