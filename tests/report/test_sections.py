from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from segtrial.report.axis import Axis
from segtrial.report.changed import change_view, ledger_address
from segtrial.report.dots import LEFT, RIGHT, dots_views
from segtrial.report.inputs import FailedRun
from segtrial.report.protocol import protocol_view
from segtrial.report.tables import scores_views
from segtrial.report.view import report_view
from segtrial.types.trial import Change, Swap
from tests.report.builders import TEN, class_row, contrast, planned_arm, report_input, untested_row


def test_dots_stand_at_their_values_and_name_their_seeds() -> None:
    row = class_row("bridge", role="host", base_runs=(0.30, 0.34), arm_runs=(0.38,), base=0.32)
    (view,) = dots_views(contrast([row]), {"base": [4, 7], "arm": [4, 7]})
    ticks = {tick.text: tick.x for tick in view.ticks}
    (low, left), *_, (high, right) = ticks.items()
    axis = Axis(low=float(low), high=float(high), left=left, right=right)
    base, arm = view.lanes
    assert [dot.x for dot in base.dots] == pytest.approx([axis.x(0.30), axis.x(0.34)], abs=0.2)
    assert base.mean == pytest.approx(axis.x(0.32), abs=0.2)
    assert [dot.x for dot in arm.dots] == pytest.approx([axis.x(0.38)], abs=0.2)
    assert [dot.text for dot in base.dots] == ["seed 4: 0.300", "seed 7: 0.340"]
    assert [dot.text for dot in arm.dots] == ["run 1: 0.380"]
    assert all(LEFT <= dot.x <= RIGHT for lane in view.lanes for dot in lane.dots)
    assert base.values == "0.300, 0.340"


def test_a_run_without_a_value_has_no_dot() -> None:
    row = class_row("bridge", role="host", base_runs=(None, 0.3, 0.4), arm_runs=(None,) * 3)
    (view,) = dots_views(contrast([row]), {"base": [0, 1, 2], "arm": [0, 1, 2]})
    assert [dot.text for dot in view.lanes[0].dots] == ["seed 1: 0.300", "seed 2: 0.400"]
    assert view.lanes[0].values == "–, 0.300, 0.400"
    assert view.lanes[1].dots == ()


def test_means_cover_the_classes_with_a_value() -> None:
    report = report_input([planned_arm("base", TEN)], [], TEN, 3)
    (view,) = scores_views(report)
    values = [row.box_ap50 for row in report.scores if row.box_ap50 is not None]
    assert len(values) == 9
    assert view.mean[0] == f"{sum(values) / 9:.3f}"
    assert view.covers == "Mean over 9 of 10 classes."
    assert [row.name for row in view.rows] == list(TEN)


def test_what_the_trial_could_not_see_is_told_by_contrast() -> None:
    rows = [
        class_row("bridge", role="host", smallest_visible=0.031),
        *(class_row(f"c{k}", smallest_visible=k / 100) for k in (1, 2, 6)),
        untested_row("train", "4 images"),
        untested_row("tram", "4 images"),
    ]
    arms = [planned_arm("base", TEN), planned_arm("arm", TEN)]
    (unseen,) = protocol_view(report_input(arms, [contrast(rows)], TEN, 3)).unseen
    assert unseen.named == (("bridge", "0.031"),)
    assert unseen.untested == (("4 images", ("train", "tram")),)
    assert unseen.others == (
        "Of 3 classes not named, half needed a change of at least 0.020 to be seen; "
        "the least visible, c6, one of 0.060."
    )


def test_the_plans_hashes_are_shown_once() -> None:
    report = report_input([planned_arm("base", TEN)], [], TEN, 3)
    assert dict(protocol_view(report).hashes) == {
        "trial file": "7be2" * 16,
        "training labels": report.plan.train_sha256,
        "validation labels": report.plan.val_sha256,
    }


def test_the_plans_notes_reach_the_protocol() -> None:
    noted = {"notes": ("val: 3 polygons leave their image and are clipped",)}
    report = report_input([planned_arm("base", TEN)], [], TEN, 3, noted)
    assert protocol_view(report).notes == noted["notes"]


def test_every_failed_run_shows_whoever_names_it() -> None:
    """One run has a reason, one is only in the comparison, one label is of no planned run."""
    arms = [planned_arm("base", TEN), planned_arm("arm", TEN)]
    report = report_input(
        arms, [], TEN, 3, failed=[FailedRun(arm="arm", seed=2, reason="out of memory")]
    )
    labels = ("old/seed-9", "arm/seed-2", "base/seed-1")
    comparison = structs.replace(report.comparison, failed_runs=labels)
    page = report_view(replace(report, comparison=comparison))
    assert [(run.arm, run.seed, run.reason) for run in page.failures] == [
        ("base", "1", "no reason was recorded"),
        ("arm", "2", "out of memory"),
        ("old/seed-9", "", "no reason was recorded"),
    ]


def test_dots_leave_out_the_seeds_that_only_the_comparison_lists() -> None:
    row = class_row("bridge", role="host", base_runs=(0.30, 0.34), arm_runs=(0.1, 0.2, 0.3))
    arms = [planned_arm("base", TEN), planned_arm("arm", TEN)]
    report = report_input(arms, [contrast([row])], TEN, 3)
    comparison = structs.replace(report.comparison, failed_runs=("base/seed-1",))
    (one,) = report_view(replace(report, comparison=comparison)).contrasts
    assert [dot.text for dot in one.dots[0].lanes[0].dots] == ["seed 0: 0.300", "seed 2: 0.340"]


def test_changes_in_words() -> None:
    swap = change_view(Change(swap=Swap(host="a", target="b", ratio=0.25, draw="fixed")))
    assert (swap.kind, swap.share, swap.host, swap.target) == ("swap", "25 %", "a", "b")
    assert "this one draw only" in swap.drawn
    recipe = change_view(Change(recipe={"optimizer": {"lr": 0.02}}))
    assert recipe.settings == (("optimizer.lr", "0.02"),)
    assert change_view(None).kind == "none"


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("arms/a/edits.jsonl", "arms/a/edits.jsonl"),
        ("a b/ü.jsonl", "a%20b/%C3%BC.jsonl"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("//host/share", "./host/share"),
    ],
)
def test_a_ledgers_address_stays_beside_the_report(path: str, address: str) -> None:
    assert ledger_address(path) == address
