"""The data of a trial: read, checked, selected; the same for every arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segtrial.changes.swap import apply_swap
from segtrial.data.check import check_outlines, check_pictures
from segtrial.data.read import read
from segtrial.data.split import check_class_names, restrict_classes, select_images
from segtrial.data.streets import write_streets
from segtrial.pipeline.differences import lineage
from segtrial.store.codec import to_canonical_json
from segtrial.store.folder import sha256, write_atomically
from segtrial.types.dataset import Dataset
from segtrial.types.edits import Edits
from segtrial.types.errors import DataError, TrialError
from segtrial.types.recipe import OracleRecipe
from segtrial.types.trial import Arm, Data, Streets, Trial

if TYPE_CHECKING:
    from pathlib import Path

DONE = "streets.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Clean training and validation data, and what a reader should know about them."""

    train: Dataset
    val: Dataset
    notes: tuple[str, ...]


def load_data(trial: Trial, *, root: Path, generated: Path) -> Loaded:
    """Both splits under the trial's class list, with every check done.

    `root`: what paths start from. `generated`: where the embedded data are written. Raises
    DataError or TrialError.
    """
    spec = trial.data
    places = _files(spec, root) if spec.streets is None else _streets(spec, generated)
    train_file, val_file, images = places
    label_format = "bdd100k" if spec.streets is not None else spec.format
    train = read(train_file, images, label_format)
    val = read(val_file, images, label_format)
    names = _class_list(spec, train, val)
    notes = []
    for split in (train, val):
        clipped = check_outlines(split, spec.outside)
        if clipped:
            notes.append(f"{split.source}: {clipped} polygons leave their image and are clipped")
    train = select_images(
        restrict_classes(train, names), spec.select.train, spec.select.seed, "train"
    )
    val = select_images(restrict_classes(val, names), spec.select.val, spec.select.seed, "val")
    _check_splits(train, val)
    if not isinstance(trial.recipe, OracleRecipe):
        for split in (train, val):
            check_pictures(split)
    # The geometry is hashed here, once for all arms and seeds.
    return Loaded(
        train=train.with_classes(train.class_index),
        val=val.with_classes(val.class_index),
        notes=tuple(notes),
    )


def arm_labels(trial: Trial, arm: Arm, seed: int, train: Dataset) -> tuple[Dataset, Edits | None]:
    """The arm's training data for one seed; the edits of its last label change, or None.

    Label changes of its controls come first: an arm is its control plus its change.
    """
    edits = None
    for ancestor in lineage(trial, arm):
        if ancestor.change is not None and ancestor.change.swap is not None:
            train, edits = apply_swap(train, ancestor.change.swap, seed)
    return train, edits


def _streets(spec: Data, generated: Path) -> tuple[Path, Path, Path | None]:
    assert spec.streets is not None
    for key in ("train", "val", "images"):
        if getattr(spec, key) is not None:
            raise TrialError(
                "The data are both generated and read.",
                where="[data]",
                expected=f"streets or {key}, not both",
            )
    folder = generated / f"streets-{sha256(to_canonical_json(spec.streets))[:12]}"
    write_streets_once(spec.streets, folder)
    labels = folder / "labels"
    return labels / "streets_train.json", labels / "streets_val.json", folder / "images"


def write_streets_once(spec: Streets, folder: Path) -> None:
    """Generate the embedded data unless the folder holds them already."""
    if not (folder / DONE).exists():
        write_streets(spec, folder)
        write_atomically(folder / DONE, to_canonical_json(spec))


def _files(spec: Data, root: Path) -> tuple[Path, Path, Path | None]:
    if spec.train is None or spec.val is None:
        missing = "train" if spec.train is None else "val"
        raise TrialError(
            f'The key "{missing}" is missing.',
            where="[data]",
            expected="train and val (label files), or streets",
        )
    return root / spec.train, root / spec.val, None if spec.images is None else root / spec.images


def _class_list(spec: Data, train: Dataset, val: Dataset) -> tuple[str, ...]:
    """The trial's list, checked; else the training labels' names and what validation adds."""
    extra = tuple(name for name in val.class_names if name not in train.class_names)
    known = train.class_names + extra
    if spec.classes is None:
        return known
    check_class_names(spec.classes, known, "[data] classes")
    return spec.classes


def _check_splits(train: Dataset, val: Dataset) -> None:
    for split, name in ((train, "training"), (val, "validation")):
        if split.images == 0 or split.instances == 0:
            raise DataError(
                f"The {name} split is empty.",
                where=split.source,
                expected="at least one image with an instance of the trial's classes",
                got=f"{split.images} images, {split.instances} instances",
            )
    if train.image_root == val.image_root:
        shared = set(train.file_name) & set(val.file_name)
        if shared:
            raise DataError(
                "Training and validation share pictures.",
                where=f"{train.source}, {val.source}",
                expected="no picture in both",
                got=f"{len(shared)}, such as {min(shared)}",
            )
