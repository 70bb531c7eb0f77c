"""Errors of the system, closed pipes, hints: what the commands do when something goes wrong."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from segtrial.cli.app import again
from segtrial.cli.guard import guarded
from tests.pipeline.trials import ORACLE

RED = "\x1b[31m"


def segtrial(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "segtrial", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        **options,
    )


def oracle(folder: Path, name: str = "oracle.toml") -> Path:
    path = folder / name
    path.write_text(ORACLE)
    return path


def test_runs_in_a_file_is_said(tmp_path):
    file = tmp_path / "afile"
    file.write_text("")
    done = segtrial("run", oracle(tmp_path), "--runs", file)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    block = done.stderr[done.stderr.index("error: ") :]
    assert str(file) in block
    assert "name a folder" in block


@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC, errno.EIO, errno.EPIPE])
def test_an_error_of_the_system_is_a_block_and_code_2(code, capsys):
    with pytest.raises(typer.Exit) as caught, guarded():
        raise OSError(code, os.strerror(code), f"runs/{RED}t")
    assert caught.value.exit_code == 2
    text = capsys.readouterr().err
    assert text.startswith("error: The system refused")
    assert os.strerror(code) in text
    assert "runs/\N{REPLACEMENT CHARACTER}[31mt" in text


def test_a_reader_that_went_away_ends_an_answer_with_141(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    done = segtrial("plan", oracle(tmp_path), "--runs", tmp_path, "--json", stdout=writing)
    os.close(writing)
    assert done.returncode == 141, done.stderr
    assert done.stderr == ""


def test_a_pipe_that_breaks_elsewhere_is_not_taken_for_that(capsys):
    with pytest.raises(typer.Exit) as caught, guarded():
        raise BrokenPipeError
    assert caught.value.exit_code == 2
    assert "BrokenPipeError" in capsys.readouterr().err


def test_a_file_name_commands_no_terminal(tmp_path):
    trial = oracle(tmp_path, f"{RED}.toml")
    done = segtrial("run", trial, "--runs", tmp_path / "runs", "--workers", 1)
    assert "\x1b" not in done.stderr
    assert "\N{REPLACEMENT CHARACTER}[31m" in done.stderr


def test_the_hint_is_the_command_that_was_given(capsys):
    options = {"--data": None, "--runs": Path("my runs"), "--workers": 3}
    hint = again(["run", "a trial's.toml"], options)
    assert shlex.split(hint) == [
        *("segtrial", "run", "a trial's.toml", "--runs", "my runs", "--workers", "3")
    ]
    with pytest.raises(typer.Exit) as caught, guarded(resume=hint):
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130
    assert f"\n  {hint}\n" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "demo"])
def test_an_interrupted_command_repeats_every_option(command, tmp_path, monkeypatch):
    import segtrial.cli.commands
    from segtrial.cli.app import app

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(segtrial.cli.commands, "run_command", interrupted)
    given = {
        "run": ["run", "a b.toml", "--data", "d d", "--runs", "r", "--workers", "2"],
        "demo": ["demo", "--out", "o o", "--workers", "2"],
    }[command]
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, given)
    assert result.exit_code == 130
    assert shlex.join(["segtrial", *given]) in result.stderr
