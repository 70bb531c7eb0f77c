"""Who meets whom under Ultralytics' two rules: sets so small that the reader can check them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segtrial.evaluation.matching import prepare_truth
from segtrial.evaluation.ultralytics_matching import Matching, left_out, match_as_ultralytics
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.evaluation import NO_MATCH, IouType, Matches
from tests.builders import found, truth

KINDS = pytest.mark.parametrize("kind", list(IouType))
RULES = pytest.mark.parametrize("rule", list(Matching))
FAR = (16, 0, 4, 10)


def matched(
    dataset: Dataset, detections: Detections, rule: Matching, kind: IouType = IouType.BOX
) -> Matches:
    prepared = prepare_truth(dataset, truth_masks(dataset))
    return match_as_ultralytics(prepared, detections, kind, rule)


def met(matches: Matches, threshold: float, detections: int) -> list[int]:
    """The truth row of each detection in the detections' own order; -99: has no row."""
    answer = np.full(detections, -99)
    answer[matches.detection_row] = matches.truth_row[round((threshold - 0.5) / 0.05)]
    return [int(row) for row in answer]


@KINDS
def test_by_iou_a_detection_has_no_second_choice(kind: IouType) -> None:
    """Columns 0–7 and 2–9 are truths, IoU .6. Two detections lie on the first."""
    dataset = truth([(0, 0, (0, 0, 8, 10)), (0, 0, (2, 0, 8, 10))])
    detections = found([(0, 0, 0.9, (0, 0, 8, 10)), (0, 0, 0.8, (0, 0, 8, 10))])
    by_iou = matched(dataset, detections, Matching.BY_IOU, kind)
    by_confidence = matched(dataset, detections, Matching.BY_CONFIDENCE, kind)
    assert met(by_iou, 0.55, 2) == [0, NO_MATCH]
    assert met(by_confidence, 0.55, 2) == [0, 1]
    assert met(by_confidence, 0.65, 2) == [0, NO_MATCH]


@KINDS
@RULES
def test_a_truth_wanted_twice_goes_to_the_higher_score(kind: IouType, rule: Matching) -> None:
    """Not to the higher IoU: .75 at score .9 wins over 1 at score .8, up to the threshold .75."""
    dataset = truth([(0, 0, (0, 0, 8, 10))])
    detections = found([(0, 0, 0.8, (0, 0, 8, 10)), (0, 0, 0.9, (0, 0, 6, 10))])
    matches = matched(dataset, detections, rule, kind)
    assert met(matches, 0.75, 2) == [NO_MATCH, 0]
    assert met(matches, 0.8, 2) == [0, NO_MATCH]


@RULES
def test_of_equal_scores_the_first_wins_and_equal_ious_have_their_order(rule: Matching) -> None:
    dataset = truth([(0, 0, (0, 0, 8, 10)), (0, 0, (0, 0, 8, 10))])
    detections = found([(0, 0, 0.9, (0, 0, 7, 10)), (0, 0, 0.9, (0, 0, 8, 10))])
    expected = [1, NO_MATCH] if rule == Matching.BY_IOU else [0, 1]
    assert met(matched(dataset, detections, rule), 0.5, 2) == expected


@KINDS
@RULES
def test_classes_and_images_do_not_meet(kind: IouType, rule: Matching) -> None:
    box = (0, 0, 8, 10)
    dataset = truth([(0, 0, box), (1, 1, box)], images=2, classes=("car", "bus"))
    detections = found([(0, 1, 0.9, box), (1, 0, 0.9, box), (1, 1, 0.5, box)])
    assert met(matched(dataset, detections, rule, kind), 0.5, 3) == [NO_MATCH, NO_MATCH, 1]


@KINDS
@RULES
def test_a_crowd_is_no_truth_and_shields_nothing(kind: IouType, rule: Matching) -> None:
    """The truth after it keeps its own row number."""
    box = (0, 0, 8, 10)
    dataset = truth([(0, 0, box), (0, 0, FAR)], crowd=(0,))
    detections = found([(0, 0, 0.9, box), (0, 0, 0.8, FAR)])
    matches = matched(dataset, detections, rule, kind)
    assert met(matches, 0.5, 2) == [NO_MATCH, 1]
    assert matches.truth_class.tolist() == [0]
    (crowds,) = left_out(dataset, detections)
    assert str(crowds) == "1 left out: crowd regions (the first: instance 0 of image 1)"


@RULES
def test_a_set_of_crowds_alone_has_no_truth(rule: Matching) -> None:
    dataset = truth([(0, 0, FAR)], crowd=(0,))
    for kind in IouType:
        matches = matched(dataset, found([(0, 0, 0.9, FAR)]), rule, kind)
        assert met(matches, 0.5, 1) == [NO_MATCH]
        assert len(matches.truth_class) == 0


@RULES
def test_scores_up_to_a_thousandth_do_not_exist(rule: Matching) -> None:
    dataset = truth([(0, 0, FAR)])
    detections = found([(0, 0, 0.0, FAR), (0, 0, 0.001, FAR), (0, 0, 0.0011, FAR)])
    assert met(matched(dataset, detections, rule), 0.95, 3) == [-99, -99, 0]
    (low,) = left_out(dataset, detections)
    assert (low.count, low.first) == (2, "detection 0 of image 1")


@RULES
def test_three_hundred_an_image_of_all_classes_together(rule: Matching) -> None:
    """The two lowest of 302 in the first image fall away; the second image keeps its own."""
    dataset = truth([(0, 1, FAR), (1, 1, FAR)], images=2, classes=("car", "bus"))
    rows = [(0, 0, 0.5 + n / 1000, (0, 0, 4, 4)) for n in range(301)]
    detections = found([(0, 1, 0.1, FAR), *rows, (1, 1, 0.1, FAR)])
    matches = matched(dataset, detections, rule)
    assert len(matches.score) == 301
    assert met(matches, 0.5, 303)[:3] == [-99, -99, NO_MATCH]
    assert met(matches, 0.5, 303)[-1] == 1
    (past,) = left_out(dataset, detections)
    assert (past.count, past.first) == (2, "detection 0 of image 1")


@KINDS
@RULES
def test_no_truth_or_no_detections_are_no_error(kind: IouType, rule: Matching) -> None:
    assert matched(truth([]), found([]), rule, kind).truth_row.shape == (10, 0)
    alone = matched(truth([]), found([(0, 0, 0.9, FAR)]), rule, kind)
    assert alone.truth_row.tolist() == [[NO_MATCH]] * 10
    assert matched(truth([(0, 0, FAR)]), found([]), rule, kind).truth_class.tolist() == [0]
    assert left_out(truth([(0, 0, FAR)]), found([(0, 0, 0.9, FAR)])) == ()


@RULES
def test_masks_are_wanted_on_both_sides(rule: Matching) -> None:
    boxes = replace(found([(0, 0, 0.9, FAR)]), masks=None)
    with pytest.raises(ValueError, match="needs masks on both sides"):
        matched(truth([(0, 0, FAR)]), boxes, rule, IouType.MASK)
