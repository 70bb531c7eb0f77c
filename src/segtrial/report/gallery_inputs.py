"""What a gallery is made of: frozen records of pictures and their objects, handed in.

Place in the flow: the caller reads files and turns geometry into rings; `gallery.py` renders.
No file is read here, and no label format is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from segtrial.types.arrays import Floats
from segtrial.types.errors import DataError

PICTURES = 60  # in a gallery, unless the user says otherwise
MOST_PICTURES = 500  # a page of more is too slow to open

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GalleryInstance:
    """One object of a picture.

    `box_xywh`: px of the original picture, x and y of the upper left corner, far edge excluded.
    `parts`: closed rings float64 (K, 2) of x, y in the same px. The rings of one part are filled
    even-odd, so a ring inside another is a hole; parts are united. No part: only the box is drawn.
    `area_px`: decides between small, medium and large by COCO's bounds. `score`: in [0, 1], None
    for truth. `attributes`: name → value; switches have the values "false" and "true".
    Raises DataError for numbers that are none, and for a ring of another shape.
    """

    name: str
    source_id: str
    box_xywh: Box
    area_px: float
    parts: Sequence[Sequence[Floats]] = ()
    crowd: bool = False
    score: float | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = (*self.box_xywh, self.area_px, 0.0 if self.score is None else self.score)
        if not all(math.isfinite(number) for number in numbers):
            raise self._error("finite numbers for box, area and score", f"{numbers}")
        if self.score is not None and not 0 <= self.score <= 1:
            raise self._error("a score in 0–1", f"{self.score:g}")
        for ring in (ring for part in self.parts for ring in part):
            if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) == 0:
                raise self._error("rings of shape (K, 2)", f"shape {ring.shape}")
            if not np.isfinite(ring).all():
                raise self._error("finite coordinates", "NaN or infinity in a ring")

    def _error(self, expected: str, got: str) -> DataError:
        return DataError(
            "An object that cannot be drawn.",
            where=f"object {self.source_id!r} of class {self.name!r}",
            expected=expected,
            got=got,
            next_step="check the labels, or leave the object out and count it",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GalleryPicture:
    """One picture with its objects.

    `title`: the file name, as a rule. `width_px`, `height_px`: of the original picture, in whose
    px the objects are given. `webp`: what `picture_webp` gives, or None where the picture is not
    here: the objects are then drawn on a blank canvas that says so.
    Raises DataError for a size below 1 px.
    """

    title: str
    image_id: str
    width_px: int
    height_px: int
    webp: bytes | None
    instances: Sequence[GalleryInstance]
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1:
            raise DataError(
                "A picture without a size.",
                where=f"picture {self.title!r}",
                expected="width and height of at least 1 px",
                got=f"{self.width_px} × {self.height_px}",
                next_step="state the picture's size in the labels",
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """All that a gallery page shows.

    `notes`: sentences for its head, such as how the pictures were drawn and what was left out.
    Raises DataError for no picture, or more than 500.
    """

    title: str
    pictures: Sequence[GalleryPicture]
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.pictures) <= MOST_PICTURES:
            raise DataError(
                "A gallery cannot hold this many pictures.",
                where=self.title,
                expected=f"1 to {MOST_PICTURES} pictures",
                got=f"{len(self.pictures)}",
                next_step="ask for fewer pictures, or for data that have some",
            )
