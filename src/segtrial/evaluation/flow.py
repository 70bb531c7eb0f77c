"""Flow → attack measures of a (host, target) pair, alone and against the base run.

Intervals are over images with the run fixed: what differs from one training to the next is the seed
analysis's to say (`statistics/`). The whole table is in `confusion`. Axes: N truths of one class,
J images that hold them, I images, B resamples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit  # scipy.stats takes a second and 50 MB to import

from segtrial.evaluation.any_class import match_any_class
from segtrial.evaluation.confusion import weighted_counts
from segtrial.evaluation.overlaps import overlaps
from segtrial.types.errors import DataError
from segtrial.types.evaluation import IGNORED, NO_MATCH
from segtrial.types.flow import MISSED, Appearance, Attack, Difference, Flow, PairedAttack, Share

if TYPE_CHECKING:
    from segtrial.evaluation.matching import Truth
    from segtrial.types.arrays import Bools, Floats, Ints, Longs
    from segtrial.types.detections import Detections
    from segtrial.types.evaluation import IouType

COVERAGE = 0.95
OUTCOMES = ("kept", "success", "other", "missed")
WEIGHTED = ("truths", *OUTCOMES, "appeared")
"""Columns of `attack_under_weights`."""


def label_flow(
    truth: Truth,
    detections: Detections,
    iou_type: IouType,
    *,
    confidence: float,
    iou_threshold: float = 0.5,
) -> Flow:
    """What each truth became in one run; rules and errors as of `match_any_class`."""
    pairs = overlaps(truth, detections, iou_type, floor=iou_threshold)
    return match_any_class(
        pairs, truth.dataset, detections, confidence=confidence, iou_threshold=iou_threshold
    )


def attack(flow: Flow, host: int, target: int) -> Attack:
    """The truths of class `host` that were kept, became `target`, became another, were missed.

    `host`, `target`: class indices. No truth of the host: fractions are NaN with a reason. Raises
    ValueError for equal or unknown classes.
    """
    outcome, image = _outcomes(flow, host, target)
    shares = {name: share(outcome == code, image) for code, name in enumerate(OUTCOMES)}
    return Attack(
        host=flow.class_names[host],
        target=flow.class_names[target],
        confidence=flow.confidence,
        appeared=appearance(flow, target),
        **shares,
    )


def disappearance(flow: Flow, host: int) -> Share:
    """The share of the truths of class `host` that no detection of any class took.

    A truth that is found under another name has not disappeared. One whose detection lies below the
    confidence, or below the IoU threshold, has.
    """
    rows = (flow.truth_class == host) & (flow.became != IGNORED)
    return share(flow.became[rows] == MISSED, flow.truth_image[rows])


def appearance(flow: Flow, target: int) -> Appearance:
    """Detections of class `target` that met no truth of any class: background → target.

    Second detections of a truth that is taken, and detections too far off a truth, are among them.
    The interval is mean ± t(I − 1)·s/√I over the images; NaN where no image or all have one number.
    """
    counts = _appeared(flow, target)
    low, high, reason = _mean_interval(counts.astype(np.float64))
    return Appearance(
        count=int(counts.sum()),
        images_with=int((counts > 0).sum()),
        images=flow.images,
        per_image=float(counts.mean()) if flow.images else float("nan"),
        low=max(low, 0.0),
        high=high,
        reason=reason,
    )


def paired_attack(base: Flow, arm: Flow, host: int, target: int) -> PairedAttack:
    """Arm minus base for each outcome, truth by truth.

    The difference of one pair of runs: it says that these two checkpoints differ on such images,
    not that the change did it. Raises DataError where the two runs are not of the same truth or not
    at the same IoU and confidence.
    """
    _check_same(base, arm)
    before, image = _outcomes(base, host, target)
    after, _ = _outcomes(arm, host, target)
    table = np.bincount(before * 4 + after, minlength=16).reshape(4, 4)
    differences = {
        name: _difference(before == code, after == code, image)
        for code, name in enumerate(OUTCOMES)
    }
    return PairedAttack(
        host=base.class_names[host],
        target=base.class_names[target],
        table=table,
        appeared=_appeared_difference(_appeared(base, target), _appeared(arm, target)),
        **differences,
    )


def attack_under_weights(flow: Flow, host: int, target: int, weights_BI: Longs) -> Longs:
    """Counts of each resample in the columns `WEIGHTED`: int64 (B, 6).

    Exactly those of a set in which each image stands `weights_BI` (int64 (B, I)) times. Rates are
    the caller's to form: a resample without truth has none. Raises ValueError for weights of
    another number of images.
    """
    outcome, image = _outcomes(flow, host, target)
    false = (flow.met == NO_MATCH) & (flow.detection_class == target)
    images = np.concatenate([image, flow.detection_image[false]])
    column = np.concatenate([outcome, np.full(int(false.sum()), 4)])
    counts = weighted_counts(images, column, 5, flow.images, weights_BI)
    return np.concatenate([counts[:, :4].sum(axis=1, keepdims=True), counts], axis=1)


def share(hit_N: Bools, image_N: Ints) -> Share:
    """A share of instances that lie in images, with its 95 % interval over images.

    Wilson's interval on n / deff instances with the quantile of t(J − 1). deff = variance of the
    ratio Σhits/Σinstances over images, J/(J − 1)·Σ(x_j − p·n_j)²/n², over that of independent
    instances, p(1 − p)/n; not below 1 (ours: fewer images than the estimate needs must not make
    it look surer). At 0 or 100 % the worst case, all instances of an image alike: Σn_j²/n. No
    instances: NaN. All in one image: the fraction without interval.
    """
    of_image, group = np.unique(image_N, return_inverse=True)
    n, images = len(hit_N), len(of_image)
    hits = int(hit_N.sum())
    if n == 0:
        return _share(0, 0, 0, reason="no truth")
    size = np.bincount(group, minlength=images).astype(np.float64)
    x = np.bincount(group[hit_N], minlength=images)
    p = hits / n
    if images == 1:
        return _share(hits, n, images, reason="all in one image: no interval over images")
    if hits in (0, n):
        effect = float((size**2).sum() / n)
    else:
        spread = images / (images - 1) * float(((x - p * size) ** 2).sum()) / n**2
        effect = max(1.0, spread / (p * (1 - p) / n))
    low, high = wilson(p, n / effect, float(stdtrit(images - 1, (1 + COVERAGE) / 2)))
    return _share(hits, n, images, low=low, high=high, effect=effect)


def _share(
    hits: int,
    n: int,
    images: int,
    *,
    low: float = np.nan,
    high: float = np.nan,
    effect: float = np.nan,
    reason: str = "",
) -> Share:
    return Share(
        hits=hits,
        instances=n,
        images=images,
        fraction=hits / n if n else float("nan"),
        low=low,
        high=high,
        design_effect=effect,
        reason=reason,
    )


def wilson(p: float, n: float, quantile: float) -> tuple[float, float]:
    """Wilson's interval of a fraction `p` of `n` > 0 (Wilson 1927)."""
    z2 = quantile**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = quantile * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # at p = 0 and 1 an end is exact; rounding must not carry it past
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def _outcomes(flow: Flow, host: int, target: int) -> tuple[Longs, Ints]:
    """For each truth of the host class its place in `OUTCOMES`, and its image."""
    classes = len(flow.class_names)
    if host == target or not (0 <= host < classes and 0 <= target < classes):
        raise ValueError(f"host {host} and target {target} of {classes} classes")
    rows = (flow.truth_class == host) & (flow.became != IGNORED)
    became = flow.became[rows]
    outcome = np.select([became == host, became == target, became == MISSED], [0, 1, 3], 2)
    return outcome.astype(np.int64), flow.truth_image[rows]


def _appeared(flow: Flow, target: int) -> Longs:
    """False positives of the class in each image: int64 (I)."""
    false = (flow.met == NO_MATCH) & (flow.detection_class == target)
    return np.bincount(flow.detection_image[false], minlength=flow.images)


def _mean_interval(values_I: Floats) -> tuple[float, float, str]:
    """Interval of a mean over images, and why there is none."""
    if len(values_I) < 2:
        return np.nan, np.nan, "fewer than 2 images"
    error = float(values_I.std(ddof=1) / np.sqrt(len(values_I)))
    if error == 0:
        return np.nan, np.nan, "every image has the same number"
    half = float(stdtrit(len(values_I) - 1, (1 + COVERAGE) / 2)) * error
    return float(values_I.mean()) - half, float(values_I.mean()) + half, ""


def _difference(base_N: Bools, arm_N: Bools, image_N: Ints) -> Difference:
    """(gained − lost) / n ± t(J − 1)·√V; V over images, not below that of independent instances."""
    n = len(base_N)
    gained, lost = int((arm_N & ~base_N).sum()), int((base_N & ~arm_N).sum())
    of_image, group = np.unique(image_N, return_inverse=True)
    images = len(of_image)
    d = (gained - lost) / n if n else float("nan")
    low = high = np.nan
    if n == 0:
        reason = "no truth"
    elif images == 1:
        reason = "all in one image: no interval over images"
    elif gained + lost == 0:
        reason = "no instance differs"
    else:
        size = np.bincount(group, minlength=images)
        change = np.bincount(group, arm_N.astype(float) - base_N, minlength=images)
        over_images = images / (images - 1) * float(((change - d * size) ** 2).sum()) / n**2
        alone = (gained + lost - n * d * d) / n**2
        half = stdtrit(images - 1, (1 + COVERAGE) / 2) * np.sqrt(max(over_images, alone))
        low, high, reason = float(d - half), float(d + half), ""
    return Difference(
        base=float(base_N.mean()) if n else float("nan"),
        arm=float(arm_N.mean()) if n else float("nan"),
        gained=gained,
        lost=lost,
        difference=d,
        low=low,
        high=high,
        reason=reason,
    )


def _appeared_difference(base_I: Longs, arm_I: Longs) -> Difference:
    """Per image, arm − base, paired by image."""
    low, high, reason = _mean_interval((arm_I - base_I).astype(np.float64))
    some = len(base_I) > 0
    return Difference(
        base=float(base_I.mean()) if some else float("nan"),
        arm=float(arm_I.mean()) if some else float("nan"),
        gained=int(arm_I.sum()),
        lost=int(base_I.sum()),
        difference=float((arm_I - base_I).mean()) if some else float("nan"),
        low=low,
        high=high,
        reason=reason,
    )


def _check_same(base: Flow, arm: Flow) -> None:
    same = (
        base.class_names == arm.class_names
        and base.images == arm.images
        and np.array_equal(base.truth_class, arm.truth_class)
        and np.array_equal(base.truth_image, arm.truth_image)
    )
    if not same:
        raise DataError(
            "The two runs were not evaluated on the same truth.",
            expected="the same images, classes and instances",
            got=f"{len(base.truth_class)} and {len(arm.truth_class)} instances",
            next_step="evaluate both runs on the same validation labels",
        )
    ours = (base.iou_type, base.iou_threshold, base.confidence)
    theirs = (arm.iou_type, arm.iou_threshold, arm.confidence)
    if ours != theirs:
        raise DataError(
            "The two runs were not matched in the same way.",
            expected="one kind of shape, one IoU threshold and one confidence",
            got=f"{ours[0]} {ours[1]} {ours[2]} and {theirs[0]} {theirs[1]} {theirs[2]}",
            next_step="match both runs at the confidence that was frozen on the base",
        )
