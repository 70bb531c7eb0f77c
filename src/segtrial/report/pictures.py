"""Panels as WebP data URIs within a byte budget, so that the report stays one small file."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from segtrial.report.inputs import Picture, Pixels

PICTURE_BYTES = 1_400_000  # of all data URIs together
LARGEST_URI = 64_000  # of one, however few there are
# Longer side in px and WebP quality, best first; the last is taken however large.
STEPS = ((640, 82), (640, 70), (520, 70), (440, 66), (400, 58), (340, 52), (280, 45), (160, 30))


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelView:
    """A panel ready to show; `alternative` is read aloud instead of the picture."""

    label: str
    alternative: str
    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureView:
    """A row of panels with its title."""

    title: str
    panels: tuple[PanelView, ...]


def picture_views(pictures: Sequence[Picture]) -> tuple[PictureView, ...]:
    """Encode every panel as large and as good as its share of the budget allows."""
    panels = sum(len(picture.panels) for picture in pictures)
    budget = min(LARGEST_URI, PICTURE_BYTES // max(panels, 1))
    return tuple(_picture_view(picture, budget) for picture in pictures)


def _picture_view(picture: Picture, budget: int) -> PictureView:
    views = []
    for panel in picture.panels:
        uri, (width, height) = _encoded(panel.image, budget)
        views.append(
            PanelView(
                label=panel.label,
                alternative=f"{panel.label}: {picture.title}",
                uri=uri,
                width=width,
                height=height,
            )
        )
    return PictureView(title=picture.title, panels=tuple(views))


def _encoded(pixels: Pixels, budget: int) -> tuple[str, tuple[int, int]]:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image = image.convert("RGB")
    for side, quality in STEPS:
        smaller = _at_most(image, side)
        buffer = io.BytesIO()
        smaller.save(buffer, "WEBP", quality=quality, method=2)  # 3+: no smaller, slower
        uri = "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
        if len(uri) <= budget:
            break
    return uri, smaller.size


def _at_most(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)
