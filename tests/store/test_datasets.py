"""Parsed data sets on disk: what is opened again is what was saved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from segtrial.geometry.rasterise import truth_masks
from segtrial.store.datasets import load_dataset, save_dataset
from segtrial.types.attributes import Coverage, LeftOut, attribute
from segtrial.types.dataset import Dataset
from segtrial.types.errors import RecordError
from tests.builders import bdd_dataset, coco_dataset, truth

if TYPE_CHECKING:
    from pathlib import Path


def rich(folder: Path) -> Dataset:
    """A data set in which every optional column says something."""
    dataset = coco_dataset(folder)
    return replace(
        dataset,
        coverage=Coverage(
            negative=np.array([[0, 2]], np.int32), not_exhaustive=np.array([[1, 1]], np.int32)
        ),
        class_frequency=("r", "", "f"),
        image_attributes=(attribute("weather", ["rainy", None]),),
        instance_attributes=(attribute("occluded", ["true", None, "false", None]),),
        left_out=(LeftOut(count=2, reason="lines", first="here"),),
        image_root=folder,
    )


def test_every_column_comes_back(tmp_path: Path) -> None:
    dataset = rich(tmp_path)
    save_dataset(dataset, tmp_path / "x" / "a.labels")
    again = load_dataset(tmp_path / "x" / "a.labels")
    assert again.fingerprint() == dataset.fingerprint()
    for field in ("name", "source", "label_format", "geometry_kind", "class_names", "class_ids"):
        assert getattr(again, field) == getattr(dataset, field)
    for field in ("class_record", "class_frequency", "file_record", "left_out"):
        assert getattr(again, field) == getattr(dataset, field)
    for field in ("image_record", "instance_record", "geometry", "image_id", "annotation_id"):
        assert list(getattr(again, field)) == list(getattr(dataset, field))
    assert again.image_root == tmp_path
    assert again.area_px.tolist() == dataset.area_px.tolist()
    assert again.coverage is not None
    assert again.coverage.negative.tolist() == [[0, 2]]
    assert again.coverage.not_exhaustive.tolist() == [[1, 1]]
    assert again.image_attributes[0].value(0) == "rainy"
    assert again.instance_attributes[0].counts() == {"false": 1, "true": 1}
    assert truth_masks(again).data.tobytes() == truth_masks(dataset).data.tobytes()


def test_what_comes_back_can_be_selected_and_saved_again(tmp_path: Path) -> None:
    dataset = bdd_dataset(tmp_path)
    save_dataset(dataset, tmp_path / "a")
    part = load_dataset(tmp_path / "a").take_images([0])
    save_dataset(part, tmp_path / "b")
    assert load_dataset(tmp_path / "b").fingerprint() == dataset.take_images([0]).fingerprint()


def test_an_empty_data_set_comes_back(tmp_path: Path) -> None:
    save_dataset(truth([], images=0), tmp_path / "a")
    again = load_dataset(tmp_path / "a")
    assert (again.images, again.instances) == (0, 0)


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    save_dataset(rich(tmp_path), tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    for end in [*range(0, len(data), max(1, len(data) // 97)), len(data) - 1]:
        (tmp_path / "cut").write_bytes(data[:end])
        with pytest.raises(RecordError):
            load_dataset(tmp_path / "cut")


def test_a_changed_byte_of_a_column_is_refused_or_changes_the_fingerprint(tmp_path: Path) -> None:
    dataset = coco_dataset(tmp_path)
    save_dataset(dataset, tmp_path / "a")
    data = bytearray((tmp_path / "a").read_bytes())
    place = data.index(dataset.box_xywh.tobytes()[:32])
    for at in (place, data.index(dataset.area_px.tobytes()), data.index(b'"segmentation"') + 20):
        data[at] ^= 0x01
        (tmp_path / "changed").write_bytes(data)
        try:
            same = load_dataset(tmp_path / "changed").fingerprint() == dataset.fingerprint()
        except (RecordError, ValueError, msgspec.DecodeError):
            same = False
        assert not same
        data[at] ^= 0x01


def test_no_file_is_a_plain_absence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_dataset(tmp_path / "none")


def test_a_verified_file_is_what_was_written(tmp_path: Path) -> None:
    save_dataset(rich(tmp_path), tmp_path / "a")
    load_dataset(tmp_path / "a", verify=True)
    data = bytearray((tmp_path / "a").read_bytes())
    for place in range(0, len(data), 41):
        data[place] ^= 0x20
        (tmp_path / "changed").write_bytes(data)
        with pytest.raises(RecordError):
            load_dataset(tmp_path / "changed", verify=True)
        data[place] ^= 0x20
