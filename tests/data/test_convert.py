"""Labels of one format as another's, and back: nothing is lost that was not counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from segtrial.data.convert import convert
from segtrial.data.read import read
from segtrial.data.write import label_bytes
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.dataset import Dataset, LabelFormat
from tests.builders import (
    bdd_content,
    bdd_dataset,
    bdd_frame,
    bdd_label,
    coco_annotation,
    coco_content,
    coco_dataset,
    coco_image,
    square,
    write_json,
)

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.losses import Loss

COCO, LVIS, BDD100K = LabelFormat.COCO, LabelFormat.LVIS, LabelFormat.BDD100K
CURVE = {"vertices": [[2, 3], [6, 3], [6, 7], [2, 7]], "types": "LCCL", "closed": True}


def converted(
    dataset: Dataset, target: LabelFormat, folder: Path
) -> tuple[Dataset, tuple[Loss, ...]]:
    """Converted, written, and read again."""
    prepared, losses = convert(dataset, target)
    path = folder / f"{target}.json"
    path.write_bytes(label_bytes(prepared))
    return read(path, None), losses


def lvis_content() -> dict[str, Any]:
    content = coco_content()
    for annotation in content["annotations"]:
        del annotation["iscrowd"]
    content["annotations"].pop()
    content["images"] = [
        coco_image(11, neg_category_ids=[9], not_exhaustive_category_ids=[3]),
        coco_image(5, neg_category_ids=[], not_exhaustive_category_ids=[]),
    ]
    names = zip(content["categories"], "rcf", strict=True)
    content["categories"] = [c | {"frequency": f, "synset": "x.n.01"} for c, f in names]
    return content


def says_the_same(one: Dataset, other: Dataset) -> None:
    """Images, ids, classes, labels, boxes, areas, masks and coverage are equal."""
    for field in ("image_id", "file_name", "annotation_id", "class_names", "class_ids"):
        assert list(getattr(one, field)) == list(getattr(other, field)), field
    for field in ("width_px", "height_px", "image_index", "class_index", "crowd", "area_px"):
        assert getattr(one, field).tolist() == getattr(other, field).tolist(), field
    assert np.allclose(one.box_xywh, other.box_xywh, atol=1e-9)
    masks = truth_masks(one), truth_masks(other)
    assert [masks[0].counts(r) for r in range(one.instances)] == [
        masks[1].counts(r) for r in range(other.instances)
    ]
    assert (one.coverage is None) == (other.coverage is None)
    if one.coverage is not None and other.coverage is not None:
        assert one.coverage.negative.tolist() == other.coverage.negative.tolist()
        assert one.coverage.not_exhaustive.tolist() == other.coverage.not_exhaustive.tolist()


def test_coco_comes_back_from_bdd100k(tmp_path: Path) -> None:
    source = coco_dataset(tmp_path, info={"year": 2017}, licenses=[{"id": 4}])
    there, losses = converted(source, BDD100K, tmp_path)
    assert losses == ()
    says_the_same(there, source)
    back, losses = converted(there, COCO, tmp_path)
    assert losses == ()
    says_the_same(back, source)
    assert json.loads(back.file_record)["info"] == {"year": 2017}
    assert json.loads(back.file_record)["licenses"] == [{"id": 4}]


def test_other_members_come_back_and_stand_in_the_way_of_nothing(tmp_path: Path) -> None:
    content = coco_content()
    content["annotations"][0] |= {"track": 7, "attributes": {"occluded": True}}
    content["images"][0]["flickr_url"] = "there"
    source = read(write_json(tmp_path / "a.json", content), None)
    there, _ = converted(source, BDD100K, tmp_path)
    assert there.instance_attributes[-1].name == "occluded"
    assert "track" not in json.loads(there.instance_record[1])
    back, _ = converted(there, COCO, tmp_path)
    row = list(back.annotation_id).index("101")
    assert json.loads(back.instance_record[row])["track"] == 7
    assert json.loads(back.image_record[1])["flickr_url"] == "there"


def test_lvis_comes_back_from_coco_record_by_record(tmp_path: Path) -> None:
    source = read(write_json(tmp_path / "a.json", lvis_content()), None)
    assert source.label_format == LVIS
    there, losses = converted(source, COCO, tmp_path)
    assert (there.label_format, losses) == (COCO, ())
    assert json.loads(there.image_record[1])["segtrial"] == {
        "negative": ["sign"],
        "not_exhaustive": ["bridge"],
    }
    says_the_same(there, source)
    back, losses = converted(there, LVIS, tmp_path)
    assert (back.label_format, losses) == (LVIS, ())
    says_the_same(back, source)
    assert back.class_frequency == ("r", "c", "f")
    for ours, theirs in zip(back.instance_record, source.instance_record, strict=True):
        assert json.loads(ours) == json.loads(theirs)
    for ours, theirs in zip(back.image_record, source.image_record, strict=True):
        assert json.loads(ours) == json.loads(theirs)


def test_lvis_comes_back_from_bdd100k(tmp_path: Path) -> None:
    source = read(write_json(tmp_path / "a.json", lvis_content()), None)
    there, _ = converted(source, BDD100K, tmp_path)
    says_the_same(there, source)
    back, _ = converted(there, LVIS, tmp_path)
    says_the_same(back, source)
    assert back.class_frequency == ("r", "c", "f")


def test_lvis_leaves_crowds_out_and_lists_absent_classes(tmp_path: Path) -> None:
    there, losses = converted(coco_dataset(tmp_path), LVIS, tmp_path)
    assert [(loss.count, loss.what, loss.harmless) for loss in losses] == [
        (1, "crowds", False),
        (3, "absent classes", True),
    ]
    assert there.instances == 3
    assert there.coverage is not None
    assert there.coverage.negative.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert there.class_frequency == ("r", "r", "r")


def test_lvis_gets_run_lengths_as_polygons_of_the_same_pixels(tmp_path: Path) -> None:
    ring = {"size": [10, 20], "counts": [22, 6, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 6, 137]}
    row = coco_annotation(1, 5, segmentation=ring, bbox=[2, 2, 7, 6])
    source = coco_dataset(tmp_path, annotations=[row])
    there, losses = converted(source, LVIS, tmp_path)
    assert [(loss.what, loss.harmless) for loss in losses][-1] == ("run-length masks", True)
    assert there.geometry[0].startswith(b"[")
    assert truth_masks(there).counts(0) == truth_masks(source).counts(0)


def test_bdd100k_s_names_become_numbers_and_its_flags_crowds(tmp_path: Path) -> None:
    ignored = bdd_label("9", attributes={"ignored": True, "occluded": True})
    source = bdd_dataset(tmp_path, [*bdd_content(), bdd_frame("d.jpg", ignored)])
    there, losses = converted(source, COCO, tmp_path)
    assert {loss.unit: (loss.count, loss.harmless) for loss in losses} == {"images": (4, True)}
    assert list(there.file_name) == list(source.file_name)
    assert there.crowd.tolist() == source.crowd.tolist() == [False, False, True, True]
    back, _ = converted(there, BDD100K, tmp_path)
    assert back.crowd.tolist() == source.crowd.tolist()
    assert json.loads(back.instance_record[3])["attributes"] == {"ignored": True, "occluded": True}
    assert back.image_id == source.image_id
    assert list(back.annotation_id) == list(source.annotation_id)


def test_curves_are_evaluated_counted_and_drawn_alike(tmp_path: Path) -> None:
    source = bdd_dataset(tmp_path, [bdd_frame("a", bdd_label(1, poly2d=[CURVE]), bdd_label(2))])
    there, losses = converted(source, COCO, tmp_path)
    assert [(loss.count, loss.what) for loss in losses][-1] == (1, "Bézier curves")
    assert truth_masks(there).counts(0) == truth_masks(source).counts(0)


def test_parts_stay_parts(tmp_path: Path) -> None:
    parts = [*square(1, 1, 3), *square(8, 4, 4)]
    source = coco_dataset(tmp_path, annotations=[coco_annotation(1, 5, segmentation=parts)])
    there, _ = converted(source, BDD100K, tmp_path)
    assert len(json.loads(there.geometry[0])) == 2
    back, _ = converted(there, COCO, tmp_path)
    assert json.loads(back.geometry[0]) == parts


@pytest.mark.parametrize("target", [COCO, LVIS, BDD100K])
def test_relabelled_instances_keep_their_new_class(tmp_path: Path, target: LabelFormat) -> None:
    source = coco_dataset(tmp_path, annotations=[coco_annotation(1, 5), coco_annotation(2, 11)])
    changed = source.with_classes(np.array([2, 0], np.int32))
    there, _ = converted(changed, target, tmp_path)
    assert [there.class_names[c] for c in there.class_index] == ["sign", "car"]


def test_a_format_s_own_data_set_stays_as_it_is(tmp_path: Path) -> None:
    source = coco_dataset(tmp_path)
    assert convert(source, COCO) == (source, ())


def test_coverage_that_changed_is_written_anew(tmp_path: Path) -> None:
    source = read(write_json(tmp_path / "a.json", lvis_content()), None)
    part = source.take_images([1])
    (tmp_path / "b.json").write_bytes(label_bytes(part))
    assert read(tmp_path / "b.json", None).fingerprint() == part.fingerprint()
    assert part.image_record[0] in (tmp_path / "b.json").read_bytes()
