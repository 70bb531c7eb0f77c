"""Records to bytes and back: the same bytes twice, and damage is found."""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from segtrial.evaluation.matching import match, prepare_truth
from segtrial.geometry.rasterise import truth_masks
from segtrial.store.codec import (
    pack_arrays,
    pack_detections,
    pack_matches,
    to_canonical_json,
    to_json,
    unpack_arrays,
    unpack_detections,
    unpack_matches,
)
from segtrial.types.detections import Detections
from segtrial.types.errors import RecordError
from segtrial.types.evaluation import IouType, Matches
from tests.builders import found, truth

MATCH_FIELDS = [f for f in Matches.__dataclass_fields__ if f not in {"iou_type", "images"}]


def sample() -> Detections:
    return found(
        [(0, 0, 0.9, (1, 1, 4, 4)), (0, 1, 0.25, (8, 0, 3, 10)), (2, 0, 0.5, (0, 0, 1, 1))]
    )


def sample_matches() -> dict[IouType, Matches]:
    dataset = truth([(0, 0, (1, 1, 4, 4)), (1, 1, (2, 2, 5, 5))], images=3, classes=("a", "b"))
    prepared = prepare_truth(dataset, truth_masks(dataset))
    return {kind: match(prepared, sample(), kind) for kind in IouType}


def columns(detections: Detections) -> list[Any]:
    parts = [detections.image_index, detections.class_index, detections.score]
    parts.append(detections.box_xywh)
    if detections.masks is not None:
        parts += [detections.masks.data, detections.masks.offset]
    return [(part.dtype, part.shape, part.tobytes()) for part in parts]


ARRAY = arrays.arrays(
    st.sampled_from([np.int32, np.int64, np.float64, np.float32, np.bool_, np.uint8]),
    arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4),
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b.c", "box.size"]), ARRAY))
def test_arrays_come_back_with_shape_and_type(record: dict[str, np.ndarray]) -> None:
    packed = pack_arrays(record)
    again = unpack_arrays(packed, "here")
    assert list(again) == list(record)
    for name, array in record.items():
        assert again[name].dtype == array.dtype
        assert again[name].shape == array.shape
        assert again[name].tobytes() == np.ascontiguousarray(array).tobytes()
    assert pack_arrays(record) == packed


def test_detections_come_back_and_give_the_same_bytes() -> None:
    packed = pack_detections(sample())
    again = unpack_detections(packed, "here")
    assert columns(again) == columns(sample())
    assert pack_detections(again) == packed


def test_detections_without_masks_come_back_without() -> None:
    boxes = Detections(
        image_index=np.array([0]),
        class_index=np.array([0]),
        score=np.array([0.5]),
        box_xywh=np.array([[1, 2, 3, 4]]),
        masks=None,
    )
    assert unpack_detections(pack_detections(boxes), "here").masks is None


def test_stated_areas_come_back() -> None:
    detections = replace(found([(0, 0, 0.5, (1, 1, 2, 2))]), area_px=np.array([7.5]))
    again = unpack_detections(pack_detections(detections), "here")
    assert again.area_px is not None
    assert again.area_px.tolist() == [7.5]


def test_no_detections_are_a_record_too() -> None:
    again = unpack_detections(pack_detections(found([])), "here")
    assert len(again) == 0
    assert again.masks is not None
    assert len(again.masks) == 0


def test_matches_come_back_and_give_the_same_bytes() -> None:
    tables = sample_matches()
    packed = pack_matches(tables)
    again = unpack_matches(packed, "here")
    assert list(again) == [IouType.BOX, IouType.MASK]
    for kind, table in tables.items():
        assert again[kind].images == 3
        assert again[kind].iou_type == kind
        for field in MATCH_FIELDS:
            np.testing.assert_array_equal(getattr(again[kind], field), getattr(table, field))
    assert pack_matches(again) == packed


def test_matches_of_boxes_alone_come_back_alone() -> None:
    only = {IouType.BOX: sample_matches()[IouType.BOX]}
    assert list(unpack_matches(pack_matches(only), "here")) == [IouType.BOX]


def test_records_hold_no_date() -> None:
    with zipfile.ZipFile(io.BytesIO(pack_detections(sample()))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_numpy_reads_the_records() -> None:
    with np.load(io.BytesIO(pack_detections(sample())), allow_pickle=False) as archive:
        assert archive["score"].tolist() == [0.9, 0.25, 0.5]


# Damage


class Bomb:
    """Unpickling it is seen."""

    armed = False

    def __reduce__(self) -> tuple[Any, ...]:
        return (setattr, (Bomb, "armed", True))


def npz_of_objects() -> bytes:
    out = io.BytesIO()
    np.savez(out, score=np.array([Bomb()], dtype=object))
    return out.getvalue()


def npy_of_objects() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([Bomb()], dtype=object))
    return out.getvalue()


@pytest.mark.parametrize("data", [npz_of_objects(), npy_of_objects(), pickle.dumps(Bomb())])
def test_nothing_is_ever_unpickled(data: bytes) -> None:
    with pytest.raises(RecordError):
        unpack_arrays(data, "here")
    assert not Bomb.armed


def npy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.arange(3))
    return out.getvalue()


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip", npy()])
def test_what_is_no_npz_is_a_damaged_record(data: bytes) -> None:
    with pytest.raises(RecordError, match="damaged") as caught:
        unpack_arrays(data, "runs/a/detections.npz")
    assert caught.value.where == "runs/a/detections.npz"
    assert caught.value.next_step


def test_a_record_cut_anywhere_is_damaged() -> None:
    packed = pack_detections(sample())
    for end in range(0, len(packed), 11):
        with pytest.raises(RecordError):
            unpack_detections(packed[:end], "here")


@settings(deadline=None, max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=3),
)
def test_flipped_bytes_are_found_or_harmless(flips: list[tuple[int, int]]) -> None:
    """Dates, attributes and the like may flip unnoticed; an array never comes out changed."""
    packed = bytearray(pack_arrays(ARRAYS))
    for place, mask in flips:
        packed[place % len(packed)] ^= mask
    try:
        again = unpack_arrays(bytes(packed), "here")
    except RecordError:
        return
    for name in set(again) & set(ARRAYS):
        np.testing.assert_array_equal(again[name], ARRAYS[name])


ARRAYS = {
    "score": np.random.default_rng(0).random(30),
    "index": np.arange(40, dtype=np.int32),
    "flag": np.zeros(9, bool),
}
GOOD = {
    "image_index": np.array([0, 1], np.int32),
    "class_index": np.array([0, 0], np.int32),
    "score": np.array([0.5, 0.4]),
    "box_xywh": np.zeros((2, 4)),
}


MASK_DATA = np.zeros(4, np.uint8)
WRONG: dict[str, dict[str, Any]] = {
    "no scores": {"score": None},
    "no images": {"image_index": None},
    "an array too many": {"extra": np.zeros(2)},
    "a score too many": {"score": np.zeros(3)},
    "not sorted by image": {"image_index": np.array([1, 0], np.int32)},
    "boxes of three numbers": {"box_xywh": np.zeros((2, 3))},
    "masks without offsets": {"mask_data": MASK_DATA},
    "masks beyond their data": {"mask_data": MASK_DATA, "mask_offset": np.array([0, 2, 3])},
    "a mask too few": {"mask_data": MASK_DATA, "mask_offset": np.array([0, 4])},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_detections_of_the_wrong_arrays_are_a_damaged_record(change: dict[str, Any]) -> None:
    record = {k: v for k, v in (GOOD | change).items() if v is not None}
    with pytest.raises(RecordError):
        unpack_detections(pack_arrays(record), "here")


@pytest.mark.parametrize("size", [[1, 2], [1], []], ids=str)
def test_matches_of_the_wrong_arrays_are_a_damaged_record(size: list[int]) -> None:
    with pytest.raises(RecordError):
        unpack_matches(pack_arrays({"box.size": np.array(size, np.int64)}), "here")


# JSON


def test_json_is_indented_ends_with_a_newline_and_knows_no_nan() -> None:
    assert to_json({"b": 1, "a": [math.nan, 0.1]}) == (
        b'{\n  "b": 1,\n  "a": [\n    null,\n    0.1\n  ]\n}\n'
    )


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    one = to_canonical_json({"b": {"d": 1, "c": 2}, "a": 0})
    assert one == to_canonical_json({"a": 0, "b": {"c": 2, "d": 1}})
    assert one == b'{"a":0,"b":{"c":2,"d":1}}'


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_json_to_the_last_bit(value: float) -> None:
    assert msgspec.json.decode(to_json([value]), type=list[float]) == [value]
