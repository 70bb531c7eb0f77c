"""Ultralytics' numbers against a plain reckoning, written from the stated rules: no numpy.

Lists and loops, boxes alone. Truth: (image, class, xywh). Detection: (image, class, score, xywh).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from segtrial.evaluation.matching import prepare_truth
from segtrial.evaluation.ultralytics import Style, ultralytics_scores
from segtrial.evaluation.ultralytics_matching import Matching, match_as_ultralytics
from segtrial.types.evaluation import IouType
from tests.builders import found, truth

Box = tuple[float, float, float, float]
Truth = tuple[int, int, Box]
Detection = tuple[int, int, float, Box]
Point = tuple[float, float]
CLASSES = ("a", "b", "c")


def overlap(a: Box, b: Box) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def looked_at(rows: Sequence[Detection]) -> list[Detection]:
    """Above .001, the 300 highest of each image; by falling score, ties as they come."""
    by_score = sorted(rows, key=lambda row: -row[2])
    kept = []
    for image in sorted({row[0] for row in rows}):
        kept += [row for row in by_score if row[0] == image and row[2] > 0.001][:300]
    return sorted(kept, key=lambda row: -row[2])


def hits(real: Sequence[Truth], rows: Sequence[Detection], at: float, rule: Matching) -> list[bool]:
    """Which detections of one class, by falling score, are right."""
    taken: set[int] = set()
    right = []
    for image, _, _, box in rows:
        pairs = [(overlap(box, b), n) for n, (i, _, b) in enumerate(real) if i == image]
        if rule == Matching.BY_CONFIDENCE:
            pairs = [(iou, n) for iou, n in pairs if n not in taken]
        iou, number = max(pairs, default=(0.0, -1))
        right.append(iou >= at and number not in taken)
        if right[-1]:
            taken.add(number)
    return right


def running(right: Sequence[bool], truths: int) -> list[Point]:
    """Recall and precision after each detection."""
    return [(hit / truths, hit / k) for k, hit in enumerate(accumulate(right), start=1)]


def on_line(points: Sequence[Point], x: float) -> float:
    """The value at x of lines through points of rising x: of several at x the last."""
    last = bisect_right(points, x, key=lambda point: point[0]) - 1
    if points[last][0] == x or last == len(points) - 1:
        return points[last][1]
    (x0, y0), (x1, y1) = points[last], points[last + 1]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def area(right: Sequence[bool], truths: int, style: Style) -> float:
    if not right:
        return 0
    points = [(0.0, 1.0), *running(right, truths)]
    if style == Style.ULTRALYTICS:
        points.append((points[-1][0], 0.0))
    points.append((1.0, 0.0))
    best_beyond = [*accumulate((p for _, p in reversed(points)), max)][::-1]
    envelope = [(r, p) for (r, _), p in zip(points, best_beyond, strict=True)]
    heights = [on_line(envelope, k * 0.01 if k < 100 else 1.0) for k in range(101)]
    return sum((a + b) / 2 * 0.01 for a, b in pairwise(heights))


def at_each_confidence(
    right: Sequence[bool], scores: Sequence[float], truths: int
) -> list[tuple[float, float, float]]:
    """Precision, recall and F1 at 0, 1/999 … 1."""
    after = running(right, truths)
    precisions = [(-s, p) for s, (_, p) in zip(scores, after, strict=True)]
    recalls = [(-s, r) for s, (r, _) in zip(scores, after, strict=True)]
    rows = []
    for cell in range(1000):
        c = cell / 999
        p = r = 0.0
        if right and c > scores[0]:
            p = 1.0
        elif right:
            p, r = on_line(precisions, -c), on_line(recalls, -c)
        rows.append((p, r, 2 * p * r / (p + r) if p + r else 0.0))
    return rows


def best_cell(mean_f1: Sequence[float]) -> int:
    """Of the mean over 101 neighbours, the ends repeated; of a plateau the first cell."""
    sums = [0.0, *accumulate([mean_f1[0]] * 50 + [*mean_f1] + [mean_f1[-1]] * 50)]
    smooth = [(sums[cell + 101] - sums[cell]) / 101 for cell in range(1000)]
    highest = max(smooth)
    return next(cell for cell in range(1000) if smooth[cell] >= highest - 1e-12)


def plain(
    real: Sequence[Truth], rows: Sequence[Detection], rule: Matching, style: Style
) -> tuple[float, dict[int, list[float]]]:
    """The confidence, and P, R, mAP50, mAP50-95 of each class with truth."""
    curves, areas = {}, {}
    for label in sorted({c for _, c, _ in real}):
        mine = [row for row in real if row[1] == label]
        theirs = [row for row in looked_at(rows) if row[1] == label]
        tables = [hits(mine, theirs, 0.5 + k * 0.05, rule) for k in range(10)]
        areas[label] = [area(right, len(mine), style) for right in tables]
        scores = [row[2] for row in theirs]
        curves[label] = at_each_confidence(tables[0], scores, len(mine))
    mean = [sum(curves[c][cell][2] for c in curves) / len(curves) for cell in range(1000)]
    cell = best_cell(mean)
    numbers = {c: [*curves[c][cell][:2], areas[c][0], sum(areas[c]) / 10] for c in curves}
    return cell / 999, numbers


PLACES = st.tuples(st.integers(0, 13), st.integers(0, 4), st.integers(1, 6), st.integers(1, 6))
SCORES = st.sampled_from([0.0, 0.001, 0.3, 0.5, 0.5, 0.9]) | st.floats(0, 1)


@st.composite
def sets(draw: st.DrawFn) -> tuple[list[Truth], list[Detection]]:
    place = st.tuples(st.integers(0, 2), st.integers(0, 2), PLACES)
    real = draw(st.lists(place, min_size=1, max_size=8))
    near = st.sampled_from(real) | place
    shift = st.sampled_from([0, 0, 0, 1])
    rows = draw(st.lists(st.tuples(near, SCORES, shift), max_size=14))
    detections = [(i, c, s, (x + d, y, w, h)) for (i, c, (x, y, w, h)), s, d in rows]
    return sorted(real, key=lambda row: row[0]), sorted(detections, key=lambda row: row[0])


@settings(deadline=None, max_examples=80)
@given(made=sets(), rule=st.sampled_from(list(Matching)), style=st.sampled_from(list(Style)))
def test_every_number_is_that_of_the_plain_reckoning(
    made: tuple[list[Truth], list[Detection]], rule: Matching, style: Style
) -> None:
    real, rows = made
    dataset = truth(real, images=3, classes=CLASSES)
    matches = match_as_ultralytics(prepare_truth(dataset, None), found(rows), IouType.BOX, rule)
    ours = ultralytics_scores(matches, CLASSES, style)
    confidence, numbers = plain(real, rows, rule, style)
    for label, expected in numbers.items():
        assert ours.columns[label].tolist() == pytest.approx(expected, abs=1e-9)
    assert ours.confidence == pytest.approx(confidence, abs=1e-9)
    assert ours.with_truth.tolist() == [c in numbers for c in range(3)]
    event(f"AP50 above 0: {bool((ours.ap[ours.with_truth, 0] > 0).any())}")


def test_the_plain_reckoning_has_the_stated_figures() -> None:
    """One hit of two truths: .495 new, .750 old; P = 1 and R = .5."""
    box = (0, 0, 4, 4)
    real, rows = [(0, 0, box), (1, 0, box)], [(0, 0, 0.9, box)]
    for style, figure in ((Style.ULTRALYTICS, 0.495), (Style.ULTRALYTICS_OLD, 0.75)):
        _, numbers = plain(real, rows, Matching.BY_IOU, style)
        assert numbers == {0: pytest.approx([1, 0.5, figure, figure])}
