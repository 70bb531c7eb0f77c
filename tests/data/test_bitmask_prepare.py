"""Any labels as BDD100K bitmasks: what is painted, and every loss counted before it is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from segtrial.data.bdd100k.bitmask import prepare_bitmasks, read_bitmasks, write_bitmasks
from segtrial.types.attributes import Coverage, attribute
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import DataError
from tests.builders import bdd_dataset, bdd_frame, bdd_label, coco_dataset, truth

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset

INS, PAN = LabelFormat.BDD100K_INS_SEG, LabelFormat.BDD100K_PAN_SEG


def square(x: int, y: int, side: int) -> list[dict[str, Any]]:
    vertices = [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
    return [{"vertices": vertices, "types": "LLLL", "closed": True}]


def labels(folder: Path, *found: tuple[str, int, int, int], **changes: Any) -> Dataset:
    """One picture "a.jpg" of 20 × 10 px with squares (class, x, y, side)."""
    of_frame = [
        bdd_label(str(n), category=name, poly2d=square(*place), **changes)
        for n, (name, *place) in enumerate(found)
    ]
    return bdd_dataset(folder, [bdd_frame("a.jpg", *of_frame)])


def said(dataset: Dataset, label_format: LabelFormat) -> dict[str, tuple[int, str, bool]]:
    losses = prepare_bitmasks(dataset, label_format)[1]
    return {loss.what: (loss.count, loss.unit, loss.harmless) for loss in losses}


def names(dataset: Dataset) -> list[str]:
    return [dataset.class_names[row] for row in dataset.class_index]


def test_later_instances_overwrite_earlier_ones_and_the_losses_are_counted(tmp_path: Path) -> None:
    places = [("car", 0, 0, 2), ("bus", 4, 0, 4), ("truck", 0, 0, 3), ("car", 6, 2, 2)]
    dataset = labels(tmp_path, *places)
    prepared, _ = prepare_bitmasks(dataset, INS)
    assert names(prepared) == ["bus", "truck", "car"]
    assert list(prepared.annotation_id) == ["2", "3", "4"]
    assert prepared.area_px.tolist() == [12, 9, 4]
    found = said(dataset, INS)
    assert found["wholly covered by later ones"][:2] == (1, "instances")
    assert found["partly covered by later ones"][:2] == (1, "instances")
    assert found["of two instances"] == (8, "pixels", False)
    assert found["ids of the source"] == (4, "instances", True)


def test_what_is_prepared_is_what_is_read_back(tmp_path: Path) -> None:
    dataset = labels(tmp_path, ("car", 0, 0, 4), ("rider", 2, 2, 4), ("bus", 12, 2, 6))
    prepared, _ = prepare_bitmasks(dataset, INS)
    write_bitmasks(prepared, tmp_path / "out", INS)
    again = read_bitmasks(tmp_path / "out", dataset.image_root, INS)
    assert again.fingerprint() == prepared.fingerprint()
    assert list(again.instance_record) == list(prepared.instance_record)


def test_preparing_what_was_read_changes_nothing(tmp_path: Path) -> None:
    prepared, _ = prepare_bitmasks(labels(tmp_path, ("car", 0, 0, 4)), INS)
    again, losses = prepare_bitmasks(prepared, INS)
    assert (again.fingerprint(), losses) == (prepared.fingerprint(), ())


def test_stuff_has_its_categorys_id_and_things_count_from_31(tmp_path: Path) -> None:
    places = [("road", 0, 0, 2), ("car", 4, 0, 2), ("road", 8, 0, 2), ("person", 12, 0, 2)]
    dataset = labels(tmp_path, *places)
    prepared, _ = prepare_bitmasks(dataset, PAN)
    assert names(prepared) == ["road", "car", "person"]
    assert list(prepared.annotation_id) == ["7", "31", "32"]
    assert prepared.area_px.tolist() == [8, 4, 4]
    assert said(dataset, PAN)["beside another of the same stuff class"] == (1, "instances", False)


def test_older_and_ignored_names_are_mapped_where_the_list_has_the_result(tmp_path: Path) -> None:
    places = [("bike", 0, 0, 2), ("trailer", 4, 0, 2), ("person", 8, 0, 2), ("trash can", 12, 0, 2)]
    dataset = labels(tmp_path, *places)
    prepared, _ = prepare_bitmasks(dataset, INS)
    assert names(prepared) == ["bicycle", "truck", "pedestrian"]
    assert prepared.crowd.tolist() == [False, True, False]
    assert said(dataset, INS)["of classes beyond the list (trash can)"] == (1, "instances", False)
    assert said(dataset, INS)['of class "bike", which the list has not'][0] == 1
    in_pan_seg, losses = prepare_bitmasks(dataset, PAN)
    assert names(in_pan_seg) == ["bicycle", "trailer", "person"]
    assert not any("ignored" in loss.done for loss in losses)


def test_a_pedestrian_is_pan_segs_person(tmp_path: Path) -> None:
    prepared, _ = prepare_bitmasks(labels(tmp_path, ("pedestrian", 0, 0, 2)), PAN)
    assert names(prepared) == ["person"]


def test_flags_stay_and_a_coco_crowd_gets_its_flag(tmp_path: Path) -> None:
    switches = {"occluded": True, "truncated": False}
    prepared, _ = prepare_bitmasks(labels(tmp_path, ("car", 0, 0, 2), attributes=switches), INS)
    write_bitmasks(prepared, tmp_path / "out", INS)
    assert np.asarray(Image.open(tmp_path / "out" / "a.png"))[0, 0].tolist() == [3, 4, 0, 1]
    crowds, _ = prepare_bitmasks(coco_dataset(tmp_path), INS)
    assert crowds.crowd.tolist() == [False, False, True]


def test_what_a_bitmask_has_no_place_for_is_counted(tmp_path: Path) -> None:
    found = said(coco_dataset(tmp_path), INS)
    assert found["of classes beyond the list (bridge, sign)"] == (1, "instances", False)
    assert found["beyond the list, without instances"] == (1, "classes", True)
    assert found["with another suffix than .jpg"] == (2, "images", False)
    dataset = labels(tmp_path, ("car", 0, 0, 2))
    more = replace(
        dataset,
        coverage=Coverage(negative=np.zeros((0, 2)), not_exhaustive=np.zeros((0, 2))),
        image_attributes=(attribute("weather", ["clear"]),),
        instance_attributes=(attribute("colour", ["red"]),),
    )
    assert said(more, INS)["lists of the classes looked for"] == (1, "images", False)
    assert said(more, INS)["of images"] == (1, "attributes", True)
    assert said(more, INS)["of instances, beside the four flags"] == (1, "attributes", True)


def test_boxes_without_outline_are_left_out(tmp_path: Path) -> None:
    box = {"id": 1, "category": "car", "box2d": {"x1": 1, "y1": 2, "x2": 3, "y2": 7}}
    dataset = bdd_dataset(tmp_path, [bdd_frame("a.jpg", box, bdd_label("2"))])
    prepared, _ = prepare_bitmasks(dataset, INS)
    assert prepared.instances == 1
    assert said(dataset, INS)["with only a box"] == (1, "instances", False)


def test_more_instances_than_ids_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segtrial.data.bdd100k.bitmask.values.LARGEST_ID", 3)
    many = truth([(0, 0, (2 * n, 0, 1, 1)) for n in range(5)])
    assert said(many, INS)["more in one image than the 65,535 ids"] == (2, "instances", False)
    assert list(prepare_bitmasks(many, INS)[0].annotation_id) == ["1", "2", "3"]


@pytest.mark.parametrize("name", ["../a.jpg", "/a.jpg", "b/../../a.jpg", "a\\b.jpg", ""])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    prepared, _ = prepare_bitmasks(labels(tmp_path, ("car", 0, 0, 2)), INS)
    hostile = replace(prepared, file_name=[name])
    with pytest.raises(DataError, match="leads out"):
        write_bitmasks(hostile, tmp_path / "out", INS)
    assert not (tmp_path / "out").exists()


def test_two_pictures_with_one_png_are_refused(tmp_path: Path) -> None:
    frames = [bdd_frame("a.jpg"), bdd_frame("a.jpeg")]
    with pytest.raises(DataError, match="one label PNG"):
        prepare_bitmasks(bdd_dataset(tmp_path, frames), INS)


def test_what_is_not_prepared_is_not_written(tmp_path: Path) -> None:
    dataset = labels(tmp_path, ("car", 0, 0, 2), ("car", 0, 0, 3))
    with pytest.raises(DataError, match="as they are"):
        write_bitmasks(dataset, tmp_path / "out", INS)
    both = replace(
        prepare_bitmasks(labels(tmp_path, ("car", 0, 0, 2), ("car", 4, 0, 2)), INS)[0],
        instance_record=dataset.instance_record,
    )
    with pytest.raises(DataError, match="overlap"):
        write_bitmasks(both, tmp_path / "out", INS)


def test_a_format_without_bitmasks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no bitmasks"):
        prepare_bitmasks(labels(tmp_path, ("car", 0, 0, 2)), LabelFormat.COCO)
