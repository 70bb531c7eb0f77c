"""A process that runs a trial and kills itself (SIGKILL) at a stated moment.

    python -m tests.pipeline.killed_run TRIAL RUNS MOMENT COUNT

MOMENT: "write" = in the middle of the COUNT-th atomic write, with half the bytes on disk;
"epoch" = after the COUNT-th training step; "analysis" = in the COUNT-th bootstrap call.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from segtrial.engines import Event
from segtrial.pipeline import analyse, run
from segtrial.store import folder

left = 0


def die_after(count: int) -> None:
    global left  # noqa: PLW0603
    left = count


def tick() -> None:
    global left  # noqa: PLW0603
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def patch(moment: str) -> None:
    if moment == "write":
        real_open = Path.open

        class Halving:
            def __init__(self, file) -> None:
                self.file = file

            def __enter__(self):
                return self

            def __exit__(self, *error):
                self.file.close()

            def write(self, data: bytes) -> None:
                self.file.write(data[: len(data) // 2])
                self.file.flush()
                tick()
                self.file.write(data[len(data) // 2 :])

            def flush(self) -> None:
                self.file.flush()

            def fileno(self) -> int:
                return self.file.fileno()

        def opened(self: Path, mode: str = "r", *rest: object, **more: object):
            file = real_open(self, mode, *rest, **more)
            return Halving(file) if self.name.endswith(".tmp") else file

        Path.open = opened
    elif moment == "epoch":
        from segtrial.trainers.torchvision import training

        real_step = training._step

        def step(*arguments: object):
            tick()
            return real_step(*arguments)

        training._step = step
    else:
        real = analyse.ap_under_weights

        def weighted(*arguments: object):
            tick()
            return real(*arguments)

        analyse.ap_under_weights = weighted


def quiet(event: Event) -> None:
    if event.kind == "failed":
        raise AssertionError(event.message)


def main() -> None:
    trial, runs, moment, count = sys.argv[1:5]
    context = run.open_trial(Path(trial), runs=Path(runs), data=None)
    plan = run.make_plan(context)
    die_after(int(count))
    if moment != "never":
        patch(moment)
    run.run_trial(context, plan, workers=1, listen=quiet)


if __name__ == "__main__":
    assert folder.os is os
    main()
