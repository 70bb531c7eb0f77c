"""One label file in k folds: one of them validates, the others train."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from segtrial.data.selection.draw import shuffled
from segtrial.data.selection.stratify import Stratifier
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset
    from segtrial.types.trial import Fold


def fold_rows(dataset: Dataset, fold: Fold) -> list[list[int]]:
    """The images' rows of each of the k folds, in file order: disjoint, together all images.

    Sizes differ by one at most. `fold.index` does not matter. Raises DataError where there are
    fewer images than folds.
    """
    if fold.k > dataset.images:
        raise DataError(
            "There are fewer images than folds.",
            where=f"[data] fold: {dataset.source}",
            expected=f"k ≤ {dataset.images}",
            got=f"k = {fold.k}",
        )
    if fold.stratify:
        rows = range(dataset.images)
        folds = Stratifier(dataset, fold.seed, "fold", "stratify").deal(rows, fold.k)
    else:
        order = shuffled(dataset, fold.seed, "fold")
        folds = [order[first :: fold.k] for first in range(fold.k)]
    return [sorted(rows) for rows in folds]


def fold_split(dataset: Dataset, fold: Fold) -> tuple[Dataset, Dataset]:
    """Training images (all folds but `fold.index`) and validation images (that fold)."""
    folds = fold_rows(dataset, fold)
    held_out = folds.pop(fold.index)
    others = sorted(row for rows in folds for row in rows)
    name = f"{dataset.source}, fold {fold.index} of {fold.k}"
    return (
        replace(
            dataset.take_images(others),
            source=f"{dataset.source}, all but fold {fold.index} of {fold.k}",
        ),
        replace(dataset.take_images(held_out), source=name),
    )
