"""The annotations of a COCO file as columns, decoded in blocks, checked as columns."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

from segtrial.data.attributes import AttributeColumns
from segtrial.data.records import decode_blocks, element_spans
from segtrial.geometry.outlines import FARTHEST_PX
from segtrial.types.errors import DataError
from segtrial.types.spans import Spans, Texts, pack_texts

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools, Floats, Ints, Longs
    from segtrial.types.attributes import Attribute

Id = int | str
ANNOTATION = "id, image_id, category_id and bbox = [x, y, width, height]"


class _Annotation(msgspec.Struct, gc=False):
    id: Id
    image_id: Id
    category_id: int
    bbox: Annotated[list[float], msgspec.Meta(min_length=4, max_length=4)]
    area: float | None = None
    iscrowd: int = 0
    attributes: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Annotations:
    """Instance columns of a Dataset, sorted by image; within an image in the file's order."""

    annotation_id: Texts
    image_index: Ints
    class_index: Ints
    box_xywh: Floats
    area_px: Floats
    crowd: Bools
    record: Spans
    attributes: tuple[Attribute, ...]


def read_annotations(
    text: bytes,
    raws: list[msgspec.Raw],
    where: str,
    image_row: dict[Id, int],
    class_row: dict[int, int],
) -> Annotations:
    """The columns of the annotations `raws`, the array named `where` of the file's `text`.

    Raises DataError for the first annotation that is none, that names an image or a category that
    the file does not list, whose id stands twice, or whose box is no box.
    """
    spans = element_spans(text, raws)
    raws.clear()
    ids: list[str] = []
    image, label, box = array("q"), array("q"), array("d")
    area, crowd = array("d"), array("b")
    attributes = AttributeColumns()
    for first, block in decode_blocks(spans, _Annotation, where=where, expected=ANNOTATION):
        ids += [str(item.id) for item in block]
        image.extend([image_row.get(item.image_id, -1) for item in block])
        label.extend([class_row.get(item.category_id, -1) for item in block])
        box.extend(chain.from_iterable([item.bbox for item in block]))
        area.extend([np.nan if item.area is None else item.area for item in block])
        crowd.extend([bool(item.iscrowd) for item in block])
        for row, item in enumerate(block, start=first):
            if item.attributes is not msgspec.UNSET:
                attributes.add(row, item.attributes, f"{where}[{row}]")
    columns = _Columns(
        ids=ids, image=_longs(image), label=_longs(label), box=np.frombuffer(box).reshape(-1, 4)
    )
    _check(columns, spans, where)
    order = np.argsort(columns.image, kind="stable")
    areas, boxes = np.frombuffer(area), columns.box
    areas = np.where(np.isnan(areas), boxes[:, 2] * boxes[:, 3], areas)
    return Annotations(
        annotation_id=pack_texts(ids).take(order),
        image_index=columns.image[order].astype(np.int32),
        class_index=columns.label[order].astype(np.int32),
        box_xywh=boxes[order],
        area_px=areas[order],
        crowd=np.frombuffer(crowd, np.int8)[order] != 0,
        record=spans.take(order),
        attributes=tuple(a.take(order) for a in attributes.columns(len(ids))),
    )


def _longs(values: array[int]) -> Longs:
    return np.frombuffer(values, np.int64) if len(values) else np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Columns:
    ids: list[str]
    image: Longs
    label: Longs
    box: Floats


def _check(columns: _Columns, spans: Spans, where: str) -> None:
    """Raise DataError for the first annotation that does not fit its file."""
    box = columns.box
    no_box = ~(np.abs(box) <= FARTHEST_PX).all(axis=1) | (box[:, 2:] < 0).any(axis=1)
    faults = (
        (columns.image < 0, "names an image that the file does not list", "image_id"),
        (columns.label < 0, "names a category that the file does not list", "category_id"),
        (no_box, "has a box that is none", "bbox"),
        (_repeated(columns.ids), "has the id of another", "id"),
    )
    for wrong, what, member in faults:
        if wrong.any():
            row = int(np.argmax(wrong))
            record = msgspec.json.decode(spans[row], type=dict[str, msgspec.Raw])
            raise DataError(
                f"An annotation {what}.",
                where=f"{where}[{row}]",
                expected={
                    "image_id": "an id of the file's images",
                    "category_id": "an id of the file's categories",
                    "bbox": "[x, y, width, height] in px with width and height ≥ 0",
                    "id": "unique ids",
                }[member],
                got=f"{member} {bytes(record[member]).decode()}",
            )


def _repeated(ids: list[str]) -> Bools:
    """Which ids have stood before, as text, as the Dataset keeps them."""
    again = np.zeros(len(ids), np.bool_)
    if len(set(ids)) < len(ids):
        seen: set[str] = set()
        for row, name in enumerate(ids):
            again[row] = name in seen
            seen.add(name)
    return again
