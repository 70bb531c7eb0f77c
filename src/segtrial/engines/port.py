"""Where runs execute: what an engine takes and gives. Engines know nothing of trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from segtrial.types.progress import Report

Task = TypeVar("Task")
Work: TypeAlias = Callable[[Task, Report], None]
"""Does one task; raises to fail. Must be picklable for engines with other processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to task number `index`.

    `kind`: "started", "progress", "done" or "failed"; `message` says why it failed.
    """

    index: int
    kind: str
    stage: str = ""
    done: int = 0
    total: int = 0
    message: str = ""


Listen: TypeAlias = Callable[[Event], None]


def reporter(index: int, send: Listen) -> Report:
    """A task's `report`, which becomes "progress" events of its number."""

    def report(stage: str, done: int, total: int, message: str) -> None:
        event = Event(
            index=index, kind="progress", stage=stage, done=done, total=total, message=message
        )
        send(event)

    return report


class Engine(Protocol):
    """Runs all tasks; one that fails does not stop the others."""

    def run(self, tasks: Sequence[Task], work: Work[Task], listen: Listen) -> None:
        """Do every task, telling `listen` what happens. KeyboardInterrupt stops all of them."""
