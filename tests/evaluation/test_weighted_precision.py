"""AP under image weights against a plain loop over the copies, on tables of matches alone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.evaluation.average_precision import BLOCK, FEW, ap_under_weights, plain_precision
from segtrial.evaluation.weighted_precision import levels_reached
from segtrial.types.evaluation import IGNORED, NO_MATCH, IouType, Matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.arrays import Bools, Floats, Longs

LEVELS = np.linspace(0, 1, 101)
HIT = 0
# class, image, score, what became of it at each threshold
Row = tuple[int, int, float, tuple[int, ...]]


def table(rows: Sequence[Row], truths: Sequence[tuple[int, int]], images: int) -> Matches:
    """Matches of three classes; a truth is (class, image). The row of truth met plays no part."""
    ordered = sorted(rows, key=lambda row: (row[0], -row[2], row[1]))
    columns = np.array([row[:3] for row in ordered], np.float64).reshape(-1, 3)
    thresholds = len(rows[0][3]) if rows else 2
    return Matches(
        iou_type=IouType.BOX,
        images=images,
        classes=3,
        thresholds=np.linspace(0.5, 0.9, thresholds),
        image_index=columns[:, 1].astype(np.int32),
        class_index=columns[:, 0].astype(np.int32),
        score=columns[:, 2],
        detection_row=np.arange(len(ordered)),
        truth_row=np.array([row[3] for row in ordered], np.int32).reshape(-1, thresholds).T,
        truth_class=np.array([c for c, _ in truths], np.int32),
        truth_image=np.array([i for _, i in truths], np.int32),
    )


def drawn(seed: int, *, scores: int, images: int = 6, detections: int = 60) -> Matches:
    """A truth of each hit's class and image, and a few more; `scores` different values."""
    draw = np.random.default_rng(seed)
    rows: list[Row] = []
    truths: list[tuple[int, int]] = []
    for _ in range(int(draw.integers(0, detections))):
        place = int(draw.integers(0, 3)), int(draw.integers(0, images))
        strict, loose = np.sort(draw.choice([HIT, NO_MATCH, NO_MATCH, IGNORED], 2))
        met = int(strict), int(loose), int(draw.choice([HIT, NO_MATCH]))
        rows.append((*place, float(draw.integers(1, scores + 1)) / scores, met))
        truths += [place] if draw.random() < 0.2 or HIT in met else []
    return table(rows or [(0, 0, 0.5, (NO_MATCH,) * 3)], truths, images)


def plain(matches: Matches, weight_I: Longs) -> Floats:
    """COCO's AP from a list of copies in their order: float64 (C, T)."""
    out = np.full((matches.classes, len(matches.thresholds)), np.nan)
    for c in range(matches.classes):
        positives = int(weight_I[matches.truth_image[matches.truth_class == c]].sum())
        rows = np.flatnonzero(matches.class_index == c)
        for t in range(len(matches.thresholds)):
            if positives:
                out[c, t] = plain_ap(copies(matches, rows, t, weight_I), positives)
    return out


def copies(matches: Matches, rows: Longs, t: int, weight_I: Longs) -> list[bool]:
    """Hit or false positive, of each copy of each detection that is not ignored."""
    met: list[bool] = []
    ties: dict[tuple[float, int], list[int]] = {}
    for row in rows.tolist():
        ties.setdefault((matches.score[row], matches.image_index[row]), []).append(row)
    for (_, image), tie in ties.items():
        of_tie = matches.truth_row[t, tie].tolist()
        met += [row >= 0 for row in of_tie if row != IGNORED] * int(weight_I[image])
    return met


def plain_ap(met: list[bool], positives: int) -> float:
    """pycocotools `accumulate`, line by line."""
    hits = np.cumsum(met).astype(np.float64)
    misses = np.cumsum(~np.array(met, np.bool_)).astype(np.float64)
    recall = hits / positives
    precision = hits / (misses + hits + np.spacing(1))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, LEVELS, side="left")
    return float(np.append(envelope, 0.0)[places].mean())


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**9), scores=st.sampled_from([1, 3, 20, 10**9]))
def test_each_image_once_is_the_set_as_it_is(seed: int, scores: int) -> None:
    matches = drawn(seed, scores=scores)
    once = np.ones(matches.images, np.int64)
    np.testing.assert_allclose(plain_precision(matches), plain(matches, once), rtol=0, atol=1e-12)
    weighted = ap_under_weights(matches, once[None])[0]
    np.testing.assert_allclose(plain_precision(matches), weighted, rtol=0, atol=1e-14)


def weights(seed: int, resamples: int, images: int) -> Longs:
    draw = np.random.default_rng(seed)
    return draw.multinomial(images, np.full(images, 1 / images), size=resamples)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**9),
    scores=st.sampled_from([1, 3, 20, 10**9]),
    resamples=st.sampled_from([1, FEW + 1]),
)
def test_weights_are_copies(seed: int, scores: int, resamples: int) -> None:
    """Few scores: ties within an image and between images, of hits, misses and ignored ones."""
    matches = drawn(seed, scores=scores)
    weights_BI = weights(seed, resamples, matches.images)
    table_BCT = ap_under_weights(matches, weights_BI)
    for ap_CT, weight_I in zip(table_BCT, weights_BI, strict=True):
        np.testing.assert_allclose(ap_CT, plain(matches, weight_I), rtol=0, atol=1e-12)


def test_the_drawn_tables_hold_what_they_are_to_test() -> None:
    """Or else agreement would say nothing."""
    matches = drawn(5, scores=3)
    assert {int(met) for met in np.unique(matches.truth_row)} == {HIT, NO_MATCH, IGNORED}
    pairs = set(zip(matches.score, matches.image_index, matches.class_index, strict=True))
    assert len(pairs) < 0.8 * len(matches.score)
    weights_BI = weights(5, 20, matches.images)
    assert weights_BI.min() == 0
    assert weights_BI.max() >= 3


def test_hundreds_of_truths_pass_every_recall_level() -> None:
    matches = drawn(3, scores=10**9, images=40, detections=4000)
    weights_BI = weights(3, 5, 40)
    for ap_CT, weight_I in zip(ap_under_weights(matches, weights_BI), weights_BI, strict=True):
        np.testing.assert_allclose(ap_CT, plain(matches, weight_I), rtol=0, atol=1e-12)


@pytest.mark.parametrize("scores", [2, 10**9])
def test_blocks_of_resamples_do_not_show(scores: int) -> None:
    """Each resample on its own is, to the bit, what it is among others in blocks full or not."""
    matches = drawn(8, scores=scores)
    weights_BI = weights(8, 2 * BLOCK + 1, matches.images)
    alone = np.stack([ap_under_weights(matches, row[None])[0] for row in weights_BI])
    assert not np.array_equal(alone[0], alone[1])
    for resamples in (1, FEW, FEW + 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 1):
        together = ap_under_weights(matches, weights_BI[:resamples])
        np.testing.assert_array_equal(together, alone[:resamples])
    assert ap_under_weights(matches, weights_BI[:0]).shape == (0, 3, 3)


@pytest.mark.parametrize("positives", [*range(1, 41), 64, 99, 100, 101, 300, 1000, 12345])
def test_a_recall_level_counts_as_floats_compare(positives: int) -> None:
    """numpy's level 0.35 is above 7 / 20, so seven hits of twenty do not reach it."""
    hits = np.arange(positives + 1)
    expected = np.searchsorted(LEVELS, hits / positives, side="right")
    ours = [levels_reached(float(h), float(positives)) for h in hits]
    np.testing.assert_array_equal(ours, expected)


def test_some_levels_are_missed_by_rounding_alone() -> None:
    exact = [Fraction(level) <= Fraction(r, 100) for r, level in enumerate(LEVELS.tolist())]
    assert not all(exact)
    missed = [r for r in range(101) if levels_reached(float(r), 100.0) != r + 1]
    assert missed == [r for r in range(101) if r / 100 < LEVELS[r]]
    assert missed


def test_ignored_detections_before_within_and_after_stretches() -> None:
    """As if they were not there: hit, hit, miss, hit of three truths is 1, 1, 3/4."""
    mets = (IGNORED, HIT, IGNORED, HIT, NO_MATCH, IGNORED, HIT, IGNORED)
    rows: list[Row] = [(1, k % 3, 1 - k / 10, (met, HIT)) for k, met in enumerate(mets)]
    matches = table(rows, [(1, 1), (1, 0), (1, 0)], 3)
    ap = ap_under_weights(matches, np.ones((1, 3), np.int64))[0, 1]
    assert ap[0] == pytest.approx((67 + 34 * 3 / 4) / 101)
    assert ap[1] == pytest.approx(1)


def test_a_tie_that_ends_a_class_does_not_reach_into_the_next() -> None:
    """The last detections of a class and the first of the next share image and score."""
    rows: list[Row] = [(0, 0, 0.5, (HIT,)), (1, 0, 0.5, (NO_MATCH,)), (1, 0, 0.5, (HIT,))]
    matches = table(rows, [(0, 0), (1, 0)], 1)
    ap = ap_under_weights(matches, np.array([[2]]))[0, :, 0]
    np.testing.assert_allclose(ap, [1, 0.5, np.nan])


def test_without_detections_ap_is_zero_where_there_is_truth() -> None:
    matches = table([], [(1, 0)], 2)
    ap_BC = ap_under_weights(matches, np.array([[1, 1], [0, 2]]))[:, :, 0]
    np.testing.assert_array_equal(ap_BC, [[np.nan, 0, np.nan], [np.nan] * 3])


def test_only_the_thresholds_asked_for_are_filled_in() -> None:
    matches = drawn(4, scores=5)
    weights_BI = weights(4, 20, matches.images)
    every = ap_under_weights(matches, weights_BI)
    for wanted in ([False, True, False], [True, False, True], [False] * 3):
        use_T: Bools = np.array(wanted)
        some = ap_under_weights(matches, weights_BI, use_T)
        np.testing.assert_array_equal(some[:, :, use_T], every[:, :, use_T])
        assert np.isnan(some[:, :, ~use_T]).all()


def test_classes_beyond_those_found_stay_undefined() -> None:
    matches = replace(drawn(4, scores=5), classes=5)
    ap_CT = ap_under_weights(matches, np.ones((1, matches.images), np.int64))[0]
    assert ap_CT.shape == (5, 3)
    assert np.isnan(ap_CT[3:]).all()


def test_weights_that_cannot_be_counted_are_refused() -> None:
    matches = drawn(4, scores=5)
    with pytest.raises(ValueError, match="weights from -1: an image stands there 0 times or more"):
        ap_under_weights(matches, np.full((1, matches.images), -1))
    with pytest.raises(ValueError, match="weights up to 1000000000 for"):
        ap_under_weights(matches, np.full((1, matches.images), 10**9))


def test_weights_and_matches_are_left_as_they_are() -> None:
    matches = drawn(4, scores=5)
    weights_BI = weights(4, 5, matches.images)
    weights_BI.setflags(write=False)
    first = ap_under_weights(matches, weights_BI)
    np.testing.assert_array_equal(first, ap_under_weights(matches, np.asfortranarray(weights_BI)))
