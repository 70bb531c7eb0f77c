"""Faults of single labels: outlines and boxes against their image and against one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hotcoco
import msgspec
import numpy as np

from segtrial.data.check import (
    SLACK_PX,
    boxes_in_images,
    excess_px,
    image_size,
    place_of,
    readable_outline,
)
from segtrial.data.faults.crossings import self_crossings
from segtrial.data.faults.kinds import fault
from segtrial.data.summary.outline_kinds import RUN_LENGTHS, stated_rings
from segtrial.geometry.areas import ring_area_px
from segtrial.geometry.outlines import NoAreaError
from segtrial.geometry.rasterise import mask_counts
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.labels import FaultKind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segtrial.geometry.outlines import Outline
    from segtrial.types.arrays import Floats
    from segtrial.types.dataset import Dataset
    from segtrial.types.labels import Fault
    from segtrial.types.progress import Report

BOX_TOLERANCE_PX = 2.0  # an edge may lie so far from the outline's
BOX_IOU = 0.9  # or the boxes may overlap so much
AREA_TOLERANCE_PX = 10.0
AREA_TOLERANCE = 0.1  # of the larger area
_EVERY = 2000  # labels between two reports


class _Stated(msgspec.Struct):
    area: float | None = None


def label_faults(dataset: Dataset, progress: Report | None = None) -> Iterator[Fault]:
    """Every label's faults, label by label; see `FaultKind`."""
    _, of_box, gone = boxes_in_images(dataset)
    empty = (dataset.box_xywh[:, 2:] <= 0).any(axis=1)
    boxed = np.asarray(gone | empty | (of_box > SLACK_PX))
    for row, (raw, odd) in enumerate(zip(dataset.geometry, boxed.tolist(), strict=True)):
        if progress is not None and row % _EVERY == 0:
            progress("labels", row, dataset.instances, "")
        if not raw and not odd:
            continue
        found = list(_outline_faults(dataset, row, raw)) if raw else []
        if odd and (gone[row] or not _told(found)) and not _left_out(found):
            found += _box_faults(dataset, row, float(of_box[row]), bool(gone[row]))
        yield from found


def _told(found: list[Fault]) -> bool:
    return any(f.kind == FaultKind.OUTSIDE for f in found)


def _left_out(found: list[Fault]) -> bool:
    """A trial leaves out a point or a line with its box; not an outline with other parts."""
    return any(f.kind == FaultKind.FEW_POINTS and f.severity == Severity.WARNING for f in found)


def _box_faults(dataset: Dataset, row: int, excess: float, gone: bool) -> list[Fault]:
    height, width = image_size(dataset, row)
    got = f"[x, y, width, height] = {np.round(dataset.box_xywh[row], 2).tolist()}"
    expected = f"a box within 0 … {width} × 0 … {height} px (± {SLACK_PX:g})"
    if gone:
        what = "A box has nothing within its image."
        return [fault(dataset, FaultKind.OUTSIDE, what, row=row, expected=expected, got=got)]
    if excess > SLACK_PX:
        what, got = "A box leaves its image.", f"{excess:.1f} px outside"
        return [fault(dataset, FaultKind.OUTSIDE, what, row=row, expected=expected, got=got)]
    what, expected = "A box has no area.", "width and height above 0"
    return [fault(dataset, FaultKind.NO_AREA, what, row=row, expected=expected, got=got)]


def _outline_faults(dataset: Dataset, row: int, raw: bytes) -> Iterator[Fault]:
    try:
        outline = readable_outline(dataset, row, place_of(dataset, row))
    except NoAreaError as error:
        what, expected = "An outline is a point or a line.", "at least three points"
        yield fault(dataset, FaultKind.FEW_POINTS, what, row=row, expected=expected, got=str(error))
        return
    except DataError as error:
        yield fault(
            dataset,
            FaultKind.UNREADABLE,
            error.what,
            row=row,
            expected=error.expected,
            got=error.got,
        )
        return
    assert outline is not None
    height, width = image_size(dataset, row)
    excess = excess_px(outline, (height, width))
    if excess > SLACK_PX:
        yield fault(
            dataset,
            FaultKind.OUTSIDE,
            "A polygon leaves its image.",
            row=row,
            expected=f"points within 0 … {width} × 0 … {height} px (± {SLACK_PX:g})",
            got=f"{excess:.1f} px outside",
        )
    yield from _measured(dataset, row, outline, excess)
    if not isinstance(outline, dict):
        yield from _ring_faults(dataset, row, raw, outline)


def _measured(dataset: Dataset, row: int, outline: Outline, excess: float) -> Iterator[Fault]:
    """What the drawn mask says of the label's box and area."""
    height, width = image_size(dataset, row)
    counts = mask_counts(outline, height=height, width=width)
    mask = {"size": [height, width], "counts": counts}
    drawn_px = float(hotcoco.mask.area(mask))
    if drawn_px == 0:
        what, expected = "A mask has no pixel.", "at least one pixel"
        yield fault(dataset, FaultKind.NO_AREA, what, row=row, expected=expected, got="0 px drawn")
        return
    box = _extent(outline, height, width)
    if box is None:
        box = np.asarray(hotcoco.mask.toBbox(mask), np.float64)
    if _boxes_differ(dataset.box_xywh[row], box):
        yield fault(
            dataset,
            FaultKind.BOX_DIFFERS,
            "A box is not its outline's.",
            row=row,
            expected=f"{np.round(box, 1).tolist()} (± {BOX_TOLERANCE_PX:g} px, or IoU {BOX_IOU:g})",
            got=f"{np.round(dataset.box_xywh[row], 1).tolist()} as x, y, width, height",
        )
    if excess <= SLACK_PX and _states_area(dataset, row):
        yield from _area_fault(dataset, row, outline, drawn_px)


def _extent(outline: Outline, height: int, width: int) -> Floats | None:
    """The box xywh around the points of a polygon, within the image; None for run lengths."""
    if isinstance(outline, dict):
        return None
    points = np.concatenate(outline)
    low = np.clip(points.min(axis=0), 0, [width, height])
    high = np.clip(points.max(axis=0), 0, [width, height])
    extent: Floats = np.concatenate([low, high - low])
    return extent


def _boxes_differ(one: Floats, other: Floats) -> bool:
    """An edge more than the tolerance apart, and an IoU below its limit."""
    low, high = (np.stack([box[:2] + k * box[2:] for box in (one, other)]) for k in (0, 1))
    if np.abs(np.diff(np.concatenate([low, high], axis=1), axis=0)).max() <= BOX_TOLERANCE_PX:
        return False
    shared = np.prod(np.maximum(high.min(axis=0) - low.max(axis=0), 0))
    union = np.prod(one[2:]) + np.prod(other[2:]) - shared
    return bool(shared < BOX_IOU * union)


def _states_area(dataset: Dataset, row: int) -> bool:
    """Whether the source states an area: where it does not, the reader has measured its own."""
    if dataset.geometry_kind != GeometryKind.COCO:
        return False
    return msgspec.json.decode(dataset.instance_record[row], type=_Stated).area is not None


def _area_fault(dataset: Dataset, row: int, outline: Outline, drawn_px: float) -> Iterator[Fault]:
    """COCO's areas are of the rings or of the drawn mask; the stated one must be near either."""
    measured = [drawn_px]
    if not isinstance(outline, dict):
        measured.append(sum(ring_area_px(ring) for ring in outline))
    stated = float(dataset.area_px[row])
    apart = min(abs(area - stated) / max(area, stated) for area in measured)
    if apart > AREA_TOLERANCE and min(abs(a - stated) for a in measured) > AREA_TOLERANCE_PX:
        yield fault(
            dataset,
            FaultKind.AREA_DIFFERS,
            "The stated area is not the outline's.",
            row=row,
            expected=f"{drawn_px:.0f} px (± {AREA_TOLERANCE:.0%} or {AREA_TOLERANCE_PX:g} px)",
            got=f"{stated:.1f} px",
        )


def _ring_faults(dataset: Dataset, row: int, raw: bytes, rings: list[Floats]) -> Iterator[Fault]:
    stated = stated_rings(dataset.geometry_kind, raw)
    assert stated != RUN_LENGTHS
    if stated > len(rings):
        yield fault(
            dataset,
            FaultKind.FEW_POINTS,
            "A part of an outline is a point or a line.",
            row=row,
            expected="rings of at least three points",
            got=f"{stated - len(rings)} of {stated} rings",
            severity=Severity.NOTE,
        )
    try:
        crossings = np.concatenate([self_crossings(ring) for ring in rings])
    except ValueError:  # too far away to be tested: told as outside
        return
    if len(crossings):
        x, y = crossings[0]
        number = "1 crossing" if len(crossings) == 1 else f"{len(crossings)} crossings, the first"
        yield fault(
            dataset,
            FaultKind.CROSSING,
            "A polygon crosses itself.",
            row=row,
            expected="rings whose edges do not cross",
            got=f"{number} at ({x:.1f}, {y:.1f})",
        )
