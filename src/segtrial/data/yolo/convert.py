"""Any data set → one with YOLO's records, and what YOLO-seg cannot hold.

Pictures keep their names here; `write.py` gives them their places.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from segtrial.data.yolo.read import ImageRecord, duplicate_rows
from segtrial.data.yolo.rings import one_ring, row_of_box, row_of_ring
from segtrial.data.yolo.rows import measures
from segtrial.geometry.outlines import NoAreaError, outline_of
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.losses import Loss
from segtrial.types.spans import pack_spans, pack_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.arrays import Floats

_SLACK_PX = 1.0  # stated boxes are often rounded to whole px
_SLACK_AREA = 0.01
# what may happen to an instance, in the order shown: key → what, done, harmless
_KINDS = {
    "crowd": ("crowds: YOLO has none", "left out", False),
    "no area": ("labels without area", "left out", False),
    "bridged": ("labels of several parts", "joined to one ring by bridges of no width", False),
    "united": ("parts that overlap", "united pixel by pixel, then joined", False),
    "traced": ("run-length masks", "traced along pixel edges: the same pixels", True),
    "box ring": ("boxes without outline among outlines", "written as rings of 4 points", False),
    "cut": ("outlines or boxes that leave the image", "cut off at its border", False),
    "box": (f"boxes more than {_SLACK_PX:g} px off their outline's", "taken from it", False),
    "area": (
        f"areas more than {_SLACK_AREA:.0%} and 1 px off their outline's",
        "taken from it",
        False,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """An instance as YOLO's row, and what happened to it: keys of `_KINDS`."""

    record: bytes
    happened: tuple[str, ...]


def prepare_yolo(dataset: Dataset) -> tuple[Dataset, tuple[Loss, ...]]:
    """The data set with YOLO's records, and what that loses, counted.

    Images, classes and their order stay. An instance becomes one ring: several parts are joined by
    bridges (`geometry.bridges`), run lengths are traced along pixel edges, holes are cut open.
    Where no instance has an outline, rows are boxes; else a box becomes a ring of 4 points.
    Coordinates are fractions with 9 digits: at most 1.5e-5 px off at 10,000 px, and the same
    again after YOLO → px → YOLO. Boxes and areas are the rows' own. A data set of YOLO records
    comes back as it is. Raises DataError for an outline that cannot be read.
    """
    if dataset.geometry_kind == GeometryKind.YOLO:
        return dataset, _repeated(dataset)
    if not dataset.class_names:
        raise DataError(
            "The labels have no class.", where=dataset.source, expected="at least one class name"
        )
    outlined = any(
        raw and not crowd for raw, crowd in zip(dataset.geometry, dataset.crowd, strict=True)
    )
    counts: Counter[str] = Counter()
    kept, records = [], []
    for row in range(dataset.instances):
        made = _row(dataset, row, outlined=outlined)
        counts.update(made.happened)
        if made.record:
            kept.append(row)
            records.append(made.record)
    prepared = _with_records(dataset.take_instances(kept), records)
    counts.update(_differences(dataset, kept, prepared))
    losses = [
        Loss(count=counts[key], unit="instances", what=what, done=done, harmless=harmless)
        for key, (what, done, harmless) in _KINDS.items()
        if counts[key]
    ]
    return prepared, (*losses, *_repeated(prepared), *_not_held(dataset))


def _row(dataset: Dataset, row: int, *, outlined: bool) -> _Row:
    if dataset.crowd[row]:
        return _Row(record=b"", happened=("crowd",))
    image = int(dataset.image_index[row])
    size = int(dataset.width_px[image]), int(dataset.height_px[image])
    label = int(dataset.class_index[row])
    try:
        outline = outline_of(dataset, row)
        if outline is None:
            return _of_box(dataset.box_xywh[row], label, size, as_ring=outlined)
        ring, happened = one_ring(outline, size)
    except NoAreaError:
        return _Row(record=b"", happened=("no area",))
    except (ValueError, TypeError, KeyError, OverflowError, msgspec.DecodeError) as error:
        where = f"{dataset.source}: image {dataset.image_id[image]}, label"
        raise DataError(
            "An outline cannot be read.",
            where=f"{where} {dataset.annotation_id[row]}",
            got=str(error)[:200],
        ) from error
    return _Row(record=row_of_ring(label, ring, size), happened=happened)


def _of_box(box_xywh: Floats, label: int, size: tuple[int, int], *, as_ring: bool) -> _Row:
    low = np.maximum(box_xywh[:2], 0)
    high = np.minimum(box_xywh[:2] + box_xywh[2:], size)
    if not (high > low).all():
        return _Row(record=b"", happened=("no area",))
    leaves = (low > box_xywh[:2]).any() or (high < box_xywh[:2] + box_xywh[2:]).any()
    happened = ("cut",) if leaves else ()
    if not as_ring:
        return _Row(record=row_of_box(label, low, high, size), happened=happened)
    ring = np.array([low, [high[0], low[1]], high, [low[0], high[1]]])
    return _Row(record=row_of_ring(label, ring, size), happened=(*happened, "box ring"))


def _with_records(dataset: Dataset, records: Sequence[bytes]) -> Dataset:
    """The data set with the columns that a reader would take from these rows."""
    boxes, areas = np.empty((len(records), 4)), np.empty(len(records))
    for row, record in enumerate(records):
        image = dataset.image_index[row]
        size = int(dataset.width_px[image]), int(dataset.height_px[image])
        boxes[row], areas[row] = measures([float(v) for v in record.split()[1:]], size)
    first = dataset.first_rows()
    numbers = np.arange(dataset.instances) - first[dataset.image_index] + 1
    image_record = msgspec.json.encode(ImageRecord(label_file=None))
    return replace(
        dataset,
        label_format=LabelFormat.YOLO_SEG,
        geometry_kind=GeometryKind.YOLO,
        class_ids=tuple(range(len(dataset.class_names))),
        annotation_id=pack_texts(map(str, numbers.tolist())),
        box_xywh=boxes,
        area_px=areas,
        image_record=pack_spans([image_record] * dataset.images),
        instance_record=pack_spans(records),
        class_record=(),
        class_frequency=(),
        image_attributes=(),
        instance_attributes=(),
        coverage=None,
        file_record=b"{}",
        geometry_hash="",
    )


def _differences(dataset: Dataset, kept: list[int], prepared: Dataset) -> Counter[str]:
    """How many boxes and areas that the source states are not those of the rows."""
    far_px = np.abs(_corners(dataset.box_xywh[kept]) - _corners(prepared.box_xywh))
    boxes = (far_px > _SLACK_PX).any(axis=1).sum()
    off = np.abs(dataset.area_px[kept] - prepared.area_px)
    areas = ((off > _SLACK_AREA * dataset.area_px[kept]) & (off > 1)).sum()
    return Counter({"box": int(boxes), "area": int(areas)})


def _corners(box_xywh: Floats) -> Floats:
    return np.concatenate([box_xywh[:, :2], box_xywh[:, :2] + box_xywh[:, 2:]], axis=1)


def _repeated(dataset: Dataset) -> tuple[Loss, ...]:
    count = len(duplicate_rows(dataset))
    what = "labels of the class and box of another"
    done = "kept; Ultralytics removes them when it reads"
    return (Loss(count=count, unit="instances", what=what, done=done),) if count else ()


def _not_held(dataset: Dataset) -> list[Loss]:
    """What the source says beside outlines and classes."""
    losses = []
    for unit, attributes in (
        ("images", dataset.image_attributes),
        ("instances", dataset.instance_attributes),
    ):
        for item in attributes:
            what = f"the attribute {item.name}"
            count = int((item.code >= 0).sum())
            losses.append(Loss(count=count, unit=unit, what=what, done="not written"))
    if dataset.coverage is not None:
        for what, pairs in (
            ("classes verified to be absent", dataset.coverage.negative),
            ("classes not labelled exhaustively", dataset.coverage.not_exhaustive),
        ):
            count = len(pairs)
            losses.append(
                Loss(count=count, unit="image-class pairs", what=what, done="not written")
            )
    stated = sum(map(bool, dataset.class_frequency))
    if stated:
        what = "frequencies r, c, f"
        losses.append(Loss(count=stated, unit="classes", what=what, done="not written"))
    return [loss for loss in (*losses, *_harmless(dataset)) if loss.count]


def _harmless(dataset: Dataset) -> list[Loss]:
    moved = sum(index != name for index, name in enumerate(dataset.class_ids))
    numbered = "numbered from 1 in each image"
    others = "ids and other members: licence, address, date …"
    known = (
        (moved, "classes", "class ids", "numbered from 0"),
        (dataset.instances, "instances", "label ids", numbered),
        (dataset.images, "images", others, "not written"),
        (len(dataset.class_record), "classes", "super-categories and other members", "not written"),
    )
    return [
        Loss(count=count, unit=unit, what=what, done=done, harmless=True)
        for count, unit, what, done in known
    ]
