"""The compiled greedy matching: from overlaps to what each detection met at each threshold.

COCO's rule (pycocotools `evaluateImg`), which LVIS's, Ultralytics' and the class-agnostic ones are
cases of; who takes part, and who is ignored, is `rules.py`'s to say. numba: see `overlap_kernels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from segtrial.types.arrays import Bools, Floats, Ints, Longs


@njit(cache=True, nogil=True)
def match_in_order(
    order: Longs,
    label_D: Ints,
    first: Longs,
    truth_row: Ints,
    iou: Floats,
    label_N: Ints,
    rank_N: Longs,
    ignore_N: Bools,
    crowd_N: Bools,
    ignored_if_unmet: Bools,
    thresholds: Floats,
    taken_N: Longs,
    met_TK: Ints,
) -> None:
    """Each detection of `order` takes, at each threshold, the free truth of highest IoU.

    `order` (K): rows of the detections, of each label and image by falling score. `first`,
    `truth_row`, `iou`: the overlaps, each detection's by falling IoU. `label_D`, `label_N`: only
    equal labels meet; −1 meets nothing. `rank_N`: of equal IoUs the highest rank is met.
    `ignore_N`: truths that make a detection ignored, tried when no other is left; those of
    `crowd_N` may be met many times. `ignored_if_unmet` (K). `taken_N`: zeros (N), scratch, a bit
    for each threshold (at most 63). `met_TK` gets the truth row, −1 for none, −2 for ignored.
    """
    for k in range(len(order)):
        d = order[k]
        none = -2 if ignored_if_unmet[k] else -1
        for t in range(len(thresholds)):
            met_TK[t, k] = none
        label = label_D[d]
        for t in range(len(thresholds)):
            least = min(thresholds[t], 1 - 1e-10)
            bit = np.int64(1) << t
            met = -1
            met_ignored = -1
            reached = False
            best = 0.0
            best_ignored = 0.0
            for p in range(first[d], first[d + 1]):
                value = iou[p]
                if value < least or (met >= 0 and value < best):
                    break
                n = truth_row[p]
                if label_N[n] != label or label < 0:
                    continue
                reached = True
                free = taken_N[n] & bit == 0
                if ignore_N[n]:
                    if (free or crowd_N[n]) and (
                        met_ignored < 0
                        or (value == best_ignored and rank_N[n] > rank_N[met_ignored])
                    ):
                        met_ignored = n
                        best_ignored = value
                elif free and (met < 0 or rank_N[n] > rank_N[met]):
                    met = n
                    best = value
            if not reached:
                break  # nor at a higher threshold
            if met >= 0:
                taken_N[met] |= bit
                met_TK[t, k] = met
            elif met_ignored >= 0:
                taken_N[met_ignored] |= bit
                met_TK[t, k] = -2
