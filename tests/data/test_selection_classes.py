"""Classes by frequency group: the source's own, or counted on the training labels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segtrial.data.split import class_groups, class_list
from segtrial.types.dataset import Dataset
from segtrial.types.errors import TrialError
from segtrial.types.trial import Data
from tests.builders import truth

BOX = (1, 1, 2, 2)
NAMES = ("f101", "c100", "c11", "r10", "r1", "none", "crowd")


def counted() -> Dataset:
    """Classes in 101, 100, 11, 10, 1 and 0 images, and one of crowds alone."""
    holders = [101, 100, 11, 10, 1, 0, 50]
    rows = [(i, c, BOX) for i in range(101) for c, n in enumerate(holders) if i < n]
    rows += [(0, 3, BOX)] * 5  # the same image again: images count, not instances
    rows.sort()
    crowd = [n for n, (_, label, _) in enumerate(rows) if label == 6]
    return truth(rows, images=101, classes=NAMES, crowd=crowd)


def test_classes_are_grouped_by_their_images_without_crowds() -> None:
    assert class_groups(counted()) == {
        "r": ("r10", "r1"),
        "c": ("c100", "c11"),
        "f": ("f101",),
    }


def test_groups_that_the_source_states_are_trusted_whatever_the_images() -> None:
    stated = replace(counted(), class_frequency=("r", "", "f", "c", "", "r", "f"))
    assert class_groups(stated) == {"r": ("f101", "none"), "c": ("r10",), "f": ("c11", "crowd")}


def test_a_source_that_states_no_group_at_all_is_counted() -> None:
    assert class_groups(replace(counted(), class_frequency=("",) * 7)) == class_groups(counted())


def test_the_groups_restrict_the_class_list_and_keep_its_order() -> None:
    train, val = counted(), truth([(0, 0, BOX)], classes=("extra", "r1"))
    assert class_list(Data(), train, val) == (*NAMES, "extra")
    assert class_list(Data(frequency=("r", "c")), train, val) == ("c100", "c11", "r10", "r1")
    spec = Data(classes=("r1", "f101", "c11"), frequency=("c", "r"))
    assert class_list(spec, train, val) == ("r1", "c11")


def test_no_class_in_the_groups_is_an_error_with_the_counts() -> None:
    spec = Data(classes=("r1", "extra"), frequency=("f",))
    with pytest.raises(TrialError, match="No class is in these frequency groups") as caught:
        class_list(spec, counted(), truth([(0, 0, BOX)], classes=("extra",)))
    assert caught.value.where == "[data] frequency"
    assert caught.value.got == "f; classes of truth.json by group: r 2, c 2, f 1"
    with pytest.raises(TrialError, match='did you mean "c100"'):
        class_list(Data(classes=("c1000",), frequency=("f",)), counted(), counted())
