"""Columns of bytes and text in one buffer."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtrial.types.spans import Spans, Texts, pack_spans, pack_texts

BYTES = st.lists(st.binary(max_size=9), max_size=12)
WORDS = st.lists(st.text(max_size=9), max_size=12)


@given(BYTES)
def test_packed_bytes_come_back(items: list[bytes]) -> None:
    spans = pack_spans(items)
    assert list(spans) == items
    assert [spans[row] for row in range(len(spans))] == items
    assert spans.empty().tolist() == [not item for item in items]


@given(WORDS)
def test_packed_texts_come_back_and_compare(items: list[str]) -> None:
    texts = pack_texts(items)
    assert list(texts) == items
    assert texts == tuple(items)
    assert texts != [*items, "more"]


@given(BYTES, st.data())
def test_rows_are_taken_in_the_order_asked_for(items: list[bytes], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(items) - 1), max_size=9)) if items else []
    assert list(pack_spans(items).take(rows)) == [items[row] for row in rows]


def test_spans_may_overlap_and_leave_gaps() -> None:
    spans = Spans(buffer=b"abcdef", start=np.array([0, 1, 5]), stop=np.array([3, 4, 5]))
    assert list(spans) == [b"abc", b"bcd", b""]
    assert list(spans[1:]) == [b"bcd", b""]
    assert list(spans.packed()) == list(spans)


def test_pickled_spans_carry_their_own_bytes_alone() -> None:
    few = Spans(buffer=b"x" * 10_000, start=np.array([0, 5]), stop=np.array([2, 6]))
    data = pickle.dumps(Texts(few))
    assert len(data) < 1000
    assert list(pickle.loads(data)) == ["xx", "x"]


@pytest.mark.parametrize("ends", [([-1], [1]), ([0], [9]), ([2], [1]), ([0, 1], [1])])
def test_spans_outside_their_buffer_are_refused(ends: tuple[list[int], list[int]]) -> None:
    with pytest.raises(ValueError, match=r"span|length"):
        Spans(buffer=b"abc", start=np.array(ends[0]), stop=np.array(ends[1]))
