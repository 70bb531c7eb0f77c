"""What a program cost: seconds of wall and processor, peak memory; measured inside and around it.

Standard library alone: child programs that run under another Python use it too. Linux only.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MB_OF_KB = 1 / 1024


class ChildError(Exception):
    """A child program ended with an error or took too long; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment in a program, after its imports: seconds, and MB resident."""

    wall_s: float
    cpu_s: float
    resident_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One run of a child program. Seconds of user and system time of all its threads are `cpu`.

    `wall_s`, `cpu_s`, `above_mb`: from its mark to its answer; `whole_…` and `peak_mb`: of the
    whole process, start and imports included. `answer`: what it gave.
    """

    wall_s: float
    cpu_s: float
    whole_wall_s: float
    whole_cpu_s: float
    peak_mb: float
    above_mb: float
    answer: Any


def mark() -> Mark:
    """Now: to be called when the imports are done."""
    resident = _status_mb("VmRSS")
    return Mark(wall_s=time.perf_counter(), cpu_s=_cpu_s(), resident_mb=resident)


def give(since: Mark, answer: Any) -> None:
    """Print what was spent since the mark, and the answer, as the last line for `run`."""
    wall, cpu, peak = time.perf_counter(), _cpu_s(), _status_mb("VmHWM")
    spent = {
        "wall_s": wall - since.wall_s,
        "cpu_s": cpu - since.cpu_s,
        "peak_mb": peak,
        "above_mb": max(0.0, peak - since.resident_mb),
        "answer": answer,
    }
    print("\n" + json.dumps(spent), flush=True)


def run(
    python: Path | str,
    arguments: list[str],
    *,
    timeout_s: float,
    environment: dict[str, str] | None = None,
) -> Cost:
    """A child program that ends with `give`, from the project's root. Raises ChildError."""
    seconds, cpu, output = command(
        [str(python), *arguments], timeout_s=timeout_s, environment=environment
    )
    spent = json.loads(output.strip().splitlines()[-1])
    return Cost(whole_wall_s=seconds, whole_cpu_s=cpu, **spent)


def command(
    words: list[str], *, timeout_s: float, environment: dict[str, str] | None = None
) -> tuple[float, float, str]:
    """Wall and processor seconds of any command, and its output. Raises ChildError."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
            cwd=Path(__file__).parent.parent,
            env=None if environment is None else {**os.environ, **environment},
        )
    except subprocess.TimeoutExpired as error:
        raise ChildError(f"took more than {timeout_s:.0f} s") from error
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        killed = f"ended by signal {-done.returncode}: " if done.returncode < 0 else ""
        raise ChildError(killed + last[:200])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, done.stdout


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _status_mb(name: str) -> float:
    """A line of the process's own status: unlike ru_maxrss, not inherited from the parent."""
    with Path("/proc/self/status").open() as file:
        for line in file:
            if line.startswith(name):
                return int(line.split()[1]) * MB_OF_KB
    sys.exit(f"no {name} in /proc/self/status")
