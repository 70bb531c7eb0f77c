"""Which images and classes a trial uses: the same lists for every arm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segtrial.types.dataset import Dataset
from segtrial.types.errors import DataError, TrialError, unknown_class
from segtrial.types.randomness import uniform


def select_images(dataset: Dataset, count: int | None, seed: int, split: str) -> Dataset:
    """The first `count` images of a shuffle keyed by (seed, split, image id), in file order.

    None keeps all. The list grows with `count`: 100 images are among the 200. Raises DataError
    where there are fewer images.
    """
    if count is None:
        return dataset
    if count > dataset.images:
        raise DataError(
            f"The {split} split has fewer images than select asks for.",
            where=f"[data] select: {split} = {count}",
            expected=f"at most {dataset.images}",
            got=str(count),
        )
    order = sorted(
        range(dataset.images),
        key=lambda row: (uniform(seed, "select", split, dataset.image_id[row]), row),
    )
    return dataset.take_images(sorted(order[:count]))


def restrict_classes(dataset: Dataset, names: tuple[str, ...]) -> Dataset:
    """The same images under the class list `names`; instances of other classes are left out.

    A name that the data set does not know becomes a class without instances.
    """
    row_of = {name: row for row, name in enumerate(names)}
    id_of = dict(zip(dataset.class_names, dataset.class_ids, strict=True))
    free = max(dataset.class_ids, default=0)
    ids = []
    for name in names:
        if name not in id_of:
            free += 1
        ids.append(id_of.get(name, free))
    renumber = np.array([row_of.get(name, -1) for name in dataset.class_names], np.int32)
    classes = renumber[dataset.class_index] if dataset.instances else dataset.class_index
    rows = np.flatnonzero(classes >= 0)
    frequency = dict(zip(dataset.class_names, dataset.class_frequency, strict=False))
    coverage = dataset.coverage
    return replace(
        dataset.take_instances(rows),
        class_names=names,
        class_ids=tuple(ids),
        class_index=classes[rows],
        class_frequency=tuple(frequency.get(name, "") for name in names) if frequency else (),
        coverage=None if coverage is None else coverage.take_classes(renumber),
    )


def check_class_names(asked: tuple[str, ...], known: tuple[str, ...], where: str) -> None:
    """Raise TrialError for a class that the labels (`known`) lack, or that stands twice."""
    for name in asked:
        if name not in known:
            what = "The labels know no class of this name"
            raise unknown_class(name, known, what=what, where=where)
        if asked.count(name) > 1:
            raise TrialError(f'The class "{name}" stands twice in the list.', where=where)
