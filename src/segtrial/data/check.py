"""What is wrong with a data set before anything is run on it: outlines, boxes and pictures."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
from PIL import Image, UnidentifiedImageError

from segtrial.geometry.outlines import NoAreaError, Outline, outline_of
from segtrial.geometry.pictures import DAMAGE, FORMATS, is_sideways
from segtrial.geometry.rasterise import mask_counts
from segtrial.types.attributes import LeftOut
from segtrial.types.dataset import Dataset
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools, Floats

SLACK_PX = 1.0  # how far a label may leave its image: labels are rounded to the pixel
_TAIL = 4096


def check_outlines(dataset: Dataset, outside: Literal["refuse", "clip"]) -> tuple[Dataset, int]:
    """The data set with every label in its image, and the number of labels cut for it.

    A label whose outline or box leaves the image by more than SLACK_PX is refused or, under
    "clip", its box is cut to the image, and `area_px` too where it is the box's. Geometry bytes
    stay as they are: the rasteriser cuts them. An outline of fewer than three points is left out
    and counted in `left_out`. Raises DataError for the first label that is refused, that is
    unreadable, or, under either, whose box has nothing within the image. A box without area is
    none of these as long as it lies in the image.
    """
    cut_xywh, of_box, gone = boxes_in_images(dataset)
    cut: list[int] = []
    lines: list[int] = []
    for row in range(dataset.instances):
        size, where = image_size(dataset, row), place_of(dataset, row)
        try:
            of_outline = excess_px(readable_outline(dataset, row, where), size)
        except NoAreaError:
            lines.append(row)
            continue
        if gone[row]:
            raise _nothing_left(dataset.box_xywh[row], size, where)
        if max(of_outline, of_box[row]) <= SLACK_PX:
            continue
        if outside == "refuse" and of_outline > SLACK_PX:
            raise _leaves("polygon", of_outline, size, where)
        if outside == "refuse":
            raise _leaves("box", of_box[row], size, where)
        cut.append(row)
    checked = _with_boxes(dataset, cut, cut_xywh[cut]) if cut else dataset
    return (_without_lines(checked, lines) if lines else checked), len(cut)


def image_size(dataset: Dataset, row: int) -> tuple[int, int]:
    """Height and width in px of the image of instance `row`."""
    image = int(dataset.image_index[row])
    return int(dataset.height_px[image]), int(dataset.width_px[image])


def place_of(dataset: Dataset, row: int) -> str:
    """How errors name instance `row`."""
    image_id = dataset.image_id[int(dataset.image_index[row])]
    return f"{dataset.source}: image {image_id}, label {dataset.annotation_id[row]}"


def _without_lines(dataset: Dataset, rows: list[int]) -> Dataset:
    reason = "outlines of fewer than three points have no area"
    left_out = LeftOut(count=len(rows), reason=reason, first=place_of(dataset, rows[0]))
    kept = dataset.take_instances(np.setdiff1d(np.arange(dataset.instances), rows))
    return replace(kept, left_out=(*dataset.left_out, left_out))


def boxes_in_images(dataset: Dataset) -> tuple[Floats, Floats, Bools]:
    """Every box's part within its image, xywh (N, 4), where a negative side means that there is
    none; by how many px the box leaves the image, (N); and whether none of it is within, (N).
    """
    size_xy = np.stack([dataset.width_px, dataset.height_px], axis=1)[dataset.image_index]
    low, side = dataset.box_xywh[:, :2], dataset.box_xywh[:, 2:]
    high = low + side
    cut_low, cut_high = np.maximum(low, 0), np.minimum(high, size_xy)
    untouched = (cut_low == low) & (cut_high == high)
    # low + side − low is not always side
    cut_xywh = np.concatenate([cut_low, np.where(untouched, side, cut_high - cut_low)], axis=1)
    gone = (cut_xywh[:, 2:] < 0) | ((cut_xywh[:, 2:] == 0) & (side > 0))
    return cut_xywh, np.maximum(-low, high - size_xy).max(axis=1), gone.any(axis=1)


def _with_boxes(dataset: Dataset, rows: list[int], box_xywh: Floats) -> Dataset:
    """The data set with other boxes in these rows, and with their areas where these were w × h."""
    boxes, areas = np.array(dataset.box_xywh), np.array(dataset.area_px)
    of_box = areas[rows] == boxes[rows, 2] * boxes[rows, 3]
    areas[rows] = np.where(of_box, box_xywh[:, 2] * box_xywh[:, 3], areas[rows])
    boxes[rows] = box_xywh
    return replace(dataset, box_xywh=boxes, area_px=areas, geometry_hash="")


def readable_outline(dataset: Dataset, row: int, where: str) -> Outline | None:
    """The outline of instance `row`, None for a box alone. Raises DataError for one that cannot be
    read or whose run lengths do not fill the image, NoAreaError for a point or a line.
    """
    try:
        outline = outline_of(dataset, row)
    except NoAreaError:
        raise
    except (ValueError, TypeError, OverflowError, msgspec.DecodeError) as error:
        raise DataError("An outline cannot be read.", where=where, got=str(error)) from error
    if isinstance(outline, dict):
        _check_rle(outline, image_size(dataset, row), where)
    return outline


def excess_px(outline: Outline | None, size: tuple[int, int]) -> float:
    """How far an outline leaves its image of `size` (height, width); negative or 0 for none."""
    if outline is None or isinstance(outline, dict):
        return 0.0
    points = np.concatenate(outline)
    low = -points.min(axis=0)
    high = points.max(axis=0) - np.array([size[1], size[0]])
    return float(max(low.max(), high.max()))


def _nothing_left(box_xywh: Floats, size: tuple[int, int], where: str) -> DataError:
    return DataError(
        "A box has nothing within its image.",
        where=where,
        expected=f"a box within 0 … {size[1]} × 0 … {size[0]} px",
        got=f"[x, y, width, height] = {box_xywh.tolist()}",
        next_step="mend the label, or take it out",
    )


def _leaves(shape: str, excess: float, size: tuple[int, int], where: str) -> DataError:
    return DataError(
        f"A {shape} leaves its image.",
        where=where,
        expected=f"points within 0 … {size[1]} × 0 … {size[0]} px (± {SLACK_PX:g})",
        got=f"{excess:.1f} px outside",
        next_step='mend the label, or state outside = "clip" under [data]',
    )


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


def picture_paths(dataset: Dataset) -> tuple[Path, ...]:
    """Where each picture lies, links followed; the bare names where there is no picture folder.

    No picture is opened, and none needs to be there. Raises DataError for a name that leaves the
    picture folder or that no file can have.
    """
    if dataset.image_root is None:
        return tuple(Path(name) for name in dataset.file_name)
    root = dataset.image_root.resolve()
    return tuple(path_within(dataset.image_root / name, root) for name in dataset.file_name)


def path_within(path: Path, root: Path) -> Path:
    """`path` with links followed; DataError where it leaves `root` or is no file name."""
    where = str(path)[:200]
    try:
        found = path.resolve()
        found.is_file()  # too long a name is found out here
    except (OSError, ValueError, RuntimeError) as error:  # a zero byte; links in a circle
        raise DataError(
            "A picture's name is no file name.", where=where, got=str(error)[:200]
        ) from error
    if found == root:
        raise DataError("A picture's name is no file name.", where=where)
    if not found.is_relative_to(root):
        raise DataError("A picture's name leaves the picture folder.", where=where)
    return found


def check_pictures(dataset: Dataset) -> None:
    """Every picture is there, is whole, and has the size that the labels state.

    Reads the head and the tail of each file, not the pixels; a picture damaged in the middle is
    found when it is decoded. Raises DataError for the first that fails, and for names that
    `picture_paths` refuses.
    """
    picture_paths(dataset)
    for image in range(dataset.images):
        path = picture_path(dataset, image)
        if not path.is_file():
            raise DataError(
                "A picture is missing.",
                where=str(path),
                expected=f"the picture that {dataset.source} names",
                next_step="check images = … under [data], and --data",
            )
        size = picture_size(path, turned=dataset.turns_pictures)
        stated = stated_size(dataset, image)
        if size != stated:
            raise DataError(
                "A picture has another size than its labels state.",
                where=str(path),
                expected=f"{stated[0]} × {stated[1]} px",
                got=f"{size[0]} × {size[1]} px",
            )


def stated_size(dataset: Dataset, image: int) -> tuple[int, int]:
    """Width and height in px that the labels state."""
    return int(dataset.width_px[image]), int(dataset.height_px[image])


def picture_size(path: Path, *, turned: bool) -> tuple[int, int]:
    """Width and height in px, from the file's head; `turned`: as its EXIF orientation says.

    Raises DataError for a file that is no whole picture, as far as its head and tail tell.
    """
    try:
        # Pillow warns of pictures above 89 Mpx, which are in order, and refuses those above 178.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as picture:
                size, kind = picture.size, picture.format
                if turned and is_sideways(picture):
                    size = size[1], size[0]
    except (*DAMAGE, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DataError(
            "A picture cannot be opened.",
            where=str(path),
            expected="PNG, JPEG, WebP, BMP or TIFF of at most 178 Mpx",
            got=str(error),
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
