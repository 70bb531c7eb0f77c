"""BDD100K bitmasks, RGBA PNG of instance or panoptic segmentation → Dataset; and which they are.

One picture is held at a time. Values and columns: `bitmask_columns.py`; writing:
`bitmask_write.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.bdd100k.bitmask.columns import FLAGS, BitmaskColumns, split_values
from segtrial.data.bdd100k.names import INS_SEG, PAN_SEG
from segtrial.data.label_png import png_header, read_png
from segtrial.data.records import refuse_broken_link
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.data.records import refuse_broken_link
from segtrial.geometry.label_maps import UInts

LOOKED_AT = 8  # files that `recognise_bitmasks` opens
_NEXT_STEP = "name the folder of bitmasks, not that of colour maps, semantic masks or pictures"


def read_bitmasks(path: Path, image_root: Path | None, label_format: LabelFormat) -> Dataset:
    """The bitmasks at `path`: one PNG or all of a folder and its subfolders, in the order of names.

    `label_format`: BDD100K_INS_SEG (ids 1 to 8, 0 is background) or BDD100K_PAN_SEG (ids 0 to 40,
    stuff up to 30). The classes are the whole official list. An instance is all pixels of one
    category and id, whatever parts they form; pixels of category 0 and id 0 are background. One id
    under two categories is two instances. Stuff with different flags is one instance for each;
    other instances must have one. Instances are sorted by id. `crowd` is crowd or ignored.
    Pictures are named as the PNG, with .jpg. In ins_seg, regions without category that have an id
    are left out and counted. Raises DataError naming the file for what is no such bitmask.
    """
    columns = BitmaskColumns(label_format)
    files = _png_files(path)
    if not files:
        raise DataError("There are no bitmasks.", where=str(path), expected="RGBA *.png")
    for file in files:
        columns.add(_values(file), str(file))
    names = [_picture_name(file, path) for file in files]
    if len(set(names)) < len(names):
        again = next(name for name in names if names.count(name) > 1)
        raise DataError("Two bitmasks are of one picture.", where=str(path), got=again)
    return columns.dataset(
        name=path.stem if path.is_file() else path.name,
        source=path.name,
        image_root=image_root,
        image_id=names,
        file_name=names,
    )


def recognise_bitmasks(path: Path) -> list[LabelFormat]:
    """The formats that the PNGs at `path` may have, told from a few of them; none if they are no
    bitmasks of BDD100K.

    A category above 8 is pan_seg's. Categories up to 8 are stuff there, whose instance id is the
    category; another id is ins_seg's. Where all ids are the categories, both are possible.
    """
    values = _some_values(_png_files(path))
    category, flags, instance_id = split_values(values)
    beyond = (category >= len(PAN_SEG)) | (flags > sum(FLAGS.values()))
    if not len(values) or beyond.any():
        return []
    if category.max() > len(INS_SEG):
        return [LabelFormat.BDD100K_PAN_SEG]
    if ((category > 0) & (category != instance_id)).any():
        return [LabelFormat.BDD100K_INS_SEG]
    return [LabelFormat.BDD100K_INS_SEG, LabelFormat.BDD100K_PAN_SEG]


def _some_values(files: list[Path]) -> UInts:
    """The values of a few of the files; none if any of these is no RGBA PNG."""
    if not files:
        return np.zeros(0, np.uint32)
    looked_at = np.unique(np.linspace(0, len(files) - 1, LOOKED_AT).round().astype(int))
    try:
        if any(png_header(files[number])[2] != ("RGBA", 8) for number in looked_at):
            return np.zeros(0, np.uint32)
        return np.concatenate([np.unique(_values(files[number])) for number in looked_at])
    except DataError:
        return np.zeros(0, np.uint32)


def _png_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".png" else []
    found = path.rglob("*") if path.is_dir() else ()
    files = sorted(file for file in found if file.suffix.lower() == ".png")
    for file in files:
        refuse_broken_link(file)
    return [file for file in files if file.is_file()]


def _values(file: Path) -> UInts:
    pixels = read_png(file, "RGBA", _NEXT_STEP)
    return pixels.view(">u4")[..., 0].astype(np.uint32)


def _picture_name(file: Path, path: Path) -> str:
    inside = file.relative_to(path) if path.is_dir() else file.relative_to(path.parent)
    return inside.with_suffix(".jpg").as_posix()
