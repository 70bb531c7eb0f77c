"""What a reader sees first."""

from __future__ import annotations

import numpy as np
import pytest

from segtrial.statistics.wording import count, decimals, rounded_up, series, signed
from tests.statistics.builders import compare

QUIET = [0.300, 0.302, 0.304]
LOWER = [0.129, 0.131, 0.133]
HIGHER = [0.330, 0.332, 0.334]
LOUD = [0.26, 0.30, 0.34]
LOUD_TOO = [0.27, 0.30, 0.36]
OTHERS = {f"c{i}": (LOUD, LOUD_TOO) for i in range(5)}


def roles(*named: str, others: int = 0) -> tuple[str, ...]:
    return (*named, *("other",) * others)


def test_a_change_and_an_open_question() -> None:
    classes = {"bridge": (LOUD, LOUD_TOO), "parking sign": (QUIET, LOWER), **OTHERS}
    assert compare(classes, roles=roles("host", "target", others=5)).verdict == (
        "parking sign lost 0.171 mask AP (95 % interval 0.166 to 0.176); "
        "bridge: cannot tell (0.17 or more would most likely have been seen); "
        "5 other classes: no change found."
    )


def test_a_gain() -> None:
    assert compare({"bridge": (QUIET, HIGHER)}, roles=roles("host")).verdict == (
        "bridge gained 0.030 mask AP (95 % interval 0.025 to 0.035)."
    )


def test_cannot_tell_shows_what_was_observed() -> None:
    classes = {"bridge": (LOUD, LOUD_TOO), "car": (LOUD, LOUD_TOO)}
    assert compare(classes, roles=roles("host", others=1)).verdict == (
        "Cannot tell: bridge +0.010 mask AP (95 % interval −0.088 to +0.108; "
        "0.14 or more would most likely have been seen); 1 other class: no change found."
    )


def test_equivalence_is_more_than_no_change_found() -> None:
    classes = {"bridge": (QUIET, QUIET), "car": (QUIET, QUIET), "bus": (QUIET, QUIET)}
    assert compare(classes, roles=roles("host", others=2)).verdict == (
        "bridge: no change beyond ±0.01; 2 other classes: no change beyond ±0.01."
    )


def test_many_exploratory_changes_are_counted_after_the_first_four() -> None:
    classes = {"bridge": (LOUD, LOUD_TOO)} | {f"c{i}": (QUIET, LOWER) for i in range(9)}
    text = compare(classes, roles=roles("host", others=9)).verdict
    assert (
        ". Exploratory: c0 lost 0.171, c1 lost 0.171, c2 lost 0.171, c3 lost 0.171 mask AP, "
        "and 5 more (9 of 9 other classes)."
    ) in text


def test_exploratory_changes_are_called_so() -> None:
    classes = {"bridge": (LOUD, LOUD_TOO), "car": (QUIET, LOWER), "bus": (QUIET, HIGHER), **OTHERS}
    text = compare(classes, roles=roles("host", others=7)).verdict
    assert text.endswith(
        ". Exploratory: car lost 0.171 and bus gained 0.030 mask AP (2 of 7 other classes)."
    )


def test_a_named_class_that_cannot_be_tested_says_why() -> None:
    text = compare(
        {"bridge": (LOUD, LOUD_TOO), "car": (LOUD, LOUD_TOO)},
        roles=roles("host", others=1),
        positive_images=np.array([7, 100]),
    ).verdict
    assert text.startswith(
        "Cannot tell: bridge cannot be tested (in 7 validation images only; a verdict needs 10"
    )


def test_without_named_classes_the_exploratory_ones_speak() -> None:
    assert compare(OTHERS).verdict == (
        "Cannot tell: no change found in 5 classes (0.18 or more would most likely have been seen)."
    )
    classes = {**OTHERS, "car": (QUIET, LOWER)}
    assert compare(classes).verdict == "Exploratory: car lost 0.171 mask AP (1 of 6 classes)."
    assert compare({"a": (QUIET, QUIET)}).verdict == "1 class: no change beyond ±0.01."
    assert compare({"a": ([0.0] * 3, [0.0] * 3)}).verdict == "Cannot tell: no class can be tested."


def test_the_range_of_what_could_be_seen() -> None:
    classes = {"car": (LOUD, LOUD_TOO), "bus": (QUIET, [0.301, 0.302, 0.305])}
    assert "(0.0063 to 0.14 or more, by class, would" in compare(classes, margin=0.0).verdict
    wild = {"car": (LOUD, LOUD_TOO), "bus": ([0.0, 0.5, 1.0], [0.1, 0.5, 1.0])}
    assert compare(wild).verdict.endswith(
        "(0.14 or more would most likely have been seen in the quietest class)."
    )
    wilder = {"bus": ([0.0, 0.5, 1.0], [0.1, 0.5, 1.0])}
    assert compare(wilder).verdict.endswith("(no change of any size would have been seen).")


def test_many_named_classes_are_told_together() -> None:
    named = {f"n{i}": (LOUD, LOUD_TOO) for i in range(6)}
    text = compare(named, roles=roles(*["named"] * 6)).verdict
    assert text.startswith("Cannot tell: no change found in 6 named classes (0.22 or more would")
    text = compare({**named, "car": (QUIET, LOWER)}, roles=roles(*["named"] * 7)).verdict
    assert text.startswith("car lost 0.171")
    assert "; 6 named classes: cannot tell (0.23 or more" in text
    still = {f"n{i}": (QUIET, QUIET) for i in range(6)}
    text = compare(still, roles=roles(*["named"] * 6)).verdict
    assert text == "6 named classes: no change beyond ±0.01."


def test_too_few_seeds_come_before_everything() -> None:
    one = {"bridge": ([0.30], [0.25]), "sign": ([0.30], [0.33]), "car": ([0.3], [0.1])}
    assert compare(one, roles=roles("host", "target", others=1)).verdict == (
        "Cannot tell: one run an arm cannot tell a change from noise. "
        "Observed, and perhaps only noise: bridge −0.050 and sign +0.030 mask AP."
    )
    two = {"bridge": ([0.30, 0.31], [0.1, 0.11])}
    assert compare(two).verdict == "Cannot tell: 2 seeds; a verdict needs 3."


def test_confounded_arms_are_announced() -> None:
    text = compare(
        {"bridge": (QUIET, LOWER)}, roles=roles("host"), confounded="new anchors too."
    ).verdict
    assert text.startswith(
        "The arms differ in more than the change (new anchors too), so no difference can be put "
        "down to the change alone. bridge lost 0.171"
    )


def test_a_broken_control_is_announced() -> None:
    contrast = compare(dict.fromkeys(("a", "b", "c"), (QUIET, LOWER)))
    assert contrast.median_untouched_alarm
    assert contrast.verdict.endswith(
        "Warning: classes that the change does not touch moved too (by −0.171 in the median), "
        "so the control may be broken."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.06, "0.06"), (0.0601, "0.061"), (0.173, "0.18"), (0.0049, "0.0049"), (0.999, "1"),
     (0.0999, "0.1"), (0.1, "0.1"), (20.0, "20"), (0.07, "0.07"), (0.56, "0.56"), (0.29, "0.29")],
)  # fmt: skip
def test_promises_are_rounded_up(value: float, text: str) -> None:
    assert rounded_up(value) == text


def test_small_numbers_are_not_rounded_to_nothing() -> None:
    assert decimals(0.1, -0.2, 0.0) == 3
    assert signed(-0.0004, decimals(-0.0004)) == "−0.0004"
    assert signed(0.1234) == "+0.123"
    assert signed(-0.0001) == "0.000"
    assert decimals(1e-9) == 6


def test_counts_and_lists() -> None:
    assert count(1, "other class") == "1 other class"
    assert count(2, "class") == "2 classes"
    assert count(3, "seed") == "3 seeds"
    assert [series(list(text)) for text in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]
