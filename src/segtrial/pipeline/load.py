"""The data of a trial: read, checked, selected; the same for every arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segtrial.changes.ledger import edits_between
from segtrial.changes.swap import apply_swap, check_swap
from segtrial.data.check import check_outlines, check_pictures, picture_paths
from segtrial.data.read import read
from segtrial.data.split import check_class_names, check_selection, select_splits
from segtrial.data.streets import write_streets
from segtrial.data.streets.names import class_names
from segtrial.pipeline.differences import lineage
from segtrial.store.codec import to_canonical_json
from segtrial.store.folder import sha256, write_atomically
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.edits import Edits
from segtrial.types.errors import DataError, TrialError, unknown_class
from segtrial.types.recipe import OracleRecipe
from segtrial.types.trial import Arm, Data, ImageFolders, Streets, Trial

if TYPE_CHECKING:
    from pathlib import Path

DONE = "streets.json"
PAINTED = (  # masks are the source's pixels, not drawn from polygons
    LabelFormat.BDD100K_INS_SEG,
    LabelFormat.BDD100K_PAN_SEG,
    LabelFormat.COCO_PANOPTIC,
)

# Label file and picture folder of a split.
_Place = tuple["Path", "Path | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Clean training and validation data, and what a reader should know about them."""

    train: Dataset
    val: Dataset
    notes: tuple[str, ...]


def load_data(trial: Trial, *, root: Path, generated: Path) -> Loaded:
    """Both splits under the trial's class list, with every check done.

    `root`: what paths start from. `generated`: where the embedded data are written. Labels that
    the trial does not use (other classes, images not selected) are not checked against their
    images. Raises DataError or TrialError.
    """
    spec = trial.data
    check_selection(spec)
    if spec.streets is not None:
        _check_catalogue(trial, class_names(spec.streets.names))
    place, val_place = _files(spec, root) if spec.streets is None else _streets(spec, generated)
    label_format = "bdd100k" if spec.streets is not None else spec.format
    whole = read(*place, label_format, split="train")
    others = None if val_place is None else read(*val_place, label_format, split="val")
    selected = select_splits(spec, whole, others)
    _check_splits(selected.train, selected.val)
    train, train_cut = check_outlines(selected.train, spec.outside)
    val, val_cut = check_outlines(selected.val, spec.outside)
    notes = list(selected.notes)
    notes += [
        f"{split.source}: labels that leave their image and are cut to it: {cut}"
        for split, cut in ((train, train_cut), (val, val_cut))
        if cut
    ]
    for file in (whole, others):
        notes += [] if file is None else [f"{file.source}: {left}" for left in file.left_out]
    for before, after in ((selected.train, train), (selected.val, val)):
        new = after.left_out[len(before.left_out) :]
        notes += [f"{after.source}: {left}" for left in new]
    if (train.label_format in PAINTED) != (val.label_format in PAINTED):
        notes.append(
            f"training labels are {train.label_format}, validation labels {val.label_format}: "
            "masks drawn by different rules differ at their edges"
        )
    if not isinstance(trial.recipe, OracleRecipe):
        for split in (train, val):
            check_pictures(split)
    # The geometry is hashed here, once for all arms and seeds.
    return Loaded(
        train=train.with_classes(train.class_index),
        val=val.with_classes(val.class_index),
        notes=tuple(notes),
    )


def changes_labels(trial: Trial, arm: Arm) -> bool:
    """Whether the arm, or a control it builds on, changes training labels."""
    return any(a.change is not None and a.change.swap is not None for a in lineage(trial, arm))


def arm_labels(trial: Trial, arm: Arm, seed: int, train: Dataset) -> tuple[Dataset, Edits | None]:
    """The arm's training data for one seed, and its edits against the clean labels (None without
    a label change). The controls' label changes come first: an arm is its control plus its change.
    """
    labels = train
    swaps = [a.change.swap for a in lineage(trial, arm) if a.change is not None and a.change.swap]
    for swap in swaps:
        labels, _ = apply_swap(labels, swap, seed)
    return labels, edits_between(train, labels) if swaps else None


def _check_catalogue(trial: Trial, known: tuple[str, ...]) -> None:
    """Raise TrialError for a class that the embedded data never hold, before they are written."""
    if trial.data.classes is not None:
        check_class_names(trial.data.classes, known, "[data] classes")
        known = trial.data.classes
    for arm in trial.arms:
        if arm.change is not None and arm.change.swap is not None:
            check_swap(arm.change.swap, known, f'arm "{arm.name}": change: swap')
        for name in arm.classes or ():
            if name not in known:
                what, place = "The data know no such class", f'arm "{arm.name}": classes'
                raise unknown_class(name, known, what=what, where=place)


def _streets(spec: Data, generated: Path) -> tuple[_Place, _Place]:
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
    labels, images = folder / "labels", folder / "images"
    return (labels / "streets_train.json", images), (labels / "streets_val.json", images)


def write_streets_once(spec: Streets, folder: Path) -> None:
    """Generate the embedded data unless the folder holds them already."""
    if not (folder / DONE).exists():
        write_streets(spec, folder)
        write_atomically(folder / DONE, to_canonical_json(spec))


def _files(spec: Data, root: Path) -> tuple[_Place, _Place | None]:
    """The places of training and validation; of validation None where a fold makes it."""
    if spec.train is None or (spec.val is None and spec.fold is None):
        missing = "train" if spec.train is None else "val"
        raise TrialError(
            f'The key "{missing}" is missing.',
            where="[data]",
            expected="train and val (label files), train and fold, or streets",
        )
    folders = spec.images
    if not isinstance(folders, ImageFolders):
        both = None if folders is None else root / folders
        val = None if spec.val is None else (root / spec.val, both)
        return (root / spec.train, both), val
    assert spec.val is not None, "check_selection: a fold has one picture folder"
    return (root / spec.train, root / folders.train), (root / spec.val, root / folders.val)


def _check_splits(train: Dataset, val: Dataset) -> None:
    """No split is empty, every picture's name is one, and no picture is in both."""
    for split, name in ((train, "training"), (val, "validation")):
        if split.images == 0 or split.instances == 0:
            raise DataError(
                f"The {name} split is empty.",
                where=split.source,
                expected="at least one image with an instance of the trial's classes",
                got=f"{split.images} images, {split.instances} instances",
            )
    shared = set(picture_paths(train)) & set(picture_paths(val))
    if shared:
        raise DataError(
            "Training and validation share pictures.",
            where=f"{train.source}, {val.source}",
            expected="no picture in both",
            got=f"{len(shared)}, such as {min(shared)}",
        )
