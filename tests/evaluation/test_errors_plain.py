"""TIDE's error types and their cost in plain Python, one detection after another, no arrays.

An independent reading of the definitions, which `test_errors` compares ours with.
"""

from __future__ import annotations

import math
from typing import Any

Box = tuple[int, int, int, int]
Point = tuple[float, int, bool]  # score, detection, hit
NAN = float("nan")
LOC, CLS, DUP, BKG, BOTH = range(5)


def iou(a: Box, b: Box, *, crowd: bool = False) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    own, other = a[2] * a[3], b[2] * b[3]
    return shared / (own if crowd else own + other - shared)


def precision_101(points: list[Point], truths: int) -> float:
    """COCO's AP of one class: mean over 101 recall levels of the best precision from there on."""
    if truths == 0:
        return NAN
    curve = []
    hits = 0
    for seen, (_, _, hit) in enumerate(sorted(points, key=lambda p: (-p[0], p[1])), start=1):
        hits += hit
        curve.append((hits / truths, hits / seen))
    levels = [step / 100 for step in range(101)]
    best = [max((p for r, p in curve if r >= level - 1e-12), default=0) for level in levels]
    return sum(best) / 101


def test_one_hit_of_two_truths_is_51_of_101_levels() -> None:
    assert precision_101([(0.9, 0, True)], 2) == 51 / 101
    assert precision_101([(0.9, 0, False), (0.8, 1, True)], 1) == 0.5
    assert math.isnan(precision_101([], 0))


def meet(
    truths: Any, found: Any, crowds: set[int], foreground: float
) -> tuple[dict[int, int], set[int]]:
    """Class by class: the truth that each detection met, and the ignored detections."""
    met: dict[int, int] = {}
    ignored = set()
    for d in sorted(range(len(found)), key=lambda d: -found[d][2]):
        image, label, _, box = found[d]
        here = [n for n, t in enumerate(truths) if t[0] == image and t[1] == label]
        near = {n: iou(box, truths[n][2], crowd=n in crowds) for n in here}
        near = {n: value for n, value in near.items() if value >= foreground}
        free = [n for n in near if n not in crowds and n not in met.values()]
        if free:
            met[d] = max(free, key=lambda n: (near[n], n))
        elif crowds & set(near):
            ignored.add(d)
    return met, ignored


def kind_of(
    d: int, truths: Any, found: Any, crowds: set[int], foreground: float, background: float
) -> tuple[int, int]:
    """Kind of one error, and the truth that it points at."""
    image, label, _, box = found[d]
    own, other = (0.0, -1), (0.0, -1)
    for n, (there, name, shape) in enumerate(truths):
        if there != image or n in crowds:
            continue
        value = (iou(box, shape), n)
        if name == label:
            own = max(own, value)
        else:
            other = max(other, value)
    if background <= own[0] <= foreground:
        return LOC, own[1]
    if other[0] >= foreground:
        return CLS, other[1]
    if own[0] > foreground:
        return DUP, own[1]
    return (BKG if other[0] <= background else BOTH), -1


def plain_costs(
    truths: Any, found: Any, crowds: set[int], classes: int, foreground: float, background: float
) -> tuple[list[list[int]], list[float], list[list[float]]]:
    """Counts (kind × class), AP of each class, and its gain (kind × class)."""
    met, ignored = meet(truths, found, crowds, foreground)
    wrong = {
        d: kind_of(d, truths, found, crowds, foreground, background)
        for d in range(len(found))
        if d not in met and d not in ignored
    }
    real = [n for n in range(len(truths)) if n not in crowds]
    unmet = [n for n in real if n not in met.values()]
    usable = {n: d for d, (kind, n) in by_score(wrong, found) if kind in (LOC, CLS) and n in unmet}
    missed = [n for n in unmet if n not in usable]
    counts = [[0] * classes for _ in range(8)]
    for d, (kind, _) in wrong.items():
        counts[kind][found[d][1]] += 1
        counts[6][found[d][1]] += 1
    for row, rows in ((5, missed), (7, unmet)):
        for n in rows:
            counts[row][truths[n][1]] += 1

    def ap(without: set[int], promoted: dict[int, int], gone: list[int]) -> list[float]:
        points: list[list[Point]] = [[] for _ in range(classes)]
        for d, (_, label, score, _) in enumerate(found):
            if d in promoted:
                points[truths[promoted[d]][1]].append((score, d, True))
            elif d not in without and d not in ignored:
                points[label].append((score, d, d in met))
        left = [truths[n][1] for n in real if n not in gone]
        return [precision_101(points[c], left.count(c)) for c in range(classes)]

    base = ap(set(), {}, [])
    gains = []
    for kind in range(8):
        of_kind = {d for d, (k, _) in wrong.items() if kind in (k, 6)}
        promoted = {d: n for n, d in usable.items() if d in of_kind and kind in (LOC, CLS)}
        gone = {5: missed, 7: unmet}.get(kind, [])
        mended = ap(of_kind, promoted, gone)
        gains.append([NAN if math.isnan(a) else a - b for a, b in zip(mended, base, strict=True)])
    return counts, base, gains


def by_score(wrong: dict[int, tuple[int, int]], found: Any) -> list[tuple[int, tuple[int, int]]]:
    """Lowest score first, of equal ones the last detection first: the one that counts is last."""
    return sorted(wrong.items(), key=lambda item: (found[item[0]][2], -item[0]))
