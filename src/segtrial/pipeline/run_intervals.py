"""Matches of one run → intervals of its AP over images: classes, the rare ones pooled, the mean.

Formulas: `statistics/run_intervals`. Importing it takes scipy.stats along: only where intervals are
asked for. Axes: B resamples, I images, C classes, T IoU thresholds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from segtrial.evaluation.average_precision import ap_under_weights, plain_precision
from segtrial.evaluation.flow import wilson
from segtrial.pipeline.class_numbers import defined
from segtrial.report.text import number_of
from segtrial.statistics import MINIMUM_POSITIVE_IMAGES
from segtrial.statistics.run_intervals import (
    CONFIDENCE,
    ClassIntervals,
    class_intervals,
    mean_interval,
)
from segtrial.types.randomness import generator
from segtrial.types.run_intervals import RunInterval, RunIntervals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segtrial.types.arrays import Bools, Floats, Longs
    from segtrial.types.evaluation import Matches

RESAMPLES = 2000
CHUNK = 200  # resamples evaluated at a time: memory
MEAN, RARE = "mean", "rare classes"


def shared_weights(fingerprint: str, images: int, resamples: int = RESAMPLES) -> Longs:
    """How often each image stands in each resample: int64 (B, I), rows sum to I.

    The same for all classes, metrics and runs on a data set of that `fingerprint`, and the same
    that a trial on it draws.
    """
    draws = generator("bootstrap", fingerprint)
    return draws.multinomial(images, np.full(images, 1 / images), size=resamples)


def resampled_ap(
    matches: Matches, weights_BI: Longs, thresholds: tuple[Bools, ...]
) -> tuple[tuple[Floats, Floats], ...]:
    """For each set of thresholds, bool (T): AP of each class, (C), and under the weights, (B, C).

    AP is the mean over the set; NaN where there is no truth of the class.
    """
    wanted = np.logical_or.reduce(thresholds)
    means: list[list[Floats]] = [[] for _ in thresholds]
    for part in np.array_split(weights_BI, max(len(weights_BI) // CHUNK, 1)):
        table = ap_under_weights(matches, part, wanted)
        for rows, use_T in zip(means, thresholds, strict=True):
            rows.append(table[:, :, use_T].mean(axis=2))
    plain_CT = plain_precision(matches)
    return tuple(
        (plain_CT[:, use_T].mean(axis=1), np.concatenate(rows))
        for use_T, rows in zip(thresholds, means, strict=True)
    )


def ap_intervals(
    matches: Matches, weights_BI: Longs, class_names: tuple[str, ...]
) -> tuple[RunIntervals, ...]:
    """Intervals of AP, and of AP50 where 0.5 is a threshold, of one run.

    `weights_BI`: as `shared_weights`. Classes in fewer than 10 images get no interval but the
    number of their truths that were met, with Wilson's interval as if each stood alone, and
    together, from two such classes with truth up, a pooled AP.
    """
    sets = {"AP": np.ones(len(matches.thresholds), np.bool_)}
    if matches.thresholds[0] == 0.5:
        sets["AP50"] = np.asarray(matches.thresholds == 0.5)
    tables = resampled_ap(matches, weights_BI, tuple(sets.values()))
    positive = matches.positive_images()
    is_rare = (positive > 0) & (positive < MINIMUM_POSITIVE_IMAGES)
    rare = tuple(name for name, one in zip(class_names, is_rare, strict=True) if one)
    pool = pooled(matches, is_rare) if len(rare) > 1 else None
    pool_tables = resampled_ap(pool, weights_BI, tuple(sets.values())) if pool else ()
    return tuple(
        RunIntervals(
            metric=metric,
            resamples=len(weights_BI),
            mean=_mean(matches, *table),
            rare=_rows(pool, (RARE,), *pool_tables[row])[0] if pool else None,
            rare_classes=rare,
            classes=_rows(matches, class_names, *table),
        )
        for row, (metric, table) in enumerate(zip(sets, tables, strict=True))
    )


def interval_notes(found: Mapping[str, tuple[RunIntervals, ...]]) -> tuple[str, ...]:
    """What the intervals are of, and what they leave out; `found`: by "box" and "mask"."""
    first = next(iter(found.values()))[0]
    notes = [
        "intervals: 95 %, over images of this kind, of this one run: they do not say what another "
        "training would give, nor that two runs differ"
    ]
    if first.rare_classes:
        few = number_of(len(first.rare_classes), "class", "classes")
        notes.append(
            f"{few} in fewer than {MINIMUM_POSITIVE_IMAGES} images: no interval, but how many of "
            "the instances were met at IoU 0.5 at any confidence"
        )
    if first.mean.bias is not None and first.mean.bias > 0:
        notes.append(
            "AP on few instances is biased upwards: resampled means lie "
            f"{first.mean.bias:.3f} above the mean, and a larger set may give as much less"
        )
    return tuple(notes)


def pooled(matches: Matches, use_C: Bools) -> Matches:
    """The chosen classes as one: their detections on one list, by falling score.

    Each was matched with the truth of its own class. Equal scores stand in the order of the images,
    then of the classes.
    """
    rows = np.flatnonzero(use_C[matches.class_index])
    order = rows[np.lexsort((matches.image_index[rows], -matches.score[rows]))]
    truths = use_C[matches.truth_class]
    return replace(
        matches,
        classes=1,
        image_index=matches.image_index[order],
        class_index=np.zeros(len(order), np.int32),
        score=matches.score[order],
        detection_row=matches.detection_row[order],
        truth_row=np.ascontiguousarray(matches.truth_row[:, order]),
        truth_class=np.zeros(int(truths.sum()), np.int32),
        truth_image=matches.truth_image[truths],
    )


def _mean(matches: Matches, value_C: Floats, resampled_BC: Floats) -> RunInterval:
    """Over the classes with truth; a resample's, over those it holds."""
    known = np.isfinite(value_C)
    value = float(value_C[known].mean()) if known.any() else np.nan
    held = np.isfinite(resampled_BC)
    count_B = held.sum(axis=1)
    sum_B = np.where(held, resampled_BC, 0.0).sum(axis=1)
    found = mean_interval(value, np.where(count_B > 0, sum_B / np.maximum(count_B, 1), np.nan))
    return RunInterval(
        name=MEAN,
        instances=len(matches.truth_class),
        positive_images=len(np.unique(matches.truth_image)),
        estimate=defined(value),
        low=defined(found.low),
        high=defined(found.high),
        method="none" if found.reason else "normal",
        bias=defined(found.bias),
        reason=found.reason,
    )


def _rows(
    matches: Matches, names: tuple[str, ...], value_C: Floats, resampled_BC: Floats
) -> tuple[RunInterval, ...]:
    instances, positive = matches.instances(), matches.positive_images()
    found = class_intervals(value_C, resampled_BC, positive)
    met = matches.class_index[matches.truth_row[0] >= 0]
    hits = np.bincount(met, minlength=matches.classes)
    return tuple(
        _row(c, name, float(value_C[c]), found, (int(instances[c]), int(positive[c]), int(hits[c])))
        for c, name in enumerate(names)
    )


def _row(
    c: int, name: str, value: float, found: ClassIntervals, counts: tuple[int, int, int]
) -> RunInterval:
    """`counts`: instances, images that hold them, instances met."""
    instances, images, hits = counts
    share: tuple[float, float] = (np.nan, np.nan)
    if instances:
        share = wilson(hits / instances, instances, float(ndtri((1 + CONFIDENCE) / 2)))
    return RunInterval(
        name=name,
        instances=instances,
        positive_images=images,
        estimate=defined(value),
        low=defined(found.ends[c, 0]),
        high=defined(found.ends[c, 1]),
        method=found.method[c],
        undefined_resamples=defined(float(found.undefined[c])),
        hits=hits,
        hits_low=defined(share[0]),
        hits_high=defined(share[1]),
        reason=found.reason[c],
    )
