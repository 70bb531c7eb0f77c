"""Label files that cannot be used: one block that names file and record, never a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from segtrial.data.read import read
from segtrial.types.errors import DataError
from tests.builders import (
    bdd_frame,
    bdd_label,
    coco_annotation,
    coco_content,
    coco_image,
)

if TYPE_CHECKING:
    from pathlib import Path

DEEP = "[" * 100_000 + "]" * 100_000
HUGE = 10**400


def refused(folder: Path, text: str | bytes, label_format: Any = "auto") -> DataError:
    """The error for a label file of this text; it names the file."""
    path = folder / "labels.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(DataError) as caught:
        read(path, None, label_format)
    assert str(path) in caught.value.where
    return caught.value


def coco_text(annotation: dict[str, Any] | None = None, **changes: Any) -> str:
    rows = [coco_annotation(1, 5), coco_annotation(2, 5) | (annotation or {})]
    return json.dumps(coco_content(annotations=rows) | changes)


def box_label(**corners: float) -> dict[str, Any]:
    box = {"x1": 1, "y1": 1, "x2": 5, "y2": 5} | corners
    return {"id": "2", "category": "car", "box2d": box}


def without(record: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in record.items() if k != key}


@pytest.mark.parametrize("label_format", ["coco", "bdd100k"])
@pytest.mark.parametrize("text", ["", " \n", "5", "null", '"a"', "{", "[1, 2", "nul", "{}", "[5]"])
def test_text_that_is_no_label_file_is_refused(
    tmp_path: Path, label_format: str, text: str
) -> None:
    refused(tmp_path, text, label_format)


@pytest.mark.parametrize("content", [coco_content(), [bdd_frame("a", bdd_label())]])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, content: Any) -> None:
    text = json.dumps(content)
    for end in range(0, len(text) - 1, 7):
        refused(tmp_path, text[:end])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_encodings_are_refused(tmp_path: Path, encoding: str) -> None:
    refused(tmp_path, coco_text().encode(encoding))


@pytest.mark.parametrize("label_format", ["coco", "bdd100k"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, label_format: str) -> None:
    text = json.dumps(coco_content() if label_format == "coco" else [bdd_frame("a", bdd_label())])
    refused(tmp_path, text.replace("car", "c\u00e4r").encode("latin-1"), label_format)


@pytest.mark.parametrize("content", [coco_content(), [bdd_frame("a", bdd_label())]])
def test_bytes_that_are_no_text_are_refused_in_unread_keys_too(
    tmp_path: Path, content: Any
) -> None:
    """Readers skip them; writers need them."""
    text = json.dumps(content).encode()
    refused(
        tmp_path,
        text.replace(b'"bbox"', b'"n\xffte": 0, "bbox"').replace(
            b'"poly2d"', b'"n\xffte": 0, "poly2d"'
        ),
    )


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        DEEP[:100_000],
        f'{{"annotations": {DEEP}}}',
        f'{{"frames": {DEEP}}}',
        f'[{{"name": "a", "labels": [{{"category": "car", "poly2d": {DEEP}}}]}}]',
        f'[{{"name": "a", "attributes": {DEEP}}}]',
        '{"images": [], "categories": [], "annotations": [], "info": ' + DEEP + "}",
        '{"annotations": ' * 100_000 + "1" + "}" * 100_000,
    ],
    ids=["closed", "open", "annotations", "frames", "poly2d", "attributes", "info", "objects"],
)
def test_brackets_nested_100000_deep_are_refused(tmp_path: Path, text: str) -> None:
    refused(tmp_path, text)


@pytest.mark.parametrize(
    "annotation",
    [
        {"bbox": [1, 1, -1, 4]},
        {"bbox": [1, 1, 4, -0.5]},
        {"bbox": [1, 1, 4]},
        {"bbox": [1, 1, 4, 4, 4]},
        {"bbox": None},
        {"bbox": "1 1 4 4"},
        {"bbox": [1, 1, "4", 4]},
        {"bbox": [1, 1, 1e200, 1e200]},
        {"bbox": [1, 1, 4, HUGE]},
        {"bbox": [-1e300, 1, 4, 4]},
        {"category_id": "7"},
        {"category_id": None},
        {"category_id": 7.5},
        {"category_id": 8},
        {"category_id": HUGE},
        {"image_id": 6},
        {"image_id": "5"},
        {"image_id": None},
        {"image_id": [5]},
        {"id": 1},
        {"id": "1"},
        {"id": None},
        {"id": 1.5},
        {"iscrowd": "yes"},
        {"area": "large"},
        {"area": HUGE},
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_annotation_that_cannot_be_used_is_named(
    tmp_path: Path, annotation: dict[str, Any]
) -> None:
    error = refused(tmp_path, coco_text(annotation))
    assert error.where.endswith("annotations[1]")
    assert error.got


@pytest.mark.parametrize("key", ["id", "image_id", "category_id", "bbox"])
def test_an_annotation_that_lacks_a_key_is_named(tmp_path: Path, key: str) -> None:
    rows = [coco_annotation(1, 5), without(coco_annotation(2, 5), key)]
    error = refused(tmp_path, json.dumps(coco_content(annotations=rows)))
    assert error.where.endswith("annotations[1]")
    assert key in error.got


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "0x10", "01", "+1"])
def test_numbers_that_json_does_not_know_are_refused(tmp_path: Path, number: str) -> None:
    text = coco_text().replace("[2, 3, 4, 4]", f"[2, 3, 4, {number}]")
    assert number in text
    refused(tmp_path, text)
    frame = json.dumps([bdd_frame("a", box_label(x2=12345))]).replace("12345", number)
    assert number in frame
    refused(tmp_path, frame)


@pytest.mark.parametrize(
    "image",
    [
        {"width": 0},
        {"height": -10},
        {"width": 10**12},
        {"width": HUGE},
        {"width": 20.5},
        {"width": "20"},
        {"width": None},
        {"file_name": None},
        {"file_name": 5},
        {"id": None},
        {"id": 5.5},
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_image_that_cannot_be_used_is_named(tmp_path: Path, image: dict[str, Any]) -> None:
    images = [coco_image(5), coco_image(11) | image]
    error = refused(tmp_path, json.dumps(coco_content(images=images)))
    assert error.where.endswith("images[1]")


@pytest.mark.parametrize("key", ["images", "annotations", "categories"])
@pytest.mark.parametrize("value", [None, 5, {}, "x", [None], [[]]])
def test_lists_of_something_else_are_refused(tmp_path: Path, key: str, value: Any) -> None:
    refused(tmp_path, json.dumps(coco_content() | {key: value}), "coco")
    refused(tmp_path, json.dumps(without(coco_content(), key)), "coco")


@pytest.mark.parametrize("second", [5, "5"])
def test_two_images_of_one_id_are_refused(tmp_path: Path, second: int | str) -> None:
    images = [coco_image(5), coco_image(second)]
    error = refused(tmp_path, json.dumps(coco_content(images=images)))
    assert "same id" in error.what


@pytest.mark.parametrize("second", [{"id": 7, "name": "bus"}, {"id": 8, "name": "car"}])
def test_two_categories_of_one_id_or_name_are_refused(
    tmp_path: Path, second: dict[str, Any]
) -> None:
    categories = [{"id": 7, "name": "car"}, second]
    error = refused(tmp_path, json.dumps(coco_content(categories=categories, annotations=[])))
    assert "share a name or an id" in error.what
    assert error.where.endswith("categories")


@pytest.mark.parametrize(
    "label",
    [
        5,
        [],
        {},
        {"id": "2"},
        {"id": "2", "category": "car"},
        {"id": "2", "category": None, "poly2d": []},
        {"id": "2", "category": "car", "poly2d": None, "box2d": None, "rle": None},
        bdd_label(category=5),
        bdd_label(category=""),
        bdd_label(category=" \n"),
        bdd_label(id=[1]),
        bdd_label(attributes=[]),
        bdd_label(attributes={"crowd": "yes"}),
        bdd_label(poly2d=5),
        bdd_label(poly2d="abc"),
        bdd_label(poly2d={}),
        bdd_label(poly2d=[{"types": "LLL"}]),
        bdd_label(poly2d=[{"vertices": [[1, 1], [2, 2], [3, 1]], "types": "LLLL"}]),
        bdd_label(poly2d=[{"vertices": [[1, 1], [2, 2], [3, 1]], "types": "LQL"}]),
        bdd_label(poly2d=[{"vertices": [[1, 1], [2, 2], [3, 1]], "types": 5}]),
        bdd_label(poly2d=[{"vertices": [[1, 1], [2, 2], [3]], "types": "LLL"}]),
        bdd_label(poly2d=[{"vertices": [[1, 1], [2, 2], [3, None]], "types": "LLL"}]),
        bdd_label(poly2d=[{"vertices": [[1, 1], [2, 2], [3, HUGE]], "types": "LLL"}]),
        bdd_label(poly2d=[{"vertices": [[1, 1], [2, 2], [3, 1e200]], "types": "LLL"}]),
        bdd_label(poly2d=[{"vertices": {"x": 1}, "types": "LLL"}]),
        bdd_label(poly2d=None, rle={"size": [10, 20]}),
        bdd_label(poly2d=None, rle={"counts": [200]}),
        bdd_label(poly2d=None, rle={"counts": [0, 5, 1000], "size": [10, 20]}),
        bdd_label(poly2d=None, rle={"counts": "oooooooooooooo", "size": [10, 20]}),
        bdd_label(poly2d=None, rle={"counts": [200], "size": [-10, -20]}),
        bdd_label(poly2d=None, rle={"counts": [200], "size": [10**12, 20]}),
        bdd_label(poly2d=None, rle={"counts": [200], "size": [HUGE, 20]}),
        bdd_label(poly2d=None, rle={"counts": [200], "size": 5}),
        box_label(x2=-1),
        box_label(y1=7),
        box_label(x1=-1e300),
        box_label(x1=-1e200, x2=1e200, y1=-1e200, y2=1e200),
        box_label(x1=HUGE),
        {"id": "2", "category": "car", "box2d": {"x1": 1, "y1": 1, "x2": 3}},
        {"id": "2", "category": "car", "box2d": [1, 1, 3, 3]},
    ],
    ids=lambda label: str(label)[:80],
)
def test_a_label_that_cannot_be_used_is_named_with_its_frame(tmp_path: Path, label: Any) -> None:
    frame = {"name": "a.jpg", "labels": [bdd_label("1"), label]}
    error = refused(tmp_path, json.dumps([bdd_frame("first"), frame]))
    assert error.where.endswith("labels.json: a.jpg: labels[1]")


@pytest.mark.parametrize(
    "frame",
    [
        5,
        {},
        {"name": None},
        {"name": 5},
        {"name": "a", "labels": {}},
        {"name": "a", "size": [10, 20]},
        {"name": "a", "size": {"width": 20}},
        {"name": "a", "size": {"width": 0, "height": 10}},
        {"name": "a", "size": {"width": -20, "height": 10}},
        {"name": "a", "size": {"width": 10**12, "height": 10}},
        {"name": "a", "size": {"width": HUGE, "height": 10}},
        {"name": "a", "size": {"width": 20.5, "height": 10}},
        {"name": "first"},
    ],
    ids=lambda frame: str(frame)[:80],
)
def test_a_frame_that_cannot_be_used_is_named(tmp_path: Path, frame: Any) -> None:
    error = refused(tmp_path, json.dumps([bdd_frame("first"), frame]))
    assert error.where.endswith("labels.json: frames[1]")


def test_errors_say_what_was_expected(tmp_path: Path) -> None:
    error = refused(tmp_path, coco_text({"bbox": [1, 1, -1, 4]}))
    assert error.expected == "[x, y, width, height] in px with width and height ≥ 0"
    assert error.got == "bbox [1, 1, -1, 4]"
    error = refused(tmp_path, coco_text({"category_id": 8}))
    assert error.expected == "an id of the file's categories"
    error = refused(tmp_path, json.dumps([{"name": "a", "labels": [{"category": "car"}]}]))
    assert error.expected == "poly2d, rle or box2d"


def test_a_folder_of_something_else_is_no_label_folder(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("nothing")
    with pytest.raises(DataError, match="not recognised"):
        read(tmp_path, None)
    with pytest.raises(DataError, match="A folder stands where"):
        read(tmp_path, None, "coco")
    with pytest.raises(DataError, match="holds no label files"):
        read(tmp_path, None, "bdd100k")
