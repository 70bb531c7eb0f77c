"""Folders of records: atomic writes, and manifests that say when a run is complete."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from segtrial.store.codec import to_json

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "manifest.json"
STAGES = ("fit", "predict", "score")
KEPT = (MANIFEST, "run.json")  # what says whose folder it is


def write_atomically(path: Path, data: bytes) -> None:
    """Write under a temporary name, flush to disk, rename: a reader sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
    _sync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove what writers that were killed left half done; only for who holds the folder."""
    for stale in folder.rglob(".*.tmp"):
        stale.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The run's id and, stage by stage, the hash of each record that the stage left."""

    run_id: str
    stages: dict[str, dict[str, str]] = {}


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The records of one run: `runs/<arm>/seed-<n>/`."""

    path: Path

    def read(self, name: str) -> bytes | None:
        """A record's bytes, or None where it is not there."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """Write one record atomically."""
        write_atomically(self.path / name, data)

    def remove(self, name: str) -> None:
        """Delete a record that is no longer needed; no error where there is none."""
        (self.path / name).unlink(missing_ok=True)

    def manifest(self) -> Manifest | None:
        """The manifest, or None where there is none or it cannot be read."""
        data = self.read(MANIFEST)
        try:
            return None if data is None else msgspec.json.decode(data, type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def sound_stages(self, run_id: str) -> list[str]:
        """The stages, in their order, up to the first that is missing or holds a changed record."""
        manifest = self.manifest()
        sound: list[str] = []
        if manifest is None or manifest.run_id != run_id:
            return sound
        for stage in STAGES:
            files = manifest.stages.get(stage)
            if files is None or any(self._digest(name) != h for name, h in files.items()):
                break
            sound.append(stage)
        return sound

    def holds(self, stage: str) -> bool:
        """Whether one stage is sealed and each of its records is as it was."""
        manifest = self.manifest()
        files = None if manifest is None else manifest.stages.get(stage)
        return files is not None and all(self._digest(n) == h for n, h in files.items())

    def is_complete(self, run_id: str) -> bool:
        """Whether every stage is sealed and every record has the hash that the manifest states."""
        return self.sound_stages(run_id) == list(STAGES)

    def begin(self, run_id: str, scratch: tuple[str, ...]) -> list[str]:
        """Make the folder fit to go on: the sound stages, with nothing else but scratch files.

        Records of later stages, damaged or unknown, are deleted; `scratch` stays only while the
        first stage is not sealed, and only in a folder that no manifest has sealed.
        """
        sound = self.sound_stages(run_id)
        manifest = self.manifest()
        stages = {} if manifest is None else {s: manifest.stages[s] for s in sound}
        keep = {name for files in stages.values() for name in files} | set(KEPT)
        if manifest is None and self.read("run.json") is not None:
            keep |= set(scratch)
        if self.path.is_dir():
            for path in self.path.iterdir():
                if path.is_file() and path.name not in keep:
                    path.unlink()
        if stages:
            self.write(MANIFEST, to_json(Manifest(run_id=run_id, stages=stages)))
        else:
            self.remove(MANIFEST)  # last: until then the folder is still known to be damaged
        return sound

    def seal(self, run_id: str, stage: str, names: list[str]) -> None:
        """Put a stage's records on the manifest; with the last stage the run is complete."""
        manifest = self.manifest() or Manifest(run_id=run_id)
        files = {name: sha256((self.path / name).read_bytes()) for name in sorted(names)}
        stages = manifest.stages | {stage: files}
        self.write(MANIFEST, to_json(Manifest(run_id=run_id, stages=stages)))

    def _digest(self, name: str) -> str | None:
        data = self.read(name)
        return None if data is None else sha256(data)


class Recorder:
    """A workspace that remembers which records a stage wrote and did not remove."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.names: set[str] = set()

    def read(self, name: str) -> bytes | None:
        """A record's bytes, or None where it is not there."""
        return self.folder.read(name)

    def write(self, name: str, data: bytes) -> None:
        """Write one record atomically."""
        self.folder.write(name, data)
        self.names.add(name)

    def remove(self, name: str) -> None:
        """Delete a record."""
        self.folder.remove(name)
        self.names.discard(name)
