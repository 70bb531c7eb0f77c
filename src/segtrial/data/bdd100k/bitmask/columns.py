"""BDD100K bitmask values and the Dataset columns that they make, picture by picture.

A pixel's value is category << 24 | flags << 16 | instance id: R, G and (B << 8) + A of the PNG.
Source: bdd100k `doc/source/format.rst`, `label/to_mask.py`. Files are read and written elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from segtrial.data.bdd100k.names import FIRST_THING, INS_SEG, PAN_SEG
from segtrial.geometry.label_maps import UInts, instances_of
from segtrial.types.attributes import Attribute, LeftOut
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.spans import pack_spans, pack_texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from segtrial.types.arrays import Bools, Floats, Longs
    from segtrial.types.masks import Masks

FLAGS = {"truncated": 8, "occluded": 4, "crowd": 2, "ignored": 1}  # bits of G
LARGEST_ID = 0xFFFF
_NAMES = {LabelFormat.BDD100K_INS_SEG: INS_SEG, LabelFormat.BDD100K_PAN_SEG: PAN_SEG}
_FIRST = {LabelFormat.BDD100K_INS_SEG: 1, LabelFormat.BDD100K_PAN_SEG: 0}
_NO_CATEGORY = "regions with an instance id or flags and no category"


def official_classes(label_format: LabelFormat) -> dict[str, int]:
    """The whole official list of a bitmask format: names and ids, in order.

    Raises DataError for a format that is none.
    """
    if label_format not in _NAMES:
        raise DataError(
            "The format has no bitmasks.",
            expected=" or ".join(str(name) for name in _NAMES),
            got=str(label_format),
        )
    names = _NAMES[label_format]
    return {name: number for number, name in enumerate(names, start=_FIRST[label_format])}


def split_values(values: UInts) -> tuple[Longs, Longs, Longs]:
    """Category ids, flags and instance ids of values: int64 (K) each."""
    wide = values.astype(np.int64)
    return wide >> 24, wide >> 16 & 0xFF, wide & LARGEST_ID


def joined_values(category: Longs, flags: Longs, instance_id: Longs) -> UInts:
    """The values of category ids, flags and instance ids: uint32 (K)."""
    return (category << 24 | flags << 16 | instance_id).astype(np.uint32)


def may_have_several_flags(category: Longs, label_format: LabelFormat) -> Bools:
    """Which categories may stand with one id and several flags: bool (K). Stuff: BDD100K paints
    all polygons of a stuff category with one id, each with its own label's flags.
    """
    pan_seg = label_format == LabelFormat.BDD100K_PAN_SEG
    return np.asarray(category < FIRST_THING) & pan_seg


class BitmaskColumns:
    """Collects the instances of bitmasks in the pictures' order."""

    def __init__(self, label_format: LabelFormat) -> None:
        self.label_format = label_format
        self.classes = official_classes(label_format)
        self._first = _FIRST[label_format]
        self._sizes: list[tuple[int, int]] = []
        self._value: list[UInts] = []
        self._box: list[Floats] = []
        self._area: list[Longs] = []
        self._record: list[bytes] = []
        self._annotation_id: list[str] = []
        self._left_out: dict[str, list[str]] = defaultdict(list)

    def add(self, values: UInts, where: str) -> None:
        """The instances of the next picture's map, uint32 (H, W), in the order of their ids.

        Raises DataError for a category beyond the list, for unknown flags, and for an instance
        with several flags that may not have them.
        """
        value, masks, boxes, areas = instances_of(values, 0)
        category, flags, instance_id = split_values(value)
        self._check(category, flags, instance_id, where)
        # "unlabeled" is a class of pan_seg where a region has an id; ins_seg has none of id 0
        nothing = (category == 0) & ((instance_id == 0) | (self._first == 1))
        self._left_out[_NO_CATEGORY] += [where] * int(nothing.sum())
        order = np.lexsort((category, flags, instance_id))  # a relabelled one keeps its place
        order = order[~nothing[order]]
        self._sizes.append(values.shape)
        self._value.append(value[order])
        self._box.append(boxes[order])
        self._area.append(areas[order])
        self._add_records(value[order], masks.take(order), values.shape)

    def _check(self, category: Longs, flags: Longs, instance_id: Longs, where: str) -> None:
        largest = max(self.classes.values())
        if len(category) and category.max() > largest:
            raise DataError(
                "A bitmask has a category beyond the list.",
                where=where,
                expected=f"R from 0 to {largest}, as in {self.label_format}",
                got=f"R = {int(category.max())}",
                next_step=self._other_format(int(category.max())),
            )
        if len(flags) and flags.max() >= 16:
            raise DataError(
                "A bitmask has flags that BDD100K does not know.",
                where=where,
                expected="G = truncated × 8 + occluded × 4 + crowd × 2 + ignored",
                got=f"G = {int(flags.max())}",
            )
        key = category << 16 | instance_id
        key = key[(category > 0) & ~may_have_several_flags(category, self.label_format)]
        found, times = np.unique(key, return_counts=True)
        if len(times) and times.max() > 1:
            several = int(found[np.argmax(times > 1)])
            raise DataError(
                "An instance has pixels with different flags.",
                where=f"{where}: category {several >> 16}, instance id {several & LARGEST_ID}",
                expected="one G for all pixels of an instance",
                got=f"{int(times.max())} values of G",
                next_step="mend the bitmask, or write it again from its polygons",
            )

    def _other_format(self, category: int) -> str:
        if category < len(PAN_SEG):
            return f"perhaps these are {LabelFormat.BDD100K_PAN_SEG} bitmasks"
        return "check that these are bitmasks, not colour maps or pictures"

    def _add_records(self, value: UInts, masks: Masks, size: tuple[int, int]) -> None:
        names = {number: name for name, number in self.classes.items()}
        taken: dict[int, int] = {}
        for row, (category, flags, number) in enumerate(zip(*split_values(value), strict=True)):
            repeats = taken.get(int(number), 0)
            taken[int(number)] = repeats + 1
            self._annotation_id.append(f"{number}#{repeats}" if repeats else str(number))
            record = {
                "id": str(number),
                "category": names[int(category)],
                "attributes": {name: bool(flags & bit) for name, bit in FLAGS.items()},
                "rle": {"counts": masks.counts(row).decode("ascii"), "size": list(size)},
            }
            self._record.append(msgspec.json.encode(record))

    def dataset(
        self,
        *,
        name: str,
        source: str,
        image_root: Path | None,
        image_id: Iterable[str],
        file_name: Iterable[str],
    ) -> Dataset:
        """The data set of all pictures added."""
        value = np.concatenate([np.zeros(0, np.uint32), *self._value])
        category, flags, _ = split_values(value)
        files = pack_texts(file_name)
        heights, widths = zip(*self._sizes, strict=True) if self._sizes else ((), ())
        number = [len(values) for values in self._value]
        return Dataset(
            name=name,
            source=source,
            label_format=self.label_format,
            geometry_kind=GeometryKind.BDD100K,
            class_names=tuple(self.classes),
            class_ids=tuple(self.classes.values()),
            image_root=image_root,
            image_id=pack_texts(image_id),
            file_name=files,
            height_px=np.array(heights, np.int32),
            width_px=np.array(widths, np.int32),
            annotation_id=pack_texts(self._annotation_id),
            image_index=np.repeat(np.arange(len(number)), number),
            class_index=(category - self._first).astype(np.int32),
            box_xywh=np.concatenate([np.zeros((0, 4)), *self._box]),
            area_px=np.concatenate([np.zeros(0), *self._area]),
            crowd=(flags & (FLAGS["crowd"] | FLAGS["ignored"])) != 0,
            image_record=pack_spans(map(_frame, files, self._sizes)),
            instance_record=pack_spans(self._record),
            instance_attributes=_attributes(flags),
            left_out=self._counted(),
        )

    def _counted(self) -> tuple[LeftOut, ...]:
        return tuple(
            LeftOut(count=len(places), reason=reason, first=places[0])
            for reason, places in self._left_out.items()
            if places
        )


def _frame(name: str, size: tuple[int, int]) -> bytes:
    return msgspec.json.encode({"name": name, "size": {"width": size[1], "height": size[0]}})


def _attributes(flags: Longs) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(name=name, values=("false", "true"), code=(flags & FLAGS[name]) != 0)
        for name in sorted(FLAGS)
    )
