"""A pool of processes on this machine: each does one task at a time.

A worker that dies fails its task alone and is replaced. Workers die with their parent, so a
killed trial leaves nothing behind that still writes.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from segtrial.engines.port import Event, Listen, Task, Work, reporter
from segtrial.engines.process import describe

_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    index: int | None = None


class LocalEngine:
    """`workers` processes, started by spawn; threads of each are the task's own business."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, tasks: Sequence[Task], work: Work[Task], listen: Listen) -> None:
        """Do every task. On any exception here (Ctrl-C included) all workers are killed."""
        waiting = list(range(len(tasks)))
        pool: list[_Worker] = []
        try:
            while waiting or any(worker.index is not None for worker in pool):
                while len(pool) < min(self.workers, len(tasks)) and waiting:
                    pool.append(_start(work))
                for worker in pool:
                    if worker.index is None and waiting:
                        worker.index = waiting.pop(0)
                        listen(Event(index=worker.index, kind="started"))
                        # A worker that died in the meantime is found by `wait` below.
                        with contextlib.suppress(OSError):
                            worker.pipe.send((worker.index, tasks[worker.index]))
                for pipe in wait([worker.pipe for worker in pool]):
                    worker = next(w for w in pool if w.pipe is pipe)
                    if not _receive(worker, listen):
                        pool.remove(worker)
        finally:
            for worker in pool:
                worker.process.kill()
                worker.process.join()
                worker.pipe.close()


def _start(work: Work[Task]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, work, os.getpid()), daemon=True)
    process.start()
    there.close()
    return _Worker(process=process, pipe=here)


def _receive(worker: _Worker, listen: Listen) -> bool:
    """Handle one message; False when the worker is gone (its task has then failed)."""
    try:
        event: Event = worker.pipe.recv()
    except (EOFError, OSError):
        worker.process.join()
        if worker.index is not None:
            code = worker.process.exitcode
            listen(
                Event(
                    index=worker.index,
                    kind="failed",
                    message=f"the worker process ended with code {code} (out of memory, or killed)",
                )
            )
        return False
    if event.kind in {"done", "failed"}:
        worker.index = None
    listen(event)
    return True


def _serve(pipe: Connection, work: Work[Task], parent: int) -> None:
    """The worker's loop: a task in, events out, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    _die_with_parent(parent)
    while True:
        try:
            index, task = pipe.recv()
        except EOFError:
            return
        try:
            work(task, reporter(index, pipe.send))
        except Exception as error:  # noqa: BLE001  # whatever a run raises is its failure
            pipe.send(Event(index=index, kind="failed", message=describe(error)))
        else:
            pipe.send(Event(index=index, kind="done"))


def _die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when its parent ends, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
