"""COCO instances JSON → Dataset, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

from segtrial.data.json_records import decode, read_json
from segtrial.geometry.rasterise import FARTHEST_PX
from segtrial.types.dataset import Dataset, GeometryKind
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

Id = int | str
EXPECTED = "COCO instances JSON: an object with images, annotations and categories"
ANNOTATION = "id, image_id, category_id and bbox = [x, y, width, height]"


class _Image(msgspec.Struct):
    id: Id
    file_name: str
    width: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    height: Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class _Annotation(msgspec.Struct):
    id: Id
    image_id: Id
    category_id: int
    bbox: Annotated[list[float], msgspec.Meta(min_length=4, max_length=4)]
    segmentation: msgspec.Raw = msgspec.Raw(b"")
    area: float | None = None
    iscrowd: int = 0


class _Category(msgspec.Struct):
    id: int
    name: str


class _File(msgspec.Struct):
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw]
    categories: list[_Category]


def read_coco(path: Path, image_root: Path | None) -> Dataset:
    """The images, in the order of their ids, and instances of a COCO instances file.

    Boxes are xywh in px, far edge excluded. Raises DataError naming file, record, expectation.
    """
    where = str(path)
    content = decode(read_json(path), _File, where=where, expected=EXPECTED)
    _unique_categories(content.categories, where)
    images = sorted(
        ((_image(raw, f"{where}: images[{i}]"), raw) for i, raw in enumerate(content.images)),
        key=lambda pair: (str(type(pair[0].id)), pair[0].id),
    )
    image_row = {image.id: row for row, (image, _) in enumerate(images)}
    if len({str(image_id) for image_id in image_row}) != len(images):
        raise DataError("Two images have the same id.", where=where, expected="unique image ids")
    class_row = {category.id: row for row, category in enumerate(content.categories)}
    kept = _annotations(content.annotations, where, image_row, class_row)
    return Dataset(
        name=path.stem,
        source=path.name,
        geometry_kind=GeometryKind.COCO,
        class_names=tuple(category.name for category in content.categories),
        class_ids=tuple(class_row),
        image_root=image_root,
        image_id=tuple(str(image.id) for image, _ in images),
        file_name=tuple(image.file_name for image, _ in images),
        width_px=np.array([image.width for image, _ in images], np.int32),
        height_px=np.array([image.height for image, _ in images], np.int32),
        annotation_id=tuple(str(item.id) for _, item, _ in kept),
        image_index=np.array([row for row, _, _ in kept], np.int32),
        class_index=np.array([class_row[item.category_id] for _, item, _ in kept], np.int32),
        box_xywh=np.array([item.bbox for _, item, _ in kept], np.float64).reshape(-1, 4),
        area_px=np.array(
            [item.bbox[2] * item.bbox[3] if item.area is None else item.area for _, item, _ in kept]
        ),
        crowd=np.array([bool(item.iscrowd) for _, item, _ in kept], np.bool_),
        geometry=tuple(_geometry(item.segmentation) for _, item, _ in kept),
        image_record=tuple(raw for _, raw in images),
        instance_record=tuple(raw for _, _, raw in kept),
    )


def _image(raw: msgspec.Raw, where: str) -> _Image:
    return decode(raw, _Image, where=where, expected="id, file_name, width and height")


def _annotations(
    raws: list[msgspec.Raw], where: str, image_row: dict[Id, int], class_row: dict[int, int]
) -> list[tuple[int, _Annotation, msgspec.Raw]]:
    """Image row, annotation and source bytes, checked, sorted by image."""
    kept = []
    seen: set[str] = set()  # as text, as the Dataset keeps them
    for i, raw in enumerate(raws):
        place = f"{where}: annotations[{i}]"
        item = decode(raw, _Annotation, where=place, expected=ANNOTATION)
        _check(item, place, image_row, class_row, seen)
        kept.append((image_row[item.image_id], item, raw))
    return sorted(kept, key=lambda entry: entry[0])


def _geometry(raw: msgspec.Raw) -> bytes | msgspec.Raw:
    """The segmentation's bytes; an absent, null or empty one is a box without mask."""
    return b"" if bytes(raw) in {b"", b"null", b"[]"} else raw


def _unique_categories(categories: list[_Category], where: str) -> None:
    names, ids = {c.name for c in categories}, {c.id for c in categories}
    if len(names) != len(categories) or len(ids) != len(categories):
        raise DataError("Two categories share a name or an id.", where=f"{where}: categories")


def _check(
    item: _Annotation, place: str, image_row: dict[Id, int], known: dict[int, int], seen: set[str]
) -> None:
    if item.image_id not in image_row:
        raise DataError(
            "An annotation names an image that the file does not list.",
            where=place,
            expected="an id of the file's images",
            got=f"image_id {item.image_id!r}",
        )
    if item.category_id not in known:
        raise DataError(
            "An annotation names a category that the file does not list.",
            where=place,
            expected="an id of the file's categories",
            got=f"category_id {item.category_id}",
        )
    if str(item.id) in seen:
        raise DataError("Two annotations have the same id.", where=place, got=f"id {item.id!r}")
    seen.add(str(item.id))
    if not (np.abs(item.bbox) <= FARTHEST_PX).all() or item.bbox[2] < 0 or item.bbox[3] < 0:
        raise DataError(
            "A box is no box.",
            where=place,
            expected="[x, y, width, height] with width and height ≥ 0",
            got=str(item.bbox),
        )


def write_coco(dataset: Dataset) -> bytes:
    """A COCO instances file of the data set, for one that was read from COCO.

    Image and annotation records are the source's own bytes; only `category_id` of a relabelled
    annotation is written anew. Geometry bytes are never touched.
    """
    id_of = dataset.class_ids
    rows = []
    for row, raw in enumerate(dataset.instance_record):
        record = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        wanted = msgspec.json.encode(id_of[dataset.class_index[row]])
        if bytes(record["category_id"]) == wanted:
            rows.append(bytes(raw))
        else:
            rows.append(msgspec.json.encode(record | {"category_id": msgspec.Raw(wanted)}))
    categories = [
        {"id": i, "name": name} for i, name in zip(id_of, dataset.class_names, strict=True)
    ]
    return b'{"images": [\n%b\n],\n"annotations": [\n%b\n],\n"categories": %b}\n' % (
        b",\n".join(bytes(raw) for raw in dataset.image_record),
        b",\n".join(rows),
        msgspec.json.encode(categories),
    )
