"""Progress of a trial: bars on a terminal, a line a run elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from segtrial.cli.streams import clean, say
from segtrial.engines import Event
from segtrial.types.plan import PlannedRun


class TimeLeft(ProgressColumn):
    """What is left at the mean speed so far: runs end in bursts, so a recent speed misleads."""

    def render(self, task: Task) -> Text:
        """ "3:05 left", or nothing before the first step is done."""
        if not task.completed or task.total is None or task.elapsed is None:
            return Text("")
        seconds = round(task.elapsed / task.completed * (task.total - task.completed))
        hours, rest = divmod(seconds, 3600)
        clock = (
            f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
        )
        return Text(f"{clock} left")


class RunsProgress:
    """Listens to an engine: one bar for all runs, one for each that is running."""

    def __init__(self, console: Console, runs: list[PlannedRun]) -> None:
        self.console = console
        self.runs = runs
        self.begun: dict[int, float] = {}
        self.bars: dict[int, TaskID] = {}
        self.stages: dict[int, str] = {}
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[message]}", markup=False),
            TimeElapsedColumn(),
            TimeLeft(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.total = self.progress.add_task("runs", total=len(runs), message="")
        self.finished = 0

    def __call__(self, event: Event) -> None:
        """Show one event."""
        run = self.runs[event.index]
        name = clean(f"{run.arm} seed {run.seed}")
        if event.kind == "started":
            self.begun[event.index] = time.monotonic()
            self.bars[event.index] = self.progress.add_task(name, total=None, message="")
        elif event.kind == "progress":
            if self.stages.get(event.index) != event.stage:  # its own clock for each stage
                self.stages[event.index] = event.stage
                self.progress.reset(self.bars[event.index], first=event.done)
            self.progress.update(
                self.bars[event.index],
                description=f"{name}: {clean(event.stage)}",
                completed=event.done,
                total=event.total,
                message=clean(event.message),
            )
        else:
            self._end(event, name)

    def _end(self, event: Event, name: str) -> None:
        self.progress.remove_task(self.bars.pop(event.index))
        self.finished += 1
        self.progress.update(self.total, completed=self.finished)
        seconds = time.monotonic() - self.begun[event.index]
        count = f"[{self.finished}/{len(self.runs)}]"
        if event.kind == "failed":
            say(self.console, f"{count} {name}: failed. {event.message}", style="red")
        else:
            say(self.console, f"{count} {name}: done in {seconds:.0f} s")


@contextlib.contextmanager
def showing(console: Console, runs: list[PlannedRun]) -> Iterator[RunsProgress]:
    """Progress of `runs` while the block runs."""
    listener = RunsProgress(console, runs)
    with listener.progress:
        yield listener


@contextlib.contextmanager
def counting(console: Console, name: str) -> Iterator[Callable[[int, int], None]]:
    """A single bar: the block gets `report(done, total)`."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        bar = progress.add_task(name, total=None, visible=False)

        def report(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total, visible=True)

        yield report
