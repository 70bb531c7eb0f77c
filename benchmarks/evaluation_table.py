"""Programs that evaluate one set, run in alternation, and the table of what they cost.

What the programs are belongs to `evaluation`.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measured import ChildError, Cost, run

if TYPE_CHECKING:
    from collections.abc import Sequence

Numbers = dict[str, float | None]
NAME_WIDTH = 44
HEAD = ("wall s", "CPU s", "all wall", "all CPU", "peak MB", "above", "AP", "differs")
WIDTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A child program: what it is called, what it compares ("box", "mask" or both), its words."""

    name: str
    kinds: tuple[str, ...]
    python: Path
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The medians of a program's runs, or why there are none. `numbers`: by kind of shape."""

    program: Program
    cost: Cost | None
    numbers: dict[str, Numbers]
    failure: str


def alternate(programs: Sequence[Program], rounds: int, timeout_s: float) -> list[Row]:
    """Each program once a round; one that fails is not tried again."""
    costs: dict[str, list[Cost]] = {program.name: [] for program in programs}
    failures: dict[str, str] = {}
    for number in range(rounds):
        for program in programs:
            if program.name in failures:
                continue
            _tell(f"  round {number + 1}: {program.name} …")
            try:
                cost = run(program.python, list(program.arguments), timeout_s=timeout_s)
                costs[program.name].append(cost)
            except ChildError as error:
                failures[program.name] = str(error)
            _tell(" " * 79)
    return [_row(p, costs[p.name], failures.get(p.name, "")) for p in programs]


def _tell(line: str) -> None:
    """What is running now, to a person who watches."""
    if sys.stderr.isatty():
        print(f"{line:79}", end="\r", file=sys.stderr, flush=True)


def _row(program: Program, costs: list[Cost], failure: str) -> Row:
    if failure or not costs:
        return Row(program=program, cost=None, numbers={}, failure=failure)
    answer = costs[0].answer
    numbers = answer if set(answer) == set(program.kinds) else {program.kinds[0]: answer}
    return Row(program=program, cost=medians(costs), numbers=numbers, failure="")


def medians(costs: Sequence[Cost]) -> Cost:
    """The median of each figure; the answer of the first."""

    def median(field: str) -> float:
        return float(statistics.median(getattr(cost, field) for cost in costs))

    return Cost(
        wall_s=median("wall_s"),
        cpu_s=median("cpu_s"),
        whole_wall_s=median("whole_wall_s"),
        whole_cpu_s=median("whole_cpu_s"),
        peak_mb=median("peak_mb"),
        above_mb=median("above_mb"),
        answer=costs[0].answer,
    )


def show(rows: Sequence[Row], reference: dict[str, Numbers]) -> None:
    """Print the table. `reference`: the numbers by kind of shape that the others are held against.

    "differs": the largest difference of any number; "–": nothing to hold it against.
    """
    print(f"{'':{NAME_WIDTH}}" + "".join(f"{name:>{WIDTH}}" for name in HEAD))
    for row in rows:
        if row.cost is None:
            print(f"{row.program.name:{NAME_WIDTH}}  left out: {row.failure}")
            continue
        cost = row.cost
        seconds = (cost.wall_s, cost.cpu_s, cost.whole_wall_s, cost.whole_cpu_s)
        cells = [f"{value:.2f}" for value in seconds]
        cells += [f"{value:.0f}" for value in (cost.peak_mb, cost.above_mb)]
        for place, kind in enumerate(row.program.kinds):
            name = row.program.name if place == 0 else f"  {kind}"
            shown = cells if place == 0 else [""] * len(cells)
            shown = [*shown, *_agreement(row.numbers[kind], reference.get(kind))]
            print(f"{name:{NAME_WIDTH}}" + "".join(f"{cell:>{WIDTH}}" for cell in shown))


def _agreement(numbers: Numbers, reference: Numbers | None) -> tuple[str, str]:
    ap = numbers["AP"]
    shown = "–" if ap is None else f"{ap:.4f}"
    return shown, "–" if reference is None else difference(numbers, reference)


def difference(numbers: Numbers, reference: Numbers) -> str:
    """The largest difference of two sets of numbers, and whose it is where it can be seen."""
    if set(numbers) != set(reference):
        return "names"
    undefined = [n for n in numbers if (numbers[n] is None) != (reference[n] is None)]
    if undefined:
        return f"– {undefined[0]}"
    apart = {n: abs(v - (reference[n] or 0.0)) for n, v in numbers.items() if v is not None}
    if not any(apart.values()):
        return "0"
    name = max(apart, key=lambda n: apart[n])
    return f"{apart[name]:.0e}" if apart[name] < 5e-5 else f"{apart[name]:.4f} {name}"


def fastest(rows: Sequence[Row], kind: str) -> Row | None:
    """The row of one kind of shape with the least CPU seconds."""
    known = [row for row in rows if row.cost is not None and row.program.kinds == (kind,)]
    return min(known, key=_cpu_s, default=None)


def _cpu_s(row: Row) -> float:
    assert row.cost is not None
    return row.cost.cpu_s
