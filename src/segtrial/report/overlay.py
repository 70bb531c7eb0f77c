"""Truth or predictions drawn on a picture: translucent masks, outlines, labels.

Axes: H, W the picture's height and width; K objects. Drawing is done at the size shown, so
labels stay readable on 128 × 160 px and on 4-megapixel pictures alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from segtrial.report.colours import UNKNOWN, Colour
from segtrial.types.arrays import Bools, Bytes, Floats
from segtrial.types.errors import RecordError

SIDE_PX = 640  # the longer side of what is drawn
FONT_PX = 19  # three panels share a page's width, so text shows at about half this size
LABEL_LETTERS = 22
MASK_ALPHA = 0.42
LINE_PX = 3
PAD_PX = 3

_Box = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom excluded


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Object:
    box: _Box
    mask: Bools | None
    text: str
    colour: Colour


def overlay(
    image_HW3: Bytes,
    boxes_xywh: Floats,
    masks: Sequence[Bools] | None,
    names: Sequence[str],
    scores: Sequence[float] | None,
    colours: Mapping[str, Colour],
) -> Image.Image:
    """Draw K objects on a picture; the result's longer side is 640 px.

    `image_HW3`: uint8 (H, W, 3), RGB. `boxes_xywh`: (K, 4) in px of that picture, x and y of the
    upper left corner, width and height, far edge excluded; parts outside are not drawn.
    `masks`: K bool arrays (H, W), or None for boxes alone. `scores`: in [0, 1], shown after the
    name. A name without a colour is grey. Larger objects are drawn first; a label that finds no
    free place is left out, its outline stays.
    Raises RecordError when the lengths or shapes disagree.
    """
    _check(image_HW3, boxes_xywh, masks, names, scores)
    picture = _resized(image_HW3)
    objects = _objects(picture.size, image_HW3.shape, boxes_xywh, masks, names, scores, colours)
    pixels_HW3 = np.asarray(picture).copy()
    for thing in objects:
        _paint_mask(pixels_HW3, thing)
    drawn = Image.fromarray(pixels_HW3)
    draw = ImageDraw.Draw(drawn)
    for thing in objects:
        _outline_box(draw, thing)
    _write_labels(draw, picture.size, objects)
    return drawn


def _check(
    image_HW3: Bytes,
    boxes_xywh: Floats,
    masks: Sequence[Bools] | None,
    names: Sequence[str],
    scores: Sequence[float] | None,
) -> None:
    if image_HW3.ndim != 3 or image_HW3.shape[2] != 3 or image_HW3.dtype != np.uint8:
        got = f"{image_HW3.dtype} of shape {image_HW3.shape}"
        raise RecordError("not a picture", expected="uint8 of shape (H, W, 3)", got=got)
    lengths = {len(boxes_xywh), len(names)}
    lengths |= {len(part) for part in (masks, scores) if part is not None}
    if len(lengths) != 1:
        raise RecordError(
            "boxes, masks, names and scores of a picture differ in number",
            expected="one of each per object",
            got=", ".join(str(length) for length in sorted(lengths)),
        )
    odd = [mask.shape for mask in masks or () if mask.shape != image_HW3.shape[:2]]
    if odd:
        raise RecordError(
            "a mask that does not fit its picture",
            expected=f"shape {image_HW3.shape[:2]}",
            got=f"{odd[0]}",
        )


def _resized(image_HW3: Bytes) -> Image.Image:
    picture = Image.fromarray(image_HW3)
    scale = SIDE_PX / max(picture.size)
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    kind = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    return picture.resize((size[0], size[1]), kind)


def _objects(
    size: tuple[int, int],
    shape: tuple[int, ...],
    boxes_xywh: Floats,
    masks: Sequence[Bools] | None,
    names: Sequence[str],
    scores: Sequence[float] | None,
    colours: Mapping[str, Colour],
) -> list[_Object]:
    """Objects in px of the drawn picture, largest first; ties keep their order."""
    scale_xy = (size[0] / shape[1], size[1] / shape[0])
    objects = []
    for k, name in enumerate(names):
        short = name if len(name) <= LABEL_LETTERS else name[: LABEL_LETTERS - 1] + "…"
        thing = _Object(
            box=_drawn_box(boxes_xywh[k], scale_xy, size),
            mask=None if masks is None else _drawn_mask(masks[k], size),
            text=short if scores is None else f"{short} {_score_text(scores[k])}",
            colour=colours.get(name, UNKNOWN),
        )
        if thing.box[0] < thing.box[2] and thing.box[1] < thing.box[3]:
            objects.append(thing)
    return sorted(objects, key=lambda o: -(o.box[2] - o.box[0]) * (o.box[3] - o.box[1]))


def _score_text(score: float) -> str:
    text = f"{score:.2f}"
    return ">.99" if text == "1.00" and score < 1 else text.removeprefix("0")


def _drawn_box(box_xywh: Floats, scale_xy: tuple[float, float], size: tuple[int, int]) -> _Box:
    x, y, width, height = (float(number) for number in box_xywh)
    left, right = (round(edge * scale_xy[0]) for edge in (x, x + width))
    top, bottom = (round(edge * scale_xy[1]) for edge in (y, y + height))
    return max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1])


def _drawn_mask(mask_HW: Bools, size: tuple[int, int]) -> Bools:
    """Nearest neighbour: an enlarged mask shows its own pixels."""
    resized = Image.fromarray(mask_HW.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    return np.asarray(resized).astype(np.bool_)


def _paint_mask(pixels_HW3: Bytes, thing: _Object) -> None:
    """Blend the mask's inside, and draw its rim in full colour. Writes into the pixels."""
    if thing.mask is None:
        return
    inside = pixels_HW3[thing.mask].astype(np.float64)
    blended = inside * (1 - MASK_ALPHA) + np.array(thing.colour) * MASK_ALPHA
    pixels_HW3[thing.mask] = blended.round().astype(np.uint8)
    pixels_HW3[thing.mask & ~_eroded(_eroded(_eroded(thing.mask)))] = thing.colour


def _eroded(mask_HW: Bools) -> Bools:
    """The mask without its 4-connected rim; beyond the picture counts as inside."""
    padded = np.pad(mask_HW, 1, mode="edge")
    core: Bools = padded[1:-1, 1:-1] & padded[:-2, 1:-1] & padded[2:, 1:-1]
    return core & padded[1:-1, :-2] & padded[1:-1, 2:]


def _outline_box(draw: ImageDraw.ImageDraw, thing: _Object) -> None:
    left, top, right, bottom = thing.box
    width = LINE_PX if thing.mask is None else 1
    draw.rectangle((left, top, right - 1, bottom - 1), outline=thing.colour, width=width)


def _write_labels(
    draw: ImageDraw.ImageDraw, size: tuple[int, int], objects: Sequence[_Object]
) -> None:
    """Large objects choose the place of their label first."""
    font = ImageFont.load_default(FONT_PX)
    taken: list[_Box] = []
    for thing in objects:
        text_left, text_top, text_right, text_bottom = draw.textbbox((0, 0), thing.text, font=font)
        width = min(round(text_right - text_left) + 2 * PAD_PX, size[0])
        height = min(round(text_bottom - text_top) + 2 * PAD_PX, size[1])
        place = _free_place(thing.box, (width, height), size, taken)
        if place is None:
            continue
        taken.append(place)
        left, top, right, bottom = place
        draw.rectangle((left, top, right - 1, bottom - 1), fill=thing.colour)
        origin = (left + PAD_PX - text_left, top + PAD_PX - text_top)
        draw.text(origin, thing.text, fill=_ink(thing.colour), font=font)


def _free_place(
    box: _Box, label: tuple[int, int], size: tuple[int, int], taken: Sequence[_Box]
) -> _Box | None:
    """Above the box, inside its top, below it, inside its bottom: the first that is free."""
    width, height = label
    left, top, right, bottom = box
    for x in (left, right - width):
        for y in (top - height, top, bottom, bottom - height):
            x_in = min(max(x, 0), size[0] - width)
            y_in = min(max(y, 0), size[1] - height)
            place = (x_in, y_in, x_in + width, y_in + height)
            if not any(_overlap(place, other) for other in taken):
                return place
    return None


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _ink(colour: Colour) -> Colour:
    """Black or white, whichever stands out more on the colour (Rec. 709 luma)."""
    luma = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]
    return (0, 0, 0) if luma > 120 else (255, 255, 255)
