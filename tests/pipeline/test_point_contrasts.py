"""Precision and recall at the frozen confidence: their difference over seeds, deciding nothing."""

from __future__ import annotations

import warnings

import pytest
from msgspec import structs
from scipy import stats

from segtrial.pipeline.label_flow import read_flow
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.run import run_trial
from segtrial.report.label_flow import flow_views
from segtrial.types.label_flow import FlowMeans, MeanOverSeeds, PairFlow, RunFlow
from tests.pipeline.test_run_warnings import SMALL, context_of
from tests.report.builders import TEN, planned_arm, report_input, swap_arm
from tests.report.flows import label_flow, pair_flow


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> PairFlow:
    context = context_of(tmp_path_factory.mktemp("ran"), SMALL)
    run_trial(context, make_plan(context), workers=1, listen=lambda _: None)
    flow = read_flow(context)
    assert flow is not None
    return flow.arms[0].pairs[0]


def value(run: RunFlow, name: str) -> float:
    if "_" in name:
        side, what = name.split("_")
        return getattr(getattr(run, side), what)
    share = getattr(run, name)
    return share.per_image if name == "appeared" else share.fraction


@pytest.mark.parametrize("name", [f.name for f in structs.fields(FlowMeans)])
def test_each_difference_is_welch_s_over_the_runs(pair: PairFlow, name: str) -> None:
    assert pair.differences is not None
    found: MeanOverSeeds = getattr(pair.differences, name)
    base, arm = ([value(run, name) for run in runs] for runs in (pair.base_runs, pair.arm_runs))
    means = getattr(pair.arm, name).mean, getattr(pair.base, name).mean
    assert found.mean == pytest.approx(means[0] - means[1])
    if found.reason:
        assert len(set(base)) == len(set(arm)) == 1
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # scipy's, where one side has no spread
        expected = stats.ttest_ind(arm, base, equal_var=False).confidence_interval(0.95)
    most = 1e9 if name == "appeared" else 1
    assert found.interval == pytest.approx((max(expected.low, -most), min(expected.high, most)))


def test_success_is_the_same_record(pair: PairFlow) -> None:
    assert pair.differences is not None
    assert pair.success_difference == pair.differences.success


def test_the_report_shows_it_where_there_is_an_interval(pair: PairFlow) -> None:
    names = ("bridge", "parking sign")
    arms = [planned_arm("base", TEN), swap_arm("arm", TEN, *names)]
    made = pair_flow(names, [(5, 1, 1, 1)] * 2, [(2, 4, 1, 1)] * 2)
    moved = MeanOverSeeds(mean=-0.05, interval=(-0.07, -0.03), reason="")
    none = MeanOverSeeds(mean=0.1, interval=(None, None), reason="one seed")
    differences = structs.replace(made.arm, host_precision=moved, host_recall=none)
    shown = structs.replace(made, differences=differences)
    for flow, expected in ((made, ""), (shown, " (−0.050 [−0.070, −0.030])")):
        report = report_input(arms, [], TEN, 2, flow=label_flow("arm", "base", flow))
        host = flow_views(report)[0].pairs[0].points[0]
        assert host.precision_moved == expected
        assert host.recall_moved == ""
