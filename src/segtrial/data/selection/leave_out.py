"""Images that a split leaves out for what their labels say, before the draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.selection.draw import shuffled
from segtrial.types.errors import TrialError

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools
    from segtrial.types.dataset import Dataset


def without_classes(dataset: Dataset) -> Bools:
    """Images without an instance of any class of the data set, not even a crowd: bool (I).

    Where not every class was looked for in every image (LVIS), such an image may show one.
    """
    none = np.ones(dataset.images, np.bool_)
    none[dataset.image_index] = False
    return none


def drop_without_classes(dataset: Dataset) -> Dataset:
    """The images with at least one instance, or crowd, of the data set's classes."""
    return dataset.take_images(np.flatnonzero(~without_classes(dataset)))


def drop_not_exhaustive(dataset: Dataset, split: str) -> Dataset:
    """The images in which every instance of each of the data set's classes is labelled.

    Raises TrialError where the labels do not say it: the key would do nothing.
    """
    if dataset.coverage is None:
        raise TrialError(
            "The labels do not say which classes are not exhaustive.",
            where=f'[data] select: {split}: not_exhaustive = "drop"',
            expected="labels with not_exhaustive_category_ids, as LVIS has them",
            got=dataset.source,
            next_step="remove the key",
        )
    keep = np.ones(dataset.images, np.bool_)
    keep[dataset.coverage.not_exhaustive[:, 0]] = False
    return dataset.take_images(np.flatnonzero(keep))


def cap_negatives(dataset: Dataset, most: float, seed: int, split: str) -> Dataset:
    """At most `most` images without any class: a count (int), or a share in [0, 1) (float) of all
    images kept, n ≤ share ÷ (1 − share) × images with a class.

    The first of a shuffle keyed by (seed, split, image id): fewer are among more.
    """
    negative = without_classes(dataset)
    allowed = most if isinstance(most, int) else _at_share(most, int((~negative).sum()))
    order = [row for row in shuffled(dataset, seed, "negatives", split) if negative[row]]
    keep = ~negative
    keep[order[:allowed]] = True
    return dataset.take_images(np.flatnonzero(keep))


def _at_share(share: float, others: int) -> int:
    """The largest n with n ≤ share × (n + others)."""
    n = int(share / (1 - share) * others)
    return n + 1 if n + 1 <= share * (n + 1 + others) else n  # 0.2 ÷ 0.8 × 4 is a hair below 1
