"""The compiled 101-point average precision of a set as it is; under weights: `weighted_precision`.

Small, because everyone who evaluates for the first time waits for its compiling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats, Ints, Longs

SPACING = float(np.spacing(1.0))


@njit(cache=True, nogil=True)
def interpolated_precision(
    met_TD: Ints, first_C: Longs, truths_C: Longs, precision: Floats, ap_CT: Floats
) -> None:
    """Fill `ap_CT` with COCO's AP of each class and threshold; classes without truth are left.

    `met_TD`: as `Matches.truth_row`, by class and falling score. `precision`: scratch, as long as
    the longest class. The envelope is only needed at hits: between two of them precision falls. A
    recall level counts as pycocotools' `accumulate` counts it: hits / truths ≥ linspace(0, 1, 101)
    in floating point.
    """
    for c in range(len(truths_C)):
        truths = truths_C[c]
        if truths == 0:
            continue
        for t in range(len(met_TD)):
            hits = 0
            counted = 0
            for d in range(first_C[c], first_C[c + 1]):
                if met_TD[t, d] == -2:
                    continue
                counted += 1
                if met_TD[t, d] >= 0:
                    precision[hits] = (hits + 1) / (counted + SPACING)
                    hits += 1
            for k in range(hits - 2, -1, -1):
                precision[k] = max(precision[k], precision[k + 1])
            total = 0.0
            k = 0
            for r in range(101):
                level = 1.0 if r == 100 else r * 0.01  # numpy's linspace to the bit
                while k < hits and (k + 1) / truths < level:
                    k += 1
                if k == hits:
                    break
                total += precision[k]
            ap_CT[c, t] = total / 101
