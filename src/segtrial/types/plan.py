"""What a trial expands to: arms with their differences, runs with their ids."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from segtrial.types.recipe import Recipe
from segtrial.types.trial import Change


class Difference(Struct, frozen=True, kw_only=True):
    """One key in which an arm differs from its control. `declared` = the change names it."""

    key: str
    control: Any
    arm: Any
    declared: bool


class PlannedArm(Struct, frozen=True, kw_only=True):
    """An arm as it will run. `counts_*` = training instances per class, of its control and its own
    (the same for every seed: only which instances are relabelled is drawn).
    """

    name: str
    control: str | None
    change: Change | None
    recipe: Recipe
    differences: tuple[Difference, ...]
    named_classes: tuple[str, ...]
    touched_classes: tuple[str, ...]
    confounded: str | None
    counts_before: dict[str, int]
    counts_after: dict[str, int]


class PlannedRun(Struct, frozen=True, kw_only=True):
    """One unit of work. `run_id` is the hash of all that determines its records."""

    arm: str
    seed: int
    run_id: str
    labels_sha256: str


class Plan(Struct, frozen=True, kw_only=True):
    """A frozen trial: what will be run, on what, in which environment."""

    trial: str
    question: str
    primary: str
    margin: float
    resamples: int
    seeds: tuple[int, ...]
    class_names: tuple[str, ...]
    train_images: int
    val_images: int
    train_sha256: str
    val_sha256: str
    val_instances: dict[str, int]
    val_positive_images: dict[str, int]
    environment: dict[str, str]
    arms: tuple[PlannedArm, ...]
    runs: tuple[PlannedRun, ...]
    notes: tuple[str, ...] = ()  # what a reader should know about the data
