"""The rows of YOLO label files as instance columns, checked one by one.

`class x y x y …`, fractions of width and height: one closed ring. `class x y w h`: a box, by its
centre. Ultralytics drops a whole picture, with a warning, for one bad row; here it is an error.
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from segtrial.geometry.areas import ring_area_px
from segtrial.geometry.outlines import MINIMUM_POINTS
from segtrial.types.errors import DataError
from segtrial.types.spans import Spans

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Ints

BOX_VALUES = 4
LOWEST, HIGHEST = -0.01, 1.01  # Ultralytics' tolerance
_NUMBER = re.compile(rb"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_NUMBERS = re.compile(rb"(%b )*" % _NUMBER.pattern)  # each with a space after it: one match a row
_CLASS = re.compile(rb"\d{1,9}")
_DROPPED = "mend the row: Ultralytics would drop the whole picture, with only a warning"


LONGEST_ROW = 1 << 20  # 60,000 points


class RowColumns:
    """Instance columns that grow with each label file; see `Dataset` for their meaning."""

    def __init__(self, class_names: tuple[str, ...]) -> None:
        self._classes = len(class_names)
        self._images = 0
        self._texts: list[bytes] = []
        self._length = 0
        self._ends = array("q")  # start, stop by turns
        self._row = array("q")
        self._image = array("i")
        self._label = array("i")
        self._box = array("d")
        self._area = array("d")

    def add_file(self, text: bytes, where: str, size: tuple[int, int]) -> None:
        """The rows of the next picture, of (width, height) px. Raises DataError for the first bad
        one, and for a file with both boxes and outlines.
        """
        offset = self._length
        drawn: bool | None = None
        number = place = 0
        for line_number, line in enumerate(text.splitlines(keepends=True), start=1):
            record = line.rstrip(b"\r\n")
            place += len(line)
            tokens = record.split()
            if not tokens:
                continue
            if b"\v" in record or b"\f" in record:  # Python's text files break lines there
                raise _bad("A row holds a control character.", f"{where}:{line_number}", "spaces")
            number += 1
            start = offset + place - len(line)
            if len(line) > LONGEST_ROW:
                got = f"{len(line)} bytes"
                raise _bad(
                    "A row is too long.", f"{where}:{line_number}", f"≤ {LONGEST_ROW} bytes", got
                )
            label, values = self._parse(tokens, f"{where}:{line_number}")
            if drawn is not None and drawn != (len(values) != BOX_VALUES):
                raise _mixed(f"{where}:{line_number}")
            drawn = len(values) != BOX_VALUES
            box, area = measures(values, size)
            if box[2] < 0 or box[3] < 0:
                raise _bad(
                    "A box has a negative side.", f"{where}:{line_number}", "width, height ≥ 0"
                )
            self._ends.extend((start, start + len(record)))
            self._row.append(number)
            self._image.append(self._images)
            self._label.append(label)
            self._box.extend(box)
            self._area.append(area)
        self._images += 1
        self._texts.append(text)
        self._length += len(text)

    def _parse(self, tokens: list[bytes], where: str) -> tuple[int, list[float]]:
        if not _CLASS.fullmatch(tokens[0]):
            raise _bad("A class is no whole number.", where, "0, 1, 2 …", _shown(tokens[0]))
        label = int(tokens[0])
        if label >= self._classes:
            expected = f"0 … {self._classes - 1}: data.yaml states {self._classes} classes"
            raise _bad("A class is not among the names.", where, expected, str(label))
        if not _NUMBERS.fullmatch(b"".join(token + b" " for token in tokens[1:])):
            wrong_token = next(token for token in tokens[1:] if not _NUMBER.fullmatch(token))
            raise _bad("A value is no number.", where, "fractions", _shown(wrong_token))
        values = [float(token) for token in tokens[1:]]
        if len(values) != BOX_VALUES:
            _check_count(len(values), where)
        if not (min(values) >= LOWEST and max(values) <= HIGHEST):
            wrong = next(v for v in values if not LOWEST <= v <= HIGHEST)
            expected = f"fractions of width and height, {LOWEST} … {HIGHEST}"
            raise _bad("A value leaves the picture.", where, expected, f"{wrong:g}")
        return label, values

    def columns(self) -> dict[str, Any]:
        """The columns by their names in `Dataset`. Ids are rows of a file, counted from 1."""
        ends = _longs(self._ends).reshape(-1, 2)
        return {
            "annotation_id": [str(row) for row in self._row],
            "image_index": _ints(self._image),
            "class_index": _ints(self._label),
            "box_xywh": np.frombuffer(self._box).reshape(-1, 4),
            "area_px": np.frombuffer(self._area),
            "crowd": np.zeros(len(self._row), np.bool_),
            "instance_record": Spans(
                buffer=b"".join(self._texts), start=ends[:, 0], stop=ends[:, 1]
            ),
        }


def measures(values: list[float], size: tuple[int, int]) -> tuple[list[float], float]:
    """Box xywh and area in px of a row's values in a picture of (width, height) px: of a box, or
    of the ring (shoelace formula).
    """
    width, height = size
    if len(values) == BOX_VALUES:
        x, y, w, h = values
        box = [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height]
        return box, box[2] * box[3]
    ring: Floats = np.array(values, np.float64).reshape(-1, 2) * np.array([width, height])
    low, high = ring.min(axis=0), ring.max(axis=0)
    return [*low.tolist(), *(high - low).tolist()], ring_area_px(ring)


def _check_count(count: int, where: str) -> None:
    expected = f"class, then 4 values of a box or {MINIMUM_POINTS} and more pairs of x and y"
    if count % 2:
        raise _bad("A row has an odd number of values.", where, expected, f"{count} values")
    if count < 2 * MINIMUM_POINTS:
        raise _bad(
            f"An outline has fewer than {MINIMUM_POINTS} points.",
            where,
            expected,
            f"{count} values",
        )


def _mixed(where: str) -> DataError:
    return DataError(
        "A label file mixes boxes and outlines.",
        where=where,
        expected="4 values in every row, or outlines in every row",
        next_step="write boxes as rings of 4 points: Ultralytics would drop or misread the picture",
    )


def _bad(what: str, where: str, expected: str, got: str = "") -> DataError:
    return DataError(what, where=where, expected=expected, got=got, next_step=_DROPPED)


def _shown(token: bytes) -> str:
    return token[:60].decode("utf-8", "backslashreplace")


def _ints(values: array[int]) -> Ints:
    return np.frombuffer(values, np.int32) if len(values) else np.zeros(0, np.int32)


def _longs(values: array[int]) -> Any:
    return np.frombuffer(values, np.int64) if len(values) else np.zeros(0, np.int64)
