"""`swap`: relabel a share of the host's training instances as the target."""

from __future__ import annotations

import numpy as np

from segtrial.changes.ledger import edits_between
from segtrial.types.arrays import Longs
from segtrial.types.dataset import Dataset
from segtrial.types.edits import Edits
from segtrial.types.errors import TrialError, unknown_class
from segtrial.types.randomness import uniform
from segtrial.types.trial import Swap


def check_swap(swap: Swap, class_names: tuple[str, ...], where: str) -> None:
    """Raise TrialError for an unknown class or host = target."""
    for role, name in (("host", swap.host), ("target", swap.target)):
        if name not in class_names:
            what = f"The {role} of a swap is no class of the data"
            raise unknown_class(name, class_names, what=what, where=where)
    if swap.host == swap.target:
        raise TrialError(
            "Host and target of a swap are the same class.",
            where=where,
            expected="two classes",
            got=f'"{swap.host}" twice',
        )


def apply_swap(dataset: Dataset, swap: Swap, seed: int) -> tuple[Dataset, Edits]:
    """The data set with `round(n × ratio)` of the host's n instances called the target; its edits.

    Ties round to even (n = 5, ratio .5: 2). Crowds are no instances and stay. Instances are taken
    in the order of a number in [0, 1) drawn for (seed, "swap", host, target, image id, annotation
    id), so the edits at a small ratio are among those at a larger one, and one swap after another
    draws anew. `draw = "fixed"` ignores the seed. Geometry bytes are the same objects. Raises
    TrialError where the host has no instance.
    """
    check_swap(swap, dataset.class_names, "change: swap")
    host = dataset.class_names.index(swap.host)
    rows = np.flatnonzero((dataset.class_index == host) & ~dataset.crowd)
    if len(rows) == 0:
        raise TrialError(
            f'The training labels hold no instance of the host "{swap.host}".',
            where="change: swap",
            expected="at least one instance",
            got="0",
            next_step="choose another host, or more training images",
        )
    count = round(len(rows) * swap.ratio)
    labels = np.array(dataset.class_index)
    labels[_drawn_order(dataset, swap, seed, rows)[:count]] = dataset.class_names.index(swap.target)
    changed = dataset.with_classes(labels)
    return changed, edits_between(dataset, changed)


def _drawn_order(dataset: Dataset, swap: Swap, seed: int, rows: Longs) -> list[int]:
    stream = 0 if swap.draw == "fixed" else seed

    def number(row: int) -> float:
        image_id = dataset.image_id[dataset.image_index[row]]
        return uniform(stream, "swap", swap.host, swap.target, image_id, dataset.annotation_id[row])

    return sorted((int(row) for row in rows), key=lambda row: (number(row), row))
