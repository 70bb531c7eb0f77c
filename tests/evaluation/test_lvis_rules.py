"""LVIS's rules: sets that the reader can check, lvis's own numbers, and a plain reimplementation.

`lvis_golden.json` holds what lvis 0.5.3 says of the made cases. To make it anew, write them with
`write_cases(Path("cases"), made_content(1))`, then run this where lvis 0.5.3, pycocotools 2.0.11
and numpy 1.26 are; `tests/reference/lvis_golden.json` the same way from the real truth:

    import copy, json, sys, tempfile
    from pathlib import Path
    import numpy as np
    np.float = float  # lvis 0.5.3 uses the alias that numpy 1.24 removed
    from lvis import LVIS, LVISEval, LVISResults

    golden = {}
    for path in sorted(Path(sys.argv[1]).glob("*.json")):
        case = json.loads(path.read_text())
        Path("truth").write_text(json.dumps(case["truth"]))
        for kind, name in (("box", "bbox"), ("mask", "segm")):
            truth = LVIS("truth")
            run = LVISEval(truth, LVISResults(truth, copy.deepcopy(case[kind])), name)
            run.run()
            table = run.eval["precision"][:, :, :, 0]
            ap = zip(run.params.cat_ids, table.mean(axis=(0, 1)).tolist())
            golden[f"{path.stem} {kind}"] = {
                "numbers": [None if v == -1 else round(v, 10) for v in run.results.values()],
                "ap": {str(c): round(v, 10) for c, v in ap if v > -1},
            }
    print(json.dumps(golden))
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import hotcoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.evaluation.coco_summary import lvis_summary
from segtrial.evaluation.matching import match_ranges, prepare_truth
from segtrial.evaluation.rules import LVIS
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.attributes import Coverage
from segtrial.types.evaluation import IGNORED, NO_MATCH, IouType, Matches
from tests.builders import found, truth
from tests.evaluation.lvis_evaluation import NAMES, golden_numbers, lvis_numbers, our_numbers
from tests.evaluation.lvis_sets import CASES, as_given, made_case, made_content, renumbered

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

GOLDEN = json.loads((Path(__file__).parent / "lvis_golden.json").read_text())
KINDS = pytest.mark.parametrize("kind", list(IouType))
LEFT, RIGHT = (0, 0, 4, 10), (10, 0, 4, 10)
Pairs = list[tuple[int, int]]


def covered(dataset: Dataset, *, negative: Pairs = [], not_exhaustive: Pairs = []) -> Dataset:  # noqa: B006
    lists = [np.array(p, np.int32).reshape(-1, 2) for p in (negative, not_exhaustive)]
    return replace(dataset, coverage=Coverage(negative=lists[0], not_exhaustive=lists[1]))


def lvis_matches(dataset: Dataset, detections: Detections, kind: IouType) -> Matches:
    prepared = prepare_truth(dataset, truth_masks(dataset) if kind == IouType.MASK else None)
    return match_ranges(prepared, detections, kind, LVIS, ("all",))["all"]


@pytest.mark.parametrize("case", CASES)
@KINDS
def test_the_numbers_are_those_of_lvis(case: str, kind: IouType, tmp_path: Path) -> None:
    content, results = made_case(made_content(1), case)
    ours, ap = our_numbers(content, as_given(results, case, kind), kind, tmp_path)
    theirs, their_ap = golden_numbers(GOLDEN[f"{case} {kind}"], content)
    assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)
    np.testing.assert_allclose(ap, their_ap, rtol=0, atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), case=st.sampled_from(CASES), kind=st.sampled_from(list(IouType)))
def test_the_numbers_are_those_of_a_plain_reimplementation(
    tmp_path_factory: pytest.TempPathFactory, seed: int, case: str, kind: IouType
) -> None:
    small = made_content(seed, images=5 if case != "many" else 1, classes=4)
    content, results = made_case(small, case, seed)
    results = as_given(results, case, kind)
    if not results:
        return
    ours, ap = our_numbers(content, results, kind, tmp_path_factory.getbasetemp())
    theirs, their_ap = lvis_numbers(content, results, kind)
    assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)
    np.testing.assert_allclose(ap, their_ap, rtol=0, atol=1e-9)


@pytest.mark.parametrize("case", [case for case in CASES if case != "empty"])
def test_the_numbers_are_those_of_hotcoco(
    case: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without truths of no area, which hotcoco counts and lvis does not."""
    content, results = made_case(made_content(2), case)
    ours, _ = our_numbers(content, results, IouType.MASK, tmp_path)
    labels = hotcoco.LVIS(str(tmp_path / "truth.json"))
    given_results = hotcoco.LVISResults(labels, str(tmp_path / "results.json"))
    run = hotcoco.LVISEval(labels, given_results, "segm")
    run.run()
    capfd.readouterr()
    stated = {name.partition("@")[0]: value for name, value in run.get_results().items()}
    theirs = {name: stated[name.removesuffix("300")] for name in NAMES}
    theirs = {name: np.nan if value == -1 else value for name, value in theirs.items()}
    assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)


def test_an_annotation_of_id_zero_is_met(tmp_path: Path) -> None:
    """lvis 0.5.3 takes the id 0 for "unmatched"; rows do not."""
    content, results = made_case(made_content(1), "jittered")
    from_zero = [a | {"id": a["id"] - 1} for a in content["annotations"]]
    ours, _ = our_numbers(content | {"annotations": from_zero}, results, IouType.BOX, tmp_path)
    assert ours == our_numbers(renumbered(content), results, IouType.BOX, tmp_path)[0]


@KINDS
def test_each_list_says_what_an_unmatched_detection_is(kind: IouType) -> None:
    """Classes: held, held but not all labelled, known to be absent, never looked for."""
    dataset = covered(
        truth([(0, 0, LEFT), (0, 1, LEFT)], classes=("held", "open", "absent", "unknown")),
        negative=[(0, 2)],
        not_exhaustive=[(0, 1)],
    )
    rows = [(0, label, 0.9, RIGHT) for label in range(4)] + [(0, 1, 0.8, LEFT)]
    matches = lvis_matches(dataset, found(rows), kind)
    assert matches.class_index.tolist() == [0, 1, 1, 2]  # the unknown class is gone
    assert matches.truth_row[0].tolist() == [NO_MATCH, IGNORED, 1, NO_MATCH]


@KINDS
def test_lists_hold_for_their_image_alone(kind: IouType) -> None:
    dataset = truth([(0, 0, LEFT), (1, 1, LEFT)], images=2, classes=("a", "b"))
    dataset = covered(dataset, negative=[(1, 0)], not_exhaustive=[(0, 0)])
    rows = [(0, 0, 0.9, RIGHT), (0, 1, 0.9, RIGHT), (1, 0, 0.9, RIGHT), (1, 1, 0.9, RIGHT)]
    matches = lvis_matches(dataset, found(rows), kind)
    assert matches.image_index.tolist() == [0, 1, 1]
    assert matches.class_index.tolist() == [0, 0, 1]
    assert matches.truth_row[0].tolist() == [IGNORED, NO_MATCH, NO_MATCH]


@KINDS
def test_of_an_image_the_300_highest_scores_count_before_any_class_is_dropped(
    kind: IouType,
) -> None:
    """299 detections of a class that nobody looked for still take their places."""
    dataset = covered(truth([(0, 0, LEFT)], classes=("held", "unknown")))
    unknown = [(0, 1, 0.9, LEFT) for _ in range(299)]
    hit, miss = (0, 0, 0.5, LEFT), (0, 0, 0.6, RIGHT)
    matches = lvis_matches(dataset, found([hit, miss, *unknown]), kind)
    assert matches.score.tolist() == [0.6]
    matches = lvis_matches(dataset, found([hit, miss, *unknown[1:]]), kind)
    assert matches.score.tolist() == [0.6, 0.5]


@KINDS
def test_of_equal_scores_the_cut_keeps_the_first(kind: IouType) -> None:
    dataset = covered(truth([(0, 0, LEFT)]))
    matches = lvis_matches(dataset, found([(0, 0, 0.5, RIGHT)] * 300 + [(0, 0, 0.5, LEFT)]), kind)
    assert matches.detection_row.tolist() == list(range(300))


@KINDS
def test_what_has_no_area_does_not_exist(kind: IouType) -> None:
    """A truth of no area is not missed, does not say that its class was looked for; a detection of
    no area is no false positive.
    """
    flat = (3, 3, 0, 4)
    rows = [(0, 0, LEFT), (0, 0, flat), (0, 1, flat)]
    dataset = covered(truth(rows, classes=("a", "b")))
    detections = found([(0, 0, 0.9, flat), (0, 0, 0.8, LEFT), (0, 1, 0.9, LEFT)])
    matches = lvis_matches(dataset, detections, kind)
    assert matches.detection_row.tolist() == [1]
    assert matches.truth_row[:, 0].tolist() == [0] * 10
    assert matches.truth_class.tolist() == [0]


def test_numbers_by_frequency_are_means_over_their_classes() -> None:
    """The rare class is found, the common one is not, the frequent one has no truth."""
    dataset = covered(truth([(0, 0, LEFT), (0, 1, LEFT)], classes=("a", "b", "c")))
    prepared = prepare_truth(dataset, None)
    matches = match_ranges(prepared, found([(0, 0, 0.9, LEFT)]), IouType.BOX, LVIS)
    numbers = lvis_summary(matches, dataset.class_names, ("r", "c", "f"))
    assert [numbers[name] for name in ("AP", "APr", "APc")] == pytest.approx([0.5, 1, 0])
    assert np.isnan(numbers["APf"])
    assert list(numbers) == [*NAMES]


def test_labels_without_lists_are_refused() -> None:
    with pytest.raises(ValueError, match="need labels with coverage"):
        lvis_matches(truth([(0, 0, LEFT)]), found([]), IouType.BOX)
