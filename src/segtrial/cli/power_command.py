"""What `segtrial power` does: read the options, plan, show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from segtrial.cli.show_power import show_power, show_power_table
from segtrial.cli.streams import stderr, write_out
from segtrial.pipeline.power import Asked, power_of_pilot, power_of_published, power_table
from segtrial.statistics.noise_sources import SHARE_APART
from segtrial.store.codec import to_json
from segtrial.types.errors import TrialError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from segtrial.types.power import PowerPlan

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line. `instances`, `ap`, `classes`, `seeds`: with commas between them."""

    runs: Path | None
    instances: str | None
    ap: str | None
    classes: str | None
    effect: float | None
    tests: int | None
    power: float
    seeds: str
    apart: float | None
    table: bool
    as_json: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The classes that are asked for, each once."""
        parts = (name.strip() for name in (self.classes or "").split(","))
        return tuple(dict.fromkeys(name for name in parts if name))


def power_command(options: Options) -> None:
    """Print what it takes, or with `--table` what any class takes in seed SDs."""
    asked = Asked(
        effect=options.effect,
        power=options.power,
        tests=options.tests,
        seeds=_numbers(options.seeds, int, "--seeds"),
        share_apart=SHARE_APART if options.apart is None else options.apart,
    )
    console = stderr()
    if options.table:
        table = power_table(asked)
        if options.as_json:
            write_out(to_json(table))
        else:
            show_power_table(console, table)
        return
    plan = _plan(options, asked)
    if options.as_json:
        write_out(to_json(plan))
    else:
        show_power(console, plan)


def _plan(options: Options, asked: Asked) -> PowerPlan:
    published = options.instances is not None or options.ap is not None
    if published == (options.runs is not None):
        raise TrialError(
            "The noise comes from one source.",
            expected="--runs RUNS, of a pilot, or --instances N --ap AP, as published",
            got="both" if published else "neither",
        )
    if options.runs is not None:
        return power_of_pilot(options.runs, options.names or None, asked)
    instances = _numbers(options.instances, int, "--instances")
    ap = _numbers(options.ap, float, "--ap")
    if not len(instances) == len(ap) == len(options.names or ap):
        raise TrialError(
            "Each class needs its instances and its AP.",
            where="--instances, --ap, --classes",
            expected="as many of each, in the same order",
            got=f"{len(instances)} counts, {len(ap)} AP, {len(options.names)} names",
        )
    names = options.names or tuple(
        f"{n} instances at AP {p:g}" for n, p in zip(instances, ap, strict=True)
    )
    return power_of_published(names, np.array(instances, np.int64), np.array(ap), asked)


def _numbers(text: str | None, kind: Callable[[str], Number], where: str) -> tuple[Number, ...]:
    """The numbers between commas; none where the option is not given."""
    if text is None:
        return ()
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError as error:
        raise TrialError(
            "That is no list of numbers.",
            where=where,
            expected="numbers with commas between them",
            got=f'"{text}"',
        ) from error
