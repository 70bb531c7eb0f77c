"""The labels of Scalabel frames, collected into columns frame by frame."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import hotcoco
import msgspec
import numpy as np

from segtrial.data.attributes import AttributeColumns
from segtrial.data.extension import OfInstance
from segtrial.data.records import buffer_place, decode
from segtrial.geometry.areas import ring_area_px
from segtrial.geometry.outlines import FARTHEST_PX, NoAreaError, parse_outline
from segtrial.geometry.rasterise import mask_counts
from segtrial.types.attributes import LeftOut
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind

if TYPE_CHECKING:
    from segtrial.data.bdd100k.frames import FrameRecord
    from segtrial.types.arrays import Floats, Ints

ABSENT = frozenset({b"", b"null", b"[]"})
LANE = "lane/"  # lane markings of the 2018 release: lines, not areas
REASONS = {
    "line": "lane markings are lines, not areas",
    "no area": "outlines of fewer than three points have no area",
}


class _Box2d(msgspec.Struct, gc=False):
    x1: float
    y1: float
    x2: float
    y2: float


class Label(msgspec.Struct, gc=False):
    """One label as the file has it."""

    category: str
    id: int | str | None = None
    attributes: msgspec.Raw = msgspec.Raw(b"")
    box2d: _Box2d | None = None
    poly2d: msgspec.Raw = msgspec.Raw(b"")
    rle: msgspec.Raw = msgspec.Raw(b"")
    segtrial: OfInstance | msgspec.UnsetType = msgspec.UNSET


class LabelColumns:
    """Instance columns that grow with each frame; see `Dataset` for their meaning."""

    def __init__(self) -> None:
        self.classes: dict[str, None] = {}  # stated by a config, in its order
        self.annotation_id: list[str] = []
        self.image = array("i")
        self.box = array("d")
        self.area = array("d")
        self.crowd = array("b")
        self.record = array("q")  # start, stop by turns
        self.attributes = AttributeColumns()
        self._label: list[str] = []
        self._frames = 0
        self._left_out: dict[str, tuple[int, str]] = {}
        self._literal: frozenset[str] = frozenset()
        self._file = ("", "")  # the path of the frame's file, and its name alone

    def add_frame(
        self,
        record: FrameRecord,
        text: bytes,
        offset: int,
        size: tuple[int, int],
        literal: frozenset[str],
    ) -> None:
        """The labels of the next frame, of (height, width) px; `text`, which begins at `offset`
        of all files' text, holds them. `literal`: class names to be taken as they stand. Raises
        DataError for the first label that cannot be read.
        """
        self._literal = literal
        image = self._frames
        self._frames += 1
        raw = record.frame.labels
        if bytes(memoryview(raw)[:8]) in ABSENT:
            return
        where = f"{record.file}: {record.frame.name}: labels"
        self._file = (record.file, Path(record.file).name)
        raws = decode(raw, list[msgspec.Raw], where=record.where, expected="a list of labels")
        try:
            labels = msgspec.json.decode(raw, type=list[Label])
        except msgspec.DecodeError:
            labels = [
                decode(one, Label, where=f"{where}[{k}]", expected="a label with a category")
                for k, one in enumerate(raws)
            ]
        place = buffer_place(text, raws[0]) if raws else 0
        taken: set[str] = set()
        repeats: dict[str, int] = {}
        for k, (label, one) in enumerate(zip(labels, raws, strict=True)):
            name = _unique(str(label.id), taken, repeats)
            # between labels stand white space and commas only
            start = text.find(b"{", place)
            place = start + memoryview(one).nbytes
            if self._add(label, where, k, size):
                self.record.extend((offset + start, offset + place))
                self.annotation_id.append(name)
                self.image.append(image)

    def _add(self, label: Label, labels: str, k: int, size: tuple[int, int]) -> bool:
        """Take over one label's own columns; False where it is left out."""
        where = f"{labels}[{k}]"
        listed = label.category in self._literal
        category = label.category if listed else label.category.strip()
        if not category:
            raise DataError(
                "A label's category is blank.",
                where=where,
                expected="a class name",
                got=f'"{label.category}"',
            )
        if category.startswith(LANE) and not listed:
            return self._leave_out("line", where)
        raw = next((g for g in (label.poly2d, label.rle) if bytes(g) not in ABSENT), None)
        area = None
        if raw is None:
            box = _stated_box(label, where)
        else:
            try:
                drawn, area = _outline_box(raw, size)
            except NoAreaError:
                return self._leave_out("no area", where)
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
                _cannot_be_read(error, where)
            box = drawn if label.box2d is None else _stated_box(label, where)
        members = self.attributes.add(len(self.crowd), label.attributes, where)
        self.crowd.append(bool(members) and _is_crowd(members, where))
        self._label.append(category)
        self.box.extend(box)
        if label.segtrial is not msgspec.UNSET and label.segtrial.area is not None:
            area = label.segtrial.area
        if label.segtrial is not msgspec.UNSET and label.segtrial.bbox is not None:
            box = _checked(list(label.segtrial.bbox), where)
        self.area.append(box[2] * box[3] if area is None else area)
        return True

    def _leave_out(self, reason: str, where: str) -> bool:
        path, name = self._file
        count, first = self._left_out.get(reason, (0, name + where.removeprefix(path)))
        self._left_out[reason] = (count + 1, first)
        return False

    def left_out(self) -> tuple[LeftOut, ...]:
        """What was not taken over, and why."""
        return tuple(
            LeftOut(count=count, reason=REASONS[reason], first=first)
            for reason, (count, first) in self._left_out.items()
        )

    def class_columns(self) -> tuple[tuple[str, ...], Ints]:
        """Class names, and each label's row of them: the config's, then the others sorted."""
        others = sorted(set(self._label) - set(self.classes))
        names = (*self.classes, *others)
        row_of = {name: row for row, name in enumerate(names)}
        return names, np.fromiter((row_of[n] for n in self._label), np.int32, len(self._label))


def _unique(name: str, taken: set[str], repeats: dict[str, int]) -> str:
    """A key for a label, unique within its frame: its id, and "#k" for a repeated one."""
    key = name
    while key in taken:
        repeats[name] = repeats.get(name, 0) + 1
        key = f"{name}#{repeats[name]}"
    taken.add(key)
    return key


def _stated_box(label: Label, where: str) -> list[float]:
    box = label.box2d
    if box is None:
        raise DataError(
            "A label has no geometry.", where=where, expected="poly2d, rle or box2d", got="none"
        )
    return _checked([box.x1, box.y1, box.x2 - box.x1 + 1, box.y2 - box.y1 + 1], where)


def _checked(xywh: list[float], where: str) -> list[float]:
    if not max(map(abs, xywh)) <= FARTHEST_PX or xywh[2] < 0 or xywh[3] < 0:
        raise DataError(
            "A box is no box.",
            where=where,
            expected="x1 ≤ x2, y1 ≤ y2",
            got=f"[x, y, width, height] = {xywh}",
        )
    return xywh


def _outline_box(raw: msgspec.Raw, size: tuple[int, int]) -> tuple[list[float], float]:
    """The outline's tightest box xywh, and its area in px."""
    outline = parse_outline(GeometryKind.BDD100K, raw, size)
    if isinstance(outline, dict):
        height, width = outline["size"]
        counts = mask_counts(outline, height=height, width=width)
        packed = {"size": [height, width], "counts": counts}
        return [float(v) for v in hotcoco.mask.toBbox(packed)], float(hotcoco.mask.area(packed))
    points: Floats = np.concatenate(outline)
    low, high = points.min(axis=0), points.max(axis=0)
    return [*low.tolist(), *(high - low).tolist()], sum(ring_area_px(ring) for ring in outline)


def _cannot_be_read(error: Exception, where: str) -> NoReturn:
    what = "An outline cannot be read."
    raise DataError(what, where=where, got=str(error) or type(error).__name__) from error


def _is_crowd(members: dict[str, object], where: str) -> bool:
    flags = [members.get(name) for name in ("crowd", "ignored")]
    for flag in flags:
        if not isinstance(flag, bool | None):
            raise DataError(
                "A switch is none.",
                where=where,
                expected="attributes: crowd and ignored true or false",
                got=repr(flag),
            )
    return any(flags)
