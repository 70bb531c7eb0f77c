"""YOLO-seg folders → Dataset: data.yaml, pictures, and a text file of rows for each picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from segtrial.data.yolo.description import (
    SPLITS,
    SUFFIXES,
    Description,
    describes_yolo,
    description_above,
    description_in,
    is_file,
    is_folder,
    read_description,
)
from segtrial.data.yolo.pictures import Picture, list_pictures, picture_size
from segtrial.data.yolo.rows import BOX_VALUES, RowColumns
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.spans import pack_spans, pack_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.arrays import Floats


class ImageRecord(msgspec.Struct):
    """What the writer needs of an image: its label file's path, None where there was none."""

    label_file: str | None


def read_yolo(path: Path, image_root: Path | None, split: str | None = None) -> Dataset:
    """The pictures and label rows of a YOLO data set, outlines or boxes.

    `path`: data.yaml, a folder that holds it, or a labels folder (data.yaml in one of the three
    folders above), which is a split of its own. `split`: "train", "val", "test"; None = all that
    data.yaml states, one after another. `image_root`: where the pictures lie, if not in the data
    set (`list_pictures`). A picture without a label file is background.

    `file_name` is relative to the image root, `image_id` the same without suffix; sizes are those
    of the pictures' headers, EXIF orientation obeyed; boxes are the rings' or the rows' own, in px,
    far edge excluded. Ids are the rows of a label file counted from 1, blank lines not counted.
    Values up to 0.01 outside of 0 … 1 and rows that stand twice (`duplicate_rows`) stay as they
    are. Raises DataError for rows that Ultralytics drops pictures for, naming file and line.
    """
    description, sources = _sources(path, split)
    listing = list_pictures(sources, description.root, image_root)
    columns = RowColumns(description.names)
    sizes, records = [], []
    for picture in listing.pictures:
        sizes.append(picture_size(picture.path))
        held = is_file(picture.label)
        if not held and os.path.lexists(picture.label):
            raise DataError(
                "A label file is none.",
                where=str(picture.label),
                expected="a file of rows, or nothing at all for a background picture",
                got="a folder, or a link that leads nowhere",
            )
        columns.add_file(picture.label.read_bytes() if held else b"", str(picture.label), sizes[-1])
        records.append(ImageRecord(label_file=picture.label_name if held else None))
    width_px, height_px = np.array(sizes, np.int32).T
    return Dataset(
        name=_name(path, description),
        source=path.name,
        label_format=LabelFormat.YOLO_SEG,
        geometry_kind=GeometryKind.YOLO,
        class_names=description.names,
        class_ids=tuple(range(len(description.names))),
        image_root=listing.image_root,
        image_id=pack_texts(_without_suffix(picture) for picture in listing.pictures),
        file_name=pack_texts(picture.name for picture in listing.pictures),
        width_px=width_px,
        height_px=height_px,
        image_record=pack_spans(msgspec.json.encode(record) for record in records),
        left_out=listing.left_out,
        **columns.columns(),
    )


def splits_of(path: Path) -> tuple[str, ...]:
    """The splits that the data.yaml at `path`, or in it, states; () where there is none there."""
    if is_folder(path) and (_is_labels(path) or not looks_like_yolo(path)):
        return ()
    if is_folder(path):
        file = description_in(path)
    else:
        file = path if path.suffix in {".yaml", ".yml"} else None
    return () if file is None else tuple(read_description(file).splits)


def looks_like_yolo(path: Path) -> bool:
    """Whether `path` is a description of a YOLO data set, a folder that holds one, or a folder of
    labels below one. Looks at names and at the text of YAML files; reads no label.
    """
    if is_file(path):
        return describes_yolo(path)
    if not is_folder(path):
        return False
    if any(describes_yolo(file) for file in path.iterdir()):
        return True
    if not _is_labels(path):
        return False
    above = Path(path.absolute()).parents[:3]
    return any(describes_yolo(file) for folder in above for file in folder.iterdir())


def duplicate_rows(dataset: Dataset) -> list[int]:
    """The instances that Ultralytics would remove: those of the class and box of another in the
    same image, whatever their outlines. Of such rows the first in the file is not listed.

    Boxes are compared as Ultralytics keeps them: centre and size as float32 fractions.
    """
    assert dataset.geometry_kind == GeometryKind.YOLO, "made for YOLO rows"
    seen: set[tuple[int, int, bytes]] = set()
    found = []
    pairs = zip(dataset.image_index.tolist(), dataset.class_index.tolist(), strict=True)
    for row, (image, label) in enumerate(pairs):
        key = (image, label, _centre_form(dataset.instance_record[row]))
        if key in seen:
            found.append(row)
        seen.add(key)
    return found


def _centre_form(record: bytes) -> bytes:
    values: Floats = np.array(record.split()[1:], np.float64)
    box = values.astype(np.float32)
    if len(values) != BOX_VALUES:
        ring = box.reshape(-1, 2)
        low, high = ring.min(axis=0), ring.max(axis=0)
        box = np.concatenate([(low + high) / 2, high - low])
    return (box + np.float32(0)).tobytes()  # −0 is 0


def _sources(path: Path, split: str | None) -> tuple[Description, Sequence[Path]]:
    """The description, and the folders or lists of pictures to be read."""
    if split is not None and split not in SPLITS:
        raise DataError("There is no such split.", expected=", ".join(SPLITS), got=f'"{split}"')
    if is_file(path):
        if path.suffix.lower() not in SUFFIXES:
            raise _no_description(path)
        return _of_splits(read_description(path), split)
    if not is_folder(path):
        raise _no_description(path)
    file = description_in(path)
    if file is not None:
        return _of_splits(read_description(file), split)
    file = description_above(path) if _is_labels(path) else None
    if file is None:
        raise _no_description(path)
    folder = os.path.normpath(path.absolute())
    pictures = "/images/".join(f"{folder}/".rsplit("/labels/", 1))
    return read_description(file), [Path(pictures)]


def _of_splits(description: Description, split: str | None) -> tuple[Description, Sequence[Path]]:
    stated = description.splits
    if split is not None and split not in stated:
        raise DataError(
            "The split is not stated.",
            where=str(description.file),
            expected=f"{split}: a folder of pictures, or a .txt file that lists them",
            got=", ".join(stated),
        )
    chosen = stated if split is None else {split: stated[split]}
    return description, [source for sources in chosen.values() for source in sources]


def _is_labels(folder: Path) -> bool:
    return "labels" in folder.absolute().parts


def _name(path: Path, description: Description) -> str:
    """The name of the folder of labels, or of the data set's folder."""
    return path.name if is_folder(path) and _is_labels(path) else description.root.name


def _without_suffix(picture: Picture) -> str:
    return picture.name.rpartition(".")[0]


def _no_description(path: Path) -> DataError:
    return DataError(
        "There is no YOLO data set.",
        where=str(path),
        expected="data.yaml, its folder, or a folder of labels at most three levels below it",
        next_step="state data.yaml, with names and train or val",
    )
