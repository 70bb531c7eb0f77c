"""P, R and AP as Ultralytics prints them, of curves that the reader can draw."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.evaluation.average_precision import average_precision
from segtrial.evaluation.matching import match, prepare_truth
from segtrial.evaluation.ultralytics import (
    GRID,
    Note,
    Style,
    UltralyticsScores,
    best_confidence,
    interpolated_curves,
    ultralytics_scores,
)
from segtrial.evaluation.ultralytics_matching import Matching, match_as_ultralytics
from segtrial.types.curves import ConfidenceCurves
from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.evaluation import IouType, Matches
from tests.builders import found, truth

Box = tuple[float, float, float, float]
HIT, MISS = (0, 0, 4, 10), (10, 0, 4, 10)
NEW, OLD = Style.ULTRALYTICS, Style.ULTRALYTICS_OLD
Found = list[tuple[int, int, float, Box]]


def matched(
    dataset: Dataset, detections: Detections, rule: Matching = Matching.BY_CONFIDENCE
) -> Matches:
    return match_as_ultralytics(prepare_truth(dataset, None), detections, IouType.BOX, rule)


def scored(dataset: Dataset, detections: Detections, style: Style = NEW) -> UltralyticsScores:
    return ultralytics_scores(matched(dataset, detections), dataset.class_names, style)


def cars(images: int, *classes: str) -> Dataset:
    return truth([(i, 0, HIT) for i in range(images)], images=images, classes=("car", *classes))


def test_one_hit_of_two_truths_in_the_three_styles() -> None:
    """Precision is 1 up to recall .5. New: .49 at height 1 and .01 under the last line; old: the
    curve falls in a line to (1, 0); COCO: 51 of 101 points.
    """
    dataset, detections = cars(2), found([(0, 0, 0.9, HIT)])
    assert scored(dataset, detections, NEW).ap.tolist() == [pytest.approx([0.495] * 10)]
    assert scored(dataset, detections, OLD).ap.tolist() == [pytest.approx([0.750] * 10)]
    coco = match(prepare_truth(dataset, None), detections, IouType.BOX)
    assert round(float(average_precision(coco, ("car",)).ap[0, 0]), 3) == 0.505


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize("images", [1, 2, 7])
def test_a_perfect_model_has_995(style: Style, images: int) -> None:
    """At recall 1 itself the curve is at 0, so the last of 100 cells counts half."""
    scores = scored(cars(images), found([(i, 0, 0.9, HIT) for i in range(images)]), style)
    assert scores.mean == pytest.approx([1, 1, 0.995, 0.995])
    assert scores.note == (Note.NONE,)


def test_a_false_positive_before_the_only_hit_halves_precision() -> None:
    scores = scored(cars(1), found([(0, 0, 0.9, MISS), (0, 0, 0.8, HIT)]))
    assert scores.ap[0, 0] == pytest.approx(0.5 * 0.995)
    assert (scores.precision[0], scores.recall[0]) == (0.5, 1)


def test_the_envelope_takes_the_best_precision_beyond() -> None:
    """Hit, miss, hit of two truths: from (.5, 1) over (.5, 1/2 → 2/3) to (1, 2/3)."""
    rows: Found = [(0, 0, 0.9, HIT), (0, 0, 0.8, MISS), (1, 0, 0.7, HIT)]
    below = 0.49 + 0.01 * (1 + 2 / 3) / 2
    beyond = 0.49 * 2 / 3 + 0.01 * (2 / 3) / 2
    assert scored(cars(2), found(rows)).ap[0, 0] == pytest.approx(below + beyond)


def test_old_and_new_differ_by_the_triangle_behind_the_last_recall() -> None:
    """Three hits of ten: a triangle of .7 × 1 / 2 more, less the half cell that new cuts."""
    rows: Found = [(i, 0, 0.9 - i / 100, HIT) for i in range(3)]
    new, old = (scored(cars(10), found(rows), style).ap[0, 0] for style in (NEW, OLD))
    assert new == pytest.approx(0.295)
    assert old == pytest.approx(0.3 + 0.7 / 2)


def test_values_between_two_detections_lie_on_the_line_between_theirs() -> None:
    """Hit at .8, miss at .4, one truth: at .6 precision is half-way from 1 to .5."""
    curves = interpolated_curves(matched(cars(1), found([(0, 0, 0.8, HIT), (0, 0, 0.4, MISS)])))
    middle = int(np.argmin(abs(GRID - 0.6)))
    assert curves.precision[0, middle] == pytest.approx(1 - 0.5 * (0.8 - GRID[middle]) / 0.4)
    assert curves.recall[0, [0, middle, 999]].tolist() == [1, 1, 0]
    assert curves.precision[0, [0, 999]].tolist() == [0.5, 1]
    assert curves.f1[0, 0] == pytest.approx(2 / 3)
    assert curves.f1[0, 999] == 0


def test_one_confidence_for_all_classes_says_which_were_not_that_confident() -> None:
    """Cars are best at high confidence and there are more of them than buses or trams."""
    names = ("car", "bus", "tram", "van", "bike", "boat")
    rows = [(i, c, HIT) for i in range(4) for c in (0, 1, 2, 3, 4)]
    dataset = truth(rows, images=4, classes=names)
    right: Found = [(i, c, 0.9, HIT) for i in range(4) for c in (0, 4)]
    wrong: Found = [(i, c, 0.5, MISS) for i in range(4) for c in (0, 4) for _ in range(9)]
    low: Found = [(0, 1, 0.45, HIT)]
    miss: Found = [(0, 2, 0.95, MISS)]
    stray: Found = [(0, 5, 0.95, MISS)]
    scores = scored(dataset, found(sorted(right + wrong + low + miss + stray)))
    assert 0.5 < scores.confidence <= 0.9
    assert scores.note == (
        Note.NONE,
        Note.NOT_THAT_CONFIDENT,
        Note.NEVER_RIGHT,
        Note.NEVER_PREDICTED,
        Note.NONE,
        Note.NO_TRUTH,
    )
    assert scores.precision[1:4].tolist() == [1, 0, 0]
    assert scores.recall[1:4].tolist() == [0, 0, 0]
    assert np.isnan([scores.precision[5], scores.recall[5], *scores.ap[5]]).all()
    assert scores.ap[3].tolist() == [0] * 10
    covered = scores.columns[:5]
    assert scores.mean == pytest.approx(covered.sum(axis=0) / 5)  # each class alike
    assert scores.instances.tolist() == [4] * 5 + [0]
    assert scores.positive_images.tolist() == [4] * 5 + [0]


def test_the_confidence_is_that_of_the_smoothed_curve() -> None:
    """A lone peak of one cell loses against a plateau: the box filter is 101 cells wide."""
    f1 = np.zeros((1, 1000))
    f1[0, 100] = 1.0
    f1[0, 500:700] = 0.5
    curves = ConfidenceCurves(threshold=0.5, confidence=GRID, precision=f1, recall=f1, f1=f1)
    assert best_confidence(curves) == 550  # the first whose 101 neighbours are all on the plateau


def test_the_ends_of_the_curve_are_repeated_when_it_is_smoothed() -> None:
    """Falling from the first cell on: without the padding the highest mean were at cell 50."""
    f1 = np.linspace(1, 0, 1000)[None]
    curves = ConfidenceCurves(threshold=0.5, confidence=GRID, precision=f1, recall=f1, f1=f1)
    assert best_confidence(curves) == 0


def test_a_threshold_is_needed_and_crowds_are_not_understood() -> None:
    dataset = truth([(0, 0, HIT)], crowd=(0,))
    coco = match(prepare_truth(dataset, None), found([(0, 0, 0.9, HIT)]), IouType.BOX)
    with pytest.raises(ValueError, match="matches that ignore detections"):
        ultralytics_scores(coco, ("car",))


def test_no_detections_score_zero_and_no_truth_is_undefined() -> None:
    nothing = scored(cars(2), found([]))
    assert nothing.mean.tolist() == [0, 0, 0, 0]
    assert nothing.note == (Note.NEVER_PREDICTED,)
    undefined = scored(truth([]), found([(0, 0, 0.9, HIT)]))
    assert np.isnan(undefined.mean).all()
    assert math.isnan(undefined.confidence)
    assert undefined.note == (Note.NO_TRUTH,)


PLACES = st.tuples(st.integers(0, 12), st.just(0), st.integers(2, 8), st.just(10))
TRUTHS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), PLACES), min_size=1, max_size=8)


@st.composite
def sets(draw: st.DrawFn) -> tuple[list[tuple[int, int, Box]], Found]:
    """Truth of three images and classes, and detections, many of them on a truth; no tied score."""
    real = sorted(draw(TRUTHS), key=lambda row: row[0])
    near = st.sampled_from(real) | st.tuples(st.integers(0, 2), st.integers(0, 2), PLACES)
    places = draw(st.lists(near, max_size=14))
    scores = draw(
        st.lists(st.integers(2, 998), min_size=len(places), max_size=len(places), unique=True)
    )
    rows = [(i, c, s / 999, box) for (i, c, box), s in zip(places, scores, strict=True)]
    return real, sorted(rows, key=lambda row: row[0])


@settings(deadline=None, max_examples=40)
@given(made=sets(), rule=st.sampled_from(list(Matching)), style=st.sampled_from(list(Style)))
def test_numbers_lie_between_nothing_and_perfect(
    made: tuple[list[tuple[int, int, Box]], Found], rule: Matching, style: Style
) -> None:
    real, rows = made
    dataset = truth(real, images=3, classes=("a", "b", "c"))
    scores = ultralytics_scores(matched(dataset, found(rows), rule), dataset.class_names, style)
    known = scores.columns[scores.with_truth]
    assert (known >= 0).all()
    assert (known[:, :2] <= 1).all()
    assert (known[:, 2:] <= 0.995 + 1e-12).all()
    assert np.isnan(scores.columns[~scores.with_truth]).all()
    assert 0 <= scores.confidence <= 1


@settings(deadline=None, max_examples=40)
@given(made=sets(), rule=st.sampled_from(list(Matching)), seed=st.integers(0, 99))
def test_the_order_of_images_and_rows_is_irrelevant(
    made: tuple[list[tuple[int, int, Box]], Found], rule: Matching, seed: int
) -> None:
    real, rows = made
    generator = np.random.default_rng(seed)
    renamed = generator.permutation(3)
    shuffled = [rows[k] for k in generator.permutation(len(rows))]
    other = sorted(((int(renamed[i]), c, s, b) for i, c, s, b in shuffled), key=lambda row: row[0])
    real_other = sorted(((int(renamed[i]), c, b) for i, c, b in real), key=lambda row: row[0])
    names = ("a", "b", "c")
    one, two = (
        ultralytics_scores(matched(truth(t, images=3, classes=names), found(d), rule), names)
        for t, d in ((real, rows), (real_other, other))
    )
    np.testing.assert_array_equal(one.columns, two.columns)
    assert one.confidence == two.confidence


@settings(deadline=None, max_examples=40)
@given(made=sets())
def test_old_is_never_below_new(made: tuple[list[tuple[int, int, Box]], Found]) -> None:
    real, rows = made
    dataset = truth(real, images=3, classes=("a", "b", "c"))
    new, old = (scored(dataset, found(rows), style) for style in (NEW, OLD))
    known = new.with_truth
    assert (old.ap[known] >= new.ap[known] - 1e-12).all()
    np.testing.assert_array_equal(old.columns[:, :2], new.columns[:, :2])
