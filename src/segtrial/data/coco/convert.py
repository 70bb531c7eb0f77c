"""Any data set → one with COCO's or LVIS's records, and what these formats cannot hold.

Ids, attributes and coverage that COCO has no members for go under the key of `data/extension.py`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from segtrial.data.coco.categories import Category
from segtrial.data.coco.write import LISTS
from segtrial.data.extension import KEY, OfFile, OfImage, OfInstance, names_by_image
from segtrial.data.interchange import (
    Members,
    Shape,
    has_curves,
    keep_on,
    members_of,
    numbers_or_count,
    restored,
    shape_of,
    with_extension,
    without,
)
from segtrial.geometry.polygons import rings_of_runs
from segtrial.types.attributes import Coverage
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.losses import Loss
from segtrial.types.spans import pack_spans, pack_texts

if TYPE_CHECKING:
    from segtrial.types.arrays import Ints

IMAGE_MEMBERS = ("id", "file_name", "width", "height", "attributes", *LISTS, KEY)
INSTANCE_MEMBERS = (
    *("id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation", "attributes"),
    *("category", "box2d", "poly2d", "rle", KEY),
)
FAMILY = (LabelFormat.COCO, LabelFormat.LVIS, LabelFormat.COCO_PANOPTIC)
FREQUENT, COMMON = 100, 10  # LVIS: more than 100 images, 11 to 100, at most 10


def prepare_coco(dataset: Dataset, target: LabelFormat) -> tuple[Dataset, tuple[Loss, ...]]:
    """The data set with records of `target`, COCO or LVIS, and what that loses.

    The class list, the images and their order stay. LVIS has no crowds: they are left out; and it
    says for each image which classes are absent, which for exhaustive labels are all others.
    """
    losses: list[Loss] = []
    if target == LabelFormat.LVIS:
        dataset = _for_lvis(dataset, losses)
    image_ids, kept_ids = numbers_or_count(list(dataset.image_id))
    if not kept_ids:
        done = "images are numbered from 1; the name stays in file_name"
        losses.append(_harmless(dataset.images, "images", "ids that are no numbers", done))
    ids, numbered = numbers_or_count(list(dataset.annotation_id))
    if not numbered:
        what = "ids that are no numbers, or that repeat in another image"
        losses.append(_harmless(dataset.instances, "instances", what, "numbered from 1"))
    counts: Counter[str] = Counter()
    instances = [
        _instance(dataset, row, (ids[row], numbered), image_ids, target, counts)
        for row in range(dataset.instances)
    ]
    losses += _losses(counts)
    prepared = replace(
        dataset,
        label_format=target,
        geometry_kind=GeometryKind.COCO,
        image_id=pack_texts(str(i) for i in image_ids),
        annotation_id=pack_texts(str(i) for i in ids),
        image_record=pack_spans(_images(dataset, image_ids, kept_ids, target)),
        instance_record=pack_spans(instances),
        class_record=_categories(dataset, target),
        file_record=_file(dataset, target),
        geometry_hash="",
    )
    return prepared, tuple(losses)


def _harmless(count: int, unit: str, what: str, done: str) -> Loss:
    return Loss(count=count, unit=unit, what=what, done=done, harmless=True)


def _losses(counts: Counter[str]) -> list[Loss]:
    known = (
        ("curves", "Bézier curves", "evaluated to polygons, at most 0.004 px off", True),
        ("line", "outlines of fewer than three points", "kept as boxes", False),
        ("traced", "run-length masks", "traced along pixel edges: the same pixels", True),
    )
    return [
        Loss(count=counts[key], unit="instances", what=what, done=done, harmless=harmless)
        for key, what, done, harmless in known
        if counts[key]
    ]


def _images(dataset: Dataset, ids: list[int], kept_ids: bool, target: LabelFormat) -> list[bytes]:
    lists: list[Any] = [None] * dataset.images
    if dataset.coverage is not None:
        lists = list(names_by_image(dataset.coverage, dataset.class_names, dataset.images))
    id_of = dict(zip(dataset.class_names, dataset.class_ids, strict=True))
    records = []
    for row, source in enumerate(dataset.image_record):
        members = members_of(source)
        record: dict[str, Any] = {
            "id": ids[row],
            "file_name": dataset.file_name[row],
            "width": int(dataset.width_px[row]),
            "height": int(dataset.height_px[row]),
        }
        if "attributes" in members:
            record["attributes"] = members["attributes"]
        extension = OfImage(id=None if kept_ids else dataset.image_id[row])
        _keep_file_name(extension, dataset, row, members, target)
        if lists[row] is not None and target == LabelFormat.LVIS:
            for name, names in zip(LISTS, lists[row], strict=True):
                record[name] = [id_of[n] for n in names]
        elif lists[row] is not None:
            extension.negative, extension.not_exhaustive = lists[row]
        records.append(_extended(record, extension, members, IMAGE_MEMBERS, dataset, target))
    return records


def _keep_file_name(
    extension: OfImage, dataset: Dataset, row: int, members: Members, target: LabelFormat
) -> None:
    """LVIS's own file name where COCO needs another: that of v0.5 is of 2014, v1 has none."""
    own = bytes(members.get("file_name", b"null"))
    other_name = own != msgspec.json.encode(dataset.file_name[row])
    if dataset.label_format == LabelFormat.LVIS and target == LabelFormat.COCO and other_name:
        extension.format = str(LabelFormat.LVIS)
        extension.other = {"file_name": msgspec.Raw(own)}


def _instance(
    dataset: Dataset,
    row: int,
    annotation_id: tuple[int, bool],
    image_ids: list[int],
    target: LabelFormat,
    counts: Counter[str],
) -> bytes:
    members = members_of(dataset.instance_record[row])
    counts["curves"] += has_curves(dataset, row)
    record: dict[str, Any] = {
        "id": annotation_id[0],
        "image_id": image_ids[int(dataset.image_index[row])],
        "category_id": dataset.class_ids[int(dataset.class_index[row])],
        "bbox": dataset.box_xywh[row].tolist(),
        "area": float(dataset.area_px[row]),
        "iscrowd": int(dataset.crowd[row]),
        "segmentation": _segmentation(dataset, row, members, target, counts),
    }
    if target == LabelFormat.LVIS:
        del record["iscrowd"]
    if "attributes" in members:
        record["attributes"] = members["attributes"]
    extension = OfInstance(id=None if annotation_id[1] else dataset.annotation_id[row])
    return _extended(record, extension, members, INSTANCE_MEMBERS, dataset, target)


def _segmentation(
    dataset: Dataset, row: int, members: Members, target: LabelFormat, counts: Counter[str]
) -> Any:
    """COCO's segmentation; the source's own bytes where it is one already."""
    shape = shape_of(dataset, row)
    counts["line"] += shape.line
    if shape.rle is not None and target == LabelFormat.LVIS:
        counts["traced"] += 1
        shape = Shape(rings=rings_of_runs(shape.rle["counts"].encode(), tuple(shape.rle["size"])))
    elif dataset.geometry_kind == GeometryKind.COCO and "segmentation" in members:
        return [] if shape.line else members["segmentation"]
    if shape.rings is not None:
        return [np.asarray(ring, np.float64).ravel().tolist() for ring in shape.rings]
    return shape.rle if shape.rle is not None else []


def _extended(
    record: dict[str, Any],
    extension: OfImage | OfInstance,
    members: Members,
    expressed: tuple[str, ...],
    dataset: Dataset,
    target: LabelFormat,
) -> bytes:
    """The record with the members kept for `target` taken back, and the source's others kept.

    COCO's and LVIS's own other members (licence, addresses) stand in both formats.
    """
    others = without(members, *expressed, *record)
    if dataset.label_format in FAMILY:
        record |= others
        keep_on(extension, members, target)
    elif others:
        extension.format, extension.other = str(dataset.label_format), others
    for name, raw in restored(members, type(extension), target).items():
        if name == "file_name" and target == LabelFormat.LVIS and bytes(raw) == b"null":
            del record[name]
        elif name not in record or name in {"attributes", "file_name"}:
            record[name] = raw
    return with_extension(record, extension)


def _categories(dataset: Dataset, target: LabelFormat) -> tuple[bytes, ...]:
    """Category records: the source's where it has them; under LVIS with counts and frequency."""
    known = {name: raw for raw in _known_categories(dataset) for name in [_name(raw)]}
    images = dataset.image_counts().tolist()
    instances = dataset.instance_counts().tolist()
    found = []
    for row, (class_id, name) in enumerate(
        zip(dataset.class_ids, dataset.class_names, strict=True)
    ):
        record: dict[str, Any] = dict(members_of(known.get(name, b"")))
        record |= {"id": class_id, "name": name}
        if target == LabelFormat.LVIS and "frequency" not in record:
            record |= {"image_count": images[row], "instance_count": instances[row]}
            record["frequency"] = _frequency(images[row])
        found.append(msgspec.json.encode(record))
    return tuple(found)


def _known_categories(dataset: Dataset) -> tuple[bytes, ...]:
    if dataset.class_record:
        return dataset.class_record
    members = members_of(dataset.file_record)
    if KEY not in members:
        return ()
    kept = msgspec.json.decode(members[KEY], type=OfFile)
    return tuple(bytes(raw) for raw in kept.categories)


def _name(raw: bytes) -> str:
    return msgspec.json.decode(raw, type=Category).name


def _frequency(images: int) -> str:
    if images > FREQUENT:
        return "f"
    return "c" if images > COMMON else "r"


def _file(dataset: Dataset, target: LabelFormat) -> bytes:
    members = members_of(dataset.file_record)
    taken_back = restored(members, OfFile, target)
    others = without(members, KEY)
    if dataset.label_format in FAMILY:
        return msgspec.json.encode(others | taken_back)
    extension = OfFile(format=str(dataset.label_format), other=others)
    return msgspec.json.encode(taken_back | ({KEY: extension} if others else {}))


def _for_lvis(dataset: Dataset, losses: list[Loss]) -> Dataset:
    """Without crowds, with coverage, with a frequency for every class."""
    negative = _absent(dataset) if dataset.coverage is None else None
    crowds = int(dataset.crowd.sum())
    in_crowds = np.unique(
        np.stack([dataset.image_index, dataset.class_index], axis=1)[dataset.crowd], axis=0
    )
    if crowds:
        done = "left out: LVIS has no crowds"
        losses.append(Loss(count=crowds, unit="instances", what="crowds", done=done))
        dataset = dataset.take_instances(np.flatnonzero(~dataset.crowd))
    if negative is not None:
        done = "listed as negative: the source is taken as exhaustive"
        losses.append(_harmless(len(negative), "pairs", "absent classes", done))
        # what a crowd was is there, and not labelled one by one
        coverage = Coverage(negative=negative, not_exhaustive=in_crowds.astype(np.int32))
        dataset = replace(dataset, coverage=coverage)
    return dataset


def _absent(dataset: Dataset) -> Ints:
    """(image, class) pairs without an instance, sorted: int32 (P, 2)."""
    classes = len(dataset.class_names)
    present = np.zeros((dataset.images, classes), np.bool_)
    present[dataset.image_index, dataset.class_index] = True
    return np.argwhere(~present).astype(np.int32)
