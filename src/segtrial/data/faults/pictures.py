"""Faults of pictures: missing, damaged, of another size, twice, or in both splits."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from typing import TYPE_CHECKING

from segtrial.data.check import path_within, picture_size, stated_size
from segtrial.data.faults.kinds import fault
from segtrial.types.errors import DataError
from segtrial.types.labels import FaultKind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from segtrial.types.dataset import Dataset
    from segtrial.types.labels import Fault
    from segtrial.types.progress import Report

_EVERY = 100
Places = dict[int, str]  # image row → where its picture lies


def picture_faults(dataset: Dataset, progress: Report | None = None) -> Iterator[Fault]:
    """Every picture's faults; reads the head and the tail of each file, not the pixels."""
    if dataset.image_root is None:
        yield fault(
            dataset,
            FaultKind.NO_PICTURE_FOLDER,
            "There is no picture folder.",
            count=dataset.images,
        )
        return
    root = dataset.image_root.resolve()
    for image in range(dataset.images):
        if progress is not None and image % _EVERY == 0:
            progress("pictures", image, dataset.images, "")
        path = dataset.image_root / dataset.file_name[image]
        try:
            path_within(path, root)
        except DataError as error:
            got = repr(dataset.file_name[image][:200])
            yield fault(dataset, FaultKind.PICTURE_NAME, error.what, image=image, got=got)
            continue
        yield from _file_faults(dataset, image, path)


def _file_faults(dataset: Dataset, image: int, path: Path) -> Iterator[Fault]:
    name = dataset.file_name[image]
    if not path.is_file():
        what = "A picture is missing."
        yield fault(dataset, FaultKind.PICTURE_MISSING, what, image=image, expected=name)
        return
    try:
        size = picture_size(path, turned=dataset.turns_pictures)
        stated = stated_size(dataset, image)
    except DataError as error:
        yield fault(
            dataset,
            FaultKind.PICTURE_DAMAGED,
            error.what,
            image=image,
            expected=error.expected,
            got=error.got.replace(str(path), name),  # the file's own folder says nothing
        )
        return
    if size != stated:
        yield fault(
            dataset,
            FaultKind.PICTURE_SIZE,
            "A picture has another size than its labels state.",
            image=image,
            expected=f"{stated[0]} × {stated[1]} px",
            got=f"{size[0]} × {size[1]} px",
        )


def name_twice_faults(dataset: Dataset) -> Iterator[Fault]:
    """Images whose pictures have one name, or names that differ by case alone."""
    groups: dict[str, list[int]] = defaultdict(list)
    for image, name in enumerate(dataset.file_name):
        groups[name.casefold()].append(image)
    for rows in groups.values():
        for image in rows[1:]:
            same = dataset.file_name[image] == dataset.file_name[rows[0]]
            yield fault(
                dataset,
                FaultKind.PICTURE_TWICE,
                "Two images name one picture." if same else "Picture names differ by case alone.",
                image=image,
                got=f"{dataset.file_name[image]}; image {dataset.image_id[rows[0]]} has "
                f"{dataset.file_name[rows[0]]}",
                severity=None if same else Severity.NOTE,
            )


def shared_faults(dataset: Dataset, other: Dataset, *, pictures: bool) -> Iterator[Fault]:
    """Pictures of both data sets that lie in one place; without a look at the `pictures`, those
    too that have one name in different places.
    """
    mine, theirs = _places(dataset), _places(other)
    row_of = {place: image for image, place in theirs.items()}
    named = {os.path.basename(place): image for image, place in theirs.items()}  # noqa: PTH119
    for image, place in mine.items():
        if place in row_of:
            yield fault(
                dataset,
                FaultKind.PICTURE_SHARED,
                "A picture is in both splits.",
                image=image,
                expected=f"pictures that {other.source} does not hold",
                got=f"image {other.image_id[row_of[place]]} there",
            )
        elif not pictures and (name := os.path.basename(place)) in named:  # noqa: PTH119
            yield fault(
                dataset,
                FaultKind.PICTURE_SHARED,
                "A picture's name is in both splits, in different folders.",
                image=image,
                got=f"{name}; image {other.image_id[named[name]]} of {other.source}",
                severity=Severity.WARNING,
            )


def _places(dataset: Dataset) -> Places:
    """Where the pictures lie, links followed; without those whose names are none."""
    if dataset.image_root is None:
        return dict(enumerate(map(os.path.normpath, dataset.file_name)))
    root = dataset.image_root.resolve()
    places = {}
    for image, name in enumerate(dataset.file_name):
        try:
            places[image] = str(path_within(dataset.image_root / name, root))
        except DataError:  # told by picture_faults
            continue
    return places


def copy_faults(
    dataset: Dataset, other: Dataset | None, progress: Report | None = None
) -> Iterator[Fault]:
    """Files of the same bytes (SHA-256), in the data set or in both: only files of one size are
    read. One file named twice is no copy.
    """
    splits = [dataset] if other is None else [dataset, other]
    files: dict[str, tuple[int, int]] = {}
    for number, split in enumerate(splits):
        if split.image_root is not None:
            files |= {p: (number, i) for i, p in _places(split).items() if p not in files}
    groups = _same_bytes([path for path in files if os.path.isfile(path)], progress)  # noqa: PTH113
    for group in groups:
        members = sorted(files[path] for path in group)
        first, image = members[0]
        for second, copy in members[1:]:
            within = first == second
            # the place told is in the first data set where the two lie in both
            place, at, partner = (second, copy, image) if within else (first, image, copy)
            yield fault(
                splits[place],
                FaultKind.PICTURE_TWICE if within else FaultKind.PICTURE_COPIED,
                "A picture is a copy of another, byte for byte.",
                image=at,
                expected="each picture once",
                got=f"the bytes of image {splits[first if within else second].image_id[partner]}"
                + ("" if within else f" of {splits[second].source}"),
            )


def _same_bytes(paths: Sequence[str], progress: Report | None) -> list[list[str]]:
    """The groups of two or more files of the same content."""
    by_size: dict[int, list[str]] = defaultdict(list)
    for path in paths:
        by_size[os.path.getsize(path)].append(path)  # noqa: PTH202
    suspects = [path for group in by_size.values() if len(group) > 1 for path in group]
    by_content: dict[bytes, list[str]] = defaultdict(list)
    for number, path in enumerate(suspects):
        if progress is not None and number % _EVERY == 0:
            progress("copies", number, len(suspects), "")
        with open(path, "rb") as file:  # noqa: PTH123
            by_content[hashlib.file_digest(file, "sha256").digest()].append(path)
    return [group for group in by_content.values() if len(group) > 1]
