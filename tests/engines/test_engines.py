"""Both engines do every task, tell of failures, and outlive a worker that dies."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from segtrial.engines import Event, LocalEngine, ProcessEngine, engine_for
from segtrial.types.errors import DataError


def work(task: tuple[str, str], report) -> None:
    kind, path = task
    report("stage", 1, 2, "half")
    if kind == "fail":
        raise DataError("A file is bad.", where="x.json")
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    Path(path).write_text(str(os.getpid()))


@pytest.mark.parametrize("engine", [ProcessEngine(), LocalEngine(2)])
def test_every_task_is_done_and_failures_are_told(engine, tmp_path):
    tasks = [("ok", str(tmp_path / f"{i}")) for i in range(3)] + [("fail", "")]
    events: list[Event] = []
    engine.run(tasks, work, events.append)
    ends = {e.index: e.kind for e in events if e.kind in {"done", "failed"}}
    assert ends == {0: "done", 1: "done", 2: "done", 3: "failed"}
    assert all((tmp_path / f"{i}").exists() for i in range(3))
    assert any("A file is bad." in e.message for e in events if e.kind == "failed")
    assert [e for e in events if e.kind == "progress" and e.stage == "stage"]


def test_a_worker_that_is_killed_fails_its_task_alone(tmp_path):
    tasks = [("die", ""), ("ok", str(tmp_path / "a")), ("ok", str(tmp_path / "b"))]
    events: list[Event] = []
    LocalEngine(1).run(tasks, work, events.append)
    ends = {e.index: e for e in events if e.kind in {"done", "failed"}}
    assert ends[0].kind == "failed"
    assert "-9" in ends[0].message
    assert ends[1].kind == ends[2].kind == "done"


def test_a_worker_that_dies_between_tasks_fails_the_next_alone(tmp_path):
    tasks = [("ok", str(tmp_path / name)) for name in "abc"]
    events: list[Event] = []

    def kill_when_idle(event: Event) -> None:
        events.append(event)
        if event.kind == "done" and event.index == 0:
            os.kill(int((tmp_path / "a").read_text()), signal.SIGKILL)
            time.sleep(0.2)

    LocalEngine(1).run(tasks, work, kill_when_idle)
    ends = {e.index: e.kind for e in events if e.kind in {"done", "failed"}}
    assert ends == {0: "done", 1: "failed", 2: "done"}


def test_an_interrupt_kills_the_workers(tmp_path):
    pids: list[int] = []

    def interrupt(event: Event) -> None:
        if event.kind == "done":
            pids.append(int((tmp_path / "a").read_text()))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalEngine(1).run([("ok", str(tmp_path / "a")), ("ok", "b")], work, interrupt)
    assert not Path(f"/proc/{pids[0]}").exists()


def test_one_worker_stays_in_this_process():
    assert isinstance(engine_for(1), ProcessEngine)
    assert isinstance(engine_for(2), LocalEngine)
