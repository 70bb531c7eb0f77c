"""Picture files: which decoders may run, and which way up a picture is."""

from __future__ import annotations

import struct

from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")  # what label formats name; no other decoder runs
DAMAGE = (OSError, ValueError, SyntaxError, TypeError, LookupError, EOFError, struct.error)
"""What Pillow raises for damaged headers, beside its own errors."""

_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that exchange width and height


def is_sideways(picture: Image.Image) -> bool:
    """Whether the EXIF orientation exchanges width and height; no pixel is decoded."""
    if picture.format not in ("JPEG", "MPO"):  # of a PNG, Pillow would decode the pixels
        return False
    try:
        return picture.getexif().get(_ORIENTATION) in _SIDEWAYS
    except DAMAGE:  # decoders show a picture with damaged EXIF as it is
        return False


def is_turned(picture: Image.Image) -> bool:
    """Whether the EXIF orientation turns or mirrors the picture at all."""
    if picture.format not in ("JPEG", "MPO"):
        return False
    try:
        return picture.getexif().get(_ORIENTATION, 1) in range(2, 9)
    except DAMAGE:
        return False


def upright(picture: Image.Image) -> Image.Image:
    """The picture as its EXIF orientation turns it, where it has one that can be read."""
    if picture.format not in ("JPEG", "MPO"):
        return picture
    try:
        return ImageOps.exif_transpose(picture)
    except DAMAGE:
        return picture
