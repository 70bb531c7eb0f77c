"""The one port of the training stage: what a trainer takes and gives.

Behind it: `oracle` (no training) and `torchvision`. A trainer knows nothing of trials, arms or
folders; it reads and writes its own files through a Workspace.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from segtrial.types.dataset import Dataset
from segtrial.types.detections import Detections
from segtrial.types.edits import Edits
from segtrial.types.progress import Report
from segtrial.types.recipe import Recipe


class Workspace(Protocol):
    """Where a run's files go. Writes are atomic."""

    def read(self, name: str) -> bytes | None:
        """The file's bytes, or None."""

    def write(self, name: str, data: bytes) -> None:
        """Write the whole file."""

    def remove(self, name: str) -> None:
        """Delete the file if it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run as a trainer sees it. `weights_root`: what a relative weights path starts from."""

    recipe: Recipe
    seed: int
    class_names: tuple[str, ...]
    weights_root: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Read back from what training really saw: instances per class in one pass over the data."""

    instances: dict[str, int]
    without_area: int  # instances whose box has no area: never served
    warnings: tuple[str, ...] = ()  # what a reader of the results should know


class Trainer(Protocol):
    """`fit` leaves a checkpoint in the workspace; `predict` reads it.

    `scratch`: names of files that only serve to resume `fit`; removed once `fit` is on record.
    """

    scratch: tuple[str, ...]

    def environment(self, recipe: Recipe, weights_root: Path) -> dict[str, str]:
        """What else determines the result: versions, device, hash of the weights.

        Raises InputError for weights that are not there or do not fit.
        """

    def effective(self, recipe: Recipe, weights_root: Path) -> dict[str, Any]:
        """The recipe as it acts: dotted keys → values, defaults resolved, keys that this model
        does not read left out, and which parts the weights fill. Two arms are compared by it.
        """

    def fit(
        self, job: Job, train: Dataset, edits: Edits | None, workspace: Workspace, report: Report
    ) -> Served:
        """Train, resuming from what the workspace holds. Raises RunError when it fails."""

    def predict(
        self, job: Job, images: Dataset, workspace: Workspace, report: Report
    ) -> Detections:
        """Detections on the images, from the checkpoint."""

    def estimate_seconds(self, job: Job, train: Dataset, val: Dataset) -> float:
        """Seconds of one run, from timing a few batches."""
