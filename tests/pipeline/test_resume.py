"""Killed anywhere and run again: the same bytes as without."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.trials import ORACLE, TINY

ROOT = Path(__file__).parents[2]


def records(folder: Path) -> dict[str, str]:
    """Every file of a trial's folder but the lock and the place it lies at."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {".lock", "place.json"}
    }


def attempt(trial: Path, runs: Path, moment: str, count: int) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.killed_run", trial, runs, moment, str(count)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, str]]]:
    out = {}
    for name, text in (("oracle", ORACLE), ("tiny", TINY)):
        folder = tmp_path_factory.mktemp(name)
        trial = folder / "trial.toml"
        trial.write_text(text)
        assert attempt(trial, folder / "runs", "never", 0) == 0
        out[name] = (trial, records(folder / "runs" / "trial"))
    return out


SLOW = [pytest.param(count, marks=pytest.mark.slow) for count in (1, 3, 6, 11, 15, 24, 31, 40)]


@pytest.mark.parametrize("count", [20, *SLOW])
def test_killed_in_the_middle_of_a_write_resumes_to_the_same_bytes(undisturbed, tmp_path, count):
    trial, expected = undisturbed["oracle"]
    assert attempt(trial, tmp_path, "write", count) == -signal.SIGKILL
    assert attempt(trial, tmp_path, "never", 0) == 0
    assert records(tmp_path / "trial") == expected


@pytest.mark.parametrize("count", [9, *SLOW])
def test_killed_in_the_middle_of_a_training_write_resumes_to_the_same_bytes(
    undisturbed, tmp_path, count
):
    trial, expected = undisturbed["tiny"]
    assert attempt(trial, tmp_path, "write", count) == -signal.SIGKILL
    assert attempt(trial, tmp_path, "never", 0) == 0
    assert records(tmp_path / "trial") == expected


@pytest.mark.parametrize("count", [4, *SLOW[:1], pytest.param(9, marks=pytest.mark.slow)])
def test_killed_during_training_resumes_to_the_same_bytes(undisturbed, tmp_path, count):
    trial, expected = undisturbed["tiny"]
    assert attempt(trial, tmp_path, "epoch", count) == -signal.SIGKILL
    assert attempt(trial, tmp_path, "never", 0) == 0
    assert records(tmp_path / "trial") == expected


def test_killed_during_analysis_resumes_to_the_same_bytes(undisturbed, tmp_path):
    trial, expected = undisturbed["oracle"]
    assert attempt(trial, tmp_path, "analysis", 5) == -signal.SIGKILL
    assert attempt(trial, tmp_path, "never", 0) == 0
    assert records(tmp_path / "trial") == expected


def test_what_is_done_is_not_done_again(undisturbed):
    trial, expected = undisturbed["tiny"]
    runs = trial.parent / "runs"
    before = {path: path.stat().st_mtime_ns for path in (runs / "trial" / "runs").rglob("*")}
    assert attempt(trial, runs, "epoch", 1) == 0  # a single training step would have killed it
    assert records(runs / "trial") == expected
    after = {path: path.stat().st_mtime_ns for path in (runs / "trial" / "runs").rglob("*")}
    assert after == before


@pytest.mark.parametrize(
    "name", ["checkpoint.json", "served.json", "detections.npz", "overlaps.npz", "scores.json"]
)
def test_a_damaged_or_missing_record_is_made_again(undisturbed, tmp_path, name):
    trial, expected = undisturbed["oracle"]
    shutil.copytree(trial.parent / "runs", tmp_path / "runs")
    run = tmp_path / "runs" / "trial" / "runs" / "base"
    data = bytearray((run / "seed-0" / name).read_bytes())
    data[len(data) // 2] ^= 0xFF
    (run / "seed-0" / name).write_bytes(bytes(data))
    (run / "seed-1" / name).unlink()
    (run / "seed-2" / "stray.txt").write_text("not ours")
    assert attempt(trial, tmp_path / "runs", "never", 0) == 0
    (run / "seed-2" / "stray.txt").unlink()
    assert records(tmp_path / "runs" / "trial") == expected


def test_another_runs_detections_are_not_taken_for_ours(undisturbed, tmp_path):
    trial, expected = undisturbed["oracle"]
    shutil.copytree(trial.parent / "runs", tmp_path / "runs")
    runs = tmp_path / "runs" / "trial" / "runs"
    shutil.copy(runs / "car2person/seed-0/detections.npz", runs / "base/seed-1/detections.npz")
    (runs / "base/seed-1/scores.json").unlink()
    assert attempt(trial, tmp_path / "runs", "never", 0) == 0
    assert records(tmp_path / "runs" / "trial") == expected


def test_a_damaged_training_state_is_as_good_as_none(undisturbed, tmp_path):
    trial, expected = undisturbed["tiny"]
    assert attempt(trial, tmp_path, "epoch", 4) == -signal.SIGKILL
    (state,) = tmp_path.rglob("training_state.pt")
    data = bytearray(state.read_bytes())
    data[len(data) // 2] ^= 1
    state.write_bytes(bytes(data))
    assert attempt(trial, tmp_path, "never", 0) == 0
    assert records(tmp_path / "trial") == expected


def test_a_damaged_ledger_is_written_again(undisturbed, tmp_path):
    trial, expected = undisturbed["oracle"]
    shutil.copytree(trial.parent / "runs", tmp_path / "runs")
    arm = tmp_path / "runs" / "trial" / "arms" / "car2person"
    (arm / "seed-0" / "edits.jsonl").write_text("oops")
    (arm / "seed-1" / "labels.json").unlink()
    assert attempt(trial, tmp_path / "runs", "never", 0) == 0
    assert records(tmp_path / "runs" / "trial") == expected
