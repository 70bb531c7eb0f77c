"""How numbers are written in reasons and sentences."""

from __future__ import annotations

import math


def decimals(*values: float) -> int:
    """Three, or more (up to six) where one of the values would be rounded to nothing."""
    sizes = [abs(value) for value in values if value]
    return next((n for n in range(3, 6) if all(round(size, n) for size in sizes)), 6)


def signed(value: float, digits: int = 3) -> str:
    """The number with + or −; without a sign where rounding leaves nothing of it."""
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return text
    return ("−" if value < 0 else "+") + text


def rounded_up(value: float) -> str:
    """Two significant digits, not less than `value` > 0: a promise is not rounded down."""
    digits = 1 - math.floor(math.log10(value))
    # to ten digits first: 100 × 0.56 is a little more than 56 and would become 0.57
    steps = math.ceil(round(value * 10**digits, 10))
    text = f"{steps / 10**digits:.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def p_value(value: float) -> str:
    """`p = 0.012`, or `p < 0.001`."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def count(number: int, noun: str) -> str:
    """`1 seed`, `3 seeds`, `12 other classes`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}es" if noun.endswith("s") else f"{number} {noun}s"


def seeds_text(seeds: tuple[int, int]) -> str:
    """`3 seeds`, or `3 and 5 seeds` for control and arm."""
    return count(seeds[0], "seed") if seeds[0] == seeds[1] else f"{seeds[0]} and {seeds[1]} seeds"


def series(texts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
