"""Values ↔ x coordinates, round ticks, and names cut to fit: what both figures share."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A linear axis: values `low`–`high` lie at x `left`–`right`, in SVG units."""

    low: float
    high: float
    left: float
    right: float

    def x(self, value: float) -> float:
        """The value's x coordinate, also beyond the ends; to a tenth of a unit."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.left + share * (self.right - self.left), 1)

    def inside(self, value: float) -> float:
        """The value's x coordinate, held within the axis."""
        return min(max(self.x(value), self.left), self.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class TickView:
    """A tick with its label."""

    x: float
    text: str
    zero: bool


def round_axis(low: float, high: float, *, left: float, right: float, ticks: int) -> Axis:
    """An axis whose ends are multiples of its tick step and hold [low, high]."""
    step = tick_step(high - low, ticks)
    return Axis(
        low=_rounded(math.floor(low / step + 1e-9) * step),
        high=_rounded(math.ceil(high / step - 1e-9) * step),
        left=left,
        right=right,
    )


def tick_step(span: float, ticks: int) -> float:
    """The smallest round step (1, 2, 2.5 or 5 × 10^k) that cuts the span into at most `ticks`."""
    rough = max(span, 1e-6) / ticks
    power: float = 10.0 ** math.floor(math.log10(rough))
    return _rounded(power * next(step for step in ROUND_STEPS if step * power >= rough * 0.9999))


def tick_views(axis: Axis, *, ticks: int, signed: bool) -> tuple[TickView, ...]:
    """Ticks at the multiples of the axis's step. `signed`: "+" before positive labels."""
    step = tick_step(axis.high - axis.low, ticks)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    decimals += round(step * 10**decimals, 6) % 1 != 0  # a step of 0.025 takes one more
    first, last = math.ceil(axis.low / step - 1e-6), math.floor(axis.high / step + 1e-6)
    views = []
    for count in range(first, last + 1):
        value = _rounded(count * step)
        text = "0" if count == 0 and signed else f"{value:{'+' if signed else ''}.{decimals}f}"
        views.append(TickView(x=axis.x(value), text=text.replace("-", "−"), zero=count == 0))
    return tuple(views)


def cut(name: str, letters: float) -> str:
    """The name, cut with "…" to about `letters` average letters of width."""
    width, kept = 0.0, ""
    for letter in name:
        width += _letter_width(letter)
        if width > letters:
            return kept.rstrip() + "…"
        kept += letter
    return name


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Smallest and largest of the values; (0, 0) where there are none."""
    return (min(values), max(values)) if values else (0.0, 0.0)


def _letter_width(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.8
    if letter in "MWmw@%—":
        return 1.6
    return 1.25 if letter.isupper() else 1.0


def _rounded(value: float) -> float:
    return round(value, 9)
