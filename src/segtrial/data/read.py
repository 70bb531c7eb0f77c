"""Any supported labels → Dataset: the format is recognised from the content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from segtrial.data.bdd100k.read import read_bdd100k
from segtrial.data.bdd100k.write import write_bdd100k
from segtrial.data.coco.read import read_coco
from segtrial.data.coco.write import write_coco
from segtrial.data.records import decode, read_json
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind

if TYPE_CHECKING:
    from pathlib import Path

READERS = {
    LabelFormat.COCO: read_coco,
    LabelFormat.LVIS: read_coco,
    LabelFormat.BDD100K: read_bdd100k,
}


class _Keys(msgspec.Struct):
    """The top-level keys that tell the formats apart; their values are not decoded."""

    annotations: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    frames: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def read(path: Path, image_root: Path | None, label_format: str = "auto") -> Dataset:
    """Labels in any format of `LabelFormat`; "auto" recognises it from the content.

    Raises DataError where there is nothing at `path`, or where it cannot be read.
    """
    if not path.is_file():
        raise DataError(
            "There is no such label file.",
            where=str(path),
            expected="a COCO instances or BDD100K polygon JSON file",
            next_step="check the path; paths are relative to --data, or to the trial file",
        )
    kind = recognise(path) if label_format == "auto" else LabelFormat(label_format)
    return READERS[kind](path, image_root)


def recognise(path: Path) -> LabelFormat:
    """The format's name, told from the top-level keys of the JSON."""
    data = read_json(path)
    start = data.lstrip()[:1]
    if start == b"[":
        return LabelFormat.BDD100K
    keys = _Keys()
    if start == b"{":
        keys = decode(data, _Keys, where=str(path), expected="a JSON object")
    held = ((LabelFormat.COCO, keys.annotations), (LabelFormat.BDD100K, keys.frames))
    candidates = [name for name, value in held if value is not msgspec.UNSET]
    if len(candidates) == 1:
        return candidates[0]
    raise DataError(
        "The label format is not recognised.",
        where=str(path),
        expected="COCO instances JSON (images, annotations, categories) or BDD100K frames",
        got="signs of both" if candidates else "neither annotations nor frames",
        next_step='state format = "coco" or "bdd100k" under [data]',
    )


def write_labels(dataset: Dataset) -> bytes:
    """The data set in the format it was read from; only relabelled records are written anew."""
    return (write_bdd100k if dataset.geometry_kind == GeometryKind.BDD100K else write_coco)(dataset)
