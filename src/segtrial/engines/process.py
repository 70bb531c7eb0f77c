"""The engine that runs everything in this process, one task after another."""

from __future__ import annotations

from collections.abc import Sequence

from segtrial.engines.port import Event, Listen, Task, Work, reporter
from segtrial.types.errors import SegtrialError


class ProcessEngine:
    """One task after another, here."""

    def run(self, tasks: Sequence[Task], work: Work[Task], listen: Listen) -> None:
        """Do every task in order. What a task raises makes it a failed one."""
        for index, task in enumerate(tasks):
            listen(Event(index=index, kind="started"))
            try:
                work(task, reporter(index, listen))
            except Exception as error:  # noqa: BLE001  # whatever a run raises is its failure
                listen(Event(index=index, kind="failed", message=describe(error)))
            else:
                listen(Event(index=index, kind="done"))


def describe(error: BaseException) -> str:
    """An error in a line or a few: our own as they are, others with their kind."""
    text = str(error)
    return text if isinstance(error, SegtrialError) else f"{type(error).__name__}: {text}"
