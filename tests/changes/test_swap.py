"""`swap`: how many labels move, which, and that nothing else does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.changes.swap import apply_swap, check_swap
from segtrial.types.dataset import Dataset
from segtrial.types.edits import Edit, Edits
from segtrial.types.errors import TrialError
from segtrial.types.trial import Swap
from tests.builders import truth

CLASSES = ("bridge", "sign", "car")
BOX = (1, 1, 2, 2)
RATIO = st.floats(0, 1)


def bridges(count: int, *, images: int = 1, crowd: tuple[int, ...] = ()) -> Dataset:
    """`count` bridges over some images, and one sign and one car in the first."""
    rows = [(0, 1, BOX), (0, 2, BOX), *((k * images // count, 0, BOX) for k in range(count))]
    return truth(sorted(rows), images=images, classes=CLASSES, crowd=crowd)


def swap(ratio: float, **more: object) -> Swap:
    return Swap(host="bridge", target="sign", ratio=ratio, **more)  # type: ignore[arg-type]


def touched(edits: Edits) -> set[tuple[str, str]]:
    return {(edit.image_id, edit.annotation_id) for edit in edits.rows}


@pytest.mark.parametrize(
    ("instances", "left"),
    [
        (373, 187),
        (339, 169),
        (2232, 1116),
        (9, 5),
        (9990, 4995),
        (1368, 684),
        (1286, 643),
        (7617, 3809),
        (34, 17),
    ],
)
def test_the_nine_published_tables_come_out(instances: int, left: int) -> None:
    """1000 images: bridge, banner, traffic light, train, car; 3500 images: the first four."""
    dataset = bridges(instances)
    changed, edits = apply_swap(dataset, swap(0.5), 0)
    assert changed.instance_counts().tolist() == [left, instances - left + 1, 1]
    assert len(edits.rows) == instances - left


@pytest.mark.parametrize(
    ("instances", "ratio", "moved"),
    [(1, 0.5, 0), (3, 0.5, 2), (5, 0.5, 2), (7, 0.5, 4), (5, 0.1, 0), (15, 0.1, 2), (10, 0.25, 2)],
)
def test_ties_round_to_even(instances: int, ratio: float, moved: int) -> None:
    assert len(apply_swap(bridges(instances), swap(ratio), 0)[1].rows) == moved


def test_the_ledger_says_what_was_and_what_is() -> None:
    dataset = bridges(3)
    changed, edits = apply_swap(dataset, swap(1), 0)
    assert edits.rows == tuple(
        Edit(annotation_id=str(n), image_id="1", before="bridge", after="sign") for n in range(3)
    )
    assert edits.source_sha256 == dataset.fingerprint()
    assert edits.result_sha256 == changed.fingerprint() != edits.source_sha256


def test_the_ledger_keeps_the_order_of_the_rows() -> None:
    _, edits = apply_swap(bridges(40, images=4), swap(0.6), 3)
    numbers = [int(edit.annotation_id) for edit in edits.rows]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == 24


def test_only_the_labels_of_the_ledger_differ() -> None:
    dataset = bridges(20, images=3)
    changed, edits = apply_swap(dataset, swap(0.4), 1)
    differs = np.flatnonzero(changed.class_index != dataset.class_index)
    rows = {(dataset.image_id[dataset.image_index[r]], dataset.annotation_id[r]) for r in differs}
    assert rows == touched(edits)
    assert len(differs) == len(edits.rows) == 8
    assert (dataset.class_index[differs] == 0).all()
    assert (changed.class_index[differs] == 1).all()
    assert changed.instance_record is dataset.instance_record
    assert changed.geometry_sha256() == dataset.geometry_sha256()


def test_ratio_zero_is_the_identity_and_ratio_one_moves_all() -> None:
    dataset = bridges(11)
    same, none = apply_swap(dataset, swap(0), 5)
    assert same.fingerprint() == dataset.fingerprint() == none.result_sha256
    assert none.rows == ()
    assert apply_swap(dataset, swap(1), 5)[0].instance_counts().tolist() == [0, 12, 1]


@settings(deadline=None, max_examples=50)
@given(RATIO, RATIO, st.integers(0, 5), st.integers(1, 60))
def test_a_smaller_ratio_edits_a_part_of_a_larger_one(
    one: float, two: float, seed: int, instances: int
) -> None:
    dataset = bridges(instances, images=3)
    small, large = sorted((one, two))
    few = touched(apply_swap(dataset, swap(small), seed)[1])
    assert few <= touched(apply_swap(dataset, swap(large), seed)[1])


def test_ten_percent_lie_within_thirty() -> None:
    dataset = bridges(100)
    ten, thirty = (touched(apply_swap(dataset, swap(r), 0)[1]) for r in (0.1, 0.3))
    assert (len(ten), len(thirty)) == (10, 30)
    assert ten < thirty


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(5)), st.permutations(range(32)), RATIO)
def test_the_order_of_images_and_of_rows_does_not_matter(
    order: list[int], rows: list[int], ratio: float
) -> None:
    dataset = bridges(30, images=5)
    expected = touched(apply_swap(dataset, swap(ratio), 2)[1])
    assert touched(apply_swap(dataset.take_images(order), swap(ratio), 2)[1]) == expected
    rows = sorted(rows, key=lambda r: dataset.image_index[r])  # stable: shuffled within images
    shuffled = replace(
        dataset,
        annotation_id=tuple(dataset.annotation_id[r] for r in rows),
        class_index=dataset.class_index[rows],
    )
    assert touched(apply_swap(shuffled, swap(ratio), 2)[1]) == expected


def test_the_labels_of_other_classes_do_not_change_the_draw() -> None:
    dataset = bridges(30)
    without = truth([(0, 0, BOX)] * 30, classes=CLASSES)
    expected = touched(apply_swap(dataset, swap(0.3), 0)[1])
    assert touched(apply_swap(without, swap(0.3), 0)[1]) == expected


def test_crowds_are_neither_counted_nor_moved() -> None:
    dataset = bridges(10, crowd=(0, 1))
    changed, edits = apply_swap(dataset, swap(1), 0)
    assert len(edits.rows) == 8
    assert changed.class_index[:2].tolist() == [0, 0]
    assert touched(edits) == {("1", str(n)) for n in range(2, 10)}


def test_each_seed_draws_its_own_unless_the_draw_is_fixed() -> None:
    dataset = bridges(40)

    def drawn(seed: int, **more: str) -> frozenset[tuple[str, str]]:
        return frozenset(touched(apply_swap(dataset, swap(0.5, **more), seed)[1]))

    assert len({drawn(seed) for seed in range(5)}) == 5
    assert len({drawn(seed, draw="fixed") for seed in range(5)}) == 1
    assert drawn(3) == drawn(3)


def test_two_draws_of_half_overlap_by_about_half() -> None:
    dataset = bridges(400)
    one, two = (touched(apply_swap(dataset, swap(0.5), seed)[1]) for seed in (0, 1))
    assert 70 < len(one & two) < 130


def test_the_draw_is_pinned() -> None:
    """Published trials must be drawn the same way by later versions."""
    _, edits = apply_swap(bridges(10), swap(0.5), 0)
    assert [int(edit.annotation_id) for edit in edits.rows] == [2, 3, 5, 6, 8]


def test_a_host_without_instances_is_refused() -> None:
    with pytest.raises(TrialError, match="no instance of the host") as caught:
        apply_swap(truth([(0, 1, BOX)], classes=CLASSES), swap(0.5), 0)
    assert caught.value.where == "change: swap"
    with pytest.raises(TrialError, match="no instance"):
        apply_swap(bridges(2, crowd=(0, 1)), swap(0.5), 0)


def test_unknown_classes_are_named_with_the_nearest() -> None:
    with pytest.raises(TrialError, match='did you mean "bridge"'):
        check_swap(Swap(host="bridg", target="sign"), CLASSES, "arm a")
    with pytest.raises(TrialError, match="target of a swap") as caught:
        check_swap(Swap(host="bridge", target="zebra crossing"), CLASSES, "arm a")
    assert caught.value.where == "arm a"
    assert "bridge, sign, car" in caught.value.next_step
    with pytest.raises(TrialError, match="no class of the data"):
        apply_swap(bridges(2), Swap(host="bridge", target="tree"), 0)


def test_host_and_target_must_differ() -> None:
    with pytest.raises(TrialError, match="same class"):
        check_swap(Swap(host="sign", target="sign"), CLASSES, "arm a")
