"""Section 5: every seed's value of a named class, control above arm, as coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segtrial.report.axis import Axis, TickView, cut, round_axis, spread, tick_views
from segtrial.report.grades import shown_classes
from segtrial.report.text import ap_text, defined, difference_text
from segtrial.types.comparison import ClassRow, Contrast

WIDTH = 330
HEIGHT = 112
LEFT, RIGHT = 20.0, 310.0
LANES = (34.0, 74.0)  # the y of control and arm
STAGGER = 4.5  # seeds stand a little below one another, in the trial's order
TICKS = 5
CLASSES = 12  # figures a contrast


@dataclass(frozen=True, slots=True, kw_only=True)
class DotView:
    """One run's value. `text`: what a pointer resting on it reads."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """One arm's runs; `mean` = x of their mean, None where there is none."""

    arm: str
    short: str
    kind: str
    y: float
    dots: tuple[DotView, ...]
    mean: float | None
    values: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DotsView:
    """A class's figure."""

    name: str
    role: str
    difference: str
    lanes: tuple[LaneView, ...]
    ticks: tuple[TickView, ...]
    title: str
    description: str


def dots_views(contrast: Contrast, seeds: Mapping[str, Sequence[int]]) -> tuple[DotsView, ...]:
    """A figure per named class, or where there are none, per class with a large difference.

    `seeds`: per arm, the seeds of the runs that have a value, in their order.
    """
    return tuple(_dots(row, contrast, seeds) for row in shown_classes(contrast, limit=CLASSES))


def _dots(row: ClassRow, contrast: Contrast, seeds: Mapping[str, Sequence[int]]) -> DotsView:
    values = [v for run in (*row.base_runs, *row.arm_runs) if (v := defined(run)) is not None]
    low, high = spread(values)
    room = max((high - low) * 0.06, 0.002)
    axis = round_axis(
        max(low - room, 0.0), min(high + room, 1.0), left=LEFT, right=RIGHT, ticks=TICKS
    )
    lanes = (
        _lane(contrast.control, "base", row.base, row.base_runs, seeds[contrast.control], axis),
        _lane(contrast.arm, "arm", row.arm, row.arm_runs, seeds[contrast.arm], axis),
    )
    spoken = " ".join(f"{lane.arm}: {lane.values}." for lane in lanes)
    return DotsView(
        name=row.name,
        role="" if row.role == "other" else row.role,
        difference=difference_text(row.difference),
        lanes=lanes,
        ticks=tick_views(axis, ticks=TICKS, signed=False) if values else (),
        title=f"{row.name}: values of every run",
        description=spoken,
    )


def _lane(
    arm: str,
    kind: str,
    mean: float | None,
    runs: tuple[float | None, ...],
    seeds: Sequence[int],
    axis: Axis,
) -> LaneView:
    y = LANES[0] if kind == "base" else LANES[1]
    middle = (len(runs) - 1) / 2
    # Which seed a value belongs to is said only where the numbers fit.
    labels = [f"seed {s}" for s in seeds] if len(seeds) == len(runs) else []
    dots = tuple(
        DotView(
            x=axis.x(value),
            y=round(y + (index - middle) * STAGGER, 1),
            text=f"{labels[index] if labels else f'run {index + 1}'}: {ap_text(value)}",
        )
        for index, run in enumerate(runs)
        if (value := defined(run)) is not None
    )
    centre = defined(mean)
    return LaneView(
        arm=arm,
        short=cut(arm, 34),
        kind=kind,
        y=y,
        dots=dots,
        mean=None if centre is None else axis.x(centre),
        values=", ".join(ap_text(run) for run in runs) or ap_text(None),
    )
