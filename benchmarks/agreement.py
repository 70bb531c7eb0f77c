"""The agreement table: other tools' numbers on real results beside ours, and the largest deviation.

    python -m benchmarks.agreement DATA

DATA: the folder of real data (`tests/reference/conftest.py`). pycocotools and hotcoco are run here;
of lvis and Ultralytics the stored answers are taken (`tests/*/…golden.json`), as they are no
dependencies. The same comparisons are tests; this shows them. Runs from the repository's root.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.evaluation.lvis_evaluation import golden_numbers, read_pair
from tests.evaluation.lvis_evaluation import our_numbers as our_lvis_numbers
from tests.evaluation.lvis_sets import CASES, as_given, made_case
from tests.evaluation.test_coco_arrays import their_arrays
from tests.evaluation.test_coco_summary import pycocotools_stats
from tests.evaluation.test_proposals import pycocotools_numbers
from tests.evaluation.test_ultralytics_golden import FILE, STYLES, as_matches
from tests.evaluation.ultralytics_golden import made_set
from tests.reference.test_coco_results import SETS
from tests.reference.test_real_flow import THEIRS, case_of

from segtrial.evaluation.coco_arrays import coco_arrays
from segtrial.evaluation.coco_summary import coco_summary
from segtrial.evaluation.errors import error_costs, error_types
from segtrial.evaluation.matching import match_ranges
from segtrial.evaluation.proposals import match_proposals, proposal_summary
from segtrial.evaluation.rules import COCO
from segtrial.evaluation.ultralytics import ultralytics_scores
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt
    from tests.reference.test_coco_results import ResultSet

    Numbers = Mapping[str, float]

WIDTH, NAME_WIDTH = 8, 34
LVIS_GOLDEN = Path("tests/reference/lvis_golden.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """The largest of some differences, of how many values, and how many are undefined on one side
    alone.
    """

    largest: float
    values: int
    apart: int

    def __str__(self) -> str:
        text = "0" if self.largest == 0 else f"{self.largest:.1e}"
        text = f"{text} of {self.values:,}"
        return text if not self.apart else f"{text}; {self.apart:,} undefined on one side alone"


def deviation(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> Deviation:
    """Of two arrays of one shape, NaN being undefined."""
    a, b = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    assert a.shape == b.shape
    apart = np.abs(a - b)
    return Deviation(
        largest=float(np.max(apart, initial=0, where=~np.isnan(apart))),
        values=a.size,
        apart=int((np.isnan(a) != np.isnan(b)).sum()),
    )


def title(text: str, names: Iterable[str]) -> None:
    print(f"\n{text:{NAME_WIDTH}}" + "".join(f"{name:>{WIDTH}}" for name in names))


def row(name: str, values: Iterable[float]) -> None:
    cells = ("–" if np.isnan(value) else f"{value:.4f}" for value in values)
    print(f"  {name:{NAME_WIDTH - 2}}" + "".join(f"{cell:>{WIDTH}}" for cell in cells))


def pair(tool: str, theirs: Numbers, ours: Numbers) -> None:
    """Two rows of the same names, and their largest deviation."""
    row(tool, theirs.values())
    row("segtrial", (ours[name] for name in theirs))
    apart = deviation([ours[name] for name in theirs], list(theirs.values()))
    print(f"  {'largest deviation':{NAME_WIDTH - 2}}  {apart}")


def of_listed_images(data: Path, spec: ResultSet) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Truth and results of the images that the set is about."""
    content = json.loads((data / spec.truth).read_bytes())
    results = json.loads((data / spec.results).read_bytes())
    kept = {image["id"] for image in content["images"]}
    if spec.images is not None:
        kept &= set(json.loads((data / spec.images).read_bytes()))
    content["images"] = [i for i in content["images"] if i["id"] in kept]
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] in kept]
    return content, [r for r in results if r["image_id"] in kept]


def coco(data: Path, folder: Path) -> None:
    """pycocotools: the twelve numbers, the proposals' too, and the full arrays."""
    for name, spec in SETS.items():
        content, results = of_listed_images(data, spec)
        truth, detections = read_pair(content, results, spec.kind, folder)
        matches = match_ranges(truth, detections, spec.kind, COCO)
        ours = coco_summary(matches, truth.dataset.class_names)
        theirs = pycocotools_stats(content, results, spec.kind)
        title(f"COCO: {name}, {truth.dataset.images} images", theirs)
        pair(f"pycocotools {version('pycocotools')}", theirs, ours)
        arrays, their_eval = coco_arrays(matches), their_arrays(content, results, spec.kind)
        for array, table in their_eval.items():
            apart = deviation(getattr(arrays, array), table)
            print(f"  {f'largest deviation in {array}':{NAME_WIDTH - 2}}  {apart}")
        proposals = proposal_summary(match_proposals(truth, detections, spec.kind))
        without = pycocotools_numbers(content, results, spec.kind)
        apart = deviation([proposals[key] for key in without], list(without.values()))
        print(f"  {'largest deviation, useCats = 0':{NAME_WIDTH - 2}}  {apart}")


def lvis(data: Path, folder: Path) -> None:
    """lvis, on real labels with made detections: thirteen numbers and AP per class.

    Its answers are stored to ten digits: up to 5e-11 is rounding.
    """
    labels = json.loads((data / "lvis" / "lvis_val_100.json").read_bytes())
    golden = json.loads(LVIS_GOLDEN.read_text())
    for case in CASES:
        for kind in IouType:
            content, results = made_case(labels, case)
            given = as_given(results, case, kind)
            ours, ap = our_lvis_numbers(content, given, kind, folder)
            theirs, their_ap = golden_numbers(golden[f"{case} {kind}"], content)
            title(f"LVIS: 100 images, {case}, {kind}", theirs)
            pair("lvis 0.5.3", theirs, ours)
            apart = deviation(ap, their_ap)
            print(f"  {'largest deviation in class AP':{NAME_WIDTH - 2}}  {apart}")


def ultralytics() -> None:
    """Ultralytics' `ap_per_class`, on made detections: its own real outputs hold no detections."""
    names = ("P", "R", "mAP50", "mAP")
    for name, style in STYLES.items():
        answers = FILE[name]["scores"]
        means = {}
        columns: list[tuple[Any, Any]] = []
        for seed, theirs in answers.items():
            made = made_set(int(seed))
            classes = tuple(f"class {c}" for c in range(made.classes))
            scores = ultralytics_scores(as_matches(made), classes, style)
            covered = theirs["class"]
            tables = (scores.precision, scores.recall, scores.ap)
            columns += [
                (table[covered].ravel(), np.ravel(theirs[key]))
                for table, key in zip(tables, ("p", "r", "ap"), strict=True)
            ]
            means[seed] = (scores.mean, theirs["mean"])
        largest = list(means)[-1]
        title(f"Ultralytics style: {len(answers)} made sets", names)
        ours, stated = (dict(zip(names, part, strict=True)) for part in means[largest])
        pair(f"ultralytics {name}, the last set", stated, ours)
        flat = [np.concatenate([column[side] for column in columns]) for side in (0, 1)]
        print(f"  {'largest deviation, P, R, AP':{NAME_WIDTH - 2}}  {deviation(*flat)}")


def tide(data: Path, folder: Path) -> None:
    """hotcoco's TIDE where there are no crowds: ΔAP by kind of error."""
    for name in SETS:
        case = case_of(data, folder, name, crowds=False)
        types = error_types(case.matches, case.pairs, case.dataset)
        costs = error_costs(case.matches, types, case.dataset)
        theirs = case.theirs.tide_errors()
        defined = ~np.isnan(costs.ap)
        gains = {
            key: float(np.nan_to_num(costs.gain[kind][defined]).mean())
            for kind, key in THEIRS.items()
        }
        title(f"ΔAP: {name} without crowds", ("AP50", *THEIRS.values()))
        stated = {key: theirs["delta_ap"][key] for key in THEIRS.values()}
        pair(
            f"hotcoco {version('hotcoco')}",
            {"AP50": theirs["ap_base"]} | stated,
            {"AP50": costs.mean_ap()} | gains,
        )
        counts = {key: int(types.counts[kind].sum()) for kind, key in THEIRS.items()}
        apart = deviation([counts[k] for k in theirs["counts"]], list(theirs["counts"].values()))
        print(f"  {'largest deviation in counts':{NAME_WIDTH - 2}}  {apart}")


def main() -> None:
    parser = argparse.ArgumentParser(description="The agreement table.")
    parser.add_argument("data", type=Path, metavar="DATA")
    data = parser.parse_args().data
    if not (data / "coco_results").is_dir():
        sys.exit(f"{data}: expected the folder of real data, with coco_results and lvis")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        coco(data, folder)
        lvis(data, folder)
        print(
            "\nlvis's answers are stored to ten digits: a deviation up to 5e-11 is their rounding"
        )
        ultralytics()
        tide(data, folder)


if __name__ == "__main__":
    main()
