"""A child program: segtrial from two JSON files, or from its store, to numbers.

    python -m benchmarks.evaluation_ours json box|mask|both HOME WARM-UP
    python -m benchmarks.evaluation_ours save HOME                       (writes what `store` reads)
    python -m benchmarks.evaluation_ours store HOME WARM-UP
    python -m benchmarks.evaluation_ours bootstrap HOME WARM-UP RESAMPLES

HOME holds truth.json and results.json. What is measured begins after a call on the set WARM-UP,
in which the compiled kernels are loaded; the figures of the whole process hold that too.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.every_number import everything, summary
from benchmarks.measured import give, mark
from segtrial.data.predictions import read_predictions
from segtrial.data.read import read
from segtrial.evaluation.average_precision import ap_under_weights
from segtrial.evaluation.matching import match, prepare_truth
from segtrial.geometry.rasterise import truth_masks
from segtrial.store.codec import pack_arrays, pack_detections, unpack_arrays, unpack_detections
from segtrial.store.datasets import load_dataset, save_dataset
from segtrial.types.attributes import attribute
from segtrial.types.evaluation import IouType
from segtrial.types.masks import Masks

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

SHAPES = {"box": (IouType.BOX,), "mask": (IouType.MASK,), "both": (IouType.BOX, IouType.MASK)}
WEATHERS = ("clear", "rainy", "snowy", None)  # made up: the sets' labels state none

Answer = dict[str, dict[str, float | None]]


def from_json(home: Path, kinds: tuple[IouType, ...]) -> Answer:
    """COCO's or LVIS's numbers of each kind of shape from the two files."""
    dataset = read(home / "truth.json", None)
    detections, _ = read_predictions(home / "results.json", dataset)
    masks = truth_masks(dataset) if IouType.MASK in kinds else None
    truth = prepare_truth(dataset, masks)
    return {kind.value: _plain(summary(truth, detections, kind)) for kind in kinds}


def save(home: Path) -> None:
    """Labels with a made-up attribute, the truth's run lengths, and the detections, as stored."""
    dataset = read(home / "truth.json", None)
    detections, _ = read_predictions(home / "results.json", dataset)
    weather = attribute("weather", [WEATHERS[row % 4] for row in range(dataset.images)])
    masks = truth_masks(dataset)
    save_dataset(replace(dataset, image_attributes=(weather,)), home / "truth.labels")
    packed = pack_arrays({"data": masks.data, "offset": masks.offset})
    (home / "truth_masks.npz").write_bytes(packed)
    (home / "detections.npz").write_bytes(pack_detections(detections))


def stored(home: Path) -> tuple[Dataset, Detections, Masks]:
    """What `save` wrote."""
    dataset = load_dataset(home / "truth.labels")
    arrays = unpack_arrays((home / "truth_masks.npz").read_bytes(), "truth_masks.npz")
    detections = unpack_detections((home / "detections.npz").read_bytes(), "detections.npz")
    return dataset, detections, Masks(**arrays)


def from_store(home: Path) -> Answer:
    """Every number; of them the summaries are given back."""
    found = everything(*stored(home))
    return {kind.value: _plain(numbers["summary"]) for kind, numbers in found.items()}


def bootstrap(home: Path, resamples: int) -> dict[str, float]:
    """Processor seconds of AP under image weights, once the matches are there."""
    dataset, detections, masks = stored(home)
    truth = prepare_truth(dataset, masks)
    rng = np.random.default_rng(0)
    even = np.full(dataset.images, 1 / dataset.images)
    weights_BI = rng.multinomial(dataset.images, even, resamples)
    spent = {}
    for kind in IouType:
        matches = match(truth, detections, kind)
        begin = time.process_time()
        ap_BCT = ap_under_weights(matches, weights_BI)
        spent[kind.value] = time.process_time() - begin
        assert ap_BCT.shape[:2] == (resamples, len(dataset.class_names))
    return spent


def _plain(numbers: dict[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in numbers.items()}


def main() -> None:
    what, *words = sys.argv[1:]
    if what == "json":
        kinds, home, warm = SHAPES[words[0]], Path(words[1]), Path(words[2])
        from_json(warm, kinds)
        since = mark()
        give(since, from_json(home, kinds))
    elif what == "store":
        home, warm = map(Path, words)
        from_store(warm)
        since = mark()
        give(since, from_store(home))
    elif what == "bootstrap":
        home, warm, resamples = Path(words[0]), Path(words[1]), int(words[2])
        bootstrap(warm, 2)
        since = mark()
        give(since, bootstrap(home, resamples))
    else:
        since = mark()
        save(Path(words[0]))
        give(since, None)


if __name__ == "__main__":
    main()
