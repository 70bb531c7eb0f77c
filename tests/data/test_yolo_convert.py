"""Any data set → YOLO's records: the same pixels, and every loss counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.data.yolo.convert import prepare_yolo
from segtrial.data.yolo.read import read_yolo
from segtrial.data.yolo.write import write_yolo
from segtrial.geometry.rasterise import instance_counts
from segtrial.geometry.runs import encode_crop
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind
from tests.builders import bdd_dataset, coco_annotation, coco_dataset, coco_image, square
from tests.data.yolo_folders import SQUARE, one_picture, picture

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.losses import Loss

BOX = {"segmentation": []}


def converted(
    folder: Path, *annotations: dict[str, Any], **changes: Any
) -> tuple[Dataset, Dataset, dict[str, Loss]]:
    """One COCO image of 20 × 10 px with these annotations, the same for YOLO, the losses."""
    images = [coco_image(11, **changes)]
    items = [coco_annotation(k, 11) | item for k, item in enumerate(annotations, start=1)]
    dataset = coco_dataset(folder, images=images, annotations=items)
    prepared, losses = prepare_yolo(dataset)
    assert prepared.geometry_kind == GeometryKind.YOLO
    return dataset, prepared, {loss.what: loss for loss in losses}


def mask_rle(mask: Any) -> dict[str, Any]:
    """Plain counts of a mask of 20 × 10 px, column-major."""
    flat = np.asarray(mask, bool).T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]).astype(int)))
    counts = np.diff(np.concatenate([[0], edges, [flat.size]]))
    return {"size": [10, 20], "counts": counts.tolist()}


def test_a_polygon_becomes_a_row_of_fractions(tmp_path: Path) -> None:
    _, prepared, losses = converted(tmp_path, {"category_id": 3})
    assert list(prepared.instance_record) == [b"1 0.1 0.3 0.3 0.3 0.3 0.7 0.1 0.7"]
    assert prepared.label_format == LabelFormat.YOLO_SEG
    assert (prepared.class_ids, prepared.class_names) == ((0, 1, 2), ("car", "bridge", "sign"))
    np.testing.assert_allclose(prepared.box_xywh, [[2, 3, 4, 4]])
    assert all(loss.harmless for loss in losses.values())
    assert losses["class ids"].count == 3


def test_parts_are_joined(tmp_path: Path) -> None:
    parts = square(1, 1, 3) + square(8, 2, 5)
    source, prepared, losses = converted(
        tmp_path, {"segmentation": parts, "bbox": [1, 1, 12, 6], "area": 34}
    )
    assert losses["labels of several parts"].count == 1
    assert not losses["labels of several parts"].harmless
    assert instance_counts(prepared, 0) == instance_counts(source, 0)
    assert prepared.area_px[0] == pytest.approx(34)


def test_parts_that_overlap_are_united(tmp_path: Path) -> None:
    """Joined as they are, the overlap would be a hole."""
    source, prepared, losses = converted(
        tmp_path, {"segmentation": square(1, 1, 5) + square(3, 3, 5), "bbox": [1, 1, 7, 7]}
    )
    assert losses["parts that overlap"].count == 1
    assert "labels of several parts" not in losses
    assert instance_counts(prepared, 0) == instance_counts(source, 0)


def test_run_lengths_are_traced(tmp_path: Path) -> None:
    mask = np.zeros((10, 20), bool)
    mask[2:8, 3:12] = True
    mask[4:6, 5:8] = False  # a hole
    mask[0, 19] = True
    rle = {"segmentation": mask_rle(mask), "bbox": [3, 0, 17, 8], "area": int(mask.sum())}
    source, prepared, losses = converted(tmp_path, rle)
    assert losses["run-length masks"].harmless
    assert losses["labels of several parts"].count == 1
    assert instance_counts(prepared, 0) == instance_counts(source, 0)
    assert prepared.area_px[0] == pytest.approx(mask.sum())


def test_crowds_and_labels_without_area_are_left_out(tmp_path: Path) -> None:
    empty = {"size": [10, 20], "counts": [200]}
    _, prepared, losses = converted(
        tmp_path,
        {"iscrowd": 1, "segmentation": mask_rle(np.ones((10, 20)))},
        {"segmentation": [[1, 1, 2, 2]]},
        {"segmentation": [[1, 1, 5, 1, 9, 1]]},
        {"segmentation": square(30, 3, 4)},
        {"segmentation": empty},
        {"segmentation": [], "bbox": [1, 1, 0, 4]},
        {},
    )
    assert prepared.instances == 1
    assert list(prepared.annotation_id) == ["1"]
    assert losses["crowds: YOLO has none"].count == 1
    assert losses["labels without area"].count == 5


def test_boxes_alone_stay_boxes(tmp_path: Path) -> None:
    _, prepared, losses = converted(tmp_path, BOX, BOX | {"bbox": [0, 0, 20, 10], "area": 200})
    assert list(prepared.instance_record) == [b"0 0.2 0.5 0.2 0.4", b"0 0.5 0.5 1 1"]
    assert all(loss.harmless for loss in losses.values())


def test_boxes_among_outlines_become_rings(tmp_path: Path) -> None:
    _, prepared, losses = converted(tmp_path, BOX, {"category_id": 3})
    assert prepared.instance_record[0] == f"0 {SQUARE}".encode()
    (loss,) = (loss for what, loss in losses.items() if what.startswith("boxes without outline"))
    assert (loss.count, loss.harmless) == (1, False)


def test_what_leaves_the_image_is_cut_off(tmp_path: Path) -> None:
    """A triangle with a corner at (30, 5) keeps its slopes: 5 px high at the border, not 10."""
    wide = {"segmentation": [[10, 0, 30, 5, 10, 10]], "bbox": [10, 0, 20, 10], "area": 100}
    box = {"segmentation": [], "bbox": [-3, 4, 10, 10], "area": 100}
    source, prepared, losses = converted(tmp_path, wide, box)
    assert losses["outlines or boxes that leave the image"].count == 2
    assert losses["boxes more than 1 px off their outline's"].count == 2
    assert losses["areas more than 1% and 1 px off their outline's"].count == 2
    assert prepared.area_px.tolist() == pytest.approx([75, 42])
    np.testing.assert_allclose(prepared.box_xywh, [[10, 0, 10, 10], [0, 4, 7, 6]])
    assert instance_counts(prepared, 0) == instance_counts(source, 0)


def test_rows_that_would_be_removed_are_counted(tmp_path: Path) -> None:
    _, prepared, losses = converted(tmp_path, {}, {}, {"category_id": 3})
    assert prepared.instances == 3
    assert losses["labels of the class and box of another"].count == 1


def test_attributes_coverage_and_frequencies(tmp_path: Path) -> None:
    bdd = {loss.what: loss for loss in prepare_yolo(bdd_dataset(tmp_path))[1]}
    assert (bdd["the attribute occluded"].count, bdd["the attribute occluded"].harmless) == (
        1,
        False,
    )
    image = coco_image(5, neg_category_ids=[3, 9], not_exhaustive_category_ids=[7])
    names = [{"id": 7, "name": "car", "frequency": "f"}, {"id": 3, "name": "bridge"}]
    lvis = coco_dataset(
        tmp_path,
        images=[image],
        annotations=[coco_annotation(1, 5)],
        categories=[*names, {"id": 9, "name": "sign", "frequency": "r"}],
    )
    prepared, losses = prepare_yolo(lvis)
    counts = {loss.what: (loss.count, loss.harmless) for loss in losses}
    assert counts["classes verified to be absent"] == (2, False)
    assert counts["classes not labelled exhaustively"] == (1, False)
    assert counts["frequencies r, c, f"] == (2, False)
    assert prepared.coverage is None
    assert prepared.class_frequency == ()


def test_yolo_s_own_records_stay(tmp_path: Path) -> None:
    dataset = read_yolo(one_picture(tmp_path, f"0 {SQUARE}\n0 {SQUARE}\n"), None)
    prepared, (loss,) = prepare_yolo(dataset)
    assert prepared is dataset
    assert loss.count == 1


def test_an_outline_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="An outline cannot be read") as caught:
        converted(tmp_path, {"segmentation": [[1, 2, "x", 4, 5, 6]]})
    assert caught.value.where == "coco.json: image 11, label 1"


def test_written_and_read_again_only_places_change(tmp_path: Path) -> None:
    dataset = coco_dataset(tmp_path)
    for name in dataset.file_name:
        picture(tmp_path / name)
    prepared, _ = prepare_yolo(dataset)
    write_yolo(prepared, tmp_path / "yolo", split="val")
    again = read_yolo(tmp_path / "yolo", None)
    assert again.file_name[0] == f"images/val/{prepared.file_name[0]}"
    names = {"image_id": prepared.image_id, "file_name": prepared.file_name}
    assert replace(again, **names).fingerprint() == prepared.fingerprint()
    assert again.area_px.tolist() == prepared.area_px.tolist()


coordinate = st.integers(0, 4000).map(lambda n: n / 20)  # every fifth and tenth of a px
ring = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8, unique=True)


@settings(deadline=None, max_examples=80)
@given(
    rings=st.lists(ring, min_size=1, max_size=3),
    size=st.tuples(st.integers(40, 260), st.integers(40, 260)),
)
def test_any_polygons_keep_their_pixels_and_do_not_drift(
    tmp_path_factory: pytest.TempPathFactory,
    rings: list[list[tuple[float, float]]],
    size: tuple[int, int],
) -> None:
    folder = tmp_path_factory.getbasetemp()
    flat = [[value for point in points for value in point] for points in rings]
    source, prepared, losses = converted(
        folder, {"segmentation": flat}, width=size[0], height=size[1]
    )
    if "labels without area" in losses:
        return
    if "outlines or boxes that leave the image" not in losses:
        assert instance_counts(prepared, 0) == instance_counts(source, 0)
    values = np.array(prepared.instance_record[0].split()[1:], np.float64).reshape(-1, 2)
    _, again, _ = converted(
        folder,
        {"segmentation": [(values * size).ravel().tolist()]},
        width=size[0],
        height=size[1],
    )
    assert again.instance_record[0] == prepared.instance_record[0]


def test_px_are_exact_to_a_thousandth_at_ten_thousand(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 9_973, (500, 2))
    _, prepared, _ = converted(
        tmp_path, {"segmentation": [points.ravel().tolist()]}, width=9_973, height=9_973
    )
    values = np.array(prepared.instance_record[0].split()[1:], np.float64).reshape(-1, 2)
    assert np.abs(values * 9_973 - points).max() < 2e-5


def test_masks_of_the_whole_image(tmp_path: Path) -> None:
    full = encode_crop(np.ones((10, 20), bool), left=0, top=0, height=10, width=20).decode()
    whole = {"segmentation": {"size": [10, 20], "counts": full}, "bbox": [0, 0, 20, 10]}
    _, prepared, _ = converted(tmp_path, whole | {"area": 200})
    assert prepared.instance_record[0] == b"0 0 0 1 0 1 1 0 1"
