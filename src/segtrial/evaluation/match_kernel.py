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
    place: Longs,
    first: Longs,
    truth_row: Ints,
    iou: Floats,
    rank_N: Longs,
    ignore_N: Bools,
    crowd_N: Bools,
    thresholds: Floats,
    taken_N: Longs,
    met_TK: Ints,
) -> None:
    """Each detection takes, at each threshold, the free truth of highest IoU.

    J detections that may meet something, of each label and image by falling score; `place` (J):
    their columns of `met_TK`. `first` (J + 1), `truth_row`, `iou`: the truths that each may meet,
    by falling IoU. `rank_N`: of equal IoUs the highest rank is met. `ignore_N`: truths that make a
    detection ignored, tried when no other is left; those of `crowd_N` may be met many times.
    `taken_N`: zeros (N), scratch, a bit for each threshold (at most 63). `met_TK` gets the truth
    row, or −2 for an ignored one; where nothing is met it is left as it is.
    """
    for j in range(len(place)):
        for t in range(len(thresholds)):
            least = min(thresholds[t], 1 - 1e-10)
            if iou[first[j]] < least:
                break
            bit = np.int64(1) << t
            met = -1
            met_ignored = -1
            best = 0.0
            best_ignored = 0.0
            for p in range(first[j], first[j + 1]):
                value = iou[p]
                if value < least or (met >= 0 and value < best):
                    break
                n = truth_row[p]
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
            if met >= 0:
                taken_N[met] |= bit
                met_TK[t, place[j]] = met
            elif met_ignored >= 0:
                taken_N[met_ignored] |= bit
                met_TK[t, place[j]] = -2


@njit(cache=True, nogil=True)
def rank_in_cells(label: Ints, image: Ints, seen_I: Longs, label_I: Longs, rank: Ints) -> None:
    """How many rows of the same label and image stand before each row; equal labels together.

    `seen_I`: zeros, `label_I`: −1s, scratch for each image.
    """
    for k in range(len(label)):
        i = image[k]
        if label_I[i] != label[k]:
            label_I[i] = label[k]
            seen_I[i] = 0
        rank[k] = seen_I[i]
        seen_I[i] += 1
