"""The page of an evaluation: the record's numbers, every name escaped, nothing loaded."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from segtrial.pipeline.evaluate import Asked, Style, evaluate
from segtrial.pipeline.evaluation_protocol import evaluation_page
from segtrial.report.evaluation_figures import (
    BASE,
    HEAT_CLASSES,
    TOP,
    bin_views,
    confusion_view,
    curves_view,
    iou_view,
    path,
)
from segtrial.report.evaluation_page import evaluation_html, evaluation_view
from segtrial.report.evaluation_tables import flow_rows, metric_text, mix_ups, share_text
from segtrial.types.attributes import attribute
from segtrial.types.evaluation import IouType
from segtrial.types.evaluation_page import Bin, EvaluationPage, KindPage
from tests.builders import Box, found, truth
from tests.report.builders import HOSTILE
from tests.report.test_page import Page

TAGS = set(
    re.findall(
        r"\w+",
        """html head title meta style script body header nav ol main footer section figure
        figcaption div span p a h1 h2 h3 ul li dl dt dd table thead tbody tr th td bdi small code
        pre details summary svg g path rect circle text use label input select option output
        button""",
    )
)
LARGE = 80


def record(
    names: tuple[str, ...] = ("car", "bus", "sign"),
    style: Style = "coco",
    *,
    masks: bool = True,
    command: str = "segtrial evaluate",
) -> EvaluationPage:
    """Class k of K − 1 stands in 3 images; one is found, one called the next class, one missed."""
    boxes: list[Box] = [(4.0 * (k % 5), 2.0 * (k // 5 % 5), 3.0, 2.0) for k in range(len(names))]
    held = range(len(names) - 1)
    rows = [(image, k, boxes[k]) for image in range(3) for k in held]
    dataset = truth(rows, images=4, classes=names)
    dataset = replace(
        dataset,
        name=names[0],
        file_name=tuple(f"{names[-1]} {k}" for k in range(4)),
        image_attributes=(attribute(names[0], [names[-1], None, "b", "b"]),),
    )
    made = [(0, k, 0.9 - k / 1000, boxes[k]) for k in held]
    made += [(1, (k + 1) % len(names), 0.6 - k / 1000, boxes[k]) for k in held]
    detections = found([*made, (3, 0, 0.8, boxes[0])])
    if not masks:
        detections = replace(detections, masks=None)
    done = evaluate(dataset, detections, Asked(style=style, page=True), (names[0],))
    files = (Path(names[0].replace("/", "")), Path(names[-1]))
    return evaluation_page(done, dataset, detections, files=files, command=command, confidence=0.5)


def hostile() -> str:
    return evaluation_html(record(HOSTILE, command=HOSTILE[2]))


def kind_of(page: EvaluationPage, kind: IouType = IouType.MASK) -> KindPage:
    return next(one for one in page.kinds if one.iou_type == kind)


def test_only_our_own_tags_reach_the_page() -> None:
    page = Page(hostile())
    assert {tag for tag, _ in page.tags} <= TAGS
    assert sum(tag == "script" for tag, _ in page.tags) == 1


def test_hostile_names_are_shown_but_never_raw() -> None:
    html = hostile()
    for name in HOSTILE[:3]:
        assert name not in html
    text = Page(html).text
    for name in HOSTILE:
        assert name.replace("\u202e", "\ufffd").replace("\u0007", "\ufffd") in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", html)


def test_nothing_is_loaded_and_only_the_pages_own_script_may_run() -> None:
    html = hostile()
    page = Page(html)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    (policy,) = [value for value in page.values("content") if "default-src" in value]
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}'; style-src ")
    assert page.values("src") == []
    assert all(address.startswith("#") for address in page.values("href"))
    assert "url(" not in html
    assert "http" not in script[1]


def test_ids_are_unique_and_all_that_is_pointed_at_is_there() -> None:
    for html in (hostile(), evaluation_html(record(masks=False))):
        page = Page(html)
        ids = page.values("id")
        assert Counter(ids).most_common(1)[0][1] == 1
        assert {address[1:] for address in page.values("href")} <= set(ids)
        for labels in page.values("aria-labelledby"):
            assert set(labels.split()) <= set(ids)


def test_headings_do_not_skip_a_level_and_figures_have_words() -> None:
    for html in (hostile(), evaluation_html(record(masks=False))):
        levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
        assert levels.count(1) == 1
        assert all(b <= a + 1 for a, b in pairwise(levels))
        page = Page(html)
        figures = [attributes for tag, attributes in page.tags if tag == "svg"]
        assert all({"aria-labelledby", "aria-label", "aria-hidden"} & set(a) for a in figures)
        regions = [attributes for _, attributes in page.tags if attributes.get("role") == "region"]
        assert regions
        assert all(a["tabindex"] == "0" and a["aria-label"] for a in regions)


def test_boxes_alone_have_no_switch() -> None:
    assert 'class="switch"' in evaluation_html(record())
    html = evaluation_html(record(masks=False))
    assert 'class="switch"' not in html
    assert 'data-kind="mask"' not in html


@pytest.mark.parametrize("style", ["coco", "ultralytics", "trapezoid"])
def test_the_page_has_the_numbers_of_the_answer(style: Style) -> None:
    made = record(style=style)
    view = evaluation_view(made)
    assert made.answer.mask is not None
    assert made.answer.box is not None
    assert [row.name for row in view.numbers] == list(made.answer.mask)
    for row in view.numbers:
        shown = [value for value, _ in row.values]
        both = (made.answer.mask[row.name], made.answer.box[row.name])
        assert shown == [metric_text(value) for value in both]
    html = evaluation_html(made)
    for cells in (row.cells for kind in view.kinds for row in kind.classes if not row.empty):
        assert "".join(f'<td class="n">{text}</td>' for text in cells[:3]) in html
    assert made.files[1][1] in html


def test_what_became_of_each_class() -> None:
    made = record()
    rows = flow_rows(kind_of(made), ("car", "bus", "sign"))
    assert [(row.name, row.truths, row.texts) for row in rows] == [
        ("car", "3", ("33 %", "33 %", "33 %")),
        ("bus", "3", ("33 %", "33 %", "33 %")),
    ]
    assert [row.others for row in rows] == [(("bus", "1"),), (("sign", "1"),)]
    assert [row.appeared for row in rows] == ["1", "0"]
    assert all(sum(row.shares) == pytest.approx(100) for row in rows)
    assert mix_ups(kind_of(made), ("car", "bus", "sign")) == (
        ("car", "bus", "1", "33 %"),
        ("bus", "sign", "1", "33 %"),
    )


def test_the_heat_map_has_the_confusion_of_the_classes_concerned() -> None:
    made = record()
    heat = confusion_view(kind_of(made), ("car", "bus", "sign"))
    assert heat is not None
    assert [name for _, name, _ in heat.rows] == ["car", "bus", "sign", "(nothing there)"]
    words = {cell.title: tone for cell, tone in heat.cells}
    assert words == {
        "car: 1 of 3 called car": "right",
        "car: 1 of 3 called bus": "",
        "car: 1 of 3 missed": "lost",
        "bus: 1 of 3 called bus": "right",
        "bus: 1 of 3 called sign": "",
        "bus: 1 of 3 missed": "lost",
        "1 of 2 predictions of car where nothing is": "lost",
    }
    calm = replace(kind_of(made), table=np.diag([3, 2, 1, 0]))
    assert confusion_view(calm, ("car", "bus", "sign")) is None
    many = np.ones((61, 61), np.int64)
    many[-1, -1] = 0
    crowded = confusion_view(replace(kind_of(made), table=many), tuple(map(str, range(60))))
    assert crowded is not None
    assert len(crowded.rows) == HEAT_CLASSES + 1


def test_curves_keep_their_corners() -> None:
    x = np.linspace(0, 1, 101)
    assert path(x, np.ones(101)) == "M0,0 200,0"
    assert path(x, 1 - x) == "M0,0 200,200"
    assert path(x, np.where(x <= 0.5, 1.0, 0.0)) == "M0,0 100,0 102,200 200,200"
    assert path(x, np.full(101, np.nan)) == ""
    view = curves_view(kind_of(record()), ("car", "bus", "sign"), np.array([3, 3, 0]))
    assert [one.name for one in view.classes] == ["car", "bus"]
    assert view.x == 100


def test_calibration_bars_are_as_high_as_the_share_that_is_right() -> None:
    bins = (
        Bin(low=0.0, high=0.1, count=10, mean_score=0.05, right=0.5),
        Bin(low=0.1, high=0.2, count=0, mean_score=None, right=None),
        Bin(low=0.2, high=0.3, count=12345, mean_score=0.25, right=1.0),
    )
    views = bin_views(bins)
    assert [view.height for view in views] == [(BASE - TOP) / 2, 0, BASE - TOP]
    assert [view.count for view in views] == ["10", "0", "12k"]
    assert "no" not in views[0].words
    assert views[0].words == "score 0.0 to 0.1: 10 predictions, mean score 0.050, right 0.500"


def test_labels_of_box_and_mask_do_not_lie_on_one_another() -> None:
    series = iou_view(record()).series
    assert {one.label for one in series} == {"box", "mask"}
    assert abs(series[0].label_y - series[1].label_y) >= 14


def test_shares_and_metrics_are_not_rounded_away() -> None:
    assert [share_text(v) for v in (0.0, 0.001, 0.125, 0.999, 1.0)] == [
        *("0 %", "<1 %", "12 %", ">99 %", "100 %"),
    ]
    assert [metric_text(v) for v in (1 - 2e-16, 0.9999, 0.0001, None, float("nan"))] == [
        *("1.000", ">0.999", "<0.001", "–", "–"),
    ]


def test_eighty_classes_make_a_page_below_two_megabytes() -> None:
    names = tuple(f"class {k}" for k in range(LARGE))
    html = evaluation_html(record(names))
    assert len(html.encode()) < 2_000_000
    assert html.count("<use ") == 2 * 2 * (LARGE - 1)
    assert html == evaluation_html(record(names))
