"""Galleries of real labels: whole, small enough, and drawn where the labels say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from segtrial.data.bdd100k.read import read_bdd100k
from segtrial.data.coco.read import read_coco
from segtrial.geometry.outlines import outline_of
from segtrial.geometry.rasterise import instance_counts, mask_counts
from segtrial.geometry.runs import decode_mask
from segtrial.geometry.trace import rings_of
from segtrial.report.gallery import render_gallery
from segtrial.report.gallery_inputs import (
    PICTURES,
    Gallery,
    GalleryInstance,
    GalleryPicture,
)
from segtrial.report.gallery_paths import SIDE_PX, UNITS
from segtrial.report.gallery_pictures import picture_webp
from segtrial.types.masks import pack_masks
from tests.report.gallery_pages import Page, rings_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from segtrial.types.arrays import Bools, Floats
    from segtrial.types.attributes import Attribute
    from segtrial.types.dataset import Dataset

COCO = "coco_mini/instances_val.json"
LVIS = "lvis/lvis_val_100.json"
TRACKS = "bdd100k/scalabel/seg_track/seg_track_sample.json"


def stated(attributes: Sequence[Attribute], row: int) -> dict[str, str]:
    """The attributes that are stated of an image or instance."""
    values = ((attribute.name, attribute.value(row)) for attribute in attributes)
    return {name: value for name, value in values if value is not None}


def parts_of(dataset: Dataset, row: int) -> list[list[Floats]]:
    """The outline of one instance: each ring a part, as rings of a label are united."""
    outline = outline_of(dataset, row)
    if isinstance(outline, dict):
        image = int(dataset.image_index[row])
        height, width = int(dataset.height_px[image]), int(dataset.width_px[image])
        counts = mask_counts(outline, height=height, width=width)
        mask = decode_mask(pack_masks([counts]), 0, height=height, width=width)
        outline = [ring.astype(np.float64) for ring in rings_of(mask)]
    return [[ring] for ring in outline or ()]


def picture_of(dataset: Dataset, image: int, folder: Path | None) -> GalleryPicture:
    """One picture with its instances; without pixels where the file is not in `folder`."""
    first = dataset.first_rows()
    name = dataset.file_name[image]
    path = None if folder is None else folder / name
    webp = None
    if path is not None and path.is_file():
        with Image.open(path) as opened:
            webp = picture_webp(opened, where=str(path))
    return GalleryPicture(
        title=name,
        image_id=dataset.image_id[image],
        width_px=int(dataset.width_px[image]),
        height_px=int(dataset.height_px[image]),
        webp=webp,
        attributes=stated(dataset.image_attributes, image),
        instances=[
            GalleryInstance(
                name=dataset.class_names[dataset.class_index[row]],
                source_id=dataset.annotation_id[row],
                box_xywh=tuple(dataset.box_xywh[row].tolist()),
                area_px=float(dataset.area_px[row]),
                parts=parts_of(dataset, row),
                crowd=bool(dataset.crowd[row]),
                attributes=stated(dataset.instance_attributes, row),
            )
            for row in range(first[image], first[image + 1])
        ],
    )


def gallery_of(dataset: Dataset, rows: Sequence[int], folder: Path | None) -> Gallery:
    pictures = [picture_of(dataset, row, folder) for row in rows]
    note = f"{len(pictures)} of {dataset.images} pictures."
    return Gallery(title=dataset.source, pictures=pictures, notes=(note,))


def drawn_mask(shapes: str, *, height: int, width: int) -> Bools:
    """What the paths of one object fill, in px of the original; its parts united."""
    scale = SIDE_PX * UNITS / max(height, width)
    filled = np.zeros((height, width), np.bool_)
    for d in re.findall(r' d="([^"]*)"', shapes):
        for corners in rings_in(d):
            counts = mask_counts([np.array(corners) / scale], height=height, width=width)
            filled |= decode_mask(pack_masks([counts]), 0, height=height, width=width)
    return filled


@pytest.fixture(scope="module")
def coco(shared_data: Path) -> tuple[Dataset, Gallery, str]:
    dataset = read_coco(shared_data / COCO, None)
    gallery = gallery_of(dataset, range(PICTURES), shared_data / "coco_mini" / "images")
    return dataset, gallery, render_gallery(gallery)


def test_sixty_photographs_make_a_page_under_6_mb(coco: tuple[Dataset, Gallery, str]) -> None:
    _, gallery, html = coco
    assert len(html.encode()) < 6_000_000
    cards = re.findall(r'<li class="card">.*', html)
    assert len(cards) == PICTURES == sum(picture.webp is not None for picture in gallery.pictures)
    assert max(len(card.encode()) for card in cards) < 100_000


def test_every_object_and_class_is_there(coco: tuple[Dataset, Gallery, str]) -> None:
    dataset, _, html = coco
    page = Page(html)
    kept = dataset.image_index < PICTURES
    ids = [record[4] for picture in page.data["pictures"] for record in picture["objects"]]
    assert sorted(ids) == sorted(np.array(list(dataset.annotation_id))[kept].tolist())
    counts = np.bincount(dataset.class_index[kept], minlength=len(dataset.class_names))
    told = {dataset.class_names[row]: n for row, n in enumerate(counts.tolist()) if n}
    assert {name: count for name, count, _ in page.data["classes"]} == told
    crowds = sum(record[2] for picture in page.data["pictures"] for record in picture["objects"])
    assert crowds == dataset.crowd[kept].sum() == 5


def test_what_is_drawn_is_what_the_labels_say(coco: tuple[Dataset, Gallery, str]) -> None:
    dataset, _, html = coco
    page = Page(html)
    row_of = {source_id: row for row, source_id in enumerate(dataset.annotation_id)}
    overlaps = []
    for card, told in zip(
        re.findall(r'<li class="card">.*', html), page.data["pictures"], strict=True
    ):
        width, height = told["size"]
        groups = re.findall(r'<g class="o [^"]*">(.*?)</g>', card)
        for shapes, record in zip(groups, told["objects"], strict=True):
            counts = instance_counts(dataset, row_of[record[4]])
            truth = decode_mask(pack_masks([counts]), 0, height=height, width=width)
            if truth.sum() < 1000 or len(overlaps) == 120:
                continue
            ours = drawn_mask(shapes, height=height, width=width)
            overlaps.append((ours & truth).sum() / (ours | truth).sum())
    assert len(overlaps) == 120
    assert min(overlaps) > 0.97
    assert np.median(overlaps) > 0.995


def test_a_long_tail_without_pictures_shows_only_the_classes_that_occur(shared_data: Path) -> None:
    dataset = read_coco(shared_data / LVIS, None)
    page = Page(render_gallery(gallery_of(dataset, range(dataset.images), None)))
    assert len(page.data["classes"]) == 190
    assert sum(count for _, count, _ in page.data["classes"]) == 977
    assert len([a for a in page.of("span") if a.get("class") == "absent"]) == dataset.images
    assert len(page.html) < 800_000


def test_frames_without_pictures_are_drawn_on_canvases_of_their_size(shared_data: Path) -> None:
    dataset = read_bdd100k(shared_data / TRACKS, None)
    page = Page(render_gallery(gallery_of(dataset, range(dataset.images), None)))
    assert {(a["width"], a["height"]) for a in page.of("rect") if a.get("class") == "blank"} == {
        ("6400", "3600")
    }
    assert sum(len(picture["objects"]) for picture in page.data["pictures"]) == 1768
    assert ".frame{aspect-ratio:1.778}" in page.styles[0]
