"""Pictures of labels: the photograph, and the photograph with its labels drawn on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from PIL import Image

from segtrial.geometry.outlines import outline_of
from segtrial.geometry.pictures import FORMATS, upright
from segtrial.geometry.rasterise import mask_counts
from segtrial.geometry.runs import decode_mask
from segtrial.report.colours import class_colours
from segtrial.report.overlay import overlay
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools, Bytes
    from segtrial.types.dataset import Dataset


def picture_of(dataset: Dataset, image: int) -> Image.Image | None:
    """The picture, RGB.

    None where it is missing, damaged, outside its folder, or not of the size that the labels state.
    """
    if dataset.image_root is None:
        return None
    stated = (int(dataset.width_px[image]), int(dataset.height_px[image]))
    try:
        root = dataset.image_root.resolve()
        path = (root / dataset.file_name[image]).resolve()
        if not path.is_relative_to(root):
            return None
        with Image.open(path, formats=FORMATS) as source:
            picture = upright(source) if dataset.turns_pictures else source
            return picture.convert("RGB") if picture.size == stated else None
    except Exception:  # noqa: BLE001  # a decoder may raise anything for a damaged file
        return None


def pixels_of(dataset: Dataset, image: int) -> Bytes | None:
    """`picture_of` as uint8 (H, W, 3)."""
    picture = picture_of(dataset, image)
    return None if picture is None else np.asarray(picture)


def truth_panel(dataset: Dataset, image: int, pixels: Bytes) -> Image.Image:
    """The picture with its labels, crowds left out; boxes alone where one has no outline."""
    first = dataset.first_rows()
    rows = [int(r) for r in range(first[image], first[image + 1]) if not dataset.crowd[r]]
    height, width = pixels.shape[:2]
    masks: list[Bools] | None = []
    for row in rows:
        try:
            outline = outline_of(dataset, row)
            counts = b"" if outline is None else mask_counts(outline, height=height, width=width)
        except (ValueError, TypeError, KeyError, OverflowError, msgspec.DecodeError):
            outline = None  # `data check` names it
        if outline is None or masks is None:
            masks = None
            break
        packed = pack_masks([counts])
        masks.append(decode_mask(packed, 0, height=height, width=width))
    names = [dataset.class_names[dataset.class_index[row]] for row in rows]
    colours = class_colours(dataset.class_names)
    return overlay(pixels, dataset.box_xywh[rows], masks, names, None, colours)
