"""The draw: so many images of a split, or such a share; a smaller draw is part of a larger one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.data.selection.stratify import Stratifier
from segtrial.types.errors import DataError
from segtrial.types.randomness import uniform

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset


def select_images(
    dataset: Dataset, images: float | None, seed: int, split: str, *, stratify: bool = False
) -> Dataset:
    """The first images of a shuffle keyed by (seed, split, image id), in file order.

    `images`: a count (int), or a share in (0, 1] (float) of which `round(images × share)` are
    taken, ties to even; None keeps all. With `stratify`, the draw balances class presence as well
    (`stratify.py`). The list grows with `images`: 100 are among the 200. Raises DataError where
    there are fewer images, or where the share is less than half an image.
    """
    if images is None:
        return dataset
    count = images if isinstance(images, int) else round(dataset.images * images)
    where = f"[data] select: {split} = {images}"
    if count > dataset.images:
        raise DataError(
            f"The {split} split has fewer images than select asks for.",
            where=where,
            expected=f"at most {dataset.images}",
            got=str(count),
            next_step="ask for fewer or for a share, or let the steps before keep more images",
        )
    if count == 0 and isinstance(images, float):
        raise DataError(
            f"The share is less than one image of the {split} split.",
            where=where,
            expected=f"a share of {dataset.images} images that gives one",
            got=str(images),
            next_step="ask for a larger share, or for a count",
        )
    if stratify:
        return dataset.take_images(
            sorted(Stratifier(dataset, seed, "select", "stratify", split).first(count))
        )
    return dataset.take_images(sorted(shuffled(dataset, seed, "select", split)[:count]))


def shuffled(dataset: Dataset, *parts: object) -> list[int]:
    """The images' rows in an order keyed by (`parts`, image id)."""
    return sorted(
        range(dataset.images), key=lambda row: (uniform(*parts, dataset.image_id[row]), row)
    )
