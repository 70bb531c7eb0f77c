"""Where the pictures of a label file lie, when nobody said."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    found = [(sum((folder / name).is_file() for name in names), folder) for folder in folders]
    best = max((count for count, _ in found), default=0)
    return next((folder for count, folder in found if count == best), None) if best else None
