"""A small YOLO data set with bytes changed: it is read, or refused with an error of ours."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.data.yolo.read import duplicate_rows, read_yolo
from segtrial.data.yolo.write import write_yolo
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.errors import DataError
from tests.data.test_fuzz import mutated
from tests.data.yolo_folders import DATA, picture, yolo_folder

if TYPE_CHECKING:
    from pathlib import Path

FILES = ["data.yaml", "labels/train/a.txt", "images/train/a.png", "images/train/b.jpg", "train.txt"]
TOKENS = [b"-", b"9", b"0", b"e", b"e99", b".", b"nan", b" ", b"\n", b"\r", b":", b"[", b"]"]
TOKENS += [b"{", b"}", b"'", b'"', b"&a ", b"*a ", b"!!int ", b"!!timestamp ", b"? ", b"| ", b"%"]
TOKENS += [b"\x00", b"\xff", b"\t", b"#", b"../", b"/", b"9" * 25, b""]
SPAN = st.tuples(
    st.integers(0, 10**6), st.integers(0, 3), st.sampled_from(TOKENS) | st.binary(max_size=2)
)


@pytest.mark.parametrize("name", FILES)
@settings(deadline=None, max_examples=30)
@given(edits=st.lists(SPAN, min_size=1, max_size=3))
def test_changed_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, edits: list[tuple[int, int, bytes]]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "yolo-fuzz"
    source, again = made_once(folder / "source"), folder / "again"
    description = "listed.yaml" if name == "train.txt" else "data.yaml"
    whole = (source / name).read_bytes()
    (source / name).write_bytes(mutated(whole, edits))
    try:
        use_everything(source / description, again)
    finally:
        (source / name).write_bytes(whole)


def use_everything(file: Path, again: Path) -> None:
    """Read, rasterise, write and read again; what is read must go through the rest."""
    try:
        dataset = read_yolo(file, None)
    except DataError:
        return
    duplicate_rows(dataset)
    if max(dataset.width_px.max(), dataset.height_px.max()) < 1000:
        assert len(truth_masks(dataset)) == dataset.instances
    shutil.rmtree(again, ignore_errors=True)
    try:
        write_yolo(dataset, again)
    except DataError:  # pictures above the data set's folder
        return
    assert read_yolo(again, None).fingerprint() == dataset.fingerprint()


def made_once(folder: Path) -> Path:
    """The small data set, with a JPEG, and with a list of pictures beside."""
    if not folder.exists():
        yolo_folder(folder)
        (folder / "images/train/b.png").unlink()
        picture(folder / "images/train/b.jpg")
        names = "".join(f"./images/train/{name}\n" for name in ("a.png", "b.jpg", "c.png"))
        (folder / "train.txt").write_text(names)
        (folder / "listed.yaml").write_text(DATA.replace("images/train", "train.txt"))
    return folder
