"""Labels and ids that stand twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from segtrial.data.faults.kinds import fault
from segtrial.types.geometry_bytes import GeometryKind, geometry_of
from segtrial.types.labels import FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segtrial.types.arrays import Longs
    from segtrial.types.dataset import Dataset
    from segtrial.types.labels import Fault


class _Identified(msgspec.Struct):
    id: int | str | None = None


def duplicate_faults(dataset: Dataset) -> Iterator[Fault]:
    """Labels with the image, box and outline of an earlier one, and ids used twice in an image."""
    for rows in _same_boxes(dataset):
        first: dict[bytes, int] = {}
        for row in rows.tolist():
            geometry = geometry_of(dataset.geometry_kind, dataset.instance_record[row])
            earlier = first.setdefault(geometry, row)
            if earlier != row:
                yield _twice(dataset, earlier, row)
    yield from _repeated_ids(dataset)


def _twice(dataset: Dataset, earlier: int, row: int) -> Fault:
    one, two = (dataset.class_names[dataset.class_index[r]] for r in (earlier, row))
    if one == two:
        kind, what = FaultKind.DUPLICATE, "A label repeats another."
        expected = "a class, a box and an outline of its own"
    else:
        kind, what = FaultKind.TWO_CLASSES, "A label has another's outline under another class."
        expected = "one class for one object"
    got = f"that of label {dataset.annotation_id[earlier]}: {one}" + f"; here {two}" * (one != two)
    return fault(dataset, kind, what, row=row, expected=expected, got=got)


def _same_boxes(dataset: Dataset) -> Iterator[Longs]:
    """Rows of one image with the same box, in their order; only groups of two or more."""
    box = dataset.box_xywh
    order = np.lexsort((*box.T, dataset.image_index))
    same = dataset.image_index[order[1:]] == dataset.image_index[order[:-1]]
    same &= (box[order[1:]] == box[order[:-1]]).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    for first, last in edges.reshape(-1, 2).tolist():
        yield np.sort(order[first : last + 1])


def _repeated_ids(dataset: Dataset) -> Iterator[Fault]:
    """BDD100K's reader tells ids that stand twice in a frame apart by adding "#1", "#2" …"""
    for row, key in _suspects(dataset):
        stated = key
        if dataset.geometry_kind == GeometryKind.BDD100K:
            found = msgspec.json.decode(dataset.instance_record[row], type=_Identified).id
            if found is None or str(found) == key:
                continue
            stated = str(found)
        yield fault(
            dataset,
            FaultKind.DUPLICATE_ID,
            "An id stands twice in an image.",
            row=row,
            expected="unique ids",
            got=stated,
        )


def _suspects(dataset: Dataset) -> Iterator[tuple[int, str]]:
    if dataset.geometry_kind == GeometryKind.BDD100K:
        yield from ((row, key) for row, key in enumerate(dataset.annotation_id) if "#" in key)
        return
    seen: set[tuple[int, str]] = set()
    places = zip(dataset.image_index.tolist(), dataset.annotation_id, strict=True)
    for row, place in enumerate(places):
        if place in seen:
            yield row, place[1]
        seen.add(place)
