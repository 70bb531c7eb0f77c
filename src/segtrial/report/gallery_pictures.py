"""A picture as WebP bytes, small enough for a page that holds many.

Place in the flow: called by whoever opens the picture files, one at a time. Nothing is drawn on
the picture: outlines are SVG (`gallery_paths.py`).
"""

from __future__ import annotations

import io

from PIL import Image

from segtrial.report.gallery_paths import SIDE_PX
from segtrial.types.errors import DataError

LARGEST_BYTES = 54_000  # 72 kB as base64: leaves 28 kB of 100 for outlines and records
# Longer side in px and WebP quality, best first; the last is taken however large.
STEPS = ((640, 82), (640, 74), (640, 66), (640, 56), (640, 46), (520, 46), (420, 42), (320, 36))


def picture_webp(image: Image.Image, *, where: str) -> bytes:
    """The picture as WebP, its longer side at most 640 px, in at most 54 kB.

    A picture full of detail loses quality first, then size; only one that exceeds 54 kB at 320 px
    is larger. Never enlarged, never turned: labels are in the px of the file as it is stored,
    whatever its EXIF orientation says. `where`: the file, for the error. Raises DataError where
    it cannot be decoded.
    """
    try:
        colour = _at_most(image.convert("RGB"), SIDE_PX)
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(
            "A picture that cannot be decoded.",
            where=where,
            expected="a whole PNG or JPEG file",
            got=f"{error}",
            next_step="copy the file again, or leave the picture out",
        ) from error
    for side, quality in STEPS:
        buffer = io.BytesIO()
        shrunk = _at_most(colour, side)
        shrunk.save(buffer, "WEBP", quality=quality, method=2)  # 3+: no smaller, slower
        if buffer.tell() <= LARGEST_BYTES:
            break
    return buffer.getvalue()


def _at_most(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
