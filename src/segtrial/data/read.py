"""Any supported labels → Dataset: the format is recognised from the content, or stated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.data.bdd100k.bitmask import read_bitmasks
from segtrial.data.bdd100k.read import read_bdd100k
from segtrial.data.coco.panoptic import read_panoptic
from segtrial.data.coco.read import parse_coco
from segtrial.data.recognise import Recognised, recognise
from segtrial.data.records import is_there, read_json
from segtrial.data.yolo.read import read_yolo
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = frozenset(
    {
        LabelFormat.BDD100K,
        LabelFormat.BDD100K_INS_SEG,
        LabelFormat.BDD100K_PAN_SEG,
        LabelFormat.YOLO_SEG,
    }
)


def read(
    path: Path, image_root: Path | None, label_format: str = "auto", *, split: str | None = None
) -> Dataset:
    """Labels in any format of `LabelFormat`; "auto" recognises it from the content.

    `image_root`: where the pictures lie; YOLO's lie where its data.yaml says. `split`: "train",
    "val" or "test" of a format that holds several in one place (YOLO); None = all of them.
    Raises DataError where there is nothing at `path`, or where it cannot be read.
    """
    if not is_there(path):
        raise DataError(
            "There is no such label file.",
            where=str(path),
            expected="a label file, or a folder of labels",
            next_step="check the path; in a trial it starts from --data, or from the trial file",
        )
    if label_format == "auto":
        found = recognise(path)
    else:
        kind = LabelFormat(label_format)
        found = Recognised(label_format=kind, stated=kind)
    if path.is_dir() and found.label_format not in FOLDERS:
        raise DataError(
            "A folder stands where a label file is needed.",
            where=str(path),
            expected=f"a JSON file of {found.label_format}",
        )
    return _read(found, path, image_root, split)


def _read(found: Recognised, path: Path, image_root: Path | None, split: str | None) -> Dataset:
    match found.label_format:
        case LabelFormat.COCO | LabelFormat.LVIS:
            text = found.text or read_json(path)
            return parse_coco(text, path, image_root, found.top, found.stated)
        case LabelFormat.COCO_PANOPTIC:
            return read_panoptic(path, image_root)
        case LabelFormat.BDD100K:
            return read_bdd100k(path, image_root, found.text)
        case LabelFormat.BDD100K_INS_SEG | LabelFormat.BDD100K_PAN_SEG:
            return read_bitmasks(path, image_root, found.label_format)
        case LabelFormat.YOLO_SEG:
            return read_yolo(path, image_root, split)
