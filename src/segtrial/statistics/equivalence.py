"""Equivalence: shown to be small, which is more than not shown to differ."""

from __future__ import annotations

import numpy as np
from scipy import stats

from segtrial.types.arrays import Floats

EQUIVALENCE_LEVEL = 0.05
EQUIVALENCE_CONFIDENCE = 1 - 2 * EQUIVALENCE_LEVEL


def equivalence_p(
    difference_C: Floats, standard_error_C: Floats, df: float | Floats, *, margin: float
) -> Floats:
    """p of two one-sided tests that |true difference| ≥ margin: float64 (C).

    p = P(T_df > (margin − |difference|)/standard error), the larger of the two one-sided p
    (Schuirmann 1987, J. Pharmacokinet. Biopharm. 15:657). p < .05 exactly where the 90 % interval
    lies inside ± margin. NaN where the difference is undefined or the standard error is 0 or
    undefined (no truth, one seed, no noise).
    """
    usable = np.isfinite(difference_C) & (standard_error_C > 0)
    p_C = np.full(len(difference_C), np.nan)
    room = margin - np.abs(difference_C[usable])
    df_C = np.broadcast_to(df, p_C.shape)
    p_C[usable] = stats.t.sf(room / standard_error_C[usable], df_C[usable])
    return p_C
