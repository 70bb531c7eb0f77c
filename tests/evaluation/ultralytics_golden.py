"""Made inputs, and what Ultralytics itself makes of them: the writer of `ultralytics_golden.json`.

To regenerate, once with ultralytics 8.4.36 and once with 8.4.190 installed (nothing else is
needed): `python tests/evaluation/ultralytics_golden.py`; each run replaces its version's part.
Ultralytics (AGPL-3.0) is only called: none of its text is here. Axes: D detections, N truths,
T = 10 IoU thresholds. No expectation of ours belongs here: see `test_ultralytics_golden.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

GOLDEN = Path(__file__).with_name("ultralytics_golden.json")
SMALL_SEEDS = (*range(40), 69, 96, 99)  # the last three: best at the lowest confidences
LARGE_SEEDS = (1001, 1002)
MATCHING_SEEDS = range(60)
COLUMNS = (0, 137, 500, 998)  # of the 1000 confidences: where the curves are compared
SCORE_KINDS = ("any", "grid", "coarse", "tied in class", "extreme")
EXTREMES = (0.0011, 0.002, 0.5, 0.999, 1.0)

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MadeSet:
    """Detections of one image that are already judged.

    `right`: bool (D, T), at most as many of a class as it has truths; `score`: float64 (D), of
    float32's values; `found_class`: int64 (D); `truth_class`: int64 (N). Detections in no order.
    """

    classes: int
    right: Bools
    score: Floats
    found_class: Longs
    truth_class: Longs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MadeBoxes:
    """Truth and detections of an image of 48 × 48 px: boxes int64 (N, 4), (D, 4), xywh.

    `found_*`: by falling score. No two truths have the same IoU with a detection.
    """

    truth_xywh: Longs
    truth_class: Longs
    found_xywh: Longs
    found_class: Longs

    def ious(self) -> Floats:
        """IoU of each truth with each detection, classes not looked at: float64 (N, D)."""
        a, b = self.truth_xywh[:, None], self.found_xywh[None]
        ends = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
        sides = np.maximum(ends - np.maximum(a[..., :2], b[..., :2]), 0)
        shared = sides.prod(axis=-1)
        iou: Floats = shared / (a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - shared)
        return iou


def made_set(seed: int) -> MadeSet:
    """The set of a seed: from 1000 on 45 classes and 3000 detections, else small, of all kinds."""
    draw = np.random.default_rng(seed)
    large = seed >= 1000
    classes = 45 if large else int(draw.integers(1, 6))
    detections = 3000 if large else int(draw.choice([0, 1, 2, 9, 30, 90]))
    with_truth = draw.random(classes) < 0.8
    with_truth[0] = True
    truths = np.where(with_truth, draw.integers(1, 60 if large else 13, classes), 0)
    predicted = np.flatnonzero(draw.random(classes) < 0.85)
    found_class = draw.choice(predicted if len(predicted) else np.arange(classes), detections)
    kind = "any" if large else SCORE_KINDS[seed % len(SCORE_KINDS)]
    score = np.concatenate(
        [np.zeros(0), *(_scores(draw, kind, int(n)) for n in np.bincount(found_class))]
    )[np.argsort(np.argsort(found_class, kind="stable"), kind="stable")]
    hit = draw.random(detections) < np.clip(1.3 * score, 0.1, 0.9)  # else no score were the best
    right = np.arange(10) < np.where(hit, draw.integers(1, 11, detections), 0)[:, None]
    right &= draw.random(right.shape) < 0.97  # a better truth may be taken at a lower threshold
    for c in range(classes):
        mine = np.flatnonzero(found_class == c)
        ties = [mine[score[mine] == value] for value in np.unique(score[mine])]
        for tied in ties:
            right[tied] = right[tied[0]]
        right[mine] &= right[mine].cumsum(axis=0) <= truths[c]
        for tied in ties:  # the order within a tie is not defined: let it not matter
            right[tied] = right[tied].all(axis=0)
    return MadeSet(
        classes=classes,
        right=right,
        score=score,
        found_class=found_class,
        truth_class=draw.permutation(np.repeat(np.arange(classes), truths)),
    )


def _scores(draw: np.random.Generator, kind: str, count: int) -> Floats:
    """The scores of one class: distinct, but for "tied in class"; other classes may share them."""
    if kind == "grid":  # those at which the curves are read
        scores = draw.choice(np.arange(2, 1000), count, replace=False) / 999
    elif kind == "coarse":
        scores = draw.choice(np.arange(1, 129), count, replace=False) / 128
    elif kind == "tied in class":
        scores = draw.integers(1, count + 2, count) / (count + 2)
    elif kind == "extreme":
        scores = np.append(EXTREMES, draw.uniform(0.001, 1, count))[:count]
    else:
        scores = draw.beta(0.6, 1.5, count) * 0.998 + 0.0015
    return draw.permutation(scores.astype(np.float32).astype(np.float64))


def made_boxes(seed: int) -> MadeBoxes:
    """Crowded boxes of one or two classes, of a seed."""
    draw = np.random.default_rng(seed)
    while True:
        truths, found = int(draw.integers(1, 9)), int(draw.integers(1, 15))
        corners, sides = draw.integers(4, 13, (truths, 2)), draw.integers(16, 26, (truths, 2))
        real = np.concatenate([corners, sides], axis=1)
        near = real[draw.integers(0, truths, found)] + draw.integers(-4, 5, (found, 4))
        boxes = MadeBoxes(
            truth_xywh=real,
            truth_class=draw.integers(0, 2, truths),
            found_xywh=near,
            found_class=draw.integers(0, 2, found),
        )
        iou = np.sort(boxes.ious(), axis=0)
        tied = ((np.diff(iou, axis=0) < 1e-6) & (iou[1:] > 0)).any()
        on_threshold = (abs(iou[..., None] - np.linspace(0.5, 0.95, 10)) < 1e-6).any()
        if not tied and not on_threshold:
            return boxes


def checksum(*arrays: npt.NDArray[Any]) -> int:
    """Of the inputs: says whether numpy still draws what it drew for the golden file."""
    text = b"".join(np.ascontiguousarray(array, "<f8").tobytes() for array in arrays)
    return crc32(text)


def set_checksum(made: MadeSet) -> int:
    return checksum(made.right, made.score, made.found_class, made.truth_class)


def boxes_checksum(made: MadeBoxes) -> int:
    return checksum(made.truth_xywh, made.truth_class, made.found_xywh, made.found_class)


def ultralytics_outputs(made: MadeSet) -> dict[str, Any]:
    """What `ap_per_class` and `Metric` answer; lists by class with truth.

    `columns`: the first and the last confidence at which the curves are the P, R and F1 that were
    chosen (it does not say which it took).
    """
    from ultralytics.utils.metrics import Metric, ap_per_class

    results = ap_per_class(made.right, made.score, made.found_class, made.truth_class)
    p, r, f1, ap, of_class, *curves = results[2:10]
    chosen = np.array([p, r, f1])[..., None]
    same = np.flatnonzero((np.array(curves) == chosen).all(axis=(0, 1)))
    metric = Metric()
    metric.update(results[2:])
    answer = {
        "class": of_class,
        "columns": same[[0, -1]],
        **{"p": p, "r": r, "f1": f1, "ap": ap, "mean": np.array(metric.mean_results())},
        **{f"{name}_curve": c[:, COLUMNS] for name, c in zip("prf", curves, strict=True)},
    }
    return {"input": set_checksum(made), **{k: v.tolist() for k, v in answer.items()}}


def ultralytics_matches(made: MadeBoxes) -> dict[str, Any]:
    """At how many of the ten thresholds each detection is right, as `match_predictions` says.

    A string of T digits per detection, 1 where it is right.
    """
    import torch
    from ultralytics.engine.validator import BaseValidator

    validator = BaseValidator.__new__(BaseValidator)  # only its thresholds are needed
    validator.iouv = torch.linspace(0.5, 0.95, 10)
    right = validator.match_predictions(
        torch.tensor(made.found_class),
        torch.tensor(made.truth_class),
        torch.tensor(made.ious(), dtype=torch.float32),
    )
    rows = ["".join(str(int(cell)) for cell in row) for row in right.tolist()]
    return {"input": boxes_checksum(made), "right": rows}


def main() -> None:
    """Write this environment's version into the golden file."""
    import ultralytics

    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    golden[ultralytics.__version__] = {
        "numpy": np.__version__,
        "scores": {s: ultralytics_outputs(made_set(s)) for s in (*SMALL_SEEDS, *LARGE_SEEDS)},
        "matches": {s: ultralytics_matches(made_boxes(s)) for s in MATCHING_SEEDS},
    }
    text = json.dumps(golden, separators=(",", ":"))
    GOLDEN.write_text(text.replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
