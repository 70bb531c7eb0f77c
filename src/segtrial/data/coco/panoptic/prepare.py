"""Any data set → one that can be written as COCO panoptic labels, and what these cannot hold.

The instances are painted here as they will be in the PNG, so that every loss is counted before
anything is written.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from segtrial.data.bdd100k.names import FIRST_THING
from segtrial.data.check import place_of
from segtrial.data.coco.panoptic.read import PANOPTIC
from segtrial.data.coco.panoptic.segments import VOID, is_segment_id, run_lengths
from segtrial.data.label_png import check_map_sizes
from segtrial.geometry.label_maps import UInts, instances_of, paint
from segtrial.geometry.outlines import NoAreaError
from segtrial.geometry.rasterise import instance_counts
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.losses import Loss
from segtrial.types.masks import pack_masks
from segtrial.types.spans import pack_spans, pack_texts

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Longs

FAMILY = (LabelFormat.COCO, LabelFormat.LVIS)
_LISTS = ("neg_category_ids", "not_exhaustive_category_ids")
_DIGITS = 18  # of an image's id, which JSON readers hold in 64 bits
_INSTANCES = {
    "box": ("with only a box", "left out"),
    "no area": ("whose outline has no area", "left out"),
    "covered": ("wholly covered by later ones", "left out"),
    "cut": ("partly covered by later ones", "cut to what is seen"),
    "drawn": ("outlines", "drawn as pixels, by COCO's rule; boxes are the pixels'"),
}


def prepare_panoptic(dataset: Dataset) -> tuple[Dataset, tuple[Loss, ...]]:
    """The data set as panoptic labels would hold it, and what that loses.

    Later instances of an image overwrite earlier ones, and crowds nothing; those that have only a
    box are left out.
    Ids stay where an image's are different natural numbers that fit; else they count from 1.
    Every class is a thing, except BDD100K's stuff. Panoptic labels are given back as they are.
    Raises DataError for an outline that cannot be read.
    """
    if dataset.label_format == LabelFormat.COCO_PANOPTIC:
        return dataset, ()
    check_map_sizes(dataset)
    count: Counter[str] = Counter()
    first = dataset.first_rows().tolist()
    parts = [
        _image(dataset, image, range(first[image], first[image + 1]), count)
        for image in range(dataset.images)
    ]
    row = np.concatenate([np.zeros(0, np.int64), *(part.row for part in parts)])
    ids = image_ids(dataset)
    count["image ids"] = sum(str(i) != text for i, text in zip(ids, dataset.image_id, strict=True))
    others = dataset.file_record if dataset.label_format in FAMILY else b"{}"
    prepared = replace(
        dataset.take_instances(row),
        label_format=LabelFormat.COCO_PANOPTIC,
        geometry_kind=GeometryKind.COCO,
        image_id=pack_texts(map(str, ids)),
        image_record=pack_spans(_image_record(dataset, i, ids[i]) for i in range(dataset.images)),
        annotation_id=pack_texts(str(value) for part in parts for value in part.value.tolist()),
        box_xywh=np.concatenate([np.zeros((0, 4)), *(part.box_xywh for part in parts)]),
        area_px=np.concatenate([np.zeros(0), *(part.area_px for part in parts)]),
        instance_record=pack_spans(record for part in parts for record in part.record),
        class_record=_class_records(dataset),
        class_frequency=(),
        coverage=None,
        file_record=others,
        geometry_hash="",
    )
    return prepared, _losses(dataset, count)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Painted:
    """The segments left of one image: source rows (K), ids, boxes, areas and records."""

    row: Longs
    value: UInts
    box_xywh: Floats
    area_px: Longs
    record: list[bytes]


def _image(dataset: Dataset, image: int, rows: range, count: Counter[str]) -> _Painted:
    size = (int(dataset.height_px[image]), int(dataset.width_px[image]))
    drawn = [(row, counts) for row in rows for counts in _counts(dataset, row, count)]
    kept = [row for row, _ in drawn]
    value = _segment_ids([dataset.annotation_id[row] for row in kept], count)
    masks = pack_masks([counts for _, counts in drawn])
    # crowds first: what stands before a crowd region is an instance of its own
    order = np.argsort(~dataset.crowd[kept], kind="stable")
    painted, lost = paint(
        masks.take(order), value[order], height=size[0], width=size[1], background=VOID
    )
    lost_px = np.zeros_like(lost)
    lost_px[order] = lost
    found, masks, boxes, areas = instances_of(painted, VOID)
    at = np.searchsorted(found, value)
    seen = np.isin(value, found)
    count["pixels"] += int(lost_px.sum())
    count["cut"] += int((seen & (lost_px > 0)).sum())
    count["covered"] += int((~seen & (lost_px > 0)).sum())
    count["no area"] += int((~seen & (lost_px == 0)).sum())
    row, at = np.array(kept, np.int64)[seen], at[seen]
    record = [
        _segment(dataset, source, int(found[m]), (boxes[m], areas[m]), run_lengths(masks, m, size))
        for source, m in zip(row.tolist(), at.tolist(), strict=True)
    ]
    value = value[seen]
    return _Painted(row=row, value=value, box_xywh=boxes[at], area_px=areas[at], record=record)


def _segment(
    dataset: Dataset, row: int, number: int, size: tuple[Floats, np.int64], rle: dict[str, object]
) -> bytes:
    segment: dict[str, Any] = {
        "id": number,
        "category_id": dataset.class_ids[dataset.class_index[row]],
        "iscrowd": int(dataset.crowd[row]),
        "bbox": [int(v) for v in size[0]],
        "area": int(size[1]),
        "segmentation": rle,
    }
    return msgspec.json.encode(segment | _attributes(dataset.instance_record[row]))


def _counts(dataset: Dataset, row: int, count: Counter[str]) -> list[bytes]:
    """The instance's run lengths; none where it has no outline, or one without area."""
    geometry = dataset.geometry[row]
    if not geometry:
        count["box"] += 1
        return []
    try:
        counts = instance_counts(dataset, row)
    except NoAreaError:
        count["no area"] += 1
        return []
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise DataError(
            "An outline cannot be read.", where=place_of(dataset, row), got=str(error)
        ) from error
    count["drawn"] += not geometry.startswith(b"{")  # no run lengths
    return [counts]


def _segment_ids(texts: list[str], count: Counter[str]) -> UInts:
    if all(map(is_segment_id, texts)) and len({*map(int, texts)}) == len(texts):
        return np.array([int(text) for text in texts], np.uint32)
    count["ids"] += len(texts)
    return np.arange(1, len(texts) + 1, dtype=np.uint32)


def image_ids(dataset: Dataset) -> list[int]:
    """The ids of the images: numbers as they are where all are different ones, else 1, 2, 3 …"""
    texts = list(dataset.image_id)
    short = all(text.isascii() and text.isdecimal() and len(text) <= _DIGITS for text in texts)
    if short and all(str(int(text)) == text for text in texts):
        return [int(text) for text in texts]
    return list(range(1, len(texts) + 1))


def _members(record: bytes) -> dict[str, msgspec.Raw]:
    """The members of a JSON record; none of a row of YOLO."""
    if not record.startswith(b"{"):
        return {}
    return msgspec.json.decode(record, type=dict[str, msgspec.Raw])


def _attributes(record: bytes) -> dict[str, msgspec.Raw]:
    members = _members(record)
    return {"attributes": members["attributes"]} if "attributes" in members else {}


def _image_record(dataset: Dataset, image: int, number: int) -> bytes:
    source = dataset.image_record[image]
    kept = _members(source) if dataset.label_format in FAMILY else _attributes(source)
    for name in (*_LISTS, PANOPTIC):
        kept.pop(name, None)
    record = {
        "id": number,
        "file_name": dataset.file_name[image],
        "width": int(dataset.width_px[image]),
        "height": int(dataset.height_px[image]),
    }
    return msgspec.json.encode(kept | record)


def _class_records(dataset: Dataset) -> tuple[bytes, ...]:
    """The source's own category records where it has them; each says whether it is a thing."""
    known = {}
    for raw in dataset.class_record:
        members = _members(raw)
        known[msgspec.json.decode(members["name"])] = members
    stuff = FIRST_THING if dataset.label_format == LabelFormat.BDD100K_PAN_SEG else 0
    records = []
    for number, name in zip(dataset.class_ids, dataset.class_names, strict=True):
        default: dict[str, Any] = {"isthing": int(not 0 <= number < stuff)}
        records.append(default | known.get(name, {}) | {"id": number, "name": name})
    return tuple(map(msgspec.json.encode, records))


def _losses(dataset: Dataset, count: Counter[str]) -> tuple[Loss, ...]:
    found = [
        Loss(count=count[key], unit="instances", what=what, done=done)
        for key, (what, done) in _INSTANCES.items()
    ]
    covered = "lists of the classes looked for"
    everywhere = "left out: every class counts as looked for everywhere"
    renumbered = "numbered anew"
    images = 0 if dataset.coverage is None else dataset.images
    found += [
        Loss(count=count["pixels"], unit="pixels", what="of two instances", done="the later's"),
        Loss(count=images, unit="images", what=covered, done=everywhere),
        Loss(count=count["ids"], unit="instances", what="ids", done=renumbered, harmless=True),
        Loss(count=count["image ids"], unit="images", what="ids", done=renumbered, harmless=True),
    ]
    return tuple(loss for loss in found if loss.count)
