"""A data set in numbers: classes, sizes, objects per image, attributes, coverage.

Column arithmetic alone, so that a million instances take seconds. What is wrong with the labels
is told by `data/faults`; nothing is shown here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.selection.classes import class_groups
from segtrial.data.summary.cooccurrence import co_occurrence
from segtrial.data.summary.outline_kinds import count_outlines
from segtrial.types.labels import (
    AttributeSummary,
    Bin,
    ClassSummary,
    CoverageSummary,
    LeftOutNote,
    ObjectsPerImage,
    PictureSize,
    Summary,
    ValueCount,
)

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Ints, Longs
    from segtrial.types.attributes import Attribute
    from segtrial.types.dataset import Dataset

SMALL_PX = 32.0**2
LARGE_PX = 96.0**2
SHOWN_SIZES = 12
SHOWN_VALUES = 30


def summarise(dataset: Dataset) -> Summary:
    """Count what the data set holds. Crowds are counted apart; see `Summary` for each field."""
    counted = ~dataset.crowd
    per_image = np.bincount(dataset.image_index[counted], minlength=dataset.images)
    sizes, other_sizes = _sizes(dataset)
    coverage = dataset.coverage
    return Summary(
        name=dataset.name,
        format=str(dataset.label_format),
        images=dataset.images,
        empty_images=int((per_image == 0).sum()),
        instances=int(counted.sum()),
        crowds=int(dataset.crowd.sum()),
        sizes=sizes,
        other_sizes=other_sizes,
        objects_per_image=_objects_per_image(per_image),
        outlines=count_outlines(dataset),
        frequency_source="stated" if any(dataset.class_frequency) else "image counts",
        classes=_classes(dataset),
        cooccurrence=co_occurrence(dataset),
        attributes=tuple(
            _attribute(attribute, of)
            for of, attributes in (
                ("image", dataset.image_attributes),
                ("instance", dataset.instance_attributes),
            )
            for attribute in attributes
        ),
        coverage=None
        if coverage is None
        else CoverageSummary(
            negative=len(coverage.negative), not_exhaustive=len(coverage.not_exhaustive)
        ),
        left_out=tuple(
            LeftOutNote(count=left.count, reason=left.reason, first=left.first)
            for left in dataset.left_out
        ),
    )


def _sizes(dataset: Dataset) -> tuple[tuple[PictureSize, ...], int]:
    """The commonest sizes; of equally common ones the smaller first. And how many more."""
    pairs = np.stack([dataset.width_px, dataset.height_px], axis=1).reshape(-1, 2)
    found, number = np.unique(pairs, axis=0, return_counts=True)
    order = np.argsort(-number, kind="stable")[:SHOWN_SIZES]
    sizes = tuple(
        PictureSize(width_px=int(found[k, 0]), height_px=int(found[k, 1]), images=int(number[k]))
        for k in order
    )
    return sizes, len(found) - len(sizes)


def _objects_per_image(per_image: Longs) -> ObjectsPerImage:
    if len(per_image) == 0:
        return ObjectsPerImage(mean=None, median=None, max=None, histogram=())
    most = int(per_image.max())
    bins = []
    first, last = 0, 0
    while first <= most:  # 0, 1, 2, 3–4, 5–8, 9–16 …
        images = int(((per_image >= first) & (per_image <= last)).sum())
        bins.append(Bin(first=first, last=last, images=images))
        first, last = last + 1, max(1, 2 * last)
    return ObjectsPerImage(
        mean=float(per_image.mean()),
        median=float(np.median(per_image)),
        max=most,
        histogram=tuple(bins),
    )


def _classes(dataset: Dataset) -> tuple[ClassSummary, ...]:
    """One row a class, in the data set's order."""
    counted = ~dataset.crowd
    label, area_px = dataset.class_index[counted], dataset.area_px[counted]
    classes = len(dataset.class_names)
    image_px = dataset.width_px.astype(np.float64) * dataset.height_px
    medians = _medians(area_px, label, classes)
    fractions = _medians(area_px / image_px[dataset.image_index[counted]], label, classes)
    range_of = np.digitize(area_px, [SMALL_PX, LARGE_PX])
    small, medium, large = (
        np.bincount(label[range_of == which], minlength=classes).tolist() for which in range(3)
    )
    instances, images = dataset.instance_counts(), dataset.image_counts()
    crowds = np.bincount(dataset.class_index[dataset.crowd], minlength=classes)
    group_of = {name: group for group, names in class_groups(dataset).items() for name in names}
    negative, not_exhaustive = _covered(dataset)
    total = max(int(instances.sum()), 1)
    return tuple(
        ClassSummary(
            name=name,
            images=int(images[c]),
            instances=int(instances[c]),
            crowds=int(crowds[c]),
            share=float(instances[c] / total),
            per_image=float(instances[c] / images[c]) if images[c] else None,
            median_area_px=None if np.isnan(medians[c]) else float(medians[c]),
            median_area_fraction=None if np.isnan(fractions[c]) else float(fractions[c]),
            small=small[c],
            medium=medium[c],
            large=large[c],
            frequency=group_of.get(name, ""),
            negative_images=int(negative[c]),
            not_exhaustive_images=int(not_exhaustive[c]),
        )
        for c, name in enumerate(dataset.class_names)
    )


def _medians(values: Floats, label: Ints, classes: int) -> Floats:
    """The median of each class's values, float64 (C); NaN for a class without any."""
    order = np.lexsort((values, label))
    ranked = values[order]
    last = np.cumsum(np.bincount(label, minlength=classes))
    first = np.concatenate([[0], last[:-1]])[:classes]
    medians = np.full(classes, np.nan)
    held = last > first
    low, high = (first + last - 1)[held] // 2, (first + last)[held] // 2
    medians[held] = (ranked[low] + ranked[high]) / 2
    return medians


def _covered(dataset: Dataset) -> tuple[Longs, Longs]:
    """Images in whose negative, and in whose not-exhaustive list each class stands: (C) each."""
    classes = len(dataset.class_names)
    if dataset.coverage is None:
        return np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    lists = (dataset.coverage.negative, dataset.coverage.not_exhaustive)
    negative, not_exhaustive = (
        np.bincount(np.unique(pairs, axis=0)[:, 1], minlength=classes) for pairs in lists
    )
    return negative, not_exhaustive


def _attribute(attribute: Attribute, of: str) -> AttributeSummary:
    counts = sorted(attribute.counts().items(), key=lambda item: (-item[1], item[0]))
    # a value of a part of a data set need not occur in that part
    counts = [(value, count) for value, count in counts if count]
    return AttributeSummary(
        of=of,
        name=attribute.name,
        values=tuple(ValueCount(value=v, count=n) for v, n in counts[:SHOWN_VALUES]),
        other=sum(count for _, count in counts[SHOWN_VALUES:]),
        not_stated=int((attribute.code < 0).sum()),
    )
