"""COCO results in blocks: exact whatever strings and faults a file holds, and small in memory."""

from __future__ import annotations

import codecs
import gzip
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.data import records as label_records
from segtrial.data.coco import results
from segtrial.data.coco.results import read_coco_results
from segtrial.data.record_blocks import BLOCK_BYTES, file_opening, record_blocks
from segtrial.geometry.rasterise import mask_counts
from segtrial.geometry.run_totals import runs_fill_images
from segtrial.geometry.runs import encode_counts
from segtrial.types.errors import DataError
from tests.builders import box_rle, square, truth, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from segtrial.types.dataset import Dataset

COUNTS = box_rle((2, 3, 4, 4)).decode()
RLE = {"size": [10, 20], "counts": COUNTS}
MANY = 6000  # records of 130 bytes: more than one block
# What would look like the space between two records, were it not inside a string.
HOSTILE = st.text(st.sampled_from('{}[],:"\\ \n\tnué'), max_size=12) | st.sampled_from(
    ["},{", "}, {", '"},{"', '\\"},{', '[{"a":1},{"a":2}]', '}\n,\n{"x":"']
)
VALUES = st.recursive(
    HOSTILE | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=6,
)


def result(**changes: Any) -> dict[str, Any]:
    return {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [2, 3, 4, 4]} | changes


def two_images() -> Dataset:
    return truth([], images=2, classes=["car", "bridge"])


def outcome(path: Path, *, leave_out: bool) -> list[Any]:
    """All that reading gives, comparable: the columns and what was left out, or the error."""
    try:
        found, left = read_coco_results(path, two_images(), leave_out=leave_out)
    except DataError as error:
        return error.rows()
    masks = None
    if found.masks is not None:
        masks = found.masks.data.tobytes(), found.masks.offset.tolist()
    area = None if found.area_px is None else found.area_px.tolist()
    columns = (found.image_index, found.class_index, found.score, found.box_xywh)
    return [*(column.tolist() for column in columns), masks, area, left]


@settings(deadline=None, max_examples=150)
@given(
    records=st.lists(st.dictionaries(HOSTILE, VALUES, max_size=3), max_size=8),
    indent=st.sampled_from([None, 0, 1]),
    block_bytes=st.integers(2, 120),
    ascii_only=st.booleans(),
)
def test_blocks_are_the_lists_records_whatever_its_strings_hold(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[Any],
    indent: int | None,
    block_bytes: int,
    ascii_only: bool,
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.json"
    path.write_text(json.dumps(records, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    decode = msgspec.json.Decoder(list[Any]).decode
    blocks = list(
        record_blocks(path, decode, dict, where="here", expected="a list", block_bytes=block_bytes)
    )
    assert [one for _, _, block in blocks for one in block] == records
    assert [first + k for first, _, block in blocks for k in range(len(block))] == [
        *range(len(records))
    ]


def test_a_file_is_cut_into_blocks_of_the_size_asked_for(tmp_path: Path) -> None:
    path = write_json(tmp_path / "r", [{"a": k} for k in range(100)])
    decode = msgspec.json.Decoder(list[dict[str, int]]).decode
    blocks = list(record_blocks(path, decode, dict, where="", expected="", block_bytes=64))
    assert len(blocks) > 10
    assert max(len(text) for _, text, _ in blocks) <= 64


SHAPES = st.sampled_from(
    [
        RLE,
        RLE,
        RLE,
        None,
        [],
        square(2, 3, 4),
        [[1, 2, 3, 4]],
        {"size": [10, 20], "counts": [43, 4, 6, 147]},
        {"size": [20, 10], "counts": COUNTS},
        {"size": [10, 20], "counts": "X60"},
        {"size": [10, 20], "counts": "Xf00"},  # longer than need be
        {"size": [10, 20], "counts": "T3"},
        {"size": [10, 20], "counts": "X"},
        {"size": [10, 20], "counts": "é"},
        {"size": [10, 20, 1], "counts": COUNTS},
        {"size": [10**30, 20], "counts": COUNTS},
        {"counts": COUNTS},
    ]
)
ROWS = st.fixed_dictionaries(
    {
        "image_id": st.sampled_from([1, 2, 2, 1, "2", 3, "03", 10**30]),
        "category_id": st.sampled_from([1, 1, 2, 2, 7]),
        "score": st.sampled_from([0, 0.25, 1, 0.5, 1.5, -0.1]),
    },
    optional={
        "segmentation": SHAPES,
        "bbox": st.sampled_from(
            [[2, 3, 4, 4], [0, 0.5, 7.25, 9], None, [1, 2, -3, 4], [0, 0, 1e300, 1], [1, 2, 3]]
        ),
    },
)
PLAIN = st.builds(
    result, image_id=st.sampled_from([1, 2]), score=st.floats(0, 1), segmentation=st.just(RLE)
)


@settings(deadline=None, max_examples=200)
@given(
    rows=st.lists(PLAIN, max_size=4).flatmap(
        lambda plain: st.lists(ROWS, max_size=3).flatmap(lambda odd: st.permutations(plain + odd))
    ),
    leave_out=st.booleans(),
)
def test_columns_and_one_by_one_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], leave_out: bool
) -> None:
    path = write_json(tmp_path_factory.getbasetemp() / "rows.json", rows)
    by_columns = outcome(path, leave_out=leave_out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "result_columns", lambda *_, **__: None)
        assert by_columns == outcome(path, leave_out=leave_out)


def test_what_is_not_wrong_is_read_by_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(results, "_add_one_by_one")
    shapes = [RLE, square(2, 3, 4), {"size": [10, 20], "counts": [23, 4, 173]}]
    for segmentation in [*shapes, None]:
        rows = [result(segmentation=segmentation), result(segmentation=segmentation, image_id=9)]
        path = write_json(tmp_path / "r", rows)
        found, left = read_coco_results(path, two_images(), leave_out=True)
        assert (len(found), left[0].count) == (1, 1)
    path = write_json(tmp_path / "r", [result(segmentation=shape, bbox=None) for shape in shapes])
    found, _ = read_coco_results(path, two_images())
    assert found.box_xywh.tolist()[:2] == [[2, 3, 4, 4]] * 2
    assert found.area_px is None


def lengthened(counts: str) -> str:
    """The same runs, the last one written with a character that says nothing."""
    last = ord(counts[-1]) - 48
    return counts[:-1] + chr(48 + last + 32) + ("O" if last & 16 else "0")


RUNS = st.lists(st.integers(0, 60), min_size=1, max_size=9)
WRITTEN = (RUNS | st.lists(st.integers(-9, 60), min_size=3, max_size=5)).map(
    lambda runs: (encode_counts(np.array(runs, np.int64)).decode(), max(1, sum(runs)))
)
ODD = st.tuples(st.text(st.sampled_from("0124X6fPo`n\x1fp~"), max_size=6), st.just(200))


@settings(deadline=None, max_examples=400)
@given(
    mask=WRITTEN
    | WRITTEN.map(lambda one: (lengthened(one[0]), one[1]))
    | ODD
    | st.just(("x6", 200)),  # "X6" with a bit that no such string has
    more_px=st.sampled_from([0, 0, 1]),
)
def test_a_sound_mask_is_one_that_stays_as_it_is(mask: tuple[str, int], more_px: int) -> None:
    counts, pixels = mask[0], mask[1] + more_px
    data = np.frombuffer(counts.encode(), np.uint8)
    sound = runs_fill_images(data, np.array([0, len(data)]), np.array([pixels]))
    try:
        written = mask_counts({"size": [1, pixels], "counts": counts}, height=1, width=pixels)
    except ValueError:
        written = b""
    assert sound[0] == (written == counts.encode() != b"")


def test_runs_of_the_largest_picture_are_sound() -> None:
    pixels = 4_000_000_000
    texts = [encode_counts(np.array(runs)) for runs in ([0, pixels], [1, 2, pixels - 4, 1])]
    offset = np.cumsum([0, *map(len, texts)])
    data = np.frombuffer(b"".join(texts), np.uint8)
    assert runs_fill_images(data, offset, np.array([pixels, pixels])).all()


def many(folder: Path, write: Callable[[bytes], bytes] = bytes, **changes: Any) -> Path:
    """`MANY` results with masks, the images by turns; the last but one with `changes`."""
    rows = [
        result(image_id=1 + k % 2, score=k / MANY, bbox=[k, 3, 4, 4], segmentation=RLE)
        for k in range(MANY)
    ]
    rows[-2] |= changes
    path = folder / "many.json"
    path.write_bytes(write(json.dumps(rows, ensure_ascii=False).encode()))
    return path


def test_images_by_turns_are_put_in_order_with_their_masks(tmp_path: Path) -> None:
    path = many(tmp_path, segmentation={"size": [10, 20], "counts": "0X6"})
    found, _ = read_coco_results(path, two_images())
    half = MANY // 2
    assert found.image_index.tolist() == [0] * half + [1] * half
    assert found.box_xywh[:, 0].tolist() == [*range(0, MANY, 2), *range(1, MANY, 2)]
    assert found.masks is not None
    full = [row for row in range(MANY) if found.masks.counts(row) != COUNTS.encode()]
    assert full == [half - 1]
    assert found.masks.counts(half - 1) == b"0X6"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"score": 2}, "A score is none."),
        ({"score": "high"}, "The labels cannot be read."),
        ({"image_id": 9}, "A detection names an image that the labels do not have."),
        ({"bbox": [1, 2, -1, 4]}, "A box is no box."),
        ({"segmentation": {"size": [10, 20], "counts": "X7"}}, "A mask cannot be read."),
        ({"segmentation": None}, "Some detections have masks, others have none."),
    ],
)
def test_a_fault_far_into_a_file_is_named_with_its_number(
    tmp_path: Path, changes: dict[str, Any], what: str
) -> None:
    path = many(tmp_path, **changes)
    with pytest.raises(DataError) as caught:
        read_coco_results(path, two_images())
    assert (caught.value.what, caught.value.where) == (what, f"{path}[{MANY - 2}]")


def test_the_first_without_a_mask_is_named_blocks_before_the_first_with_one(tmp_path: Path) -> None:
    rows = [result(image_id=2, parts="x" * 100)] * MANY + [result(segmentation=RLE)]
    path = write_json(tmp_path / "r", [result(image_id=9), *rows])
    with pytest.raises(DataError, match="others have none") as caught:
        read_coco_results(path, two_images(), leave_out=True)
    assert caught.value.where == f"{path}[1]"
    assert caught.value.got == f"1 masks for {MANY + 1} detections"


def test_strangers_are_counted_over_all_blocks(tmp_path: Path) -> None:
    rows = [result(image_id=1 + k % 3, category_id=1 + k % 4, parts="x" * 60) for k in range(MANY)]
    found, left = read_coco_results(write_json(tmp_path / "r", rows), two_images(), leave_out=True)
    assert len(found) == MANY // 3
    assert [(item.count, item.first[-3:]) for item in left] == [
        (MANY // 3, "[2]"),
        (MANY // 3, "[3]"),
    ]


def test_a_cut_inside_a_record_is_found_out(tmp_path: Path) -> None:
    inner = [{"a": 1}, {"a": 2}] * 60_000  # longer than a block: each cut in it is wrong
    found, _ = read_coco_results(many(tmp_path, parts=inner), two_images())
    assert sorted(found.box_xywh[:, 0].tolist()) == [*range(MANY)]


@pytest.mark.parametrize(
    "write",
    [
        codecs.BOM_UTF8.__add__,
        b" \r\n\t".__add__,
        lambda text: text + b"\n \n",
        lambda text: json.dumps(json.loads(text), indent=1).encode(),
        lambda text: text.replace(b'"score"', '"bär": "},{é", "score"'.encode()),
    ],
    ids=["mark", "space before", "space after", "indented", "not ASCII"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_texts_of_every_form_are_read(
    tmp_path: Path, write: Callable[[bytes], bytes], packed: bool
) -> None:
    path = many(tmp_path, write)
    if packed:
        path = path.rename(tmp_path / "many.json.gz")
        path.write_bytes(gzip.compress(path.read_bytes(), 1))
    found, _ = read_coco_results(path, two_images())
    assert len(found) == MANY


@pytest.mark.parametrize("name", ["r.json", "r.json.gz"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1],
        lambda text: text + b"]",
        lambda text: text[:-1] + b",]",
        lambda text: b"[" + text,
        lambda text: text[:-300] + b"," + text[-300:],
        lambda text: text.replace(b'"score": 0.999', b'"x": "\xff", "score": 0.999'),
        lambda text: b'{"images": 1}',
        lambda text: b"",
    ],
    ids=["no end", "two ends", "comma", "two lists", "stray", "not UTF-8", "object", "nothing"],
)
def test_what_is_no_list_is_refused(
    tmp_path: Path, spoil: Callable[[bytes], bytes], name: str
) -> None:
    text = spoil(many(tmp_path).read_bytes())
    path = tmp_path / name
    path.write_bytes(gzip.compress(text, 1) if name.endswith("gz") else text)
    with pytest.raises(DataError, match="The labels cannot be read"):
        read_coco_results(path, two_images())


def test_a_comma_too_many_is_refused_wherever_a_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_text('[{"a": 1},  {"a": 2} , ]')
    decode = msgspec.json.Decoder(list[dict[str, int]]).decode
    for size in range(2, 40):
        with pytest.raises(DataError):
            list(record_blocks(path, decode, dict, where="", expected="", block_bytes=size))


def test_a_packed_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(many(tmp_path).read_bytes())
    (tmp_path / "r.json.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be unpacked"):
        read_coco_results(tmp_path / "r.json.gz", two_images())


def test_a_packed_file_that_grows_beyond_reason_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_records, "_HARMLESS", 1000)
    path = tmp_path / "r.json.gz"
    path.write_bytes(gzip.compress(json.dumps([result()] * 800, indent=1000).encode()))
    with pytest.raises(DataError, match="beyond all reason"):
        read_coco_results(path, two_images())


@pytest.mark.parametrize("name", ["r.json", "r.json.gz"])
def test_the_opening_is_the_text_without_its_mark(tmp_path: Path, name: str) -> None:
    text = codecs.BOM_UTF8 + b"[1, 2]" + b" " * 2 * BLOCK_BYTES
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    opening = file_opening(tmp_path / name)
    assert (opening.strip(), len(opening) <= BLOCK_BYTES) == (b"[1, 2]", True)
    (tmp_path / "r.json.gz").write_bytes(b"[1, 2]")
    with pytest.raises(DataError, match="cannot be unpacked"):
        file_opening(tmp_path / "r.json.gz")


@pytest.mark.parametrize("text", ["[]", " [ ] ", "\ufeff[]"])
def test_an_empty_list_is_no_detection(tmp_path: Path, text: str) -> None:
    (tmp_path / "r").write_text(text, encoding="utf-8")
    found, left = read_coco_results(tmp_path / "r", two_images())
    assert found.masks is not None, "nothing says that there are none"
    assert (len(found), len(found.masks), left) == (0, 0, ())


def test_reading_holds_the_columns_and_a_few_blocks(tmp_path: Path) -> None:
    rows = [result(image_id=1 + k // MANY, segmentation=RLE) for k in range(2 * MANY)]
    path = write_json(tmp_path / "r", rows * 2)  # 3 MB of text, 2 MB of columns, to be sorted
    data = two_images()
    read_coco_results(write_json(tmp_path / "first", rows[:2]), data)  # compiles
    tracemalloc.start()
    found, _ = read_coco_results(path, data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.masks is not None
    own = (found.image_index, found.class_index, found.score, found.box_xywh, found.area_px)
    columns = sum(a.nbytes for a in (*own, found.masks.data, found.masks.offset) if a is not None)
    assert peak < 2 * columns + 4_000_000
