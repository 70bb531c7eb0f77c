"""A data set of any format, record by record, in terms that every format's converter shares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from segtrial.data.extension import KEY, OfImage, OfInstance
from segtrial.geometry.outlines import NoAreaError, outline_of
from segtrial.geometry.rasterise import mask_counts
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats
    from segtrial.types.dataset import Dataset

Members = dict[str, msgspec.Raw]
_NUMBER = re.compile(r"[1-9][0-9]{0,17}|0")
_FAMILY: dict[str, str] = {
    LabelFormat.COCO: "coco",
    LabelFormat.LVIS: "coco",
    LabelFormat.COCO_PANOPTIC: "coco",
    LabelFormat.BDD100K: "bdd100k",
    LabelFormat.BDD100K_INS_SEG: "bdd100k",
    LabelFormat.BDD100K_PAN_SEG: "bdd100k",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """An instance's outline: `rings` in px, or `rle` as COCO's compressed object, or neither.

    `line`: it has an outline, of fewer than three points.
    """

    rings: list[Floats] | None = None
    rle: dict[str, Any] | None = None
    line: bool = False


def shape_of(dataset: Dataset, row: int) -> Shape:
    """The outline of instance `row`; curves are evaluated, plain run lengths compressed.

    Raises DataError, naming the label, for one that cannot be read.
    """
    image = int(dataset.image_index[row])
    height, width = int(dataset.height_px[image]), int(dataset.width_px[image])
    try:
        outline = outline_of(dataset, row)
        if outline is None:
            return Shape()
        if not isinstance(outline, dict):
            return Shape(rings=outline)
        counts = mask_counts(outline, height=height, width=width)
    except NoAreaError:
        return Shape(line=True)
    except (ValueError, TypeError, KeyError, OverflowError, msgspec.DecodeError) as error:
        label = f"image {dataset.image_id[image]}, label {dataset.annotation_id[row]}"
        raise DataError(
            "An outline cannot be read.",
            where=f"{dataset.source}: {label}",
            expected=f"polygons, or run lengths of {height} × {width} px",
            got=str(error),
            next_step="see what else is wrong: segtrial data check",
        ) from error
    return Shape(rle={"size": [height, width], "counts": counts.decode()})


def members_of(record: bytes) -> Members:
    """The members of a JSON record; none where it is not JSON (a row of YOLO)."""
    if not record.startswith(b"{"):
        return {}
    return msgspec.json.decode(record, type=Members)


def without(members: Members, *names: str) -> Members:
    """The members but those of `names`."""
    return {name: raw for name, raw in members.items() if name not in names}


def restored(members: Members, kind: type[Any], target: str) -> Members:
    """What the extension of a record keeps for the format `target`; nothing where it is another."""
    if KEY not in members:
        return {}
    extension = msgspec.json.decode(members[KEY], type=kind)
    ours = bool(extension.format) and same_family(extension.format, target)
    other: Members = extension.other if ours else {}
    return other


def keep_on(extension: OfImage | OfInstance, members: Members, target: str) -> None:
    """Pass on what an earlier conversion kept for a third format."""
    if KEY in members:
        earlier = msgspec.json.decode(members[KEY], type=type(extension))
        if earlier.format and not same_family(earlier.format, target):
            extension.format, extension.other = earlier.format, earlier.other


def with_extension(record: dict[str, Any], extension: OfImage | OfInstance) -> bytes:
    """The record as JSON, with the extension where it says anything."""
    kept = msgspec.json.encode(extension)
    return msgspec.json.encode(record | ({KEY: msgspec.Raw(kept)} if kept != b"{}" else {}))


def same_family(one: str, other: str) -> bool:
    """Whether two formats have the same records (COCO, LVIS, panoptic; Scalabel, bitmasks)."""
    return _FAMILY.get(one, one) == _FAMILY.get(other, other)


def has_curves(dataset: Dataset, row: int) -> bool:
    """Whether the outline has Bézier pieces, which only BDD100K's format holds."""
    raw = dataset.geometry[row] if dataset.geometry_kind == GeometryKind.BDD100K else b""
    return raw.startswith(b"[") and b"C" in raw  # a run-length string may hold any letter


def numbers_or_count(texts: list[str]) -> tuple[list[int], bool]:
    """The texts as numbers where they are different natural numbers; else 1, 2, 3 … and False."""
    if all(_NUMBER.fullmatch(text) for text in texts):
        numbers = [int(text) for text in texts]
        if len(set(numbers)) == len(numbers) and 0 not in numbers:
            return numbers, True
    return list(range(1, len(texts) + 1)), False
