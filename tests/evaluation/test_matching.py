"""Who meets whom: sets so small that the reader can check the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segtrial.geometry.runs import encode_counts
from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.evaluation import IGNORED, NO_MATCH, IouType, Matches
from segtrial.types.masks import pack_masks
from tests.builders import found, truth
from tests.evaluation.coco_evaluation import matches_of

KINDS = pytest.mark.parametrize("kind", list(IouType))
LEFT, RIGHT = (0, 0, 4, 10), (10, 0, 4, 10)  # two boxes that do not touch


def met(dataset: Dataset, detections: Detections, kind: IouType, threshold: float) -> list[int]:
    """The truth row of each detection, in the detections' own order."""
    matches = matches_of(dataset, detections, kind)
    row = matches.truth_row[round((threshold - 0.5) / 0.05)]
    answer = np.full(len(detections), -99)
    answer[matches.detection_row] = row
    return answer.tolist()


@KINDS
def test_each_detection_meets_the_truth_it_covers(kind: IouType) -> None:
    dataset = truth([(0, 0, LEFT), (0, 0, RIGHT)])
    detections = found([(0, 0, 0.9, RIGHT), (0, 0, 0.8, LEFT)])
    assert met(dataset, detections, kind, 0.95) == [1, 0]


@KINDS
def test_the_threshold_itself_is_a_match(kind: IouType) -> None:
    """3 of 4 columns: IoU .75."""
    dataset, detections = truth([(0, 0, LEFT)]), found([(0, 0, 0.9, (0, 0, 3, 10))])
    assert met(dataset, detections, kind, 0.75) == [0]
    assert met(dataset, detections, kind, 0.8) == [NO_MATCH]


@KINDS
def test_the_higher_score_takes_the_truth_even_if_it_fits_worse(kind: IouType) -> None:
    dataset = truth([(0, 0, LEFT)])
    detections = found([(0, 0, 0.8, LEFT), (0, 0, 0.9, (0, 0, 3, 10))])
    assert met(dataset, detections, kind, 0.5) == [NO_MATCH, 0]
    assert met(dataset, detections, kind, 0.95) == [0, NO_MATCH]


@KINDS
def test_a_detection_takes_the_best_free_truth_and_of_equal_ones_the_last(kind: IouType) -> None:
    dataset = truth([(0, 0, (0, 0, 4, 10)), (0, 0, (0, 0, 5, 10)), (0, 0, (0, 0, 5, 10))])
    detections = found([(0, 0, 0.9, (0, 0, 5, 10)), (0, 0, 0.8, (0, 0, 5, 10))])
    assert met(dataset, detections, kind, 0.5) == [2, 1]


@KINDS
def test_other_classes_and_other_images_do_not_meet(kind: IouType) -> None:
    dataset = truth([(0, 0, LEFT), (1, 1, LEFT)], images=2, classes=("car", "bus"))
    detections = found([(0, 1, 0.9, LEFT), (1, 0, 0.9, LEFT), (1, 1, 0.1, LEFT)])
    assert met(dataset, detections, kind, 0.5) == [NO_MATCH, NO_MATCH, 1]


@KINDS
def test_a_crowd_swallows_any_number_and_counts_as_no_truth(kind: IouType) -> None:
    """Against a crowd the detection's own area is the base, so a small part of it is enough."""
    dataset = truth([(0, 0, (0, 0, 10, 10))], crowd=(0,))
    detections = found([(0, 0, 0.9, (0, 0, 2, 2)), (0, 0, 0.8, (1, 1, 2, 2)), (0, 0, 0.7, RIGHT)])
    assert met(dataset, detections, kind, 0.5) == [IGNORED, IGNORED, NO_MATCH]
    assert len(matches_of(dataset, detections, kind).truth_class) == 0


@KINDS
def test_a_truth_is_preferred_to_a_crowd_that_fits_better(kind: IouType) -> None:
    dataset = truth([(0, 0, (0, 0, 10, 10)), (0, 0, (0, 0, 3, 10))], crowd=(0,))
    detections = found([(0, 0, 0.9, LEFT), (0, 0, 0.8, LEFT)])
    assert met(dataset, detections, kind, 0.5) == [1, IGNORED]


@KINDS
def test_matches_name_rows_so_that_annotation_id_zero_is_met(kind: IouType) -> None:
    """pycocotools marks "unmatched" with 0 and so loses the annotation of that id."""
    dataset = truth([(0, 0, LEFT), (0, 0, RIGHT)], annotation_ids=("0", "-1"))
    assert met(dataset, found([(0, 0, 0.9, LEFT)]), kind, 0.5) == [0]
    renamed = replace(dataset, annotation_id=("0", "0"))
    assert met(renamed, found([(0, 0, 0.9, RIGHT)]), kind, 0.5) == [1]


@KINDS
def test_only_the_hundred_highest_scores_of_a_cell_are_kept(kind: IouType) -> None:
    dataset = truth([(0, 0, LEFT), (0, 1, LEFT)], classes=("car", "bus"))
    rows = [(0, 0, 0.5 + k / 1000, RIGHT) for k in range(120)]
    detections = found([(0, 0, 0.4, LEFT), *rows, (0, 1, 0.1, LEFT)])
    matches = matches_of(dataset, detections, kind)
    assert np.bincount(matches.class_index).tolist() == [100, 1]
    assert matches.score[:100].min() == 0.52
    assert 0 not in matches.detection_row  # the only hit is cut: too low a score
    assert matches.truth_row[:, -1].tolist() == [1] * 10


@KINDS
def test_matches_come_by_class_then_falling_score_then_image(kind: IouType) -> None:
    dataset = truth([(0, 0, LEFT)], images=3, classes=("car", "bus"))
    detections = found(
        [
            (0, 1, 0.5, LEFT),
            (0, 0, 0.3, LEFT),
            (1, 0, 0.9, LEFT),
            (1, 0, 0.3, RIGHT),
            (2, 0, 0.3, LEFT),
        ]
    )
    matches = matches_of(dataset, detections, kind)
    assert matches.class_index.tolist() == [0, 0, 0, 0, 1]
    assert matches.detection_row.tolist() == [2, 1, 3, 4, 0]
    assert matches.class_slices().tolist() == [0, 4, 5]


@KINDS
def test_no_truth_or_no_detections_are_no_error(kind: IouType) -> None:
    nothing = matches_of(truth([]), found([]), kind)
    assert nothing.truth_row.shape == (10, 0)
    alone = matches_of(truth([]), found([(0, 0, 0.9, LEFT)]), kind)
    assert alone.truth_row.tolist() == [[NO_MATCH]] * 10
    missed = matches_of(truth([(0, 0, LEFT)]), found([]), kind)
    assert (missed.truth_row.shape, missed.truth_class.tolist()) == ((10, 0), [0])


@KINDS
@pytest.mark.parametrize("box", [(3, 3, 0, 4), (3, 3, 4, 0), (3, 3, 0, 0)])
def test_boxes_and_masks_without_area_meet_nothing(
    kind: IouType, box: tuple[float, float, float, float]
) -> None:
    empty = found([(0, 0, 0.9, box)])
    assert met(truth([(0, 0, box)]), empty, kind, 0.5) == [NO_MATCH]
    assert met(truth([(0, 0, (2, 2, 5, 5))]), empty, kind, 0.5) == [NO_MATCH]
    assert met(truth([(0, 0, (2, 2, 5, 5))], crowd=(0,)), empty, kind, 0.5) == [NO_MATCH]


def test_masks_decide_where_boxes_are_equal() -> None:
    """The truth is the upper half of its box; the boxes agree, the masks do not."""
    dataset = truth([(0, 0, (0, 0, 8, 4))])
    dataset = replace(dataset, box_xywh=np.array([[0.0, 0, 8, 8]]))
    detections = found([(0, 0, 0.9, (0, 0, 8, 8))])
    assert met(dataset, detections, IouType.BOX, 0.95) == [0]
    assert met(dataset, detections, IouType.MASK, 0.5) == [0]
    assert met(dataset, detections, IouType.MASK, 0.55) == [NO_MATCH]


def test_masks_that_run_over_column_ends_are_compared_by_pixels() -> None:
    """Full columns make one run; a shifted one of equal size shares 3 of 5 columns."""
    dataset = truth([(0, 0, (2, 0, 4, 10))])
    detections = found([(0, 0, 0.9, (3, 0, 4, 10)), (0, 0, 0.8, (15, 0, 4, 10))])
    assert met(dataset, detections, IouType.MASK, 0.6) == [0, NO_MATCH]
    assert met(dataset, detections, IouType.MASK, 0.65) == [NO_MATCH, NO_MATCH]


def test_equal_masks_of_one_run_around_a_column_s_end_match() -> None:
    """The foot of column 3 and the head of column 4: the run's box is as high as the image."""
    counts = encode_counts(np.array([38, 4, 158]))
    dataset = replace(
        truth([(0, 0, (3, 0, 2, 10))]),
        instance_record=(b'{"segmentation": {"size": [10, 20], "counts": "%b"}}' % counts,),
    )
    detections = replace(found([(0, 0, 0.9, (3, 0, 2, 10))]), masks=pack_masks([counts]))
    assert met(dataset, detections, IouType.MASK, 0.95) == [0]


def test_mask_matching_without_masks_is_refused() -> None:
    dataset = truth([(0, 0, LEFT)])
    boxes = replace(found([(0, 0, 0.9, LEFT)]), masks=None)
    assert met(dataset, boxes, IouType.BOX, 0.5) == [0]
    with pytest.raises(ValueError, match="needs masks on both sides"):
        matches_of(dataset, boxes, IouType.MASK)


@KINDS
def test_matching_leaves_its_inputs_as_they_are(kind: IouType) -> None:
    dataset = truth([(0, 0, RIGHT), (0, 0, LEFT)], crowd=(0,))
    detections = found([(0, 0, 0.1, RIGHT), (0, 0, 0.9, LEFT)])
    before = dataset.fingerprint(), detections.score.tobytes(), detections.box_xywh.tobytes()
    matches = matches_of(dataset, detections, kind)
    assert isinstance(matches, Matches)
    assert before == (
        dataset.fingerprint(),
        detections.score.tobytes(),
        detections.box_xywh.tobytes(),
    )
    with pytest.raises(ValueError, match="read-only"):
        matches.truth_row[0, 0] = 5


@KINDS
def test_each_truth_knows_the_detection_that_met_it(kind: IouType) -> None:
    """The same pairs, seen from the truth; a crowd is met by none."""
    dataset = truth([(0, 0, LEFT), (0, 0, RIGHT), (0, 0, (5, 0, 4, 10))], crowd=(2,))
    detections = found([(0, 0, 0.9, RIGHT), (0, 0, 0.8, (0, 0, 3, 10)), (0, 0, 0.7, (5, 0, 4, 10))])
    matches = matches_of(dataset, detections, kind)
    seen = matches.met_by(dataset.instances)
    assert seen[0].tolist() == [1, 0, NO_MATCH]
    assert seen[-1].tolist() == [NO_MATCH, 0, NO_MATCH], "IoU .75 is no match at .95"
    for t, row in enumerate(matches.truth_row):
        for truth_row, detection in zip(row, matches.detection_row, strict=True):
            assert truth_row < 0 or seen[t, truth_row] == detection
