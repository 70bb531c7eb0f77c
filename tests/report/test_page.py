from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from segtrial import report as report_package
from segtrial.report.inputs import Panel, ReportInput
from segtrial.report.render import render_report
from segtrial.types.errors import RecordError
from tests.report.builders import (
    HOSTILE,
    TEN,
    contrast,
    counts_of,
    pictures,
    planned_arm,
    report_input,
    simulated_row,
    swap_arm,
    untested_row,
)
from tests.report.reports import hostile_report, large_report, small_report, troubled_report

VOID = {"meta", "img"}
TAGS = set(
    re.findall(
        r"\w+",
        """html head title meta style body header main footer nav section article figure figcaption
        div span p a img h1 h2 h3 h4 ul ol li dl dt dd table thead tbody tr th td details summary
        code pre bdi svg defs g path circle rect use text tspan desc""",
    )
)
ATTRIBUTES = set(
    re.findall(
        r"[\w-]+",
        """lang charset name content http-equiv href class id role scope colspan tabindex dir open
        src width height alt aria-label aria-labelledby aria-hidden focusable viewbox x y d r cx cy
        fill-rule""",
    )
)


class Page(HTMLParser):
    """Tags, attributes and text as a browser sees them; unbalanced tags are an error."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def values(self, key: str) -> list[str]:
        return [attributes[key] for _, attributes in self.tags if key in attributes]


@pytest.fixture(scope="module")
def hostile_html() -> str:
    return render_report(hostile_report())


@pytest.fixture(scope="module")
def large_html() -> str:
    return render_report(large_report(pictures=pictures(24)))


def one_arm_report(seeds: int) -> ReportInput:
    rng = np.random.default_rng(1)
    rows = [simulated_row(name, n, seeds, rng, 0.0) for name, n in counts_of(TEN).items()]
    arms = (planned_arm("base", TEN), planned_arm("arm", TEN))
    return report_input(arms, [contrast(rows)], TEN, seeds)


@pytest.mark.parametrize("make", [hostile_report, small_report, troubled_report])
def test_only_our_own_tags_and_attributes_reach_the_page(make: type) -> None:
    page = Page(render_report(make()))
    assert {tag for tag, _ in page.tags} <= TAGS
    assert {key for _, attributes in page.tags for key in attributes} <= ATTRIBUTES


def test_hostile_names_are_shown_but_never_raw(hostile_html: str) -> None:
    for name in HOSTILE[:3]:
        assert name not in hostile_html
    page = Page(hostile_html)
    for name in HOSTILE:
        assert name.replace("\u202e", "\ufffd").replace("\u0007", "\ufffd") in page.text
    assert "49" not in re.findall(r"\d+", "".join(re.findall(r"<bdi>(.*?)</bdi>", hostile_html)))


def test_no_character_turns_or_breaks_the_text(hostile_html: str) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", hostile_html)


def test_every_address_is_in_the_page_or_beside_it(hostile_html: str, large_html: str) -> None:
    for html in (hostile_html, large_html):
        page = Page(html)
        ids = page.values("id")
        assert Counter(ids).most_common(1)[0][1] == 1
        for address in page.values("href"):
            assert not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", address), address
            assert not address.startswith("#") or address[1:] in ids
        assert all(address.startswith("data:image/webp;base64,") for address in page.values("src"))
        for labels in page.values("aria-labelledby"):
            assert set(labels.split()) <= set(ids)
        assert "url(" not in html
        assert "@import" not in html


def test_a_policy_forbids_scripts_and_loading() -> None:
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert policy in Page(render_report(small_report())).values("content")


def test_same_records_same_bytes() -> None:
    made = [render_report(small_report(pictures=pictures(2))).encode() for _ in range(2)]
    assert made[0] == made[1]


def test_45_classes_6_arms_5_seeds_and_24_pictures_stay_below_2_megabytes(large_html: str) -> None:
    assert large_html.count("data:image/webp") == 72
    assert len(large_html.encode()) < 2_000_000


def test_the_answer_comes_first() -> None:
    report = small_report()
    text = Page(render_report(report)).text
    top = re.sub(r"[ \n]+", " ", text[: text.index("What was changed")])
    assert report.plan.question in top
    assert report.comparison.contrasts[0].verdict in top
    row = next(r for r in report.comparison.contrasts[0].classes if r.name == "parking sign")
    assert (
        f"Worst-hit class parking sign −{abs(row.difference or 0):.3f} 95\u00a0% interval [" in top
    )
    assert top.index("changed") < top.index("Worst-hit class") < 600


def test_undefined_is_a_dash_and_never_zero() -> None:
    row = untested_row("train", "4 images only")
    arms = (planned_arm("base", TEN), planned_arm("arm", TEN))
    html = render_report(report_input(arms, [contrast([row])], TEN, 3))
    line = re.search(r'<tr class="untested">.*?</tr>', html)
    assert line is not None
    cells = re.findall(r"<td[^>]*>(.*?)</td>", line[0])
    assert cells == ["", "4", "4", "–", "–", "–", "–", "–", "–", "not testable", "4 images only"]
    scores = re.search(r"<tr><th scope=\"row\"><bdi>train</bdi></th><td.*?</tr>", html)
    assert scores is not None
    assert re.findall(r"<td[^>]*>(.*?)</td>", scores[0]) == ["1", "4", "–", "–", "–", "–"]


@pytest.mark.parametrize(
    ("seeds", "said"), [(1, "One seed an arm."), (2, "Two seeds an arm:"), (3, None)]
)
def test_too_few_seeds_are_said_on_top(seeds: int, said: str | None) -> None:
    top = Page(render_report(one_arm_report(seeds))).text.split("What was changed")[0]
    assert ("may not say" in top) == (said is not None)
    assert said is None or said in top


def test_runs_that_are_missing_are_said_at_the_contrast() -> None:
    report = one_arm_report(3)
    one = report.comparison.contrasts[0]
    rows = tuple(structs.replace(row, arm_runs=row.arm_runs[:2]) for row in one.classes)
    comparison = structs.replace(report.comparison, contrasts=(structs.replace(one, classes=rows),))
    text = Page(render_report(small_like(report, comparison=comparison))).text
    assert "3 of 3 of base and 2 of 3 of arm have a result. A verdict takes 3 of each." in text


def small_like(report: ReportInput, **changes: object) -> ReportInput:
    fields = {name: getattr(report, name) for name in report.__dataclass_fields__}
    return ReportInput(**{**fields, **changes})  # type: ignore[arg-type]


def test_trouble_is_in_plain_sight() -> None:
    text = Page(render_report(troubled_report())).text
    for words in (
        "confounded",
        "epochs differs as well: 12 in base, 24 here.",
        "refused",
        "batch_size differs as well (2 and 4)",
        "the loss became NaN in epoch 3",
        "the higher rate needs twice the epochs",
    ):
        assert words in text


def test_an_alarm_of_the_untouched_classes_is_a_warning() -> None:
    rows = [simulated_row("car", 100, 3, np.random.default_rng(0), 0.0)]
    one = contrast(rows, median_untouched=-0.041, median_untouched_alarm=True)
    arms = (planned_arm("base", TEN), planned_arm("arm", TEN))
    assert "median moved by −0.041" in render_report(report_input(arms, [one], TEN, 3))


def test_an_arm_without_a_contrast_is_a_row_not_a_hole() -> None:
    arms = (planned_arm("base", TEN), planned_arm("lost", TEN))
    text = Page(render_report(report_input(arms, [], TEN, 3))).text
    assert "This arm has no result: the comparison does not contain it." in text


def test_counts_that_moved_and_the_ledger_are_shown() -> None:
    arms = (planned_arm("base", TEN), swap_arm("swap", TEN, "bridge", "parking sign"))
    report = report_input(arms, [], TEN, 3, edits={"swap": "arms/swap/edits with space.jsonl"})
    html = render_report(report)
    moved = re.findall(r"<bdi>([^<]*)</bdi></th>" + r'<td class="n">([^<]*)</td>' * 3, html)
    assert ("bridge", "848", "424", "−424") in moved
    assert ("parking sign", "228", "652", "+424") in moved
    assert "unchanged: 8 classes" in html
    assert 'href="arms/swap/edits%20with%20space.jsonl"' in html


def test_headings_do_not_skip_a_level() -> None:
    html = render_report(small_report(pictures=pictures(1)))
    levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_every_picture_and_figure_has_words() -> None:
    page = Page(render_report(small_report(pictures=pictures(1))))
    assert all(attributes["alt"] for tag, attributes in page.tags if tag == "img")
    figures = [a for tag, a in page.tags if tag == "svg"]
    assert all("aria-labelledby" in a or a.get("aria-hidden") == "true" for a in figures)


def test_seed_dots_name_the_seeds_that_ran() -> None:
    html = render_report(small_report())
    assert html.count("<title>seed 0: 0.") == 4  # two named classes × two arms
    assert html.count("<title>seed 2: 0.") == 4


def test_an_arm_that_the_plan_does_not_have_is_refused() -> None:
    with pytest.raises(RecordError, match="stranger"):
        small_report(edits={"stranger": "edits.jsonl"})


def test_a_panel_must_be_a_picture() -> None:
    with pytest.raises(RecordError, match="float64"):
        Panel(label="truth", image=np.zeros((4, 4, 3)))  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_colours_stand_out(scheme: str) -> None:
    """WCAG 2.2: text 4.5 : 1, marks 3 : 1, on the page and on shaded boxes."""
    css = (Path(report_package.__file__).parent / "templates" / "report.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    found = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", blocks[0 if scheme == "light" else 1]))
    for name in ("ink", "soft", "link", "loss", "gain", "same", "open", "purple"):
        assert contrast_ratio(found[name], found["paper"]) >= 4.5, name
    for name in ("ink", "soft"):
        assert contrast_ratio(found[name], found["sheet"]) >= 4.5, name
    for name in ("gain", "purple"):
        assert contrast_ratio(found["on"], found[name]) >= 4.5, name
    for name in ("loss", "gain", "same", "open", "grey"):
        assert contrast_ratio(found[name], found["band"]) >= 3, name


def contrast_ratio(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    channels = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
