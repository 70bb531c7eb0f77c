"""The steps of a selection: what each leaves out, their order, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from segtrial.data.selection.leave_out import cap_negatives, without_classes
from segtrial.data.split import Selected, check_selection, select_splits
from segtrial.types.attributes import Coverage
from segtrial.types.dataset import Dataset
from segtrial.types.errors import TrialError
from segtrial.types.trial import Data, Fold, ImageFolders, Select, SplitSelect, Streets
from tests.builders import truth

BOX = (1, 1, 2, 2)


def labels(cars: int, trees: int, empty: int, crowds: int = 0) -> Dataset:
    """So many images with a car, then with a tree, without anything, with a crowd of cars."""
    first_crowd = cars + trees + empty
    rows = [(i, int(i >= cars), BOX) for i in range(cars + trees)]
    rows += [(first_crowd + i, 0, BOX) for i in range(crowds)]
    crowd = range(cars + trees, cars + trees + crowds)
    images = first_crowd + crowds
    return truth(rows, images=images, classes=("car", "tree"), crowd=tuple(crowd))


def with_coverage(dataset: Dataset, *not_exhaustive: tuple[int, int]) -> Dataset:
    return replace(dataset, coverage=Coverage(negative=[], not_exhaustive=list(not_exhaustive)))


VAL = truth([(0, 0, BOX)], images=3, classes=("car", "tree"))


def select(train: Dataset, *, data: Any = None, **said: Any) -> Selected:
    spec = Data(select=Select(train=SplitSelect(**said)), **(data or {}))
    check_selection(spec)
    return select_splits(spec, train, None if spec.fold else VAL)


CARS = {"classes": ("car",)}


def test_without_keys_all_images_stay_and_nothing_is_said() -> None:
    selected = select(labels(2, 2, 2))
    assert (selected.train.images, selected.val.images, selected.notes) == (6, 3, ())


def test_an_image_of_crowds_alone_is_not_without_its_class() -> None:
    assert without_classes(labels(1, 1, 1, crowds=1)).tolist() == [False, False, True, False]


def test_images_without_a_chosen_class_are_dropped_in_the_split_that_says_so() -> None:
    selected = select(labels(2, 3, 4, crowds=1), data=CARS, without_classes="drop")
    assert selected.train.image_id == ("1", "2", "10")
    assert selected.val.images == 3  # two of them without anything
    assert selected.notes == ("truth.json: 7 of 10 images left out: without a chosen class",)


@pytest.mark.parametrize(
    ("negatives", "kept"),
    [(0, 0), (3, 3), (99, 8), (0.0, 0), (0.5, 4), (0.2, 1), (0.19, 0), (0.6, 6), (0.99, 8)],
)
def test_negatives_are_capped_by_count_or_by_share_of_what_is_kept(
    negatives: float, kept: int
) -> None:
    """Four cars: at most n ≤ share × (n + 4) of the eight others."""
    selected = select(labels(4, 5, 3), data=CARS, negatives=negatives)
    assert int(without_classes(selected.train).sum()) == kept
    assert selected.train.images == 4 + kept
    what = f"without a chosen class, negatives = {negatives}"
    assert selected.notes == (f"truth.json: {8 - kept} of 12 images left out: {what}",)


@pytest.mark.parametrize("n", range(1, 40))
def test_every_share_that_is_met_exactly_is_allowed(n: int) -> None:
    """n of n + 4: no rounding of the quotient may lose or add one."""
    dataset = labels(4, 0, 60)
    assert cap_negatives(dataset, n / (n + 4), 0, "train").images == n + 4


def test_fewer_negatives_are_among_more_whatever_the_order_of_the_file() -> None:
    dataset = labels(3, 0, 20)
    few, many = (set(cap_negatives(dataset, n, 0, "train").image_id) for n in (5, 9))
    turned = dataset.take_images(list(range(22, -1, -1)))
    assert few < many
    assert set(cap_negatives(turned, 5, 0, "train").image_id) == few
    assert set(cap_negatives(dataset, 5, 1, "train").image_id) != few
    assert set(cap_negatives(dataset, 5, 0, "val").image_id) != few


def test_images_not_exhaustive_for_a_chosen_class_are_dropped_and_counted() -> None:
    train = with_coverage(labels(3, 2, 0), (0, 1), (1, 0), (1, 1), (4, 0))
    selected = select(train, data=CARS, not_exhaustive="drop")
    assert selected.train.image_id == ("1", "3", "4")
    assert selected.notes == (
        "truth.json: 2 of 5 images left out: a chosen class is not exhaustive in them",
    )
    assert select(train, not_exhaustive="drop").train.image_id == ("3", "4")


def test_labels_that_state_no_coverage_refuse_the_key_that_would_do_nothing() -> None:
    with pytest.raises(TrialError, match="do not say which classes") as caught:
        select(labels(1, 1, 1), not_exhaustive="drop")
    assert caught.value.where == '[data] select: train: not_exhaustive = "drop"'
    assert caught.value.next_step == "remove the key"


# The order: classes, fold, not exhaustive, negatives, draw


def test_not_exhaustive_images_go_before_negatives_are_counted() -> None:
    """One of two cars goes, so one negative may stay; the other way round two would."""
    train = with_coverage(labels(2, 0, 6), (0, 0))
    selected = select(train, not_exhaustive="drop", negatives=0.5)
    assert selected.train.images == 2


def test_negatives_go_before_the_draw() -> None:
    """Four images are left of eight, and the draw takes all; a draw first would keep fewer."""
    selected = select(labels(2, 0, 6), negatives=0.5, images=4)
    assert selected.train.images == 4
    assert select(labels(2, 0, 6), without_classes="drop", images=1.0).train.images == 2


def test_folds_are_cut_before_a_split_leaves_images_out() -> None:
    """So the folds are the same whatever else is said, and validation keeps its negatives."""
    fold, whole = {"fold": Fold(k=4, index=1)}, labels(6, 0, 14)
    plain, fewer = select(whole, data=fold), select(whole, data=fold, without_classes="drop")
    assert (plain.train.images, plain.val.images) == (15, 5)
    assert fewer.val.image_id == plain.val.image_id
    cars = set(plain.train.image_id) & {str(i) for i in range(1, 7)}
    assert set(fewer.train.image_id) == cars


def test_all_steps_are_told_in_their_order_for_each_split() -> None:
    whole = with_coverage(labels(10, 2, 20), *((i, 0) for i in range(4)), (10, 1))
    said = SplitSelect(not_exhaustive="drop", negatives=0.9, images=2)
    spec = Data(
        fold=Fold(k=2, index=0), frequency=("r",), select=Select(train=said, val=0.5, stratify=True)
    )
    check_selection(spec)
    notes = select_splits(spec, whole, None).notes
    steps = [note.split(": ", 1) for note in notes]
    left_out, fold = "truth.json, all but fold 0 of 2", "truth.json, fold 0 of 2"
    assert [place for place, _ in steps] == [*["truth.json"] * 2, *[left_out] * 3, fold]
    assert steps[0][1] == "2 classes by frequency group, by its image counts: r 2"
    assert steps[1][1] == "fold 0 of 2: 16 images train, 16 validate"
    reasons = [text.rpartition(": ")[2] for _, text in steps[2:]]
    assert reasons == [
        "a chosen class is not exhaustive in them",
        "without a chosen class, negatives = 0.9",
        "not drawn, train = 2",
        "not drawn, val = 0.5",
    ]
    assert steps[5][1].startswith("8 of 16 images left out")


# What is refused before a file is read


@pytest.mark.parametrize(
    ("data", "where", "expected"),
    [
        ({"fold": Fold(k=2, index=2)}, "[data] fold: index", "0 to 1"),
        ({"fold": Fold(k=2, index=0), "val": "v.json"}, "[data] fold", "fold or val"),
        (
            {"fold": Fold(k=2, index=0), "streets": Streets(train=1, val=1)},
            "[data] fold",
            "fold or streets",
        ),
        (
            {"fold": Fold(k=2, index=0), "images": ImageFolders(train="a", val="b")},
            "[data] fold",
            "a picture folder for each split",
        ),
        ({"select": Select(stratify=True)}, "[data] select: stratify", "a number or a share"),
        ({"select": Select(train=1000.0)}, "[data] select: train", "without the point"),
        ({"select": Select(val=SplitSelect(images=1.5))}, "[data] select: val", "1.0 is all"),
        (
            {"select": Select(train=SplitSelect(negatives=1.0))},
            "[data] select: train: negatives",
            "below 1",
        ),
        (
            {"select": Select(val=SplitSelect(negatives=0.2, without_classes="drop"))},
            "[data] select: val",
            'without_classes = "drop" or negatives',
        ),
    ],
)
def test_keys_that_contradict_or_do_nothing_are_refused(
    data: dict[str, Any], where: str, expected: str
) -> None:
    with pytest.raises(TrialError) as caught:
        check_selection(Data(**data))
    assert caught.value.where == where
    assert expected in caught.value.expected
    assert caught.value.next_step or caught.value.got


def test_a_count_with_a_decimal_point_is_told_how_a_count_is_written() -> None:
    with pytest.raises(TrialError) as caught:
        check_selection(Data(select=Select(train=1000.0)))
    assert caught.value.next_step == "for a count write 1000"
