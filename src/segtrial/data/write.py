"""Dataset → files, in the format of its records; nothing but relabelled records is written anew."""

from __future__ import annotations

import errno
import gzip
from typing import TYPE_CHECKING, Literal

from segtrial.data.bdd100k.bitmask import write_bitmasks
from segtrial.data.bdd100k.write import write_bdd100k
from segtrial.data.coco.panoptic import write_panoptic
from segtrial.data.coco.write import write_coco
from segtrial.data.yolo.write import write_yolo
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset

Pictures = Literal["link", "copy", "none"]
SplitName = Literal["train", "val", "test"]

NAME_FAULTS = frozenset(
    {errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EINVAL}
)
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
    try:
        _write(dataset, path, split, pictures)
    except OSError as error:
        if error.errno not in NAME_FAULTS:
            raise
        raise DataError(
            "A picture's name cannot be the name of a label file.",
            where=dataset.source,
            expected="names that files can have, none of them another one's folder",
            got=f"{str(error.filename)[-120:]}: {error.strerror}",
        ) from error


def _write(dataset: Dataset, path: Path, split: SplitName, pictures: Pictures) -> None:
    if is_one_file(dataset):
        path.parent.mkdir(parents=True, exist_ok=True)
        data = label_bytes(dataset)
        path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
        return
    match dataset.label_format:
        case LabelFormat.COCO_PANOPTIC:
            write_panoptic(dataset, path)
        case LabelFormat.YOLO_SEG:
            write_yolo(dataset, path, split=split, pictures=pictures)
        case LabelFormat.BDD100K_INS_SEG | LabelFormat.BDD100K_PAN_SEG:
            write_bitmasks(dataset, path, dataset.label_format)
