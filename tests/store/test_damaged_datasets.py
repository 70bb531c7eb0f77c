"""Stored data sets whose bytes were changed: found when they are opened, or verified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segtrial.store.datasets import MAGIC, load_dataset, save_dataset
from segtrial.types.errors import RecordError
from tests.builders import coco_annotation, coco_dataset

DIGEST = 32  # bytes of SHA-256 behind the magic


def stored(folder: Path) -> tuple[Path, bytes, int, int]:
    """A stored data set: its file, its bytes, and where its head and its columns begin."""
    path = folder / "set.labels"
    annotations = [coco_annotation(1, 5, attributes={"occluded": False})]
    dataset = coco_dataset(folder, annotations=[*annotations, coco_annotation(2, 5)])
    save_dataset(dataset, path)
    data = path.read_bytes()
    first = len(MAGIC) + DIGEST + 8
    length = int.from_bytes(data[first - 8 : first], "little")
    return path, data, first, -(-(first + length) // 64) * 64


@pytest.mark.parametrize("value", [2**63, 2**64, 10**20, -1])
def test_an_offset_or_a_shape_beyond_64_bits_is_a_damaged_file(tmp_path: Path, value: int) -> None:
    path, data, first, columns = stored(tmp_path)
    for member in ("offset", "shape"):
        head = json.loads(data[first:columns].rstrip(b"\0"))
        head["columns"]["box_xywh"][member] = value if member == "offset" else [value, 4]
        text = json.dumps(head).encode()
        start = MAGIC + bytes(DIGEST) + len(text).to_bytes(8, "little") + text
        path.write_bytes(start + bytes(-len(start) % 64) + data[columns:])
        with pytest.raises(RecordError):
            load_dataset(path)


@pytest.mark.parametrize("column", ["instance_attributes.0", "instance_record.buffer"])
def test_a_changed_byte_of_a_stored_column_is_found(tmp_path: Path, column: str) -> None:
    path, data, first, columns = stored(tmp_path)
    head = json.loads(data[first:columns].rstrip(b"\0"))
    changed = bytearray(data)
    changed[columns + head["columns"][column]["offset"]] ^= 1
    path.unlink()
    path.write_bytes(changed)
    with pytest.raises(RecordError):
        load_dataset(path, verify=True)


def test_a_changed_class_id_in_a_stored_head_is_found(tmp_path: Path) -> None:
    path, data, *_ = stored(tmp_path)
    path.unlink()
    path.write_bytes(data.replace(b'"class_ids":[7,', b'"class_ids":[8,', 1))
    with pytest.raises(RecordError):
        load_dataset(path, verify=True)
