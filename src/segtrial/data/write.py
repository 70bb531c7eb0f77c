"""Dataset → files, in the format of its records; nothing but relabelled records is written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from segtrial.data.bdd100k.bitmask import write_bitmasks
from segtrial.data.bdd100k.write import write_bdd100k
from segtrial.data.coco.panoptic import write_panoptic
from segtrial.data.coco.write import write_coco
from segtrial.data.yolo.write import write_yolo
from segtrial.types.dataset import LabelFormat

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset

Pictures = Literal["link", "copy", "none"]
SplitName = Literal["train", "val", "test"]

ONE_FILE = frozenset({LabelFormat.COCO, LabelFormat.LVIS, LabelFormat.BDD100K})


def is_one_file(dataset: Dataset) -> bool:
    """Whether the data set's format is a single file (`label_bytes`), not a folder of them."""
    return dataset.label_format in ONE_FILE


def label_bytes(dataset: Dataset) -> bytes:
    """The one label file of a data set whose format is one file."""
    assert is_one_file(dataset), dataset.label_format
    if dataset.label_format == LabelFormat.BDD100K:
        return write_bdd100k(dataset)
    return write_coco(dataset)


def write_labels(
    dataset: Dataset, path: Path, *, split: SplitName = "train", pictures: Pictures = "none"
) -> None:
    """Write the data set to `path`: a new file, or a new folder where the format is a folder.

    `split`, `pictures`: YOLO's folder of images, and whether it gets links or copies of them.
    """
    if is_one_file(dataset):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(label_bytes(dataset))
        return
    match dataset.label_format:
        case LabelFormat.COCO_PANOPTIC:
            write_panoptic(dataset, path)
        case LabelFormat.YOLO_SEG:
            write_yolo(dataset, path, split=split, pictures=pictures)
        case LabelFormat.BDD100K_INS_SEG | LabelFormat.BDD100K_PAN_SEG:
            write_bitmasks(dataset, path, dataset.label_format)
