"""Gallery records → texts, paths and one JSON block; template and script add no fact to it."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import msgspec

from segtrial.report.colours import Colour, class_colours
from segtrial.report.gallery_inputs import Gallery, GalleryInstance, GalleryPicture
from segtrial.report.gallery_paths import part_paths, units_of
from segtrial.report.render import shown
from segtrial.report.text import count_text, number_of

SMALL_PX, MEDIUM_PX = 32**2, 96**2  # COCO's bounds: small below the first, large from the second
TOLERANCES_PX = (0.3, 0.6, 1.2, 2.4)  # finest first; the last is taken however long the paths
LONGEST_PATHS = 24_000  # letters of all paths of a picture
ALTERNATIVE_CLASSES = 6  # named in the text that is read aloud; the rest are counted
DARK_LUMA = 88  # of 255: darker outlines get a white rim in the large view
FRAME_RATIOS = (0.8, 16 / 9)  # narrowest and widest frame of a card, width by height


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeView:
    """One object: `css` its classes, `paths` their `d`, `box` x, y, width, height in units."""

    css: str
    hatch: str
    paths: tuple[str, ...]
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """One picture; `uri` is empty where it is not here. `tolerance_px`: of its outlines."""

    title: str
    caption: str
    alternative: str
    uri: str
    width: int
    height: int
    shapes: tuple[ShapeView, ...]
    tolerance_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryView:
    """The whole page. `hatches`: colour keys of classes that have a crowd."""

    title: str
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    precision: str
    css: str
    hatches: tuple[str, ...]
    data: str
    cards: tuple[CardView, ...]


def gallery_view(gallery: Gallery) -> GalleryView:
    """Prepare every text, path and record of the page."""
    counts = Counter(thing.name for picture in gallery.pictures for thing in picture.instances)
    names = sorted(counts, key=lambda name: (-counts[name], name))
    colours = class_colours(names)
    palette = list(dict.fromkeys(colours.values()))
    keys = {name: f"k{palette.index(colours[name])}" for name in names}
    cards = tuple(_card_view(picture, keys) for picture in gallery.pictures)
    crowded = {t.name for picture in gallery.pictures for t in picture.instances if t.crowd}
    return GalleryView(
        title=gallery.title,
        facts=_facts(gallery, len(names)),
        notes=tuple(gallery.notes),
        precision=f"{max(card.tolerance_px for card in cards):g}",
        css=_css(palette, cards),
        hatches=tuple(sorted({keys[name] for name in crowded})),
        data=_data(gallery, names, counts, keys),
        cards=cards,
    )


def drawing_order(instances: Sequence[GalleryInstance]) -> list[GalleryInstance]:
    """Crowds first, then larger before smaller, so that small objects lie on top."""
    return sorted(instances, key=lambda thing: (not thing.crowd, -thing.area_px))


def _facts(gallery: Gallery, classes: int) -> tuple[str, ...]:
    pictures = gallery.pictures
    things = [thing for picture in pictures for thing in picture.instances]
    crowds = sum(thing.crowd for thing in things)
    absent = sum(picture.webp is None for picture in pictures)
    said = [number_of(len(pictures), "picture"), number_of(len(things), "object")]
    said.append(number_of(classes, "class", "classes"))
    said += [f"{number_of(crowds, 'crowd region')} among them"] if crowds else []
    said += [f"{number_of(absent, 'picture')} not here"] if absent else []
    return tuple(said)


def _card_view(picture: GalleryPicture, keys: Mapping[str, str]) -> CardView:
    width, height, scale = units_of(picture.width_px, picture.height_px)
    things = drawing_order(picture.instances)
    paths, tolerance = _paths(things, scale)
    uri = (
        "data:image/webp;base64," + base64.b64encode(picture.webp).decode() if picture.webp else ""
    )
    return CardView(
        title=picture.title,
        caption=_caption(picture),
        alternative=_alternative(picture),
        uri=uri,
        width=width,
        height=height,
        shapes=tuple(
            _shape_view(thing, keys[thing.name], d, scale)
            for thing, d in zip(things, paths, strict=True)
        ),
        tolerance_px=tolerance,
    )


def _paths(things: Sequence[GalleryInstance], scale: float) -> tuple[list[list[str]], float]:
    """The paths of each object as fine as their budget allows, and how fine that is."""
    for tolerance in TOLERANCES_PX:
        paths = [part_paths(thing.parts, scale=scale, tolerance_px=tolerance) for thing in things]
        if sum(len(d) for texts in paths for d in texts) <= LONGEST_PATHS:
            break
    return paths, tolerance


def _shape_view(thing: GalleryInstance, key: str, paths: Sequence[str], scale: float) -> ShapeView:
    css = ["o", key]
    css += ["crowd"] if thing.crowd else []
    css += [] if paths else ["bare"]
    css += [] if thing.score is None else ["found"]
    x, y, width, height = (round(side * scale) for side in thing.box_xywh)
    return ShapeView(
        css=" ".join(css),
        hatch=f"hatch-{key}" if thing.crowd else "",
        paths=tuple(paths),
        box=(x, y, max(width, 1), max(height, 1)),
    )


def _caption(picture: GalleryPicture) -> str:
    said = [number_of(len(picture.instances), "object")]
    said += [_fact_text(name, value) for name, value in picture.attributes.items()]
    return " · ".join(text for text in said if text)


def _fact_text(name: str, value: str) -> str:
    """An attribute in short: a switch by its name where it is on, nothing where it is off."""
    return {"true": name, "false": ""}.get(value, value)


def _alternative(picture: GalleryPicture) -> str:
    counts = Counter(thing.name for thing in picture.instances).most_common()
    said = [f"{count_text(count)} {name}" for name, count in counts[:ALTERNATIVE_CLASSES]]
    rest = len(counts) - len(said)
    said += [f"{rest} more {'class' if rest == 1 else 'classes'}"] if rest else []
    here = "" if picture.webp else ", picture not here"
    return f"{picture.title}{here}: {', '.join(said) or 'no object'}"


def _css(palette: Sequence[Colour], cards: Sequence[CardView]) -> str:
    """The rules that depend on the data: numbers only, no text of a stranger."""
    ratio = median(card.width / card.height for card in cards)
    rules = [f".frame{{aspect-ratio:{min(max(ratio, FRAME_RATIOS[0]), FRAME_RATIOS[1]):.3f}}}"]
    rules += [
        f".k{index}{{--c:rgb({red} {green} {blue});--rim:{_rim((red, green, blue))}}}"
        for index, (red, green, blue) in enumerate(palette)
    ]
    return "\n".join(rules)


def _rim(colour: Colour) -> str:
    """Black around light colours, white around dark ones (Rec. 709 luma)."""
    luma = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]
    return "#000" if luma > DARK_LUMA else "#fff"


def _data(
    gallery: Gallery, names: Sequence[str], counts: Mapping[str, int], keys: Mapping[str, str]
) -> str:
    """What search, filters and lists need, as JSON that may stand inside a script element.

    `facts`: each attribute's (name, value) once; pictures and objects name their rows. An object:
    class, size (0 small, 1 medium, 2 large), crowd, score, id, facts, width and height in px.
    """
    rank = {name: row for row, name in enumerate(names)}
    facts: dict[tuple[str, str], int] = {}
    pictures = []
    for picture in gallery.pictures:
        objects = [_record(thing, rank, facts) for thing in drawing_order(picture.instances)]
        rows = [facts.setdefault(pair, len(facts)) for pair in _pairs(picture.attributes)]
        pictures.append(
            {
                "title": shown(picture.title),
                "id": shown(picture.image_id),
                "size": [picture.width_px, picture.height_px],
                "here": picture.webp is not None,
                "facts": rows,
                "objects": objects,
            }
        )
    content = {
        "classes": [[shown(name), counts[name], keys[name]] for name in names],
        "pictures": pictures,
        "facts": list(facts),
    }
    text = msgspec.json.encode(content).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _record(
    thing: GalleryInstance, rank: Mapping[str, int], facts: dict[tuple[str, str], int]
) -> list[object]:
    size = (thing.area_px >= SMALL_PX) + (thing.area_px >= MEDIUM_PX)
    rows = [facts.setdefault(pair, len(facts)) for pair in _pairs(thing.attributes)]
    return [
        rank[thing.name],
        size,
        int(thing.crowd),
        thing.score,
        shown(thing.source_id),
        rows,
        *(round(side, 1) for side in thing.box_xywh[2:]),
    ]


def _pairs(attributes: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(shown(name), shown(value)) for name, value in attributes.items()]
