"""Labels as pages: which pictures a gallery shows, and their outlines; samples for a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from segtrial.data.split import check_class_names
from segtrial.geometry.outlines import outline_of
from segtrial.geometry.polygons import boundary_rings_of_runs
from segtrial.geometry.rasterise import mask_counts
from segtrial.pipeline.truth_pictures import picture_of, pixels_of, truth_panel
from segtrial.report.gallery import render_gallery
from segtrial.report.gallery_inputs import Gallery, GalleryInstance, GalleryPicture
from segtrial.report.gallery_pictures import picture_webp
from segtrial.report.inputs import Panel
from segtrial.types.errors import DataError
from segtrial.types.randomness import uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from segtrial.types.arrays import Floats, Longs
    from segtrial.types.attributes import Attribute
    from segtrial.types.dataset import Dataset

SAMPLES = 6


def gallery_page(
    dataset: Dataset,
    *,
    count: int,
    seed: int,
    classes: tuple[str, ...] = (),
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> str:
    """An offline page of `count` pictures, drawn by `seed` among those with any of `classes`
    (all pictures where none is named), in the order of the labels.

    Raises TrialError for an unknown class, DataError where no picture is left or an outline cannot
    be read.
    """
    check_class_names(classes, dataset.class_names, "--class")
    chosen = _drawn(dataset, _eligible(dataset, classes), count, seed)
    if not len(chosen):
        what = "No picture has these classes." if classes else "The labels list no picture."
        raise DataError(what, where=dataset.source)
    pictures = []
    for done, image in enumerate(chosen.tolist()):
        report(done, len(chosen))
        pictures.append(_picture(dataset, image))
    absent = sum(picture.webp is None for picture in pictures)
    notes = [f"{len(pictures)} of {dataset.images} images, drawn with seed {seed}"]
    if classes:
        notes.append(f"only images with {', '.join(classes)}")
    if absent:
        notes.append(f"the pictures of {absent} were not found, or have another size")
    notes += [str(left) for left in dataset.left_out]
    return render_gallery(Gallery(title=dataset.name, pictures=pictures, notes=notes))


def sample_panels(dataset: Dataset, seed: int = 0) -> list[Panel]:
    """A few pictures with their labels, of those that are there and hold objects."""
    panels: list[Panel] = []
    busy = np.flatnonzero(np.bincount(dataset.image_index, minlength=dataset.images))
    for image in _order(dataset, busy, seed)[: 10 * SAMPLES]:
        pixels = pixels_of(dataset, image)
        if pixels is not None:
            panel = truth_panel(dataset, image, pixels)
            panels.append(Panel(label=dataset.file_name[image], image=panel))
        if len(panels) == SAMPLES:
            break
    return panels


def _eligible(dataset: Dataset, classes: tuple[str, ...]) -> Longs:
    if not classes:
        return np.arange(dataset.images)
    wanted = [dataset.class_names.index(name) for name in classes]
    return np.unique(dataset.image_index[np.isin(dataset.class_index, wanted)]).astype(np.int64)


def _order(dataset: Dataset, images: Longs, seed: int) -> list[int]:
    return sorted(
        (int(image) for image in images),
        key=lambda image: (uniform(seed, "view", dataset.image_id[image]), image),
    )


def _drawn(dataset: Dataset, images: Longs, count: int, seed: int) -> Longs:
    return np.array(sorted(_order(dataset, images, seed)[:count]), np.int64)


def _picture(dataset: Dataset, image: int) -> GalleryPicture:
    first = dataset.first_rows()
    name = dataset.file_name[image]
    picture = picture_of(dataset, image)
    rows = range(int(first[image]), int(first[image + 1]))
    return GalleryPicture(
        title=name,
        image_id=dataset.image_id[image],
        width_px=int(dataset.width_px[image]),
        height_px=int(dataset.height_px[image]),
        webp=None if picture is None else picture_webp(picture, where=name),
        instances=[_instance(dataset, row) for row in rows],
        attributes=_stated(dataset.image_attributes, image),
    )


def _instance(dataset: Dataset, row: int) -> GalleryInstance:
    x, y, width, height = dataset.box_xywh[row].tolist()
    return GalleryInstance(
        name=dataset.class_names[dataset.class_index[row]],
        source_id=dataset.annotation_id[row],
        box_xywh=(x, y, width, height),
        area_px=float(dataset.area_px[row]),
        parts=_parts(dataset, row),
        crowd=bool(dataset.crowd[row]),
        attributes=_stated(dataset.instance_attributes, row),
    )


def _parts(dataset: Dataset, row: int) -> Sequence[Sequence[Floats]]:
    """Polygons' rings are united, each a part of its own; those of run lengths are one part, so
    that holes stay holes. None for a box or a line.
    """
    try:
        outline = outline_of(dataset, row)
        if isinstance(outline, dict):
            height, width = outline["size"]
            counts = mask_counts(outline, height=height, width=width)
            return [boundary_rings_of_runs(counts, (height, width))]
    except (ValueError, TypeError, KeyError, OverflowError, msgspec.DecodeError):
        return ()  # `data check` names it; a gallery shows its box
    return [] if outline is None else [[ring] for ring in outline]


def _stated(columns: tuple[Attribute, ...], row: int) -> dict[str, str]:
    values = ((column.name, column.value(row)) for column in columns)
    return {name: value for name, value in values if value is not None}
