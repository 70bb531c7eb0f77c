"""Which label format lies at a path: told from the content, never from the name alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from segtrial.data.bdd100k.bitmask import recognise_bitmasks
from segtrial.data.records import decode, first_character, read_json
from segtrial.data.top_level import TopLevel, read_top_level
from segtrial.data.yolo.read import looks_like_yolo
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ", ".join(LabelFormat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A format and, where a JSON file had to be read for it, its text and its top level;
    `stated`: what the user says, if anything.
    """

    label_format: LabelFormat
    text: bytes | None = None
    top: TopLevel | None = None
    stated: LabelFormat | None = None


class _First(msgspec.Struct):
    """Members of a list's first element that tell what the list is."""

    segments_info: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    image_id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def recognise(path: Path) -> Recognised:
    """The format of the labels at `path`, a file or a folder.

    LVIS is given as COCO: one reader tells them apart. Raises DataError where it is none of the
    formats, or where it may be several; the error lists them.
    """
    if path.is_dir():
        return Recognised(label_format=_one(_of_folder(path), path))
    if path.suffix in {".yaml", ".yml"}:
        return Recognised(label_format=LabelFormat.YOLO_SEG)
    if path.suffix.lower() == ".png":
        return Recognised(label_format=_one(recognise_bitmasks(path), path))
    text = read_json(path)
    found, top = _of_text(text, str(path))
    return Recognised(label_format=_one(found, path), text=text, top=top)


def _one(candidates: list[LabelFormat], path: Path) -> LabelFormat:
    if len(candidates) == 1:
        return candidates[0]
    raise DataError(
        "The label format is not recognised.",
        where=str(path),
        expected=f"one of {FORMATS}",
        got=f"signs of {' and '.join(candidates)}" if candidates else "signs of none",
        next_step=f'state which: format = "{candidates[0]}" under [data], or --format'
        if candidates
        else "name a label file, or a folder of labels",
    )


def _of_folder(path: Path) -> list[LabelFormat]:
    found = [LabelFormat.YOLO_SEG] if looks_like_yolo(path) else []
    first = next((file for file in sorted(path.rglob("*.json")) if file.is_file()), None)
    if first is not None:
        kinds = _of_text(read_json(first), str(first))[0]
        if kinds != [LabelFormat.BDD100K]:
            raise DataError(
                "A folder of label files that are read one by one.",
                where=str(path),
                expected="one of its files, or a folder of Scalabel files, of PNG, or of YOLO-seg",
                got=f"{first.name}: {' or '.join(kinds) or 'no labels'}",
                next_step=f"name the file: {first}",
            )
        found += kinds
    return found or recognise_bitmasks(path)


def _of_text(text: bytes, where: str) -> tuple[list[LabelFormat], TopLevel | None]:
    if first_character(text) != b"{":
        return _of_list(text, where), None
    top = read_top_level(text, where, "a JSON object of labels")
    return _of_object(top, where), top


def _of_object(top: TopLevel, where: str) -> list[LabelFormat]:
    found = []
    if top.annotations is not msgspec.UNSET:
        first = _first(top.annotations, f"{where}: annotations")
        panoptic = first is not None and first.segments_info is not msgspec.UNSET
        found.append(LabelFormat.COCO_PANOPTIC if panoptic else LabelFormat.COCO)
    if top.frames is not msgspec.UNSET or top.labels is not msgspec.UNSET:
        found.append(LabelFormat.BDD100K)
    return found


def _of_list(text: bytes, where: str) -> list[LabelFormat]:
    if first_character(text) != b"[":
        return []
    raws = decode(text, list[msgspec.Raw], where=where, expected="a list of frames")
    first = _first(raws, where)
    if first is not None and first.image_id is not msgspec.UNSET:
        raise DataError(
            "These are predictions, not labels.",
            where=where,
            expected=f"labels: {FORMATS}",
            got="a list of COCO results",
            next_step="name the labels that they were made for",
        )
    return [LabelFormat.BDD100K]


def _first(raws: list[msgspec.Raw], where: str) -> _First | None:
    """The first element of a list, if it is an object."""
    if not raws or not bytes(raws[0]).startswith(b"{"):
        return None
    return decode(raws[0], _First, where=f"{where}[0]", expected="an object")
