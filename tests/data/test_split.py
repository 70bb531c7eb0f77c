"""Which images and classes a trial uses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.data.split import check_class_names, restrict_classes, select_images
from segtrial.types.dataset import Dataset
from segtrial.types.errors import DataError, TrialError
from tests.builders import truth

BOX = (1, 1, 2, 2)


def forty(order: list[int] | None = None) -> Dataset:
    dataset = truth([(i, 0, BOX) for i in range(40)], images=40)
    return dataset if order is None else dataset.take_images(order)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 5))
def test_a_small_selection_is_part_of_a_larger_one(one: int, two: int, seed: int) -> None:
    small, large = sorted((one, two))
    few = select_images(forty(), small, seed, "train").image_id
    many = select_images(forty(), large, seed, "train").image_id
    assert len(few) == small
    assert set(few) <= set(many)


def test_selected_images_keep_the_file_s_order_and_their_instances() -> None:
    chosen = select_images(forty(), 10, 0, "train")
    numbers = [int(image) for image in chosen.image_id]
    assert numbers == sorted(numbers)
    assert chosen.annotation_id == tuple(str(n - 1) for n in numbers)
    assert chosen.image_index.tolist() == list(range(10))


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(40)))
def test_the_selection_does_not_depend_on_the_file_s_order(order: list[int]) -> None:
    chosen = set(select_images(forty(), 12, 3, "train").image_id)
    assert set(select_images(forty(order), 12, 3, "train").image_id) == chosen


def test_seed_and_split_draw_different_images() -> None:
    draws = {
        tuple(select_images(forty(), 10, seed, split).image_id)
        for seed in (0, 1)
        for split in ("train", "val")
    }
    assert len(draws) == 4


def test_none_keeps_all_and_all_keeps_the_data() -> None:
    dataset = forty()
    assert select_images(dataset, None, 0, "train") is dataset
    assert select_images(dataset, 40, 0, "train").fingerprint() == dataset.fingerprint()


def test_asking_for_more_images_than_there_are_is_an_error() -> None:
    with pytest.raises(DataError, match="at most 40") as caught:
        select_images(forty(), 41, 0, "val")
    assert caught.value.where == "[data] select: val = 41"
    assert caught.value.got == "41"


def test_a_seed_draws_the_same_images_for_ever() -> None:
    """Pinned: another list would change the data of every trial that was ever written."""
    assert select_images(forty(), 6, 0, "train").image_id == ("3", "7", "14", "17", "29", "35")
    assert select_images(forty(), 6, 7, "val").image_id == ("13", "23", "27", "28", "38", "40")


@pytest.mark.parametrize(
    ("share", "count"), [(0.5, 20), (1.0, 40), (0.0125, 0), (0.0375, 2), (0.29, 12), (0.02, 1)]
)
def test_a_share_is_rounded_with_ties_to_even_and_nests_with_counts(
    share: float, count: int
) -> None:
    if count == 0:
        with pytest.raises(DataError, match="less than one image of the train split"):
            select_images(forty(), share, 0, "train")
        return
    few = select_images(forty(), share, 0, "train").image_id
    assert few == select_images(forty(), count, 0, "train").image_id


def test_one_is_an_image_and_one_point_zero_is_all() -> None:
    assert select_images(forty(), 1, 0, "train").images == 1
    assert select_images(forty(), 1.0, 0, "train").images == 40


@pytest.fixture
def mixed() -> Dataset:
    rows = [(0, 0, BOX), (0, 1, BOX), (1, 2, BOX), (1, 0, BOX)]
    return truth(rows, images=3, classes=("car", "bridge", "sign"), crowd=(3,))


def test_other_classes_go_and_images_stay(mixed: Dataset) -> None:
    kept = restrict_classes(mixed, ("sign", "car"))
    assert kept.images == 3
    assert kept.annotation_id == ("0", "2", "3")
    assert kept.class_index.tolist() == [1, 0, 1]
    assert kept.class_ids == (3, 1)
    assert kept.crowd.tolist() == [False, False, True]


def test_a_name_the_labels_do_not_know_is_a_class_without_instances(mixed: Dataset) -> None:
    kept = restrict_classes(mixed, ("tree", "bridge", "lake"))
    assert kept.instance_counts().tolist() == [0, 1, 0]
    assert kept.class_ids == (4, 2, 5)


def test_the_same_list_changes_nothing(mixed: Dataset) -> None:
    assert restrict_classes(mixed, mixed.class_names).fingerprint() == mixed.fingerprint()
    empty = truth([], images=2, classes=("car",))
    assert restrict_classes(empty, ("car", "sign")).images == 2


def test_class_names_are_checked_with_the_nearest_known_one() -> None:
    check_class_names(("car", "sign"), ("sign", "car", "bridge"), "[data] classes")
    with pytest.raises(
        TrialError, match='The labels know no class of this name: "brige"'
    ) as caught:
        check_class_names(("car", "brige"), ("car", "bridge"), "[data] classes")
    assert caught.value.where == "[data] classes"
    assert caught.value.next_step == 'did you mean "bridge"?'
    with pytest.raises(TrialError, match="known: car, bridge"):
        check_class_names(("zebra crossing",), ("car", "bridge"), "[data] classes")
    with pytest.raises(TrialError, match="stands twice"):
        check_class_names(("car", "car"), ("car",), "[data] classes")
