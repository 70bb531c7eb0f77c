"""The Dataset: labels and where the pictures lie, as flat columns.

Geometry stays in the source's own bytes until somebody needs a mask (`geometry/`), so labels
pass through untouched. No file is read here (`data/`), and nothing is changed (`changes/`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.arrays import Bools, Floats, Ints, Longs, frozen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import msgspec


class GeometryKind(StrEnum):
    """How the bytes of `Dataset.geometry` are to be read."""

    COCO = "coco"  # list of flat polygons, or an RLE object
    BDD100K = "bdd100k"  # list of poly2d rings with vertices, types, closed
    NONE = "none"  # boxes only


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Dataset:
    """I images and N instances of C classes.

    Images: `image_id` (the source's key, as text), `file_name` (relative to `image_root`),
    `width_px`, `height_px` int32 (I). Instances: `annotation_id` (text), `image_index`,
    `class_index` int32 (N), `box_xywh` float64 (N, 4) in px with far edge excluded,
    `area_px` float64 (N), `crowd` bool (N): regions to be ignored by the evaluation.
    `geometry`: N byte strings in the form `geometry_kind`; empty = box only.
    `image_record`, `instance_record`: the source's own JSON objects, for writers.
    `geometry_hash`: `geometry_sha256()` where it is known already, else empty.
    Instances are sorted by image.
    """

    name: str
    source: str
    geometry_kind: GeometryKind
    class_names: tuple[str, ...]
    class_ids: tuple[int, ...]
    image_root: Path | None
    image_id: tuple[str, ...]
    file_name: tuple[str, ...]
    width_px: Ints
    height_px: Ints
    annotation_id: tuple[str, ...]
    image_index: Ints
    class_index: Ints
    box_xywh: Floats
    area_px: Floats
    crowd: Bools
    geometry: tuple[bytes | msgspec.Raw, ...]
    image_record: tuple[bytes | msgspec.Raw, ...]
    instance_record: tuple[bytes | msgspec.Raw, ...]
    geometry_hash: str = ""

    def __post_init__(self) -> None:
        for field in ("width_px", "height_px", "image_index", "class_index"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.int32))
        for field in ("box_xywh", "area_px"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.float64))
        object.__setattr__(self, "crowd", frozen(self.crowd, np.bool_))
        sizes = {
            len(self.annotation_id),
            len(self.image_index),
            len(self.class_index),
            len(self.box_xywh),
            len(self.area_px),
            len(self.crowd),
            len(self.geometry),
            len(self.instance_record),
        }
        assert len(sizes) == 1, f"instance columns of different length: {sizes}"
        assert np.all(np.diff(self.image_index) >= 0), "instances must be sorted by image"

    @property
    def images(self) -> int:
        """Number of images, those without objects included."""
        return len(self.image_id)

    @property
    def instances(self) -> int:
        """Number of instances, crowds included."""
        return len(self.image_index)

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
        """The same instances under other labels; geometry untouched."""
        return replace(self, class_index=class_index, geometry_hash=self.geometry_sha256())

    def take_images(self, rows: Sequence[int]) -> Dataset:
        """The images of `rows`, in that order, with their instances."""
        first = self.first_rows()
        instance_rows = [np.arange(first[row], first[row + 1]) for row in rows]
        keep = np.concatenate([*instance_rows, np.zeros(0, np.int64)]).astype(np.int64)
        lengths = [len(r) for r in instance_rows]
        return replace(
            self,
            image_id=tuple(self.image_id[r] for r in rows),
            file_name=tuple(self.file_name[r] for r in rows),
            width_px=self.width_px[list(rows)],
            height_px=self.height_px[list(rows)],
            image_record=tuple(self.image_record[r] for r in rows),
            annotation_id=tuple(self.annotation_id[r] for r in keep),
            image_index=np.repeat(np.arange(len(rows)), lengths),
            class_index=self.class_index[keep],
            box_xywh=self.box_xywh[keep],
            area_px=self.area_px[keep],
            crowd=self.crowd[keep],
            geometry=tuple(self.geometry[r] for r in keep),
            instance_record=tuple(self.instance_record[r] for r in keep),
            geometry_hash="",
        )

    def geometry_sha256(self) -> str:
        """Hash of everything but the labels: images, boxes, crowds and geometry bytes."""
        if self.geometry_hash:
            return self.geometry_hash
        digest = hashlib.sha256()
        for texts in (self.image_id, self.file_name, self.annotation_id):
            digest.update("\x1f".join(texts).encode() + b"\x1e")
        for array in (self.width_px, self.height_px, self.image_index, self.box_xywh, self.crowd):
            digest.update(array.tobytes())
        for raw in self.geometry:
            digest.update(raw)
            digest.update(b"\x1e")
        return digest.hexdigest()

    def fingerprint(self) -> str:
        """SHA-256 of labels, geometry and image list: equal data, equal fingerprint."""
        digest = hashlib.sha256(self.geometry_sha256().encode())
        digest.update("\x1f".join(self.class_names).encode())
        digest.update(self.class_index.tobytes())
        return digest.hexdigest()
