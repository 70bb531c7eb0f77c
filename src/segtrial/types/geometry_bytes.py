"""Where the geometry stands in an instance's own record: taken out when asked for, as bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

import msgspec

from segtrial.types.spans import Spans

_BOX_VALUES = 4  # a row of YOLO detection: x and y of the centre, width, height
_NOTHING = frozenset({b"", b"null", b"[]"})


class GeometryKind(StrEnum):
    """How an instance's record holds its geometry."""

    COCO = "coco"  # JSON `segmentation`: list of flat polygons in px, or an RLE object
    BDD100K = "bdd100k"  # JSON `poly2d`: rings with vertices, types, closed; or `rle`
    YOLO = "yolo"  # text: class, then x y x y … as fractions of the image's width and height


class _Coco(msgspec.Struct, gc=False):
    segmentation: msgspec.Raw = msgspec.Raw(b"")


class _Scalabel(msgspec.Struct, gc=False):
    poly2d: msgspec.Raw = msgspec.Raw(b"")
    rle: msgspec.Raw = msgspec.Raw(b"")


class _CocoPolygons(msgspec.Struct, gc=False):
    segmentation: list[list[float]] | dict[str, msgspec.Raw] | None = None


_coco = msgspec.json.Decoder(_Coco)
_scalabel = msgspec.json.Decoder(_Scalabel)
_coco_polygons = msgspec.json.Decoder(list[_CocoPolygons])


def geometry_of(kind: GeometryKind, record: bytes) -> bytes:
    """The bytes of an instance's outline; empty where the record has only a box."""
    if kind == GeometryKind.YOLO:
        values = record.split()[1:]
        return b"" if len(values) == _BOX_VALUES else b" ".join(values)
    if kind == GeometryKind.COCO:
        raws = [_coco.decode(record).segmentation]
    else:
        label = _scalabel.decode(record)
        raws = [label.poly2d, label.rle]
    found = (bytes(raw) for raw in raws)
    return next((raw for raw in found if raw not in _NOTHING), b"")


def coco_polygons(records: Spans) -> list[list[list[float]] | None] | None:
    """The polygons of COCO's records, decoded together: flat lists, of any length, even of none.

    An instance of none, with only a box or with run lengths has None. None for all where any
    record is something else.
    """
    try:
        found = _coco_polygons.decode(b"[%b]" % b",".join(records))
    except (msgspec.DecodeError, RecursionError):
        return None
    if len(found) != len(records):  # pragma: no cover - then a record is no JSON value by itself
        return None
    polygons = [item.segmentation for item in found]
    return [(rings or None) if isinstance(rings, list) else None for rings in polygons]


@dataclass(frozen=True, slots=True, eq=False)
class GeometryBytes(Sequence[bytes]):
    """The geometry of N instances, as `geometry_of` takes it out of their records."""

    kind: GeometryKind
    records: Spans

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, row: int) -> bytes: ...
    @overload
    def __getitem__(self, row: slice) -> GeometryBytes: ...
    def __getitem__(self, row: int | slice) -> bytes | GeometryBytes:
        if isinstance(row, slice):
            return GeometryBytes(self.kind, self.records[row])
        return geometry_of(self.kind, self.records[row])

    def __iter__(self) -> Iterator[bytes]:
        for record in self.records:
            yield geometry_of(self.kind, record)
