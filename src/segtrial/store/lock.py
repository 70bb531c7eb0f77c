"""One writer a run folder: the second is told who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from segtrial.types.errors import RecordError

LOCK = ".lock"


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the folder while the block runs; the system frees it when the process ends.

    Raises RecordError where another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise RecordError(
                "Another process is running this trial.",
                where=str(folder),
                got=f"held by process {file.read().strip() or 'unknown'}",
                next_step="wait for it, or name another folder with --runs",
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
