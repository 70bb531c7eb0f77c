"""The label flow of a trial: exact where the flips are known, drawn from the kept records."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from segtrial.evaluation.matching import match, prepare_truth
from segtrial.pipeline.context import Context
from segtrial.pipeline.execute import (
    OLDER_LAYOUT,
    open_bench,
    pending_runs,
    sealed_runs,
    unfinished_runs,
)
from segtrial.pipeline.label_flow import frozen_confidence, label_flow, read_flow
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.run import run_trial
from segtrial.pipeline.trial_file import parse_trial
from segtrial.store.codec import to_json, unpack_detections
from segtrial.types.dataset import Dataset
from segtrial.types.errors import RecordError
from segtrial.types.evaluation import IouType, Matches
from segtrial.types.label_flow import LabelFlow, PairFlow, RunFlow
from segtrial.types.plan import Plan
from segtrial.types.randomness import generator
from tests.builders import found, truth
from tests.pipeline.trials import ORACLE

# Each detection is a truth's own shape, and of the host's truths only the flips are called wrongly.
EXACT = """
question = "Are known flips found, one by one?"
seeds    = [0, 1, 2]
resamples = 100

[data]
streets = { train = 60, val = 50, seed = 3, image_size = [96, 128], pictures = false }

[recipe]
model           = "oracle"
hit             = 0.9
hit_class_sd    = 0.0
hit_seed_sd     = 0.0
box_jitter      = 0.0
confusion       = 0.0
false_positives = 0.0
response        = 0.7

[[arm]]
name = "base"

[[arm]]
name   = "car2person"
change = { swap = { host = "car", target = "person", ratio = 0.5 } }

[[arm]]
name   = "building2car"
change = { swap = { host = "building", target = "car", ratio = 0.3 } }

[[arm]]
name   = "fewer_hits"
change = { recipe = { hit = 0.6 } }
"""


def ran(folder: Path, text: str) -> tuple[Context, Plan]:
    context = Context(
        name="t",
        trial=parse_trial(text, where="t.toml"),
        trial_text=text,
        root=folder,
        folder=folder / "t",
        command="test",
    )
    plan = make_plan(context)
    result = run_trial(context, plan, workers=1, listen=lambda _: None)
    assert result.failed == ()
    return context, plan


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> tuple[Context, Plan, LabelFlow]:
    context, plan = ran(tmp_path_factory.mktemp("exact"), EXACT)
    flow = read_flow(context)
    assert flow is not None
    return context, plan, flow


def expected_hits(
    context: Context, val: Dataset, arm: str, seed: int, pair: PairFlow, confidence: float
) -> list[int]:
    """Kept, success, other, missed by the oracle's definition, from its draws.

    Of a host's truths the share response × relabelled / all is called the target: those whose
    second draw lies in that share, which stands above or below the rest as the target's row does.
    """
    names = val.class_names
    host, target = names.index(pair.host), names.index(pair.target)
    run = json.loads((context.run_path(arm, seed) / "checkpoint.json").read_bytes())
    draws = generator(seed, "oracle predict", run["stream"]).random((val.instances, 3))
    share = 0.0
    ledger = context.arm_path(arm, seed) / "edits.jsonl"
    if ledger.is_file():
        moved = len(ledger.read_text().splitlines()) - 1  # the first line is the ledger's head
        labels = json.loads((context.run_path("base", seed) / "served.json").read_bytes())
        share = 0.7 * moved / labels["instances"][pair.host]
    called = draws[:, 1] > 1 - share if target > host else draws[:, 1] <= share
    seen = (0.35 + 0.6 * np.sqrt(draws[:, 2]) >= confidence) & (draws[:, 0] < 0.9)
    hosts = (val.class_index == host) & ~val.crowd
    kept = int((hosts & seen & ~called).sum())
    return [kept, int((hosts & seen & called).sum()), 0, int((hosts & ~seen).sum())]


def hits(run: RunFlow) -> list[int]:
    return [run.kept.hits, run.success.hits, run.other.hits, run.missed.hits]


@pytest.mark.parametrize("confidence", [None, 0.0, 0.7])
def test_known_flips_are_found_one_by_one(
    exact: tuple[Context, Plan, LabelFlow],
    confidence: float | None,
    monkeypatch: pytest.MonkeyPatch,
):
    """At the frozen confidence as on record, and at others: all detections, and half of them."""
    context, plan, flow = exact
    val = open_bench(context, plan).loaded.val
    if confidence is not None:
        monkeypatch.setattr("segtrial.pipeline.label_flow.frozen_confidence", lambda _: confidence)
        flow = label_flow(context, plan, sealed_runs(context, plan), val)
    assert [(a.arm, a.control) for a in flow.arms] == [
        ("car2person", "base"),
        ("building2car", "base"),
    ]
    for arm in flow.arms:
        (pair,) = arm.pairs
        assert arm.confidence is not None
        for name, runs in ((arm.control, pair.base_runs), (arm.arm, pair.arm_runs)):
            assert [run.seed for run in runs] == [0, 1, 2]
            for run in runs:
                known = expected_hits(context, val, name, run.seed, pair, arm.confidence)
                assert hits(run) == known
                assert sum(known) == pair.truths == plan.val_instances[pair.host]
                assert run.appeared.count == 0
        assert all(run.success.hits == 0 for run in pair.base_runs)
        assert all(run.success.hits > 3 for run in pair.arm_runs)
        assert any(run.missed.hits for run in pair.arm_runs)


def test_means_and_intervals_over_seeds_are_the_textbooks(exact: tuple[Context, Plan, LabelFlow]):
    (pair,) = exact[2].arms[0].pairs
    rates = [run.success.hits / pair.truths for run in pair.arm_runs]
    assert [run.success.fraction for run in pair.arm_runs] == rates
    assert pair.arm.success.mean == pytest.approx(np.mean(rates))
    interval = stats.ttest_1samp(rates, 0).confidence_interval(0.95)
    assert pair.arm.success.interval == pytest.approx(tuple(interval))
    welch = stats.ttest_ind(rates, [0, 0, 0], equal_var=False).confidence_interval(0.95)
    assert pair.success_difference.interval == pytest.approx(tuple(welch))
    assert pair.base.success.reason == "all seeds agree: no interval over seeds"
    for run in (*pair.base_runs, *pair.arm_runs):
        share = run.success
        assert share.interval[0] <= share.fraction <= share.interval[1]


def test_pairs_of_one_seed_are_compared_truth_by_truth(exact: tuple[Context, Plan, LabelFlow]):
    (pair,) = exact[2].arms[0].pairs
    assert [one.seed for one in pair.paired] == [0, 1, 2]
    for one, base, arm in zip(pair.paired, pair.base_runs, pair.arm_runs, strict=True):
        assert [sum(row) for row in one.table] == hits(base)
        assert [sum(column) for column in zip(*one.table, strict=True)] == hits(arm)
        assert (one.success.gained, one.success.lost) == (arm.success.hits, 0)
        assert one.success.difference == arm.success.fraction


def test_precision_and_recall_are_counts_at_the_frozen_confidence(
    exact: tuple[Context, Plan, LabelFlow],
):
    context, plan, flow = exact
    arm = flow.arms[0]
    (pair,) = arm.pairs
    person = plan.class_names.index("person")
    for run in pair.arm_runs:
        path = context.run_path(arm.arm, run.seed) / "detections.npz"
        detections = unpack_detections(path.read_bytes(), "here")
        called = (detections.class_index == person) & (detections.score >= (arm.confidence or 0))
        target = run.target
        assert target.true_positives + target.false_positives == called.sum()
        assert target.precision == target.true_positives / called.sum()
        assert target.recall == target.true_positives / plan.val_instances["person"]
        assert run.host.precision == 1
        assert run.host.true_positives == run.kept.hits


def test_the_confidence_is_the_base_s_alone(exact: tuple[Context, Plan, LabelFlow]):
    context, plan, flow = exact
    first, second = flow.arms
    assert first.confidence == second.confidence == pytest.approx(np.mean(first.base_confidences))
    val = open_bench(context, plan).loaded.val
    fewer = sealed_runs(context, plan) - {("base", 1), ("base", 2), ("car2person", 0)}
    one = label_flow(context, plan, fewer, val).arms[0]
    assert one.confidence == first.base_confidences[0]
    (pair,) = one.pairs
    assert [run.seed for run in pair.base_runs] == [0]
    assert [run.seed for run in pair.arm_runs] == [1, 2]
    assert pair.paired == ()
    assert pair.base.success.reason == "one seed: no interval over seeds"
    assert pair.success_difference.interval == (None, None)
    assert pair.success_difference.mean == pair.arm.success.mean


def test_runs_that_are_missing_are_said(exact: tuple[Context, Plan, LabelFlow]):
    context, plan, _ = exact
    val = open_bench(context, plan).loaded.val
    sealed = sealed_runs(context, plan)
    alone = label_flow(context, plan, frozenset(r for r in sealed if r[0] == "base"), val)
    (pair,) = alone.arms[0].pairs
    assert pair.arm_runs == ()
    assert pair.arm.success.mean is None
    assert pair.arm.success.reason == pair.success_difference.reason == "no run"
    headless = label_flow(context, plan, frozenset(r for r in sealed if r[0] != "base"), val)
    assert [arm.pairs for arm in headless.arms] == [(), ()]
    assert headless.arms[0].confidence is None
    assert "no run of base is complete" in headless.arms[0].reason


def test_no_undefined_number_is_without_a_reason(exact: tuple[Context, Plan, LabelFlow]):
    context, plan, flow = exact
    assert "NaN" not in (context.folder / "flow.json").read_text()
    val = open_bench(context, plan).loaded.val
    car, person = (plan.class_names.index(name) for name in ("car", "person"))
    empty = replace(val, class_index=np.where(val.class_index == car, person, val.class_index))
    hostless = label_flow(context, plan, sealed_runs(context, plan), empty)
    (pair,) = hostless.arms[0].pairs
    assert pair.truths == 0
    assert pair.arm_runs[0].success.reason == "no truth"
    for made in (flow, hostless):
        check_reasons(json.loads(to_json(made)))


def check_reasons(value: Any) -> None:
    if isinstance(value, dict):
        holes = [None in v if isinstance(v, list) else v is None for v in value.values()]
        assert not any(holes) or value["reason"], value
        assert not value.get("reason") or any(holes), value
        for part in value.values():
            check_reasons(part)
    elif isinstance(value, list):
        for part in value:
            check_reasons(part)


def test_the_record_is_what_the_records_give(exact: tuple[Context, Plan, LabelFlow]):
    context, plan, flow = exact
    val = open_bench(context, plan).loaded.val
    again = label_flow(context, plan, sealed_runs(context, plan), val)
    assert to_json(again) == (context.folder / "flow.json").read_bytes()
    assert to_json(flow) == to_json(again)


def test_records_of_another_run_are_refused(exact: tuple[Context, Plan, LabelFlow], tmp_path: Path):
    context, plan, _ = exact
    shutil.copytree(context.folder, tmp_path / "t")
    copy = replace(context, folder=tmp_path / "t")
    val = open_bench(context, plan).loaded.val
    sealed = sealed_runs(copy, plan)
    mine = copy.run_path("base", 0) / "overlaps.npz"
    shutil.copy(copy.run_path("fewer_hits", 0) / "overlaps.npz", mine)
    with pytest.raises(RecordError, match=r"not of the run's detections"):
        label_flow(copy, plan, sealed, val)
    mine.unlink()
    with pytest.raises(RecordError, match="missing"):
        label_flow(copy, plan, sealed, val)
    (copy.folder / "flow.json").write_text("{")
    with pytest.raises(RecordError, match="damaged"):
        read_flow(copy)
    (copy.folder / "flow.json").unlink()
    assert read_flow(copy) is None


def test_a_run_of_an_older_layout_is_matched_anew_and_not_trained(tmp_path: Path):
    context, plan = ran(tmp_path, ORACLE.replace("resamples = 200", "resamples = 100"))
    folder = context.run_path("base", 1)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    flow = (context.folder / "flow.json").read_bytes()
    manifest = msgspec.json.decode(before["manifest.json"])
    del manifest["stages"]["score"]["overlaps.npz"]
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    (folder / "overlaps.npz").unlink()
    trained = (folder / "checkpoint.json").stat().st_mtime_ns

    sealed = sealed_runs(context, plan)
    assert ("base", 1) not in sealed
    assert len(sealed) == 5
    assert [(run.arm, run.seed) for run in pending_runs(context, plan)] == [("base", 1)]
    ((run, reason),) = unfinished_runs(context, plan, sealed)
    assert (run.arm, run.seed, reason) == ("base", 1, OLDER_LAYOUT)

    assert run_trial(context, plan, workers=1, listen=lambda _: None).failed == ()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert (context.folder / "flow.json").read_bytes() == flow
    assert (folder / "checkpoint.json").stat().st_mtime_ns == trained


# The frozen confidence

NAMES = ("car", "bus")
A, B, FAR, FAR_TOO = (0, 0, 4, 4), (6, 0, 4, 4), (12, 0, 4, 4), (12, 5, 4, 4)


def matches_of(rows: Any, crowd: bool = False) -> Matches:
    """Two cars, and where asked for a crowd of cars; classes without truth have no F1."""
    boxes = [(0, 0, A), (0, 0, B), *([(0, 0, (10, 0, 10, 10))] if crowd else [])]
    labels = truth(boxes, classes=NAMES, crowd=(2,) if crowd else ())
    return match(prepare_truth(labels, None), found(rows), IouType.BOX)


def test_the_frozen_confidence_by_hand():
    """F1 is 1 from above .4 to .6 and lower elsewhere; smoothed over ± 50/999 it is highest from
    the first of the 1000 confidences whose neighbours all lie above .4: 450/999. The second hit is
    one at IoU .5 alone.
    """
    rows = [(0, 0, 0.8, A), (0, 0, 0.6, (6, 0, 4, 2.5)), (0, 0, 0.4, FAR), (0, 0, 0.2, FAR_TOO)]
    assert frozen_confidence([matches_of(rows)]) == pytest.approx(450 / 999)
    higher = [(0, 0, score + 0.1, box) for _, _, score, box in rows]
    both = [matches_of(rows), matches_of(higher)]
    assert frozen_confidence(both) == pytest.approx((450 + 550) / 2 / 999)


def test_what_lies_in_a_crowd_moves_no_confidence():
    """As false positives the two in the crowd would leave F1 highest between .8 and 1."""
    rows = [(0, 0, 0.9, FAR), (0, 0, 0.7, FAR_TOO), (0, 0, 0.6, A), (0, 0, 0.5, B)]
    without = [row for row in rows if row[3] in {A, B}]
    assert frozen_confidence([matches_of(rows, crowd=True)]) == frozen_confidence(
        [matches_of(without)]
    )


def test_without_runs_or_truth_there_is_no_confidence():
    assert math.isnan(frozen_confidence([]))
    labels = truth([], classes=NAMES)
    nothing = match(prepare_truth(labels, None), found([(0, 0, 0.9, A)]), IouType.BOX)
    assert math.isnan(frozen_confidence([nothing]))
