"""Any supported label file → Dataset: the format is recognised from the content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from segtrial.data.bdd100k import read_bdd100k, write_bdd100k
from segtrial.data.coco import read_coco, write_coco
from segtrial.data.json_records import decode, read_json
from segtrial.types.dataset import Dataset, GeometryKind
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

READERS = {"coco": read_coco, "bdd100k": read_bdd100k}


class _Keys(msgspec.Struct):
    """The top-level keys that tell the formats apart; their values are not decoded."""

    annotations: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    frames: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def read(
    path: Path,
    image_root: Path | None,
    label_format: Literal["auto", "coco", "bdd100k"] = "auto",
) -> Dataset:
    """Labels of a COCO instances file or a BDD100K polygon file.

    Raises DataError where the file is missing, cannot be read, or is neither.
    """
    if not path.is_file():
        raise DataError(
            "There is no such label file.",
            where=str(path),
            expected="a COCO instances or BDD100K polygon JSON file",
            next_step="check the path; paths are relative to --data, or to the trial file",
        )
    return READERS[recognise(path) if label_format == "auto" else label_format](path, image_root)


def recognise(path: Path) -> str:
    """The format's name, told from the top-level keys of the JSON."""
    data = read_json(path)
    start = data.lstrip()[:1]
    if start == b"[":
        return "bdd100k"
    keys = _Keys()
    if start == b"{":
        keys = decode(data, _Keys, where=str(path), expected="a JSON object")
    held = (("coco", keys.annotations), ("bdd100k", keys.frames))
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
