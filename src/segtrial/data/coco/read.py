"""COCO instances JSON and LVIS JSON → Dataset.

LVIS is COCO's layout without crowds, with the lists that say which classes were looked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

from segtrial.data.attributes import read_attributes
from segtrial.data.coco.annotations import read_annotations
from segtrial.data.coco.categories import Category, frequencies, read_categories
from segtrial.data.extension import OfImage, coverage_of_names
from segtrial.data.records import check_pixels, decode_blocks, element_spans, read_json
from segtrial.data.top_level import TopLevel, other_members, read_top_level
from segtrial.types.attributes import Coverage
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.spans import Spans, pack_texts

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.arrays import Ints

Id = int | str
EXPECTED = "COCO instances JSON: an object with images, annotations and categories"


class _Image(msgspec.Struct, gc=False):
    id: Id
    width: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    height: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    file_name: str | None = None
    coco_url: str | None = None
    neg_category_ids: list[int] | msgspec.UnsetType = msgspec.UNSET
    not_exhaustive_category_ids: list[int] | msgspec.UnsetType = msgspec.UNSET
    attributes: msgspec.Raw = msgspec.Raw(b"")
    segtrial: OfImage | msgspec.UnsetType = msgspec.UNSET


def read_coco(path: Path, image_root: Path | None) -> Dataset:
    """The images, in the order of their ids, and instances of a COCO or LVIS instances file.

    Boxes are xywh in px, far edge excluded. A file whose images have `neg_category_ids` or
    `not_exhaustive_category_ids` is LVIS: both lists become the coverage. Raises DataError naming
    file, record and expectation.
    """
    return parse_coco(read_json(path), path, image_root)


def parse_coco(
    text: bytes,
    path: Path,
    image_root: Path | None,
    top: TopLevel | None = None,
    stated: LabelFormat | None = None,
) -> Dataset:
    """`read_coco` of a text that was read from `path`, and whose top level may be read already.

    `stated`: COCO reads an LVIS file as if it were exhaustive; LVIS refuses one without lists.
    """
    where = str(path)
    top = top or read_top_level(text, where, EXPECTED)
    raw_images, raw_annotations, raw_categories = (
        top.array(name, where, EXPECTED) for name in ("images", "annotations", "categories")
    )
    arrays = {"images": raw_images, "annotations": raw_annotations, "categories": raw_categories}
    others = other_members(text, arrays)
    categories = read_categories(raw_categories, where)
    class_row = {category.id: row for row, category in enumerate(categories)}
    images, image_record = _images(text, raw_images, where)
    image_row = {image.id: row for row, image in enumerate(images)}
    found = read_annotations(text, raw_annotations, f"{where}: annotations", image_row, class_row)
    width_px = np.array([image.width for image in images], np.int32)
    height_px = np.array([image.height for image in images], np.int32)
    check_pixels(width_px, height_px, f"{where}: images")
    lvis = any(_is_federated(image) for image in images)
    if stated == LabelFormat.LVIS and images and not lvis:
        raise DataError(
            "These are no LVIS labels.",
            where=where,
            expected="images with neg_category_ids and not_exhaustive_category_ids",
            next_step="leave the format out, or state coco",
        )
    lvis = lvis and stated != LabelFormat.COCO
    return Dataset(
        name=path.stem.removesuffix(".json"),
        source=path.name,
        label_format=LabelFormat.LVIS if lvis else LabelFormat.COCO,
        geometry_kind=GeometryKind.COCO,
        class_names=tuple(category.name for category in categories),
        class_ids=tuple(class_row),
        image_root=image_root,
        image_id=pack_texts(str(image.id) for image in images),
        file_name=pack_texts(_file_name(image) for image in images),
        width_px=width_px,
        height_px=height_px,
        annotation_id=found.annotation_id,
        image_index=found.image_index,
        class_index=found.class_index,
        box_xywh=found.box_xywh,
        area_px=found.area_px,
        crowd=found.crowd,
        image_record=image_record,
        instance_record=found.record,
        class_record=tuple(bytes(raw) for raw in raw_categories),
        class_frequency=frequencies(categories),
        image_attributes=read_attributes([i.attributes for i in images], f"{where}: images"),
        instance_attributes=found.attributes,
        coverage=_coverage(images, class_row, where)
        if lvis
        else _kept_coverage(images, categories, where),
        file_record=others,
    )


def _images(text: bytes, raws: list[msgspec.Raw], where: str) -> tuple[list[_Image], Spans]:
    """The images and their records, sorted by id."""
    spans = element_spans(text, raws)
    expected = "id, file_name, width, height"
    blocks = decode_blocks(spans, _Image, where=f"{where}: images", expected=expected)
    images = [image for _, block in blocks for image in block]
    for i, image in enumerate(images):
        if image.file_name is None and image.coco_url is None:
            raise DataError(
                "An image has no file name.",
                where=f"{where}: images[{i}]",
                expected="file_name, or coco_url as in LVIS",
            )
    if len({str(image.id) for image in images}) != len(images):
        raise DataError("Two images have the same id.", where=where, expected="unique image ids")
    order = sorted(range(len(images)), key=lambda i: (isinstance(images[i].id, str), images[i].id))
    return [images[i] for i in order], spans.take(order)


def _file_name(image: _Image) -> str:
    """The picture's name. LVIS v1 has only an address, whose last two parts are folder and name:
    its images cross train2017 and val2017. LVIS v0.5 has the names of 2014 for pictures of 2017.
    """
    if image.file_name is None:
        assert image.coco_url is not None
        return "/".join(image.coco_url.split("/")[-2:])
    if _is_federated(image) and image.file_name.startswith("COCO_"):
        return image.file_name.rpartition("_")[2]
    return image.file_name


def _is_federated(image: _Image) -> bool:
    return (
        image.neg_category_ids is not msgspec.UNSET
        or image.not_exhaustive_category_ids is not msgspec.UNSET
    )


def _kept_coverage(images: list[_Image], categories: list[Category], where: str) -> Coverage | None:
    """What a conversion from LVIS kept under our key."""
    try:
        return coverage_of_names([i.segtrial for i in images], [c.name for c in categories])
    except KeyError as error:
        raise DataError(
            "An image's coverage names a category that the file does not list.",
            where=where,
            expected="a name of the file's categories",
            got=str(error),
        ) from error


def _coverage(images: list[_Image], class_row: dict[int, int], where: str) -> Coverage:
    def pairs(name: str) -> Ints:
        found = []
        for row, image in enumerate(images):
            ids = getattr(image, name)
            for class_id in ids if ids is not msgspec.UNSET else ():
                if class_id not in class_row:
                    raise DataError(
                        f"{name} names a category that the file does not list.",
                        where=f"{where}: image {image.id}",
                        expected="an id of the file's categories",
                        got=str(class_id),
                    )
                found.append((row, class_row[class_id]))
        return np.array(found, np.int32).reshape(-1, 2)

    return Coverage(
        negative=pairs("neg_category_ids"), not_exhaustive=pairs("not_exhaustive_category_ids")
    )
