"""Which pictures a YOLO data set has, where their label files lie, and how large they are."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from segtrial.data.yolo.description import is_file, is_folder
from segtrial.geometry.pictures import DAMAGE, FORMATS, is_sideways
from segtrial.types.attributes import LeftOut
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_LONGEST_PX = 100_000
_LARGEST_LIST_BYTES = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture: its `name` relative to the image root, where it lies, and where its labels
    would lie; `label_name` is that file relative to the data set's root.
    """

    name: str
    path: Path
    label: Path
    label_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The pictures in the order of the splits, within a folder by name, and what is left out."""

    image_root: Path
    pictures: tuple[Picture, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Where a picture belongs in the data set's own layout, and where it lies."""

    logical: Path
    path: Path


def label_path(picture: Path) -> Path:
    """Where Ultralytics looks for the labels: the last folder named "images" replaced by "labels",
    the suffix by .txt; beside the picture where no folder is named so.
    """
    return Path("/labels/".join(str(picture).rsplit("/images/", 1))).with_suffix(".txt")


def list_pictures(sources: Sequence[Path], root: Path, image_root: Path | None) -> Listing:
    """The pictures of `sources`, folders (searched whole) or text files that list pictures.

    A picture stated twice is taken once. `image_root`: where the pictures lie instead of under
    `root`, in the same folders, or with leading folders left away. Without it, names are relative
    to `root` or, where pictures lie outside of it, to the nearest folder above all of them.
    Left out, and counted: listed pictures that are not there, and label files without a picture.
    Raises DataError where no picture, or no label of a picture, is there, and where two pictures
    share a label file.
    """
    found: dict[Path, _Found] = {}
    missing: list[str] = []
    for source in sources:
        for item in _pictures_of(source, root, image_root, missing):
            found.setdefault(item.logical, item)
    where = ", ".join(map(str, sources))
    if not found:
        raise _no_pictures(where, missing, image_root)
    base = image_root or _common_root(root, list(found))
    pictures = [_picture(item, root, base, image_root) for item in found.values()]
    _refuse_shared(pictures)
    orphans = _orphans(sources, pictures)
    _refuse_strangers(pictures, orphans, where)
    kinds = (
        ("listed pictures that are not there", missing),
        ("label files without a picture", orphans),
    )
    left_out = tuple(
        LeftOut(count=len(places), reason=reason, first=places[0])
        for reason, places in kinds
        if places
    )
    return Listing(image_root=base, pictures=tuple(pictures), left_out=left_out)


def _pictures_of(
    source: Path, root: Path, image_root: Path | None, missing: list[str]
) -> list[_Found]:
    if source.suffix.lower() == ".txt" and is_file(source):
        return _listed(source, root, image_root, missing)
    folder = source
    if image_root is not None:
        places = _relocated(source, root, image_root)
        folder = next((place for place in places if is_folder(place)), source)
    if not is_folder(folder):
        raise DataError(
            "The pictures' folder is not there.",
            where=str(source),
            expected="a folder of pictures, or a .txt file that lists them",
            next_step="mend the split in data.yaml, state one split alone, or state images = …",
        )
    return [
        _Found(logical=source / path.relative_to(folder), path=path)
        for path in _files_under(folder)
        if path.suffix.lower() in SUFFIXES
    ]


def _listed(source: Path, root: Path, image_root: Path | None, missing: list[str]) -> list[_Found]:
    """The pictures that a text file lists, one a line; relative paths start at its folder."""
    try:
        if source.stat().st_size > _LARGEST_LIST_BYTES:
            raise ValueError(f"larger than {_LARGEST_LIST_BYTES} bytes")
        lines = source.read_bytes().decode("utf-8-sig").splitlines()
    except ValueError as error:
        raise DataError(
            "A list of pictures cannot be read.",
            where=str(source),
            expected="paths in UTF-8, one a line",
            got=str(error),
        ) from error
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        logical = Path(os.path.normpath(source.parent / line.strip()))
        if logical.suffix.lower() not in SUFFIXES or "\0" in line:
            raise DataError(
                "A listed file is no picture.",
                where=f"{source}:{number}",
                expected=f"a name in {', '.join(SUFFIXES)}",
                got=line.strip()[:200],
            )
        places = [logical] if image_root is None else _relocated(logical, root, image_root)
        path = next((place for place in places if is_file(place)), None)
        if path is None:
            missing.append(f"{source}:{number}: {line.strip()[:200]}")
        else:
            found.append(_Found(logical=logical, path=path))
    return found


def _relocated(logical: Path, root: Path, image_root: Path) -> list[Path]:
    """Where it may lie under the image root: with all its folders, or with leading ones away."""
    parts = logical.relative_to(root).parts if logical.is_relative_to(root) else (logical.name,)
    last = len(parts) + (logical.suffix.lower() not in SUFFIXES)
    return [image_root.joinpath(*parts[k:]) for k in range(max(last, 1))]


def _files_under(folder: Path) -> list[Path]:
    """All files, sorted by path; links to folders are followed, each folder once."""
    files: list[Path] = []
    entered = {os.path.realpath(folder)}
    for where, folders, names in os.walk(folder, followlinks=True):
        new = [name for name in folders if os.path.realpath(Path(where, name)) not in entered]
        entered.update(os.path.realpath(Path(where, name)) for name in new)
        folders[:] = new
        files += [Path(where, name) for name in names]
    return sorted(files)


def _common_root(root: Path, logical: list[Path]) -> Path:
    if all(path.is_relative_to(root) for path in logical):
        return root
    return Path(os.path.commonpath([root, *(path.parent for path in logical)]))


def _picture(item: _Found, root: Path, base: Path, image_root: Path | None) -> Picture:
    name = item.logical if image_root is None else item.path
    label = label_path(item.logical)
    return Picture(
        name=_utf8(name.relative_to(base)),
        path=item.path,
        label=label,
        label_name=_utf8(Path(os.path.relpath(label, root))),
    )


def _utf8(name: Path) -> str:
    try:
        return name.as_posix().encode().decode()
    except UnicodeEncodeError as error:
        raise DataError(
            "A file name is not UTF-8.", where=repr(str(name)), next_step="rename the file"
        ) from error


def _refuse_shared(pictures: list[Picture]) -> None:
    for what, keys in (
        ("Two pictures have one label file.", [str(picture.label) for picture in pictures]),
        ("One picture has two label files.", [picture.name for picture in pictures]),
    ):
        key, count = Counter(keys).most_common(1)[0]
        if count > 1:
            first, second = [p for p, k in zip(pictures, keys, strict=True) if k == key][:2]
            raise DataError(
                what,
                where=str(first.label),
                expected="one picture for each label file",
                got=f"{first.name}, {second.name}",
            )


def _orphans(sources: Sequence[Path], pictures: list[Picture]) -> list[str]:
    """Label files beside those of the pictures; a list of pictures has none, for others share
    its folders.
    """
    expected = {picture.label for picture in pictures}
    folders = dict.fromkeys(
        label_path(source / "picture").parent for source in sources if not is_file(source)
    )
    return [
        str(path)
        for folder in folders
        if is_folder(folder)
        for path in _files_under(folder)
        if path.suffix == ".txt" and path not in expected
    ]


def _refuse_strangers(pictures: list[Picture], orphans: list[str], where: str) -> None:
    """Pictures none of which has labels: the folders do not belong together."""
    folder = pictures[0].label.parent
    if any(is_file(picture.label) for picture in pictures):
        return
    if orphans or not any(is_folder(picture.label.parent) for picture in pictures):
        raise DataError(
            "None of the pictures has a label file.",
            where=where,
            expected=f"label files such as {pictures[0].label}",
            got=f"{orphans[0]} and others" if orphans else f"no folder {folder}",
            next_step='name the folders "images" and "labels", and pictures and labels alike',
        )


def _no_pictures(where: str, missing: list[str], image_root: Path | None) -> DataError:
    return DataError(
        "There are no pictures.",
        where=where,
        expected=f"pictures: {', '.join(SUFFIXES)}",
        got=f"{len(missing)} are listed and not there: {missing[0]}" if missing else "none",
        next_step=f"images = {image_root}: check it" if image_root else "check path in data.yaml",
    )


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in px, from the file's header; no pixel is decoded.

    A JPEG that its EXIF orientation turns on its side has them exchanged, as Ultralytics takes
    it. Raises DataError for a file that is no picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pictures above 89 Mpx, which are in order
            with Image.open(path, formats=FORMATS) as picture:
                size, turned = picture.size, is_sideways(picture)
    except (*DAMAGE, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DataError(
            "A picture cannot be opened.",
            where=str(path),
            expected=f"a picture of at most 178 Mpx: {', '.join(SUFFIXES)}",
            got=str(error)[:200],
        ) from error
    if not all(1 <= side <= _LONGEST_PX for side in size):
        raise DataError("A picture's size is none.", where=str(path), got=f"{size}")
    return (size[1], size[0]) if turned else size
