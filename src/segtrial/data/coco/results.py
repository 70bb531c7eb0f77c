"""COCO results JSON → Detections: what a model found, as most detection tools write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from segtrial.data.coco.result_columns import (
    AnyResult,
    CompressedResult,
    Result,
    RowOfImage,
    result_columns,
)
from segtrial.data.found import Found
from segtrial.data.record_blocks import record_blocks
from segtrial.types.geometry_bytes import GeometryKind

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.attributes import LeftOut
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

EXPECTED = "COCO results: a list of {image_id, category_id, score, bbox and/or segmentation}"

_compressed_results = msgspec.json.Decoder(list[CompressedResult])
_results = msgspec.json.Decoder(list[Result])


def read_coco_results(
    path: Path, truth: Dataset, *, leave_out: bool = False
) -> tuple[Detections, tuple[LeftOut, ...]]:
    """The detections of a results file on the images and classes of `truth`, sorted by image, in
    the file's order within one; boxes of results with masks alone are the masks' own.

    A result of another image or class raises DataError or, under `leave_out`, is left out and
    counted. Raises DataError naming file, record and expectation.
    """
    where = str(path)
    found = Found(truth, leave_out=leave_out, kind=GeometryKind.COCO)
    row_of_image = RowOfImage(found.image_of)
    row_of_class = {class_id: row for row, class_id in enumerate(truth.class_ids)}
    blocks = record_blocks(path, _decode, Result, where=where, expected=EXPECTED)
    for first, text, records in blocks:
        columns = result_columns(
            records,
            found,
            row_of_image=row_of_image,
            row_of_class=row_of_class,
            first=first,
            where=where,
        )
        if columns is None:
            _add_one_by_one(found, text, row_of_image, row_of_class, first=first, where=where)
        else:
            found.extend(columns)
    return found.detections()


def _decode(text: bytes) -> list[AnyResult]:
    try:
        return _compressed_results.decode(text)  # type: ignore[return-value]
    except msgspec.DecodeError:
        return _results.decode(text)  # type: ignore[return-value]


def _add_one_by_one(
    found: Found,
    text: bytes,
    row_of_image: RowOfImage,
    row_of_class: dict[int, int],
    *,
    first: int,
    where: str,
) -> None:
    for row, item in enumerate(_results.decode(text), start=first):
        image = row_of_image[item.image_id]
        found.add(
            where=f"{where}[{row}]",
            image=None if image < 0 else image,
            image_said=f"image_id {item.image_id!r}",
            label=row_of_class.get(item.category_id),
            label_said=f"category_id {item.category_id}",
            score=item.score,
            box_xywh=item.bbox,
            geometry=item.segmentation,
        )
