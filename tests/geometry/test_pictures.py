"""Which way up a picture is."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from segtrial.geometry.pictures import is_sideways, upright


def jpeg(orientation: int | None) -> Image.Image:
    """20 × 10 px, the upper left quarter white."""
    picture = Image.new("RGB", (20, 10))
    picture.paste((255, 255, 255), (0, 0, 10, 5))
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, quality=95)
    return Image.open(out)


@pytest.mark.parametrize("orientation", [None, 1, 2, 3, 4, 5, 6, 7, 8])
def test_upright_pictures_have_the_size_that_was_told(orientation: int | None) -> None:
    stored = jpeg(orientation)
    sideways = is_sideways(stored)
    assert sideways == (orientation in {5, 6, 7, 8})
    assert upright(stored).size == ((10, 20) if sideways else (20, 10))


@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, (2, 2)), (3, (17, 7)), (6, (7, 2)), (8, (2, 17))]
)
def test_the_white_quarter_goes_where_the_orientation_says(
    orientation: int, corner: tuple[int, int]
) -> None:
    pixel = upright(jpeg(orientation)).getpixel(corner)
    assert isinstance(pixel, tuple)
    assert min(pixel) > 200


def test_other_formats_are_as_they_are_stored() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10)).save(out, "PNG", exif=exif)
    picture = Image.open(out)
    assert not is_sideways(picture)
    assert upright(picture).size == (20, 10)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # Pillow tells of it when it opens the file
def test_damaged_exif_is_no_orientation() -> None:
    out = io.BytesIO()
    Image.new("RGB", (20, 10)).save(out, "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    picture = Image.open(out)
    assert not is_sideways(picture)
    assert upright(picture).size == (20, 10)
