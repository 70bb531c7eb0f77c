"""Dataset → COCO panoptic JSON and its folder of PNG, for one read from or prepared for them.

Only the category of a relabelled segment differs from what was read.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NoReturn

import msgspec
import numpy as np
from PIL import Image

from segtrial.data.check import place_of
from segtrial.data.coco.panoptic.read import PANOPTIC
from segtrial.data.coco.panoptic.segments import LARGEST_ID, VOID, is_segment_id
from segtrial.data.label_png import checked_names, png_name
from segtrial.geometry.label_maps import paint
from segtrial.geometry.rasterise import instance_counts
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset

Members = dict[str, msgspec.Raw]


class _Category(msgspec.Struct):
    id: int
    name: str


def write_panoptic(dataset: Dataset, json_path: Path) -> None:
    """Write `json_path`, and its PNG into the folder beside it of the same name without .json.

    The data set is one that was read from panoptic labels, or that `prepare_panoptic` gives,
    relabelled or not. Raises DataError for one that is not, for names that lead out of the folder,
    or for segments that overlap.
    """
    if dataset.label_format != LabelFormat.COCO_PANOPTIC:
        _not_ready(dataset, str(dataset.label_format))
    images = [msgspec.json.decode(raw, type=Members) for raw in dataset.image_record]
    others = [msgspec.json.decode(image.pop(PANOPTIC, b"{}"), type=Members) for image in images]
    names = [
        msgspec.json.decode(members["file_name"], type=str) if "file_name" in members else default
        for members, default in zip(others, map(png_name, dataset.file_name), strict=True)
    ]
    checked_names(names, dataset.source)
    folder = json_path.parent / json_path.name.removesuffix(".json")
    folder = json_path.parent if folder == json_path else folder
    first = dataset.first_rows().tolist()
    rows_of = [range(*ends) for ends in itertools.pairwise(first)]
    for image, (rows, name) in enumerate(zip(rows_of, names, strict=True)):
        _write_png(dataset, image, rows, folder / name)
    annotations = [
        _annotation(dataset, rows, members | {"image_id": image["id"]}, name)
        for rows, members, image, name in zip(rows_of, others, images, names, strict=True)
    ]
    json_path.parent.mkdir(parents=True, exist_ok=True)
    json_path.write_bytes(_file(dataset, [*map(msgspec.json.encode, images)], annotations))


def _annotation(dataset: Dataset, rows: range, members: Members, name: str) -> bytes:
    segments = b", ".join(_segment(dataset, row) for row in rows)
    own = {"file_name": msgspec.json.encode(name), "segments_info": b"[%b]" % segments}
    return msgspec.json.encode(members | {key: msgspec.Raw(raw) for key, raw in own.items()})


def _file(dataset: Dataset, images: list[bytes], annotations: list[bytes]) -> bytes:
    others = msgspec.json.decode(dataset.file_record, type=Members)
    parts = [b"%b: %b" % (msgspec.json.encode(key), bytes(raw)) for key, raw in others.items()]
    arrays = ("images", images), ("annotations", annotations), ("categories", _categories(dataset))
    parts += [b'"%b": [\n%b\n]' % (key.encode(), b",\n".join(raws)) for key, raws in arrays]
    return b"{%b}\n" % b",\n".join(parts)


def _write_png(dataset: Dataset, image: int, rows: range, file: Path) -> None:
    height, width = int(dataset.height_px[image]), int(dataset.width_px[image])
    texts = [dataset.annotation_id[row] for row in rows]
    if not all(map(is_segment_id, texts)) or len({*map(int, texts)}) < len(texts):
        _not_ready(dataset, f"segment ids {', '.join(texts[:8])}")
    masks = pack_masks([instance_counts(dataset, row) for row in rows])
    value = np.array([int(text) for text in texts], np.uint32)
    painted, lost_px = paint(masks, value, height=height, width=width, background=VOID)
    if lost_px.any():
        raise DataError(
            "Segments of one image overlap, which panoptic labels cannot hold.",
            where=place_of(dataset, rows[int(np.argmax(lost_px > 0))]),
            expected="no pixel of two segments",
            got=f"{int(lost_px.sum())} px of two segments",
            next_step="convert the labels to this format first",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.stack([painted & 0xFF, painted >> 8 & 0xFF, painted >> 16], axis=2)
    Image.fromarray(pixels.astype(np.uint8)).save(file, format="PNG")


def _segment(dataset: Dataset, row: int) -> bytes:
    """The segment's own members; the run lengths stand in the PNG."""
    members = msgspec.json.decode(dataset.instance_record[row], type=Members)
    members.pop("segmentation", None)
    class_id = dataset.class_ids[dataset.class_index[row]]
    category = {"category_id": msgspec.Raw(msgspec.json.encode(class_id))}
    return msgspec.json.encode(members | category)


def _categories(dataset: Dataset) -> list[bytes]:
    """The source's own category records; for a class that it does not know, a thing's."""
    known = {}
    for raw in dataset.class_record:
        category = msgspec.json.decode(raw, type=_Category)
        known[category.id, category.name] = raw
    return [
        known.get((number, name)) or msgspec.json.encode({"id": number, "name": name, "isthing": 1})
        for number, name in zip(dataset.class_ids, dataset.class_names, strict=True)
    ]


def _not_ready(dataset: Dataset, got: str) -> NoReturn:
    raise DataError(
        "These labels cannot be written as panoptic ones as they are.",
        where=dataset.source,
        expected=f"labels of {LabelFormat.COCO_PANOPTIC}, ids from 1 to {LARGEST_ID}",
        got=got,
        next_step="convert them to this format first",
    )
