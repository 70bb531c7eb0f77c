"""One writer a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from segtrial.store.lock import hold
from segtrial.types.errors import RecordError

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from segtrial.store.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""
TRIER = """
import sys
from pathlib import Path
from segtrial.store.lock import hold
from segtrial.types.errors import RecordError
try:
    with hold(Path(sys.argv[1])):
        print("held")
except RecordError as error:
    print(error.got)
"""


def start(script: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_second_process_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with hold(tmp_path / "runs"):
        second, _ = start(TRIER, tmp_path / "runs").communicate(timeout=30)
    assert second.strip() == f"held by process {os.getpid()}"


def test_the_folder_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    with start(HOLDER, tmp_path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RecordError, match="Another process") as caught, hold(tmp_path):
            pass
        assert caught.value.got == f"held by process {holder.pid}"
        assert caught.value.where == str(tmp_path)
        assert caught.value.next_step
        holder.kill()
        holder.wait(timeout=30)
        with hold(tmp_path):
            pass


def test_holding_within_one_process_is_refused_twice_and_free_afterwards(tmp_path: Path) -> None:
    with hold(tmp_path):
        with pytest.raises(RecordError), hold(tmp_path):
            pass
        with pytest.raises(RecordError), hold(tmp_path):  # the refusal did not free it
            pass
    with hold(tmp_path):
        pass


def test_an_error_in_the_block_frees_the_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyError), hold(tmp_path):
        raise KeyError
    with hold(tmp_path):
        pass


def test_other_folders_are_free(tmp_path: Path) -> None:
    with hold(tmp_path / "a"), hold(tmp_path / "b"):
        pass
