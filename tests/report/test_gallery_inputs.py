from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segtrial.report.gallery_inputs import MOST_PICTURES, Gallery, GalleryInstance, GalleryPicture
from segtrial.report.gallery_pictures import LARGEST_BYTES, picture_webp
from segtrial.types.errors import DataError


def instance(**changes: Any) -> GalleryInstance:
    fields: dict[str, Any] = {
        "name": "car",
        "source_id": "7",
        "box_xywh": (0.0, 0.0, 4.0, 4.0),
        "area_px": 16.0,
    }
    return GalleryInstance(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"box_xywh": (0.0, float("nan"), 4.0, 4.0)},
        {"area_px": float("inf")},
        {"score": float("nan")},
        {"score": 1.5},
        {"parts": [[np.array([[0.0, float("nan")], [1, 1], [2, 0]])]]},
        {"parts": [[np.zeros((4, 3))]]},
        {"parts": [[np.zeros((0, 2))]]},
    ],
)
def test_an_object_that_cannot_be_drawn_is_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError) as caught:
        instance(**changes)
    assert caught.value.where == "object '7' of class 'car'"
    assert caught.value.next_step


def picture(**changes: Any) -> GalleryPicture:
    fields: dict[str, Any] = {"title": "a.jpg", "image_id": "1", "width_px": 20, "height_px": 10}
    return GalleryPicture(**{**fields, "webp": None, "instances": (), **changes})


def test_a_picture_without_a_size_is_refused() -> None:
    with pytest.raises(DataError, match=r"a\.jpg"):
        picture(height_px=0)


@pytest.mark.parametrize("pictures", [0, MOST_PICTURES + 1])
def test_a_gallery_holds_1_to_500_pictures(pictures: int) -> None:
    assert Gallery(title="t", pictures=[picture()] * MOST_PICTURES)
    with pytest.raises(DataError, match="1 to 500"):
        Gallery(title="t", pictures=[picture()] * pictures)


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def opened(webp: bytes) -> Image.Image:
    return Image.open(io.BytesIO(webp))


@pytest.mark.parametrize(
    ("size", "shown"),
    [((1280, 720), (640, 360)), ((300, 900), (213, 640)), ((100, 80), (100, 80)), ((1, 1), (1, 1))],
)
def test_pictures_are_shrunk_to_640_px_and_never_enlarged(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    found = opened(picture_webp(Image.new("RGB", size, (9, 99, 200)), where="a.png"))
    assert (found.format, found.size) == ("WEBP", shown)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "LA"])
def test_pictures_of_every_mode_are_taken(mode: str) -> None:
    assert opened(picture_webp(noise(40, 30).convert(mode), where="a.png")).size == (40, 30)


def test_a_picture_full_of_detail_is_made_small_enough() -> None:
    webp = picture_webp(noise(1600, 1200), where="a.png")
    assert len(webp) <= LARGEST_BYTES
    assert max(opened(webp).size) >= 320


def test_colours_are_kept() -> None:
    colour = opened(picture_webp(Image.new("RGB", (800, 800), (9, 99, 200)), where="a")).getpixel(
        (5, 5)
    )
    assert colour == pytest.approx((9, 99, 200), abs=4)


def test_a_truncated_picture_is_an_error_that_names_the_file() -> None:
    buffer = io.BytesIO()
    noise(200, 200).save(buffer, "JPEG")
    half = Image.open(io.BytesIO(buffer.getvalue()[:3000]))
    with pytest.raises(DataError) as caught:
        picture_webp(half, where="pictures/half.jpg")
    assert caught.value.where == "pictures/half.jpg"


def test_the_picture_handed_in_is_not_written_to() -> None:
    image = noise(700, 500)
    before = image.tobytes()
    picture_webp(image, where="a.png")
    assert image.tobytes() == before
