"""COCO instances files, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.coco.read import read_coco
from segtrial.types.geometry_bytes import GeometryKind
from tests.builders import coco_annotation, coco_content, coco_dataset, coco_image, write_json

if TYPE_CHECKING:
    from pathlib import Path


def test_images_come_by_id_and_instances_by_image(tmp_path: Path) -> None:
    dataset = coco_dataset(tmp_path)
    assert dataset.geometry_kind == GeometryKind.COCO
    assert dataset.image_id == ("5", "11")
    assert dataset.file_name == ("5.png", "11.png")
    assert dataset.annotation_id == ("102", "101", "103", "104")
    assert dataset.image_index.tolist() == [0, 1, 1, 1]
    assert dataset.image_root == tmp_path
    assert dataset.source == "coco.json"


def test_classes_keep_the_file_s_order_and_ids(tmp_path: Path) -> None:
    dataset = coco_dataset(tmp_path)
    assert dataset.class_names == ("car", "bridge", "sign")
    assert dataset.class_ids == (7, 3, 9)
    assert dataset.class_index.tolist() == [0, 0, 1, 0]
    assert dataset.instance_counts().tolist() == [2, 1, 0]


def test_boxes_areas_and_crowds_are_the_file_s(tmp_path: Path) -> None:
    dataset = coco_dataset(tmp_path)
    assert dataset.box_xywh.tolist() == [[2, 3, 4, 4]] * 3 + [[10, 0, 5, 10]]
    assert dataset.area_px.tolist() == [16, 16, 16, 50]
    assert dataset.crowd.tolist() == [False, False, False, True]


def test_geometry_is_the_file_s_own_bytes(tmp_path: Path) -> None:
    path = tmp_path / "coco.json"
    odd = b"[ [2.50,3, 6.0,3,\n 6,7e0 ] ]"
    path.write_bytes(
        b'{"images":[{"id":1,"file_name":"a.png","width":20,"height":10}],"annotations":['
        b'{"id":1,"image_id":1,"category_id":1,"bbox":[2,3,4,4],"segmentation":' + odd + b"}],"
        b'"categories":[{"id":1,"name":"car"}]}'
    )
    assert bytes(read_coco(path, None).geometry[0]) == odd


def test_an_absent_null_or_empty_segmentation_is_a_box_without_mask(tmp_path: Path) -> None:
    rows = [coco_annotation(n, 5, segmentation=s) for n, s in ((1, None), (2, []))]
    bare = {k: v for k, v in coco_annotation(3, 5).items() if k != "segmentation"}
    dataset = coco_dataset(tmp_path, annotations=[*rows, bare])
    assert tuple(dataset.geometry) == (b"", b"", b"")


def test_a_missing_area_is_the_box_s(tmp_path: Path) -> None:
    row = {k: v for k, v in coco_annotation(1, 5, bbox=[0, 0, 3, 2.5]).items() if k != "area"}
    assert coco_dataset(tmp_path, annotations=[row]).area_px.tolist() == [7.5]


def test_annotation_id_zero_is_an_id_like_any_other(tmp_path: Path) -> None:
    dataset = coco_dataset(tmp_path, annotations=[coco_annotation(0, 5)])
    assert dataset.annotation_id == ("0",)


def test_textual_image_ids_are_ids_too(tmp_path: Path) -> None:
    images = [coco_image("b"), coco_image("a")]
    rows = [coco_annotation(1, "b"), coco_annotation(2, "a")]
    dataset = coco_dataset(tmp_path, images=images, annotations=rows)
    assert dataset.image_id == ("a", "b")
    assert dataset.annotation_id == ("2", "1")


def test_images_without_annotations_and_files_without_any_are_read(tmp_path: Path) -> None:
    assert coco_dataset(tmp_path, annotations=[]).images == 2
    empty = coco_dataset(tmp_path, images=[], annotations=[], categories=[])
    assert (empty.images, empty.instances, empty.class_names) == (0, 0, ())
    assert empty.instance_counts().tolist() == []


def test_unknown_keys_of_the_file_do_no_harm(tmp_path: Path) -> None:
    content = coco_content(info={"year": 2017}, licenses=[{"id": 1}])
    content["annotations"][0]["attributes"] = {"occluded": True}
    dataset = read_coco(write_json(tmp_path / "x.json", content), None)
    assert dataset.fingerprint() == coco_dataset(tmp_path).fingerprint()


def test_reading_twice_gives_the_same_fingerprint(tmp_path: Path) -> None:
    one, two = coco_dataset(tmp_path), coco_dataset(tmp_path)
    assert one.fingerprint() == two.fingerprint()
    np.testing.assert_array_equal(one.box_xywh, two.box_xywh)
