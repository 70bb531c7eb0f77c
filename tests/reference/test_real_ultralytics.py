"""Ultralytics' numbers of a real model, beside COCO's, and its console tables' layout.

The model: YOLOv5s-seg on 78 images of `coco_mini`. From COCO's AP .4161 (boxes) and .3648 (masks)
to .4127 and .3619: crowds shield nothing (at IoU .5, 265 and 173 detections become false positives)
and 5 detections of .001 are left out: .4153 and .3645; the rest is the area, which the trapezoid
rule counts half at its two ends and which is 0 at the last recall (.495 for COCO's .505).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from segtrial.data.coco.read import read_coco
from segtrial.data.predictions import read_predictions
from segtrial.evaluation.average_precision import average_precision, mean_over_classes
from segtrial.evaluation.curves import at_confidence, precision_recall
from segtrial.evaluation.matching import Truth, match, prepare_truth
from segtrial.evaluation.trapezoid import match_strictly, trapezoid_average_precision
from segtrial.evaluation.ultralytics import Style, UltralyticsScores
from segtrial.evaluation.ultralytics_matching import Matching, match_as_ultralytics
from segtrial.evaluation.ultralytics_table import (
    UltralyticsTable,
    note_lines,
    table_lines,
    ultralytics_table,
)
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.evaluation import IGNORED, IouType
from tests.evaluation.test_ultralytics_plain import plain

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.detections import Detections

KINDS = pytest.mark.parametrize("kind", list(IouType))
RULES = pytest.mark.parametrize("rule", list(Matching))
COCO_AP = {IouType.BOX: 0.4161, IouType.MASK: 0.3648}


@dataclass(frozen=True)
class Model:
    truth: Truth
    detections: Detections


@pytest.fixture(scope="module")
def model(shared_data: Path) -> Model:
    results = shared_data / "coco_results"
    dataset = read_coco(shared_data / "coco_mini/instances_val.json", None)
    kept = set(json.loads((results / "coco_mini_val_78_image_ids.json").read_bytes()))
    dataset = dataset.take_images([r for r, i in enumerate(dataset.image_id) if int(i) in kept])
    path = results / "coco_mini_val_yolov5s_seg_78_images.json"
    detections, left_out = read_predictions(path, dataset)
    assert not left_out
    return Model(truth=prepare_truth(dataset, truth_masks(dataset)), detections=detections)


def part(table: UltralyticsTable, kind: IouType) -> UltralyticsScores:
    return dict(zip(IouType, table.parts, strict=True))[kind]


@KINDS
@RULES
def test_map_is_coco_s_less_the_stated_steps(model: Model, kind: IouType, rule: Matching) -> None:
    names = model.truth.dataset.class_names
    coco = match(model.truth, model.detections, kind)
    ours = match_as_ultralytics(model.truth, model.detections, kind, rule)
    scores = part(ultralytics_table(model.truth, model.detections, matching=rule), kind)
    coco_ap = mean_over_classes(average_precision(coco, names).ap)
    without_crowds = mean_over_classes(average_precision(ours, names).ap)
    assert coco_ap == pytest.approx(COCO_AP[kind], abs=5e-5)
    assert int((coco.truth_row[0] == IGNORED).sum()) == {"box": 265, "mask": 173}[kind]
    assert without_crowds == pytest.approx({"box": 0.4153, "mask": 0.3645}[kind], abs=5e-5)
    assert 0 <= without_crowds - scores.mean[3] < 0.01  # at most one of 100 cells
    shown = {"box": [0.5943, 0.4127], "mask": [0.6138, 0.3619]}[kind]
    assert scores.mean[2:] == pytest.approx(shown, abs=5e-5)


@pytest.mark.parametrize(
    ("rule", "style"),
    [(Matching.BY_IOU, Style.ULTRALYTICS_OLD), (Matching.BY_CONFIDENCE, Style.ULTRALYTICS)],
)
def test_boxes_are_those_of_the_plain_reckoning(model: Model, rule: Matching, style: Style) -> None:
    """6084 detections of 80 classes, reckoned with lists and loops."""
    dataset, detections = model.truth.dataset, model.detections
    real = [
        (int(i), int(c), tuple(box))
        for i, c, box, crowd in zip(
            dataset.image_index,
            dataset.class_index,
            dataset.box_xywh.tolist(),
            dataset.crowd,
            strict=True,
        )
        if not crowd
    ]
    rows = [
        (int(i), int(c), score, tuple(box))
        for i, c, score, box in zip(
            detections.image_index,
            detections.class_index,
            detections.score.tolist(),
            detections.box_xywh.tolist(),
            strict=True,
        )
    ]
    scores = ultralytics_table(model.truth, detections, style=style, matching=rule).box
    confidence, numbers = plain(real, rows, rule, style)
    assert scores.confidence == pytest.approx(confidence, abs=1e-9)
    assert len(numbers) == 77
    for label, expected in numbers.items():
        assert scores.columns[label].tolist() == pytest.approx(expected, abs=1e-9)


@KINDS
def test_the_old_style_is_above_the_new(model: Model, kind: IouType) -> None:
    new, old = (
        part(ultralytics_table(model.truth, model.detections, style=style), kind)
        for style in (Style.ULTRALYTICS, Style.ULTRALYTICS_OLD)
    )
    assert old.mean[3] == pytest.approx({"box": 0.4189, "mask": 0.3676}[kind], abs=5e-5)
    assert old.mean[3] > new.mean[3]


@KINDS
def test_the_trapezoid_is_below_coco(model: Model, kind: IouType) -> None:
    matches = match_strictly(model.truth, model.detections, kind)
    scores = trapezoid_average_precision(matches, model.truth.dataset.class_names)
    shown = {"box": 0.3926, "mask": 0.3462}[kind]
    assert mean_over_classes(scores.ap) == pytest.approx(shown, abs=5e-5)


@KINDS
def test_curves_end_where_all_detections_count(model: Model, kind: IouType) -> None:
    for matches in (
        match(model.truth, model.detections, kind),
        match_as_ultralytics(model.truth, model.detections, kind),
    ):
        curves, point = precision_recall(matches), at_confidence(matches, 0.0)
        ends = [c for c in range(80) if curves.first[c] < curves.first[c + 1]]
        last = curves.first[1:][ends] - 1
        np.testing.assert_allclose(curves.recall[last], point.recall[ends])
        np.testing.assert_allclose(curves.precision[last], point.precision[ends])
        assert len(curves.score) < 0.5 * len(matches.score)


def test_the_printed_table(model: Model) -> None:
    table = ultralytics_table(model.truth, model.detections)
    lines = table_lines(table)
    assert len(lines) == 2 + 77
    assert lines[1] == (
        "                   all         78        604"
        "       0.59       0.57      0.594      0.413"
        "       0.58      0.597      0.614      0.362"
    )
    notes = "\n".join(note_lines(table))
    assert "means over 77 of 80 classes" in notes
    assert "Box: never predicted (P = R = 0): hair drier" in notes
    assert "5 left out: crowd regions (the first: instance 60 of image 34417)" in notes


def test_the_layout_is_that_of_console_tables(shared_data: Path) -> None:
    """Each row of a real table, read into scores and printed again, to the letter."""
    text = (shared_data / "tables/ultralytics_yolov8n_coco_val2017_outputs.txt").read_text()
    rows = [
        line for line in text.splitlines() if re.match(r"^ +\S.* 5000 +\d+( +[\d.e-]+){4,8}$", line)
    ]
    assert len(rows) == 2 * 81
    heads = [
        head for head in re.findall(r"^ +Class .*mAP50-95\)", text, re.M) if "Pose" not in head
    ]
    for block, head in zip((rows[:81], rows[81:]), heads, strict=True):
        table = parsed(block[1:])
        assert table_lines(table, images_with_class=False)[0] == head
        assert table_lines(table, images_with_class=False)[2:] == block[1:]
        total, *means = block[0].split()[2:]
        ours = np.concatenate([scores.mean for scores in table.parts])
        assert int(table.box.instances.sum()) == int(total) == 36335
        assert ours == pytest.approx([float(m) for m in means], abs=6e-4)


def parsed(rows: list[str]) -> UltralyticsTable:
    """The classes' rows of a printed table as scores: each AP stands for its mean."""
    names = tuple(row[:22].strip() for row in rows)
    cells = np.array([[float(cell) for cell in row[22:].split()] for row in rows])
    parts = []
    for kind, first in zip(IouType, range(2, cells.shape[1], 4), strict=False):
        p, r, at_50, mean = cells[:, first : first + 4].T
        ap_CT = np.concatenate([at_50[:, None], np.tile((10 * mean - at_50) / 9, (9, 1)).T], axis=1)
        parts.append(
            UltralyticsScores(
                iou_type=kind,
                style=Style.ULTRALYTICS_OLD,
                class_names=names,
                thresholds=np.linspace(0.5, 0.95, 10),
                confidence=0.0,
                precision=p,
                recall=r,
                ap=ap_CT,
                note=(),
                images=int(cells[0, 0]),
                instances=cells[:, 1].astype(np.int64),
                positive_images=cells[:, 0].astype(np.int64),
            )
        )
    return UltralyticsTable(box=parts[0], mask=parts[1] if len(parts) > 1 else None, left_out=())
