"""Small files that would take ten seconds or gigabytes, and what a fuzz campaign found late."""

from __future__ import annotations

import gzip
import json
import math
import os
import signal
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from segtrial.data.faults import find_faults
from segtrial.data.read import read
from segtrial.store.datasets import load_dataset, save_dataset
from segtrial.types.errors import DataError, InputError
from tests.builders import bdd_frame, bdd_label, coco_content, coco_image, write_json
from tests.data.test_fuzz_findings import BITMASKS, one_annotation, written_and_read
from tests.data.yolo_folders import one_picture

if TYPE_CHECKING:
    from types import FrameType


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """TimeoutError where the block takes longer."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def room_for(megabytes: int) -> Iterator[None]:
    """MemoryError where the block needs more address space than this."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_a_ring_whose_edges_all_cross_is_checked_in_seconds(tmp_path: Path) -> None:
    """20,000 points jumping to and fro: 2·10⁸ pairs of edges, of which nearly all cross."""
    angles = [3.1 * k for k in range(20_001)]
    ring = [v for a in angles for v in (10 + 9 * math.cos(a), 5 + 4 * math.sin(a))]
    dataset = one_annotation(tmp_path, segmentation=[ring])
    with within(10):
        find_faults(dataset, pictures=False)


def test_a_ring_of_many_long_curves_is_checked_in_seconds(tmp_path: Path) -> None:
    curve = {"vertices": [[0, 0], [1e6, 0], [0, 1e6], [5, 5]] * 1000, "types": "LCCL" * 1000}
    path = write_json(tmp_path / "labels.json", [bdd_frame("a.jpg", bdd_label(poly2d=[curve]))])
    dataset = read(path, None)
    with within(10):
        find_faults(dataset, pictures=False)


@pytest.mark.parametrize(
    "value", ["[" + "a," * 490_000 + "]", "1" + ":10" * 300_000], ids=["list", "number in sixties"]
)
def test_a_megabyte_of_yaml_is_read_or_refused_in_seconds(tmp_path: Path, value: str) -> None:
    folder = one_picture(tmp_path / "set", "0 0.1 0.1 0.5 0.1 0.5 0.5\n")
    (folder / "data.yaml").write_text(f"train: images/train\nnc: 3\nx: {value}\n")
    try:
        with within(10):
            read(folder / "data.yaml", None)
    except DataError as error:
        assert "data.yaml" in error.where  # noqa: PT017 - either way is right


def test_a_row_of_300000_points_takes_no_hundreds_of_megabytes(tmp_path: Path) -> None:
    """Its text is 2.4 MB."""
    folder = one_picture(tmp_path / "set", "0 " + "0.1 0.2 " * 300_000)
    try:
        with room_for(256):
            read(folder, None)
    except DataError as error:
        assert "a.txt" in error.where  # noqa: PT017 - either way is right


def test_a_bitmask_of_one_px_stripes_takes_no_gigabyte(tmp_path: Path) -> None:
    """64 MB of pixels, packed to 0.3 MB; each pixel is a run of its own."""
    stripes = np.full((4096, 4096, 4), 1, np.uint8)
    stripes[::2] = 2
    stripes[..., 1] = 0
    (tmp_path / "masks").mkdir()
    Image.fromarray(stripes).save(tmp_path / "masks" / "a.png")
    del stripes
    try:
        with room_for(640):
            assert read(tmp_path / "masks", None, BITMASKS).instances == 2
    except DataError as error:
        assert "a.png" in error.where  # noqa: PT017 - either way is right


def test_a_png_chunk_longer_than_its_file_is_refused(tmp_path: Path) -> None:
    """Pillow makes room for what the length says: 4 GB."""
    file = tmp_path / "masks" / "a.png"
    file.parent.mkdir()
    Image.fromarray(np.full((4, 4, 4), 1, np.uint8)).save(file)
    data = file.read_bytes()
    at = data.index(b"IDAT")
    file.write_bytes(data[: at - 4] + struct.pack(">I", 2**32 - 1) + data[at:])
    with room_for(1024), pytest.raises(DataError) as caught:
        read(file.parent, None, BITMASKS)
    assert "a.png" in caught.value.where


# --- found late


@pytest.mark.parametrize("kept", [5, {"file_name": 5}])
def test_a_foreign_member_named_as_ours_in_a_panoptic_image_is_refused(
    tmp_path: Path, kept: Any
) -> None:
    pixels = np.zeros((10, 20, 3), np.uint8)
    pixels[2:5, 3:9, 0] = 5
    Image.fromarray(pixels).save(tmp_path / "a.png")
    segment = {"id": 5, "category_id": 7}
    content = coco_content(
        images=[coco_image(5, file_name="a.jpg", panoptic=kept)],
        annotations=[{"image_id": 5, "file_name": "a.png", "segments_info": [segment]}],
    )
    path = write_json(tmp_path / "labels.json", content)
    with pytest.raises(DataError) as caught:
        written_and_read(read(path, None, "coco_panoptic"), "coco_panoptic", tmp_path)
    assert "labels.json" in caught.value.where


def test_packed_files_beside_others_in_a_folder_of_frames_are_not_passed_over(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    write_json(folder / "a.json", [bdd_frame("a.jpg", bdd_label())])
    packed = gzip.compress(json.dumps([bdd_frame("b.jpg", bdd_label())]).encode())
    (folder / "b.json.gz").write_bytes(packed)
    try:
        dataset = read(folder, None, "bdd100k")
    except DataError as error:
        assert "b.json.gz" in error.where  # noqa: PT017 - either way is right
        return
    assert dataset.images + sum(left.count for left in dataset.left_out) == 2


def test_an_address_that_is_no_text_does_not_become_lvis(tmp_path: Path) -> None:
    """A panoptic image's other members are kept, and LVIS's reader looks at this one."""
    pixels = np.zeros((10, 20, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    content = coco_content(
        images=[coco_image(5, file_name="a.jpg", coco_url=84)],
        annotations=[{"image_id": 5, "file_name": "a.png", "segments_info": []}],
    )
    path = write_json(tmp_path / "labels.json", content)
    try:
        again = written_and_read(read(path, None, "coco_panoptic"), "lvis", tmp_path)
    except DataError as error:
        assert "labels.json" in error.where  # noqa: PT017 - refused before it is written
        return
    assert again.images == 1


def test_a_picture_folder_whose_name_is_no_utf8_is_stored_or_refused(tmp_path: Path) -> None:
    path = write_json(tmp_path / "labels.json", coco_content())
    dataset = read(path, tmp_path / "\udcff")
    try:
        save_dataset(dataset, tmp_path / "set.labels")
    except InputError:
        return
    assert load_dataset(tmp_path / "set.labels").image_root == dataset.image_root
