"""Many tests at once: Holm for named classes, Benjamini–Hochberg for exploratory ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.arrays import Floats

if TYPE_CHECKING:
    from collections.abc import Callable


def holm(p_M: Floats) -> Floats:
    """Adjusted p that keeps the familywise error: float64 (M), in the order given.

    With p sorted upwards: p̃_i = max over j ≤ i of min(1, (m − j + 1)·p_j) (Holm 1979, Scand. J.
    Stat. 6:65). NaN (not testable) stays NaN and does not count in m. Equal p are adjusted alike.
    """
    return _adjust(p_M, _holm_sorted)


def benjamini_hochberg(p_M: Floats) -> Floats:
    """Adjusted p that keeps the false discovery rate: float64 (M), in the order given.

    With p sorted upwards: p̃_i = min over j ≥ i of min(1, m·p_j/j) (Benjamini & Hochberg 1995,
    J. R. Stat. Soc. B 57:289). NaN stays NaN and does not count in m. Equal p are adjusted alike.
    """
    return _adjust(p_M, _benjamini_hochberg_sorted)


def _holm_sorted(p: Floats) -> Floats:
    tests_left = np.arange(len(p), 0, -1)
    return np.minimum(1, np.maximum.accumulate(tests_left * p))


def _benjamini_hochberg_sorted(p: Floats) -> Floats:
    scaled = p * (len(p) / np.arange(1, len(p) + 1))
    return np.minimum(1, np.minimum.accumulate(scaled[::-1])[::-1])


def _adjust(p_M: Floats, adjust_sorted: Callable[[Floats], Floats]) -> Floats:
    adjusted = np.full(len(p_M), np.nan)
    tested = np.flatnonzero(np.isfinite(p_M))
    order = tested[np.argsort(p_M[tested], kind="stable")]
    adjusted[order] = adjust_sorted(p_M[order])
    return adjusted
