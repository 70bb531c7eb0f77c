"""Which classes stand in the same images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, triu

from segtrial.types.labels import CoOccurrence, Pair

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Longs
    from segtrial.types.dataset import Dataset

SHOWN_PAIRS = 20
MINIMUM_IMAGES = 5  # fewer shared images make a lift an accident
MINIMUM_LIFT = 1.1  # less is hardly beyond chance
MATRIX_CLASSES = 100


def co_occurrence(dataset: Dataset) -> CoOccurrence:
    """The pairs of classes that share most images, and those that do so beyond chance.

    Of equal pairs the earlier classes come first. A pair needs at least one shared image.
    """
    classes, names = len(dataset.class_names), dataset.class_names
    shared = _shared_images(dataset)
    held = shared.diagonal()
    upper = triu(shared, k=1, format="coo")
    one, other, count = upper.row, upper.col, upper.data
    lift = count * float(dataset.images) / np.maximum(held[one].astype(float) * held[other], 1)

    def pairs(value: Longs | Floats, allowed: Longs) -> tuple[Pair, ...]:
        order = allowed[np.lexsort((other[allowed], one[allowed], -value[allowed]))]
        return tuple(
            Pair(
                first=names[one[k]],
                second=names[other[k]],
                images=int(count[k]),
                lift=float(lift[k]),
            )
            for k in order[:SHOWN_PAIRS]
        )

    few = classes <= MATRIX_CLASSES
    return CoOccurrence(
        minimum_images=MINIMUM_IMAGES,
        by_count=pairs(count, np.flatnonzero(count > 0)),
        by_lift=pairs(lift, np.flatnonzero((count >= MINIMUM_IMAGES) & (lift >= MINIMUM_LIFT))),
        matrix=tuple(map(tuple, shared.toarray().tolist())) if few else None,
    )


def _shared_images(dataset: Dataset) -> csr_array:
    """Images that hold both classes, int64 (C, C); the diagonal: images of each class."""
    keep = ~dataset.crowd
    cells = (dataset.image_index[keep], dataset.class_index[keep])
    shape = (dataset.images, len(dataset.class_names))
    presence = csr_array((np.ones(int(keep.sum()), np.int64), cells), shape=shape)
    presence.sum_duplicates()
    presence.data[:] = 1
    return csr_array(presence.T @ presence)
