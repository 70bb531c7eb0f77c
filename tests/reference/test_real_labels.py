"""Real label files: read, checked, rasterised as pycocotools does, written and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from pycocotools.coco import COCO

from segtrial.data.check import check_outlines, check_pictures
from segtrial.data.read import read
from segtrial.data.write import label_bytes
from segtrial.geometry import rasterise
from segtrial.geometry.outlines import parse_outline
from segtrial.geometry.rasterise import mask_counts, truth_masks
from segtrial.geometry.runs import decode_mask
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from pathlib import Path

# images, instances (crowds included), crowds, classes
FILES = {
    "coco_mini/instances_train.json": (209, 1899, 18, 80),
    "coco_mini/instances_val.json": (126, 971, 10, 80),
    "coco_results/instances_val2014_100.json": (100, 839, 9, 80),
    "lvis/lvis_val_100.json": (100, 977, 0, 1230),
    "bdd100k/scalabel/seg_track/seg_track_sample.json": (100, 1768, 17, 5),
    "bdd100k/scalabel/seg_track/seg_track_preds.json": (100, 1567, 0, 6),
    "bdd100k/scalabel/det/bbox_predictions.json": (202, 5372, 0, 8),
    "bdd100k/samples/det_train.json": (2, 13, 0, 4),
}
COCO_FILES = [name for name in FILES if not name.startswith("bdd100k")]


@pytest.mark.parametrize("name", FILES)
def test_files_are_read_whole_written_and_read_again(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    dataset = read(shared_data / name, None)
    counts = dataset.images, dataset.instances, int(dataset.crowd.sum())
    assert (*counts, len(dataset.class_names)) == FILES[name]
    assert check_outlines(dataset, "refuse")[1] == 0
    (tmp_path / "again.json").write_bytes(label_bytes(dataset))
    again = read(tmp_path / "again.json", None)
    assert again.fingerprint() == dataset.fingerprint()
    pairs = zip(again.instance_record, dataset.instance_record, strict=True)
    assert all(bytes(ours) == bytes(source) for ours, source in pairs)


@pytest.mark.parametrize("few", [0, 4000], ids=["together", "one by one"])
@pytest.mark.parametrize("name", COCO_FILES)
def test_masks_are_those_of_pycocotools(
    shared_data: Path,
    name: str,
    few: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rasterise, "_FEW", few)
    dataset = read(shared_data / name, None)
    masks = truth_masks(dataset)
    theirs = COCO(str(shared_data / name))
    capsys.readouterr()
    for row, annotation_id in enumerate(dataset.annotation_id):
        rle = theirs.annToRLE(theirs.anns[int(annotation_id)])
        assert masks.counts(row) == rle["counts"], f"annotation {annotation_id}"


def test_a_pole_of_two_points_is_left_out_and_counted(shared_data: Path) -> None:
    name = "bdd100k/toolkit_label_cases/panseg_bdd100k/panseg_bdd100k.json"
    dataset = read(shared_data / name, None)
    assert (dataset.instances, len(dataset.left_out)) == (75, 1)
    assert dataset.left_out[0].count == 1
    assert dataset.left_out[0].first.endswith("panseg_mask.jpg: labels[15]")


def test_outlines_and_run_lengths_of_the_same_instances_agree(shared_data: Path) -> None:
    """Scalabel's sample holds both for each label; the RLE was drawn by another rasteriser."""
    name = "bdd100k/scalabel/seg_track/seg_track_sample.json"
    dataset = read(shared_data / name, None)
    overlaps = []
    for row in range(0, dataset.instances, 40):
        record = msgspec.json.decode(dataset.instance_record[row], type=dict[str, msgspec.Raw])
        outline = parse_outline(dataset.geometry_kind, record["rle"], (720, 1280))
        if not isinstance(outline, dict):
            continue
        height, width = outline["size"]
        drawn = mask_counts(
            parse_outline(dataset.geometry_kind, record["poly2d"], (720, 1280)),
            height=height,
            width=width,
        )
        packed = mask_counts(outline, height=height, width=width)
        ours, theirs = (
            decode_mask(pack_masks([c]), 0, height=height, width=width) for c in (drawn, packed)
        )
        overlaps.append((ours & theirs).sum() / max((ours | theirs).sum(), 1))
    assert len(overlaps) > 30
    assert np.median(overlaps) > 0.9


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_photographs_are_whole_and_of_the_stated_size(shared_data: Path, split: str) -> None:
    folder = shared_data / "coco_mini"
    check_pictures(read(folder / f"instances_{split}.json", folder / "images"))
