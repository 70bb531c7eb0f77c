"""Shares and differences of shares as text; other numbers are `text`'s.

Undefined is "–"; a share strictly between 0 and 1 is never rounded to 0 or 100 %.
"""

from __future__ import annotations

from segtrial.report.text import MINUS, UNDEFINED, defined
from segtrial.types.comparison import Interval


def share_text(fraction: float | None) -> str:
    """A share in whole percent, below 1 % with one decimal; "<0.1 %" and ">99 %" at the ends."""
    value = defined(fraction)
    if value is None:
        return UNDEFINED
    percent = value * 100
    if 0 < percent < 0.05:
        return "<0.1 %"
    if 99.5 <= percent < 100:
        return ">99 %"
    return f"{percent:.1f} %" if 0 < percent < 0.95 else f"{percent:.0f} %"


def share_interval_text(interval: Interval) -> str:
    """`[low, high]` in percent with one decimal, or "–" where both ends are undefined."""
    low, high = (_end(defined(end)) for end in interval)
    return UNDEFINED if low == high == UNDEFINED else f"[{low}, {high}]"


def points_text(difference: float | None) -> str:
    """A difference of shares in percentage points, with its sign; "0.0" is exactly none."""
    value = defined(difference)
    if value is None:
        return UNDEFINED
    return "0.0" if value == 0 else f"{value * 100:+.1f}".replace("-", MINUS)


def points_interval_text(interval: Interval) -> str:
    """`[low, high]` in percentage points, or "–" where both ends are undefined."""
    low, high = (points_text(end) for end in interval)
    if low == high == UNDEFINED:
        return UNDEFINED
    return ", ".join(end if end == "+0.0" else end.removeprefix("+") for end in (low, high)).join(
        "[]"
    )


def confidence_text(confidence: float | None) -> str:
    """A confidence in [0, 1] with two decimals."""
    value = defined(confidence)
    return UNDEFINED if value is None else f"{value:.2f}"


def _end(value: float | None) -> str:
    if value is None:
        return UNDEFINED
    percent = value * 100
    if 0 < percent < 0.05:
        return "<0.1"
    if 99.95 <= percent < 100:
        return ">99.9"
    return f"{percent:.0f}" if percent in {0, 100} else f"{percent:.1f}"
