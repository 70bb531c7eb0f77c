"""The same evaluation on parts of the data, box beside mask: what `--slices` asks for.

How a part is evaluated: `evaluation/slices`. Parts are always judged by COCO's AP: under LVIS's
rules where that is the style, else under COCO's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segtrial.evaluation.matching import match_ranges
from segtrial.evaluation.rules import COCO, LVIS
from segtrial.evaluation.slices import (
    slices_by_frequency,
    slices_by_image_attribute,
    slices_by_instance_attribute,
    slices_by_size,
)
from segtrial.pipeline.class_numbers import defined
from segtrial.types.errors import DataError, nearest
from segtrial.types.evaluated import EvaluatedSlice, Numbers
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segtrial.evaluation.matching import Truth
    from segtrial.evaluation.slices import Slice
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.evaluation import Matches
    from segtrial.types.overlaps import Overlaps

SLICE_FLOOR = 0.5
"""Lowest IoU that slices look at."""

MOST_VALUES = 12
"""Attributes of more values are no slices unless they are asked for."""

SIZE, FREQUENCY = "size", "frequency"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What was matched of one kind already: by area range under COCO's and LVIS's rules."""

    pairs: Overlaps | None
    matches: Mapping[str, Matches]


def known_slices(dataset: Dataset) -> tuple[str, ...]:
    """What the labels can be sliced by."""
    names = [SIZE, *([FREQUENCY] if any(dataset.class_frequency) else [])]
    names += [attribute.name for attribute in dataset.image_attributes]
    names += [attribute.name for attribute in dataset.instance_attributes]
    return tuple(dict.fromkeys(names))


def usual_slices(dataset: Dataset) -> tuple[str, ...]:
    """What a page shows unasked: size, frequency, and attributes of images with few values."""
    few = [a.name for a in dataset.image_attributes if 0 < len(a.values) <= MOST_VALUES]
    names = [SIZE, *([FREQUENCY] if any(dataset.class_frequency) else []), *few]
    return tuple(dict.fromkeys(names))


def check_slices(dataset: Dataset, names: tuple[str, ...]) -> None:
    """Raise DataError for the first name that the labels do not know."""
    known = known_slices(dataset)
    for name in names:
        if name not in known:
            raise DataError(
                f'The labels cannot be sliced by "{name}".',
                where=dataset.source,
                expected=f"one of: {', '.join(known)}",
                got=f'"{name}"',
                next_step=nearest(name, known),
            )


def slice_rows(
    truth: Truth,
    detections: Detections,
    known: Mapping[IouType, Known],
    names: tuple[str, ...],
    style: str,
) -> tuple[EvaluatedSlice, ...]:
    """One row for each value of each of `names`, in their order; names as `known_slices`.

    A name that both images and instances have is sliced both ways.
    """
    if not names:
        return ()
    rules = LVIS if style == "lvis" else COCO
    found: dict[IouType, list[tuple[str, Slice]]] = {}
    for kind, part in known.items():
        ranges = part.matches
        if style not in {"coco", "lvis"}:
            ranges = match_ranges(truth, detections, kind, rules, pairs=part.pairs)
        found[kind] = [
            row
            for name in names
            for row in _of_name(truth, detections, kind, name, ranges, part.pairs, style)
        ]
    return tuple(_row(found, place) for place in range(len(next(iter(found.values()), ()))))


def _of_name(
    truth: Truth,
    detections: Detections,
    kind: IouType,
    name: str,
    ranges: Mapping[str, Matches],
    pairs: Overlaps | None,
    style: str,
) -> list[tuple[str, Slice]]:
    """What was divided, and the slices; "size" and "frequency" are ours even as attributes."""
    dataset = truth.dataset
    if name == SIZE:
        return [("instances", row) for row in slices_by_size(ranges)]
    if name == FREQUENCY and any(dataset.class_frequency):
        return [("classes", row) for row in slices_by_frequency(ranges["all"], dataset)]
    rows = []
    if any(attribute.name == name for attribute in dataset.image_attributes):
        of_images = slices_by_image_attribute(ranges["all"], dataset, name)
        rows += [("images", row) for row in of_images]
    if any(attribute.name == name for attribute in dataset.instance_attributes):
        rules = LVIS if style == "lvis" else COCO
        of_instances = slices_by_instance_attribute(
            truth, detections, kind, name, rules, pairs=pairs
        )
        rows += [("instances", row) for row in of_instances]
    return rows


def _row(found: Mapping[IouType, list[tuple[str, Slice]]], place: int) -> EvaluatedSlice:
    rows = {kind: rows[place][1] for kind, rows in found.items()}
    of, one = next(iter(found.values()))[place]
    return EvaluatedSlice(
        by=one.by,
        of=of,
        value=one.value,
        stated=one.stated,
        images=one.images,
        instances=int(one.instances.sum()),
        classes=one.classes,
        reason=one.reason,
        box=_numbers(rows.get(IouType.BOX)),
        mask=_numbers(rows.get(IouType.MASK)),
    )


def _numbers(row: Slice | None) -> Numbers | None:
    if row is None:
        return None
    return {"AP": defined(row.mean()), "AP50": defined(row.mean(0.5))}
