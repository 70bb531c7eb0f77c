"""The buffer of masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.types.masks import Masks, pack_masks


@settings(deadline=None)
@given(st.lists(st.binary(max_size=5), max_size=6), st.data())
def test_packed_masks_come_back_in_any_order(strings: list[bytes], data: st.DataObject) -> None:
    masks = pack_masks(strings)
    assert len(masks) == len(strings)
    assert [masks.counts(row) for row in range(len(masks))] == strings
    if strings:
        rows = data.draw(st.lists(st.integers(0, len(strings) - 1), max_size=8))
        taken = masks.take(np.array(rows, np.int64))
        assert [taken.counts(k) for k in range(len(taken))] == [strings[r] for r in rows]


@pytest.mark.parametrize("offset", [[], [1, 3], [0, 2], [0, 4]])
def test_offsets_that_do_not_span_the_buffer_are_refused(offset: list[int]) -> None:
    with pytest.raises(ValueError, match="offset must run"):
        Masks(data=np.zeros(3, np.uint8), offset=np.array(offset, np.int64))


def test_masks_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        pack_masks([b"05"]).data[0] = 1
