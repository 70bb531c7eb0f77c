"""Pixels of one label PNG, safely: size, mode and depth are known before anything is unpacked.

A file may be damaged, of another kind, or made to fill the memory. What the channels mean belongs
to the readers; pictures are checked by `data/check.py`.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np
from PIL import Image

from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.arrays import Bytes
    from segtrial.types.dataset import Dataset

LARGEST_RUNS = 1 << 21
_COLUMNS = 256  # looked at a time
LARGEST_PX = 1 << 26  # 8192 × 8192: a map of 256 MB
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MODES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}
_DAMAGED = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning, UserWarning, MemoryError),
)


def read_png(path: Path, mode: Literal["RGB", "RGBA"], next_step: str) -> Bytes:
    """The pixels of an 8-bit PNG of this mode: uint8 (H, W, 3 or 4).

    Raises DataError, with `next_step` where it is a PNG of another kind, for what is no PNG, is
    damaged, animated or larger than LARGEST_PX.
    """
    width, height, kind = png_header(path)
    if kind != (mode, 8):
        raise DataError(
            "A PNG of another kind than this format's.",
            where=str(path),
            expected=f"{mode}, 8 bits a channel",
            got=f"{kind[0]}, {kind[1]} bits",
            next_step=next_step,
        )
    if width * height > LARGEST_PX:
        raise DataError(
            "A PNG is larger than any picture of this kind.",
            where=str(path),
            expected=f"at most {LARGEST_PX} px",
            got=f"{width} × {height} px",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pixels = _pixels(path, (width, height), mode)
            _check_runs(pixels)
    except _DAMAGED as error:
        raise _unreadable(path, str(error)) from error
    return pixels


def _check_runs(pixels: Bytes) -> None:
    """ValueError for a map that no labelling makes: nearly each pixel differs from the next."""
    edges = 0
    for column in range(0, pixels.shape[1], _COLUMNS):
        part = pixels[:, column : column + _COLUMNS]
        edges += int(np.count_nonzero((part[1:] != part[:-1]).any(axis=2)))
    if edges > LARGEST_RUNS:
        raise ValueError(f"{edges:,} places where labels meet; at most {LARGEST_RUNS:,} are read")


def _pixels(path: Path, size: tuple[int, int], mode: str) -> Bytes:
    with Image.open(path, formats=("PNG",)) as image:
        # a second header further on would overrule the one that was checked
        if (image.size, image.mode) != (size, mode):
            raise ValueError("two headers that differ")
        if getattr(image, "is_animated", False):
            raise ValueError("an animation")
        return np.array(image, np.uint8)


def check_map_sizes(dataset: Dataset) -> None:
    """Raise DataError for a picture whose label PNG would be larger than readers take."""
    pixels = dataset.width_px.astype(np.int64) * dataset.height_px
    if len(pixels) and pixels.max() > LARGEST_PX:
        row = int(np.argmax(pixels))
        raise DataError(
            "A picture is too large for a label PNG.",
            where=f"{dataset.source}: image {dataset.image_id[row]}",
            expected=f"at most {LARGEST_PX} px",
            got=f"{dataset.width_px[row]} × {dataset.height_px[row]} px",
        )


def png_header(path: Path) -> tuple[int, int, tuple[str, int]]:
    """Width and height in px, and mode and bits a channel, of a PNG file.

    Raises DataError where the file cannot be opened or does not begin as a PNG does.
    """
    try:
        with path.open("rb") as file:
            head = file.read(29)
            _check_chunks(file, path)
    except OSError as error:
        raise _unreadable(path, str(error)) from error
    if len(head) < 29 or head[:8] != _SIGNATURE or head[12:16] != b"IHDR":
        raise _unreadable(path, f"{len(head)} bytes that begin otherwise")
    width, height, bits, colour = struct.unpack(">IIBB", head[16:26])
    if not width or not height:
        raise _unreadable(path, f"{width} × {height} px")
    return width, height, (_MODES.get(colour, f"colour type {colour}"), bits)


def _check_chunks(file: BinaryIO, path: Path) -> None:
    """DataError for a chunk that says it is longer than the file: room would be made for it."""
    size = path.stat().st_size
    place = len(_SIGNATURE)
    while place + 8 <= size:
        file.seek(place)
        place += int.from_bytes(file.read(4), "big") + 12
    if place > size:
        raise _unreadable(path, "a chunk that is longer than the file")


def checked_names(names: list[str], source: str) -> None:
    """Check the names of label PNG, relative to their folder, before they are written.

    Raises DataError for a name that leads out of the folder, or that two pictures share.
    """
    seen: set[str] = set()
    for name in names:
        if leads_out(name) or PurePosixPath(name).name in {"", ".png"}:
            raise DataError(
                "A picture's name is none, or leads out of the folder of labels.",
                where=source,
                expected="a name relative to the folder of pictures",
                got=f'"{name}"',
            )
        if name in seen:
            raise DataError(
                "Two pictures would have one label PNG.",
                where=source,
                expected="names that differ in more than their suffix",
                got=f'"{name}"',
            )
        seen.add(name)


def png_name(picture: str) -> str:
    """The label PNG that belongs to a picture, where nothing else is said."""
    folder, slash, last = picture.rpartition("/")
    return f"{folder}{slash}{last.rpartition('.')[0] or last}.png"


def leads_out(name: str) -> bool:
    """Whether a name out of a label file would leave the folder that it is relative to."""
    inside = PurePosixPath(name)
    return inside.is_absolute() or ".." in inside.parts or "\\" in name or "\x00" in name


def _unreadable(path: Path, got: str) -> DataError:
    return DataError(
        "A PNG cannot be read.",
        where=str(path),
        expected="a whole PNG file",
        got=got,
        next_step="fetch or write the file again",
    )
