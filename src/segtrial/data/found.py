"""Predictions of any format, collected one by one into Detections."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import hotcoco
import msgspec
import numpy as np

from segtrial.geometry.outlines import FARTHEST_PX, parse_outline
from segtrial.geometry.rasterise import mask_counts
from segtrial.types.attributes import LeftOut
from segtrial.types.detections import Detections
from segtrial.types.errors import DataError
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset
    from segtrial.types.geometry_bytes import GeometryKind

ABSENT = frozenset({b"", b"null", b"[]"})


class Found:
    """Grows detection by detection; `truth` says which images and classes there are."""

    def __init__(self, truth: Dataset, *, leave_out: bool, kind: GeometryKind) -> None:
        self.truth = truth
        self.image_of = {name: row for row, name in enumerate(truth.image_id)}
        self._kind = kind
        self._leave_out = leave_out
        self._strangers: dict[str, tuple[int, str]] = {}
        self._image: list[int] = []
        self._label: list[int] = []
        self._score: list[float] = []
        self._boxes: list[list[float]] = []
        self._masks: list[bytes] = []
        self._stated: list[float] = []  # areas of the boxes that the file states
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
        the file calls `image_said`, `label_said`. Raises DataError for one that is none.
        """
        states_box = box_xywh is not None
        if image is None:
            self._stranger("an image that the labels do not have", image_said, where)
            return
        if label is None:
            self._stranger("a class that the labels do not have", label_said, where)
            return
        if not (math.isfinite(score) and 0 <= score <= 1):
            raise _bad("A score is none.", where, "a number from 0 to 1", str(score))
        if bytes(geometry) in ABSENT:
            self._bare = self._bare or where
            if box_xywh is None:
                raise _bad("A detection has neither box nor mask.", where, "bbox or mask", "none")
        else:
            size = int(self.truth.height_px[image]), int(self.truth.width_px[image])
            counts = self._counts(geometry, size, where)
            self._masks.append(counts)
            if box_xywh is None:
                packed = {"size": list(size), "counts": counts}
                box_xywh = [float(v) for v in hotcoco.mask.toBbox(packed)]
        if not max(map(abs, box_xywh)) <= FARTHEST_PX or min(box_xywh[2:]) < 0:
            raise _bad("A box is no box.", where, "x, y, width and height ≥ 0 in px", str(box_xywh))
        self._image.append(image)
        self._label.append(label)
        self._score.append(score)
        self._boxes.append(box_xywh)
        if states_box:
            self._stated.append(box_xywh[2] * box_xywh[3])

    def _counts(self, geometry: msgspec.Raw, size: tuple[int, int], where: str) -> bytes:
        try:
            outline = parse_outline(self._kind, geometry, size)
            return mask_counts(outline, height=size[0], width=size[1])
        except (ValueError, TypeError, KeyError, OverflowError, msgspec.DecodeError) as error:
            expected = f"polygons, or run lengths of size {list(size)}"
            raise _bad("A mask cannot be read.", where, expected, str(error)) from error

    def _stranger(self, what: str, said: str, where: str) -> None:
        if not self._leave_out:
            raise DataError(
                f"A detection names {what}.",
                where=where,
                expected=f"images and classes of {self.truth.source}",
                got=said,
            )
        count, first = self._strangers.get(what, (0, where))
        self._strangers[what] = (count + 1, first)

    def detections(self) -> tuple[Detections, tuple[LeftOut, ...]]:
        """All of them, sorted by image, and what was left out.

        Raises DataError where some have masks and others have none.
        """
        if self._masks and self._bare:
            raise _bad(
                "Some detections have masks, others have none.",
                self._bare,
                "a mask for each detection, or for none",
                f"{len(self._masks)} masks for {len(self._image)} detections",
            )
        image = np.array(self._image, np.int32)
        order = np.argsort(image, kind="stable")
        found = Detections(
            image_index=image[order],
            class_index=np.array(self._label, np.int32)[order],
            score=np.array(self._score, np.float64)[order],
            box_xywh=np.array(self._boxes, np.float64).reshape(-1, 4)[order],
            masks=pack_masks([self._masks[row] for row in order]) if self._masks else None,
            area_px=np.array(self._stated)[order] if len(self._stated) == len(order) else None,
        )
        left_out = tuple(
            LeftOut(count=count, reason=what, first=first)
            for what, (count, first) in self._strangers.items()
        )
        return found, left_out


def _bad(what: str, where: str, expected: str, got: str) -> DataError:
    return DataError(what, where=where, expected=expected, got=got)
