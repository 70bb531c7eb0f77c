"""What is wrong with a data set before anything is run on it: outlines and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
from PIL import Image, UnidentifiedImageError

from segtrial.geometry.rasterise import mask_counts, rings
from segtrial.types.dataset import Dataset
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

SLACK_PX = 1.0  # how far an outline may leave its image: labels are rounded to the pixel
_TAIL = 4096


def check_outlines(dataset: Dataset, outside: Literal["refuse", "clip"]) -> int:
    """Number of outlines that leave their image by more than SLACK_PX, where "clip" allows it.

    Raises DataError for the first such outline under "refuse", and for any that is unreadable.
    """
    clipped = 0
    for row in range(dataset.instances):
        raw = dataset.geometry[row]
        if len(bytes(raw)) == 0:
            continue
        image = int(dataset.image_index[row])
        size = (int(dataset.height_px[image]), int(dataset.width_px[image]))
        where = (
            f"{dataset.source}: image {dataset.image_id[image]}, label {dataset.annotation_id[row]}"
        )
        try:
            outline = rings(dataset.geometry_kind, raw)
        except (ValueError, TypeError, OverflowError, msgspec.DecodeError) as error:
            raise DataError("An outline cannot be read.", where=where, got=str(error)) from error
        if isinstance(outline, dict):
            _check_rle(outline, size, where)
            continue
        excess = _excess_px(np.concatenate(outline), size)
        if excess <= SLACK_PX:
            continue
        if outside == "refuse":
            raise DataError(
                "A polygon leaves its image.",
                where=where,
                expected=f"points within 0 … {size[1]} × 0 … {size[0]} px (± {SLACK_PX:g})",
                got=f"{excess:.1f} px outside",
                next_step='mend the label, or state outside = "clip" under [data]',
            )
        clipped += 1
    return clipped


def _excess_px(points: np.ndarray, size: tuple[int, int]) -> float:
    low = -points.min(axis=0)
    high = points.max(axis=0) - np.array([size[1], size[0]])
    return float(max(low.max(), high.max()))


def _check_rle(outline: dict[str, object], size: tuple[int, int], where: str) -> None:
    if outline.get("size") != list(size):
        raise DataError(
            "A run-length mask has another size than its image.",
            where=where,
            expected=f"size {list(size)}",
            got=f"size {outline.get('size')}",
        )
    try:
        mask_counts(outline, height=size[0], width=size[1])
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(
            "A run-length mask cannot be read.",
            where=where,
            expected=f"counts that sum to {size[0] * size[1]} px",
            got=str(error),
        ) from error


def picture_path(dataset: Dataset, image: int) -> Path:
    """Where the picture lies; DataError where the data set has no picture folder."""
    if dataset.image_root is None:
        raise DataError("The data set has no picture folder.", where=dataset.source)
    return dataset.image_root / dataset.file_name[image]


def check_pictures(dataset: Dataset) -> None:
    """Every picture is there, is whole, and has the size that the labels state.

    Reads the head and the tail of each file, not the pixels; a picture damaged in the middle is
    found when it is decoded. Raises DataError for the first that fails.
    """
    root = dataset.image_root.resolve() if dataset.image_root else None
    for image in range(dataset.images):
        path = picture_path(dataset, image)
        where = str(path)
        try:
            inside, there = root is None or path.resolve().is_relative_to(root), path.is_file()
        except (OSError, ValueError) as error:  # a zero byte, or too long for the file system
            raise DataError(
                "A picture's name is no file name.", where=where[:200], got=str(error)[:200]
            ) from error
        if not inside:
            raise DataError("A picture's name leaves the picture folder.", where=where)
        if not there:
            raise DataError(
                "A picture is missing.",
                where=where,
                expected=f"the picture that {dataset.source} names",
                next_step="check images = … under [data], and --data",
            )
        size = _picture_size(path)
        stated = (int(dataset.width_px[image]), int(dataset.height_px[image]))
        if size != stated:
            raise DataError(
                "A picture has another size than its labels state.",
                where=where,
                expected=f"{stated[0]} × {stated[1]} px",
                got=f"{size[0]} × {size[1]} px",
            )


def _picture_size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as picture:
            size, kind = picture.size, picture.format
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(
            "A picture cannot be opened.", where=str(path), expected="PNG or JPEG", got=str(error)
        ) from error
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TAIL))
        tail = file.read()
    ends = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}
    if kind in ends and ends[kind] not in tail:
        raise DataError(
            "A picture is truncated.",
            where=str(path),
            expected=f"a whole {kind} file",
            got=f"{path.stat().st_size} bytes without an end mark",
            next_step="fetch the picture again",
        )
    return size
