"""Error types: each kind by hand, and the whole against a plain reading of the definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings

from segtrial.evaluation.average_precision import average_precision
from segtrial.evaluation.errors import ErrorCosts, ErrorKind, ErrorTypes, error_costs, error_types
from segtrial.evaluation.matching import match, prepare_truth
from segtrial.evaluation.overlaps import overlaps
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.evaluation import IGNORED, IouType, Matches
from tests.builders import found, truth
from tests.evaluation.test_errors_plain import plain_costs
from tests.evaluation.test_flow import scenes

KINDS = pytest.mark.parametrize("kind", list(IouType))
NAMES = ("car", "bus", "sign")
CAR, BUS, SIGN = range(3)
A, B = (0, 0, 4, 4), (10, 0, 4, 4)
OFF = (2, 0, 4, 4)  # IoU 1/3 with A
FAR = (10, 6, 4, 4)


def run(
    labels: Dataset, detections: Detections, kind: IouType, **more: float
) -> tuple[Matches, ErrorTypes, ErrorCosts]:
    prepared = prepare_truth(labels, truth_masks(labels) if kind == IouType.MASK else None)
    matches = match(prepared, detections, kind)
    types = error_types(matches, overlaps(prepared, detections, kind), labels, **more)
    return matches, types, error_costs(matches, types, labels)


def kinds_of(labels: Dataset, rows: Any, kind: IouType = IouType.BOX) -> list[str]:
    """The kind of each detection, in the order given."""
    matches, types, _ = run(labels, found(rows), kind)
    place = np.argsort(matches.detection_row)
    return [ErrorKind(k).name if k >= 0 else "" for k in types.kind[place].tolist()]


@KINDS
@pytest.mark.parametrize(
    ("label", "box", "name"),
    [
        (CAR, OFF, "LOCALISATION"),
        (BUS, A, "CLASSIFICATION"),
        (CAR, A, "DUPLICATE"),
        (CAR, FAR, "BACKGROUND"),
        (BUS, OFF, "BOTH"),
    ],
)
def test_each_kind_is_told(kind: IouType, label: int, box: Any, name: str) -> None:
    """A car that is found, and one more detection."""
    labels = truth([(0, CAR, A)], classes=NAMES)
    rows = [(0, CAR, 0.9, A), (0, label, 0.8, box)]
    assert kinds_of(labels, rows, kind) == ["", name]
    _, types, costs = run(labels, found(rows), kind)
    assert types.counts[ErrorKind[name], label] == types.counts[:6].sum() == 1
    assert types.counts[ErrorKind.FALSE_POSITIVE, label] == 1
    assert costs.mean_ap() == pytest.approx(1)  # the error comes after the only hit


def test_the_first_definition_that_holds_decides() -> None:
    """A car at A and a bus over it: localisation before classification before duplicate."""
    labels = truth([(0, CAR, A), (0, BUS, OFF)], classes=NAMES)
    rows = [(0, CAR, 0.9, A), (0, BUS, 0.85, OFF), (0, CAR, 0.8, OFF)]
    assert kinds_of(labels, rows) == ["", "", "LOCALISATION"]
    labels = truth([(0, CAR, A), (0, BUS, A)], classes=NAMES)
    rows = [(0, CAR, 0.9, A), (0, BUS, 0.85, A), (0, CAR, 0.8, A)]
    assert kinds_of(labels, rows) == ["", "", "CLASSIFICATION"]


def test_the_ends_of_the_thresholds() -> None:
    """IoU 1/10 of its class is a localisation error; of another class background; 1/2 neither."""
    tenth = (0, 0, 1, 4)
    wide = truth([(0, CAR, (0, 0, 10, 4))], classes=NAMES)
    assert kinds_of(wide, [(0, CAR, 0.9, tenth), (0, BUS, 0.8, tenth)]) == [
        "LOCALISATION",
        "BACKGROUND",
    ]
    half = (0, 0, 5, 4)
    rows = [(0, CAR, 0.9, (0, 0, 10, 4)), (0, CAR, 0.8, half), (0, BUS, 0.7, half)]
    assert kinds_of(wide, rows) == ["", "LOCALISATION", "CLASSIFICATION"]


def test_crowds_are_no_truth_and_ignored_detections_no_errors() -> None:
    """One detection lies in the crowd of cars; one of another class overlaps nothing but it."""
    labels = truth([(0, CAR, (0, 0, 8, 8)), (0, CAR, B)], classes=NAMES, crowd=(0,))
    rows = [(0, CAR, 0.9, A), (0, BUS, 0.8, A)]
    matches, types, _ = run(labels, found(rows), IouType.BOX)
    assert matches.truth_row[0].tolist() == [IGNORED, -1]
    assert kinds_of(labels, rows) == ["", "BACKGROUND"]
    assert types.missed.tolist() == [False, True]


def test_a_truth_is_missed_only_if_no_mending_finds_it() -> None:
    """Cars at A (a bus is called there) and at B (nothing)."""
    labels = truth([(0, CAR, A), (0, CAR, B)], classes=NAMES)
    _, types, costs = run(labels, found([(0, BUS, 0.9, A)]), IouType.BOX)
    assert types.missed.tolist() == [False, True]
    assert types.unmet.tolist() == [True, True]
    assert costs.ap[CAR] == 0
    assert costs.gain[ErrorKind.CLASSIFICATION, CAR] == pytest.approx(51 / 101)
    assert costs.gain[ErrorKind.MISSED, CAR] == 0
    assert np.isnan(costs.gain[ErrorKind.FALSE_NEGATIVE, CAR])
    assert costs.undefined.tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    assert np.isnan(costs.mean_gain(ErrorKind.FALSE_NEGATIVE))
    assert np.isnan(costs.gain[:, BUS]).all()


def test_taking_away_lets_later_hits_rise() -> None:
    """A false positive before the only hit: AP 1/2, mended 1."""
    labels = truth([(0, CAR, A)], classes=NAMES)
    _, _, costs = run(labels, found([(0, CAR, 0.9, FAR), (0, CAR, 0.8, A)]), IouType.BOX)
    assert costs.ap[CAR] == pytest.approx(0.5)
    assert costs.gain[ErrorKind.BACKGROUND, CAR] == pytest.approx(0.5)
    assert costs.gain[ErrorKind.FALSE_POSITIVE, CAR] == pytest.approx(0.5)
    assert costs.gain[ErrorKind.LOCALISATION, CAR] == 0


def test_a_truth_is_mended_once_by_the_error_of_highest_score() -> None:
    """The car at A: a bus at .9 and a badly placed car at .8 point at it; the bus has it."""
    labels = truth([(0, CAR, A)], classes=NAMES)
    _, _, costs = run(labels, found([(0, CAR, 0.8, OFF), (0, BUS, 0.9, A)]), IouType.BOX)
    assert costs.gain[ErrorKind.LOCALISATION, CAR] == 0
    # moved to the cars, the former bus comes before the badly placed one
    assert costs.gain[ErrorKind.CLASSIFICATION, CAR] == pytest.approx(1)
    _, _, costs = run(labels, found([(0, CAR, 0.8, OFF), (0, CAR, 0.7, OFF)]), IouType.BOX)
    assert costs.gain[ErrorKind.LOCALISATION, CAR] == pytest.approx(1)


@KINDS
def test_no_truth_or_no_detections(kind: IouType) -> None:
    _, types, costs = run(truth([], classes=NAMES), found([(0, CAR, 0.9, A)]), kind)
    assert types.kind.tolist() == [ErrorKind.BACKGROUND]
    assert np.isnan(costs.ap).all()
    assert np.isnan(costs.mean_ap())
    _, types, costs = run(truth([(0, CAR, A)], classes=NAMES), found([]), kind)
    assert types.counts[:, CAR].tolist() == [0, 0, 0, 0, 0, 1, 0, 1]
    assert costs.ap[CAR] == 0
    _, types, _ = run(truth([], classes=NAMES), found([]), kind)
    assert not types.counts.any()


def test_what_does_not_fit_is_refused() -> None:
    labels = truth([(0, CAR, A)], classes=NAMES)
    rows = found([(0, CAR, 0.9, A)])
    prepared = prepare_truth(labels, truth_masks(labels))
    matches = match(prepared, rows, IouType.BOX)
    pairs = overlaps(prepared, rows, IouType.BOX, floor=0.2)
    with pytest.raises(ValueError, match=r"known from 0\.2"):
        error_types(matches, pairs, labels)
    with pytest.raises(ValueError, match=r"no matches at IoU 0\.45"):
        error_types(matches, pairs, labels, foreground=0.45, background=0.3)
    masks = overlaps(prepared, rows, IouType.MASK)
    with pytest.raises(ValueError, match="pairs of mask, matches of box"):
        error_types(matches, masks, labels)
    empty = truth([], classes=NAMES)
    with pytest.raises(ValueError, match="other labels"):
        error_types(matches, pairs, empty, background=0.3)


@KINDS
@pytest.mark.parametrize("foreground", [0.5, 0.75])
@settings(deadline=None, max_examples=60)
@given(scene=scenes())
def test_errors_and_costs_are_their_definition(
    kind: IouType, foreground: float, scene: Any
) -> None:
    truths, rows, crowds = scene
    labels = truth(truths, images=3, classes=NAMES, crowd=tuple(crowds))
    matches, types, costs = run(labels, found(rows), kind, foreground=foreground)
    counts, ap, gain = plain_costs(truths, rows, crowds, len(NAMES), foreground, 0.1)
    assert types.counts.tolist() == counts
    np.testing.assert_allclose(costs.ap, ap, atol=1e-12)
    np.testing.assert_allclose(costs.gain, gain, atol=1e-12)
    column = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75].index(foreground)
    scores = average_precision(matches, NAMES)
    np.testing.assert_array_equal(costs.ap, scores.ap[:, column])
    event(f"kinds: {sum(1 for row in counts[:6] if any(row))}")
