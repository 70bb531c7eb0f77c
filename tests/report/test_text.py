from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtrial.report.text import (
    ap_text,
    count_text,
    difference_text,
    interval_text,
    listed,
    number_of,
    p_text,
    percent_text,
    setting_text,
    settings,
)
from segtrial.types.recipe import Anchors, Optimizer


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
        (0.0, "0.000"),
        (0.0001, "<0.001"),
        (0.4125, "0.412"),
        (0.9996, ">0.999"),
        (1.0, "1.000"),
    ],
)
def test_ap_is_never_rounded_to_nothing_or_everything(value: float | None, text: str) -> None:
    assert ap_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0.000"), (-0.1234, "−0.123"), (0.05, "+0.050"), (-0.0001, "−0.000")],
)
def test_difference_bears_its_sign(value: float | None, text: str) -> None:
    assert difference_text(value) == text


def test_interval_with_an_undefined_end_keeps_the_other() -> None:
    assert interval_text((-0.12, 0.034)) == "[−0.120, 0.034]"
    assert interval_text((None, 0.034)) == "[–, 0.034]"
    assert interval_text((None, None)) == "–"
    assert interval_text((0.0001, 0.02)) == "[+0.000, 0.020]"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.00004, "<0.001"), (0.0314, "0.031"), (0.9999, ">0.999"), (1.0, "1.000")],
)
def test_p(value: float | None, text: str) -> None:
    assert p_text(value) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0, "0 %"),
        (0.5, "50 %"),
        (1.0, "100 %"),
        (0.125, "12.5 %"),
        (1 / 3, "33.333 %"),
        (0.999999999, ">99.999 %"),
        (1e-9, "<0.001 %"),
    ],
)
def test_percent(fraction: float, text: str) -> None:
    assert percent_text(fraction) == text


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_only_exact_shares_show_as_0_or_100_percent(fraction: float) -> None:
    assert percent_text(fraction) not in ("0 %", "100 %", "0.000 %", "100.000 %")
    assert ap_text(fraction) not in ("0.000", "1.000")


def test_counts_and_lists() -> None:
    assert count_text(12345) == "12,345"
    assert number_of(1, "class", "classes") == "1 class"
    assert number_of(2, "class", "classes") == "2 classes"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_settings_are_rows_of_dotted_keys() -> None:
    anchors = Anchors(sizes=((8,), (16,), (32,), (64,), (128,)))
    assert settings({"anchors": anchors}) == [
        ("anchors.sizes", "[[8], [16], [32], [64], [128]]"),
        ("anchors.ratios", "[0.5, 1, 2]"),
    ]
    assert setting_text(Optimizer()).startswith("{ kind = sgd, lr = 0.005,")
    assert setting_text(None) == "not set"
    assert setting_text(True) == "true"
