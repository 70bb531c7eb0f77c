"""How instances are outlined, told from their geometry's bytes without measuring anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from segtrial.types.geometry_bytes import GeometryKind, geometry_of
from segtrial.types.labels import Outlines

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset

RUN_LENGTHS = 0
_list = msgspec.json.Decoder(list[msgspec.Raw])


def stated_rings(kind: GeometryKind, geometry: bytes) -> int:
    """How many rings an outline has as it stands, those of fewer than three points included;
    RUN_LENGTHS for run lengths. Raises ValueError for neither.
    """
    if kind == GeometryKind.YOLO:
        return 1
    if geometry[:1] == b"{":
        return RUN_LENGTHS
    try:
        items = _list.decode(geometry)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    if not items:
        raise ValueError("neither polygons nor run lengths")
    # BDD100K's older files have one ring as triplets [x, y, "L"] beside one another
    triplets = kind == GeometryKind.BDD100K and bytes(items[0])[:1] == b"["
    return 1 if triplets and not _holds_lists(items[0]) else len(items)


def _holds_lists(item: msgspec.Raw) -> bool:
    try:
        inner = _list.decode(item)
    except msgspec.DecodeError:
        return False
    return bool(inner) and bytes(inner[0])[:1] == b"["


def count_outlines(dataset: Dataset) -> Outlines:
    """The instances by their kind of outline, crowds included."""
    polygons = multi_part = rle = box_only = unreadable = 0
    for record in dataset.instance_record:
        try:
            raw = geometry_of(dataset.geometry_kind, record)
            rings = stated_rings(dataset.geometry_kind, raw) if raw else None
        except ValueError:  # msgspec's errors are such
            unreadable += 1
            continue
        if rings is None:
            box_only += 1
        elif rings == RUN_LENGTHS:
            rle += 1
        else:
            polygons += 1
            multi_part += rings > 1
    return Outlines(
        polygons=polygons,
        multi_part=multi_part,
        rle=rle,
        box_only=box_only,
        unreadable=unreadable,
    )
