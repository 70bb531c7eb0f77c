"""COCO panoptic labels, a JSON file and a folder of PNG → Dataset.

Each segment, thing or stuff, is an instance. One PNG is held at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np

from segtrial.data.attributes import AttributeColumns, read_attributes
from segtrial.data.coco.categories import read_categories
from segtrial.data.coco.panoptic.segments import Segments, png_of, read_segments
from segtrial.data.label_png import png_name
from segtrial.data.records import decode, read_json
from segtrial.data.top_level import other_members, read_top_level
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.spans import pack_spans, pack_texts

if TYPE_CHECKING:
    from pathlib import Path

Id = int | str
EXPECTED = "COCO panoptic JSON: an object with images, annotations and categories"
ANNOTATION = "an annotation with image_id, file_name and segments_info"
PANOPTIC = "panoptic"  # member of image records: what an annotation says beside its segments

_Side = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class _Image(msgspec.Struct, gc=False):
    id: Id
    width: _Side
    height: _Side
    file_name: str
    attributes: msgspec.Raw = msgspec.Raw(b"")
    coco_url: str | None = None
    panoptic: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Annotation(msgspec.Struct):
    image_id: Id
    file_name: str
    segments_info: msgspec.Raw


def read_panoptic(path: Path, image_root: Path | None) -> Dataset:
    """The images, in the order of their ids, and the segments of a panoptic file.

    The PNG lie in the folder beside `path` that has its name without .json, or beside `path`
    itself, each under its annotation's `file_name`. Boxes and areas are the pixels'; a segment
    with `iscrowd` or `ignore` is a crowd. Pixels of id 0 are of no segment. Raises DataError for an
    image without annotation or with two, and for what `read_segments` refuses.
    """
    where = str(path)
    text = read_json(path)
    top = read_top_level(text, where, EXPECTED)
    raw_images, raw_annotations, raw_categories = (
        top.array(name, where, EXPECTED) for name in ("images", "annotations", "categories")
    )
    arrays = {"images": raw_images, "annotations": raw_annotations, "categories": raw_categories}
    categories = read_categories(raw_categories, where)
    images = _images(raw_images, where)
    found = _annotations(raw_annotations, {image.id for image, _ in images}, where)
    stem = path.name.removesuffix(".gz").removesuffix(".json")
    columns = _Columns({category.id: row for row, category in enumerate(categories)})
    for image, _ in images:
        if image.id not in found:
            raise _no_annotation(image, where)
        columns.add_image(image, found[image.id], (path.parent / stem, path.parent))
    return Dataset(
        name=stem,
        source=path.name,
        label_format=LabelFormat.COCO_PANOPTIC,
        geometry_kind=GeometryKind.COCO,
        class_names=tuple(category.name for category in categories),
        class_ids=tuple(category.id for category in categories),
        image_root=image_root,
        image_id=pack_texts(str(image.id) for image, _ in images),
        file_name=pack_texts(image.file_name for image, _ in images),
        width_px=np.array([image.width for image, _ in images], np.int32),
        height_px=np.array([image.height for image, _ in images], np.int32),
        image_record=pack_spans(_record(raw, i, found[i.id].raw) for i, raw in images),
        class_record=tuple(bytes(raw) for raw in raw_categories),
        image_attributes=read_attributes([i.attributes for i, _ in images], f"{where}: images"),
        file_record=other_members(text, arrays),
        **columns.of_instances(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """An annotation, its record, and where it stands."""

    annotation: _Annotation
    raw: msgspec.Raw
    where: str


class _Columns:
    """Collects the segments of images in order."""

    def __init__(self, class_row: dict[int, int]) -> None:
        self._class_row = class_row
        self._parts: list[Segments] = []
        self._label: list[int] = []
        self._attributes = AttributeColumns()

    def add_image(self, image: _Image, found: _Found, folders: tuple[Path, Path]) -> None:
        """The segments of the next image; `folders`: where its PNG may lie."""
        file = png_of(folders, found.annotation.file_name, found.where)
        where, size = f"{found.where}.segments_info", (image.height, image.width)
        part = read_segments(found.annotation.segments_info, file, size, where)
        for k, segment in enumerate(part.segment):
            row = self._class_row.get(segment.category_id)
            if row is None:
                raise DataError(
                    "A segment names a category that the file does not list.",
                    where=f"{where}[{k}]",
                    expected="an id of the file's categories",
                    got=f"category_id {segment.category_id}",
                )
            self._attributes.add(len(self._label), segment.attributes, f"{where}[{k}]")
            self._label.append(row)
        self._parts.append(part)

    def of_instances(self) -> dict[str, Any]:
        """The instance columns of a Dataset."""
        parts = self._parts
        segments = [segment for part in parts for segment in part.segment]
        number = [len(part.segment) for part in parts]
        crowd = [bool(segment.iscrowd) or bool(segment.ignore) for segment in segments]
        return {
            "annotation_id": pack_texts(str(segment.id) for segment in segments),
            "image_index": np.repeat(np.arange(len(number)), number),
            "class_index": np.array(self._label, np.int32),
            "box_xywh": np.concatenate([np.zeros((0, 4)), *(part.box_xywh for part in parts)]),
            "area_px": np.concatenate([np.zeros(0), *(part.area_px for part in parts)]),
            "crowd": np.array(crowd, np.bool_),
            "instance_record": pack_spans(record for part in parts for record in part.record),
            "instance_attributes": self._attributes.columns(len(self._label)),
        }


def _images(raws: list[msgspec.Raw], where: str) -> list[tuple[_Image, msgspec.Raw]]:
    """The images and their records, sorted by id."""
    expected = "id, file_name, width, height"
    images = [
        (decode(raw, _Image, where=f"{where}: images[{i}]", expected=expected), raw)
        for i, raw in enumerate(raws)
    ]
    for i, (image, _) in enumerate(images):
        if image.panoptic is not msgspec.UNSET:
            raise DataError(
                "An image has a member of a name that segtrial uses.",
                where=f"{where}: images[{i}]",
                expected=f"no {PANOPTIC}",
                next_step="give the member another name",
            )
    if len({str(image.id) for image, _ in images}) != len(images):
        raise DataError("Two images have the same id.", where=where, expected="unique image ids")
    return sorted(images, key=lambda pair: (isinstance(pair[0].id, str), pair[0].id))


def _annotations(raws: list[msgspec.Raw], images: set[Id], where: str) -> dict[Id, _Found]:
    """Each image's annotation."""
    found: dict[Id, _Found] = {}
    for i, raw in enumerate(raws):
        place = f"{where}: annotations[{i}]"
        annotation = decode(raw, _Annotation, where=place, expected=ANNOTATION)
        if annotation.image_id not in images or annotation.image_id in found:
            again = annotation.image_id in found
            raise DataError(
                f"An annotation names an image that {'has one' if again else 'is not listed'}.",
                where=place,
                expected="one annotation for each of the file's images",
                got=f"image_id {annotation.image_id}",
            )
        found[annotation.image_id] = _Found(annotation=annotation, raw=raw, where=place)
    return found


def _no_annotation(image: _Image, where: str) -> DataError:
    return DataError(
        "An image has no annotation.",
        where=f"{where}: image {image.id}",
        expected="one annotation for each image: panoptic labels speak of every pixel",
        next_step="take the image out of images, or add its annotation",
    )


def _record(raw: msgspec.Raw, image: _Image, annotation: msgspec.Raw) -> bytes:
    """The image's own record, with what its annotation says beside the segments; the PNG's name
    only where it is not the picture's.
    """
    others = msgspec.json.decode(annotation, type=dict[str, msgspec.Raw])
    for name in ("image_id", "segments_info"):
        del others[name]
    if msgspec.json.decode(others["file_name"]) == png_name(image.file_name):
        del others["file_name"]
    if not others:
        return bytes(raw)
    members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return msgspec.json.encode(members | {PANOPTIC: others})
