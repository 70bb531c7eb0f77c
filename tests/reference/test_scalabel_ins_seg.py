"""Masks' AP and AR beside two tools of BDD100K on their own cases; both count with pycocotools.

`SCALABEL`: what `evaluate_ins_seg(truth, predictions, config, nproc=1).summary()` of scalabel 0.3.1
(Apache-2.0; with pydantic 1, numpy 2.4.6, pycocotools 2.0.11) answers, divided by 100, for
seg_track_sample.json, `scored_predictions` and seg_track_configs.toml, each read by its `load`.
`TOOLKIT`: what the test of the bdd100k toolkit's `evaluate_ins_seg` states for its bitmasks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from segtrial.data.bdd100k.bitmask import read_bitmasks
from segtrial.data.bdd100k.read import read_bdd100k
from segtrial.data.predictions import read_predictions
from segtrial.evaluation.average_precision import average_precision
from segtrial.evaluation.coco_summary import coco_summary
from segtrial.evaluation.matching import match_ranges, prepare_truth
from segtrial.evaluation.rules import COCO
from segtrial.geometry.rasterise import truth_masks
from segtrial.geometry.runs import encode_crop
from segtrial.types.dataset import LabelFormat
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset

CLASSES = ("pedestrian", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle")
SCALABEL = {
    "AP": 0.19002850529446488,
    "AP50": 0.3360732982104023,
    "AP75": 0.18750474361714023,
    "APs": 0.12283251017227279,
    "APm": 0.5002072088475294,
    "APl": 0.8162843394729639,
    "AR1": 0.14445894198259832,
    "AR10": 0.2532549577535052,
    "AR100": 0.2979817337097893,
    "ARs": 0.22860277387002603,
    "ARm": 0.5503734887737479,
    "ARl": 0.8498106060606061,
    "AP/pedestrian": 0.0738216140629507,
    "AP/rider": 0.02717810014084115,
    "AP/car": 0.5050338169287708,
    "AP/truck": 0.29589917435766344,
    "AP/bus": float("nan"),
    "AP/train": float("nan"),
    "AP/motorcycle": 0.04820982098209821,
    "AP/bicycle": float("nan"),
}
TOOLKIT = {
    "AP": 0.686056105610561,
    "AP50": 0.8968646864686468,
    "AP75": 0.6666666666666666,
    "APs": 0.686056105610561,
    "AR1": 0.6583333333333333,
    "AR10": 0.7083333333333334,
    "AR100": 0.7083333333333334,
    "ARs": 0.7083333333333334,
}


def summary(truth: Dataset, predictions: Path) -> dict[str, float]:
    """COCO's twelve, and the AP of each class as "AP/name"; of masks."""
    detections, left_out = read_predictions(predictions, truth)
    assert not left_out
    prepared = prepare_truth(truth, truth_masks(truth))
    matches = match_ranges(prepared, detections, IouType.MASK, COCO)
    ap_C = average_precision(matches["all"], truth.class_names).ap.mean(axis=1)
    of_class = {f"AP/{name}": ap for name, ap in zip(truth.class_names, ap_C, strict=True)}
    return coco_summary(matches, truth.class_names) | of_class


def scored_predictions(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Scalabel's predictions with scores (they have none), all different, of the truth's pictures
    (theirs are called .png).
    """
    count = 0
    for frame in frames:
        frame["name"] = frame["name"].replace(".png", ".jpg")
        for label in frame["labels"] or []:
            label["score"] = (count * 787 % 1567 + 1) / 1568
            count += 1
    assert count == 1567
    return frames


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def run_lengths_alone(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where a label has polygons too, Scalabel counts by the run lengths."""
    for frame in frames:
        for label in frame["labels"]:
            label["poly2d"] = None
    return frames


def test_1567_masks_of_a_video_score_as_scalabel_says(shared_data: Path, tmp_path: Path) -> None:
    """1768 instances of 100 frames, 17 of them crowds; three classes without truth."""
    folder = shared_data / "bdd100k/scalabel/seg_track"
    frames = run_lengths_alone(json.loads((folder / "seg_track_sample.json").read_bytes()))
    config = {"categories": [{"name": name} for name in CLASSES]}
    truth_file = write(tmp_path / "truth.json", {"frames": frames, "config": config})
    predictions = scored_predictions(json.loads((folder / "seg_track_preds.json").read_bytes()))
    truth = read_bdd100k(truth_file, None)
    assert (truth.class_names, int(truth.crowd.sum())) == (CLASSES, 17)
    ours = summary(truth, write(tmp_path / "predictions.json", predictions))
    assert ours == pytest.approx(SCALABEL, abs=1e-9, nan_ok=True)


def test_the_toolkits_bitmasks_score_as_its_own_test_says(
    shared_data: Path, tmp_path: Path
) -> None:
    """Six masks for six truths, one of them too small for any threshold."""
    folder = shared_data / "bdd100k/toolkit_eval_cases/ins_seg"
    truth = read_bitmasks(folder / "gt", None, LabelFormat.BDD100K_INS_SEG)
    (frame,) = json.loads((folder / "pred.json").read_bytes())
    score_of = {label["index"]: label["score"] for label in frame["labels"]}
    pixels = np.asarray(Image.open(folder / "pred/a.png")).astype(int)
    number = pixels[..., 2] * 256 + pixels[..., 3]
    labels = []
    for found in np.unique(number[number > 0]).tolist():
        (category,) = np.unique(pixels[number == found, 0]).tolist()
        counts = encode_crop(number == found, left=0, top=0, height=100, width=100).decode()
        rle = {"counts": counts, "size": [100, 100]}
        name = CLASSES[category - 1]
        labels.append({"id": str(found), "category": name, "score": score_of[found], "rle": rle})
    assert len(labels) == truth.instances == 6
    predictions = [{"name": truth.file_name[0], "labels": labels}]
    ours = summary(truth, write(tmp_path / "predictions.json", predictions))
    assert {name: ours[name] for name in TOOLKIT} == pytest.approx(TOOLKIT, abs=1e-9)
    assert np.isnan([ours["APm"], ours["APl"]]).all()
