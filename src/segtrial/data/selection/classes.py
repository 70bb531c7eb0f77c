"""The class list of a trial: by names, by frequency group, and a data set under it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import TrialError, unknown_class

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset
    from segtrial.types.trial import Data

GROUPS = ("r", "c", "f")
RARE_AT_MOST, COMMON_AT_MOST = 10, 100  # images that hold the class, as LVIS groups them


def class_groups(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """The class names of each frequency group "r", "c" and "f", in the data set's order.

    Where the source states groups (LVIS), they are its own, and a class for which it states none
    is in no group. Else a class is rare in 1–10 images, common in 11–100, frequent in more; crowds
    do not count, and a class without any image is in no group: nothing can be learnt of it.
    """
    group_of = dataset.class_frequency
    if not any(group_of):
        group_of = tuple(_group(count) for count in dataset.image_counts().tolist())
    rows = list(zip(dataset.class_names, group_of, strict=True))
    return {group: tuple(name for name, own in rows if own == group) for group in GROUPS}


def _group(images: int) -> str:
    if images == 0:
        return ""
    if images <= RARE_AT_MOST:
        return "r"
    return "c" if images <= COMMON_AT_MOST else "f"


def class_list(spec: Data, train: Dataset, val: Dataset) -> tuple[str, ...]:
    """The trial's classes: `classes`, else the training labels' and what validation adds; of those
    the ones in the groups of `frequency`, which are counted over the whole training label file.

    Raises TrialError for an unknown name, and where no class is in a group.
    """
    extra = tuple(name for name in val.class_names if name not in train.class_names)
    known = train.class_names + extra
    if spec.classes is not None:
        check_class_names(spec.classes, known, "[data] classes")
    names = known if spec.classes is None else spec.classes
    if spec.frequency is None:
        return names
    groups = class_groups(train)
    wanted = {name for group in spec.frequency for name in groups[group]}
    chosen = tuple(name for name in names if name in wanted)
    if not chosen:
        counts = ", ".join(f"{group} {len(groups[group])}" for group in GROUPS)
        raise TrialError(
            "No class is in these frequency groups.",
            where="[data] frequency",
            expected="a group that one of the trial's classes is in",
            got=f"{', '.join(spec.frequency)}; classes of {train.source} by group: {counts}",
            next_step="name other groups, or other classes",
        )
    return chosen


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
    if dataset.label_format == LabelFormat.YOLO_SEG:  # its ids are places in the list
        ids = list(range(len(names)))
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
