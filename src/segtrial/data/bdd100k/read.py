"""BDD100K / Scalabel JSON → Dataset: polygons with Béziers, run lengths or boxes."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from segtrial.data.attributes import read_attributes
from segtrial.data.bdd100k.frames import DEFAULT_SIZE, FrameFile, FrameRecord, read_frame_files
from segtrial.data.bdd100k.labels import LabelColumns
from segtrial.data.bdd100k.names import ids_of
from segtrial.data.extension import OfImage, coverage_of_names
from segtrial.data.records import check_pixels
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.spans import Spans, pack_spans, pack_texts

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.attributes import Coverage

_Extension = OfImage | msgspec.UnsetType


def read_bdd100k(path: Path, image_root: Path | None, text: bytes | None = None) -> Dataset:
    """The frames, in the file's order, and their labels, of one file (whose `text` may be read
    already) or a folder of files.

    Class names are those of the file's config, else those of its labels, sorted; ids are those of
    BDD100K where it knows the names. A frame without labels is an image with nothing in it. A box
    is box2d (whose far edge is included: width = x2 − x1 + 1) where the label has one, else its
    outline's. `ignored` and `crowd` labels are crowds. Labels that are no area (lane markings,
    outlines of fewer than three points) are left out and counted. Raises DataError naming file,
    record and expectation.
    """
    labels = LabelColumns()
    frames: list[FrameRecord] = []
    sizes: list[tuple[int, int]] = []
    names: dict[str, None] = {}
    members: dict[str, msgspec.Raw] = {}
    known_ids: dict[str, int] = {}
    texts: list[bytes] = []
    offset = 0
    for file in read_frame_files(path, text):
        _check_names(file, names)
        stated = file.config.class_names()
        literal = frozenset(stated)
        for record in file.frames:
            sizes.append(_size(file, record))
            labels.add_frame(record, file.text, offset, sizes[-1], literal)
        labels.classes.update(dict.fromkeys(stated))
        members |= file.members
        known_ids |= file.extension.category_ids
        texts.append(file.text)
        offset += len(file.text)
        frames += [_light(record) for record in file.frames]
    whole = texts[0] if len(texts) == 1 else b"".join(texts)
    class_names, class_index = labels.class_columns()
    extensions = [record.frame.segtrial for record in frames]
    height_px, width_px = np.array(sizes, np.int32).reshape(-1, 2).T
    check_pixels(width_px, height_px, str(path))
    return Dataset(
        name=path.name.removesuffix(".gz").removesuffix(".json"),
        source=path.name,
        label_format=LabelFormat.BDD100K,
        geometry_kind=GeometryKind.BDD100K,
        class_names=class_names,
        class_ids=ids_of(class_names, known_ids),
        image_root=image_root,
        image_id=pack_texts(_image_ids(names, extensions, str(path))),
        file_name=pack_texts(names),
        height_px=height_px,
        width_px=width_px,
        annotation_id=pack_texts(labels.annotation_id),
        image_index=np.frombuffer(labels.image, np.int32),
        class_index=class_index,
        box_xywh=np.frombuffer(labels.box).reshape(-1, 4),
        area_px=np.frombuffer(labels.area),
        crowd=np.frombuffer(labels.crowd, np.int8) != 0,
        image_record=pack_spans(record.record for record in frames),
        instance_record=_spans(whole, labels.record),
        image_attributes=read_attributes([r.frame.attributes for r in frames], str(path)),
        instance_attributes=labels.attributes.columns(len(labels.crowd)),
        coverage=_coverage(extensions, class_names, str(path)),
        file_record=msgspec.json.encode(members),
        left_out=labels.left_out(),
    )


def _image_ids(names: dict[str, None], extensions: list[_Extension], where: str) -> list[str]:
    """The ids that a conversion kept, else the frames' names."""
    ids = [
        name if kept is msgspec.UNSET or kept.id is None else str(kept.id)
        for name, kept in zip(names, extensions, strict=True)
    ]
    if len(set(ids)) < len(ids):
        raise DataError("Two frames have the same id.", where=where, expected="unique ids")
    return ids


def _coverage(extensions: list[_Extension], names: tuple[str, ...], where: str) -> Coverage | None:
    try:
        return coverage_of_names(extensions, names)
    except KeyError as error:
        raise DataError(
            "A frame's coverage names a class that the file does not have.",
            where=where,
            expected="a class of the file's config",
            got=str(error),
        ) from error


def _check_names(file: FrameFile, names: dict[str, None]) -> None:
    """Add the file's names to those before it; DataError for one that stands twice."""
    for record in file.frames:
        if record.frame.name in names:
            raise DataError(
                "Two frames have the same name.",
                where=record.where,
                got=f'"{record.frame.name}"',
                expected="unique names",
            )
        names[record.frame.name] = None


def _size(file: FrameFile, record: FrameRecord) -> tuple[int, int]:
    """Height and width in px."""
    size = record.frame.size or file.config.image_size
    return (size.height, size.width) if size else DEFAULT_SIZE


def _light(record: FrameRecord) -> FrameRecord:
    """The record without its labels' text, which would hold a folder's files twice."""
    record.frame.labels = msgspec.Raw(b"")
    return record


def _spans(text: bytes, ends: array[int]) -> Spans:
    pairs = np.frombuffer(ends, np.int64).reshape(-1, 2) if len(ends) else np.zeros((0, 2), int)
    return Spans(buffer=text, start=pairs[:, 0], stop=pairs[:, 1])
