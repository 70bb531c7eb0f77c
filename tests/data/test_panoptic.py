"""COCO panoptic labels: read against their PNG, written again, and made of other labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from segtrial.data.bdd100k.bitmask import prepare_bitmasks
from segtrial.data.coco.panoptic import prepare_panoptic, read_panoptic, write_panoptic
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import DataError
from tests.builders import bdd_dataset, bdd_frame, bdd_label, coco_dataset, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset

FAR = 70_000  # an id of three bytes
CATEGORIES = [
    {"id": 1, "name": "person", "isthing": 1, "color": [220, 20, 60], "supercategory": "person"},
    {"id": 119, "name": "flower", "isthing": 0, "color": [0, 0, 1], "supercategory": "plant"},
]


def png(path: Path, *rows: list[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = np.array(rows)
    pixels = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=2)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def segment(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": number, "category_id": 1, "iscrowd": 0} | changes


def content(**changes: Any) -> dict[str, Any]:
    """One picture of 3 × 2 px: a person, flowers in two parts, and a void pixel."""
    segments = [
        segment(FAR, category_id=119, area=3, bbox=[0, 0, 3, 2]),
        segment(5, area=2, bbox=[1, 0, 1, 2], iscrowd=1),
    ]
    return {
        "info": {"year": 2026},
        "images": [{"id": 9, "file_name": "a.jpg", "width": 3, "height": 2, "license": 4}],
        "annotations": [{"image_id": 9, "file_name": "a.png", "segments_info": segments}],
        "categories": CATEGORIES,
    } | changes


def labels(folder: Path, **changes: Any) -> Path:
    png(folder / "panoptic" / "a.png", [FAR, 5, FAR], [FAR, 5, 0])
    return write_json(folder / "panoptic.json", content(**changes))


def with_segments(*segments: dict[str, Any], **changes: Any) -> dict[str, Any]:
    annotation = {"image_id": 9, "file_name": "a.png", "segments_info": list(segments)}
    return {"annotations": [annotation | changes]}


def test_every_segment_is_an_instance_with_the_pngs_pixels(tmp_path: Path) -> None:
    dataset = read_panoptic(labels(tmp_path), None)
    assert dataset.label_format == LabelFormat.COCO_PANOPTIC
    assert list(dataset.annotation_id) == [str(FAR), "5"]
    assert [dataset.class_names[row] for row in dataset.class_index] == ["flower", "person"]
    assert dataset.crowd.tolist() == [False, True]
    assert dataset.area_px.tolist() == [3, 2]
    assert dataset.box_xywh.tolist() == [[0, 0, 3, 2], [1, 0, 1, 2]]
    # column by column 0, 2, 2, 1, 1 px by turns; from the fourth on, less the one before the last
    assert json.loads(dataset.geometry[0]) == {"size": [2, 3], "counts": "022OO"}


def test_the_png_may_lie_beside_the_json(tmp_path: Path) -> None:
    path = labels(tmp_path)
    (tmp_path / "panoptic" / "a.png").rename(tmp_path / "a.png")
    assert read_panoptic(path, None).instances == 2


def test_reading_and_writing_gives_the_same_file_and_pixels(tmp_path: Path) -> None:
    path = labels(tmp_path)
    dataset = read_panoptic(path, None)
    write_panoptic(dataset, tmp_path / "out" / "new.json")
    assert json.loads((tmp_path / "out" / "new.json").read_text()) == content()
    ours, source = tmp_path / "out" / "new" / "a.png", tmp_path / "panoptic" / "a.png"
    assert (np.asarray(Image.open(ours)) == np.asarray(Image.open(source))).all()
    assert read_panoptic(tmp_path / "out" / "new.json", None).fingerprint() == dataset.fingerprint()


def test_a_relabelled_segment_has_its_new_category_alone(tmp_path: Path) -> None:
    dataset = read_panoptic(labels(tmp_path), None)
    write_panoptic(dataset.with_classes(np.array([0, 0], np.int32)), tmp_path / "new.json")
    expected = content()
    expected["annotations"][0]["segments_info"][0]["category_id"] = 1
    assert json.loads((tmp_path / "new.json").read_text()) == expected


def test_what_annotations_say_beside_is_written_again(tmp_path: Path) -> None:
    png(tmp_path / "panoptic" / "sub" / "b.png", [5])
    image = {"id": 9, "file_name": "a.jpg", "width": 1, "height": 1}
    changes = with_segments(segment(5), file_name="sub/b.png", id=17)
    path = labels(tmp_path, images=[image], **changes)
    write_panoptic(read_panoptic(path, None), tmp_path / "new.json")
    assert json.loads((tmp_path / "new.json").read_text()) == json.loads(path.read_text())
    assert (tmp_path / "new" / "sub" / "b.png").is_file()


@pytest.mark.parametrize(
    ("changes", "what", "got"),
    [
        (with_segments(segment(5)), "A PNG has an id that is no segment's.", f"id {FAR}"),
        (
            with_segments(segment(5), segment(FAR), segment(6)),
            "A segment has no pixel.",
            "id 6",
        ),
        (with_segments(segment(5), segment(5)), "Two segments have the same id.", "id 5"),
        (
            with_segments(segment(5, area=3), segment(FAR)),
            "A segment is another one in the PNG.",
            "3.0",
        ),
        (
            with_segments(segment(5), segment(FAR, bbox=[0, 0, 3, 4])),
            "A segment is another one in the PNG.",
            "[0.0, 0.0, 3.0, 4.0]",
        ),
        (
            with_segments(segment(5), segment(FAR, category_id=2)),
            "A segment names a category that the file does not list.",
            "category_id 2",
        ),
        (with_segments(file_name="../a.png"), None, '"../a.png"'),
        (with_segments(image_id=8), None, "image_id 8"),
        ({"annotations": 2 * with_segments()["annotations"]}, None, ""),
        ({"annotations": []}, "An image has no annotation.", ""),
        (with_segments(file_name="b.png"), "A panoptic PNG is missing.", ""),
        (with_segments(segment(0)), "The labels cannot be read.", "Expected `int` >= 1"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, Any], what: str | None, got: str
) -> None:
    with pytest.raises(DataError) as error:
        read_panoptic(labels(tmp_path, **changes), None)
    assert what is None or error.value.what == what
    assert error.value.got.startswith(got)
    assert str(tmp_path / "panoptic") in error.value.where


def test_a_png_of_another_size_or_mode_is_refused(tmp_path: Path) -> None:
    path = labels(tmp_path)
    png(tmp_path / "panoptic" / "a.png", [5, FAR])
    with pytest.raises(DataError, match="not of its image's size"):
        read_panoptic(path, None)
    Image.new("P", (3, 2)).save(tmp_path / "panoptic" / "a.png")
    with pytest.raises(DataError, match="another kind"):
        read_panoptic(path, None)


def prepared_and_read(dataset: Dataset, folder: Path) -> tuple[Dataset, Dataset]:
    prepared, _ = prepare_panoptic(dataset)
    write_panoptic(prepared, folder / "made.json")
    return prepared, read_panoptic(folder / "made.json", dataset.image_root)


def test_coco_labels_become_panoptic_ones(tmp_path: Path) -> None:
    dataset = coco_dataset(tmp_path)
    prepared, again = prepared_and_read(dataset, tmp_path)
    assert again.fingerprint() == prepared.fingerprint()
    assert list(prepared.annotation_id) == ["102", "101", "104"]
    assert prepared.crowd.tolist() == [False, False, True]
    assert all(json.loads(record)["isthing"] == 1 for record in prepared.class_record)
    losses = {loss.what: loss.count for loss in prepare_panoptic(dataset)[1]}
    assert losses == {"with only a box": 1, "outlines": 2}


def test_overlaps_are_cut_and_counted(tmp_path: Path) -> None:
    frames = [bdd_frame("a.jpg", bdd_label("x"), bdd_label("y"), bdd_label("z"))]
    prepared, again = prepared_and_read(bdd_dataset(tmp_path, frames), tmp_path)
    assert again.fingerprint() == prepared.fingerprint()
    assert list(prepared.annotation_id) == ["3"]
    losses = prepare_panoptic(bdd_dataset(tmp_path, frames))[1]
    found = {(loss.unit, loss.what): loss.count for loss in losses}
    assert found["instances", "wholly covered by later ones"] == 2
    assert found["pixels", "of two instances"] == 32
    assert found["images", "ids"] == 1


def test_bdd100ks_stuff_is_stuff_and_flags_come_back(tmp_path: Path) -> None:
    road = bdd_label("1", category="road")
    ring = [{"vertices": [[9, 1], [12, 1], [12, 4]], "types": "LLL", "closed": True}]
    car = bdd_label("2", poly2d=ring, attributes={"occluded": True})
    bitmasks, _ = prepare_bitmasks(
        bdd_dataset(tmp_path, [bdd_frame("a.jpg", road, car)]), LabelFormat.BDD100K_PAN_SEG
    )
    panoptic, again = prepared_and_read(bitmasks, tmp_path)
    things = [json.loads(record)["isthing"] for record in panoptic.class_record]
    assert things == 31 * [0] + 10 * [1]
    back, _ = prepare_bitmasks(again, LabelFormat.BDD100K_PAN_SEG)
    assert list(back.instance_record) == list(bitmasks.instance_record)


def test_preparing_panoptic_labels_changes_nothing(tmp_path: Path) -> None:
    dataset = read_panoptic(labels(tmp_path), None)
    assert prepare_panoptic(dataset) == (dataset, ())


def test_other_labels_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="as they are"):
        write_panoptic(coco_dataset(tmp_path), tmp_path / "new.json")
    assert not (tmp_path / "new.json").exists()
