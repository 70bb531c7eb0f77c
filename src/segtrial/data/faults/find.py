"""All faults of one data set, or of a training and a validation set together.

Nothing is mended and nothing is raised here: what a trial refuses, `data/check` raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.data.faults.duplicates import duplicate_faults
from segtrial.data.faults.kinds import fault
from segtrial.data.faults.names import coverage_faults, name_faults
from segtrial.data.faults.outlines import label_faults
from segtrial.data.faults.pictures import (
    copy_faults,
    name_twice_faults,
    picture_faults,
    shared_faults,
)
from segtrial.types.errors import DataError
from segtrial.types.labels import FaultKind, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from segtrial.types.dataset import Dataset
    from segtrial.types.labels import Fault
    from segtrial.types.progress import Report

_SEVERITY = {severity: number for number, severity in enumerate(Severity)}
_KIND = {kind: number for number, kind in enumerate(FaultKind)}


def find_faults(
    dataset: Dataset,
    *,
    pictures: bool,
    other: Dataset | None = None,
    class_list: Collection[int | str] | None = None,
    progress: Report | None = None,
) -> list[Fault]:
    """What is wrong with `dataset`: errors first, then warnings and notes, each by kind.

    `pictures`: look at the picture files too. `other`: a second split, which must not share
    pictures with this one; its own faults are another call. `class_list`: names, or ids of the
    source, that a class must be among; None = BDD100K's own where the labels are BDD100K's.
    `progress` hears of labels, pictures and copies. An error is what a trial refuses as the labels
    stand; a picture's fault is one only to a trainer that looks at pictures.
    """
    try:
        found = list(_all(dataset, pictures, other, class_list, progress))
    except RecursionError as error:  # the reader bore it, with fewer calls around it
        raise DataError(
            "A record is nested too deep.", where=dataset.source, got=str(error)
        ) from error
    return sorted(found, key=lambda f: (_SEVERITY[f.severity], _KIND[f.kind]))


def _all(
    dataset: Dataset,
    pictures: bool,
    other: Dataset | None,
    class_list: Collection[int | str] | None,
    progress: Report | None,
) -> Iterator[Fault]:
    for left in dataset.left_out:
        yield fault(
            dataset,
            FaultKind.LEFT_OUT,
            f"Left out: {left.reason}.",
            got=f"{left.count}, the first: {left.first}",
            count=left.count,
        )
    yield from label_faults(dataset, progress)
    yield from duplicate_faults(dataset)
    yield from coverage_faults(dataset)
    yield from name_faults(dataset, other, class_list)
    yield from name_twice_faults(dataset)
    if pictures:
        yield from picture_faults(dataset, progress)
        yield from copy_faults(dataset, other, progress)
    if other is not None:
        yield from shared_faults(dataset, other, pictures=pictures)
