"""Attributes and coverage as columns."""

from __future__ import annotations

import numpy as np

from segtrial.types.attributes import Coverage, LeftOut, attribute


def test_an_attribute_counts_and_takes_what_is_stated() -> None:
    weather = attribute("weather", ["rainy", None, "clear", "rainy"])
    assert weather.values == ("clear", "rainy")
    assert weather.counts() == {"clear": 1, "rainy": 2}
    assert [weather.value(row) for row in range(4)] == ["rainy", None, "clear", "rainy"]
    assert weather.take([2, 1]).code.tolist() == [0, -1]


def pairs(*rows: tuple[int, int]) -> np.ndarray:
    return np.array(rows, np.int32).reshape(-1, 2)


COVERAGE = Coverage(negative=pairs((0, 2), (0, 1), (2, 0)), not_exhaustive=pairs((1, 2)))


def test_coverage_follows_its_images_under_new_numbers() -> None:
    taken = COVERAGE.take_images([2, 0, 0])
    assert taken.negative.tolist() == [[0, 0], [1, 2], [1, 1], [2, 2], [2, 1]]
    assert taken.not_exhaustive.tolist() == []
    assert COVERAGE.take_images([]).negative.shape == (0, 2)


def test_coverage_drops_classes_that_are_left_out() -> None:
    taken = COVERAGE.take_classes(np.array([-1, 0, 1], np.int32))
    assert taken.negative.tolist() == [[0, 1], [0, 0]]
    assert taken.not_exhaustive.tolist() == [[1, 1]]


def test_what_was_left_out_reads_as_a_sentence() -> None:
    left = LeftOut(count=3, reason="lines have no area", first="a.json: x: labels[2]")
    assert str(left) == "3 left out: lines have no area (the first: a.json: x: labels[2])"
