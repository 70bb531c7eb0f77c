"""Selection on real labels: LVIS's groups and coverage lists, COCO's long tail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from segtrial.data.coco.read import read_coco
from segtrial.data.split import (
    check_selection,
    class_groups,
    fold_rows,
    select_images,
    select_splits,
)
from segtrial.types.trial import Data, Fold, Select, SplitSelect

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset

FILES = ("lvis/lvis_val_100.json", "coco_mini/instances_train.json")
SEEDS = range(10)


def several(dataset: Dataset) -> np.ndarray:
    """Classes that stand in at least two images: the others no draw can balance."""
    return dataset.image_counts() >= 2


def test_groups_are_those_that_lvis_states(shared_data: Path) -> None:
    dataset = read_coco(shared_data / FILES[0], None)
    groups = class_groups(dataset)
    assert {name: len(names) for name, names in groups.items()} == {"r": 454, "c": 461, "f": 315}
    assert sum(dataset.image_counts() == 0) == 1040  # in a group all the same


def test_groups_of_coco_are_counted_on_its_images(shared_data: Path) -> None:
    dataset = read_coco(shared_data / FILES[1], None)
    counts = dict(zip(dataset.class_names, dataset.image_counts().tolist(), strict=True))
    groups = class_groups(dataset)
    assert groups["f"] == ("person",)
    assert all(1 <= counts[name] <= 10 for name in groups["r"])
    assert sum(map(len, groups.values())) == 80


@pytest.mark.parametrize("name", FILES)
def test_half_of_the_images_hold_nearly_every_class_that_two_images_show(
    shared_data: Path, name: str
) -> None:
    dataset = read_coco(shared_data / name, None)
    kept: dict[bool, list[int]] = {}
    for stratify in (False, True):
        halves = (select_images(dataset, 0.5, s, "train", stratify=stratify) for s in SEEDS)
        kept[stratify] = [int(((h.image_counts() > 0) & several(dataset)).sum()) for h in halves]
    assert min(kept[True]) > max(kept[False])
    assert min(kept[True]) >= several(dataset).sum() - 2


@pytest.mark.parametrize("name", FILES)
def test_no_class_of_two_images_is_missing_from_a_stratified_training_set(
    shared_data: Path, name: str
) -> None:
    """A plain two-fold cut loses rare classes from the training half."""
    dataset = read_coco(shared_data / name, None)
    lost = {}
    for stratify in (False, True):
        fold = Fold(k=2, index=0, stratify=stratify)
        halves = [dataset.take_images(rows).image_counts() for rows in fold_rows(dataset, fold)]
        lost[stratify] = sum(int(((half == 0) & several(dataset)).sum()) for half in halves)
    assert lost[True] <= 2 < lost[False]


def test_images_that_are_not_exhaustive_go_with_their_number(shared_data: Path) -> None:
    dataset = read_coco(shared_data / FILES[0], None)
    spec = Data(select=Select(train=SplitSelect(not_exhaustive="drop")))
    check_selection(spec)
    selected = select_splits(spec, dataset, dataset)
    assert (selected.train.images, selected.val.images) == (88, 100)
    assert selected.notes == (
        "lvis_val_100.json: 12 of 100 images left out: a chosen class is not exhaustive in them",
    )
    assert selected.train.coverage is not None
    assert len(selected.train.coverage.not_exhaustive) == 0


def test_rare_classes_of_lvis_leave_most_images_without_a_class(shared_data: Path) -> None:
    """The file holds few of LVIS's rare classes: the cap keeps as many images without one."""
    dataset = read_coco(shared_data / FILES[0], None)
    spec = Data(frequency=("r",), select=Select(train=SplitSelect(negatives=0.5)))
    selected = select_splits(spec, dataset, dataset)
    shown = len(set(selected.val.image_index.tolist()))
    assert len(selected.train.class_names) == 454
    assert 0 < shown < 50
    assert selected.train.images == 2 * shown
