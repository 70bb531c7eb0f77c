"""The frames of Scalabel JSON, in every layout that BDD100K has had.

A list of frames; an object with `frames`, and `config` for its classes and picture size; a folder
of such files; and the release of 2018: one file a picture, with `frames[0].objects`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import msgspec

from segtrial.data.extension import KEY, OfFile, OfImage
from segtrial.data.records import decode, first_character, read_json, refuse_broken_link
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXPECTED = "a list of frames, or an object with frames, as BDD100K and Scalabel write them"
DEFAULT_SIZE = (720, 1280)  # BDD100K's pictures, where neither frame nor config states a size

Side = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Size(msgspec.Struct):
    """A picture's size in px."""

    width: Side
    height: Side


class Frame(msgspec.Struct):
    """One picture: its own members, and its labels still as text."""

    name: str
    size: Size | None = None
    labels: msgspec.Raw = msgspec.Raw(b"")
    attributes: msgspec.Raw = msgspec.Raw(b"")
    segtrial: OfImage | msgspec.UnsetType = msgspec.UNSET


class _Category(msgspec.Struct):
    name: str
    subcategories: list[_Category] | None = None


class Config(msgspec.Struct, rename={"image_size": "imageSize"}):
    """What the file states for all frames."""

    image_size: Size | None = None
    categories: list[_Category] | None = None

    def class_names(self) -> tuple[str, ...]:
        """The leaves of the tree of categories, in order; empty where none is stated."""
        return tuple(_leaves(self.categories or []))


class _Objects(msgspec.Struct):
    objects: msgspec.Raw = msgspec.Raw(b"")
    timestamp: msgspec.Raw = msgspec.Raw(b"")


class _Picture2018(msgspec.Struct):
    name: str
    frames: list[_Objects]
    attributes: msgspec.Raw = msgspec.Raw(b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRecord:
    """A frame, its file and its place there for errors, and its record without labels."""

    frame: Frame
    file: str
    where: str
    record: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFile:
    """One file: its text, its frames, its config and its other top-level members."""

    text: bytes
    frames: list[FrameRecord]
    config: Config
    members: dict[str, msgspec.Raw]
    extension: OfFile = field(default_factory=OfFile)


def read_frame_files(path: Path, text: bytes | None = None) -> Iterator[FrameFile]:
    """The files at `path`, one (whose `text` may be read already) or a folder's *.json in the
    order of their names.

    Raises DataError for a folder without such files, or for a file that is none.
    """
    if not path.is_dir():
        yield _parse(read_json(path) if text is None else text, str(path))
        return
    files = sorted([*path.rglob("*.json"), *path.rglob("*.json.gz")])
    for file in files:
        refuse_broken_link(file)
    files = [file for file in files if file.is_file()]
    if not files:
        raise DataError("The folder holds no label files.", where=str(path), expected="*.json")
    for file in files:
        yield _parse(read_json(file), str(file))


def _parse(text: bytes, where: str) -> FrameFile:
    if first_character(text) != b"{":
        raws = decode(text, list[msgspec.Raw], where=where, expected=EXPECTED)
        return FrameFile(text=text, frames=_frames(raws, where), config=Config(), members={})
    members = decode(text, dict[str, msgspec.Raw], where=where, expected=EXPECTED)
    if "labels" in members and "name" in members:
        raw = decode(text, msgspec.Raw, where=where, expected=EXPECTED)
        return FrameFile(text=text, frames=[_frame(raw, where, where)], config=Config(), members={})
    if "frames" not in members:
        raise DataError("The labels cannot be read.", where=where, expected=EXPECTED)
    raws = decode(members["frames"], list[msgspec.Raw], where=where, expected=EXPECTED)
    if "name" in members:
        return FrameFile(text=text, frames=[_of_2018(text, where)], config=Config(), members={})
    config = Config()
    if bytes(members.get("config", b"null")) != b"null":
        place = f"{where}: config"
        expected = "imageSize and categories, as Scalabel writes them"
        config = decode(members["config"], Config, where=place, expected=expected)
    extension = OfFile()
    if KEY in members:
        expected = "what segtrial writes there"
        extension = decode(members[KEY], OfFile, where=f"{where}: {KEY}", expected=expected)
    del members["frames"]
    frames = _frames(raws, where)
    return FrameFile(text=text, frames=frames, config=config, members=members, extension=extension)


def _frames(raws: list[msgspec.Raw], where: str) -> list[FrameRecord]:
    return [_frame(raw, where, f"{where}: frames[{i}]") for i, raw in enumerate(raws)]


def _frame(raw: msgspec.Raw, file: str, where: str) -> FrameRecord:
    frame = decode(raw, Frame, where=where, expected="a frame with a name")
    members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    members.pop("labels", None)
    return FrameRecord(frame=frame, file=file, where=where, record=msgspec.json.encode(members))


def _of_2018(text: bytes, where: str) -> FrameRecord:
    """A file of the release of 2018 as a frame: names are without the picture's ".jpg"."""
    expected = "name, attributes and one frame with objects, as in the release of 2018"
    picture = decode(text, _Picture2018, where=where, expected=expected)
    if len(picture.frames) != 1:
        raise DataError(
            "A file of one picture holds several frames.",
            where=where,
            expected=expected,
            got=f"{len(picture.frames)} frames",
        )
    objects = picture.frames[0]
    name = picture.name if picture.name.endswith((".jpg", ".png")) else f"{picture.name}.jpg"
    frame = Frame(name=name, labels=objects.objects, attributes=picture.attributes)
    record = {"attributes": picture.attributes, "timestamp": objects.timestamp}
    members = {"name": name} | {key: raw for key, raw in record.items() if bytes(raw)}
    return FrameRecord(frame=frame, file=where, where=where, record=msgspec.json.encode(members))


def _leaves(categories: list[_Category]) -> Iterator[str]:
    for category in categories:
        if category.subcategories:
            yield from _leaves(category.subcategories)
        else:
            yield category.name
