"""AP and errors of single images: the evaluation of each image alone, and checkable sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from segtrial.evaluation.average_precision import average_precision, mean_over_classes
from segtrial.evaluation.matching import match_ranges
from segtrial.evaluation.per_image import image_scores
from segtrial.evaluation.rules import COCO, LVIS
from segtrial.types.arrays import IOU_THRESHOLDS
from segtrial.types.evaluation import IouType, Matches
from tests.builders import found, truth
from tests.evaluation.coco_evaluation import matches_of
from tests.evaluation.lvis_evaluation import read_pair
from tests.evaluation.lvis_sets import made_case, made_content
from tests.evaluation.test_slices import take

LEFT, RIGHT = (0, 0, 4, 10), (10, 0, 4, 10)


@pytest.mark.parametrize("case", ["jittered", "ties", "empty"])
def test_an_image_s_ap_is_the_evaluation_of_the_image_alone(case: str, tmp_path: Path) -> None:
    content, results = made_case(made_content(7), case)
    labels, detections = read_pair(content, results, IouType.BOX, tmp_path)
    dataset = labels.dataset
    scores = image_scores(matches_of(dataset, detections, IouType.BOX))
    for row in range(dataset.images):
        alone = matches_of(dataset.take_images([row]), take(detections, [row]), IouType.BOX)
        ap_CT = average_precision(alone, dataset.class_names).ap
        expected = [mean_over_classes(ap_CT), mean_over_classes(ap_CT, 0.5)]
        assert [scores.ap[row], scores.ap50[row]] == pytest.approx(expected, abs=1e-12, nan_ok=True)
        assert scores.classes[row] == np.count_nonzero(~np.isnan(ap_CT[:, 0]))
    assert np.isnan(scores.ap).tolist() == (scores.instances == 0).tolist()
    assert np.isnan(scores.ap).any() == (case == "empty")


def five_images() -> Matches:
    """Perfect; one of two classes missed; nothing at all; no truth but two detections; all wrong.

    The first image also holds a detection of a class that is not there, below the confidence.
    """
    dataset = truth(
        [(0, 0, LEFT), (1, 0, LEFT), (1, 1, LEFT), (4, 0, LEFT)], images=5, classes=("a", "b")
    )
    rows = [
        (0, 0, 0.9, LEFT),
        (0, 1, 0.4, LEFT),
        (1, 0, 0.9, LEFT),
        (3, 0, 0.9, LEFT),
        (3, 0, 0.8, LEFT),
        (4, 0, 0.7, RIGHT),
    ]
    return matches_of(dataset, found(rows), IouType.BOX)


def test_errors_count_what_is_sure_and_ap_what_is_present() -> None:
    scores = image_scores(five_images())
    nan = np.nan
    np.testing.assert_allclose(scores.ap50, [1, 0.5, nan, nan, 0])
    np.testing.assert_allclose(scores.ap, [1, 0.5, nan, nan, 0])
    assert scores.classes.tolist() == [1, 2, 0, 0, 1]
    assert scores.instances.tolist() == [1, 2, 0, 0, 1]
    assert scores.hits.tolist() == [1, 1, 0, 0, 0]
    assert scores.missed.tolist() == [0, 1, 0, 0, 1]
    assert scores.false_positives.tolist() == [0, 0, 0, 2, 1]
    assert scores.errors.tolist() == [0, 1, 0, 2, 2]


def test_the_worst_come_first_and_what_is_empty_and_silent_last() -> None:
    """Images 3 (no truth) and 4 have two errors each: by row. Then half, all right, nothing."""
    assert image_scores(five_images()).worst_first().tolist() == [3, 4, 1, 0, 2]


def test_the_confidence_decides_what_is_an_error() -> None:
    low, high = (image_scores(five_images(), confidence=c) for c in (0.4, 0.85))
    assert low.false_positives.tolist() == [1, 0, 0, 2, 1]
    assert high.false_positives.tolist() == [0, 0, 0, 1, 0]
    assert image_scores(five_images(), confidence=0.9).hits.tolist() == [1, 1, 0, 0, 0]
    assert image_scores(five_images(), confidence=0.91).hits.tolist() == [0] * 5
    assert low.confidence == 0.4


def test_ignored_detections_are_no_errors() -> None:
    dataset = truth([(0, 0, LEFT)], crowd=(0,))
    scores = image_scores(matches_of(dataset, found([(0, 0, 0.9, LEFT)] * 2), IouType.BOX))
    assert scores.errors.tolist() == [0]
    assert np.isnan(scores.ap).all()


def test_errors_add_up_to_the_set_s(tmp_path: Path) -> None:
    content, results = made_case(made_content(8), "lists")
    labels, detections = read_pair(content, results, IouType.MASK, tmp_path)
    for rules in (COCO, LVIS):
        matches = match_ranges(labels, detections, IouType.MASK, rules, ("all",))["all"]
        scores = image_scores(matches, confidence=0)
        assert scores.hits.sum() == np.count_nonzero(matches.truth_row[0] >= 0)
        assert scores.false_positives.sum() == np.count_nonzero(matches.truth_row[0] == -1)
        assert (scores.hits + scores.missed).tolist() == scores.instances.tolist()


def test_other_thresholds_without_a_half_are_refused() -> None:
    matches = replace(five_images(), thresholds=np.linspace(0.55, 1, 10))
    with pytest.raises(ValueError, match=r"one threshold of 0\.5"):
        image_scores(matches)


def test_no_images_and_no_detections_are_no_error() -> None:
    assert len(image_scores(matches_of(truth([], images=0), found([]), IouType.BOX)).ap) == 0
    blind = image_scores(matches_of(truth([(0, 0, LEFT)]), found([]), IouType.BOX))
    assert (blind.ap.tolist(), blind.missed.tolist()) == ([0], [1])


def test_five_thousand_images_take_seconds_at_most() -> None:
    """COCO-like: 36,000 truths and 500,000 detections of 80 classes."""
    draw = np.random.default_rng(1)
    images, classes, truths, count = 5000, 80, 36_000, 500_000
    label = np.sort(draw.integers(0, classes, count))
    score = draw.random(count)
    order = np.lexsort((-score, label))
    matches = Matches(
        iou_type=IouType.BOX,
        images=images,
        classes=classes,
        thresholds=IOU_THRESHOLDS,
        image_index=draw.integers(0, images, count)[order],
        class_index=label[order],
        score=score[order],
        detection_row=order,
        truth_row=np.where(draw.random((10, count)) < 0.05, 0, -1),
        truth_class=draw.integers(0, classes, truths),
        truth_image=draw.integers(0, images, truths),
    )
    image_scores(five_images())  # compiled
    begin = process_time()
    image_scores(matches)
    assert process_time() - begin < 5
