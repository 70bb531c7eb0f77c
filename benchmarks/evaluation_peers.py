"""A child program: one peer from two JSON files to its numbers. Run under the peers' own Python.

    PEERS -m benchmarks.evaluation_peers versions
    PEERS -m benchmarks.evaluation_peers NAME box|mask coco|lvis TRUTH RESULTS

Each is called in the fastest way that its documentation shows. Only the standard library and the
peer are imported. The numbers' names are segtrial's; undefined ones (−1) are null.
"""

# The peers are not in the environment that is checked.
# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measured import give, mark

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # kind as the peer calls it, kind, LVIS's rules?, labels, results → its numbers
    Run = Callable[[str, str, bool, str, str], Any]

COCO_NAMES = [
    "AP",
    "AP50",
    "AP75",
    "APs",
    "APm",
    "APl",
    "AR1",
    "AR10",
    "AR100",
    "ARs",
    "ARm",
    "ARl",
]
LVIS_NAMES = [*COCO_NAMES[:6], "APr", "APc", "APf", "AR300", *COCO_NAMES[9:]]
IOU_TYPE = {"box": "bbox", "mask": "segm"}
PEERS = {  # the package, and whether it knows COCO's and LVIS's rules
    "pycocotools": ("coco",),
    "lvis": ("lvis",),
    "faster-coco-eval": ("coco", "lvis"),
    "hotcoco": ("coco", "lvis"),
    "ultrafast-pycocotools": ("coco", "lvis"),
    "vernier": ("coco", "lvis"),
}


def versions() -> dict[str, str]:
    """The peers that are installed here."""
    found = {}
    for name in PEERS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def pycocotools() -> Run:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def run(kind: str, _: str, __: bool, truth: str, results: str) -> Any:
        labels = COCO(truth)
        evaluation = COCOeval(labels, labels.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        return evaluation.stats

    return run


def lvis() -> Run:
    import numpy as np
    from lvis import LVIS, LVISEval, LVISResults

    vars(np)["float"] = float  # it still uses this name, which NumPy 1.24 took away

    def run(kind: str, _: str, __: bool, truth: str, results: str) -> Any:
        labels = LVIS(truth)
        evaluation = LVISEval(labels, LVISResults(labels, results), kind)
        evaluation.run()
        return list(evaluation.get_results().values())

    return run


def faster_coco_eval() -> Run:
    from faster_coco_eval import COCO, COCOeval_faster

    def run(kind: str, _: str, federated: bool, truth: str, results: str) -> Any:
        labels = COCO(truth)
        evaluation = COCOeval_faster(labels, labels.loadRes(results), kind, lvis_style=federated)
        if federated:
            evaluation.params.maxDets = [300]
        evaluation.run()
        if not federated:
            return evaluation.stats[:12]
        found = evaluation.stats_as_dict
        keys = ["AP_all", "AP_50", "AP_75", "AP_small", "AP_medium", "AP_large"]
        keys += ["APr", "APc", "APf", "AR_all", "AR_small", "AR_medium", "AR_large"]
        return [found[key] for key in keys]

    return run


def hotcoco() -> Run:
    from hotcoco import COCO, LVIS, COCOeval, LVISEval, LVISResults

    def run(kind: str, _: str, federated: bool, truth: str, results: str) -> Any:
        if federated:
            labels = LVIS(truth)
            evaluation = LVISEval(labels, LVISResults(labels, results), kind)
        else:
            labels = COCO(truth)
            evaluation = COCOeval(labels, labels.load_res(results), kind)
        evaluation.run()
        return evaluation.stats

    return run


def ultrafast_pycocotools() -> Run:
    from ultrafast_pycocotools import COCO, COCOeval

    def run(kind: str, _: str, federated: bool, truth: str, results: str) -> Any:
        labels = COCO(truth)
        evaluation = COCOeval(labels, labels.loadRes(results), kind, lvis_style=federated)
        evaluation.run()
        return evaluation.stats

    return run


def vernier() -> Run:
    from vernier import instance

    threads = os.cpu_count()  # its default is one, unlike that of the others

    def run(_: str, shape: str, federated: bool, truth: str, results: str) -> Any:
        labels, found = Path(truth).read_bytes(), Path(results).read_bytes()
        if not federated:
            iou = instance.Bbox() if shape == "box" else instance.Segm()
            evaluator = instance.Evaluator(iou=iou, parity_mode="strict")
            dataset = instance.CocoDataset.from_json(labels)
            return evaluator.evaluate(dataset, found, num_threads=threads).stats
        dataset = instance.CocoDataset.from_lvis_json(labels)
        grid_of = {"box": instance.evaluate_bbox_grid, "mask": instance.evaluate_segm_grid}
        grid = grid_of[shape](
            dataset,
            found,
            parity_mode="strict",
            max_dets_per_image=300,
            use_cats=True,
            num_threads=threads,
        )
        return grid.accumulate([300]).summarize_lvis(dataset, [300]).stats

    return run


def named(numbers: Sequence[float], federated: bool) -> dict[str, float | None]:
    names = LVIS_NAMES if federated else COCO_NAMES
    values = (float(value) for value in numbers)
    return {n: None if v < 0 else v for n, v in zip(names, values, strict=True)}


def main() -> None:
    if sys.argv[1] == "versions":
        print(json.dumps(versions()))
        return
    name, shape, rules, truth, results = sys.argv[1:]
    prepare: dict[str, Callable[[], Run]] = {
        "pycocotools": pycocotools,
        "lvis": lvis,
        "faster-coco-eval": faster_coco_eval,
        "hotcoco": hotcoco,
        "ultrafast-pycocotools": ultrafast_pycocotools,
        "vernier": vernier,
    }
    run = prepare[name]()  # imports it
    since = mark()
    with contextlib.redirect_stdout(io.StringIO()):
        numbers: Any = run(IOU_TYPE[shape], shape, rules == "lvis", truth, results)
    give(since, named(numbers, rules == "lvis"))


if __name__ == "__main__":
    main()
