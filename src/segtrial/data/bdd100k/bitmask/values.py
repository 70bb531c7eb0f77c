"""The pixel values under which a Dataset's instances are painted into BDD100K bitmasks."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.bdd100k.bitmask.columns import (
    FLAGS,
    LARGEST_ID,
    joined_values,
    may_have_several_flags,
)
from segtrial.data.bdd100k.names import FIRST_THING
from segtrial.types.dataset import LabelFormat

if TYPE_CHECKING:
    from segtrial.geometry.label_maps import UInts
    from segtrial.types.arrays import Bools, Longs
    from segtrial.types.dataset import Dataset

_ANNOTATION_ID = re.compile(r"([0-9]{1,5})(#[0-9]+)?")  # as the reader writes them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """`value`: uint32 (M), what each instance is painted as; `fits`: bool (M), False for those
    beyond the ids that 16 bits hold; `renumbered`: how many could not keep their id.
    """

    value: UInts
    fits: Bools
    renumbered: int


def kept_values(dataset: Dataset, category: Longs) -> Values | None:
    """Values of a data set that was read from bitmasks: the ids stay; None where it has no such.

    `category`: int64 (N), category ids. Of two instances of one image that would become one under
    their categories, the later gets the least free id.
    """
    matches = [_ANNOTATION_ID.fullmatch(text) for text in dataset.annotation_id]
    if not all(match and int(match[1]) <= LARGEST_ID for match in matches):
        return None
    instance_id = np.array([int(match[1]) for match in matches if match], np.int64)
    flags = flags_of(dataset)
    loose = may_have_several_flags(category, dataset.label_format)
    key = category << 24 | np.where(loose, flags << 16, 0) | instance_id
    fits = np.ones(dataset.instances, np.bool_)
    renumbered = 0
    first = dataset.first_rows().tolist()
    for begin, end in itertools.pairwise(first):
        again = _repeated_or_background(key[begin:end])
        if not again.any():
            continue
        free = np.setdiff1d(np.arange(1, LARGEST_ID + 1), instance_id[begin:end])
        rows = begin + np.flatnonzero(again)
        fits[rows[len(free) :]] = False
        instance_id[rows[: len(free)]] = free[: len(rows)]
        renumbered += len(rows)
    value = joined_values(category, flags, instance_id)
    return Values(value=value, fits=fits, renumbered=renumbered)


def _repeated_or_background(key: Longs) -> Bools:
    """Which keys have stood before, or are those of the background."""
    again = np.ones(len(key), np.bool_)
    again[np.unique(key, return_index=True)[1]] = False
    return np.asarray(again | (key & ~(0xFF << 16) == 0))


def new_values(dataset: Dataset, category: Longs, label_format: LabelFormat) -> Values:
    """Values with ids as BDD100K numbers them: in ins_seg from 1 in every image; in pan_seg stuff
    has its category's, so that all regions of a stuff category with the same flags become one, and
    things count from 31. `category`: int64 (N), category ids from 1.
    """
    pan_seg = label_format == LabelFormat.BDD100K_PAN_SEG
    start = FIRST_THING if pan_seg else 1
    numbered = category >= start
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(numbered)])
    place = before[:-1] - before[dataset.first_rows()[dataset.image_index]]
    instance_id = np.where(numbered, start + place, category)
    value = joined_values(category, flags_of(dataset), np.minimum(instance_id, LARGEST_ID))
    return Values(value=value, fits=instance_id <= LARGEST_ID, renumbered=0)


def flags_of(dataset: Dataset) -> Longs:
    """The flags that attributes of these names state, and crowd for crowds of other formats:
    int64 (N).
    """
    flags = np.zeros(dataset.instances, np.int64)
    for attribute in dataset.instance_attributes:
        bit = FLAGS.get(attribute.name.lower(), 0)
        if bit and "true" in attribute.values:
            flags[attribute.code == attribute.values.index("true")] |= bit
    said = flags & (FLAGS["crowd"] | FLAGS["ignored"]) != 0
    flags[dataset.crowd & ~said] |= FLAGS["crowd"]
    return flags
