"""Colours: red, green, blue in [0, 1], as in sRGB. Palettes stand with what wears them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

Colour: TypeAlias = tuple[float, float, float]
Option = TypeVar("Option")

BLACK: Colour = (0.05, 0.05, 0.06)
WHITE: Colour = (0.93, 0.93, 0.92)
STEEL: Colour = (0.48, 0.5, 0.53)
GLASS: Colour = (0.16, 0.22, 0.28)
LAMP: Colour = (1.0, 0.93, 0.72)
RED: Colour = (0.8, 0.1, 0.11)
BLUE: Colour = (0.07, 0.26, 0.66)


def pick(rng: np.random.Generator, options: Sequence[Option]) -> Option:
    """One of `options`, all equally likely."""
    return options[int(rng.integers(len(options)))]


def shade(colour: Colour, factor: float) -> Colour:
    """The colour under more (> 1) or less (< 1) light."""
    r, g, b = colour
    return (min(r * factor, 1.0), min(g * factor, 1.0), min(b * factor, 1.0))


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of `second` in `first`."""
    return (
        first[0] + (second[0] - first[0]) * share,
        first[1] + (second[1] - first[1]) * share,
        first[2] + (second[2] - first[2]) * share,
    )


def vary(rng: np.random.Generator, colour: Colour, amount: float = 0.06) -> Colour:
    """The colour, somewhat lighter or darker and a little off in hue."""
    light = 1.0 + rng.uniform(-amount, amount) * 2
    r, g, b = (colour + rng.uniform(-amount, amount) for colour in colour)
    return (
        min(max(r * light, 0.0), 1.0),
        min(max(g * light, 0.0), 1.0),
        min(max(b * light, 0.0), 1.0),
    )
