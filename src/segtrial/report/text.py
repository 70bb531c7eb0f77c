"""Numbers as text. Every figure of the report passes through here, and only here is rounded.

Undefined (None, NaN, infinite) is "–", never 0; a value strictly between 0 and 1 is never
rounded to 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from segtrial.types.comparison import Interval

UNDEFINED = "–"
MINUS = "−"


def defined(value: float | None) -> float | None:
    """The value, or None where it is NaN or infinite."""
    return value if value is not None and math.isfinite(value) else None


def ap_text(value: float | None) -> str:
    """AP in [0, 1] with 3 decimals; "<0.001" and ">0.999" where rounding would make 0 or 1."""
    value = defined(value)
    if value is None:
        return UNDEFINED
    if 0 < value < 0.0005:
        return "<0.001"
    if 0.9995 <= value < 1:
        return ">0.999"
    return f"{value:.3f}".replace("-", MINUS)


def difference_text(value: float | None) -> str:
    """A difference with its sign; "−0.000" is a loss below 0.0005, "0.000" is exactly none."""
    value = defined(value)
    if value is None:
        return UNDEFINED
    return "0.000" if value == 0 else f"{value:+.3f}".replace("-", MINUS)


def interval_text(interval: Interval) -> str:
    """`[low, high]`, or "–" where both ends are undefined."""
    low, high = (_bound_text(end) for end in interval)
    return UNDEFINED if low == high == UNDEFINED else f"[{low}, {high}]"


def p_text(value: float | None) -> str:
    """A p-value with 3 decimals, "<0.001" below that, ">0.999" where rounding would make 1."""
    value = defined(value)
    if value is None:
        return UNDEFINED
    if value < 0.001:
        return "<0.001"
    return ">0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def percent_text(fraction: float) -> str:
    """A share as "50 %"; as many decimals as it takes to not round to 0 or 100."""
    percent = fraction * 100
    for decimals in (0, 1, 2, 3):
        text = f"{percent:.{decimals}f}"
        rounded_away = float(text) in {0, 100} and float(text) != percent
        if abs(float(text) - percent) < 10**-decimals / 20 and not rounded_away:
            break
    if percent > 0 and float(text) == 0:
        return "<0.001 %"
    return ">99.999 %" if percent < 100 and float(text) == 100 else f"{text} %"


def count_text(count: int) -> str:
    """An integer with thousands separated by a comma."""
    return f"{count:,}".replace("-", MINUS)


def number_of(count: int, singular: str, plural: str = "") -> str:
    """`1 class`, `2 classes`: the count with its noun."""
    return f"{count_text(count)} {singular if count == 1 else plural or singular + 's'}"


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def setting_text(value: object) -> str:
    """A recipe's value as its author would write it in the trial file."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    parts = _parts(value)
    if parts is not None:
        return "{ " + ", ".join(f"{key} = {setting_text(part)}" for key, part in parts) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(setting_text(part) for part in value) + "]"
    return str(value)


def settings(value: object, prefix: str = "") -> list[tuple[str, str]]:
    """A nested record as rows of dotted key and text, in the order of its fields."""
    parts = _parts(value)
    if parts is None:
        return [(prefix, setting_text(value))]
    rows: list[tuple[str, str]] = []
    for key, part in parts:
        rows += settings(part, f"{prefix}.{key}" if prefix else key)
    return rows


def _parts(value: object) -> list[tuple[str, object]] | None:
    """The named parts of a record or mapping; None for anything else."""
    if isinstance(value, Mapping):
        return [(str(key), part) for key, part in value.items()]
    names = getattr(value, "__struct_fields__", None)
    return None if names is None else [(name, getattr(value, name)) for name in names]


def _bound_text(end: float | None) -> str:
    text = difference_text(end)  # the sign stays where it is all that is left: "+0.000"
    return text if text == "+0.000" else text.removeprefix("+")
