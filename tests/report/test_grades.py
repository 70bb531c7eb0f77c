from __future__ import annotations

from typing import Any

import pytest

from segtrial.report.grades import completed, grade, shown_classes, worst_hit
from tests.report.builders import class_row, contrast, untested_row


def rows_of(**verdicts: str) -> list[Any]:
    return [class_row(name, role=name, verdict=verdict) for name, verdict in verdicts.items()]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ({"host": "changed", "target": "inconclusive"}, "changed"),
        ({"host": "equivalent", "target": "equivalent"}, "equivalent"),
        ({"host": "equivalent", "target": "inconclusive"}, "inconclusive"),
        ({"host": "equivalent", "target": "not testable"}, "inconclusive"),
        ({"host": "not testable", "target": "not testable"}, "not testable"),
        ({"host": "inconclusive", "other": "changed"}, "inconclusive"),
        ({"other": "changed"}, "changed"),
    ],
)
def test_named_classes_decide_the_grade(verdicts: dict[str, str], expected: str) -> None:
    assert grade(contrast(rows_of(**verdicts))) == expected


def test_without_named_classes_the_testable_ones_decide() -> None:
    rows = [class_row("car", verdict="equivalent"), untested_row("train", "too few")]
    assert grade(contrast(rows)) == "equivalent"
    assert grade(contrast(rows[1:])) == "not testable"


def test_confounded_and_refused_come_before_any_class() -> None:
    rows = rows_of(host="changed")
    assert grade(contrast(rows, status="confounded")) == "confounded"
    assert grade(contrast((), status="refused")) == "refused"


def test_worst_hit_is_the_largest_loss_among_changed_classes() -> None:
    rows = [
        class_row("noisy", difference=-0.30, verdict="inconclusive"),
        class_row("hit", difference=-0.10, verdict="changed"),
        class_row("gained", difference=0.40, verdict="changed"),
        untested_row("rare", "too few", difference=-0.50),
    ]
    heading, worst = worst_hit(contrast(rows))
    assert heading == "Worst-hit class"
    assert worst is not None
    assert worst.name == "hit"


def test_worst_hit_says_what_it_is_worth() -> None:
    lost = class_row("bus", difference=-0.02, verdict="inconclusive")
    gained = class_row("car", difference=0.03, verdict="changed")
    rare = untested_row("train", "too few", difference=-0.4)
    assert worst_hit(contrast([lost, gained]))[0] == "Largest loss, not told from noise"
    assert worst_hit(contrast([gained])) == ("No class lost; the largest gain", gained)
    assert worst_hit(contrast([rare])) == ("Largest loss, not tested", rare)
    assert worst_hit(contrast([untested_row("train", "too few")]))[1] is None


def test_completed_counts_runs_with_a_value() -> None:
    row = class_row("car", base_runs=(0.4, None, 0.5), arm_runs=(0.1,))
    assert completed(contrast([row])) == (2, 1)


def test_a_change_without_named_classes_shows_changed_ones_first() -> None:
    rows = [
        class_row("big", difference=0.3, verdict="inconclusive"),
        class_row("small", difference=-0.1, verdict="changed"),
    ]
    assert [row.name for row in shown_classes(contrast(rows), limit=5)] == ["small", "big"]
