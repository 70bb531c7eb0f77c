"""Predictions of any format, collected into Detections: one by one, or in checked blocks."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import hotcoco
import msgspec
import numpy as np

from segtrial.geometry.outlines import FARTHEST_PX, parse_outline
from segtrial.geometry.rasterise import mask_counts
from segtrial.types.attributes import LeftOut
from segtrial.types.detections import Detections
from segtrial.types.errors import DataError
from segtrial.types.masks import Masks

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Ints, Longs
    from segtrial.types.dataset import Dataset
    from segtrial.types.geometry_bytes import GeometryKind

ABSENT = frozenset({b"", b"null", b"[]"})
NO_IMAGE = "an image that the labels do not have"
NO_CLASS = "a class that the labels do not have"
_PIECES = 1 << 16  # masks put in order at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundBlock:
    """K detections in the file's order, all checked, and the strangers among them left out.

    `image_index`, `class_index` int32 (K); `score` float64 (K); `box_xywh` float64 (K, 4), of the
    file where `states_box`, else the masks' own. `counts`: the K masks' strings, one after another,
    `lengths` int64 (K) theirs; None = no mask. `first_place`: where the first detection stands.
    """

    image_index: Ints
    class_index: Ints
    score: Floats
    box_xywh: Floats
    states_box: bool
    counts: bytes | None
    lengths: Longs
    left_out: tuple[LeftOut, ...]
    first_place: str


class Found:
    """Grows detection by detection or block by block; `truth` says which images and classes there
    are. What cannot be a detection raises DataError; strangers too, but under `leave_out`.
    """

    def __init__(self, truth: Dataset, *, leave_out: bool, kind: GeometryKind) -> None:
        self.truth = truth
        self.leave_out = leave_out
        self.image_of = {name: row for row, name in enumerate(truth.image_id)}
        self._kind = kind
        self._strangers: dict[str, LeftOut] = {}
        self._image = array("i")
        self._label = array("i")
        self._score = array("d")
        self._boxes = array("d")
        self._mask_data = array("B")
        self._mask_offset = array("q", [0])
        self._all_state_boxes = True
        self._bare = ""  # where the first detection without a mask stands

    def add(
        self,
        *,
        where: str,
        image: int | None,
        image_said: str,
        label: int | None,
        label_said: str,
        score: float,
        box_xywh: list[float] | None,
        geometry: msgspec.Raw,
    ) -> None:
        """Take over one detection. `image`, `label`: rows of the truth, None for a stranger, which
        the file calls `image_said`, `label_said`.
        """
        if image is None:
            self._stranger(NO_IMAGE, image_said, where)
            return
        if label is None:
            self._stranger(NO_CLASS, label_said, where)
            return
        if not (math.isfinite(score) and 0 <= score <= 1):
            raise _bad("A score is none.", where, "a number from 0 to 1", str(score))
        self._all_state_boxes &= box_xywh is not None
        if bytes(geometry) in ABSENT:
            self._bare = self._bare or where
            if box_xywh is None:
                raise _bad("A detection has neither box nor mask.", where, "bbox or mask", "none")
        else:
            counts = self.counts(geometry, image, where)
            self._mask_data.frombytes(counts)
            self._mask_offset.append(len(self._mask_data))
            if box_xywh is None:
                box_xywh = self._mask_box(counts, image)
        if not max(map(abs, box_xywh)) <= FARTHEST_PX or min(box_xywh[2:]) < 0:
            raise _bad("A box is no box.", where, "x, y, width and height ≥ 0 in px", str(box_xywh))
        self._image.append(image)
        self._label.append(label)
        self._score.append(score)
        self._boxes.extend(box_xywh)

    def extend(self, block: FoundBlock) -> None:
        """Take over a block of detections, and what was left out of it."""
        for item in block.left_out:
            self._leave(item)
        if not len(block.score):
            return
        if block.counts is None:
            self._bare = self._bare or block.first_place
        else:
            stop = len(self._mask_data) + np.cumsum(block.lengths)
            self._mask_data.frombytes(block.counts)
            self._mask_offset.frombytes(stop.tobytes())
        self._image.frombytes(block.image_index.tobytes())
        self._label.frombytes(block.class_index.tobytes())
        self._score.frombytes(block.score.tobytes())
        self._boxes.frombytes(block.box_xywh.tobytes())
        self._all_state_boxes &= block.states_box

    def size(self, image: int) -> tuple[int, int]:
        """Height and width of image row `image`, in px."""
        return int(self.truth.height_px[image]), int(self.truth.width_px[image])

    def counts(self, geometry: msgspec.Raw, image: int, where: str) -> bytes:
        """COCO's compressed counts of a detection's `geometry`. Raises DataError for none."""
        height, width = self.size(image)
        try:
            outline = parse_outline(self._kind, geometry, (height, width))
            return mask_counts(outline, height=height, width=width)
        except (ValueError, TypeError, KeyError, OverflowError, msgspec.DecodeError) as error:
            expected = f"polygons, or run lengths of size {[height, width]}"
            raise _bad("A mask cannot be read.", where, expected, str(error)) from error

    def _mask_box(self, counts: bytes, image: int) -> list[float]:
        packed = {"size": list(self.size(image)), "counts": counts}
        return [float(value) for value in hotcoco.mask.toBbox(packed)]

    def _stranger(self, what: str, said: str, where: str) -> None:
        if not self.leave_out:
            raise DataError(
                f"A detection names {what}.",
                where=where,
                expected=f"images and classes of {self.truth.source}",
                got=said,
            )
        self._leave(LeftOut(count=1, reason=what, first=where))

    def _leave(self, item: LeftOut) -> None:
        before = self._strangers.get(item.reason)
        if before is not None:
            count = before.count + item.count
            item = LeftOut(count=count, reason=item.reason, first=before.first)
        self._strangers[item.reason] = item

    def detections(self) -> tuple[Detections, tuple[LeftOut, ...]]:
        """All of them, sorted by image, and what was left out. Nothing can be added afterwards.

        Raises DataError where some have masks and others have none.
        """
        number_of_masks = len(self._mask_offset) - 1
        if number_of_masks and self._bare:
            raise _bad(
                "Some detections have masks, others have none.",
                self._bare,
                "a mask for each detection, or for none",
                f"{number_of_masks} masks for {len(self._image)} detections",
            )
        image = np.frombuffer(self._image, np.int32)
        label = np.frombuffer(self._label, np.int32)
        score = np.frombuffer(self._score, np.float64)
        boxes = np.frombuffer(self._boxes, np.float64).reshape(-1, 4)
        nothing = not len(self._image)  # says neither that there are masks nor that there are none
        masks = self._masks() if number_of_masks or nothing else None
        if (image[1:] < image[:-1]).any():  # else nothing needs to be copied
            order = np.argsort(image, kind="stable")
            image, label, score, boxes = image[order], label[order], score[order], boxes[order]
            masks = None if masks is None else _in_order(masks, order)
        found = Detections(
            image_index=image,
            class_index=label,
            score=score,
            box_xywh=boxes,
            masks=masks,
            area_px=boxes[:, 2] * boxes[:, 3] if self._all_state_boxes else None,
        )
        return found, tuple(self._strangers.values())

    def _masks(self) -> Masks:
        return Masks(
            data=np.frombuffer(self._mask_data, np.uint8),
            offset=np.frombuffer(self._mask_offset, np.int64),
        )


def _in_order(masks: Masks, order: Longs) -> Masks:
    """The masks of the rows `order`; rows that follow each other are copied as one piece."""
    offset = np.zeros(len(order) + 1, np.int64)
    np.cumsum(np.diff(masks.offset)[order], out=offset[1:])
    breaks = np.flatnonzero(np.diff(order) != 1) + 1
    begin = masks.offset[order[np.concatenate([[0], breaks])]]
    end = masks.offset[order[np.concatenate([breaks - 1, [len(order) - 1]])] + 1]
    source = memoryview(masks.data)  # type: ignore[arg-type]
    data = bytearray()
    for first, last in pairwise([*range(0, len(begin), _PIECES), len(begin)]):
        pieces = zip(begin[first:last].tolist(), end[first:last].tolist(), strict=True)
        data += b"".join([source[a:b] for a, b in pieces])
    return Masks(data=np.frombuffer(data, np.uint8), offset=offset)


def _bad(what: str, where: str, expected: str, got: str) -> DataError:
    return DataError(what, where=where, expected=expected, got=got)
