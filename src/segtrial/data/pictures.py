"""The pictures of a label file: where they lie when nobody said, which are absent or turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from segtrial.data.records import is_file
from segtrial.geometry.pictures import DAMAGE, FORMATS, is_turned

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset

LOOKED_AT = 20  # pictures that are looked for in each folder


def likely_root(dataset: Dataset, labels: Path) -> Path | None:
    """The folder near the label file that holds the data set's pictures; None if none does.

    Looked at: the label file's folder and the two above it, and in each of them `images`, and
    the folder named like the file's split (`instances_val2017.json` → `val2017`).
    """
    split = labels.name.partition(".")[0].rpartition("_")[2]
    names = [dataset.file_name[row] for row in range(min(LOOKED_AT, dataset.images))]
    above = [labels.parent, labels.parent.parent, labels.parent.parent.parent]
    folders = [
        folder / inner
        for folder in above
        for inner in ("images", f"images/{split}", split, f"images/100k/{split}", "")
    ]
    found = [(sum(is_file(folder / name) for name in names), folder) for folder in folders]
    best = max((count for count, _ in found), default=0)
    return next((folder for count, folder in found if count == best), None) if best else None


def missing_pictures(dataset: Dataset) -> list[str]:
    """Names of the pictures that are not in the picture folder; all where there is none."""
    root = dataset.image_root
    return [name for name in dataset.file_name if root is None or not is_file(root / name)]


def turned_pictures(dataset: Dataset) -> list[str]:
    """Names of the pictures, of those that are there, whose EXIF orientation turns them."""
    if dataset.image_root is None:
        return []
    return [name for name in dataset.file_name if _turned(dataset.image_root / name)]


def _turned(path: Path) -> bool:
    if path.suffix.lower() not in {".jpg", ".jpeg"} or not is_file(path):
        return False
    try:
        with Image.open(path, formats=FORMATS) as picture:
            return is_turned(picture)
    except (*DAMAGE, UnidentifiedImageError, Image.DecompressionBombError):
        return False
