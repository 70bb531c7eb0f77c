"""Run folders: writing all or nothing, and knowing what is complete."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from segtrial.store.folder import MANIFEST, STAGES, RunFolder, sha256, sweep, write_atomically

NAMES = ("run.json", "detections.npz", "scores.json")


@pytest.fixture
def sealed(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "runs" / "a" / "seed-0")
    folder.write("run.json", b'{"seed": 0}\n')
    folder.write("detections.npz", bytes(range(256)))
    folder.write("scores.json", b"{}")
    for stage, name in zip(STAGES, NAMES, strict=True):
        folder.seal("id-1", stage, [name])
    return folder


def everything(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_a_write_replaces_the_whole_file_and_makes_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.json"
    write_atomically(path, b"long long long")
    write_atomically(path, b"short")
    assert path.read_bytes() == b"short"
    assert everything(tmp_path) == {"a", "a/b", "a/b/x.json"}


def test_a_parent_that_is_a_file_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    with pytest.raises(OSError, match=r"file"):
        write_atomically(tmp_path / "file" / "x.json", b"data")
    assert everything(tmp_path) == {"file"}
    assert (tmp_path / "file").read_bytes() == b"1"


def test_a_target_that_is_a_folder_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.json").mkdir()
    with pytest.raises(OSError, match=r"directory"):
        write_atomically(tmp_path / "x.json", b"data")
    assert everything(tmp_path) == {"x.json"}


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fills_up_keeps_the_old_file_and_no_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "x.json"
    write_atomically(path, b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert everything(tmp_path) == {"x.json"}


def test_a_record_that_is_not_there_is_none(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "nowhere")
    assert folder.read("run.json") is None
    assert folder.manifest() is None
    assert not folder.is_complete("id-1")
    folder.remove("run.json")


def test_a_sealed_run_is_complete_for_its_own_id_only(sealed: RunFolder) -> None:
    assert sealed.is_complete("id-1")
    assert not sealed.is_complete("id-2")
    manifest = sealed.manifest()
    assert manifest is not None
    assert manifest.run_id == "id-1"
    assert manifest.stages["fit"]["run.json"] == sha256(b'{"seed": 0}\n')


def test_a_run_is_not_complete_before_it_is_sealed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write("run.json", b"{}")
    assert not folder.is_complete("id-1")


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_or_missing_record_makes_a_run_incomplete(sealed: RunFolder, name: str) -> None:
    path = sealed.path / name
    whole = path.read_bytes()
    for place in range(0, len(whole), 37):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert not sealed.is_complete("id-1")
    path.write_bytes(whole + b"\n")
    assert not sealed.is_complete("id-1")
    path.write_bytes(whole)
    assert sealed.is_complete("id-1")
    sealed.remove(name)
    assert not sealed.is_complete("id-1")


def test_further_files_do_no_harm(sealed: RunFolder) -> None:
    sealed.write("log.jsonl", b"{}\n")
    assert sealed.is_complete("id-1")


def test_a_damaged_manifest_makes_a_run_incomplete(sealed: RunFolder) -> None:
    path = sealed.path / MANIFEST
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        for value in (0x00, 0x5A, 0xFF):
            changed = bytearray(whole)
            changed[place] = value
            path.write_bytes(changed)
            assert not sealed.is_complete("id-1"), (place, value)
    for end in range(0, len(whole) - 1, 5):
        path.write_bytes(whole[:end])
        assert not sealed.is_complete("id-1"), end


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b"\xff" * 9])
def test_a_manifest_of_something_else_is_no_manifest(sealed: RunFolder, data: bytes) -> None:
    (sealed.path / MANIFEST).write_bytes(data)
    assert sealed.manifest() is None
    assert not sealed.is_complete("id-1")


def test_sealing_what_is_not_there_fails_and_seals_nothing(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write("run.json", b"{}")
    with pytest.raises(FileNotFoundError):
        folder.seal("id-1", "fit", ["run.json", "missing.npz"])
    assert folder.manifest() is None


def test_sweeping_clears_what_killed_writers_left_and_nothing_else(sealed: RunFolder) -> None:
    root = sealed.path.parents[2]
    before = everything(root)
    (sealed.path / ".detections.npz.123.tmp").write_bytes(b"half")
    (root / ".plan.json.9.tmp").write_bytes(b"")
    sweep(root)
    assert everything(root) == before
    assert sealed.is_complete("id-1")
    sweep(root / "nowhere")


def test_two_seals_of_the_same_records_give_the_same_bytes(sealed: RunFolder) -> None:
    before = sealed.read(MANIFEST)
    sealed.seal("id-1", "predict", ["detections.npz"])
    assert sealed.read(MANIFEST) == before


def test_a_manifest_without_all_stages_is_not_complete(sealed: RunFolder) -> None:
    (sealed.path / MANIFEST).write_bytes(b'{"run_id": "id-1"}')
    assert sealed.sound_stages("id-1") == []
    assert not sealed.is_complete("id-1")


def test_a_damaged_stage_ends_the_sound_ones_and_begin_clears_what_follows(
    sealed: RunFolder,
) -> None:
    sealed.write("detections.npz", b"other")
    sealed.write("stray.txt", b"?")
    assert sealed.sound_stages("id-1") == ["fit"]
    assert sealed.begin("id-1", ()) == ["fit"]
    assert everything(sealed.path) == {"run.json", MANIFEST}
    assert sealed.sound_stages("id-1") == ["fit"]


def test_scratch_stays_until_the_first_stage_is_sealed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write("run.json", b"{}")
    folder.write("state.pt", b"1")
    folder.write("log.jsonl", b"1")
    assert folder.begin("id-1", ("state.pt",)) == []
    assert everything(tmp_path) == {"run.json", "state.pt"}
    folder.seal("id-1", "fit", ["run.json"])
    assert folder.begin("id-1", ("state.pt",)) == ["fit"]
    assert everything(tmp_path) == {"run.json", MANIFEST}


def test_scratch_of_a_folder_that_says_not_whose_it_is_goes(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write("state.pt", b"1")
    assert folder.begin("id-1", ("state.pt",)) == []
    assert everything(tmp_path) == set()
