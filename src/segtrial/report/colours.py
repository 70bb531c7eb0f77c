"""Colours of classes in pictures, told apart by colour-blind readers too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]  # red, green, blue in 0–255

# Okabe and Ito (2008), without black; yellow last, it is faint on bright scenes.
OKABE_ITO: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (213, 94, 0),
    (0, 114, 178),
    (204, 121, 167),
    (240, 228, 66),
)
UNKNOWN: Colour = (150, 150, 150)


def class_colours(names: Sequence[str]) -> dict[str, Colour]:
    """A colour per class name, in the order given: pass the classes that matter first.

    The first 7 are Okabe and Ito's; then come lighter and darker turns of the same hues, and
    after 21 names colours repeat: the label in the picture tells such classes apart.
    """
    turns = (OKABE_ITO, _mixed(255, 0.45), _mixed(0, 0.35))
    palette = [colour for turn in turns for colour in turn]
    return {name: palette[index % len(palette)] for index, name in enumerate(names)}


def _mixed(towards: int, share: float) -> tuple[Colour, ...]:
    def mix(channel: int) -> int:
        return round(channel + (towards - channel) * share)

    return tuple((mix(red), mix(green), mix(blue)) for red, green, blue in OKABE_ITO)
