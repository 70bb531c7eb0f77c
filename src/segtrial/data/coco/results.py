"""COCO results JSON → Detections: what a model found, as most detection tools write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from segtrial.data.found import Found
from segtrial.data.records import decode, decode_blocks, element_spans, read_json
from segtrial.types.geometry_bytes import GeometryKind

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.attributes import LeftOut
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

EXPECTED = "COCO results: a list of {image_id, category_id, score, bbox and/or segmentation}"


class _Result(msgspec.Struct, gc=False):
    image_id: int | str
    category_id: int
    score: float
    bbox: Annotated[list[float], msgspec.Meta(min_length=4, max_length=4)] | None = None
    segmentation: msgspec.Raw = msgspec.Raw(b"")


def read_coco_results(
    path: Path, truth: Dataset, *, leave_out: bool = False
) -> tuple[Detections, tuple[LeftOut, ...]]:
    """The detections of a results file on the images and classes of `truth`, sorted by image, in
    the file's order within one; boxes of results with masks alone are the masks' own.

    A result of another image or class raises DataError or, under `leave_out`, is left out and
    counted. Raises DataError naming file, record and expectation.
    """
    where = str(path)
    text = read_json(path)
    raws = decode(text, list[msgspec.Raw], where=where, expected=EXPECTED)
    spans = element_spans(text, raws)
    raws.clear()
    found = Found(truth, leave_out=leave_out, kind=GeometryKind.COCO)
    class_of = {class_id: row for row, class_id in enumerate(truth.class_ids)}
    for first, block in decode_blocks(spans, _Result, where=where, expected=EXPECTED):
        for row, item in enumerate(block, start=first):
            found.add(
                where=f"{where}[{row}]",
                image=found.image_of.get(str(item.image_id)),
                image_said=f"image_id {item.image_id!r}",
                label=class_of.get(item.category_id),
                label_said=f"category_id {item.category_id}",
                score=item.score,
                box_xywh=item.bbox,
                geometry=item.segmentation,
            )
    return found.detections()
