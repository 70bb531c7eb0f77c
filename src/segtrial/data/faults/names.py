"""Faults of class names and of the lists of classes that were looked for in an image."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.bdd100k.names import (
    DET,
    IGNORED_NAMES,
    OLDER_NAMES,
    PAN_SEG,
    POLYGONS_ONLY,
)
from segtrial.data.faults.kinds import fault
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import nearest
from segtrial.types.labels import FaultKind, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from segtrial.types.arrays import Longs
    from segtrial.types.dataset import Dataset
    from segtrial.types.labels import Fault

OFFICIAL = frozenset((*DET, *PAN_SEG, *POLYGONS_ONLY))
_RENAMED = OLDER_NAMES | IGNORED_NAMES
_SHOWN = 8


def spelling(name: str) -> str:
    """A name without case, blanks, hyphens and underscores: what people take for the same."""
    return "".join(c for c in name.casefold() if not c.isspace() and c not in "-_")


def name_faults(
    dataset: Dataset, other: Dataset | None, class_list: Collection[int | str] | None
) -> Iterator[Fault]:
    """Names that differ by case and blanks alone, in one or both data sets; names with blanks
    around; classes off `class_list` (names, or ids of the source), else off BDD100K's own lists
    where the labels are BDD100K's.
    """
    alike: dict[str, dict[str, None]] = defaultdict(dict)
    for split in (dataset, *((other,) if other is not None else ())):
        for name in split.class_names:
            alike[spelling(name)][name] = None
    for names in alike.values():
        if len(names) > 1:
            yield fault(
                dataset,
                FaultKind.CLASS_NAME,
                "Class names differ only by case, blanks, hyphens or underscores.",
                expected="one spelling a class",
                got=", ".join(f'"{name}"' for name in names),
                count=len(names),
            )
    for name in dataset.class_names:
        if name != name.strip():
            what = "A class name has blanks around it."
            yield fault(dataset, FaultKind.CLASS_NAME, what, got=f'"{name}"')
    yield from _off_list(dataset, class_list)
    if other is not None:
        yield from _one_split(dataset, other)


def _off_list(dataset: Dataset, class_list: Collection[int | str] | None) -> Iterator[Fault]:
    official = class_list is None and dataset.label_format == LabelFormat.BDD100K
    if class_list is None and not official:
        return
    allowed: Collection[int | str] = OFFICIAL if class_list is None else frozenset(class_list)
    counts = np.bincount(dataset.class_index, minlength=len(dataset.class_names)).tolist()
    known = [name for name in allowed if isinstance(name, str)]
    for name, class_id, count in zip(dataset.class_names, dataset.class_ids, counts, strict=True):
        if name in allowed or class_id in allowed:
            continue
        hint = f"today {_RENAMED[name]}" if official and name in _RENAMED else nearest(name, known)
        yield fault(
            dataset,
            FaultKind.CLASS_OFF_LIST,
            "A class is not on the list.",
            expected=("BDD100K's classes" if official else f"one of {len(allowed)} classes")
            + (f"; {hint}" if hint else ""),
            got=f'"{name}" with id {class_id}, {count} labels',
            count=max(count, 1),
        )


def _one_split(dataset: Dataset, other: Dataset) -> Iterator[Fault]:
    """Classes with instances in one of the two data sets alone."""
    held = [
        {name: int(n) for name, n in zip(d.class_names, d.instance_counts(), strict=True) if n}
        for d in (dataset, other)
    ]
    for split, mine, theirs, source in (
        (dataset, held[0], held[1], other.source),
        (other, held[1], held[0], dataset.source),
    ):
        for name in (name for name in mine if name not in theirs):
            yield fault(
                split,
                FaultKind.CLASS_ONE_SPLIT,
                "A class has instances in one split only.",
                expected=f"instances in {source} too",
                got=f'"{name}": {mine[name]} here, none there',
            )


def coverage_faults(dataset: Dataset) -> Iterator[Fault]:
    """A class that is both negative and present in an image, negative and not exhaustively
    labelled, or twice in one of the lists.
    """
    if dataset.coverage is None:
        return
    classes = len(dataset.class_names)
    negative, not_exhaustive = (
        _cells(pairs.astype(np.int64), classes)
        for pairs in (dataset.coverage.negative, dataset.coverage.not_exhaustive)
    )
    present = dataset.image_index.astype(np.int64) * classes + dataset.class_index
    faults = (
        (np.intersect1d(negative, present), "is negative in an image that holds it"),
        (np.intersect1d(negative, not_exhaustive), "is both negative and not exhaustive"),
        (_repeated(negative), "stands twice in an image's negative list"),
        (_repeated(not_exhaustive), "stands twice in an image's not-exhaustive list"),
        (np.setdiff1d(not_exhaustive, present), "is not exhaustive in an image that lacks it"),
    )
    for number, (cells, what) in enumerate(faults):
        for cell in cells.tolist():
            yield fault(
                dataset,
                FaultKind.COVERAGE,
                f"A class {what}.",
                image=cell // classes,
                got=f'"{dataset.class_names[cell % classes]}"',
                severity=Severity.NOTE if number == len(faults) - 1 else None,
            )


def _cells(pairs: Longs, classes: int) -> Longs:
    return pairs[:, 0] * classes + pairs[:, 1]


def _repeated(cells: Longs) -> Longs:
    values, counts = np.unique(cells, return_counts=True)
    return values[counts > 1]
