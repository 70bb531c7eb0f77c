"""`swap`: relabel a share of the host's training instances as the target."""

from __future__ import annotations

import numpy as np

from segtrial.types.dataset import Dataset
from segtrial.types.edits import Edit, Edits
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
    """The data set with `round(n × ratio)` of the host's n instances called the target.

    Ties round to even (n = 5, ratio .5: 2). Crowds are no instances and stay. Instances are taken
    in the order of a number in [0, 1) drawn for (seed, "swap", image id, annotation id), so the
    edits at a small ratio are among those at a larger one. `draw = "fixed"` ignores the seed.
    Geometry bytes are the same objects. Raises TrialError where the host has no instance.
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
    stream = 0 if swap.draw == "fixed" else seed
    ranked = sorted(
        rows,
        key=lambda r: (
            uniform(
                stream,
                "swap",
                dataset.image_id[dataset.image_index[r]],
                dataset.annotation_id[r],
            ),
            r,
        ),
    )
    moved = np.sort(np.array(ranked[: round(len(rows) * swap.ratio)], dtype=np.int64))
    labels = np.array(dataset.class_index)
    labels[moved] = dataset.class_names.index(swap.target)
    changed = dataset.with_classes(labels)
    return changed, Edits(
        source_sha256=dataset.fingerprint(),
        result_sha256=changed.fingerprint(),
        rows=tuple(
            Edit(
                annotation_id=dataset.annotation_id[r],
                image_id=dataset.image_id[dataset.image_index[r]],
                before=swap.host,
                after=swap.target,
            )
            for r in moved
        ),
    )
