"""Recognising formats, and writing what was read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from segtrial.data.read import read
from segtrial.data.recognise import recognise
from segtrial.data.split import restrict_classes
from segtrial.data.write import label_bytes
from segtrial.types.errors import DataError
from tests.builders import (
    bdd_content,
    bdd_dataset,
    bdd_frame,
    bdd_label,
    coco_content,
    coco_dataset,
    write_json,
)

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset


def records(dataset: Dataset) -> list[bytes]:
    return [bytes(raw) for raw in dataset.instance_record]


def names(dataset: Dataset) -> list[str]:
    return [dataset.class_names[c] for c in dataset.class_index]


def reread(dataset: Dataset, path: Path) -> Dataset:
    path.write_bytes(label_bytes(dataset))
    return read(path, None)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (coco_content(), "coco"),
        (bdd_content(), "bdd100k"),
        ({"frames": bdd_content(), "config": None}, "bdd100k"),
        ([], "bdd100k"),
        (coco_content(info={"frames": [], "note": '"frames"'}), "coco"),
        ({"frames": bdd_content(), "config": {"annotations": []}}, "bdd100k"),
    ],
)
def test_the_format_is_told_from_the_content(tmp_path: Path, content: Any, kind: str) -> None:
    assert recognise(write_json(tmp_path / "x.json", content)).label_format == kind


@pytest.mark.parametrize("kind", ["coco", "bdd100k"])
@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_byte_order_mark_is_no_part_of_the_labels(
    tmp_path: Path, kind: Any, stated: bool, blank: str
) -> None:
    text = json.dumps(coco_content() if kind == "coco" else {"frames": bdd_content()})
    plain, marked = tmp_path / "plain.json", tmp_path / "marked.json"
    plain.write_text(text)
    marked.write_text(blank + text, encoding="utf-8-sig")
    dataset = read(marked, None, kind if stated else "auto")
    assert dataset.fingerprint() == read(plain, None).fingerprint()
    assert label_bytes(dataset) == label_bytes(read(plain, None))


def test_keys_of_inner_objects_do_not_tell_the_format(tmp_path: Path) -> None:
    path = write_json(tmp_path / "x.json", {"info": {"annotations": [], "frames": []}})
    with pytest.raises(DataError, match="signs of none"):
        recognise(path)


@pytest.mark.parametrize("text", ["", " ", "{}", "null", "5", '"annotations"', "[", "\x00"])
def test_what_is_neither_format_is_a_data_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read(path, None)
    assert "x.json" in caught.value.where


def test_a_file_with_signs_of_both_formats_asks_for_the_format(tmp_path: Path) -> None:
    path = write_json(tmp_path / "x.json", coco_content(frames=[]))
    with pytest.raises(DataError, match="signs of coco and bdd100k") as caught:
        read(path, None)
    assert 'format = "coco"' in caught.value.next_step
    assert read(path, None, "coco").images == 2


def test_a_stated_format_wins_over_the_content(tmp_path: Path) -> None:
    path = write_json(tmp_path / "x.json", bdd_content())
    with pytest.raises(DataError, match="COCO instances JSON"):
        read(path, None, "coco")


@pytest.mark.parametrize("name", ["missing.json", "missing/labels.json"])
def test_a_missing_label_file_is_a_data_error_with_a_next_step(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="no such label file") as caught:
        read(tmp_path / name, None)
    assert str(tmp_path) in caught.value.where
    assert caught.value.next_step


@pytest.mark.parametrize("builder", [coco_dataset, bdd_dataset])
def test_what_was_read_is_written_with_the_same_records(tmp_path: Path, builder: Any) -> None:
    dataset = builder(tmp_path)
    again = reread(dataset, tmp_path / "again.json")
    assert again.fingerprint() == dataset.fingerprint()
    assert again.class_ids == dataset.class_ids
    assert records(again) == records(dataset)
    assert label_bytes(again) == label_bytes(dataset)


@pytest.mark.parametrize("builder", [coco_dataset, bdd_dataset])
def test_only_the_relabelled_record_is_written_anew(tmp_path: Path, builder: Any) -> None:
    dataset = builder(tmp_path)
    labels = np.array(dataset.class_index)
    labels[1] = 1 - labels[1]
    changed = dataset.with_classes(labels)
    again = reread(changed, tmp_path / "again.json")
    assert names(again) == names(changed) != names(dataset)
    assert again.geometry_sha256() == dataset.geometry_sha256()
    assert [bytes(g) for g in again.geometry] == [bytes(g) for g in dataset.geometry]
    same = [a == b for a, b in zip(records(again), records(dataset), strict=True)]
    assert same == [k != 1 for k in range(len(same))]


def test_a_relabelled_record_keeps_odd_bytes_of_its_other_values(tmp_path: Path) -> None:
    """1.50 stays 1.50, and a number too precise for a float stays as it is."""
    outline = b'[{"vertices":[[1.50,2],[3e0,2.000000000000000000001],[3,4]],"types":"LLL"}]'
    raw = b'{"id": "1", "category": "car", "note":"\\u00e9", "poly2d":' + outline + b"}"
    other = b'{"id": "2", "category": "sign", "box2d": {"x1":1,"y1":1,"x2":2,"y2":2}}'
    path = tmp_path / "a.json"
    path.write_bytes(b'[{"name": "a", "labels": [' + raw + b", " + other + b"]}]")
    dataset = read(path, None)
    written = label_bytes(dataset.with_classes(np.array([1, 1])))
    assert outline in written
    assert other in written
    assert b'"note":"\\u00e9"' in written
    assert b'"category":"car"' not in written
    again = reread(dataset.with_classes(np.array([1, 1])), tmp_path / "again.json")
    assert again.class_names == ("car", "sign")  # though no label is a car any more


def test_frame_attributes_survive_writing(tmp_path: Path) -> None:
    frame = bdd_frame("a", bdd_label(), attributes={"weather": "rainy"}, timestamp=10000)
    written = json.loads(label_bytes(bdd_dataset(tmp_path, [frame])))
    assert written[0]["attributes"] == {"weather": "rainy"}
    assert written[0]["timestamp"] == 10000
    assert written[0]["labels"] == frame["labels"]


def test_frames_without_labels_are_written_with_none(tmp_path: Path) -> None:
    written = json.loads(label_bytes(bdd_dataset(tmp_path)))
    assert [len(frame["labels"]) for frame in written] == [3, 0, 0]


def test_names_that_need_escapes_are_written_as_json(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": 'a "quoted" \\ name\n'}, {"id": 7, "name": "häuser"}]
    dataset = coco_dataset(tmp_path, categories=categories, annotations=[])
    assert json.loads(label_bytes(dataset))["categories"] == categories
    labels = [bdd_label(1, category="a"), bdd_label(2, category='b"\\c')]
    frames = bdd_dataset(tmp_path, [bdd_frame("x", *labels)])
    written = json.loads(label_bytes(frames.with_classes(np.array([1, 0]))))
    assert [label["category"] for label in written[0]["labels"]] == ['b"\\c', "a"]


def test_a_subset_is_written_with_its_own_images_classes_and_ids(tmp_path: Path) -> None:
    dataset = restrict_classes(coco_dataset(tmp_path), ("bridge", "tree")).take_images([1])
    written = json.loads(label_bytes(dataset))
    assert [image["id"] for image in written["images"]] == [11]
    assert [row["id"] for row in written["annotations"]] == [103]
    assert written["categories"] == [{"id": 3, "name": "bridge"}, {"id": 10, "name": "tree"}]
    assert reread(dataset, tmp_path / "again.json").fingerprint() == dataset.fingerprint()


def test_annotations_of_pure_json_come_out_as_json(tmp_path: Path) -> None:
    written = msgspec.json.decode(label_bytes(coco_dataset(tmp_path)))
    by_id = {row["id"]: row for row in coco_content()["annotations"]}
    assert {row["id"]: row for row in written["annotations"]} == by_id
