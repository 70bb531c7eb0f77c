"""Overlaps to bytes and back: matching them again is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segtrial.evaluation.matching import match, prepare_truth
from segtrial.evaluation.overlaps import overlaps
from segtrial.geometry.rasterise import truth_masks
from segtrial.store.codec import pack_arrays, pack_overlaps, unpack_arrays, unpack_overlaps
from segtrial.types.errors import RecordError
from segtrial.types.evaluation import IouType
from segtrial.types.overlaps import Overlaps
from tests.builders import found, truth

DATASET = truth(
    [(0, 0, (1, 1, 4, 4)), (0, 1, (2, 1, 4, 4)), (1, 1, (2, 2, 5, 5))], images=3, classes="ab"
)
TRUTH = prepare_truth(DATASET, truth_masks(DATASET))
DETECTIONS = found(
    [(0, 0, 0.9, (1, 1, 4, 4)), (0, 1, 0.4, (9, 0, 3, 3)), (1, 0, 0.7, (2, 2, 5, 4))]
)


def sample() -> dict[IouType, Overlaps]:
    return {kind: overlaps(TRUTH, DETECTIONS, kind, floor=0.5) for kind in IouType}


def columns(pairs: Overlaps) -> list[Any]:
    parts = [pairs.first, pairs.truth_row, pairs.iou, pairs.area_px]
    return [(pairs.floor, pairs.any_class), *((p.dtype, p.tobytes()) for p in parts)]


def test_overlaps_come_back_and_give_the_same_bytes() -> None:
    packed = pack_overlaps(sample())
    again = unpack_overlaps(packed, "here")
    assert list(again) == list(IouType)
    for kind, pairs in sample().items():
        assert len(pairs.iou) == 3  # two truths under the first detection, one under the third
        assert columns(again[kind]) == columns(pairs)
        assert again[kind].iou_type == kind
        for table in (again, {}):
            drawn = match(TRUTH, DETECTIONS, kind, pairs=table.get(kind))
            assert drawn.truth_row[0].tolist() == [0, -1, -1]
    assert pack_overlaps(again) == packed


def test_boxes_alone_and_no_detections_come_back() -> None:
    nothing = overlaps(TRUTH, found([]), IouType.BOX, floor=0.5)
    again = unpack_overlaps(pack_overlaps({IouType.BOX: nothing}), "here")
    assert list(again) == [IouType.BOX]
    assert columns(again[IouType.BOX]) == columns(nothing)


WRONG: dict[str, Any] = {
    "box.count": np.array([2, 0, 2], np.int32),
    "box.floor": np.zeros(0),
    "box.iou": np.zeros(2),
    "box.area_px": np.zeros(4),
    "box.truth_row": None,
}


@pytest.mark.parametrize("name", WRONG)
def test_overlaps_of_the_wrong_arrays_are_a_damaged_record(name: str) -> None:
    arrays = unpack_arrays(pack_overlaps(sample()), "here") | {name: WRONG[name]}
    record = {key: value for key, value in arrays.items() if value is not None}
    with pytest.raises(RecordError, match="damaged"):
        unpack_overlaps(pack_arrays(record), "here")


def test_negative_counts_are_a_damaged_record() -> None:
    arrays = unpack_arrays(pack_overlaps(sample()), "here")
    arrays["box.count"] = np.array([4, -1, 0], np.int32)
    with pytest.raises(RecordError, match="damaged"):
        unpack_overlaps(pack_arrays(arrays), "here")


def test_a_record_cut_anywhere_is_damaged() -> None:
    packed = pack_overlaps(sample())
    for end in range(0, len(packed), 23):
        with pytest.raises(RecordError):
            unpack_overlaps(packed[:end], "here")
