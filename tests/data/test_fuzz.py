"""Small valid files with bytes changed: they are read, or refused with an error of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.data.check import check_outlines
from segtrial.data.read import read
from segtrial.data.write import label_bytes
from segtrial.geometry.rasterise import truth_masks
from segtrial.geometry.runs import decode_mask
from segtrial.types.errors import InputError
from tests.builders import bdd_content, bdd_frame, bdd_label, coco_content

if TYPE_CHECKING:
    from pathlib import Path

RLE = {"size": [10, 20], "counts": "e0460o4"}
CURVE = {"vertices": [[2, 3], [6, 3], [6, 7], [2, 7]], "types": "LCCL", "closed": True}
VALID = {
    "coco": coco_content(),
    "bdd100k": [
        *bdd_content(),
        bdd_frame("d", bdd_label(1, poly2d=None, rle=RLE), bdd_label(2, poly2d=[CURVE])),
    ],
}
TEXTS = {kind: json.dumps(content).encode() for kind, content in VALID.items()}
TOKENS = [b"-", b"9", b"0", b"e", b"e99", b'"', b"[", b"]", b"{", b"}", b",", b"null", b"true"]
TOKENS += [b"\x00", b"\xff", b"\\u0000", b".5", b"NaN", b"9" * 25, b"LC", b""]

SPAN = st.tuples(
    st.integers(0, 10**6), st.integers(0, 3), st.sampled_from(TOKENS) | st.binary(max_size=2)
)


def mutated(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Some bytes at some places taken out, others put in."""
    for place, length, insert in edits:
        at = place % (len(data) + 1)
        data = data[:at] + insert + data[at + length :]
    return data


@pytest.mark.parametrize("kind", ["coco", "bdd100k"])
@settings(deadline=None, max_examples=250)
@given(edits=st.lists(SPAN, min_size=1, max_size=3))
def test_changed_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: str, edits: list[tuple[int, int, bytes]]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"{kind}.json"
    path.write_bytes(mutated(TEXTS[kind], edits))
    use_everything(path)


@pytest.mark.parametrize("kind", ["coco", "bdd100k"])
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_changed_values_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    """One value of the JSON, at any depth, replaced by another: well-formed, and wrong."""
    content = json.loads(TEXTS[kind])
    place = content
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 7)) == 0:
            break
        place = inner
    number = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    scalar = st.none() | st.booleans() | number | st.text(max_size=3)
    place[key] = data.draw(scalar | st.lists(scalar, max_size=7) | st.lists(number, max_size=7))
    path = tmp_path_factory.getbasetemp() / f"{kind}-values.json"
    path.write_text(json.dumps(content))
    use_everything(path)


def use_everything(path: Path) -> None:
    """Read, check, rasterise and write; what passes the checks must go through the rest."""
    try:
        dataset, _ = check_outlines(read(path, None), "clip")
    except InputError:
        return
    masks = truth_masks(dataset)
    for row, image in enumerate(dataset.image_index):
        height, width = int(dataset.height_px[image]), int(dataset.width_px[image])
        if height * width < 10_000:
            assert decode_mask(masks, row, height=height, width=width).shape == (height, width)
    path.write_bytes(label_bytes(dataset))
    again, _ = check_outlines(read(path, None), "clip")
    assert again.geometry_sha256() == dataset.geometry_sha256()
