"""Real labels through another format and back: images, instances, classes and mask area in = out.

python -m tests.reference.test_real_round_trips DATA    # prints the table
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from segtrial.data.convert import convert
from segtrial.data.read import read
from segtrial.data.write import is_one_file, write_labels
from segtrial.geometry.rasterise import truth_masks
from segtrial.geometry.run_measures import area_px
from segtrial.types.dataset import Dataset, LabelFormat

COCO, LVIS, BDD100K = LabelFormat.COCO, LabelFormat.LVIS, LabelFormat.BDD100K
YOLO, PANOPTIC = LabelFormat.YOLO_SEG, LabelFormat.COCO_PANOPTIC
INS_SEG = LabelFormat.BDD100K_INS_SEG

# labels, pictures, the format between
TRIPS: list[tuple[str, str | None, LabelFormat]] = [
    ("coco_mini/instances_train.json", "coco_mini/images", BDD100K),
    ("coco_mini/instances_val.json", "coco_mini/images", BDD100K),
    ("coco_results/instances_val2014_100.json", None, BDD100K),
    ("lvis/lvis_val_100.json", None, COCO),
    ("lvis/lvis_val_100.json", None, BDD100K),
    ("coco128_yolo_seg/data.yaml", None, COCO),
    ("coco128_yolo_seg/data.yaml", None, BDD100K),
    ("bdd100k/scalabel/seg_track/seg_track_sample.json", None, COCO),
    ("bdd100k/scalabel/seg_track/seg_track_preds.json", None, COCO),
    ("bdd100k/scalabel/det/bbox_predictions.json", None, COCO),
    ("bdd100k/samples/det_train.json", None, COCO),
    ("bdd100k/toolkit_label_cases/example_annotation.json", None, COCO),
    ("bdd100k/toolkit_label_cases/panseg_bdd100k/panseg_bdd100k.json", None, COCO),
    ("bdd100k/toolkit_eval_cases/ins_seg/gt", None, PANOPTIC),
    ("bdd100k/toolkit_eval_cases/pan_seg/gt", None, PANOPTIC),
    ("bdd100k/toolkit_eval_cases/pan_seg/gt", None, COCO),
    ("bdd100k/toolkit_label_cases/to_rle/ins_seg/masks", None, BDD100K),
]
Counts = tuple[int, int, int, int]


def counts(dataset: Dataset) -> Counts:
    """Images, instances, classes that occur, pixels of all masks."""
    masks = area_px(truth_masks(dataset))
    used = len(np.unique(dataset.class_index))
    return dataset.images, dataset.instances, used, int(masks.sum())


def travel(
    source: Dataset, between: LabelFormat, folder: Path
) -> tuple[Dataset, Dataset, list[str]]:
    """The data set in the other format and back in its own, and what was lost that matters."""
    lost: list[str] = []
    stops, dataset = [], source
    for number, target in enumerate((between, source.label_format)):
        prepared, losses = convert(dataset, target)
        lost += [f"{loss.count} {loss.what}" for loss in losses if loss.count and not loss.harmless]
        suffix = ".json" if is_one_file(prepared) or target == PANOPTIC else ""
        path = folder / f"stop{number}{suffix}"
        write_labels(prepared, path, pictures="link")
        root = source.image_root if target != YOLO else None
        dataset = read(path, root, str(target))
        stops.append(dataset)
    return stops[0], stops[1], lost


@pytest.mark.parametrize(("labels", "pictures", "between"), TRIPS)
def test_there_and_back_is_the_same(
    shared_data: Path, tmp_path: Path, labels: str, pictures: str | None, between: LabelFormat
) -> None:
    root = None if pictures is None else shared_data / pictures
    source = read(shared_data / labels, root)
    there, back, _ = travel(source, between, tmp_path)
    assert counts(there) == counts(source)
    assert counts(back) == counts(source)
    named = [source.class_names[c] for c in source.class_index]
    assert [back.class_names[c] for c in back.class_index] == named
    assert np.allclose(back.box_xywh, source.box_xywh, atol=2e-4)


def main() -> None:
    """Print the table."""
    data = Path(sys.argv[1])
    for labels, pictures, between in TRIPS:
        with tempfile.TemporaryDirectory() as folder:
            source = read(data / labels, None if pictures is None else data / pictures)
            there, back, lost = travel(source, between, Path(folder))
        same = "=" if counts(source) == counts(there) == counts(back) else "≠"
        told = [f"{n:,}" for n in counts(source)]
        chain = f"{source.label_format} → {between} → {back.label_format}"
        print(f"| {labels} | {chain} | {' | '.join(told)} | {same} | {'; '.join(lost) or '–'} |")


if __name__ == "__main__":
    main()
