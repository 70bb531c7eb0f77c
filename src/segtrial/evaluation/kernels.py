"""Compiled kernels of the evaluation: IoU of candidate pairs, greedy matching, AP with weights.

Cells are (image, class) pairs; only detections in cells with truth can match. Compiled by numba on
first use and cached on disk; the GIL is released. No floating-point reordering (no fastmath),
so results agree with pycocotools to the last bit of each IoU. Some functions are over 40 lines:
numba takes no keyword arguments and no records, and a call inside the loops costs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from segtrial.types.arrays import Bools, Floats, Ints, Longs

Counts = npt.NDArray[np.uint32]
Hits = npt.NDArray[np.int8]


@njit(cache=True, nogil=True)
def box_intersection(a: Floats, b: Floats) -> float:
    """Area shared by two xywh boxes, as pycocotools `bbIou` computes it."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    if width <= 0:
        return 0.0
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if height <= 0:
        return 0.0
    return float(width * height)


@njit(cache=True, nogil=True)
def run_intersection(a: Counts, b: Counts) -> np.int64:
    """Pixels shared by two run-length masks of the same image."""
    i = j = 0
    left_a = np.int64(a[0]) if len(a) else np.int64(0)
    left_b = np.int64(b[0]) if len(b) else np.int64(0)
    inside_a = inside_b = False
    shared = np.int64(0)
    while i < len(a) and j < len(b):
        step = min(left_a, left_b)
        if inside_a and inside_b:
            shared += step
        left_a -= step
        left_b -= step
        if left_a == 0:
            i += 1
            inside_a = not inside_a
            if i < len(a):
                left_a = np.int64(a[i])
        if left_b == 0:
            j += 1
            inside_b = not inside_b
            if j < len(b):
                left_b = np.int64(b[j])
    return shared


@njit(cache=True, nogil=True)
def mask_areas(counts: Counts, first: Longs) -> Longs:
    """Foreground pixels of each mask: int64 (M)."""
    areas = np.zeros(len(first) - 1, np.int64)
    for m in range(len(areas)):
        for r in range(first[m] + 1, first[m + 1], 2):
            areas[m] += counts[r]
    return areas


@njit(cache=True, nogil=True)
def mask_boxes(counts: Counts, first: Longs, height_px: Longs) -> Floats:
    """Tightest xywh box of each mask, (0, 0, 0, 0) for an empty one: float64 (M, 4).

    As pycocotools `rleToBbox`: a run over a column's end takes the whole height.
    """
    boxes = np.zeros((len(first) - 1, 4))
    for m in range(len(boxes)):
        h = height_px[m]
        x0 = y0 = np.int64(1 << 40)
        x1 = y1 = np.int64(-1)
        position = np.int64(0)
        for r in range(first[m], first[m + 1]):
            length = np.int64(counts[r])
            if (r - first[m]) % 2 == 1 and length > 0:
                last = position + length - 1
                xa = position // h
                xb = last // h
                x0 = min(x0, xa)
                x1 = max(x1, xb)
                if xa < xb:
                    y0 = np.int64(0)
                    y1 = h - 1
                else:
                    y0 = min(y0, position % h)
                    y1 = max(y1, last % h)
            position += length
        if x1 >= 0:
            boxes[m] = (x0, y0, x1 - x0 + 1, y1 - y0 + 1)
    return boxes


@njit(cache=True, nogil=True)
def cell_ious(
    d_box: Floats,
    d_area: Floats,
    d_counts: Counts,
    d_first: Longs,
    d_rows: Longs,
    n_box: Floats,
    n_area: Floats,
    n_crowd: Bools,
    n_counts: Counts,
    n_first: Longs,
    n_rows: Longs,
    use_masks: bool,
    floor: float,
    iou_DN: Floats,
) -> None:
    """Fill `iou_DN` for one cell; a crowd's is intersection over the detection's area.

    With masks, a pair whose bound min(box intersection, both areas) / largest possible
    denominator stays below `floor` is left at 0: exact, because no threshold is below `floor`.
    """
    for i in range(len(d_rows)):
        d = d_rows[i]
        for j in range(len(n_rows)):
            n = n_rows[j]
            shared = box_intersection(d_box[d], n_box[n])
            iou_DN[i, j] = 0.0
            if shared <= 0:
                continue
            if use_masks:
                bound = min(shared, d_area[d], n_area[n])
                base = d_area[d] if n_crowd[n] else max(d_area[d], n_area[n])
                if bound < floor * base:
                    continue
                shared = float(
                    run_intersection(
                        d_counts[d_first[d] : d_first[d + 1]], n_counts[n_first[n] : n_first[n + 1]]
                    )
                )
            union = d_area[d] if n_crowd[n] else d_area[d] + n_area[n] - shared
            iou_DN[i, j] = shared / union if union > 0 else 0.0


@njit(cache=True, nogil=True)
def match_cell(
    iou_DN: Floats,
    order: Longs,
    ignore: Bools,
    crowd: Bools,
    thresholds: Floats,
    truth_rows: Longs,
    out_TD: Ints,
) -> None:
    """COCO's greedy matching of one cell; detections in order of falling score.

    `order`: the truths as they are tried, those of `ignore` (crowds, and truths outside the area
    range) last. `out_TD` gets the truth row, -1 for none, -2 for an ignored one. Each detection
    takes the free truth of highest IoU at or above the threshold (of equal IoUs the last); an
    ignored one only when no other is left, and a crowd may be taken many times (pycocotools
    `evaluateImg`).
    """
    detections, truths = iou_DN.shape
    taken = np.zeros(truths, np.bool_)
    for t in range(len(thresholds)):
        taken[:] = False
        for d in range(detections):
            best = min(thresholds[t], 1 - 1e-10)
            met = -1
            for k in range(truths):
                n = order[k]
                if taken[n] and not crowd[n]:
                    continue
                if met > -1 and not ignore[met] and ignore[n]:
                    break
                if iou_DN[d, n] < best:
                    continue
                best = iou_DN[d, n]
                met = n
            if met < 0:
                out_TD[t, d] = -1
                continue
            taken[met] = True
            out_TD[t, d] = -2 if ignore[met] else truth_rows[met]


@njit(cache=True, nogil=True)
def match_cells(
    d_order: Longs,
    d_cell: Longs,
    n_order: Longs,
    n_cell: Longs,
    d_box: Floats,
    d_area: Floats,
    d_counts: Counts,
    d_first: Longs,
    n_box: Floats,
    n_area: Floats,
    n_crowd: Bools,
    n_counts: Counts,
    n_first: Longs,
    use_masks: bool,
    thresholds: Floats,
    d_range_area: Floats,
    n_range_area: Floats,
    ranges_A2: Floats,
    out_ATD: npt.NDArray[np.int32],
) -> None:
    """Match every cell under every area range; IoUs are computed once.

    `d_order`, `n_order`: rows sorted by cell (within a cell: detections by falling score);
    `d_cell`, `n_cell`: the cell of each, sorted. `d_range_area`, `n_range_area`: the areas
    that decide with `ranges_A2` (lowest and highest, both included) what is ignored: truths, and
    detections that meet nothing. `out_ATD` (A, T, D) is in the order of `d_order`.
    """
    out_ATD[:, :, :] = -1
    i = 0
    j = 0
    while i < len(d_order):
        cell = d_cell[i]
        end = i
        while end < len(d_order) and d_cell[end] == cell:
            end += 1
        while j < len(n_order) and n_cell[j] < cell:
            j += 1
        stop = j
        while stop < len(n_order) and n_cell[stop] == cell:
            stop += 1
        if stop > j:
            rows = n_order[j:stop]
            iou_DN = np.zeros((end - i, stop - j))
            cell_ious(
                d_box,
                d_area,
                d_counts,
                d_first,
                d_order[i:end],
                n_box,
                n_area,
                n_crowd,
                n_counts,
                n_first,
                rows,
                use_masks,
                thresholds[0],
                iou_DN,
            )
            crowd = n_crowd[rows]
            out = np.empty((len(thresholds), end - i), np.int32)
            for a in range(len(ranges_A2)):
                area = n_range_area[rows]
                ignore = crowd | (area < ranges_A2[a, 0]) | (area > ranges_A2[a, 1])
                order = np.argsort(ignore.astype(np.int8), kind="mergesort")
                match_cell(iou_DN, order, ignore, crowd, thresholds, rows, out)
                out_ATD[a, :, i:end] = out
        i = end
        j = stop
    for a in range(len(ranges_A2)):
        for d in range(len(d_order)):
            area_px = d_range_area[d_order[d]]
            if area_px < ranges_A2[a, 0] or area_px > ranges_A2[a, 1]:
                for t in range(len(thresholds)):
                    if out_ATD[a, t, d] == -1:
                        out_ATD[a, t, d] = -2


@njit(cache=True, nogil=True)
def weighted_ap(
    hit: Hits,
    image: Ints,
    score: Floats,
    weight_I: Longs,
    positives: int,
    precision: Floats,
    recall: Floats,
) -> float:
    """COCO's 101-point AP of one class and threshold under image weights.

    `hit`: 1 true positive, 0 false positive, -1 ignored, by falling score; each stands
    `weight_I[image]` times. `positives`: weighted number of truths (> 0). `precision`, `recall`:
    scratch, at least as long as the weighted number of hits. Formula: pycocotools `accumulate`.

    Equal to a set in which each image stands that often, its copies one after another: equal
    scores keep the order of the images, so of a tie within one image the first copy's detections
    come before the second copy's. The envelope is only needed at hits: between two hits precision
    falls.
    """
    tp = np.int64(0)
    fp = np.int64(0)
    hits = 0
    first = 0
    while first < len(hit):
        end = first + 1
        while end < len(hit) and image[end] == image[first] and score[end] == score[first]:
            end += 1
        for _ in range(weight_I[image[first]]):
            for d in range(first, end):
                if hit[d] == 0:
                    fp += 1
                elif hit[d] > 0:
                    tp += 1
                    precision[hits] = tp / (np.float64(fp + tp) + np.spacing(1.0))
                    recall[hits] = tp / np.float64(positives)
                    hits += 1
        first = end
    for k in range(hits - 2, -1, -1):
        precision[k] = max(precision[k], precision[k + 1])
    total = 0.0
    k = 0
    for r in range(101):
        # numpy's linspace(0, 1, 101) to the bit
        level = 1.0 if r == 100 else r * 0.01
        while k < hits and recall[k] < level:
            k += 1
        if k == hits:
            break
        total += precision[k]
    return total / 101


@njit(cache=True, nogil=True)
def ap_table(
    hit_TD: Hits,
    image: Ints,
    score: Floats,
    first_C: Longs,
    truth_class: Ints,
    truth_image: Ints,
    weights_BI: Longs,
    use_T: Bools,
    out_BCT: Floats,
) -> None:
    """Fill `out_BCT` with COCO's AP under each resample's image weights; NaN without truth.

    Thresholds that `use_T` leaves out stay NaN. Stands in this file because numba's cache does
    not see changes of functions inlined from another one.
    """
    classes = len(first_C) - 1
    positives = np.zeros(classes, np.int64)
    for b in range(len(weights_BI)):
        weight = weights_BI[b]
        positives[:] = 0
        most = np.int64(0)
        for n in range(len(truth_class)):
            positives[truth_class[n]] += weight[truth_image[n]]
        for c in range(classes):
            most = max(most, positives[c])
        precision = np.empty(most + 1)
        recall = np.empty(most + 1)
        for c in range(classes):
            rows = slice(first_C[c], first_C[c + 1])
            for t in range(len(use_T)):
                if positives[c] == 0 or not use_T[t]:
                    out_BCT[b, c, t] = np.nan
                    continue
                out_BCT[b, c, t] = weighted_ap(
                    hit_TD[t, rows],
                    image[rows],
                    score[rows],
                    weight,
                    positives[c],
                    precision,
                    recall,
                )
