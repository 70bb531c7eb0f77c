"""A trial bound to its places: what every stage of the pipeline is handed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from segtrial.types.trial import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`trial_text`: the file as written. `root`: what relative paths start from. `folder`:
    `runs/<trial name>`, where all records of the trial go. `command`: what repeats it.
    """

    name: str
    trial: Trial
    trial_text: str
    root: Path
    folder: Path
    command: str

    @property
    def generated(self) -> Path:
        """Where the embedded data lie: shared by the trials of one runs folder."""
        return self.folder.parent / "data"

    def labels_path(self, fingerprint: str) -> Path:
        """A split of the data, parsed and checked."""
        return self.folder / "data" / f"{fingerprint[:16]}.labels"

    def run_path(self, arm: str, seed: int) -> Path:
        """Folder of one run's records."""
        return self.folder / "runs" / arm / f"seed-{seed}"

    def arm_path(self, arm: str, seed: int) -> Path:
        """Folder of one arm's labels and ledger."""
        return self.folder / "arms" / arm / f"seed-{seed}"
