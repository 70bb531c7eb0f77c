"""The segments of one panoptic annotation, checked against the pixels of its PNG.

A segment's record is its own members and "segmentation", its run lengths out of the PNG, where the
rest of segtrial finds its outline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

from segtrial.data.label_png import leads_out, read_png
from segtrial.data.records import decode, is_file
from segtrial.geometry.label_maps import UInts, instances_of
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.arrays import Floats, Longs
    from segtrial.types.masks import Masks

LARGEST_ID = 0xFFFFFF
VOID = 0  # pixels of no segment
SLACK_PX = 1.0  # how far a stated box may be from its pixels'
_EXPECTED = f"id from 1 to {LARGEST_ID}, category_id, and iscrowd, area and bbox if any"
_NEXT_STEP = "name the folder of panoptic PNG: id = R + 256 G + 65536 B"


class Segment(msgspec.Struct, gc=False):
    """One segment as the file has it."""

    id: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]
    category_id: int
    area: float | None = None
    bbox: Annotated[list[float], msgspec.Meta(min_length=4, max_length=4)] | None = None
    iscrowd: bool | int = 0
    ignore: bool | int = 0
    attributes: msgspec.Raw = msgspec.Raw(b"")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """The K segments of one image in the file's order, with their pixels'
    boxes xywh, float64 (K, 4), and areas, int64 (K); `record` as the module says.
    """

    segment: list[Segment]
    record: list[bytes]
    box_xywh: Floats
    area_px: Longs


def read_segments(raw: msgspec.Raw, file: Path, size: tuple[int, int], where: str) -> Segments:
    """The segments `raw` of the image of (height, width) px whose PNG is `file`.

    Raises DataError for a segment that is none, for an id that stands twice, or only in the JSON,
    or only in the PNG, for a PNG of another size, and for an area or box that is not its pixels'.
    """
    raws = decode(raw, list[msgspec.Raw], where=where, expected="a list of segments")
    segments = [
        decode(one, Segment, where=f"{where}[{k}]", expected=_EXPECTED)
        for k, one in enumerate(raws)
    ]
    values = png_values(file)
    if values.shape != size:
        raise DataError(
            "A panoptic PNG is not of its image's size.",
            where=str(file),
            expected=f"{size[1]} × {size[0]} px",
            got=f"{values.shape[1]} × {values.shape[0]} px",
        )
    found, masks, boxes, areas = instances_of(values, VOID)
    ids = np.array([segment.id for segment in segments], np.int64)
    _check_ids(ids, found, where, file)
    row = np.searchsorted(found, ids)
    _check_stated(segments, boxes[row], areas[row], where)
    record = [_with_mask(one, masks, int(m), size) for one, m in zip(raws, row, strict=True)]
    return Segments(segment=segments, record=record, box_xywh=boxes[row], area_px=areas[row])


def is_segment_id(text: str) -> bool:
    """Whether a PNG can hold this id."""
    number = text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))
    return number and VOID < int(text) <= LARGEST_ID


def png_values(file: Path) -> UInts:
    """The ids of a panoptic PNG's pixels: uint32 (H, W). Raises what `read_png` raises."""
    pixels = read_png(file, "RGB", _NEXT_STEP).astype(np.uint32)
    return np.asarray(pixels @ np.array([1, 1 << 8, 1 << 16], np.uint32), np.uint32)


def png_of(folders: tuple[Path, Path], name: str, where: str) -> Path:
    """The PNG `name` in the first of the folders that has it.

    Raises DataError where none has, or where the name leads out of them.
    """
    if leads_out(name):
        raise DataError(
            "An annotation's file name leads out of the folder of labels.",
            where=where,
            expected="a name relative to the folder of PNG",
            got=f'"{name}"',
        )
    for folder in folders:
        if is_file(folder / name):
            return folder / name
    raise DataError(
        "A panoptic PNG is missing.",
        where=where,
        expected=" or ".join(str(folder / name)[:300] for folder in folders),
        next_step="put the folder of PNG beside the JSON, under the JSON's name without .json",
    )


def _check_ids(ids: Longs, found: UInts, where: str, file: Path) -> None:
    unique, times = np.unique(ids, return_counts=True)
    faults = (
        ("Two segments have the same id.", unique[times > 1], where, "ids that differ"),
        ("A segment has no pixel.", np.setdiff1d(unique, found), where, f"an id of {file}"),
        ("A PNG has an id that is no segment's.", np.setdiff1d(found, unique), str(file), where),
    )
    for what, wrong, place, expected in faults:
        if len(wrong):
            raise DataError(what, where=place, expected=expected, got=f"id {int(wrong[0])}")


def _check_stated(segments: list[Segment], boxes: Floats, areas: Longs, where: str) -> None:
    """A file whose numbers are not its PNG's is damaged, or has another file's PNG beside it."""
    for k, (segment, box, area) in enumerate(zip(segments, boxes, areas, strict=True)):
        if segment.area is not None and segment.area != area:
            raise _differs(f"{where}[{k}].area", f"{area} px, as in the PNG", segment.area)
        if segment.bbox is None:
            continue
        if not np.abs(np.array(segment.bbox) - box).max() <= SLACK_PX:
            raise _differs(f"{where}[{k}].bbox", f"{box.tolist()}, as in the PNG", segment.bbox)


def _differs(where: str, expected: str, got: object) -> DataError:
    return DataError(
        "A segment is another one in the PNG.",
        where=where,
        expected=expected,
        got=str(got),
        next_step="check that JSON and PNG belong together",
    )


def _with_mask(raw: msgspec.Raw, masks: Masks, row: int, size: tuple[int, int]) -> bytes:
    members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return msgspec.json.encode(members | {"segmentation": run_lengths(masks, row, size)})


def run_lengths(masks: Masks, row: int, size: tuple[int, int]) -> dict[str, object]:
    """One mask as COCO's RLE object."""
    return {"size": list(size), "counts": masks.counts(row).decode("ascii")}
