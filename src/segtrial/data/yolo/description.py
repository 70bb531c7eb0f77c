"""data.yaml: the class names, and where the pictures of each split lie.

Paths are taken from the file's own folder. Pictures are listed in `pictures.py`.
"""

from __future__ import annotations

import os.path
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIXES = (".yaml", ".yml")
SPLITS = ("train", "val", "test")
EXPECTED = "data.yaml with names or nc, and train, val or test"
_LARGEST_BYTES = 1 << 18  # Objects365 has 8 kB; YAML takes seconds for a megabyte
_DEEPEST = 8
_MOST_CLASSES = 100_000
_LEVELS_UP = 3
_SECTION = re.compile(rb"^(names|nc|train|val|validation|test)[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What data.yaml says: `root`, absolute; class `names` by index; and for each split that it
    states, its folders or lists of pictures, absolute.
    """

    file: Path
    root: Path
    names: tuple[str, ...]
    splits: Mapping[str, tuple[Path, ...]]


def describes_yolo(file: Path) -> bool:
    """Whether `file` is a YAML file that states classes and a split; it is searched, not parsed."""
    if file.suffix.lower() not in SUFFIXES or not file.is_file():
        return False
    if file.stat().st_size > _LARGEST_BYTES:
        return False
    found = set(_SECTION.findall(file.read_bytes()))
    return bool(found & {b"names", b"nc"}) and bool(found - {b"names", b"nc"})


def description_in(folder: Path) -> Path | None:
    """The folder's data.yaml, or the only YAML file there that describes a data set; else None.

    Raises DataError where there are several.
    """
    files = [file for file in sorted(folder.iterdir()) if describes_yolo(file)]
    preferred = [file for file in files if file.stem == "data"] or files
    if len(preferred) > 1:
        raise DataError(
            "The folder holds several descriptions of data sets.",
            where=str(folder),
            expected="data.yaml, or one *.yaml",
            got=", ".join(file.name for file in preferred[:5]),
            next_step="state the file instead of the folder",
        )
    return preferred[0] if preferred else None


def description_above(folder: Path) -> Path | None:
    """The description in one of the three folders above `folder`; else None."""
    above = Path(folder.absolute()).parents[:_LEVELS_UP]
    return next((file for up in above if (file := description_in(up)) is not None), None)


def read_description(file: Path) -> Description:
    """The description in `file`.

    A relative `path` is taken from the file's folder, which stands in for one that is missing or
    not there (the set was moved). As in Ultralytics, a split that begins with "../" and is not
    there is looked for without it, `validation` stands for `val`, and where only `nc` is stated
    the names are class_0, class_1 … Other members are not kept. Raises DataError for a file that
    cannot be read, uses YAML aliases, describes key points, or is too large.
    """
    where = str(file)
    content = _content(file)
    if "kpt_shape" in content:
        raise DataError("The labels are key points.", where=where, expected="boxes or outlines")
    home = Path(file.absolute()).parent
    root = _normal(home / _text(content.get("path") or ".", f"{where}: path"))
    if not is_folder(root):
        root = home
    if "val" not in content and "validation" in content:
        content["val"] = content["validation"]
    splits = {
        split: _places(content[split], root, f"{where}: {split}")
        for split in SPLITS
        if content.get(split)
    }
    if not splits:
        raise DataError("No split is stated.", where=where, expected=EXPECTED)
    return Description(file=file, root=root, names=_names(content, where), splits=splits)


def _content(file: Path) -> dict[Any, Any]:
    where = str(file)
    size = file.stat().st_size
    if size > _LARGEST_BYTES:
        raise DataError(
            "The description is too large.",
            where=where,
            expected=f"at most {_LARGEST_BYTES} bytes",
            got=f"{size} bytes",
        )
    try:
        text = file.read_bytes().decode("utf-8-sig")
        _refuse_nesting(text, where)
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        # PyYAML's own constructors raise the last four for wrongly tagged or impossible values
        raise DataError(
            "The description cannot be read.", where=where, expected=EXPECTED, got=str(error)[:300]
        ) from error
    if not isinstance(content, dict):
        raise DataError(
            "The description cannot be read.",
            where=where,
            expected=EXPECTED,
            got=type(content).__name__,
        )
    return content


def _refuse_nesting(text: str, where: str) -> None:
    """Refuse what makes a small file grow or recurse: aliases and deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.AliasEvent) or depth > _DEEPEST:
            raise DataError(
                "The description uses aliases, or is nested too deeply.",
                where=f"{where}:{line}",
                expected=EXPECTED,
                next_step="write the values out",
            )


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _text(value: Any, where: str) -> str:
    if not _is_text(value) or "\0" in value:
        raise DataError("A path is none.", where=where, expected="text", got=repr(value)[:100])
    return str(value)


def _places(value: Any, root: Path, where: str) -> tuple[Path, ...]:
    stated = value if isinstance(value, list) else [value]
    return tuple(_place(_text(item, where), root) for item in stated)


def _place(stated: str, root: Path) -> Path:
    place = _normal(root / stated)
    if stated.startswith("../") and not (is_folder(place) or is_file(place)):
        return _normal(root / stated[3:])
    return place


def _normal(path: Path) -> Path:
    """Without "..", links not followed: a picture folder may be made of links."""
    return Path(os.path.normpath(path))


def is_folder(path: Path) -> bool:
    """Whether there is a folder; no error for a name that no folder can have."""
    try:
        return path.is_dir()
    except OSError:  # too long a name
        return False


def is_file(path: Path) -> bool:
    """Whether there is a file; no error for a name that no file can have."""
    try:
        return path.is_file()
    except OSError:
        return False


def _names(content: dict[Any, Any], where: str) -> tuple[str, ...]:
    stated, number = content.get("names"), content.get("nc")
    if number is not None and (type(number) is not int or not 0 < number <= _MOST_CLASSES):
        raise DataError(
            "nc is no number of classes.", where=where, expected="nc ≥ 1", got=repr(number)[:100]
        )
    if stated is None:
        if number is None:
            raise DataError("No classes are stated.", where=where, expected=EXPECTED)
        return tuple(f"class_{index}" for index in range(number))
    if isinstance(stated, dict):
        stated = _in_order(stated, where)
    if not isinstance(stated, list) or not stated:
        raise DataError(
            "names is no list of classes.", where=where, expected=EXPECTED, got=repr(stated)[:100]
        )
    names = tuple(_name(name, f"{where}: names: {index}") for index, name in enumerate(stated))
    if number is not None and number != len(names):
        raise DataError(
            "names and nc disagree.",
            where=where,
            expected=f"nc: {len(names)}",
            got=f"nc: {number}",
        )
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError("Two classes share a name.", where=where, got=f'"{twice}"')
    return names


def _in_order(stated: dict[Any, Any], where: str) -> list[Any]:
    keys = [int(key) if isinstance(key, str) and key.isdecimal() else key for key in stated]
    if any(type(key) is not int for key in keys) or sorted(keys) != list(range(len(keys))):
        raise DataError(
            "The classes are not numbered one by one.",
            where=f"{where}: names",
            expected=f"the keys 0 … {len(stated) - 1}",
            got=", ".join(map(repr, list(stated)[:8])),
        )
    by_index = dict(zip(keys, stated.values(), strict=True))
    return [by_index[index] for index in range(len(keys))]


def _name(value: Any, where: str) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number or _is_text(value)):
        raise DataError(
            "A class name is none.",
            where=where,
            expected="text",
            got=repr(value)[:100],
            next_step='YAML reads yes, no, on, off and dates as values: quote them, as in "no"',
        )
    try:
        return str(value)
    except ValueError as error:  # a number of thousands of digits
        raise DataError(
            "A class name is none.", where=where, expected="text", got=str(error)
        ) from error
