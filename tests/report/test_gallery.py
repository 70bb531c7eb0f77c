from __future__ import annotations

import base64
import hashlib
import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segtrial.report.gallery import SCRIPTS, render_gallery
from segtrial.report.gallery_inputs import Gallery, GalleryInstance, GalleryPicture
from segtrial.report.gallery_pictures import picture_webp
from tests.report.builders import HOSTILE
from tests.report.gallery_pages import Page, rings_in

NAMES = (*HOSTILE, "x" * 500, "</script><script>alert(4)</script>", "<!--", "]]>", "\u2028", "")
GREY = picture_webp(Image.new("RGB", (200, 100), (90, 90, 90)), where="grey.png")


def ring(x: float, y: float, side: float) -> np.ndarray:
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], float)


def instance(name: str = "car", side: float = 20.0, **changes: Any) -> GalleryInstance:
    fields: dict[str, Any] = {
        "name": name,
        "source_id": "7",
        "box_xywh": (10.0, 20.0, side, side),
        "area_px": side * side,
        "parts": [[ring(10, 20, side)]],
    }
    return GalleryInstance(**{**fields, **changes})


def picture(*instances: GalleryInstance, **changes: Any) -> GalleryPicture:
    fields: dict[str, Any] = {"title": "a.jpg", "image_id": "1", "width_px": 200, "height_px": 100}
    return GalleryPicture(**{**fields, "webp": GREY, "instances": instances, **changes})


def page_of(*pictures: GalleryPicture, **changes: Any) -> Page:
    return Page(render_gallery(Gallery(title="some pictures", pictures=pictures, **changes)))


def hostile_gallery() -> Gallery:
    pictures = [
        picture(
            instance(name, source_id=name, attributes={name: name, "occluded": name}),
            title=name,
            image_id=name,
            attributes={name: name},
            webp=GREY if index % 2 else None,
        )
        for index, name in enumerate(NAMES)
    ]
    return Gallery(title=NAMES[1], pictures=pictures, notes=NAMES)


@pytest.fixture(scope="module")
def hostile() -> Page:
    return Page(render_gallery(hostile_gallery()))


@pytest.fixture(scope="module")
def mixed() -> Page:
    """A crowd, a hole, an object with only a box, a prediction; then a picture that is not here."""
    hole = instance("ring", 40.0, parts=[[ring(10, 20, 40), ring(20, 30, 5)]])
    return page_of(
        picture(
            instance("sign", 3.0),
            hole,
            instance("car", 95.9, crowd=True, parts=[[ring(0, 0, 80)], [ring(40, 40, 50)]]),
            instance("bus", 96.0, parts=(), attributes={"occluded": "true", "truncated": "false"}),
            instance("car", 32.0, score=0.5),
            attributes={"timeofday": "night"},
        ),
        picture(title="b.jpg", webp=None),
        notes=("2 of 9 pictures.",),
    )


def drawn(page: Page) -> list[dict[str, str]]:
    return [
        attributes for attributes in page.of("g") if attributes.get("class", "").startswith("o ")
    ]


def test_hostile_names_bring_no_tag_of_theirs(hostile: Page, mixed: Page) -> None:
    assert {tag for tag, _ in hostile.tags} <= {tag for tag, _ in mixed.tags} | {"image", "pattern"}
    keys = {key for _, attributes in hostile.tags for key in attributes}
    assert keys <= {key for _, attributes in mixed.tags for key in attributes}
    assert len(hostile.scripts) == 2
    assert not [key for key in keys if key.startswith("on") or key == "style"]


def test_hostile_names_are_shown_and_searched(hostile: Page) -> None:
    clean = [re.sub("[\u202e\u0007]", "\ufffd", name) for name in NAMES]
    assert [picture["title"] for picture in hostile.data["pictures"]] == clean
    assert {name for name, _, _ in hostile.data["classes"]} == set(clean)
    for name in clean:
        assert name in hostile.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", hostile.html)


def test_the_json_block_cannot_end_its_element(hostile: Page) -> None:
    assert not set("<>&") & set(hostile.scripts[0])


@pytest.mark.parametrize("which", ["hostile", "mixed"])
def test_the_page_loads_nothing(which: str, request: pytest.FixtureRequest) -> None:
    page: Page = request.getfixturevalue(which)
    addresses = [*page.values("href"), *page.values("src"), *page.values("srcset")]
    assert {address.split(",")[0].split("-")[0] for address in addresses} <= {
        "data:image/webp;base64",
        "#picture",
        "#grid",
    }
    assert not re.search(r"url\((?!#hatch-k\d+\))|@import", page.html)
    assert "http" not in page.scripts[1] + page.styles[0]


def test_only_our_script_and_style_may_run(mixed: Page) -> None:
    (policy,) = [meta["content"] for meta in mixed.of("meta") if "http-equiv" in meta]
    for kind, text in (("script", mixed.scripts[1]), ("style", mixed.styles[0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_the_script_never_makes_markup_of_text(mixed: Page) -> None:
    assert len(SCRIPTS) == 2
    banned = "innerHTML|outerHTML|insertAdjacentHTML|document.write|eval\\(|Function\\(|DOMParser"
    assert not re.search(banned, mixed.scripts[1])
    assert not re.search("fetch|XMLHttp|WebSocket|import\\(|localStorage", mixed.scripts[1])


def test_every_element_that_the_script_asks_for_is_there(mixed: Page) -> None:
    ids = set(mixed.values("id"))
    wanted = set(re.findall(r'find\("([\w-]+)"\)', mixed.scripts[1]))
    assert len(wanted) > 30
    assert wanted <= ids
    assert len(mixed.values("id")) == len(ids)


def test_what_can_be_operated_has_a_name(mixed: Page) -> None:
    labelled = {attributes["for"] for attributes in mixed.of("label") if "for" in attributes}
    for attributes in [*mixed.of("input"), *mixed.of("select")]:
        inside = attributes.get("type") in ("radio", "checkbox")
        assert inside or attributes["id"] in labelled or attributes.get("aria-label")
    for link in mixed.of("a"):
        assert link["href"] == "#grid" or link["aria-label"].startswith(("a.jpg", "b.jpg"))


def test_small_objects_lie_on_top_and_crowds_beneath(mixed: Page) -> None:
    names = [mixed.data["classes"][record[0]][0] for record in mixed.data["pictures"][0]["objects"]]
    assert names == ["car", "bus", "ring", "car", "sign"]
    assert len(drawn(mixed)) == 5


def test_records_say_size_crowd_score_and_facts(mixed: Page) -> None:
    objects = mixed.data["pictures"][0]["objects"]
    assert [record[1] for record in objects] == [1, 2, 1, 1, 0]  # 32² and 96² belong to the larger
    assert [record[2] for record in objects] == [1, 0, 0, 0, 0]
    assert [record[3] for record in objects] == [None, None, None, 0.5, None]
    assert [mixed.data["facts"][row] for row in objects[1][5]] == [
        ["occluded", "true"],
        ["truncated", "false"],
    ]
    assert [mixed.data["facts"][row] for row in mixed.data["pictures"][0]["facts"]] == [
        ["timeofday", "night"]
    ]


def test_classes_are_those_that_occur_most_frequent_first(mixed: Page) -> None:
    assert [(name, count) for name, count, _ in mixed.data["classes"]] == [
        ("car", 2),
        ("bus", 1),
        ("ring", 1),
        ("sign", 1),
    ]


def test_a_crowd_is_hatched_in_its_colour_and_its_overlapping_parts_are_not_cancelled(
    mixed: Page,
) -> None:
    assert drawn(mixed)[0]["class"] == "o k0 crowd"
    hatched = [a for a in mixed.of("path") if a.get("fill") == "url(#hatch-k0)"]
    assert len(hatched) == 2
    assert [pattern["class"] for pattern in mixed.of("pattern")] == ["k0"]


def test_a_hole_is_a_ring_of_the_same_path_filled_even_odd(mixed: Page) -> None:
    two = [a["d"] for a in mixed.of("path") if len(rings_in(a["d"])) == 2]
    assert two == ["M320 640h1280v1280h-1280zM640 960h160v160h-160z"]
    assert "fill-rule: evenodd" in mixed.styles[0]


def test_an_object_without_outline_shows_its_box(mixed: Page) -> None:
    assert drawn(mixed)[1]["class"] == "o k1 bare"
    assert {"x": "320", "y": "640", "width": "3072", "height": "3072"} in mixed.of("rect")


def test_a_picture_that_is_not_here_is_a_canvas_of_the_same_size_that_says_so(mixed: Page) -> None:
    assert len([a for a in mixed.of("span") if a.get("class") == "absent"]) == 1
    assert {"class": "blank", "width": "6400", "height": "3200"} in mixed.of("rect")
    assert len(mixed.of("image")) == 1
    assert "1 picture not here" in mixed.text
    assert mixed.data["pictures"][1]["here"] is False


def test_the_picture_in_the_page_is_the_one_handed_in(mixed: Page) -> None:
    (image,) = mixed.of("image")
    webp = base64.b64decode(image["href"].split(",")[1])
    assert webp == GREY
    assert Image.open(io.BytesIO(webp)).size == (200, 100)


def test_the_colours_of_the_first_21_classes_differ() -> None:
    page = page_of(picture(*(instance(f"class {k:02}") for k in range(30))))
    rules = re.findall(r"\.(k\d+)\{--c:(rgb\([^)]*\));--rim:#\w+\}", page.styles[0])
    assert len(rules) == len(dict(rules)) == len({colour for _, colour in rules}) == 21
    assert {key for _, _, key in page.data["classes"]} == set(dict(rules))


def test_outlines_that_would_be_too_long_are_drawn_coarser_and_the_page_says_so() -> None:
    angle = np.linspace(0, 2 * np.pi, 3000, endpoint=False)
    rough = 400 + np.random.default_rng(3).uniform(-1.0, 1.0, (3000, 1)) * 1.5
    wheel = 500 + rough * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    things = [instance(parts=[[wheel]]) for _ in range(4)]
    page = page_of(picture(*things, width_px=1000, height_px=1000))
    assert sum(len(attributes["d"]) for attributes in page.of("path")) < 24_000
    assert re.search(r"Outlines are true to (0\.6|1\.2|2\.4) px", page.text)


def test_eighty_objects_stay_under_the_size_a_picture_may_have() -> None:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    shape = 30 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    rng = np.random.default_rng(4)
    things = [instance(f"c{k % 9}", parts=[[shape + rng.uniform(40, 600, 2)]]) for k in range(80)]
    one = picture(*things, width_px=640, height_px=640)
    many = len(page_of(*[one] * 11).html) - len(page_of(one).html)
    assert many / 10 < 28_000


def test_the_same_gallery_gives_the_same_text(hostile: Page) -> None:
    assert render_gallery(hostile_gallery()) == hostile.html


def test_pictures_without_any_object_make_a_page() -> None:
    page = page_of(picture())
    assert page.data["classes"] == []
    assert "0 objects" in page.text
