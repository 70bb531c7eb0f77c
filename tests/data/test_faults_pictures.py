"""Pictures that are missing, damaged, of another size, twice, or in both splits."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from segtrial.data.check import check_pictures
from segtrial.data.faults import find_faults
from segtrial.types.errors import DataError
from segtrial.types.labels import Fault, FaultKind, Severity
from tests.builders import truth

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset


def png(seed: int, size: tuple[int, int] = (20, 10)) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "PNG")
    return out.getvalue()


def split(root: Path | None, *names: str, source: str = "train.json") -> Dataset:
    return replace(
        truth([], images=len(names)), image_root=root, file_name=names, name="x", source=source
    )


def faults(dataset: Dataset, other: Dataset | None = None) -> list[Fault]:
    return find_faults(dataset, pictures=True, other=other)


def test_good_pictures_have_no_faults(tmp_path: Path) -> None:
    for k in range(3):
        (tmp_path / f"{k}.png").write_bytes(png(k))
    assert faults(split(tmp_path, "0.png", "1.png"), split(tmp_path, "2.png")) == []


def test_every_bad_picture_is_told_not_the_first_alone(tmp_path: Path) -> None:
    (tmp_path / "cut.png").write_bytes(png(1)[:300])
    (tmp_path / "text.png").write_bytes(b"no picture")
    (tmp_path / "small.png").write_bytes(png(2, (10, 10)))
    dataset = split(tmp_path, "none.png", "cut.png", "text.png", "small.png", "../up.png", "a\0")
    found = faults(dataset)
    assert [(f.kind, f.image) for f in found] == [
        (FaultKind.PICTURE_NAME, "5"),
        (FaultKind.PICTURE_NAME, "6"),
        (FaultKind.PICTURE_MISSING, "1"),
        (FaultKind.PICTURE_DAMAGED, "2"),
        (FaultKind.PICTURE_DAMAGED, "3"),
        (FaultKind.PICTURE_SIZE, "4"),
    ]
    assert all(f.severity == Severity.ERROR for f in found)
    assert (found[-1].expected, found[-1].got) == ("20 × 10 px", "10 × 10 px")
    for image in range(dataset.images):
        with pytest.raises(DataError):
            check_pictures(dataset.take_images([image]))


def test_a_data_set_without_a_picture_folder_has_one_fault() -> None:
    (fault,) = faults(split(None, "a.png", "b.png"))
    assert (fault.kind, fault.count) == (FaultKind.NO_PICTURE_FOLDER, 2)
    assert find_faults(split(None, "a.png"), pictures=False) == []


def test_copies_are_told_by_their_bytes_whatever_their_names(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "val").mkdir()
    for place, seed in (("train/a", 1), ("train/b", 2), ("train/c", 2), ("val/x", 1), ("val/b", 3)):
        (tmp_path / f"{place}.png").write_bytes(png(seed))
    train = split(tmp_path / "train", "a.png", "b.png", "c.png")
    val = split(tmp_path / "val", "x.png", "b.png", source="val.json")
    found = faults(train, val)
    assert [(f.kind, f.severity, f.source, f.image, f.got) for f in found] == [
        (
            FaultKind.PICTURE_COPIED,
            Severity.WARNING,
            "train.json",
            "1",
            "the bytes of image 1 of val.json",
        ),
        (FaultKind.PICTURE_TWICE, Severity.WARNING, "train.json", "3", "the bytes of image 2"),
    ]


def test_one_picture_in_both_splits_is_an_error_and_no_copy(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    val = split(tmp_path, "link.png", source="val.json")
    (fault,) = faults(split(tmp_path, "a.png"), val)
    assert (fault.kind, fault.severity) == (FaultKind.PICTURE_SHARED, Severity.ERROR)


def test_without_pictures_names_are_compared(tmp_path: Path) -> None:
    train = split(tmp_path / "train", "a.png", "b.png")
    val = split(tmp_path / "val", "a.png", source="val.json")
    (fault,) = find_faults(train, pictures=False, other=val)
    assert (fault.kind, fault.severity, fault.image) == (
        FaultKind.PICTURE_SHARED,
        Severity.WARNING,
        "1",
    )
    found = find_faults(split(None, "x/a.png"), pictures=False, other=split(None, "x/a.png"))
    assert [f.severity for f in found] == [Severity.ERROR]


def test_two_images_of_one_picture_are_told(tmp_path: Path) -> None:
    for name in ("a.png", "A.png"):
        (tmp_path / name).write_bytes(png(len(name) + ord(name[0])))
    found = faults(split(tmp_path, "a.png", "a.png", "A.png"))
    assert [(f.kind, f.severity, f.image) for f in found] == [
        (FaultKind.PICTURE_TWICE, Severity.WARNING, "2"),
        (FaultKind.PICTURE_TWICE, Severity.NOTE, "3"),
    ]


def test_progress_is_told(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png(1))
    said: list[str] = []
    dataset = split(tmp_path, "a.png", "b.png")
    find_faults(dataset, pictures=True, progress=lambda stage, *_: said.append(stage))
    assert said == ["pictures", "copies"]
