"""Label files → the training and validation images of a trial, with what each step left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segtrial.data.selection.classes import class_groups, class_list, restrict_classes
from segtrial.data.selection.draw import select_images
from segtrial.data.selection.folds import fold_split
from segtrial.data.selection.leave_out import (
    cap_negatives,
    drop_not_exhaustive,
    drop_without_classes,
)
from segtrial.data.selection.rules import of_split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segtrial.types.dataset import Dataset
    from segtrial.types.trial import Data, Select


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Both splits under one class list; `notes`: one for each step that the trial asks for."""

    train: Dataset
    val: Dataset
    notes: tuple[str, ...]


def select_splits(spec: Data, train: Dataset, val: Dataset | None) -> Selected:
    """What the trial uses of its label files; `val` None where `spec.fold` makes it of `train`.

    In this order: the class list; the fold; then for each split on its own: images not exhaustive
    for a class, images without a class, the draw. `spec` has passed `check_selection`. Raises
    TrialError or DataError.
    """
    names = class_list(spec, train, val if val is not None else train)
    notes = _class_notes(spec, train, names)
    train = restrict_classes(train, names)
    if spec.fold is not None:
        whole, (train, val) = train, fold_split(train, spec.fold)
        parts = f"{train.images} images train, {val.images} validate"
        notes.append(f"{whole.source}: fold {spec.fold.index} of {spec.fold.k}: {parts}")
    else:
        assert val is not None, "no fold, no validation labels"
        val = restrict_classes(val, names)
    train, train_notes = _select_split(train, spec.select, "train")
    val, val_notes = _select_split(val, spec.select, "val")
    return Selected(train=train, val=val, notes=(*notes, *train_notes, *val_notes))


def _select_split(dataset: Dataset, select: Select, split: str) -> tuple[Dataset, list[str]]:
    before, notes = dataset, []
    for kept, why in _steps(dataset, select, split):
        lost = before.images - kept.images
        notes.append(f"{dataset.source}: {lost} of {before.images} images left out: {why}")
        before = kept
    return before, notes


def _steps(dataset: Dataset, select: Select, split: str) -> Iterator[tuple[Dataset, str]]:
    """What each step that the trial asks for keeps, and why the others go."""
    said = of_split(select, split)
    if said.not_exhaustive == "drop":
        dataset = drop_not_exhaustive(dataset, split)
        yield dataset, "a chosen class is not exhaustive in them"
    if said.without_classes == "drop":
        dataset = drop_without_classes(dataset)
        yield dataset, "without a chosen class"
    if said.negatives is not None:
        dataset = cap_negatives(dataset, said.negatives, select.seed, split)
        yield dataset, f"without a chosen class, negatives = {said.negatives}"
    if said.images is not None:
        stratify = select.stratify
        dataset = select_images(dataset, said.images, select.seed, split, stratify=stratify)
        yield dataset, f"not drawn, {split} = {said.images}"


def _class_notes(spec: Data, train: Dataset, names: tuple[str, ...]) -> list[str]:
    if spec.frequency is None:
        return []
    groups = class_groups(train)
    counts = ", ".join(f"{g} {len(set(groups[g]) & set(names))}" for g in spec.frequency)
    basis = "as the labels state them" if any(train.class_frequency) else "by its image counts"
    return [f"{train.source}: {len(names)} classes by frequency group, {basis}: {counts}"]
