"""Dataset → BDD100K bitmasks, one RGBA PNG an image, for one read from or prepared for them.

Only the category of a relabelled instance differs from what was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from segtrial.data.bdd100k.bitmask.columns import official_classes
from segtrial.data.bdd100k.bitmask.values import kept_values
from segtrial.data.check import place_of
from segtrial.data.label_png import checked_names, png_name
from segtrial.geometry.label_maps import UInts, paint
from segtrial.geometry.rasterise import instance_counts
from segtrial.types.errors import DataError
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset, LabelFormat


def write_bitmasks(dataset: Dataset, folder: Path, label_format: LabelFormat) -> None:
    """Write one PNG for each image into `folder`, under the image's name with .png.

    The data set is one that was read from bitmasks of this format, or that `prepare_bitmasks`
    gives, relabelled or not: categories are written as they are now, flags, ids and pixels as they
    were. Where relabelling gives two instances one category and id, the later one gets a free id.
    Nothing is written where it raises: DataError for a data set that is not ready, whose images
    would leave the folder, or two of whose images have one PNG.
    """
    official = official_classes(label_format)
    stated = zip(dataset.class_names, dataset.class_ids, strict=True)
    category = np.array(dataset.class_ids, np.int64)[dataset.class_index]
    values = kept_values(dataset, category)
    listed = all(official.get(name) == number for name, number in stated)
    same = dataset.label_format == label_format
    if not same or not listed or values is None or not values.fits.all():
        raise DataError(
            "These labels cannot be written as bitmasks as they are.",
            where=dataset.source,
            expected=f"labels of {label_format}, with its classes and its ids",
            got=f"{dataset.label_format}, classes {', '.join(dataset.class_names)}",
            next_step="convert them to this format first",
        )
    files = png_names(dataset)
    first = dataset.first_rows().tolist()
    for image, name in enumerate(files):
        rows = range(first[image], first[image + 1])
        painted = _map(dataset, image, rows, values.value[first[image] : first[image + 1]])
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = painted.astype(">u4").view(np.uint8).reshape(*painted.shape, 4)
        Image.fromarray(pixels).save(file, format="PNG")


def _map(dataset: Dataset, image: int, rows: range, value: UInts) -> UInts:
    height, width = int(dataset.height_px[image]), int(dataset.width_px[image])
    masks = pack_masks([instance_counts(dataset, row) for row in rows])
    painted, lost_px = paint(masks, value, height=height, width=width)
    if lost_px.any():
        raise DataError(
            "Instances of one image overlap, which bitmasks cannot hold.",
            where=place_of(dataset, rows[int(np.argmax(lost_px > 0))]),
            expected="no pixel of two instances",
            got=f"{int(lost_px.sum())} px of two instances",
            next_step="convert the labels to this format first",
        )
    return painted


def png_names(dataset: Dataset) -> list[str]:
    """Each image's PNG, relative to the folder of labels. Raises what `checked_names` raises."""
    names = [png_name(name) for name in dataset.file_name]
    checked_names(names, dataset.source)
    return names
