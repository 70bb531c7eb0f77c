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
    """The run's id and the hash of each of its records."""

    run_id: str
    files: dict[str, str]


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

    def seal(self, run_id: str, names: tuple[str, ...]) -> None:
        """Write the manifest: from here on the run is complete."""
        files = {name: sha256((self.path / name).read_bytes()) for name in names}
        self.write(MANIFEST, to_json(Manifest(run_id=run_id, files=files)))

    def manifest(self) -> Manifest | None:
        """The manifest, or None where there is none or it cannot be read."""
        data = self.read(MANIFEST)
        try:
            return None if data is None else msgspec.json.decode(data, type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def is_complete(self, run_id: str) -> bool:
        """Whether the manifest is this run's and every record has the hash that it states."""
        manifest = self.manifest()
        if manifest is None or manifest.run_id != run_id:
            return False
        for name, digest in manifest.files.items():
            data = self.read(name)
            if data is None or sha256(data) != digest:
                return False
        return True
