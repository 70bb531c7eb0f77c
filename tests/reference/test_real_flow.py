"""Error types, confusion and calibration on real results, beside hotcoco's.

Where labels hold crowds the two differ, by what each test states; else they agree to 1e-9.
"""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import hotcoco
import numpy as np
import pytest

from segtrial.data.coco.read import read_coco
from segtrial.data.predictions import read_predictions
from segtrial.evaluation.any_class import match_any_class
from segtrial.evaluation.calibration import Binning, calibration
from segtrial.evaluation.confusion import confusion, confusion_under_weights
from segtrial.evaluation.errors import ErrorKind, error_costs, error_types
from segtrial.evaluation.flow import attack
from segtrial.evaluation.matching import match, prepare_truth
from segtrial.evaluation.overlaps import overlaps
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.evaluation import IouType, Matches
from tests.reference.test_coco_results import SETS

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.overlaps import Overlaps

THEIRS = dict(
    zip(ErrorKind, ("Loc", "Cls", "Dupe", "Bkg", "Both", "Miss", "FP", "FN"), strict=True)
)
CONFIDENCE = 0.25


@dataclass(frozen=True)
class Case:
    """One result set, matched by us, and hotcoco's evaluation of it."""

    name: str
    dataset: Dataset
    detections: Detections
    matches: Matches
    pairs: Overlaps
    theirs: Any


def case_of(folder: Path, into: Path, name: str, *, crowds: bool) -> Case:
    spec = SETS[name]
    content = json.loads((folder / spec.truth).read_bytes())
    if spec.images is not None:
        kept = set(json.loads((folder / spec.images).read_bytes()))
        content["images"] = [i for i in content["images"] if i["id"] in kept]
    ids = {image["id"] for image in content["images"]}
    content["annotations"] = [
        a for a in content["annotations"] if a["image_id"] in ids and (crowds or not a["iscrowd"])
    ]
    results = json.loads((folder / spec.results).read_bytes())
    paths = into / "truth.json", into / "results.json"
    paths[0].write_text(json.dumps(content))
    paths[1].write_text(json.dumps([r for r in results if r["image_id"] in ids]))
    dataset = read_coco(paths[0], None)
    detections, _ = read_predictions(paths[1], dataset)
    truth = prepare_truth(dataset, truth_masks(dataset) if spec.kind == IouType.MASK else None)
    with contextlib.redirect_stdout(io.StringIO()):
        labels = hotcoco.COCO(str(paths[0]))
        kind = {IouType.BOX: "bbox", IouType.MASK: "segm"}[spec.kind]
        theirs = hotcoco.COCOeval(labels, labels.load_res(str(paths[1])), kind)
        theirs.evaluate()
    return Case(
        name=name,
        dataset=dataset,
        detections=detections,
        matches=match(truth, detections, spec.kind),
        pairs=overlaps(truth, detections, spec.kind),
        theirs=theirs,
    )


@pytest.fixture(scope="module", params=list(SETS))
def case(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Case:
    return case_of(shared_data, tmp_path_factory.mktemp("flow"), request.param, crowds=True)


@pytest.mark.parametrize("name", SETS)
def test_error_types_are_hotcoco_s_where_there_are_no_crowds(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    """All counts, and all gains.

    A class whose truths are all missed has no AP once they do not count: NaN here, a gain of 0
    there. The model's scores have ties, where a detection that is moved to another class comes
    after that class's own in hotcoco, and where it stands in the file here: hence 1e-5 for these.
    """
    case = case_of(shared_data, tmp_path, name, crowds=False)
    types = error_types(case.matches, case.pairs, case.dataset)
    costs = error_costs(case.matches, types, case.dataset)
    theirs = case.theirs.tide_errors()
    assert costs.mean_ap() == pytest.approx(theirs["ap_base"], abs=1e-9)
    defined = ~np.isnan(costs.ap)
    for kind, key in THEIRS.items():
        if key in theirs["counts"]:
            assert types.counts[kind].sum() == theirs["counts"][key], key
        gain = np.nan_to_num(costs.gain[kind][defined]).mean()
        tolerance = 1e-5 if kind == ErrorKind.CLASSIFICATION else 1e-9
        assert gain == pytest.approx(theirs["delta_ap"][key], abs=tolerance), key
    assert (types.counts[:5].sum(axis=1) > 0).sum() >= 3


def test_error_types_differ_from_hotcoco_s_by_crowds_alone(case: Case) -> None:
    """Differs from hotcoco: it compares detections with their class's crowds as with any truth;
    TIDE leaves crowds out, and so do we. At most 20 of 5,500 errors are of another kind.
    """
    types = error_types(case.matches, case.pairs, case.dataset)
    theirs = case.theirs.tide_errors()["counts"]
    ours = {key: int(types.counts[kind].sum()) for kind, key in THEIRS.items() if key in theirs}
    keys = ("Loc", "Cls", "Dupe", "Bkg", "Both")
    assert sum(ours[key] for key in keys) == sum(theirs[key] for key in keys)
    moved = sum(abs(ours[key] - theirs[key]) for key in keys) // 2
    if case.name.startswith("fake"):
        assert ours == theirs
    else:
        assert 0 < moved <= 20


def test_the_confusion_matrix_is_hotcoco_s_but_for_crowds(case: Case) -> None:
    """Differs from hotcoco: it leaves crowds out, so that detections in them are false positives
    there; here they are ignored, and counted. All other cells are equal.
    """
    flow = match_any_class(case.pairs, case.dataset, case.detections, confidence=CONFIDENCE)
    ours = confusion(flow)
    theirs = case.theirs.confusion_matrix(min_score=CONFIDENCE, max_det=10_000)["matrix"]
    table = np.array(ours.table)
    table[-1, :-1] += ours.ignored
    assert table.tolist() == theirs.astype(int).tolist()
    assert (ours.ignored.sum() > 0) == case.name.startswith("model")
    rows = ours.table[:-1].sum(axis=1)
    assert rows.tolist() == case.dataset.instance_counts().tolist()


def test_resampled_tables_add_up(case: Case) -> None:
    """Weights that split the images into two halves give two tables that sum to the whole."""
    flow = match_any_class(case.pairs, case.dataset, case.detections, confidence=CONFIDENCE)
    half = (np.arange(case.dataset.images) % 2).astype(np.int64)
    tables = confusion_under_weights(flow, np.stack([half, 1 - half]))
    assert tables.sum(axis=0).tolist() == confusion(flow).table.tolist()


def test_an_attack_s_shares_sum_to_the_truths(case: Case) -> None:
    flow = match_any_class(case.pairs, case.dataset, case.detections, confidence=CONFIDENCE)
    table = confusion(flow).table
    for host in range(0, 80, 7):
        outcome = attack(flow, host, (host + 1) % 80)
        parts = (outcome.kept, outcome.success, outcome.other, outcome.missed)
        assert sum(part.hits for part in parts) == table[host].sum()
        assert outcome.appeared.count == table[-1, (host + 1) % 80]
        assert (outcome.kept.reason == "no truth") == (table[host].sum() == 0)


def test_calibration_is_hotcoco_s(case: Case) -> None:
    ours = calibration(case.matches)
    theirs = case.theirs.calibration(n_bins=10, iou_threshold=0.5)
    assert ours.overall.count.sum() == theirs["num_detections"]
    assert ours.overall.error == pytest.approx(theirs["ece"], abs=1e-9)
    assert ours.overall.largest_error == pytest.approx(theirs["mce"], abs=1e-9)
    counts = [row["count"] for row in theirs["bins"]]
    assert ours.overall.count.tolist() == counts
    assert theirs["per_category"]
    for name, error in theirs["per_category"].items():
        own = ours.classes[case.dataset.class_names.index(name)]
        assert own.error == pytest.approx(error, abs=1e-9, nan_ok=True), name
    adaptive = calibration(case.matches, binning=Binning.ADAPTIVE).overall
    assert adaptive.count.sum() == ours.overall.count.sum()
