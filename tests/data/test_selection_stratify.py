"""Folds and stratified draws: they partition, nest, ignore order, and spread rare classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.data.selection.stratify import Stratifier
from segtrial.data.split import fold_rows, fold_split, select_images
from segtrial.types.dataset import Dataset
from segtrial.types.errors import DataError
from segtrial.types.trial import Fold
from tests.builders import truth

BOX = (1, 1, 2, 2)
CLASSES = 12


def long_tailed(images: int = 200, seed: int = 0) -> Dataset:
    """Classes in about 100, 50, 33 … 8 of 200 images; every fifth image has none."""
    draw = np.random.default_rng(seed)
    shown = draw.random((images, CLASSES)) < 0.5 / np.arange(1, CLASSES + 1)
    shown[::5] = False
    names = [f"class {c}" for c in range(CLASSES)]
    return truth(
        [(i, c, BOX) for i, c in np.argwhere(shown).tolist()], images=images, classes=names
    )


def reordered(dataset: Dataset, order: list[int]) -> Dataset:
    return dataset.take_images(order)


def fold_ids(dataset: Dataset, fold: Fold) -> list[set[str]]:
    return [{dataset.image_id[row] for row in rows} for rows in fold_rows(dataset, fold)]


SMALL = st.lists(st.sets(st.integers(0, 3)), min_size=2, max_size=24)


def shown(classes: list[set[int]]) -> Dataset:
    rows = [(i, c, BOX) for i, own in enumerate(classes) for c in sorted(own)]
    return truth(rows, images=len(classes), classes="abcd")


@settings(deadline=None, max_examples=60)
@given(SMALL, st.integers(2, 6), st.integers(0, 3), st.booleans())
def test_folds_partition_the_images_in_equal_parts(
    classes: list[set[int]], k: int, seed: int, stratify: bool
) -> None:
    dataset = shown(classes)
    fold = Fold(k=k, index=0, seed=seed, stratify=stratify)
    if k > dataset.images:
        with pytest.raises(DataError, match="fewer images than folds"):
            fold_rows(dataset, fold)
        return
    folds = fold_rows(dataset, fold)
    assert sorted(row for rows in folds for row in rows) == list(range(dataset.images))
    assert {len(rows) for rows in folds} <= {dataset.images // k, dataset.images // k + 1}
    assert all(rows == sorted(rows) for rows in folds)


@settings(deadline=None, max_examples=60)
@given(SMALL, st.integers(0, 24), st.integers(0, 24), st.integers(0, 3))
def test_a_small_stratified_draw_is_part_of_a_larger_one(
    classes: list[set[int]], one: int, two: int, seed: int
) -> None:
    dataset = shown(classes)
    small, large = (min(n, dataset.images) for n in sorted((one, two)))
    few = select_images(dataset, small, seed, "train", stratify=True).image_id
    many = select_images(dataset, large, seed, "train", stratify=True).image_id
    assert (len(set(few)), len(set(many))) == (small, large)
    assert set(few) <= set(many)


@settings(deadline=None, max_examples=15)
@given(st.permutations(range(40)), st.permutations(range(CLASSES)), st.booleans())
def test_neither_the_file_s_order_nor_that_of_the_classes_matters(
    order: list[int], classes: list[int], stratify: bool
) -> None:
    one = long_tailed(40)
    rows = sorted(
        (i, classes[c], BOX) for i, c in zip(one.image_index, one.class_index, strict=True)
    )
    names = [""] * CLASSES
    for c, place in enumerate(classes):
        names[place] = one.class_names[c]
    two = reordered(truth(rows, images=40, classes=names), order)
    fold = Fold(k=3, index=0, seed=1, stratify=stratify)
    assert fold_ids(one, fold) == fold_ids(two, fold)
    few = [set(select_images(d, 11, 1, "val", stratify=stratify).image_id) for d in (one, two)]
    assert few[0] == few[1]


def test_seeds_and_splits_deal_differently() -> None:
    dataset = long_tailed()
    folds = {
        tuple(fold_rows(dataset, Fold(k=2, index=0, seed=s, stratify=True))[0]) for s in (0, 1)
    }
    draws = {
        tuple(select_images(dataset, 50, seed, split, stratify=True).image_id)
        for seed in (0, 1)
        for split in ("train", "val")
    }
    assert (len(folds), len(draws)) == (2, 4)


@pytest.mark.parametrize("seed", range(8))
def test_classes_of_two_images_each_are_split_one_and_one(seed: int) -> None:
    """A plain draw of three of six images has one of each class in 8 of 20 cases."""
    dataset = shown([{0}, {0}, {1}, {1}, {2}, {2}])
    half = select_images(dataset, 3, seed, "train", stratify=True)
    assert half.image_counts().tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("seed", range(8))
def test_a_class_of_one_image_does_not_lead(seed: int) -> None:
    """Led by classes of one image each, the two images of class a meet under some seeds."""
    dataset = shown([{0, 1}, {0, 2}, {3}, set()])
    halves = Stratifier(dataset, seed).deal(range(4), 2)
    assert [len({0, 1} & set(half)) for half in halves] == [1, 1]


@pytest.mark.parametrize("seed", range(8))
def test_a_part_that_has_its_share_takes_no_more(seed: int) -> None:
    """Where the part with one image of class a has the b among them, b alone would give 5 and 3."""
    dataset = shown([{0}, {0}, {0, 1}, {1}, {1}, {1}, {1}, {1}])
    assert [len(half) for half in Stratifier(dataset, seed).deal(range(8), 2)] == [4, 4]


def test_ties_fall_to_either_part() -> None:
    dataset = shown([{0}, {0}, {0}, set(), set(), set()])
    halves = [Stratifier(dataset, seed).deal(range(6), 2)[0] for seed in range(16)]
    assert {len({0, 1, 2} & set(half)) for half in halves} == {1, 2}


def test_crowds_do_not_count_as_presence() -> None:
    rows = [(0, 0, BOX), (1, 0, BOX), (2, 0, BOX), (3, 0, BOX)]
    dataset = truth(rows, images=4, crowd=(2, 3))
    for seed in range(8):
        half = select_images(dataset, 2, seed, "train", stratify=True)
        assert half.image_counts().tolist() == [1]


def misses(dataset: Dataset, stratify: bool) -> float:
    """Mean distance of a class's images in a fold from a fifth of its images, over 5 seeds."""
    total = dataset.image_counts() / 5
    found = [
        np.abs(dataset.take_images(rows).image_counts() - total).mean()
        for seed in range(5)
        for rows in fold_rows(dataset, Fold(k=5, index=0, seed=seed, stratify=stratify))
    ]
    return float(np.mean(found))


def test_stratified_folds_hold_their_share_of_every_class() -> None:
    dataset = long_tailed()
    assert misses(dataset, stratify=True) < 0.5 * misses(dataset, stratify=False)


def test_stratified_draws_of_any_size_hold_their_share_of_every_class() -> None:
    dataset = long_tailed()
    total = dataset.image_counts()

    def miss(share: float, stratify: bool) -> float:
        draws = (select_images(dataset, share, s, "train", stratify=stratify) for s in range(5))
        return float(np.mean([np.abs(d.image_counts() - share * total).mean() for d in draws]))

    for share in (0.1, 0.25, 0.5, 0.7):
        assert miss(share, stratify=True) < 0.7 * miss(share, stratify=False), share


def test_one_fold_validates_and_the_others_train() -> None:
    dataset = long_tailed(20)
    folds = fold_ids(dataset, Fold(k=4, index=0))
    for index in range(4):
        train, val = fold_split(dataset, Fold(k=4, index=index))
        assert set(val.image_id) == folds[index]
        assert set(train.image_id) == set(dataset.image_id) - folds[index]
        assert [int(i) for i in train.image_id] == sorted(int(i) for i in train.image_id)
        assert val.source == f"truth.json, fold {index} of 4"
        assert train.source == f"truth.json, all but fold {index} of 4"
