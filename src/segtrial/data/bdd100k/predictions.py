"""Scalabel predictions → Detections: frames whose labels have a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from segtrial.data.bdd100k.frames import read_frame_files
from segtrial.data.bdd100k.labels import ABSENT, Label
from segtrial.data.found import Found
from segtrial.data.records import decode
from segtrial.types.geometry_bytes import GeometryKind

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.data.bdd100k.frames import FrameRecord
    from segtrial.types.attributes import LeftOut
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

EXPECTED = "a label with category, score, and box2d, rle or poly2d"


class _Prediction(Label, gc=False):
    score: float | None = None


def read_scalabel_predictions(
    path: Path, truth: Dataset, *, leave_out: bool = False
) -> tuple[Detections, tuple[LeftOut, ...]]:
    """The detections of Scalabel frames on the images and classes of `truth`.

    Frames are told by the picture's name, classes by theirs. A label without a score has the
    score 1. A frame or class that `truth` does not know raises
    DataError or, under `leave_out`, is left out and counted.
    """
    found = Found(truth, leave_out=leave_out, kind=GeometryKind.BDD100K)
    image_of = {name: row for row, name in enumerate(truth.file_name)}
    class_of = {name: row for row, name in enumerate(truth.class_names)}
    for file in read_frame_files(path):
        for record in file.frames:
            _add_frame(found, record, image_of, class_of)
    return found.detections()


def _add_frame(
    found: Found, record: FrameRecord, image_of: dict[str, int], class_of: dict[str, int]
) -> None:
    raw = record.frame.labels
    if bytes(memoryview(raw)[:8]) in ABSENT:
        return
    raws = decode(raw, list[msgspec.Raw], where=record.where, expected="a list of labels")
    for k, one in enumerate(raws):
        where = f"{record.file}: {record.frame.name}: labels[{k}]"
        label = decode(one, _Prediction, where=where, expected=EXPECTED)
        box = label.box2d
        shapes = (label.rle, label.poly2d)
        found.add(
            where=where,
            image=image_of.get(record.frame.name),
            image_said=f'frame "{record.frame.name}"',
            label=class_of.get(label.category.strip()),
            label_said=f'category "{label.category}"',
            score=1.0 if label.score is None else label.score,
            box_xywh=None
            if box is None
            else [box.x1, box.y1, box.x2 - box.x1 + 1, box.y2 - box.y1 + 1],
            geometry=next((s for s in shapes if bytes(s) not in ABSENT), msgspec.Raw(b"")),
        )
