"""The layouts that BDD100K's labels have had: all give the same data set."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from segtrial.data.bdd100k.names import DET, INS_SEG, PAN_SEG, POLYGONS_ONLY
from segtrial.data.read import read
from segtrial.data.write import label_bytes
from segtrial.types.errors import DataError
from tests.builders import bdd_content, bdd_dataset, bdd_frame, bdd_label, write_json

if TYPE_CHECKING:
    from pathlib import Path


def picture_of_2018(name: str, *objects: dict[str, Any], **attributes: str) -> dict[str, Any]:
    return {
        "name": name,
        "frames": [{"timestamp": 10000, "objects": list(objects)}],
        "attributes": attributes,
    }


CAR_OF_2018 = {
    "category": "car ",
    "id": 7,
    "poly2d": [[2, 3, "L"], [6, 3, "L"], [6, 7, "L"], [2, 7, "L"]],
}
BOX_OF_2018 = {
    "category": "traffic light",
    "id": 8,
    "attributes": {"occluded": True, "trafficLightColor": "green"},
    "box2d": {"x1": 1, "y1": 2, "x2": 3, "y2": 7},
}


def test_a_packed_file_a_list_and_frames_are_the_same(tmp_path: Path) -> None:
    source = bdd_dataset(tmp_path)
    text = json.dumps({"frames": bdd_content(), "groups": None}).encode()
    (tmp_path / "frames.json").write_bytes(text)
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(text))
    for name in ("frames.json", "packed.json.gz"):
        assert read(tmp_path / name, None).fingerprint() == source.fingerprint()
    assert read(tmp_path / "packed.json.gz", None).name == "packed"


def test_a_folder_of_files_is_one_data_set(tmp_path: Path) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    one, two, three = bdd_content()
    write_json(folder / "1.json", [one])
    write_json(folder / "2.json", {"frames": [two]})
    write_json(folder / "3.json", three | {"labels": []})
    dataset = read(folder, None)
    assert list(dataset.image_id) == ["b.jpg", "a.jpg", "c.jpg"]
    assert dataset.fingerprint() == bdd_dataset(tmp_path).fingerprint()
    (tmp_path / "again.json").write_bytes(label_bytes(dataset))
    assert read(tmp_path / "again.json", None).fingerprint() == dataset.fingerprint()


def test_files_of_2018_are_frames(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", picture_of_2018("a", CAR_OF_2018, weather="rainy"))
    write_json(tmp_path / "b.json", picture_of_2018("b.jpg", BOX_OF_2018, weather="clear"))
    dataset = read(tmp_path, None)
    assert list(dataset.file_name) == ["a.jpg", "b.jpg"]
    assert dataset.class_names == ("car", "traffic light")
    assert dataset.class_ids == (3, 9)
    assert dataset.box_xywh.tolist() == [[2, 3, 4, 4], [1, 2, 3, 6]]
    assert (dataset.area_px[0], dataset.width_px[0], dataset.height_px[0]) == (16, 1280, 720)
    assert [a.name for a in dataset.image_attributes] == ["weather"]
    assert dataset.image_attributes[0].counts() == {"clear": 1, "rainy": 1}
    assert {a.name: a.value(1) for a in dataset.instance_attributes} == {
        "occluded": "true",
        "trafficLightColor": "green",
    }
    (tmp_path / "out" / "x").mkdir(parents=True)
    (tmp_path / "out" / "all.json").write_bytes(label_bytes(dataset))
    again = read(tmp_path / "out" / "all.json", None)
    assert again.fingerprint() == dataset.fingerprint()


def test_a_file_of_2018_with_several_frames_is_refused(tmp_path: Path) -> None:
    content = picture_of_2018("a", CAR_OF_2018)
    content["frames"] *= 2
    with pytest.raises(DataError, match="several frames"):
        read(write_json(tmp_path / "a.json", content), None)


def test_the_same_frame_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("1.json", "2.json"):
        write_json(tmp_path / name, [bdd_frame("a", bdd_label())])
    with pytest.raises(DataError, match="same name") as caught:
        read(tmp_path, None)
    assert "2.json" in caught.value.where


def test_a_config_states_classes_and_size(tmp_path: Path) -> None:
    config = {
        "imageSize": {"height": 30, "width": 50},
        "categories": [{"name": "vehicle", "subcategories": [{"name": "truck"}, {"name": "car"}]}],
    }
    frames = [{"name": "a", "labels": [bdd_label(), bdd_label(2, category="bridge")]}]
    dataset = read(write_json(tmp_path / "a.json", {"frames": frames, "config": config}), None)
    assert dataset.class_names == ("truck", "car", "bridge")
    assert (int(dataset.height_px[0]), int(dataset.width_px[0])) == (30, 50)
    (tmp_path / "again.json").write_bytes(label_bytes(dataset))
    again = read(tmp_path / "again.json", None)
    assert again.class_names == dataset.class_names
    assert again.fingerprint() == dataset.fingerprint()


def test_older_rings_may_be_several(tmp_path: Path) -> None:
    rings = [[[2, 3, "L"], [6, 3, "L"], [6, 7, "L"]], [[1, 1, "L"], [9, 1, "C"], [9, 9, "C"]]]
    dataset = bdd_dataset(tmp_path, [bdd_frame("a", bdd_label(poly2d=rings))])
    assert dataset.instances == 1
    assert dataset.box_xywh[0, 0] == 1


def test_the_lists_are_those_of_the_toolkit() -> None:
    assert (len(DET), len(INS_SEG), len(PAN_SEG), len(POLYGONS_ONLY)) == (10, 8, 41, 4)
    assert len(set(PAN_SEG + POLYGONS_ONLY)) == 45
    assert (PAN_SEG[0], PAN_SEG[30], PAN_SEG[31]) == ("unlabeled", "sky", "person")


@pytest.mark.parametrize("cut", [1, 9, -9, -1])
def test_a_packed_file_that_is_cut_is_refused(tmp_path: Path, cut: int) -> None:
    data = gzip.compress(json.dumps(bdd_content()).encode())
    (tmp_path / "a.json.gz").write_bytes(data[:cut])
    with pytest.raises(DataError, match=r"unpacked|read"):
        read(tmp_path / "a.json.gz", None)


def test_a_packed_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segtrial.data.records._HARMLESS", 1 << 20)
    bomb = gzip.compress(b" " * (1 << 23)) + gzip.compress(b" " * (1 << 23))
    (tmp_path / "a.json.gz").write_bytes(bomb)
    with pytest.raises(DataError, match="grows beyond"):
        read(tmp_path / "a.json.gz", None)


def test_packed_members_one_after_another_are_one_file(tmp_path: Path) -> None:
    text = json.dumps(bdd_content()).encode()
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(text[:50]) + gzip.compress(text[50:]))
    assert read(tmp_path / "a.json.gz", None).fingerprint() == bdd_dataset(tmp_path).fingerprint()
