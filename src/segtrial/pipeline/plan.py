"""Trial + data → Plan: arms with their one difference, runs with ids that hash all they need."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from segtrial.pipeline.context import Context
from segtrial.pipeline.differences import check_one_difference, differences, recipe_of
from segtrial.pipeline.load import Loaded, arm_labels, load_data
from segtrial.store.codec import to_canonical_json
from segtrial.store.folder import sha256
from segtrial.store.provenance import versions
from segtrial.trainers import trainer_for
from segtrial.types.arrays import Longs
from segtrial.types.dataset import Dataset
from segtrial.types.errors import TrialError, unknown_class
from segtrial.types.plan import Difference, Plan, PlannedArm, PlannedRun
from segtrial.types.recipe import MaskRcnnRecipe, OracleRecipe, Recipe
from segtrial.types.trial import Arm, Trial

RECORD_VERSION = 1  # counts up when a record's bytes change for the same input


@dataclass(frozen=True, slots=True, kw_only=True)
class _Labelled:
    """An arm's training labels: instances per class, and their fingerprint for each seed."""

    counts: dict[str, int]
    sha256: dict[int, str]


def make_plan(context: Context, loaded: Loaded | None = None) -> Plan:
    """Everything the trial expands to. Nothing is trained and nothing but generated data written.

    Raises TrialError, DataError or ConfoundedError for what cannot be a controlled trial.
    """
    trial = context.trial
    recipes = {arm.name: recipe_of(trial, arm, context.name) for arm in trial.arms}
    primary = primary_metric(trial, recipes)
    loaded = loaded or load_data(trial, root=context.root, generated=context.generated)
    names = loaded.train.class_names
    for arm in trial.arms:
        _check_named(arm, names, context.name)
    labels = {arm.name: _labelled(trial, arm, loaded.train) for arm in trial.arms}
    found = _all_differences(context, recipes, labels)
    environments = {
        name: versions() | trainer_for(recipe).environment(recipe, context.root)
        for name, recipe in recipes.items()
    }
    return Plan(
        trial=context.name,
        question=trial.question,
        primary=primary,
        margin=trial.margin,
        resamples=trial.resamples,
        seeds=trial.seeds,
        class_names=names,
        train_images=loaded.train.images,
        val_images=loaded.val.images,
        train_sha256=loaded.train.fingerprint(),
        val_sha256=loaded.val.fingerprint(),
        val_instances=_by_name(names, loaded.val.instance_counts()),
        val_positive_images=_by_name(names, loaded.val.image_counts()),
        environment=_shared(environments),
        arms=tuple(_planned_arm(trial, a, recipes, found, labels, names) for a in trial.arms),
        runs=tuple(_planned_runs(trial, loaded, recipes, labels, environments)),
        notes=loaded.notes + _device_notes(environments),
    )


def _planned_runs(
    trial: Trial,
    loaded: Loaded,
    recipes: dict[str, Recipe],
    labels: dict[str, _Labelled],
    environments: dict[str, dict[str, str]],
) -> Iterator[PlannedRun]:
    """Every arm and seed; an id hashes labels, pictures, recipe, seed and environment."""
    shared = {
        "version": RECORD_VERSION,
        "val": loaded.val.fingerprint(),
        "pictures": (_picture_hash(loaded.train), _picture_hash(loaded.val)),
    }
    for arm in trial.arms:
        for seed in trial.seeds:
            own = {
                "train": labels[arm.name].sha256[seed],
                "recipe": recipes[arm.name],
                "seed": seed,
                "environment": environments[arm.name],
            }
            yield PlannedRun(
                arm=arm.name,
                seed=seed,
                labels_sha256=labels[arm.name].sha256[seed],
                run_id=sha256(to_canonical_json(shared | own)),
            )


def primary_metric(trial: Trial, recipes: dict[str, Recipe]) -> str:
    """The declared metric; else mask AP where every arm draws masks, box AP otherwise."""
    masks = all(draws_masks(recipe) for recipe in recipes.values())
    if trial.primary is None:
        return "mask AP" if masks else "box AP"
    if trial.primary.startswith("mask") and not masks:
        raise TrialError(
            "The primary metric needs masks, and an arm's model draws none.",
            where="primary",
            expected='"box AP" or "box AP50", or a model with masks',
            got=f'"{trial.primary}"',
        )
    return trial.primary


def draws_masks(recipe: Recipe) -> bool:
    """Whether the model gives masks besides boxes."""
    return isinstance(recipe, MaskRcnnRecipe) or (isinstance(recipe, OracleRecipe) and recipe.masks)


def _all_differences(
    context: Context, recipes: dict[str, Recipe], labels: dict[str, _Labelled]
) -> dict[str, list[Difference]]:
    """Each arm's differences to its control, as the recipes act; the one-difference rule holds."""
    trial = context.trial
    acting: dict[str, dict[str, Any]] = {
        name: trainer_for(recipe).effective(recipe, context.root)
        for name, recipe in recipes.items()
    }
    found: dict[str, list[Difference]] = {}
    for arm in trial.arms:
        if arm.change is None:
            found[arm.name] = []
            continue
        control = control_of(trial, arm)
        raw = msgspec.to_builtins(recipes[control])
        found[arm.name] = differences(acting[control], acting[arm.name], arm.change.recipe, raw)
        check_one_difference(arm, found[arm.name], context.name)
        if arm.change.swap is not None and labels[arm.name].sha256 == labels[control].sha256:
            raise TrialError(
                "The change moves no label.",
                where=f'{context.name}: arm "{arm.name}"',
                expected="at least one instance moved",
                got=f"{arm.change.swap.ratio:g} of {labels[control].counts[arm.change.swap.host]}",
            )
    return found


def control_of(trial: Trial, arm: Arm) -> str:
    """The name of an arm's control."""
    return arm.control or trial.arms[0].name


def _planned_arm(
    trial: Trial,
    arm: Arm,
    recipes: dict[str, Recipe],
    found: dict[str, list[Difference]],
    labels: dict[str, _Labelled],
    names: tuple[str, ...],
) -> PlannedArm:
    control = None if arm is trial.arms[0] else control_of(trial, arm)
    return PlannedArm(
        name=arm.name,
        control=control,
        change=arm.change,
        recipe=recipes[arm.name],
        differences=tuple(found[arm.name]),
        named_classes=_named(arm),
        touched_classes=_touched(arm, names),
        confounded=arm.confounded,
        counts_before=labels[control or arm.name].counts,
        counts_after=labels[arm.name].counts,
    )


def _labelled(trial: Trial, arm: Arm, train: Dataset) -> _Labelled:
    drawn = {seed: arm_labels(trial, arm, seed, train)[0] for seed in trial.seeds}
    first = drawn[trial.seeds[0]]
    return _Labelled(
        counts=_by_name(first.class_names, first.instance_counts()),
        sha256={seed: dataset.fingerprint() for seed, dataset in drawn.items()},
    )


def _shared(environments: dict[str, dict[str, str]]) -> dict[str, str]:
    """What the runs depend on besides recipe and data; what differs bears its arm's name."""
    out: dict[str, str] = {}
    for name, environment in environments.items():
        for key, value in environment.items():
            out[key if out.get(key, value) == value else f"{key} ({name})"] = value
    return out


def _device_notes(environments: dict[str, dict[str, str]]) -> tuple[str, ...]:
    devices = {e["device"] for e in environments.values() if e.get("device", "cpu") != "cpu"}
    return tuple(
        f"runs on {device} do not repeat bit for bit: it adds in any order"
        for device in sorted(devices)
    )


def _picture_hash(dataset: Dataset) -> str:
    """SHA-256 over the contents of all pictures, in the order of the images."""
    if dataset.image_root is None:
        return "none"
    digest = hashlib.sha256()
    for name in dataset.file_name:
        path = dataset.image_root / name
        data = path.read_bytes() if path.is_file() else b""
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()


def _by_name(names: tuple[str, ...], values: Longs) -> dict[str, int]:
    return {name: int(value) for name, value in zip(names, np.asarray(values), strict=True)}


def _check_named(arm: Arm, names: tuple[str, ...], where: str) -> None:
    for name in arm.classes or ():
        if name not in names:
            place = f'{where}: arm "{arm.name}": classes'
            raise unknown_class(name, names, what="The data know no such class", where=place)


def _named(arm: Arm) -> tuple[str, ...]:
    """Host and target of a label change, and the classes that a recipe change is about."""
    named = list(arm.classes or ())
    if arm.change is not None and arm.change.swap is not None:
        named = [arm.change.swap.host, arm.change.swap.target, *named]
    return tuple(dict.fromkeys(named))


def _touched(arm: Arm, names: tuple[str, ...]) -> tuple[str, ...]:
    """Classes whose training the change may alter: all of them for a recipe change."""
    if arm.change is None:
        return ()
    return names if arm.change.recipe else _named(arm)
