"""BDD100K and Scalabel files, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from segtrial.data.bdd100k.read import read_bdd100k
from segtrial.data.write import label_bytes
from segtrial.types.geometry_bytes import GeometryKind
from tests.builders import bdd_content, bdd_dataset, bdd_frame, bdd_label, write_json

if TYPE_CHECKING:
    from pathlib import Path


def test_frames_keep_their_order_and_classes_are_sorted(tmp_path: Path) -> None:
    dataset = bdd_dataset(tmp_path)
    assert dataset.geometry_kind == GeometryKind.BDD100K
    assert dataset.image_id == ("b.jpg", "a.jpg", "c.jpg")
    assert dataset.class_names == ("bridge", "car")
    assert dataset.class_index.tolist() == [1, 0, 1]
    assert (dataset.width_px[0], dataset.height_px[0]) == (20, 10)


def test_frames_without_labels_or_with_labels_null_are_images_with_nothing(tmp_path: Path) -> None:
    dataset = bdd_dataset(tmp_path)
    assert dataset.images == 3
    assert dataset.first_rows().tolist() == [0, 3, 3, 3]


def test_an_object_with_frames_is_the_same_as_a_list(tmp_path: Path) -> None:
    whole = {"frames": bdd_content(), "groups": None, "config": {"imageSize": None}}
    path = write_json(tmp_path / "frames.json", whole)
    assert read_bdd100k(path, None).fingerprint() == bdd_dataset(tmp_path).fingerprint()


def test_the_far_edge_of_box2d_belongs_to_the_box(tmp_path: Path) -> None:
    """x from 1 to 3 and y from 2 to 7, both ends included: 3 × 6 px."""
    assert bdd_dataset(tmp_path).box_xywh[1].tolist() == [1, 2, 3, 6]
    one = {"category": "car", "box2d": {"x1": 4, "y1": 5, "x2": 4, "y2": 5}}
    assert bdd_dataset(tmp_path, [bdd_frame("a", one)]).box_xywh.tolist() == [[4, 5, 1, 1]]


def test_a_box_is_box2d_and_where_there_is_none_the_outline_s(tmp_path: Path) -> None:
    stated = {"x1": 0, "y1": 0, "x2": 19, "y2": 9}
    labels = [bdd_label("1", box2d=stated), bdd_label("2", box2d=None)]
    dataset = bdd_dataset(tmp_path, [bdd_frame("a", *labels)])
    assert dataset.box_xywh.tolist() == [[0, 0, 20, 10], [2, 3, 4, 4]]
    assert dataset.area_px.tolist() == [16, 16]


def test_several_rings_share_one_box(tmp_path: Path) -> None:
    def ring(x: float) -> dict[str, object]:
        return {"vertices": [[x, 1], [x + 2, 1], [x + 2, 4]], "types": "LLL", "closed": True}

    dataset = bdd_dataset(tmp_path, [bdd_frame("a", bdd_label(poly2d=[ring(1), ring(9)]))])
    assert dataset.box_xywh.tolist() == [[1, 1, 10, 3]]


@pytest.mark.parametrize("counts", [[21, 4, 6, 4, 165], "e0460o4"])
def test_run_lengths_give_their_tightest_box(tmp_path: Path, counts: object) -> None:
    rle = {"counts": counts, "size": [10, 20]}
    label = {"id": "1", "category": "car", "rle": rle, "poly2d": None}
    assert bdd_dataset(tmp_path, [bdd_frame("a", label)]).box_xywh.tolist() == [[2, 1, 2, 4]]


def test_crowd_and_ignored_labels_are_crowds(tmp_path: Path) -> None:
    labels = [
        bdd_label("1", attributes={"crowd": True}),
        bdd_label("2", attributes={"ignored": True}),
        bdd_label("3", attributes={"occluded": True, "trafficLightColor": "none"}),
        bdd_label("4", attributes=None),
        bdd_label("5"),
    ]
    dataset = bdd_dataset(tmp_path, [bdd_frame("a", *labels)])
    assert dataset.crowd.tolist() == [True, True, False, False, False]


def test_blanks_around_a_category_of_2018_do_not_make_a_class(tmp_path: Path) -> None:
    labels = [bdd_label(1, category="pedestrian "), bdd_label(2, category="pedestrian")]
    dataset = bdd_dataset(tmp_path, [bdd_frame("a", *labels)])
    assert dataset.class_names == ("pedestrian",)
    assert b'"pedestrian "' in label_bytes(dataset)


def test_label_ids_are_numbers_texts_or_missing(tmp_path: Path) -> None:
    bare = {k: v for k, v in bdd_label().items() if k != "id"}
    frame = bdd_frame("a", bdd_label(7), bdd_label("x-1"), bare, bare)
    assert bdd_dataset(tmp_path, [frame]).annotation_id == ("7", "x-1", "None", "None#1")


@pytest.mark.parametrize(
    "ids", [["1", "1", "1"], [1, "1"], ["1#1", "1", "1"], ["1", "1", "1#1"], ["1", "1#1", "1"]]
)
def test_repeated_label_ids_get_a_key_of_their_own_within_the_frame(
    tmp_path: Path, ids: list[object]
) -> None:
    frames = [bdd_frame("a", *(bdd_label(i) for i in ids)), bdd_frame("b", bdd_label(ids[0]))]
    keys = bdd_dataset(tmp_path, frames).annotation_id
    assert len(set(keys[:-1])) == len(ids)
    assert keys[-1] == str(ids[0])  # another frame: not repeated


def test_a_frame_without_a_size_is_as_large_as_bdd100k_s_pictures(tmp_path: Path) -> None:
    dataset = bdd_dataset(tmp_path, [{"name": "a"}, bdd_frame("b", size=None)])
    assert dataset.width_px.tolist() == [1280, 1280]
    assert dataset.height_px.tolist() == [720, 720]


def test_a_list_without_frames_is_an_empty_data_set(tmp_path: Path) -> None:
    dataset = bdd_dataset(tmp_path, [])
    assert (dataset.images, dataset.instances, dataset.class_names) == (0, 0, ())


def test_lines_and_lane_markings_are_left_out_and_counted(tmp_path: Path) -> None:
    pole = {"vertices": [[1, 1], [2, 2]], "types": "LL", "closed": False}
    labels = [bdd_label("1", poly2d=[pole]), bdd_label("2"), bdd_label("3", category="lane/curb")]
    dataset = bdd_dataset(tmp_path, [bdd_frame("a", *labels)])
    assert list(dataset.annotation_id) == ["2"]
    assert [(left.count, left.first[-20:]) for left in dataset.left_out] == [
        (1, "dd.json: a: labels[0]"[-20:]),
        (1, "dd.json: a: labels[2]"[-20:]),
    ]
