"""Compiled kernels of average precision under image weights; called by `average_precision.py`.

What does not depend on the weights is listed once (`list_stretches`); then a block of resamples is
evaluated together (`block_precision`), because loops over a block become vector instructions. Two
kernels are over 40 lines: numba takes no records, and one that calls others compiles them twice.
Axes: D detections, I images, C classes, T thresholds, B resamples of a block, K stretches, G ties.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from segtrial.types.arrays import Bools, Floats, Ints, Longs

SPACING = float(np.spacing(1.0))
# far above the rounding error of 100 · recall, far below 1 / 2^31, its distance from whole numbers
MARGIN = 1e-12
# rows of a block's `state`
HITS, BEST, TOTAL, LEVELS, POSITIVES, ROWS = 0, 1, 2, 3, 4, 5


@njit(cache=True, nogil=True)
def list_stretches(
    met_TD: Ints,
    first_C: Longs,
    rows_T: Longs,
    tie_start_G: Ints,
    tie_stop_G: Ints,
    start_K: Ints,
    stop_K: Ints,
    mixed_K: Bools,
    first_CT: Longs,
    ignores_CT: Bools,
) -> None:
    """Fill in the stretches of hits of each class at each of the thresholds `rows_T`.

    A stretch, rows `start_K` to `stop_K` (not included), begins and ends with a hit and holds no
    false positive. With `mixed_K` it is a tie instead: detections of one image, class and score of
    which some are hits and some false positives; other ties need no care. `tie_start_G`,
    `tie_stop_G`: the ties of two detections or more, and D after the last. `first_CT`: int64
    (C · T + 1), the first stretch of each class and threshold; `ignores_CT`: bool (C · T), whether
    some detection is ignored and it matters. The arrays of K hold as many rows as there are hits.
    """
    k = np.int64(0)
    first_tie = 0
    for c in range(len(first_C) - 1):
        while tie_start_G[first_tie] < first_C[c]:
            first_tie += 1
        for i in range(len(rows_T)):
            t = rows_T[i]
            first_CT[c * len(rows_T) + i] = k
            ignores = False
            inside = False
            tie = first_tie
            d = first_C[c]
            while d < first_C[c + 1]:
                if d == tie_start_G[tie]:
                    stop = np.int64(tie_stop_G[tie])
                    tie += 1
                    hits = misses = 0
                    for e in range(d, stop):
                        hits += met_TD[t, e] >= 0
                        misses += met_TD[t, e] == -1
                    if hits > 0 and misses > 0:
                        ignores |= hits + misses < stop - d
                        start_K[k] = d
                        stop_K[k] = stop
                        mixed_K[k] = True
                        k += 1
                        inside = False
                        d = stop
                        continue
                if met_TD[t, d] >= 0:
                    if not inside:
                        start_K[k] = d
                        mixed_K[k] = False
                        k += 1
                        inside = True
                    stop_K[k - 1] = d + 1
                elif met_TD[t, d] == -1:
                    inside = False
                else:
                    ignores = True
                d += 1
            ignores_CT[c * len(rows_T) + i] = ignores and k > first_CT[c * len(rows_T) + i]
    first_CT[len(first_CT) - 1] = k


@njit(cache=True, nogil=True, error_model="numpy")
def levels_reached(hits: float, positives: float) -> float:
    """How many of the recall levels 0, .01 … 1 are ≤ hits / positives, as floats compare.

    Only where 100 · hits / positives is whole does rounding decide. numpy's linspace(0, 1, 101) is
    to the bit r · 0.01, also at r = 100.
    """
    recall = hits / positives
    recall = 1.0 if recall > 1.0 else recall
    whole = np.floor(recall * 100.0 + MARGIN)
    return float(whole + (1.0 if recall >= whole * 0.01 else 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def mixed_tie(
    met_TD: Ints,
    t: int,
    start: int,
    stop: int,
    copies: int,
    number: float,
    b: int,
    state: Floats,
) -> None:
    """Go backwards through the tie's detections, copy by copy, in resample `b` of `state`.

    `number`: of detections up to the tie's last. The copies of an image stand one after another,
    so in each of them the detections keep their order.
    """
    hits = state[HITS, b]
    best = state[BEST, b]
    levels = state[LEVELS, b]
    for _ in range(copies):
        for d in range(stop - 1, start - 1, -1):
            if met_TD[t, d] >= 0:
                precision = hits / (number + SPACING)
                best = precision if precision > best else best
                hits -= 1.0
                below = levels_reached(hits, state[POSITIVES, b])
                state[TOTAL, b] += best * (levels - below)
                levels = below
            if met_TD[t, d] >= -1:
                number -= 1.0
    state[HITS, b] = hits
    state[BEST, b] = best
    state[LEVELS, b] = levels


@njit(cache=True, nogil=True, error_model="numpy")
def block_precision(  # noqa: PLR0912, PLR0915 (callees are compiled twice)
    met_TD: Ints,
    image_D: Ints,
    first_C: Longs,
    rows_T: Longs,
    start_K: Ints,
    stop_K: Ints,
    mixed_K: Bools,
    first_CT: Longs,
    ignores_CT: Bools,
    truth_class: Ints,
    truth_image: Ints,
    weight_IB: Ints,
    positives_CB: Ints,
    counted_2DB: Ints,
    sum_B: Ints,
    state: Floats,
    out_BCT: Floats,
) -> None:
    """Fill `out_BCT` at `rows_T` with COCO's AP in a block of resamples.

    Where a resample holds no truth of a class `out_BCT` stays as it is. `weight_IB`: int32, how
    often each image stands in each resample; `start_K` … `ignores_CT`: see `list_stretches`.
    `positives_CB` comes as zeros. Scratch: `counted_2DB` int32, one row more than the longest class
    has detections; `sum_B` int32; `state` float64 (ROWS, B). Formula: pycocotools `accumulate`.

    The envelope is taken backwards and needs of each stretch the last hit alone: within a stretch
    precision rises, be it by the copies of one hit, and between two stretches it falls.
    """
    resamples = weight_IB.shape[1]
    for n in range(len(truth_class)):
        c = truth_class[n]
        image = truth_image[n]
        for b in range(resamples):
            positives_CB[c, b] += weight_IB[image, b]
    thresholds = len(rows_T)
    for c in range(len(first_C) - 1):
        first = first_C[c]
        for b in range(resamples):
            state[POSITIVES, b] = positives_CB[c, b]
        if first_CT[c * thresholds] < first_CT[(c + 1) * thresholds]:
            for b in range(resamples):
                sum_B[b] = 0
                counted_2DB[0, 0, b] = 0
            for d in range(first, first_C[c + 1]):
                image = image_D[d]
                for b in range(resamples):
                    sum_B[b] += weight_IB[image, b]
                for b in range(resamples):
                    counted_2DB[0, d + 1 - first, b] = sum_B[b]
        for i in range(thresholds):
            at = c * thresholds + i
            t = rows_T[i]
            own = 0
            if ignores_CT[at]:
                # less those ignored at this threshold, at the ends of the stretches alone
                own = 1
                d = first
                for b in range(resamples):
                    sum_B[b] = 0
                for end in range(2 * first_CT[at], 2 * first_CT[at + 1]):
                    upto = start_K[end // 2] if end % 2 == 0 else stop_K[end // 2]
                    while d < upto:
                        if met_TD[t, d] < -1:
                            image = image_D[d]
                            for b in range(resamples):
                                sum_B[b] += weight_IB[image, b]
                        d += 1
                    row = upto - first
                    for b in range(resamples):
                        counted_2DB[1, row, b] = counted_2DB[0, row, b] - sum_B[b]
            for b in range(resamples):
                state[HITS, b] = 0.0
                state[BEST, b] = 0.0
                state[TOTAL, b] = 0.0
            for k in range(first_CT[at], first_CT[at + 1]):
                start = start_K[k] - first
                stop = stop_K[k] - first
                if mixed_K[k]:
                    hits_once = np.int32(0)
                    for d in range(start_K[k], stop_K[k]):
                        hits_once += met_TD[t, d] >= 0
                    image = image_D[start_K[k]]
                    for b in range(resamples):
                        state[HITS, b] += hits_once * weight_IB[image, b]
                else:
                    for b in range(resamples):
                        state[HITS, b] += counted_2DB[own, stop, b] - counted_2DB[own, start, b]
            for b in range(resamples):
                state[LEVELS, b] = levels_reached(state[HITS, b], state[POSITIVES, b])
            for k in range(first_CT[at + 1] - 1, first_CT[at] - 1, -1):
                start = start_K[k] - first
                stop = stop_K[k] - first
                if mixed_K[k]:
                    for b in range(resamples):
                        copies = weight_IB[image_D[start_K[k]], b]
                        number = np.float64(counted_2DB[own, stop, b])
                        mixed_tie(met_TD, t, start_K[k], stop_K[k], copies, number, b, state)
                    continue
                for b in range(resamples):
                    number = np.float64(counted_2DB[own, stop, b])
                    hits = state[HITS, b]
                    precision = hits / (number + SPACING)
                    best = state[BEST, b]
                    best = precision if precision > best else best
                    hits -= number - counted_2DB[own, start, b]
                    below = levels_reached(hits, state[POSITIVES, b])
                    state[TOTAL, b] += best * (state[LEVELS, b] - below)
                    state[HITS, b] = hits
                    state[BEST, b] = best
                    state[LEVELS, b] = below
            for b in range(resamples):
                if positives_CB[c, b] > 0:
                    # the level 0 is reached by the first hit
                    out_BCT[b, c, t] = (state[TOTAL, b] + state[BEST, b]) / 101.0
