"""Average precision of curves that the reader can draw, and under image weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.evaluation.average_precision import (
    ap_under_weights,
    average_precision,
    mean_over_classes,
)
from segtrial.types.arrays import Floats
from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.evaluation import IGNORED, IouType, Matches
from segtrial.types.masks import pack_masks
from tests.builders import found, truth
from tests.evaluation.coco_evaluation import matches_of

HIT, MISS = (0, 0, 4, 10), (10, 0, 4, 10)
Rows = list[tuple[int, int, float, tuple[float, float, float, float]]]


def ap50(dataset: Dataset, detections: Detections, kind: IouType = IouType.BOX) -> list[float]:
    scores = average_precision(matches_of(dataset, detections, kind), dataset.class_names)
    values: list[float] = scores.ap[:, 0].tolist()
    return values


def one_truth_an_image(images: int) -> Dataset:
    return truth([(i, 0, HIT) for i in range(images)], images=images)


@pytest.mark.parametrize("kind", list(IouType))
def test_a_perfect_model_has_ap_one(kind: IouType) -> None:
    rows: Rows = [(i, 0, 0.9, HIT) for i in range(3)]
    assert ap50(one_truth_an_image(3), found(rows), kind) == [pytest.approx(1)]


def test_one_hit_of_two_truths_has_51_of_101_recall_points() -> None:
    """Recall .5 is reached: the points 0, .01 … .5. COCO says .505, not .5."""
    assert ap50(one_truth_an_image(2), found([(0, 0, 0.9, HIT)])) == [pytest.approx(51 / 101)]


def test_a_false_positive_before_the_only_hit_halves_precision() -> None:
    rows: Rows = [(0, 0, 0.9, MISS), (0, 0, 0.8, HIT)]
    assert ap50(one_truth_an_image(1), found(rows)) == [pytest.approx(0.5)]


def test_a_false_positive_after_the_last_hit_costs_nothing() -> None:
    rows: Rows = [(0, 0, 0.9, HIT), (0, 0, 0.8, MISS), (0, 0, 0.8, HIT)]
    assert ap50(one_truth_an_image(1), found(rows)) == [pytest.approx(1)]


def test_precision_is_the_best_at_that_recall_or_beyond() -> None:
    """Hit, miss, hit of two: precision 1 up to recall .5, then 2/3."""
    rows: Rows = [(0, 0, 0.9, HIT), (0, 0, 0.8, MISS), (1, 0, 0.7, HIT)]
    expected = (51 * 1 + 50 * 2 / 3) / 101
    assert ap50(one_truth_an_image(2), found(rows)) == [pytest.approx(expected)]


def test_detections_that_met_a_crowd_are_neither_right_nor_wrong() -> None:
    dataset = truth([(0, 0, HIT), (0, 0, (8, 0, 12, 10))], crowd=(1,))
    rows: Rows = [(0, 0, 0.9, MISS), (0, 0, 0.8, HIT)]
    matches = matches_of(dataset, found(rows), IouType.BOX)
    assert matches.truth_row[0].tolist() == [IGNORED, 0]
    assert ap50(dataset, found(rows)) == [pytest.approx(1)]


def test_undefined_is_nan_and_zero_is_zero() -> None:
    """No truth: NaN, with detections or without. Truth and no hit: 0."""
    dataset = truth([(0, 2, HIT), (0, 3, HIT)], classes=("a", "b", "c", "d"))
    rows: Rows = [(0, 1, 0.9, HIT), (0, 3, 0.9, MISS)]
    np.testing.assert_array_equal(ap50(dataset, found(rows)), [np.nan, np.nan, 0, 0])


def test_a_class_that_has_only_crowds_is_undefined() -> None:
    dataset = truth([(0, 0, HIT)], crowd=(0,))
    assert np.isnan(ap50(dataset, found([(0, 0, 0.9, HIT)]))).all()


def test_scores_state_the_truth_that_counts() -> None:
    rows = [(0, 0, HIT), (0, 0, MISS), (1, 0, HIT), (1, 1, HIT)]
    dataset = truth(rows, images=3, classes=("car", "bus", "sign"), crowd=(1,))
    scores = average_precision(matches_of(dataset, found([]), IouType.BOX), dataset.class_names)
    assert scores.instances.tolist() == [2, 1, 0]
    assert scores.positive_images.tolist() == [2, 1, 0]
    np.testing.assert_array_equal(scores.ap[:, 0], [0, 0, np.nan])
    assert scores.class_names == dataset.class_names


def test_means_leave_undefined_classes_out() -> None:
    table = np.array([[1.0, 0.5] + [0] * 8, [np.nan] * 10, [0.5] * 10])
    assert mean_over_classes(table) == pytest.approx((0.15 + 0.5) / 2)
    assert mean_over_classes(table, 0.5) == 0.75
    assert mean_over_classes(table, 0.55) == 0.5
    assert mean_over_classes(table, 0.75) == 0.25
    assert np.isnan(mean_over_classes(table[1:2]))
    assert np.isnan(mean_over_classes(np.zeros((0, 10)), 0.5))


# Generated sets: I images, C = 3 classes; detections near the truth or elsewhere.


@st.composite
def cases(draw: st.DrawFn, *, ties: bool) -> tuple[Dataset, Detections]:
    images = draw(st.integers(1, 5))
    side = st.integers(1, 6)
    box = st.tuples(st.integers(0, 13), st.integers(0, 4), side, side)
    place = st.tuples(st.integers(0, images - 1), st.integers(0, 2), box)
    truths = sorted(draw(st.lists(place, max_size=9)), key=lambda row: row[0])
    near = st.sampled_from(truths) | place if truths else place
    rows = sorted(draw(st.lists(near, max_size=12)), key=lambda row: row[0])
    crowd = draw(st.sets(st.integers(0, 8), max_size=2))
    count = len(rows)
    if ties:
        scores = draw(st.lists(st.sampled_from([0.2, 0.5, 0.9]), min_size=count, max_size=count))
    else:
        scores = [(k + 1) / 20 for k in draw(st.permutations(range(count)))]
    dataset = truth(truths, images=images, classes=("a", "b", "c"), crowd=sorted(crowd))
    scored = [(i, c, s, b) for (i, c, b), s in zip(rows, scores, strict=True)]
    return dataset, found(scored)


def repeated(dataset: Dataset, detections: Detections, weight_I: list[int]) -> Matches:
    """Matches of a set in which image i physically stands weight_I[i] times, copies adjacent."""
    order = [i for i, w in enumerate(weight_I) for _ in range(w)]
    rows = [np.flatnonzero(detections.image_index == i) for i in order]
    keep = np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)
    lengths = np.array([len(r) for r in rows], np.int64)
    assert detections.masks is not None
    copies = Detections(
        image_index=np.repeat(np.arange(len(order)), lengths),
        class_index=detections.class_index[keep],
        score=detections.score[keep],
        box_xywh=detections.box_xywh[keep],
        masks=pack_masks([detections.masks.counts(int(row)) for row in keep]),
    )
    taken = dataset.take_images(order)
    unique = tuple(f"{image}:{k}" for k, image in enumerate(taken.image_id))
    return matches_of(replace(taken, image_id=unique), copies, IouType.BOX)


def weighted(dataset: Dataset, detections: Detections, weight_I: list[int]) -> Floats:
    matches = matches_of(dataset, detections, IouType.BOX)
    table: Floats = ap_under_weights(matches, np.array([weight_I], np.int64))[0]
    return table


@settings(deadline=None, max_examples=100)
@given(st.booleans().flatmap(lambda ties: cases(ties=ties)), st.data())
def test_weights_equal_images_that_stand_there_that_often(
    case: tuple[Dataset, Detections], data: st.DataObject
) -> None:
    dataset, detections = case
    count = st.lists(st.integers(0, 3), min_size=dataset.images, max_size=dataset.images)
    weight_I = data.draw(count)
    physical = average_precision(repeated(dataset, detections, weight_I), dataset.class_names)
    np.testing.assert_allclose(
        weighted(dataset, detections, weight_I), physical.ap, rtol=0, atol=1e-12
    )


def test_ties_between_images_do_not_matter_to_weights() -> None:
    dataset = one_truth_an_image(3)
    rows: Rows = [(0, 0, 0.5, HIT), (1, 0, 0.5, MISS), (2, 0, 0.5, HIT)]
    for weight_I in ([2, 1, 1], [1, 3, 2], [0, 1, 4]):
        physical = average_precision(repeated(dataset, found(rows), weight_I), ("car",))
        np.testing.assert_allclose(weighted(dataset, found(rows), weight_I), physical.ap)


def test_ties_within_one_image_and_class_repeat_copy_by_copy() -> None:
    """A miss and a hit of one score in one image, which stands there twice.

    The order is miss, hit, miss, hit: precision 1/2 at both recalls. With the hit first: hit, miss,
    hit, miss gives 1 and 2/3.
    """
    dataset = one_truth_an_image(1)
    miss_first = found([(0, 0, 0.5, MISS), (0, 0, 0.5, HIT)])
    hit_first = found([(0, 0, 0.5, HIT), (0, 0, 0.5, MISS)])
    for detections, expected in ((miss_first, 0.5), (hit_first, (51 + 50 * 2 / 3) / 101)):
        copies = average_precision(repeated(dataset, detections, [2]), ("car",))
        assert copies.ap[0, 0] == pytest.approx(expected)
        assert weighted(dataset, detections, [2])[0, 0] == pytest.approx(expected)


@settings(deadline=None, max_examples=60)
@given(cases(ties=True))
def test_ap_lies_between_zero_and_one_and_is_undefined_only_without_truth(
    case: tuple[Dataset, Detections],
) -> None:
    dataset, detections = case
    for kind in IouType:
        ap_CT = average_precision(matches_of(dataset, detections, kind), dataset.class_names).ap
        defined = ~np.isnan(ap_CT)
        assert np.all((ap_CT[defined] >= 0) & (ap_CT[defined] <= 1))
        assert np.array_equal(defined.all(axis=1), dataset.instance_counts() > 0)
        assert np.array_equal(defined.any(axis=1), defined.all(axis=1))


def test_all_ones_are_the_plain_average_precision() -> None:
    dataset = one_truth_an_image(2)
    detections = found([(0, 0, 0.9, MISS), (1, 0, 0.8, HIT)])
    matches = matches_of(dataset, detections, IouType.BOX)
    plain = average_precision(matches, ("car",)).ap
    np.testing.assert_array_equal(ap_under_weights(matches, np.ones((3, 2), np.int64))[2], plain)


def test_resamples_are_independent_of_each_other() -> None:
    dataset = one_truth_an_image(3)
    detections = found([(0, 0, 0.9, HIT), (1, 0, 0.8, MISS), (2, 0, 0.7, HIT)])
    matches = matches_of(dataset, detections, IouType.BOX)
    weights_BI = np.array([[1, 1, 1], [3, 0, 0], [0, 0, 0], [0, 2, 1]])
    together = ap_under_weights(matches, weights_BI)
    for b, weight_I in enumerate(weights_BI):
        alone = ap_under_weights(matches, weight_I[None])
        np.testing.assert_array_equal(together[b], alone[0])
    assert together[1, 0, 0] == pytest.approx(1)
    assert np.isnan(together[2]).all()  # an empty resample holds no truth


def test_thresholds_not_asked_for_stay_nan() -> None:
    dataset, detections = one_truth_an_image(1), found([(0, 0, 0.9, HIT)])
    matches = matches_of(dataset, detections, IouType.BOX)
    use_T = np.arange(10) == 5
    table = ap_under_weights(matches, np.ones((1, 1), np.int64), use_T)[0, 0]
    assert table[5] == pytest.approx(1)
    assert np.isnan(np.delete(table, 5)).all()
