"""Summaries and faults on a terminal: numbers, cuts, and names that command nothing."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from segtrial.cli.show_data import faults_line, show_faults, show_summary
from segtrial.data.faults import find_faults
from segtrial.data.summary import summarise
from segtrial.types.attributes import LeftOut, attribute
from segtrial.types.labels import Fault, FaultKind, Severity
from tests.builders import truth

if TYPE_CHECKING:
    from segtrial.types.labels import Summary

RED = "\x1b[31m"


def reader(width: int = 110) -> Console:
    return Console(file=io.StringIO(), width=width, highlight=False)


def read(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def many(classes: int) -> Summary:
    """Class k stands in k images, once each."""
    names = tuple(f"class {k}" for k in range(classes))
    rows = [(image, k, (0, 0, 2, 2)) for image in range(classes) for k in range(image + 1, classes)]
    return summarise(truth(rows, images=classes, classes=names))


def shown(summary: Summary, rows: int | None = 40, width: int = 110) -> str:
    console = reader(width)
    show_summary(console, summary, rows=rows)
    return read(console)


def test_classes_come_by_instances_and_the_rest_is_counted() -> None:
    text = shown(many(50), rows=10)
    lines = [line for line in text.splitlines() if line.startswith("class ")]
    assert [line.split()[1] for line in lines[1:]] == [str(49 - k) for k in range(10)]
    assert "… and 40 classes more, with 780 instances: --all" in text  # 0 + 1 + … + 39
    assert "--all" not in shown(many(50), rows=None)
    assert "--all" not in shown(many(10))


def test_facts_are_told() -> None:
    rows = [(0, 0, (0, 0, 4, 4)), (0, 0, (0, 0, 4, 4)), (1, 1, (0, 0, 20, 10))]
    dataset = truth(rows, images=3, classes=("car", "bus"), crowd=[2])
    left = LeftOut(count=1200, reason="lines have no area", first="x.json: labels[3]")
    weather = attribute("weather", ["clear", None, "snow"])
    text = shown(summarise(replace(dataset, left_out=(left,), image_attributes=(weather,))))
    for words in (
        "3 images, 2 without objects",
        "2 instances, 1 crowd apart; 3 run lengths",
        "2 classes, 1 with instances: 0 frequent, 0 common, 1 rare, 1 without a group",
        "pictures in px: 20 × 10 (3)",
        "objects per image: mean 0.7, median 0, max 2",
        "image weather: clear 1, snow 1, not stated 1",
        "left out: 1,200, lines have no area (first: x.json: labels[3])",
        "0 + 1 crowd",
    ):
        assert words in text, words


def test_a_share_is_never_rounded_to_nothing() -> None:
    rows = [(0, 0, (0, 0, 1, 1))] * 999 + [(0, 1, (0, 0, 1, 1))]
    text = shown(summarise(truth(rows, classes=("car", "bus"))))
    assert "0.1 %" in text
    assert "100 / 0 / 0 %" in text


@pytest.mark.parametrize("width", [60, 80, 110])
def test_class_names_stay_readable_on_narrow_terminals(width: int) -> None:
    text = shown(many(5), width=width)
    assert all(f"class {k}" in text for k in range(5))


def test_an_empty_data_set_is_shown() -> None:
    text = shown(summarise(truth([], images=0, classes=())))
    assert "0 images" in text
    assert "objects per image: –" in text


def fault(n: int, kind: FaultKind = FaultKind.DUPLICATE, what: str = "A label repeats.") -> Fault:
    return Fault(
        kind=kind,
        severity=Severity.WARNING,
        source="x.json",
        what=what,
        image="7",
        label=str(n),
        expected="one",
        got="two",
        next_step="mend it",
    )


def test_faults_are_grouped_with_their_first_places() -> None:
    console = reader()
    many_faults = [fault(n) for n in range(1200)] + [fault(1, FaultKind.CROSSING, "It crosses.")]
    show_faults(console, many_faults)
    text = read(console)
    assert "warning: label twice, 1,200\n  A label repeats.\n" in text
    assert "    x.json: image 7, label 4: expected one; got two\n" in text
    assert "label 5:" not in text
    assert "… and 1,195 more: --json" in text
    assert text.count("what to do: mend it") == 2
    assert text.index("label twice") < text.index("polygon crosses itself")
    assert text.rstrip().endswith("1,201 warnings")


def test_no_faults_is_said() -> None:
    console = reader()
    show_faults(console, [])
    assert read(console) == "No faults found.\n"
    assert faults_line([]) == "no faults"
    mixed = [fault(1), Fault(kind=FaultKind.OUTSIDE, severity=Severity.ERROR, source="", what="")]
    assert faults_line(mixed) == "1 error and 1 warning"


def test_names_from_files_command_no_terminal() -> None:
    name = f"[red]:car:{RED}"
    dataset = replace(
        truth([(0, 0, (0, 0, 2, 2)), (0, 1, (0, 0, 2, 2))], classes=(name, f" {name}")),
        name=RED,
        source=RED,
        image_id=(RED,),
        image_attributes=(attribute(RED, [RED]),),
    )
    console = reader()
    show_summary(console, summarise(dataset))
    show_faults(console, find_faults(dataset, pictures=False))
    text = read(console)
    assert "\x1b" not in text
    assert "[red]:car:" in text
