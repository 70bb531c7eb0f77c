"""The bars of the label flow as coordinates: control above arm, one thin bar a seed below each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from segtrial.report.axis import cut
from segtrial.report.share_text import share_text
from segtrial.report.text import count_text, number_of
from segtrial.types.label_flow import FlowMeans, MeanOverSeeds, PairFlow, RunFlow

Outcome: TypeAlias = Literal["kept", "success", "other", "missed"]

OUTCOMES: tuple[Outcome, ...] = ("kept", "success", "other", "missed")
TALL, THIN, GAP = 28.0, 5.0, 2.0  # heights of a mean's and of a seed's bar, and between them
HEAD, BETWEEN, FOOT = 18.0, 20.0, 24.0  # above a bar, between the two arms, for the axis
THIN_BARS = 20  # seeds drawn; the table lists all
ROOM = 38.0  # a share is written into a part at least so wide
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """One outcome's part of a bar. `label`: "" where it has no room."""

    kind: Outcome
    x: float
    y: float
    width: float
    height: float
    middle: float  # x of the label
    label: str
    text: str  # what a pointer resting on it reads


@dataclass(frozen=True, slots=True, kw_only=True)
class BarView:
    """One arm's bar: the mean, and a thin one for each seed."""

    name: str
    note: str
    y: float  # of the words above it
    text_y: float  # of the labels within it
    parts: tuple[PartView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsView:
    """Both arms' bars in one layout, in SVG units."""

    kind: str
    width: int
    height: float
    bottom: float
    bars: tuple[BarView, ...]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the axis lies, and how many letters of an arm's name have room."""

    kind: str
    width: int
    left: float
    right: float
    letters: int


WIDE = Layout(kind="wide", width=960, left=18, right=940, letters=80)
NARROW = Layout(kind="narrow", width=340, left=14, right=318, letters=26)


def bars_view(pair: PairFlow, names: tuple[str, str], layout: Layout) -> BarsView:
    """Shares of the pair's outcomes. `names`: of control and arm. No run of an arm: no bar."""
    sides = ((names[0], pair.base, pair.base_runs), (names[1], pair.arm, pair.arm_runs))
    y, bars = 0.0, []
    for name, means, runs in sides:
        if runs and means.kept.mean is not None:
            bars.append(_bar(name, means, runs, layout, y))
            y += HEAD + TALL + min(len(runs), THIN_BARS) * (THIN + GAP) + BETWEEN
    bottom = y - BETWEEN + 8
    return BarsView(
        kind=layout.kind,
        width=layout.width,
        height=bottom + FOOT,
        bottom=bottom,
        bars=tuple(bars),
        ticks=tuple((_x(share, layout), share_text(share)) for share in TICKS),
    )


def mean_of(means: FlowMeans, outcome: Outcome) -> MeanOverSeeds:
    """An outcome's mean over seeds."""
    return {
        "kept": means.kept,
        "success": means.success,
        "other": means.other,
        "missed": means.missed,
    }[outcome]


def hits_of(run: RunFlow, outcome: Outcome) -> int:
    """How many truths had an outcome in one run."""
    shares = {
        "kept": run.kept,
        "success": run.success,
        "other": run.other,
        "missed": run.missed,
    }
    return shares[outcome].hits


def _bar(
    name: str, means: FlowMeans, runs: Sequence[RunFlow], layout: Layout, top: float
) -> BarView:
    shares = [mean_of(means, outcome).mean or 0.0 for outcome in OUTCOMES]
    y = top + HEAD
    parts = _parts(shares, [share_text(share) for share in shares], layout, y, TALL)
    for index, run in enumerate(runs[:THIN_BARS]):
        truths = max(run.kept.truths, 1)
        hits = [hits_of(run, outcome) for outcome in OUTCOMES]
        texts = [f"seed {run.seed}: {count_text(n)} of {count_text(truths)}" for n in hits]
        below = y + TALL + GAP + index * (THIN + GAP)
        parts += _parts([n / truths for n in hits], texts, layout, below, THIN)
    mean = f"mean of {number_of(len(runs), 'run')}" if len(runs) > 1 else "1 run"
    return BarView(
        name=cut(name, layout.letters),
        note=mean,
        y=top + HEAD - 6,
        text_y=y + TALL / 2 + 4.5,
        parts=tuple(parts),
    )


def _parts(
    shares: Sequence[float], texts: Sequence[str], layout: Layout, y: float, height: float
) -> list[PartView]:
    """One after another from the left; an outcome that never came has no part."""
    parts, before = [], 0.0
    for outcome, share, text in zip(OUTCOMES, shares, texts, strict=True):
        left, right = _x(before, layout), _x(before + share, layout)
        before += share
        if share > 0:
            roomy = height == TALL and right - left >= ROOM
            parts.append(
                PartView(
                    kind=outcome,
                    x=left,
                    y=y,
                    width=round(right - left, 1),
                    height=height,
                    middle=round((left + right) / 2, 1),
                    label=text if roomy else "",
                    text=text,
                )
            )
    return parts


def _x(share: float, layout: Layout) -> float:
    return round(layout.left + share * (layout.right - layout.left), 1)
