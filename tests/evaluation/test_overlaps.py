"""Overlaps: IoUs to the bit as pycocotools computes them, in their order, whatever the blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from segtrial.evaluation import overlaps as module
from segtrial.evaluation.matching import match
from segtrial.evaluation.overlaps import overlaps
from segtrial.evaluation.shapes import Truth, prepare_truth
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.evaluation import IouType
from tests.builders import found, truth

if TYPE_CHECKING:
    from segtrial.types.detections import Detections
    from segtrial.types.overlaps import Overlaps

SIDE = st.integers(0, 6)
BOX = st.tuples(SIDE, st.integers(0, 4), SIDE, SIDE)
MANY = pytest.mark.parametrize("few", [0, module.FEW], ids=["kernels", "few"])
TRUTHS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), BOX, st.booleans()), max_size=8)
FOUND = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from([0.2, 0.5]), BOX), max_size=9
)


@dataclass(frozen=True)
class Case:
    truth: Truth
    detections: Detections


def case_of(truths: list[Any], detections: list[Any]) -> Case:
    rows = sorted(truths, key=lambda row: row[0])
    crowds = [n for n, row in enumerate(rows) if row[3]]
    labels = truth([row[:3] for row in rows], images=3, classes=("a", "b", "c"), crowd=crowds)
    made = found(sorted(detections, key=lambda row: row[0]))
    return Case(truth=prepare_truth(labels, truth_masks(labels)), detections=made)


def by_pycocotools(case: Case, kind: IouType, floor: float) -> dict[int, list[tuple[float, int]]]:
    """Of each detection its overlaps, by falling IoU, own class first, later rows first."""
    labels, rows = case.truth.dataset, case.detections
    masks = truth_masks(labels)
    expected: dict[int, list[tuple[float, int]]] = {}
    for d in range(len(rows)):
        image = int(rows.image_index[d])
        size = [int(labels.height_px[image]), int(labels.width_px[image])]
        near = [n for n in range(labels.instances) if labels.image_index[n] == image]
        if kind == IouType.BOX:
            one: Any = [rows.box_xywh[d].tolist()]
            others: Any = [labels.box_xywh[n].tolist() for n in near]
        else:
            assert rows.masks is not None
            one = [{"size": size, "counts": rows.masks.counts(d)}]
            others = [{"size": size, "counts": masks.counts(n)} for n in near]
        crowd = [int(labels.crowd[n]) for n in near]
        ious = np.array(coco.iou(one, others, crowd)).reshape(-1) if near else np.zeros(0)
        own = [labels.class_index[n] == rows.class_index[d] for n in near]
        found_here = [
            (float(v), n, o) for v, n, o in zip(ious, near, own, strict=True) if v >= floor
        ]
        found_here.sort(key=lambda row: (-row[0], not row[2], -row[1]))
        expected[d] = [(v, n) for v, n, _ in found_here]
    return expected


def as_lists(pairs: Overlaps) -> dict[int, list[tuple[float, int]]]:
    return {
        d: list(zip(pairs.iou[a:b].tolist(), pairs.truth_row[a:b].tolist(), strict=True))
        for d, (a, b) in enumerate(zip(pairs.first[:-1], pairs.first[1:], strict=True))
    }


@MANY
@settings(deadline=None, max_examples=100)
@given(
    truths=TRUTHS,
    detections=FOUND,
    kind=st.sampled_from(list(IouType)),
    floor=st.sampled_from([0.1, 0.25, 0.5, 1.0]),
)
def test_all_pairs_from_the_floor_up_are_those_of_pycocotools(
    few: int, truths: list[Any], detections: list[Any], kind: IouType, floor: float
) -> None:
    case = case_of(truths, detections)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FEW", few)
        pairs = overlaps(case.truth, case.detections, kind, floor=floor)
    assert as_lists(pairs) == by_pycocotools(case, kind, floor)


@settings(deadline=None, max_examples=60)
@given(
    truths=TRUTHS, detections=FOUND, kind=st.sampled_from(list(IouType)), block=st.integers(1, 4)
)
def test_the_size_of_blocks_changes_nothing(
    truths: list[Any], detections: list[Any], kind: IouType, block: int
) -> None:
    case = case_of(truths, detections)
    whole = overlaps(case.truth, case.detections, kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FEW", 0)
        patch.setattr(module, "BLOCK", block)
        parts = overlaps(case.truth, case.detections, kind)
    assert as_lists(parts) == as_lists(whole)
    assert parts.area_px.tolist() == whole.area_px.tolist()


@MANY
@settings(deadline=None, max_examples=60)
@given(truths=TRUTHS, detections=FOUND, kind=st.sampled_from(list(IouType)))
def test_pairs_of_equal_classes_match_as_all_pairs_do(
    few: int, truths: list[Any], detections: list[Any], kind: IouType
) -> None:
    case = case_of(truths, detections)
    labels = case.truth.dataset
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FEW", few)
        same = overlaps(case.truth, case.detections, kind, any_class=False)
        everything = overlaps(case.truth, case.detections, kind)
    kept = {
        d: [(v, n) for v, n in rows if labels.class_index[n] == case.detections.class_index[d]]
        for d, rows in as_lists(everything).items()
    }
    assert as_lists(same) == kept
    by_same = match(case.truth, case.detections, kind, pairs=same)
    by_all = match(case.truth, case.detections, kind, pairs=everything)
    assert by_same.truth_row.tolist() == by_all.truth_row.tolist()


@MANY
def test_detections_that_are_not_wanted_have_no_pairs_and_no_area(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FEW", few)
    case = case_of([(0, 0, (1, 1, 4, 4), False)], [(0, 0, 0.5, (1, 1, 4, 4))] * 3)
    wanted = np.array([True, False, True])
    pairs = overlaps(case.truth, case.detections, IouType.MASK, wanted=wanted)
    assert np.diff(pairs.first).tolist() == [1, 0, 1]
    assert pairs.area_px[[0, 2]].tolist() == [16, 16]
    assert np.isnan(pairs.area_px[1])


def test_more_pairs_than_expected_find_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every detection overlaps every truth: far more than four pairs a detection."""
    monkeypatch.setattr(module, "FEW", 0)
    box = (1, 1, 4, 4)
    case = case_of([(0, 0, box, False)] * 60, [(0, 0, 0.5, box)] * 90)
    pairs = overlaps(case.truth, case.detections, IouType.BOX)
    assert np.diff(pairs.first).tolist() == [60] * 90


@pytest.mark.parametrize("floor", [0.0, -0.1, 1.5, float("nan")])
def test_a_floor_that_is_none_is_refused(floor: float) -> None:
    case = case_of([], [])
    with pytest.raises(ValueError, match="floor"):
        overlaps(case.truth, case.detections, IouType.BOX, floor=floor)


def test_pairs_that_do_not_serve_are_refused() -> None:
    case = case_of([(0, 0, (1, 1, 4, 4), False)], [(0, 0, 0.5, (1, 1, 4, 4))])
    high = overlaps(case.truth, case.detections, IouType.BOX, floor=0.6)
    with pytest.raises(ValueError, match="known from"):
        match(case.truth, case.detections, IouType.BOX, pairs=high)
    other = overlaps(case.truth, case.detections, IouType.MASK)
    with pytest.raises(ValueError, match="overlaps of"):
        match(case.truth, case.detections, IouType.BOX, pairs=other)
