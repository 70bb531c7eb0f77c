"""The Dataset: labels and where the pictures lie, as flat columns.

Geometry stays in the source's own bytes until somebody needs a mask (`geometry/`), so labels
pass through untouched. No file is read here (`data/`), and nothing is changed (`changes/`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from segtrial.types.arrays import Bools, Floats, Ints, Longs, frozen
from segtrial.types.geometry_bytes import GeometryBytes, GeometryKind
from segtrial.types.spans import Spans, Texts, pack_spans, pack_texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from segtrial.types.attributes import Attribute, Coverage, LeftOut
    from segtrial.types.spans import Rows


class LabelFormat(StrEnum):
    """Label formats that are read and written; `format = "…"` in a trial file."""

    COCO = "coco"  # instances JSON
    COCO_PANOPTIC = "coco_panoptic"  # JSON and a folder of PNG
    LVIS = "lvis"  # instances JSON with negative and not-exhaustive lists
    BDD100K = "bdd100k"  # Scalabel JSON: polygons, RLE or boxes; one file, or a folder of them
    BDD100K_INS_SEG = "bdd100k_ins_seg_bitmask"  # folder of RGBA PNG
    BDD100K_PAN_SEG = "bdd100k_pan_seg_bitmask"  # folder of RGBA PNG
    YOLO_SEG = "yolo_seg"  # data.yaml and text files


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Dataset:
    """I images and N instances of C classes.

    Images: `image_id` (the source's key, as text), `file_name` (relative to `image_root`),
    `width_px`, `height_px` int32 (I). Instances, sorted by image: `annotation_id` (text),
    `image_index`, `class_index` int32 (N), `box_xywh` float64 (N, 4) in px with far edge excluded,
    `area_px` float64 (N), `crowd` bool (N): regions to be ignored by the evaluation.
    `image_attributes` (I), `instance_attributes` (N): weather, occluded …
    `class_frequency`: "r", "c", "f" or "" for each class, where the source states it, else ().
    `coverage`: None where every class was looked for in every image.
    `image_record`, `instance_record`, `class_record`: the source's own records, which writers
    repeat and which hold the geometry, in the form `geometry_kind`; `file_record`: the file's other
    top-level members, a JSON object. `left_out`: what the reader did not take over.
    `geometry_hash`: `geometry_sha256()` where it is known already, else empty.
    Sequences of bytes and of text are packed at construction.
    """

    name: str
    source: str
    label_format: LabelFormat
    geometry_kind: GeometryKind
    class_names: tuple[str, ...]
    class_ids: tuple[int, ...]
    image_root: Path | None
    image_id: Sequence[str]
    file_name: Sequence[str]
    width_px: Ints
    height_px: Ints
    annotation_id: Sequence[str]
    image_index: Ints
    class_index: Ints
    box_xywh: Floats
    area_px: Floats
    crowd: Bools
    image_record: Sequence[bytes]
    instance_record: Sequence[bytes]
    class_record: tuple[bytes, ...] = ()
    class_frequency: tuple[str, ...] = ()
    image_attributes: tuple[Attribute, ...] = ()
    instance_attributes: tuple[Attribute, ...] = ()
    coverage: Coverage | None = None
    file_record: bytes = b"{}"
    left_out: tuple[LeftOut, ...] = ()
    geometry_hash: str = ""

    def __post_init__(self) -> None:
        for field in ("width_px", "height_px", "image_index", "class_index"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.int32))
        for field in ("box_xywh", "area_px"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.float64))
        object.__setattr__(self, "crowd", frozen(self.crowd, np.bool_))
        for field in ("image_record", "instance_record"):
            object.__setattr__(self, field, _as_spans(getattr(self, field)))
        for field in ("image_id", "file_name", "annotation_id"):
            object.__setattr__(self, field, _as_texts(getattr(self, field)))
        _check_lengths(self)

    @property
    def images(self) -> int:
        """Number of images, those without objects included."""
        return len(self.image_id)

    @property
    def instances(self) -> int:
        """Number of instances, crowds included."""
        return len(self.image_index)

    @property
    def geometry(self) -> GeometryBytes:
        """The outlines' bytes, N; empty where an instance has only a box."""
        return GeometryBytes(self.geometry_kind, _as_spans(self.instance_record))

    @property
    def turns_pictures(self) -> bool:
        """Whether labels are in the px of the picture as its EXIF orientation turns it (YOLO),
        not in those of the file as it is stored.
        """
        return self.label_format == LabelFormat.YOLO_SEG

    def instance_counts(self) -> Longs:
        """Instances per class, crowds not counted: int64 (C)."""
        return np.bincount(self.class_index[~self.crowd], minlength=len(self.class_names))

    def image_counts(self) -> Longs:
        """Images that hold at least one instance of the class, crowds not counted: int64 (C)."""
        keep = ~self.crowd
        pairs = np.unique(
            self.image_index[keep].astype(np.int64) * len(self.class_names) + self.class_index[keep]
        )
        return np.bincount(pairs % len(self.class_names), minlength=len(self.class_names))

    def first_rows(self) -> Longs:
        """Row of each image's first instance, and N at the end: int64 (I + 1)."""
        return np.searchsorted(self.image_index, np.arange(self.images + 1)).astype(np.int64)

    def with_classes(self, class_index: Ints) -> Dataset:
        """The same instances under other labels; geometry untouched, coverage made to agree."""
        changed = np.flatnonzero(np.asarray(class_index) != self.class_index)
        coverage = self.coverage
        if coverage is not None and len(changed):
            coverage = coverage.relabelled(
                self.image_index[changed], self.class_index[changed], class_index[changed]
            )
        return replace(
            self,
            class_index=class_index,
            coverage=coverage,
            geometry_hash=self.geometry_sha256(),
        )

    def take_images(self, rows: Rows) -> Dataset:
        """The images of `rows`, in that order, with their instances."""
        index = np.asarray(rows, np.int64)
        first = self.first_rows()
        lengths = first[index + 1] - first[index]
        begins = np.cumsum(lengths) - lengths
        keep = np.repeat(first[index] - begins, lengths) + np.arange(lengths.sum())
        return replace(
            self,
            image_id=_as_texts(self.image_id).take(index),
            file_name=_as_texts(self.file_name).take(index),
            width_px=self.width_px[index],
            height_px=self.height_px[index],
            image_record=_as_spans(self.image_record).take(index),
            image_attributes=tuple(a.take(index) for a in self.image_attributes),
            coverage=None if self.coverage is None else self.coverage.take_images(index),
            **(self._instances(keep) | {"image_index": np.repeat(np.arange(len(index)), lengths)}),
        )

    def take_instances(self, rows: Rows) -> Dataset:
        """The same images with the instances of `rows` alone, in that order (sorted by image)."""
        return replace(self, **self._instances(np.asarray(rows, np.int64)))

    def _instances(self, rows: Longs) -> dict[str, Any]:
        return {
            "annotation_id": _as_texts(self.annotation_id).take(rows),
            "image_index": self.image_index[rows],
            "class_index": self.class_index[rows],
            "box_xywh": self.box_xywh[rows],
            "area_px": self.area_px[rows],
            "crowd": self.crowd[rows],
            "instance_record": _as_spans(self.instance_record).take(rows),
            "instance_attributes": tuple(a.take(rows) for a in self.instance_attributes),
            "geometry_hash": "",
        }

    def geometry_sha256(self) -> str:
        """Hash of everything but the labels: images, boxes, areas, crowds and geometry bytes."""
        if self.geometry_hash:
            return self.geometry_hash
        digest = hashlib.sha256()
        for texts in (self.image_id, self.file_name, self.annotation_id):
            digest.update("\x1f".join(texts).encode() + b"\x1e")
        for array in (self.width_px, self.height_px, self.image_index):
            digest.update(array.tobytes())
        for column in (self.box_xywh, self.area_px, self.crowd):
            digest.update(column.tobytes())
        for raw in self.geometry:
            digest.update(raw)
            digest.update(b"\x1e")
        return digest.hexdigest()

    def fingerprint(self) -> str:
        """SHA-256 of labels, geometry, image list and coverage: equal data, equal fingerprint."""
        digest = hashlib.sha256(self.geometry_sha256().encode())
        digest.update("\x1f".join(self.class_names).encode())
        digest.update(self.class_index.tobytes())
        if self.coverage is not None:
            digest.update(self.coverage.negative.tobytes() + b"\x1e")
            digest.update(self.coverage.not_exhaustive.tobytes())
        return digest.hexdigest()


def _as_spans(items: Sequence[bytes]) -> Spans:
    return items if isinstance(items, Spans) else pack_spans(items)


def _as_texts(items: Sequence[str]) -> Texts:
    return items if isinstance(items, Texts) else pack_texts(items)


def _check_lengths(dataset: Dataset) -> None:
    """Our own records must fit together: columns of one length, instances sorted by image."""
    instances = {
        len(dataset.annotation_id),
        len(dataset.image_index),
        len(dataset.class_index),
        len(dataset.box_xywh),
        len(dataset.area_px),
        len(dataset.crowd),
        len(dataset.instance_record),
        *(len(a.code) for a in dataset.instance_attributes),
    }
    images = {
        len(dataset.image_id),
        len(dataset.file_name),
        len(dataset.width_px),
        len(dataset.height_px),
        len(dataset.image_record),
        *(len(a.code) for a in dataset.image_attributes),
    }
    assert len(instances) == 1, f"instance columns of different length: {instances}"
    assert len(images) == 1, f"image columns of different length: {images}"
    assert len(dataset.class_ids) == len(dataset.class_names)
    assert np.all(np.diff(dataset.image_index) >= 0), "instances must be sorted by image"
