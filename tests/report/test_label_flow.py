"""Where the relabelled classes went: sentences, bars, tables, and what is missing."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from msgspec import structs

from segtrial.report.label_flow import flow_lines, flow_views
from segtrial.report.label_flow_figure import NARROW, THIN_BARS, WIDE, bars_view
from segtrial.report.render import render_report
from segtrial.report.share_text import (
    points_interval_text,
    points_text,
    share_interval_text,
    share_text,
)
from segtrial.types.errors import RecordError
from tests.report.builders import HOSTILE, TEN, planned_arm, report_input
from tests.report.flows import label_flow, pair_flow, point, run_flow
from tests.report.reports import hostile_report, small_report
from tests.report.test_page import ATTRIBUTES, TAGS, Page

ARM, NAMES = "bridge2parking_sign", ("bridge", "parking sign")
BASE_HITS, ARM_HITS = [(60, 2, 8, 30), (64, 0, 6, 30)], [(30, 30, 10, 30), (28, 40, 4, 28)]
FLOW = label_flow(ARM, "base", pair_flow(NAMES, BASE_HITS, ARM_HITS))


def section(html: str) -> str:
    html = html.replace("</td>", " </td>").replace("</th>", " </th>")
    start = html.index('<section id="flow"')
    return re.sub(r"\s+", " ", Page(html[start : html.index("</section>", start) + 10]).text)


def test_the_answer_stands_in_words() -> None:
    text = section(render_report(small_report(flow=FLOW)))
    for words in (
        "Where did the bridge go? bridge2parking_sign against base",
        "35 % of the 100 instances of bridge are called parking sign; with base 1 %.",
        "That is +34.0 percentage points, 95 % interval [30.0, 38.0] over training seeds",
        "At confidence 0.43, frozen on base: the mean over its 2 runs of the confidence with the "
        "highest smoothed mean F1 (0.41, 0.44); mask IoU 0.5 or more.",
        "called parking sign 1 % [0, 5.0] 2, 0 35 % [31.0, 39.0] 30, 40",
        "missed 30 % [26.0, 34.0] 30, 30 29 % [25.0, 33.0] 30, 28",
        "parking sign target 0.750 → 0.750 0.600 → 0.600",
    ):
        assert words in text


def test_the_bars_are_the_shares() -> None:
    (pair,) = FLOW.arms[0].pairs
    for layout in (WIDE, NARROW):
        view = bars_view(pair, ("base", ARM), layout)
        span = layout.right - layout.left
        base, arm = view.bars
        mean = arm.parts[:4]
        assert [part.kind for part in mean] == ["kept", "success", "other", "missed"]
        assert [part.width / span for part in mean] == pytest.approx(
            [0.29, 0.35, 0.07, 0.29], abs=0.001
        )
        assert [part.label for part in mean] == ["29 %", "35 %", "7 %" * (layout is WIDE), "29 %"]
        for before, after in pairwise(mean):
            assert before.x + before.width == pytest.approx(after.x, abs=0.15)
        assert mean[-1].x + mean[-1].width == pytest.approx(layout.right, abs=0.15)
        thin = arm.parts[4:]
        assert [part.text for part in thin[:4]] == [f"seed 0: {n} of 100" for n in ARM_HITS[0]]
        assert thin[4].width / span == pytest.approx(0.28, abs=0.001)
        assert {part.label for part in thin} == {""}
        kinds = [part.kind for part in base.parts]
        assert kinds.count("success") == 2, "the base run without any has no part for it"
        assert max(p.y + p.height for p in arm.parts) < view.bottom < view.height
        assert max(p.y + p.height for p in base.parts) < arm.y - 8


def test_many_seeds_do_not_make_a_page_of_bars() -> None:
    pair = pair_flow(NAMES, BASE_HITS * 15, ARM_HITS * 15)
    bar = bars_view(pair, ("base", ARM), WIDE).bars[1]
    assert len({part.y for part in bar.parts}) == 1 + THIN_BARS
    assert bar.note == "mean of 30 runs"


def test_one_seed_has_no_interval_and_says_so() -> None:
    pair = pair_flow(NAMES, BASE_HITS[:1], ARM_HITS[:1])
    flow = label_flow(ARM, "base", pair, base_confidences=(0.426,))
    text = section(render_report(small_report(flow=flow)))
    assert "That is +28.0 percentage points; one seed: no interval over seeds." in text
    assert "called parking sign 2 % – 2 30 % – 30" in text
    assert "frozen on base: that of the highest smoothed mean F1 of its one run;" in text


def test_an_arm_without_runs_shows_the_base() -> None:
    flow = label_flow(ARM, "base", pair_flow(NAMES, BASE_HITS, []))
    html = render_report(small_report(flow=flow))
    text = section(html)
    assert f"No answer: no run of {ARM} is complete." in text
    assert "called parking sign 1 % [0, 5.0] 2, 0 – – –" in text
    assert "base: 62 % kept" in html
    assert flow_lines(flow) == (f"bridge → parking sign: no run of {ARM} is complete",)


def test_a_host_without_truth_has_no_figure() -> None:
    flow = label_flow(ARM, "base", pair_flow(NAMES, [(0, 0, 0, 0)], [(0, 0, 0, 0)]))
    html = render_report(small_report(flow=flow))
    assert "No answer: the validation labels hold no instance of the host." in section(html)
    assert 'class="bars' not in html


def test_no_base_says_why() -> None:
    flow = label_flow(ARM, "base", confidence=None, base_confidences=(), reason="no run of base")
    assert "No label flow: no run of base." in section(render_report(small_report(flow=flow)))
    assert flow_lines(flow) == (f"{ARM}: no label flow: no run of base",)


def test_an_undefined_precision_is_a_dash_with_its_reason() -> None:
    silent = point("parking sign", precision=None, reason="no prediction that confident")
    (pair,) = FLOW.arms[0].pairs
    runs = (run_flow(0, ARM_HITS[0], NAMES, target=silent), pair.arm_runs[1])
    nothing = structs.replace(pair.arm.target_precision, mean=None, interval=(None, None))
    changed = structs.replace(
        pair, arm_runs=runs, arm=structs.replace(pair.arm, target_precision=nothing)
    )
    text = section(render_report(small_report(flow=label_flow(ARM, "base", changed))))
    assert "target 0.750 → – 0.600 → 0.600 no prediction that confident" in text


def test_no_relabelling_no_section() -> None:
    empty = structs.replace(FLOW, arms=())
    for flow in (None, empty):
        html = render_report(small_report(flow=flow))
        assert 'href="#flow"' not in html
        assert 'id="flow"' not in html
        assert flow_views(small_report(flow=flow)) == ()
    assert 'href="#flow"' in render_report(small_report(flow=FLOW))


def test_hostile_names_are_shown_but_never_raw() -> None:
    flow = label_flow(
        HOSTILE[0], HOSTILE[1], pair_flow((HOSTILE[2], HOSTILE[5]), BASE_HITS, ARM_HITS)
    )
    silent = label_flow(HOSTILE[0], HOSTILE[1], confidence=None, reason=HOSTILE[2])
    for made in (flow, silent):
        html = render_report(hostile_report(flow=made))
        page = Page(html)
        assert {tag for tag, _ in page.tags} <= TAGS
        assert {key for _, attributes in page.tags for key in attributes} <= ATTRIBUTES
        for name in HOSTILE[:3]:
            assert name not in html
            assert name in page.text
        assert "\u202e" not in html
        ids = page.values("id")
        assert len(ids) == len(set(ids))
        for labels in page.values("aria-labelledby"):
            assert set(labels.split()) <= set(ids)


def test_a_flow_of_another_trial_is_refused() -> None:
    arms = (planned_arm("base", TEN), planned_arm("arm", TEN))
    with pytest.raises(RecordError, match="stranger"):
        report_input(arms, [], TEN, 3, flow=label_flow("stranger", "base"))


def test_the_line_of_the_terminal() -> None:
    assert flow_lines(FLOW) == (
        "bridge → parking sign: 35 % of 100 bridge instances are called parking sign (base 1 %), "
        "at confidence 0.43 frozen on base",
    )


def test_shares_are_never_rounded_to_none_or_all() -> None:
    shares = (0.0, 0.0004, 0.006, 0.0094, 0.0096, 0.314, 0.994, 0.9951, 1.0, None)
    expected = ["0 %", "<0.1 %", "0.6 %", "0.9 %", "1 %", "31 %", "99 %", ">99 %", "100 %", "–"]
    assert [share_text(value) for value in shares] == expected
    assert share_interval_text((0.0, 0.9999)) == "[0, >99.9]"
    assert share_interval_text((0.0001, 1.0)) == "[<0.1, 100]"
    assert share_interval_text((None, None)) == "–"
    assert [points_text(v) for v in (0.0, 0.0004, -0.0004, -0.12)] == [
        "0.0",
        "+0.0",
        "−0.0",
        "−12.0",
    ]
    assert points_interval_text((-0.05, 0.1)) == "[−5.0, 10.0]"
    assert points_interval_text((None, None)) == "–"
