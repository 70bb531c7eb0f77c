from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtrial.report.axis import Axis, cut, round_axis, tick_views
from segtrial.report.forest import NARROW, WIDE, Layout, forest_axis, forest_view
from tests.report.builders import class_row, contrast, untested_row

ROWS = [
    class_row("small bystander", instances=20),
    class_row("large bystander", instances=900),
    class_row(
        "the target",
        role="target",
        instances=50,
        difference=-0.10,
        interval_conditional=(-0.14, -0.06),
        interval_population=(-0.18, -0.02),
        verdict="changed",
    ),
    class_row("the host", role="host", instances=10),
    untested_row("rare", "4 images"),
]


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_marks_and_intervals_stand_at_their_values(layout: Layout) -> None:
    one = contrast(ROWS)
    axis = forest_axis(one.classes, 0.01, layout)
    view = forest_view(one, 0.01, "mask AP", layout)
    target = view.groups[0].rows[1]
    unit = (layout.plot_right - layout.plot_left) / (axis.high - axis.low)

    def expected(value: float) -> float:
        return layout.plot_left + (value - axis.low) * unit

    assert target.full_name == "the target"
    assert target.mark == pytest.approx(expected(-0.10), abs=0.06)
    assert target.thick is not None
    assert target.thick.left == pytest.approx(expected(-0.14), abs=0.06)
    assert target.thick.right == pytest.approx(expected(-0.06), abs=0.06)
    assert target.thin is not None
    assert target.thin.left == pytest.approx(expected(-0.18), abs=0.06)
    assert target.thin.right == pytest.approx(expected(-0.02), abs=0.06)
    assert view.zero == pytest.approx(expected(0.0), abs=0.06)
    assert view.band == pytest.approx((expected(-0.01), expected(0.01)), abs=0.06)
    assert not target.thin.beyond_left


def test_rows_are_sorted_by_role_then_instances() -> None:
    view = forest_view(contrast(ROWS), 0.01, "mask AP", WIDE)
    assert [(group.heading, [row.full_name for row in group.rows]) for group in view.groups] == [
        ("Named by the change", ["the host", "the target"]),
        ("Not named (exploratory)", ["large bystander", "small bystander"]),
        ("Not testable", ["rare"]),
    ]


def test_an_untestable_class_is_grey_and_has_no_mark() -> None:
    rare = forest_view(contrast(ROWS), 0.01, "mask AP", WIDE).groups[-1].rows[0]
    assert (rare.tone, rare.mark, rare.thick, rare.numbers) == ("untested", None, None, "–")


def test_an_interval_beyond_the_axis_is_cut_and_says_so() -> None:
    tame = [class_row(f"class {k}", instances=100 + k) for k in range(40)]
    wild = class_row("wild", interval_population=(-0.9, 0.9))
    view = forest_view(contrast([*tame, wild]), 0.01, "mask AP", WIDE)
    row = view.groups[0].rows[-1]
    assert row.full_name == "wild"
    assert row.thin is not None
    assert (row.thin.left, row.thin.right) == (WIDE.plot_left, WIDE.plot_right)
    assert row.thin.beyond_left
    assert row.thin.beyond_right
    assert "[−0.015, 0.005]" in row.numbers


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_rows_do_not_touch_and_stay_inside(layout: Layout) -> None:
    view = forest_view(contrast(ROWS), 0.01, "mask AP", layout)
    rows = [row for group in view.groups for row in group.rows]
    heights = [row.plot_y for row in rows]
    assert all(b - a >= layout.row_height for a, b in pairwise(heights))
    assert view.top < heights[0]
    assert heights[-1] < view.bottom < view.height
    marks = [row.mark for row in rows if row.mark is not None]
    assert all(layout.plot_left <= mark <= layout.plot_right for mark in marks)


def test_the_description_gives_the_named_classes_numbers() -> None:
    view = forest_view(contrast(ROWS), 0.01, "mask AP", WIDE)
    assert "the target: −0.100 [−0.140, −0.060], changed." in view.description
    assert view.title == "Forest plot: arm against base"


def test_a_contrast_without_classes_has_an_axis_all_the_same() -> None:
    view = forest_view(contrast([]), 0.0, "mask AP", WIDE)
    assert view.groups == ()
    assert WIDE.plot_left < view.zero < WIDE.plot_right


@given(
    st.floats(-1, 0, exclude_max=True, allow_subnormal=False),
    st.floats(0.001, 1),
    st.integers(2, 9),
)
def test_round_axes_hold_their_values_and_few_ticks(low: float, high: float, ticks: int) -> None:
    axis = round_axis(low, high, left=0, right=100, ticks=ticks)
    assert axis.low <= low + 1e-6
    assert axis.high >= high - 1e-6
    views = tick_views(axis, ticks=ticks, signed=True)
    assert 1 <= len(views) <= ticks + 2
    assert [view.text for view in views if view.zero] == ["0"]
    assert len({view.text for view in views}) == len(views)


def test_axis_is_linear() -> None:
    axis = Axis(low=-1, high=1, left=100, right=300)
    assert [axis.x(v) for v in (-1, 0, 0.5, 1, 2)] == [100, 200, 250, 300, 400]
    assert axis.inside(2) == 300


def test_names_are_cut_by_width() -> None:
    assert cut("bridge", 20) == "bridge"
    assert cut("i" * 200, 20) == "i" * 20 + "…"
    assert len(cut("W" * 200, 20)) < 15
    assert len(cut("标" * 200, 20)) < 14
