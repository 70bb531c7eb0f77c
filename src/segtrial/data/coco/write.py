"""Dataset → COCO instances or LVIS JSON, for one that has COCO's records.

Records are written byte for byte; only what a change touched (a class, a coverage list) is written
anew. A data set of another format gets COCO's records first: `coco/convert.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from segtrial.data.extension import names_by_image, with_coverage
from segtrial.data.records import replaced
from segtrial.types.dataset import LabelFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segtrial.types.dataset import Dataset

LISTS = ("neg_category_ids", "not_exhaustive_category_ids")


def write_coco(dataset: Dataset) -> bytes:
    """A COCO or LVIS file of a data set whose records are COCO's."""
    others = msgspec.json.decode(dataset.file_record, type=dict[str, msgspec.Raw])
    head = b"".join(
        b"%b: %b,\n" % (msgspec.json.encode(name), bytes(raw)) for name, raw in others.items()
    )
    return b'{%b"images": [\n%b\n],\n"annotations": [\n%b\n],\n"categories": [\n%b\n]}\n' % (
        head,
        b",\n".join(_images(dataset)),
        b",\n".join(_annotations(dataset)),
        b",\n".join(_categories(dataset)),
    )


def _images(dataset: Dataset) -> Iterator[bytes]:
    if dataset.coverage is None:
        yield from dataset.image_record
        return
    lists = names_by_image(dataset.coverage, dataset.class_names, dataset.images)
    id_of = dict(zip(dataset.class_names, dataset.class_ids, strict=True))
    for record, names in zip(dataset.image_record, lists, strict=True):
        if dataset.label_format == LabelFormat.LVIS:
            ids = [[id_of[name] for name in side] for side in names]
            yield replaced(record, dict(zip(LISTS, ids, strict=True)))
        else:
            yield with_coverage(record, *names)


def _annotations(dataset: Dataset) -> Iterator[bytes]:
    wanted = [dataset.class_ids[label] for label in dataset.class_index.tolist()]
    for record, class_id in zip(dataset.instance_record, wanted, strict=True):
        yield replaced(record, {"category_id": class_id})


def _categories(dataset: Dataset) -> Iterator[bytes]:
    """The source's own category records; for a class that it does not know, id and name."""
    known = {
        (record.id, record.name): raw
        for raw in dataset.class_record
        for record in [msgspec.json.decode(raw, type=_Category)]
    }
    for class_id, name in zip(dataset.class_ids, dataset.class_names, strict=True):
        raw = known.get((class_id, name))
        yield raw or msgspec.json.encode({"id": class_id, "name": name})


class _Category(msgspec.Struct):
    id: int
    name: str
