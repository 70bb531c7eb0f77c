"""Which label format lies at a path: told from the content, never from the name alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from segtrial.data.bdd100k.bitmask import recognise_bitmasks
from segtrial.data.records import decode, read_json
from segtrial.data.yolo.read import looks_like_yolo
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ", ".join(LabelFormat)
JSON = (".json", ".gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A format and, where a JSON file had to be read for it, its text."""

    label_format: LabelFormat
    text: bytes | None = None


class _Keys(msgspec.Struct):
    """Members that tell the formats apart; their values are not decoded."""

    annotations: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    frames: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    labels: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
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
    return Recognised(label_format=_one(_of_json(text, str(path)), path), text=text)


def _one(candidates: list[LabelFormat], path: Path) -> LabelFormat:
    if len(candidates) == 1:
        return candidates[0]
    raise DataError(
        "The label format is not recognised.",
        where=str(path),
        expected=f"one of {FORMATS}",
        got=f"signs of {' and '.join(candidates)}" if candidates else "signs of none",
        next_step=f'state which: format = "{(candidates or list(LabelFormat))[0]}" under [data], '
        "or --format",
    )


def _of_folder(path: Path) -> list[LabelFormat]:
    found = [LabelFormat.YOLO_SEG] if looks_like_yolo(path) else []
    if not found and any(path.rglob("*.json")):
        found.append(LabelFormat.BDD100K)
    return found or recognise_bitmasks(path)


def _of_json(text: bytes, where: str) -> list[LabelFormat]:
    start = text.lstrip()[:1]
    if start == b"[":
        _refuse_results(text, where)
        return [LabelFormat.BDD100K]
    if start != b"{":
        return []
    keys = decode(text, _Keys, where=where, expected="a JSON object")
    found = []
    if keys.annotations is not msgspec.UNSET:
        found.append(_of_annotations(keys.annotations, where))
    if keys.frames is not msgspec.UNSET or keys.labels is not msgspec.UNSET:
        found.append(LabelFormat.BDD100K)
    return found


def _of_annotations(raw: msgspec.Raw, where: str) -> LabelFormat:
    first = _first(raw, f"{where}: annotations")
    if first is not None and first.segments_info is not msgspec.UNSET:
        return LabelFormat.COCO_PANOPTIC
    return LabelFormat.COCO


def _refuse_results(text: bytes, where: str) -> None:
    first = _first(text, where)
    if first is not None and first.image_id is not msgspec.UNSET:
        raise DataError(
            "These are predictions, not labels.",
            where=where,
            expected=f"labels: {FORMATS}",
            got="a list of COCO results",
            next_step="predictions are compared with labels by segtrial evaluate",
        )


def _first(raw: bytes | msgspec.Raw, where: str) -> _Keys | None:
    """The first element of a list, if it is an object."""
    elements = decode(raw, list[msgspec.Raw], where=where, expected="a list")
    if not elements or not bytes(elements[0]).startswith(b"{"):
        return None
    return decode(elements[0], _Keys, where=f"{where}[0]", expected="an object")
