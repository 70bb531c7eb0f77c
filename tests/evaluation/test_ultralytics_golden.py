"""P, R, F1, AP, the curves and who meets whom, beside what Ultralytics itself answers.

`ultralytics_golden.json` holds its outputs, `ultralytics_golden.py` the inputs and how it is
regenerated. Equal scores in one class are only in it where their order does not matter: there,
Ultralytics' own numbers depend on the processor (an unstable sort, vectorised or not).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from segtrial.evaluation.matching import prepare_truth
from segtrial.evaluation.ultralytics import (
    GRID,
    Note,
    Style,
    UltralyticsScores,
    best_confidence,
    interpolated_curves,
    ultralytics_scores,
)
from segtrial.evaluation.ultralytics_matching import Matching, match_as_ultralytics
from segtrial.evaluation.ultralytics_table import UltralyticsTable, table_lines
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.evaluation import NO_MATCH, IouType, Matches
from tests.builders import found, truth
from tests.evaluation.ultralytics_golden import (
    COLUMNS,
    GOLDEN,
    LARGE_SEEDS,
    MATCHING_SEEDS,
    SMALL_SEEDS,
    MadeSet,
    boxes_checksum,
    made_boxes,
    made_set,
    set_checksum,
)

FILE: dict[str, Any] = json.loads(GOLDEN.read_text())
SIZE = (48, 48)
STYLES = {"8.4.36": Style.ULTRALYTICS_OLD, "8.4.190": Style.ULTRALYTICS}
RULES = {"8.4.36": Matching.BY_IOU, "8.4.190": Matching.BY_CONFIDENCE}
VERSIONS = pytest.mark.parametrize("version", list(STYLES))
SEEDS = pytest.mark.parametrize("seed", [*SMALL_SEEDS, *LARGE_SEEDS])


def as_matches(made: MadeSet) -> Matches:
    """One image; a detection that is right meets truth row 0: which one it is does not count."""
    order = np.lexsort([-made.score, made.found_class])
    truth_class = np.sort(made.truth_class).astype(np.int32)
    return Matches(
        iou_type=IouType.BOX,
        images=1,
        classes=made.classes,
        thresholds=np.linspace(0.5, 0.95, 10),
        image_index=np.zeros(len(order), np.int32),
        class_index=made.found_class[order].astype(np.int32),
        score=made.score[order],
        detection_row=order,
        truth_row=np.where(made.right[order].T, 0, NO_MATCH),
        truth_class=truth_class,
        truth_image=np.zeros(len(truth_class), np.int32),
    )


def close(ours: np.ndarray[Any, Any], theirs: Any) -> None:
    np.testing.assert_allclose(ours, np.array(theirs), rtol=0, atol=1e-9)


def test_the_golden_file_has_every_version_and_every_input() -> None:
    assert set(FILE) == set(STYLES) == set(RULES)
    for part in FILE.values():
        assert [int(seed) for seed in part["scores"]] == [*SMALL_SEEDS, *LARGE_SEEDS]
        assert [int(seed) for seed in part["matches"]] == [*MATCHING_SEEDS]


@SEEDS
@VERSIONS
def test_scores_are_those_of_ultralytics(version: str, seed: int) -> None:
    made, theirs = made_set(seed), FILE[version]["scores"][str(seed)]
    assert set_checksum(made) == theirs["input"], "numpy draws otherwise: regenerate the file"
    names = tuple(f"class {c}" for c in range(made.classes))
    ours = ultralytics_scores(as_matches(made), names, STYLES[version])
    covered = theirs["class"]
    assert np.flatnonzero(ours.with_truth).tolist() == covered
    close(ours.precision[covered], theirs["p"])
    close(ours.recall[covered], theirs["r"])
    close(ours.ap[covered], theirs["ap"])
    close(ours.mean, theirs["mean"])
    first, last = theirs["columns"]
    assert GRID[first] <= ours.confidence <= GRID[last]


@SEEDS
def test_curves_are_those_of_ultralytics(seed: int) -> None:
    made, theirs = made_set(seed), FILE["8.4.190"]["scores"][str(seed)]
    curves = interpolated_curves(as_matches(made))
    covered = theirs["class"]
    column = best_confidence(curves)
    close(curves.f1[covered, column], theirs["f1"])
    for name, curve in (("p", curves.precision), ("r", curves.recall), ("f", curves.f1)):
        close(curve[covered][:, COLUMNS], theirs[f"{name}_curve"])


@pytest.mark.parametrize("seed", MATCHING_SEEDS)
@VERSIONS
@pytest.mark.parametrize("kind", list(IouType))
def test_the_same_detections_are_right(kind: IouType, version: str, seed: int) -> None:
    """No two truths have the same IoU here, and none is at a threshold; masks fill the boxes."""
    made, theirs = made_boxes(seed), FILE[version]["matches"][str(seed)]
    assert boxes_checksum(made) == theirs["input"], "numpy draws otherwise: regenerate the file"
    real = [(0, int(c), tuple(b)) for c, b in zip(made.truth_class, made.truth_xywh, strict=True)]
    rows = [
        (0, int(c), 0.9 - k / 100, tuple(box))
        for k, (c, box) in enumerate(zip(made.found_class, made.found_xywh, strict=True))
    ]
    dataset = truth(real, classes=("a", "b"), size=SIZE)
    prepared = prepare_truth(dataset, truth_masks(dataset))
    matches = match_as_ultralytics(prepared, found(rows, size=SIZE), kind, RULES[version])
    right = np.zeros((len(rows), 10), np.int64)
    right[matches.detection_row] = (matches.truth_row >= 0).T
    assert ["".join(map(str, row)) for row in right.tolist()] == theirs["right"]


def test_the_golden_sets_tell_the_rules_and_the_styles_apart() -> None:
    old, new = (FILE[version] for version in STYLES)
    assert sum(old["matches"][k] != new["matches"][k] for k in old["matches"]) >= 10
    assert sum(old["scores"][k]["ap"] != new["scores"][k]["ap"] for k in old["scores"]) >= 20
    several = [s["columns"] for s in new["scores"].values() if s["columns"][0] == s["columns"][1]]
    assert len(several) >= 15  # where the chosen confidence is known to the cell


def scores(kind: IouType, columns_C4: list[list[float]]) -> UltralyticsScores:
    p, r, at_50, mean = np.array(columns_C4).T
    ap_CT = np.concatenate([at_50[:, None], np.tile((10 * mean - at_50) / 9, (9, 1)).T], axis=1)
    return UltralyticsScores(
        iou_type=kind,
        style=Style.ULTRALYTICS,
        class_names=("person", "bus", "a class whose name is very long indeed", "quiet"),
        thresholds=np.linspace(0.5, 0.95, 10),
        confidence=0.25,
        precision=p,
        recall=r,
        ap=ap_CT,
        note=(Note.NONE,) * 4,
        images=12345,
        instances=np.array([318, 295, 151, 136]),
        positive_images=np.array([2, 2, 1, 1]),
    )


def test_the_printed_table_is_that_of_its_validator() -> None:
    """As 8.4.36 and 8.4.190 print: long names are not cut; never predicted is 0."""
    none = [0.0] * 4
    box = [
        [0.48404255319148937, 0.2861635220125786, 0.1481777668457701, 0.06319053782889161],
        [0.5023923444976076, 0.3559322033898305, 0.2215740667117817, 0.08030976095468939],
    ]
    mask = [
        [0.4095744680851064, 0.24213836477987422, 0.12076452616960595, 0.03931676211914397],
        [0.41626794258373206, 0.29491525423728815, 0.15273168283942945, 0.050420448340699954],
    ]
    table = UltralyticsTable(
        box=scores(IouType.BOX, [*box, none, none]),
        mask=scores(IouType.MASK, [*mask, none, none]),
        left_out=(),
    )
    nothing = "          0" * 8
    assert table_lines(table) == [
        "                 Class     Images  Instances"
        "      Box(P          R      mAP50  mAP50-95)     Mask(P          R      mAP50  mAP50-95)",
        "                   all      12345        900"
        "      0.247      0.161     0.0924     0.0359      0.206      0.134     0.0684     0.0224",
        "                person          2        318"
        "      0.484      0.286      0.148     0.0632       0.41      0.242      0.121     0.0393",
        "                   bus          2        295"
        "      0.502      0.356      0.222     0.0803      0.416      0.295      0.153     0.0504",
        "a class whose name is very long indeed          1        151" + nothing,
        "                 quiet          1        136" + nothing,
    ]
