"""Any data set → one that can be written as BDD100K bitmasks, and what these cannot hold.

The instances are painted here as they will be in the files, so that every loss is counted before
anything is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.bdd100k.bitmask.columns import (
    FLAGS,
    BitmaskColumns,
    official_classes,
)
from segtrial.data.bdd100k.bitmask.losses import Tally
from segtrial.data.bdd100k.bitmask.values import Values, kept_values, new_values
from segtrial.data.bdd100k.bitmask.write import png_names
from segtrial.data.bdd100k.names import IGNORED_NAMES, OLDER_NAMES
from segtrial.data.check import place_of
from segtrial.data.label_png import check_map_sizes
from segtrial.geometry.label_maps import paint
from segtrial.geometry.outlines import NoAreaError
from segtrial.geometry.rasterise import instance_counts
from segtrial.types.attributes import Attribute
from segtrial.types.errors import DataError
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools, Longs
    from segtrial.types.dataset import Dataset, LabelFormat
    from segtrial.types.losses import Loss


def prepare_bitmasks(
    dataset: Dataset, label_format: LabelFormat
) -> tuple[Dataset, tuple[Loss, ...]]:
    """The data set as bitmasks of `label_format` would hold it, and what that loses.

    Later instances of an image overwrite earlier ones, as BDD100K paints them; outlines are drawn
    by COCO's rule. Classes are those of the official list, found by their names, by older names
    (bike, motor, person, van …), and by those that BDD100K maps as ignored; instances of others
    are left out, as are those that have only a box. Stuff of one class and with the same flags
    becomes one instance. A data set read from bitmasks of this format keeps its ids and regions.
    Raises DataError for an outline that cannot be read, or for a name that no PNG can have.
    """
    check_map_sizes(dataset)
    tally = Tally()
    own = dataset.label_format == label_format
    found = _mapped_classes(dataset, label_format, tally)
    known = _left_in(dataset, found, own, tally)
    kept = known.take_instances(np.flatnonzero(_drawable(known, tally)))
    category = found.category[kept.class_index]
    values = kept_values(kept, category) if own else None
    if values is None:
        values = new_values(kept, category, label_format)
    tally.add_ids(dataset, values.renumbered, own=own, too_many=int((~values.fits).sum()))
    columns = BitmaskColumns(label_format)
    _paint(kept, values, columns, tally)
    png_names(dataset)
    made = columns.dataset(
        name=dataset.name,
        source=dataset.source,
        image_root=dataset.image_root,
        image_id=dataset.image_id,
        file_name=dataset.file_name,
    )
    tally.add_others(dataset, FLAGS)
    return replace(made, left_out=dataset.left_out), tally.losses()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Classes:
    """`category`: int64 (C), the official id of each class, −1 for none; `ignored`: bool (C)."""

    category: Longs
    ignored: Bools


def _mapped_classes(dataset: Dataset, label_format: LabelFormat, tally: Tally) -> _Classes:
    official = official_classes(label_format)
    newer = {new: old for old, new in OLDER_NAMES.items() if old in official}
    category = np.full(len(dataset.class_names), -1, np.int64)
    ignored = np.zeros(len(category), np.bool_)
    number = np.bincount(dataset.class_index, minlength=len(category)).tolist()
    for row, name in enumerate(dataset.class_names):
        candidates = (name, OLDER_NAMES.get(name), newer.get(name), IGNORED_NAMES.get(name))
        target = next((known for known in candidates if known in official), None)
        if target is None:
            tally.add_class_left_out(name, number[row])
            continue
        category[row] = official[target]
        ignored[row] = target not in candidates[:3]
        if target != name:
            tally.add_class_mapped(name, target, number[row], ignored=bool(ignored[row]))
    return _Classes(category=category, ignored=ignored)


def _left_in(dataset: Dataset, found: _Classes, own: bool, tally: Tally) -> Dataset:
    """The instances whose class has a category, those of ignored classes with that flag."""
    category = found.category[dataset.class_index]
    unlabeled = (category == 0) & (not own)
    tally.unlabeled += int(unlabeled.sum())
    kept = dataset.take_instances(np.flatnonzero((category >= 0) & ~unlabeled))
    ignored = found.ignored[kept.class_index]
    if not ignored.any():
        return kept
    flag = Attribute(name="ignored", values=("false", "true"), code=ignored.astype(np.int32))
    return replace(kept, instance_attributes=(*kept.instance_attributes, flag))


def _drawable(dataset: Dataset, tally: Tally) -> Bools:
    """Which instances have an outline."""
    drawable = np.ones(dataset.instances, np.bool_)
    for row, geometry in enumerate(dataset.geometry):
        if not geometry:
            drawable[row] = False
            tally.box_only += 1
        elif not geometry.startswith(b"{"):  # no run lengths
            tally.drawn += 1
    return drawable


def _paint(kept: Dataset, values: Values, columns: BitmaskColumns, tally: Tally) -> None:
    first = kept.first_rows().tolist()
    for image in range(kept.images):
        rows = [row for row in range(first[image], first[image + 1]) if values.fits[row]]
        drawn = [(row, counts) for row in rows for counts in _counts(kept, row, tally)]
        numbers = values.value[[row for row, _ in drawn]]
        height, width = int(kept.height_px[image]), int(kept.width_px[image])
        masks = pack_masks([counts for _, counts in drawn])
        painted, lost_px = paint(masks, numbers, height=height, width=width)
        tally.add_image(numbers, lost_px, np.unique(painted))
        columns.add(painted, f"{kept.source}: image {kept.image_id[image]}")


def _counts(dataset: Dataset, row: int, tally: Tally) -> list[bytes]:
    """The instance's run lengths; none where its outline has no area."""
    try:
        return [instance_counts(dataset, row)]
    except NoAreaError:
        tally.no_area += 1
        return []
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise DataError(
            "An outline cannot be read.", where=place_of(dataset, row), got=str(error)
        ) from error
