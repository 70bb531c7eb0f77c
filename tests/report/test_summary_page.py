"""The summary page: the same numbers, every name escaped, nothing loaded, bars that fit."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from msgspec import structs

from segtrial.data.summary import summarise
from segtrial.report.inputs import Panel
from segtrial.report.summary_figures import BASE, LEVELS, TOP, heat_map, histogram, ranked_classes
from segtrial.report.summary_page import summary_page, summary_view
from segtrial.types.attributes import Coverage, LeftOut, attribute
from segtrial.types.labels import Bin, Summary
from tests.builders import truth
from tests.report.builders import HOSTILE
from tests.report.test_page import Page

TAGS = set(
    re.findall(
        r"\w+",
        """html head title meta style script body header main footer section figure figcaption div
        span p a img h1 h2 h3 ul li table thead tbody tr th td bdi svg g path rect text desc label
        input""",
    )
)


def summary(names: tuple[str, ...] = ("car", "bus", "sign")) -> Summary:
    """Class k stands in the first 3 − k images, twice in each; the third class is a crowd."""
    rows = [
        (image, k, (0, 0, 2 + k, 3))
        for image in range(3)
        for k in range(len(names) - 1)
        if image < 3 - k
        for _ in range(2)
    ]
    rows.append((2, len(names) - 1, (0, 0, 20, 10)))
    dataset = truth(rows, images=4, classes=names, crowd=[len(rows) - 1])
    coverage = Coverage(negative=np.array([[0, 1]]), not_exhaustive=np.array([[0, 0]]))
    left = LeftOut(count=2, reason=names[0], first=names[-1])
    values = attribute(names[0], [names[-1], None, "b", "b"])
    dataset = replace(
        dataset, name=names[0], coverage=coverage, left_out=(left,), image_attributes=(values,)
    )
    return summarise(dataset)


def hostile() -> str:
    panel = Panel(label=HOSTILE[1], image=np.zeros((40, 60, 3), np.uint8))
    return summary_page(summary(HOSTILE), [panel, panel])


def test_only_our_own_tags_reach_the_page() -> None:
    page = Page(hostile())
    assert {tag for tag, _ in page.tags} <= TAGS
    assert sum(tag == "script" for tag, _ in page.tags) == 1


def test_hostile_names_are_shown_but_never_raw() -> None:
    html = hostile()
    for name in HOSTILE[:3]:
        assert name not in html
    page = Page(html)
    for name in HOSTILE:
        assert name.replace("\u202e", "\ufffd").replace("\u0007", "\ufffd") in page.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", html)


def test_nothing_is_loaded_and_only_the_pages_own_script_may_run() -> None:
    html = hostile()
    page = Page(html)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    (policy,) = [value for value in page.values("content") if "default-src" in value]
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}'; style-src ")
    assert all(address.startswith("data:image/webp;base64,") for address in page.values("src"))
    assert all(address.startswith("#") for address in page.values("href"))
    assert "url(" not in html
    assert "http" not in script[1]


def test_ids_are_unique_and_all_that_is_pointed_at_is_there() -> None:
    page = Page(hostile())
    ids = page.values("id")
    assert Counter(ids).most_common(1)[0][1] == 1
    assert {address[1:] for address in page.values("href")} <= set(ids)
    for labels in page.values("aria-labelledby"):
        assert set(labels.split()) <= set(ids)


def test_headings_do_not_skip_a_level_and_figures_have_words() -> None:
    html = hostile()
    levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    page = Page(html)
    figures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert all({"aria-labelledby", "aria-label", "aria-hidden"} & set(a) for a in figures)
    assert all(attributes["alt"] for tag, attributes in page.tags if tag == "img")
    regions = [attributes for _, attributes in page.tags if attributes.get("role") == "region"]
    assert regions
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in regions)


def test_the_table_has_the_summarys_numbers() -> None:
    made = summary()
    html = summary_page(made)
    rows = re.findall(
        r"<tr[^>]*><th scope=\"row\"><bdi>(\w+)</bdi></th><td>(\w+)</td>(.*?)</tr>", html
    )
    assert [name for name, _, _ in rows] == ["car", "bus", "sign"]
    cells = [re.findall(r'<td class="n" data-v="([^"]*)">(.*?)</td>', rest) for _, _, rest in rows]
    assert [text for _, text in cells[0]] == ["6", "60 %", "3", "2.0", "6", "3", "0", "1"]
    assert [text for _, text in cells[2]] == ["0 + 1 crowd", "0 %", "0", "–", "–", "–", "0", "0"]
    for row, found in zip(made.classes, cells, strict=True):
        assert [float(value) for value, _ in found[:3]] == [row.instances, row.share, row.images]


def test_same_summary_same_bytes() -> None:
    assert summary_page(summary()) == summary_page(summary())


def test_an_empty_data_set_has_a_page() -> None:
    for dataset in (truth([], images=0, classes=()), truth([], images=2)):
        text = Page(summary_page(summarise(dataset))).text
        assert "Objects per image" in text
        assert "None." in text


def test_histogram_bars_are_as_high_as_their_images() -> None:
    bins = [Bin(first=0, last=0, images=50), Bin(first=1, last=1, images=100)]
    bins += [Bin(first=2, last=2, images=0), Bin(first=3, last=4, images=1)]
    chart = histogram(bins)
    assert [bar.height for bar in chart.bars] == [65, BASE - TOP, 0, 1.5]
    assert [bar.label for bar in chart.bars] == ["0", "1", "2", "3–4"]
    assert all(bar.y + bar.height == BASE for bar in chart.bars)
    assert chart.bars[3].title == "3–4 objects: 1 image"


def test_classes_are_ranked_on_a_logarithmic_scale() -> None:
    base = summary().classes[0]
    rows = [structs.replace(base, name=str(n), instances=n) for n in (1, 100, 0, 10, 1000)]
    chart = ranked_classes(rows)
    assert [bar.title.split(":")[0] for bar in chart.bars] == ["1000", "100", "10", "1"]
    steps = np.diff([bar.height for bar in chart.bars])
    assert np.ptp(steps) < 0.2
    assert chart.bars[0].height == BASE - TOP
    assert chart.bars[-1].height > 3, "one instance can be seen"
    assert [line.text for line in chart.lines] == ["1", "10", "100", "1,000"]


@pytest.mark.parametrize("classes", [1, 45, 1200])
def test_bars_stay_within_the_figure(classes: int) -> None:
    base = summary().classes[0]
    rows = [structs.replace(base, name=str(k), instances=k + 1) for k in range(classes)]
    bars = ranked_classes(rows).bars
    assert len(bars) == classes
    assert all(bar.x >= 66 and bar.x + bar.width <= 640.5 for bar in bars)
    assert all(TOP - 0.1 <= bar.y <= BASE for bar in bars)


def test_the_heat_map_shows_shares_of_the_rows_images() -> None:
    made = summary()
    heat = heat_map(made.classes, made.cooccurrence)
    assert heat is not None
    assert [name for _, name, _ in heat.names] == ["car", "bus"]
    first, second = heat.cells
    assert first.title == "car with bus: 2 of 3 images, 66.7 %"
    assert second.title == "bus with car: 2 of 2 images, 100 %"
    assert (first.level, second.level) == (int(2 / 3 * LEVELS), LEVELS - 1)
    lost = structs.replace(made.cooccurrence, matrix=None)
    assert heat_map(made.classes, lost) is None


def test_size_mixes_fill_their_bar() -> None:
    base = summary()
    rows = tuple(structs.replace(c, small=1, medium=1, large=1) for c in base.classes)
    view = summary_view(structs.replace(base, classes=rows), [])
    assert view.mix is not None
    assert sum(view.mix) == pytest.approx(100)
    assert view.rows[0].mix_text == "1 small, 1 medium, 1 large"
