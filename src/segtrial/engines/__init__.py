"""Where runs execute."""

from __future__ import annotations

from segtrial.engines.local import LocalEngine
from segtrial.engines.port import Engine, Event
from segtrial.engines.process import ProcessEngine

__all__ = ["Engine", "Event", "LocalEngine", "ProcessEngine", "engine_for"]


def engine_for(workers: int) -> Engine:
    """This process for one worker, a pool of processes for more."""
    return ProcessEngine() if workers <= 1 else LocalEngine(workers)
