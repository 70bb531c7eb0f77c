"""The text table: its layout to the letter, and what stands below it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segtrial.evaluation.matching import prepare_truth
from segtrial.evaluation.ultralytics import Note, Style, UltralyticsScores
from segtrial.evaluation.ultralytics_table import (
    UltralyticsTable,
    note_lines,
    table_lines,
    ultralytics_table,
)
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.evaluation import IouType
from tests.builders import found, truth

NAMES = ("person", "bus", "hair drier")
RIGHT, LEFT = (10, 0, 4, 10), (0, 0, 4, 10)


def scores(kind: IouType, columns_C4: list[list[float]]) -> UltralyticsScores:
    """Scores that print as `columns_C4`: P, R, mAP50, mAP50-95 of each class."""
    table = np.array(columns_C4)
    rest = (10 * table[:, 3] - table[:, 2]) / 9
    ap = np.concatenate([table[:, [2]], np.tile(rest[:, None], 9)], axis=1)
    return UltralyticsScores(
        iou_type=kind,
        style=Style.ULTRALYTICS,
        class_names=NAMES,
        thresholds=np.linspace(0.5, 0.95, 10),
        confidence=0.25,
        precision=table[:, 0],
        recall=table[:, 1],
        ap=ap,
        note=(Note.NONE, Note.NOT_THAT_CONFIDENT, Note.NO_TRUTH),
        images=5000,
        instances=np.array([10777, 283, 0]),
        positive_images=np.array([2693, 189, 0]),
    )


NAN = [float("nan")] * 4
BOX = scores(IouType.BOX, [[0.742, 0.68, 0.743, 0.514], [1, 0, 0.0201, 0.00123], NAN])
MASK = scores(IouType.MASK, [[0.74, 0.654, 0.711, 0.4], [0.75, 0.1, 0.5, 0.25], NAN])


def test_the_table_has_the_customary_columns() -> None:
    lines = table_lines(UltralyticsTable(box=BOX, mask=MASK, left_out=()))
    assert lines == [
        "                 Class     Images  Instances"
        "      Box(P          R      mAP50  mAP50-95)"
        "     Mask(P          R      mAP50  mAP50-95)",
        "                   all       5000      11060"
        "      0.871       0.34      0.382      0.258"
        "      0.745      0.377      0.605      0.325",
        "                person       2693      10777"
        "      0.742       0.68      0.743      0.514"
        "       0.74      0.654      0.711        0.4",
        "                   bus        189        283"
        "          1          0     0.0201    0.00123"
        "       0.75        0.1        0.5       0.25",
    ]


def test_tables_of_2023_count_all_images_in_each_row() -> None:
    table = UltralyticsTable(box=BOX, mask=None, left_out=())
    lines = table_lines(table, images_with_class=False)
    assert lines[0].endswith("Box(P          R      mAP50  mAP50-95)")
    assert [line[22:33].strip() for line in lines[1:]] == ["5000"] * 3


def test_undefined_numbers_are_dashes() -> None:
    nothing = replace(
        BOX, precision=np.full(3, np.nan), recall=np.full(3, np.nan), instances=np.zeros(3, int)
    )
    (_, line) = table_lines(UltralyticsTable(box=nothing, mask=None, left_out=()))
    assert line == "                   all       5000          0" + "          –" * 4


def test_notes_say_style_confidence_and_odd_classes() -> None:
    assert note_lines(UltralyticsTable(box=BOX, mask=None, left_out=())) == [
        "Box: style ultralytics; P and R at confidence 0.250; means over 2 of 3 classes, "
        "those with truth",
        "Box: no prediction that confident (P = 1, R = 0): bus",
    ]


def test_long_lists_of_classes_are_cut_and_counted() -> None:
    names = tuple(f"c{n}" for n in range(12))
    table = replace(BOX, class_names=names, note=(Note.NEVER_PREDICTED,) * 12)
    last = note_lines(UltralyticsTable(box=table, mask=None, left_out=()))[-1]
    assert last.endswith("(P = R = 0): c0, c1, c2, c3, c4, c5, c6, c7 and 4 more")


@pytest.mark.parametrize("masks", [True, False])
def test_the_whole_way_from_labels_to_text(masks: bool) -> None:
    """One of two persons is found; the crowd is left out and said so."""
    dataset = truth(
        [(0, 0, LEFT), (1, 0, LEFT), (1, 1, RIGHT)], images=2, classes=NAMES, crowd=(2,)
    )
    detections = found([(0, 0, 0.9, LEFT)])
    prepared = prepare_truth(dataset, truth_masks(dataset) if masks else None)
    table = ultralytics_table(prepared, detections)
    assert (table.mask is not None) == masks
    row = table_lines(table)[2]
    assert row.startswith("                person          2          2")
    assert [float(cell) for cell in row.split()[3:]] == [1, 0.5, 0.495, 0.495] * (1 + masks)
    assert len(table_lines(table)) == 3
    assert note_lines(table)[-1].startswith("1 left out: crowd regions")
