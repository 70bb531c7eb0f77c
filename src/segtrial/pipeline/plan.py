"""Trial + data → Plan: arms with their one difference, runs with ids that hash all they need."""

from __future__ import annotations

import numpy as np

from segtrial.pipeline.context import Context
from segtrial.pipeline.differences import check_one_difference, differences, recipe_of
from segtrial.pipeline.load import Loaded, arm_labels, load_data
from segtrial.store.codec import to_canonical_json
from segtrial.store.folder import sha256
from segtrial.trainers import trainer_for
from segtrial.types.arrays import Longs
from segtrial.types.dataset import Dataset
from segtrial.types.errors import TrialError, unknown_class
from segtrial.types.plan import Difference, Plan, PlannedArm, PlannedRun
from segtrial.types.recipe import MaskRcnnRecipe, OracleRecipe, Recipe
from segtrial.types.trial import Arm, Trial

RECORD_VERSION = 1  # counts up when a record's bytes change for the same input


def make_plan(context: Context, loaded: Loaded | None = None) -> Plan:
    """Everything the trial expands to. Nothing is trained and nothing but generated data written.

    Raises TrialError, DataError or ConfoundedError for what cannot be a controlled trial.
    """
    trial = context.trial
    recipes = {arm.name: recipe_of(trial, arm, context.name) for arm in trial.arms}
    found = {arm.name: _differences(trial, arm, recipes, context.name) for arm in trial.arms}
    loaded = loaded or load_data(trial, root=context.root, generated=context.generated)
    names = loaded.train.class_names
    for arm in trial.arms:
        _check_named(arm, names, context.name)
    labels = {arm.name: _label_hashes(trial, arm, loaded.train) for arm in trial.arms}
    environments = {
        name: trainer_for(recipe).environment(recipe, context.root)
        for name, recipe in recipes.items()
    }
    arms = []
    runs = []
    counts: dict[str, dict[str, int]] = {}
    for arm in trial.arms:
        hashes = labels[arm.name]
        counts[arm.name] = _counts(names, arm_labels(trial, arm, trial.seeds[0], loaded.train)[0])
        control = None if arm is trial.arms[0] else arm.control or trial.arms[0].name
        arms.append(
            PlannedArm(
                name=arm.name,
                control=control,
                change=arm.change,
                recipe=recipes[arm.name],
                differences=tuple(found[arm.name]),
                named_classes=_named(arm),
                touched_classes=_touched(arm, names),
                confounded=arm.confounded,
                counts_before=counts[control] if control in counts else counts[arm.name],
                counts_after=counts[arm.name],
            )
        )
        for seed in trial.seeds:
            runs.append(
                PlannedRun(
                    arm=arm.name,
                    seed=seed,
                    labels_sha256=hashes[seed],
                    run_id=_run_id(
                        loaded, recipes[arm.name], hashes[seed], seed, environments[arm.name]
                    ),
                )
            )
    val_counts = loaded.val.instance_counts()
    return Plan(
        trial=context.name,
        question=trial.question,
        primary=primary_metric(trial, recipes),
        margin=trial.margin,
        resamples=trial.resamples,
        seeds=trial.seeds,
        class_names=names,
        train_images=loaded.train.images,
        val_images=loaded.val.images,
        train_sha256=loaded.train.fingerprint(),
        val_sha256=loaded.val.fingerprint(),
        val_instances=_by_name(names, val_counts),
        val_positive_images=_by_name(names, loaded.val.image_counts()),
        environment=_shared(environments),
        arms=tuple(arms),
        runs=tuple(runs),
        notes=loaded.notes,
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


def _differences(
    trial: Trial, arm: Arm, recipes: dict[str, Recipe], where: str
) -> list[Difference]:
    if arm.change is None:
        return []
    control = recipes[arm.control or trial.arms[0].name]
    found = differences(control, recipes[arm.name], arm.change.recipe)
    check_one_difference(arm, found, where)
    return found


def _shared(environments: dict[str, dict[str, str]]) -> dict[str, str]:
    """What the trainers depend on besides recipe and data; what differs bears its arm's name."""
    out: dict[str, str] = {}
    for name, environment in environments.items():
        for key, value in environment.items():
            out[key if out.get(key, value) == value else f"{key} ({name})"] = value
    return out


def _run_id(
    loaded: Loaded, recipe: Recipe, labels: str, seed: int, environment: dict[str, str]
) -> str:
    """Hash of all that determines a run's records."""
    return sha256(
        to_canonical_json(
            {
                "version": RECORD_VERSION,
                "train": labels,
                "train_pictures": _picture_sizes(loaded.train),
                "val": loaded.val.fingerprint(),
                "val_pictures": _picture_sizes(loaded.val),
                "recipe": recipe,
                "seed": seed,
                "environment": environment,
            }
        )
    )


def _picture_sizes(dataset: Dataset) -> str:
    """Hash over the pictures' file sizes: a picture that was exchanged changes the run."""
    if dataset.image_root is None:
        return "none"
    paths = (dataset.image_root / name for name in dataset.file_name)
    sizes = [path.stat().st_size if path.is_file() else -1 for path in paths]
    return sha256(to_canonical_json(sizes))


def _label_hashes(trial: Trial, arm: Arm, train: Dataset) -> dict[int, str]:
    return {seed: arm_labels(trial, arm, seed, train)[0].fingerprint() for seed in trial.seeds}


def _counts(names: tuple[str, ...], dataset: Dataset) -> dict[str, int]:
    return _by_name(names, dataset.instance_counts())


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
