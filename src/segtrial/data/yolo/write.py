"""Dataset → YOLO-seg folder, for one that has YOLO's records: pictures, rows and data.yaml.

Rows are written byte for byte; only the class number of a relabelled one is written anew. A data
set of another format gets YOLO's records first: `yolo/convert.py`.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

import msgspec
import yaml

from segtrial.data.yolo.description import is_file, read_description
from segtrial.data.yolo.pictures import SUFFIXES, label_path
from segtrial.data.yolo.read import ImageRecord
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset

Pictures = Literal["link", "copy", "none"]
Split = Literal["train", "val", "test"]
_FILE = "data.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where one image goes, relative to the folder: its picture, and the folder of its split that
    data.yaml names; `text`: its label file's, None where it has none.
    """

    picture: PurePosixPath
    entry: PurePosixPath
    text: bytes | None

    @property
    def label(self) -> Path:
        return label_path(Path("/", self.picture)).relative_to("/")


def write_yolo(
    dataset: Dataset,
    folder: Path,
    *,
    split: Split = "train",
    pictures: Pictures = "link",
    keep_layout: bool = True,
) -> None:
    """Write the images as one split of the YOLO data set in `folder`; another split that stands
    there already stays, under the same class names.

    A picture in a folder below one named "images" (images/train2017/…, train/images/…) keeps its
    place, so that the set read again has the same fingerprint. Any other, and all of them without
    `keep_layout`, go to images/<split>/, which changes their file names and ids.

    data.yaml has no `path`: Ultralytics takes "." for the working directory, and a missing one
    for the file's folder. A split names folders, or <split>.txt, a list of pictures, where
    folders would not give these pictures in this order. `pictures`: links to the pictures'
    absolute places, copies, or none; without an image root, none. An image without instances gets
    an empty label file where the source had a file. Ultralytics' label caches are deleted.

    Raises DataError before anything is written: where `folder` is the source itself or holds files
    of another data set, a picture is missing, or a file name cannot be kept.
    """
    assert dataset.geometry_kind == GeometryKind.YOLO, "prepare_yolo first"
    held = pictures if dataset.image_root is not None else "none"
    targets = _targets(dataset, split, keep_layout=keep_layout)
    _check_folder(dataset, folder, targets)
    sources = _sources(dataset) if held != "none" else []
    description = _description(dataset, folder, split, targets, listed=held == "none")
    for target in targets:
        if target.text is not None:
            _written(folder / target.label, target.text)
    for target, source in zip(targets, sources, strict=False):  # no sources: nothing to lay down
        _lay_down(source, folder / target.picture, held)
    _delete_caches(folder, targets)
    if description[split] == _list_of(split):
        listed = "".join(f"./{target.picture}\n" for target in targets)
        _written(folder / _list_of(split), listed.encode())
    _written(folder / _FILE, _yaml(description))


def _yaml(members: dict[str, object]) -> bytes:
    # PyYAML writes these line breaks as they are, and reads them as spaces
    plain = not any(mark in str(members) for mark in (r"\x85", r"\u2028", r"\u2029"))
    text: str = yaml.safe_dump(members, sort_keys=False, allow_unicode=plain)
    return text.encode()


def _delete_caches(folder: Path, targets: list[_Target]) -> None:
    for entry in dict.fromkeys(target.entry for target in targets):
        labels = folder / _labels_of(entry)
        labels.mkdir(parents=True, exist_ok=True)
        for cache in (*labels.parent.glob("*.cache"), *labels.rglob("*.cache")):
            cache.unlink()


def _list_of(split: str) -> str:
    return f"{split}.txt"


def _written(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _targets(dataset: Dataset, split: str, *, keep_layout: bool) -> list[_Target]:
    first = dataset.first_rows().tolist()
    wanted = dataset.class_index.tolist()
    targets = []
    for image, name in enumerate(dataset.file_name):
        picture, entry = _place(name, split, keep_layout=keep_layout)
        rows = range(first[image], first[image + 1])
        text = b"".join(_row(dataset.instance_record[row], wanted[row]) for row in rows)
        record = msgspec.json.decode(dataset.image_record[image], type=ImageRecord)
        has_file = bool(text) or record.label_file is not None
        targets.append(_Target(picture=picture, entry=entry, text=text if has_file else None))
    if not targets:
        raise DataError("The data set has no images.", where=dataset.source)
    label, count = Counter(target.label for target in targets).most_common(1)[0]
    if count > 1:
        raise DataError(
            "Two pictures would share a label file.",
            where=str(label),
            expected="file names that differ without their suffix",
            next_step="rename one of the pictures",
        )
    return targets


def _place(name: str, split: str, *, keep_layout: bool) -> tuple[PurePosixPath, PurePosixPath]:
    """A picture's place in the folder, and the folder that its split names."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or len(name.splitlines()) != 1:
        raise DataError("A picture's name leaves the picture folder.", where=name[:200])
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            "A picture's name is none that readers of YOLO find.",
            where=name[:200],
            expected=", ".join(SUFFIXES),
        )
    folders = path.parts[:-1]
    rest = path.parts
    if "images" in folders:
        last = len(folders) - 1 - folders[::-1].index("images")
        entry = folders[: last + 2]
        if keep_layout and len(entry) > 1:
            return path, PurePosixPath(*entry)
        rest = path.parts[len(entry) :]
    return PurePosixPath("images", split, *rest), PurePosixPath("images", split)


def _labels_of(entry: PurePosixPath) -> Path:
    return label_path(Path("/", entry, "picture")).parent.relative_to("/")


def _row(record: bytes, label: int) -> bytes:
    """The row with its line end, and with another class number where it says another class."""
    token = record.split(maxsplit=1)[0]
    if int(token) != label:
        begin = record.index(token)
        record = b"%b%d%b" % (record[:begin], label, record[begin + len(token) :])
    return record + b"\n"


def _check_folder(dataset: Dataset, folder: Path, targets: list[_Target]) -> None:
    """Nothing that is not ours may be overwritten, or be read with what we write."""
    home = folder.resolve()
    if dataset.image_root is not None and dataset.image_root.resolve() == home:
        raise DataError(
            "The labels would overwrite their source.",
            where=str(folder),
            next_step="another folder",
        )
    ours = {Path(target.picture) for target in targets}
    ours |= {target.label for target in targets if target.text is not None}
    for entry in dict.fromkeys(target.entry for target in targets):
        for part in (Path(entry), _labels_of(entry)):
            if not (folder / part).resolve().is_relative_to(home):
                raise DataError("A folder is a link that leads out.", where=str(folder / part))
            for path in sorted((folder / part).rglob("*")):
                known = path.suffix.lower() in (*SUFFIXES, ".txt")
                if known and path.relative_to(folder) not in ours:
                    raise DataError(
                        "The folder holds files of another data set.",
                        where=str(path),
                        next_step="write to a folder of its own; splits whose pictures lie in one "
                        "folder: without keep_layout",
                    )


def _sources(dataset: Dataset) -> list[Path]:
    assert dataset.image_root is not None
    root = dataset.image_root.absolute()
    sources = [root / name for name in dataset.file_name]
    missing = [path for path in sources if not is_file(path)]
    if missing:
        raise DataError(
            "A picture is missing.",
            where=str(missing[0]),
            expected=f"the pictures of {dataset.source}",
            got=f"{len(missing)} of {len(sources)} are not there",
            next_step="state where the pictures lie, or write the labels alone",
        )
    return sources


def _lay_down(source: Path, target: Path, pictures: Pictures) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # a link to it must not be written through
    if pictures == "link":
        try:
            os.link(source.resolve(), target)  # a symbolic link would lead out of the folder
        except OSError:  # another file system, or one without links
            shutil.copyfile(source, target)
    else:
        shutil.copyfile(source, target)


def _home(folder: Path) -> Path:
    return Path(os.path.normpath(folder.absolute()))


def _description(
    dataset: Dataset, folder: Path, split: str, targets: list[_Target], *, listed: bool
) -> dict[str, object]:
    """The members of data.yaml, those of other splits kept."""
    members: dict[str, object] = {}
    if is_file(folder / _FILE):
        found = read_description(folder / _FILE)
        if found.names != dataset.class_names or found.root != _home(folder):
            raise DataError(
                "The folder holds a data.yaml of another data set.",
                where=str(folder / _FILE),
                expected="the same class names, and no path",
                next_step="write to a folder of its own",
            )
        for name, places in found.splits.items():
            stated = [os.path.relpath(place, found.root) for place in places]
            members[name] = stated[0] if len(stated) == 1 else stated
    entries = [str(entry) for entry in dict.fromkeys(target.entry for target in targets)]
    in_order = sorted(
        targets, key=lambda target: (entries.index(str(target.entry)), target.picture)
    )
    if listed or in_order != targets:
        members[split] = _list_of(split)
    else:
        members[split] = entries[0] if len(entries) == 1 else entries
    members["names"] = dict(enumerate(dataset.class_names))
    return members
