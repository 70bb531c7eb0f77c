"""BDD100K / Scalabel polygon JSON → Dataset, and back.

Reads a list of frames or `{"frames": …}` with labels of poly2d, rle or box2d. The bitmask PNGs
and the per-image files of 2018 are other formats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

from segtrial.data.json_records import decode, read_json
from segtrial.geometry.rasterise import FARTHEST_PX, rings
from segtrial.types.dataset import Dataset, GeometryKind
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.arrays import Floats

DEFAULT_SIZE = (720, 1280)  # BDD100K's pictures, where a frame states no size


class _Size(msgspec.Struct):
    width: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    height: Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class _Attributes(msgspec.Struct):
    crowd: bool = False
    ignored: bool = False


class _Box2d(msgspec.Struct):
    x1: float
    y1: float
    x2: float
    y2: float


class _Label(msgspec.Struct):
    category: str
    id: int | str | None = None
    attributes: _Attributes | None = None
    box2d: _Box2d | None = None
    poly2d: msgspec.Raw = msgspec.Raw(b"")
    rle: msgspec.Raw = msgspec.Raw(b"")


class _Frame(msgspec.Struct):
    name: str
    size: _Size | None = None
    labels: list[msgspec.Raw] | None = None


class _Frames(msgspec.Struct):
    frames: list[msgspec.Raw]


EXPECTED = "a list of frames, or an object with frames, as BDD100K and Scalabel write them"


def read_bdd100k(path: Path, image_root: Path | None) -> Dataset:
    """The frames, in the file's order, and their labels; class names sorted.

    A frame without labels is an image with nothing in it. Boxes come from the outline where there
    is one, else from box2d (whose far edge is included: width = x2 − x1 + 1). `ignored` and
    `crowd` labels are crowds. Raises DataError naming file, record and expectation.
    """
    where = str(path)
    raw_frames, frames = _read_frames(read_json(path), where)
    labels = [
        _read_label(raw, f"{where}: {frame.name}: labels[{k}]", row)
        for row, frame in enumerate(frames)
        for k, raw in enumerate(frame.labels or [])
    ]
    names = tuple(sorted({label.category.strip() for _, label, _, _, _ in labels}))
    class_row = {name: row for row, name in enumerate(names)}
    sizes = [(f.size.height, f.size.width) if f.size else DEFAULT_SIZE for f in frames]
    box_xywh = np.array([box for _, _, _, _, box in labels], np.float64).reshape(-1, 4)
    return Dataset(
        name=path.stem,
        source=path.name,
        geometry_kind=GeometryKind.BDD100K,
        class_names=names,
        class_ids=tuple(range(1, len(names) + 1)),
        image_root=image_root,
        image_id=tuple(frame.name for frame in frames),
        file_name=tuple(frame.name for frame in frames),
        height_px=np.array([height for height, _ in sizes], np.int32),
        width_px=np.array([width for _, width in sizes], np.int32),
        annotation_id=_unique_ids(labels),
        image_index=np.array([row for row, *_ in labels], np.int32),
        class_index=np.array([class_row[label.category.strip()] for _, label, *_ in labels]),
        box_xywh=box_xywh,
        area_px=box_xywh[:, 2] * box_xywh[:, 3],
        crowd=np.array([_is_crowd(label) for _, label, *_ in labels], np.bool_),
        geometry=tuple(geometry for _, _, _, geometry, _ in labels),
        image_record=tuple(_without_labels(raw) for raw in raw_frames),
        instance_record=tuple(raw for _, _, raw, _, _ in labels),
    )


def _read_frames(data: bytes, where: str) -> tuple[list[msgspec.Raw], list[_Frame]]:
    """The frames' own bytes, and the frames."""
    if data.lstrip()[:1] == b"{":
        raws = decode(data, _Frames, where=where, expected=EXPECTED).frames
    else:
        raws = decode(data, list[msgspec.Raw], where=where, expected=EXPECTED)
    frames = [
        decode(raw, _Frame, where=f"{where}: frames[{i}]", expected="a frame with a name")
        for i, raw in enumerate(raws)
    ]
    _unique_names(frames, where)
    return raws, frames


_Read = tuple[int, _Label, msgspec.Raw, "bytes | msgspec.Raw", "list[float]"]


def _read_label(raw: msgspec.Raw, where: str, row: int) -> _Read:
    label = decode(raw, _Label, where=where, expected="a label with a category")
    if not label.category.strip():
        raise DataError(
            "A label's category is blank.",
            where=where,
            expected="a class name",
            got=f'"{label.category}"',
        )
    for geometry in (label.poly2d, label.rle):
        if bytes(geometry) not in {b"", b"null", b"[]"}:
            return row, label, raw, geometry, _outline_box(geometry, where)
    box = label.box2d
    if box is None:
        raise DataError(
            "A label has no geometry.", where=where, expected="poly2d, rle or box2d", got="none"
        )
    xywh = [box.x1, box.y1, box.x2 - box.x1 + 1, box.y2 - box.y1 + 1]
    if not (np.abs(xywh) <= FARTHEST_PX).all() or xywh[2] < 0 or xywh[3] < 0:
        raise DataError("A box is no box.", where=where, expected="x1 ≤ x2, y1 ≤ y2", got=str(box))
    return row, label, raw, b"", xywh


def _outline_box(geometry: msgspec.Raw, where: str) -> list[float]:
    try:
        outline = rings(GeometryKind.BDD100K, geometry)
    except (ValueError, TypeError, OverflowError, msgspec.DecodeError) as error:
        raise DataError("An outline cannot be read.", where=where, got=str(error)) from error
    if isinstance(outline, dict):
        return _rle_box(outline, where)
    points: Floats = np.concatenate(outline)
    low, high = points.min(axis=0), points.max(axis=0)
    return [*low.tolist(), *(high - low).tolist()]


def _rle_box(rle: dict[str, object], where: str) -> list[float]:
    """The tightest box of an RLE, computed from its own runs."""
    import hotcoco

    try:
        size = np.asarray(rle["size"], np.int64)
        packed = hotcoco.mask.frPyObjects(rle, int(size[0]), int(size[1]))
        return [float(v) for v in hotcoco.mask.toBbox(packed)]
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise DataError("A run-length mask cannot be read.", where=where, got=str(error)) from error


def _is_crowd(label: _Label) -> bool:
    return label.attributes is not None and (label.attributes.crowd or label.attributes.ignored)


def _unique_names(frames: list[_Frame], where: str) -> None:
    seen: set[str] = set()
    for i, frame in enumerate(frames):
        if frame.name in seen:
            raise DataError(
                "Two frames have the same name.",
                where=f"{where}: frames[{i}]",
                got=f'"{frame.name}"',
                expected="unique names",
            )
        seen.add(frame.name)


def _unique_ids(labels: list[_Read]) -> tuple[str, ...]:
    """A key for each label, unique within its frame: its id, and "#k" for a repeated one."""
    repeats: dict[tuple[int, str], int] = {}
    ids: dict[tuple[int, str], None] = {}  # ordered
    for row, label, *_ in labels:
        key = wanted = (row, str(label.id))
        while key in ids:
            repeats[wanted] = repeats.get(wanted, 0) + 1
            key = (row, f"{wanted[1]}#{repeats[wanted]}")
        ids[key] = None
    return tuple(key for _, key in ids)


def _without_labels(raw: msgspec.Raw) -> bytes:
    frame = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    frame.pop("labels", None)
    return msgspec.json.encode(frame)


def write_bdd100k(dataset: Dataset) -> bytes:
    """A Scalabel list of frames of the data set, for one that was read from BDD100K.

    Label records are the source's own bytes; only `category` of a relabelled one is written anew.
    """
    first = dataset.first_rows()
    frames = []
    for image, record in enumerate(dataset.image_record):
        labels = b",\n".join(
            _label_bytes(dataset, r) for r in range(first[image], first[image + 1])
        )
        frames.append(bytes(record).rstrip()[:-1] + b', "labels": [\n' + labels + b"\n]}")
    return b"[\n" + b",\n".join(frames) + b"\n]\n"


def _label_bytes(dataset: Dataset, row: int) -> bytes:
    raw = dataset.instance_record[row]
    record = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    wanted = dataset.class_names[dataset.class_index[row]]
    if msgspec.json.decode(record["category"], type=str).strip() == wanted:
        return bytes(raw)
    return msgspec.json.encode(record | {"category": msgspec.Raw(msgspec.json.encode(wanted))})
