"""A parsed data set on disk: its columns as they are in memory, mapped when it is opened again.

One file: a head of JSON that says where each column lies, then the columns. Opening it decodes
nothing but the head, so it takes milliseconds at any size, and processes share the pages.
"""

from __future__ import annotations

import hashlib
import math
import mmap
import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from segtrial.types.attributes import Attribute, Coverage, LeftOut
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import RecordError
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.spans import Spans, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

# what a byte that is not what was written may lead to
DAMAGE = (
    *(ValueError, LookupError, TypeError, AssertionError, OverflowError, MemoryError),
    msgspec.DecodeError,
)
MAGIC = b"segtrial labels 1\n"
ALIGNMENT = 64
_FIRST = len(MAGIC) + hashlib.sha256().digest_size  # where what is hashed begins
ARRAYS = ("width_px", "height_px", "image_index", "class_index", "box_xywh", "area_px", "crowd")
TEXTS = ("image_id", "file_name", "annotation_id")
SPANS = ("image_record", "instance_record")


class _Column(msgspec.Struct):
    """Where an array lies behind the head: `offset` in bytes from there."""

    dtype: str
    shape: tuple[int, ...]
    offset: int


class _Attribute(msgspec.Struct):
    name: str
    values: tuple[str, ...]


class _Head(msgspec.Struct, kw_only=True):
    name: str
    source: str
    label_format: LabelFormat
    geometry_kind: GeometryKind
    class_names: tuple[str, ...]
    class_ids: tuple[int, ...]
    class_frequency: tuple[str, ...]
    class_record: tuple[str, ...]
    file_record: str
    image_root: str | None
    left_out: tuple[LeftOut, ...]
    image_attributes: tuple[_Attribute, ...]
    instance_attributes: tuple[_Attribute, ...]
    has_coverage: bool
    size: int
    columns: dict[str, _Column]


def save_dataset(dataset: Dataset, path: Path) -> None:
    """Write `dataset` to `path`, whole or not at all.

    The picture folder is kept relative to the file, so that both may be moved together.
    """
    columns, size = {}, 0
    arrays = dict(_arrays(dataset))
    for name, array in arrays.items():
        columns[name] = _Column(dtype=array.dtype.str, shape=array.shape, offset=size)
        size += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    root = None if dataset.image_root is None else os.path.relpath(dataset.image_root, path.parent)
    if root is not None and not root.isprintable():
        raise RecordError(
            "The picture folder's name cannot be stored.", where=repr(root), expected="UTF-8"
        )
    head = msgspec.json.encode(_head(dataset, columns, size, root))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            start = len(head).to_bytes(8, "little") + head
            parts: list[Any] = [start, bytes(-(len(start) + _FIRST) % ALIGNMENT)]
            for array in arrays.values():
                parts += [array.data if array.size else b"", bytes(-array.nbytes % ALIGNMENT)]
            digest = hashlib.sha256()
            for part in parts:
                digest.update(part)
            file.write(MAGIC + digest.digest())
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_dataset(path: Path, *, verify: bool = False) -> Dataset:
    """What `save_dataset` wrote; columns are read from the file as they are used.

    `verify`: hash the whole file first, which takes as long as reading it. Raises RecordError for
    a file that is none or, verified, not what was written; FileNotFoundError where there is none.
    """
    try:
        with path.open("rb") as file:
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        if verify and hashlib.sha256(view[_FIRST:]).digest() != view[len(MAGIC) : _FIRST]:
            raise ValueError("not what was written")
        return _dataset(view, path.parent)
    except DAMAGE as error:
        raise RecordError(
            "A stored data set is damaged.",
            where=str(path),
            got=str(error),
            next_step="delete it: it is made anew from the labels",
        ) from error


def _arrays(dataset: Dataset) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    for name in ARRAYS:
        yield name, np.ascontiguousarray(getattr(dataset, name))
    for name in (*TEXTS, *SPANS):
        column = getattr(dataset, name)
        packed = (column.spans if isinstance(column, Texts) else column).packed()
        yield f"{name}.buffer", np.frombuffer(packed.buffer, np.uint8)
        yield f"{name}.stop", packed.stop
    for kind in ("image_attributes", "instance_attributes"):
        for number, attribute in enumerate(getattr(dataset, kind)):
            yield f"{kind}.{number}", attribute.code
    if dataset.coverage is not None:
        yield "coverage.negative", dataset.coverage.negative
        yield "coverage.not_exhaustive", dataset.coverage.not_exhaustive


def _head(dataset: Dataset, columns: dict[str, _Column], size: int, root: str | None) -> _Head:
    def names(attributes: tuple[Attribute, ...]) -> tuple[_Attribute, ...]:
        return tuple(_Attribute(a.name, a.values) for a in attributes)

    return _Head(
        name=dataset.name,
        source=dataset.source,
        label_format=dataset.label_format,
        geometry_kind=dataset.geometry_kind,
        class_names=dataset.class_names,
        class_ids=dataset.class_ids,
        class_frequency=dataset.class_frequency,
        class_record=tuple(raw.decode() for raw in dataset.class_record),
        file_record=dataset.file_record.decode(),
        image_root=root,
        left_out=dataset.left_out,
        image_attributes=names(dataset.image_attributes),
        instance_attributes=names(dataset.instance_attributes),
        has_coverage=dataset.coverage is not None,
        size=size,
        columns=columns,
    )


def _dataset(view: memoryview, folder: Path) -> Dataset:
    if bytes(view[: len(MAGIC)]) != MAGIC:
        raise ValueError("not a stored data set of this version")
    first = _FIRST + 8
    length = int.from_bytes(view[_FIRST:first], "little")
    head = msgspec.json.decode(view[first : first + length], type=_Head)
    base = -(-(first + length) // ALIGNMENT) * ALIGNMENT
    if len(view) != base + head.size:
        raise ValueError(f"{len(view)} bytes, not {base + head.size}")
    arrays = {name: _array(view[base:], column) for name, column in head.columns.items()}

    def spans(name: str) -> Spans:
        stop = arrays[f"{name}.stop"]
        start = np.concatenate([np.zeros(1, np.int64), stop])[:-1]
        return Spans(buffer=arrays[f"{name}.buffer"].data, start=start, stop=stop)

    def attributes(kind: str) -> tuple[Attribute, ...]:
        return tuple(
            Attribute(name=a.name, values=a.values, code=arrays[f"{kind}.{number}"])
            for number, a in enumerate(getattr(head, kind))
        )

    coverage = None
    if head.has_coverage:
        coverage = Coverage(
            negative=arrays["coverage.negative"],
            not_exhaustive=arrays["coverage.not_exhaustive"],
        )
    plain: dict[str, Any] = {name: arrays[name] for name in ARRAYS}
    return Dataset(
        name=head.name,
        source=head.source,
        label_format=head.label_format,
        geometry_kind=head.geometry_kind,
        class_names=head.class_names,
        class_ids=head.class_ids,
        class_frequency=head.class_frequency,
        class_record=tuple(text.encode() for text in head.class_record),
        file_record=head.file_record.encode(),
        image_root=None if head.image_root is None else (folder / head.image_root).resolve(),
        left_out=head.left_out,
        image_attributes=attributes("image_attributes"),
        instance_attributes=attributes("instance_attributes"),
        coverage=coverage,
        image_id=Texts(spans("image_id")),
        file_name=Texts(spans("file_name")),
        annotation_id=Texts(spans("annotation_id")),
        image_record=spans("image_record"),
        instance_record=spans("instance_record"),
        **plain,
    )


def _array(view: memoryview, column: _Column) -> npt.NDArray[Any]:
    dtype = np.dtype(column.dtype)
    if dtype.hasobject:
        raise ValueError("a column of objects")
    count = math.prod(column.shape)
    if count < 0 or min(column.shape, default=0) < 0:
        raise ValueError("a column of negative size")
    if count == 0:
        return np.zeros(column.shape, dtype)
    return np.frombuffer(view, dtype, count, column.offset).reshape(column.shape)


_SAVED = {*ARRAYS, *TEXTS, *SPANS, *_Head.__struct_fields__, "coverage"}
_MISSING = {field.name for field in fields(Dataset)} - _SAVED - {"geometry_hash"}
assert not _MISSING, f"not stored: {_MISSING}"
