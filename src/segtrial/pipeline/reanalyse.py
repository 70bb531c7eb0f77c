"""Published tables of single runs → Reanalysis: sibling arms instead of a doubted base.

Reading is done in `data/tables`, figures in `statistics`; put together and worded here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from segtrial.data.tables.read import read_class_table
from segtrial.data.tables.touched import touched_classes
from segtrial.pipeline.reanalysis_words import base_sentence, claims, effects_sentence
from segtrial.statistics.base_check import AGREEMENT_MARGIN, BaseShift, check_base
from segtrial.statistics.moderated import MINIMUM_CLASSES, MINIMUM_INSTANCES
from segtrial.statistics.sibling_controls import SiblingInput, sibling_contrasts
from segtrial.types.errors import DataError, TrialError, nearest
from segtrial.types.reanalysis import BaseCheck, NoiseFit, Reanalysis, Touch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from segtrial.statistics.sibling_noise import SiblingNoise
    from segtrial.types.arrays import Bools, Floats
    from segtrial.types.class_table import ClassTable

BASE_NAMES = ("base", "baseline", "clean", "control", "original")
METRICS = ("box mAP50", "mask mAP50", "box mAP50-95", "mask mAP50-95")  # the first there is
MINIMUM_SAME = 10  # different figures that two tables share before they count as one


@dataclass(frozen=True, slots=True, kw_only=True)
class ReanalysisAsked:
    """What to reanalyse. `tables`, `against`: words of `read_class_table`; None = as found."""

    tables: tuple[str, ...]
    counts: Path | None = None
    touched: str | None = None
    base: str | None = None
    metric: str | None = None
    against: tuple[str, ...] = ()


def reanalyse(asked: ReanalysisAsked) -> Reanalysis:
    """Read the tables, judge the base, compare every touched class with its sibling arms.

    Raises DataError for tables that cannot be read or compared, TrialError for a base or metric
    that they do not have.
    """
    table = read_class_table(asked.tables)
    _refuse_copies(table)
    metric = _metric(table, asked.metric)
    base = _base(table, asked.base)
    arms = tuple(arm for arm in table.arms if arm != base)
    classes = table.class_names
    touches, notes = touched_classes(arms, classes, counts=asked.counts, said=asked.touched)
    values, untouched = table.of_metric(metric), _untouched(table, touches)
    same_as = _same_tables(table, base, asked.against)
    check = _base_check(base, _shift(table, values, base, untouched), same_as, metric)
    contrasts, noise = sibling_contrasts(
        SiblingInput(
            runs=table.arms,
            class_names=classes,
            values_RC=values,
            instances=table.instances,
            touches=touches,
            base=base,
            base_is_control=check.verdict == "agrees",
        )
    )
    return Reanalysis(
        metric=metric,
        arms=arms,
        sources=table.sources,
        classes=len(classes),
        untouched_classes=int(np.count_nonzero(untouched)),
        effects=effects_sentence(contrasts, metric),
        base_check=check,
        noise=_noise_fit(noise),
        contrasts=contrasts,
        claims=claims(contrasts),
        notes=(*table.notes, *notes, *_noise_notes(table, noise)),
    )


def _metric(table: ClassTable, asked: str | None) -> str:
    if asked is None:
        return next((m for m in METRICS if m in table.metrics), table.metrics[-1])
    found = next((m for m in table.metrics if m.casefold() == asked.strip().casefold()), None)
    if found is None:
        raise TrialError(
            f'The tables have no metric "{asked}".',
            where="--metric",
            expected=", ".join(table.metrics),
            got=f'"{asked}"',
            next_step=nearest(asked, table.metrics),
        )
    return found


def _base(table: ClassTable, asked: str | None) -> str | None:
    if asked is None:
        return next((arm for arm in table.arms if arm.casefold() in BASE_NAMES), None)
    if asked not in table.arms:
        raise TrialError(
            f'No table is called "{asked}".',
            where="--base",
            expected=", ".join(table.arms),
            got=f'"{asked}"',
            next_step=nearest(asked, table.arms),
        )
    return asked


def _untouched(table: ClassTable, touches: tuple[Touch, ...]) -> Bools:
    """Classes that no arm touches and that are large enough to be compared: bool (C)."""
    touched = {touch.name for touch in touches}
    alone = np.array([name not in touched for name in table.class_names], np.bool_)
    stated = not np.all(np.isnan(table.instances))
    large: Bools = (table.instances >= MINIMUM_INSTANCES) | (not stated)
    return alone & large


def _shift(
    table: ClassTable, values_AC: Floats, base: str | None, untouched: Bools
) -> BaseShift | None:
    if base is None:
        return None
    row = table.arms.index(base)
    arms = tuple(arm for arm in table.arms if arm != base)
    return check_base(values_AC[row], np.delete(values_AC, row, axis=0), arms, untouched)


def _base_check(
    base: str | None, shift: BaseShift | None, same_as: tuple[str, ...], metric: str
) -> BaseCheck:
    verdict = "absent" if shift is None else shift.verdict
    if verdict == "agrees" and same_as:
        verdict = "cannot tell"
    check = BaseCheck(
        base=base,
        verdict=verdict,
        sentence="",
        classes=shift.classes if shift else 0,
        shift=shift.shift if shift else None,
        interval=shift.interval if shift else (None, None),
        p=shift.p if shift else None,
        margin=AGREEMENT_MARGIN,
        arms=shift.arms if shift else (),
        same_as=same_as,
    )
    return msgspec.structs.replace(check, sentence=base_sentence(check, metric))


def _noise_fit(noise: SiblingNoise) -> NoiseFit:
    power = (None, None, None) if noise.power is None else tuple(noise.power.tolist())
    finite = np.isfinite(noise.prior_df_fitted)
    return NoiseFit(
        classes=noise.classes,
        intercept=power[0],
        instances_power=power[1],
        ap_power=power[2],
        prior_df=noise.prior_df,
        prior_df_fitted=noise.prior_df_fitted if finite else None,
    )


def _noise_notes(table: ClassTable, noise: SiblingNoise) -> tuple[str, ...]:
    notes = []
    if np.all(np.isnan(table.instances)):
        notes.append("the tables state no instances: noise is fitted on AP alone")
    if noise.power is None:
        notes.append(
            f"{noise.classes} classes show how much runs differ, too few for a fit "
            f"({MINIMUM_CLASSES}): each class is judged by its own siblings alone"
        )
    return tuple(notes)


def _refuse_copies(table: ClassTable) -> None:
    """Raise DataError where two arms print the same figures: one run twice is no sibling."""
    for first, second in combinations(range(len(table.arms)), 2):
        if _same(table, first, table, second):
            raise DataError(
                f"{table.arms[first]} and {table.arms[second]} print the same figures, "
                "line for line.",
                where=f"{table.sources[first]}; {table.sources[second]}",
                expected="a table of its own for each run",
                next_step="leave one of them out, or put the right table in its place",
            )


def _same_tables(table: ClassTable, base: str | None, against: Sequence[str]) -> tuple[str, ...]:
    """Tables of other studies that are the base's, line for line."""
    if base is None or not against:
        return ()
    row = table.arms.index(base)
    other = read_class_table(against)
    return tuple(
        f"{arm} ({source})"
        for i, (arm, source) in enumerate(zip(other.arms, other.sources, strict=True))
        if _same(table, row, other, i)
    )


def _same(table: ClassTable, row: int, other: ClassTable, other_row: int) -> bool:
    """Whether two tables agree in every class and metric that either has a figure of."""
    if set(table.class_names) != set(other.class_names):
        return False
    columns = [other.class_names.index(name) for name in table.class_names]
    shared = [m for m in table.metrics if m in other.metrics]
    mine = table.values_ACM[row][:, [table.metrics.index(m) for m in shared]]
    theirs = other.values_ACM[other_row][columns][:, [other.metrics.index(m) for m in shared]]
    different = len(np.unique(mine[np.isfinite(mine)]))
    return different >= MINIMUM_SAME and np.array_equal(mine, theirs, equal_nan=True)
