"""Errors: what they show, and that they survive the way between processes."""

from __future__ import annotations

import pickle

import pytest

from segtrial.types.errors import (
    ConfoundedError,
    DataError,
    InputError,
    RecordError,
    RunError,
    SegtrialError,
    TrialError,
    nearest,
)


def test_empty_parts_are_not_shown() -> None:
    error = DataError("No such file.", where="a.json", next_step="check the path")
    assert str(error) == "what: No such file.\nwhere: a.json\nnext step: check the path"


@pytest.mark.parametrize("kind", [InputError, TrialError, ConfoundedError, DataError, RecordError])
def test_a_pickled_error_keeps_its_kind_and_parts(kind: type[InputError]) -> None:
    error = kind("What.", where="here", expected="this", got="that", next_step="do")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert again.rows() == error.rows()


def test_the_tree_separates_bad_input_from_failed_runs() -> None:
    assert issubclass(ConfoundedError, TrialError)
    assert {c.__name__ for c in InputError.__subclasses__()} == {
        "TrialError",
        "DataError",
        "RecordError",
    }
    assert not issubclass(RunError, InputError)
    assert issubclass(RunError, SegtrialError)


def test_nearest_names_the_closest_or_nothing() -> None:
    assert nearest("brige", ["car", "bridge"]) == 'did you mean "bridge"?'
    assert nearest("zebra crossing", ["car", "bridge"]) == ""
    assert nearest("x", []) == ""
