"""Pictures that are missing, damaged, of another size or elsewhere."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segtrial.data.check import check_pictures, picture_path, picture_paths
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError, InputError
from tests.builders import truth

if TYPE_CHECKING:
    from pathlib import Path


def picture(kind: str, width: int = 20, height: int = 10) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, extra: bytes = b"") -> bytes:
    """A PNG that claims a size and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(bytes(10)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def data_set(root: Path | None, name: str = "1.png", size: tuple[int, int] = (10, 20)) -> Dataset:
    return replace(truth([], size=size), image_root=root, file_name=(name,))


def refused(root: Path, data: bytes, size: tuple[int, int] = (10, 20)) -> DataError:
    """The error for one picture of these bytes."""
    (root / "1.png").write_bytes(data)
    with pytest.raises(DataError) as caught:
        check_pictures(data_set(root, size=size))
    assert caught.value.where == str(root / "1.png")
    return caught.value


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
def test_a_whole_picture_of_the_stated_size_passes(tmp_path: Path, kind: str) -> None:
    (tmp_path / "1.png").write_bytes(picture(kind))
    check_pictures(data_set(tmp_path))


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing") as caught:
        check_pictures(data_set(tmp_path, "sub/1.png"))
    assert caught.value.where == str(tmp_path / "sub/1.png")
    assert caught.value.next_step


def test_a_data_set_without_a_picture_folder_is_an_error() -> None:
    with pytest.raises(DataError, match="no picture folder"):
        check_pictures(data_set(None))
    with pytest.raises(DataError, match="no picture folder"):
        picture_path(data_set(None), 0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_cut_anywhere_is_found(tmp_path: Path, kind: str) -> None:
    whole = picture(kind)
    for end in range(0, len(whole) - 8, 13):
        error = refused(tmp_path, whole[:end])
        assert "cannot be opened" in error.what or "truncated" in error.what


def test_a_truncated_picture_says_how_much_there_is(tmp_path: Path) -> None:
    error = refused(tmp_path, picture("JPEG", 200, 100)[:-40][:5000])
    assert error.what == "A picture is truncated."
    assert error.got == "5000 bytes without an end mark"


def test_a_picture_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    error = refused(tmp_path, picture("PNG", 10, 20))
    assert (error.expected, error.got) == ("20 × 10 px", "10 × 20 px")


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xd9"])
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    assert refused(tmp_path, data).what == "A picture cannot be opened."


def test_a_header_of_ten_gigapixels_is_refused_without_decoding(tmp_path: Path) -> None:
    error = refused(tmp_path, png(100_000, 100_000), size=(100_000, 100_000))
    assert error.what == "A picture cannot be opened."


@pytest.mark.parametrize("width", [9_000, 17_895])  # Pillow warns above 89 Mpx, refuses above 178
def test_a_large_picture_passes_without_a_warning(tmp_path: Path, width: int) -> None:
    (tmp_path / "1.png").write_bytes(png(width, 10_000))
    check_pictures(data_set(tmp_path, size=(10_000, width)))


def test_more_than_178_megapixels_are_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, png(17_896, 10_000), size=(10_000, 17_896))
    assert error.what == "A picture cannot be opened."
    assert "178 Mpx" in error.expected


@pytest.mark.parametrize("kind", ["GIF", "PPM", "ICO"])
def test_pictures_of_other_formats_are_refused(tmp_path: Path, kind: str) -> None:
    assert refused(tmp_path, picture(kind)).what == "A picture cannot be opened."


def test_a_compressed_text_of_ten_megabytes_is_refused(tmp_path: Path) -> None:
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10_000_000)))
    assert refused(tmp_path, png(20, 10, bomb)).what == "A picture cannot be opened."


@pytest.mark.parametrize("name", ["../1.png", "/1.png", "sub/../../1.png", "..", "link/1.png"])
def test_a_name_that_leaves_the_picture_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "1.png").write_bytes(picture("PNG"))
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "link").symlink_to(tmp_path)
    dataset = data_set(tmp_path / "pictures", name)
    for check in (check_pictures, picture_paths):
        with pytest.raises(DataError, match="leaves the picture folder"):
            check(dataset)


def test_a_picture_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "1.png").write_bytes(picture("PNG"))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    check_pictures(data_set(tmp_path / "link"))


@pytest.mark.parametrize("name", ["a\0.png", "x" * 300 + ".png", "x/" * 4000 + "1.png", "", "."])
def test_names_that_no_file_can_have_are_data_errors(tmp_path: Path, name: str) -> None:
    for check in (check_pictures, picture_paths):
        with pytest.raises(DataError, match="is no file name"):
            check(data_set(tmp_path, name))


def test_links_in_a_circle_are_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "1.png").symlink_to(tmp_path / "2.png")
    (tmp_path / "2.png").symlink_to(tmp_path / "1.png")
    with pytest.raises(DataError):
        check_pictures(data_set(tmp_path))


def test_paths_are_told_without_a_picture_being_there(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    where = (tmp_path / "real").resolve() / "sub" / "1.png"
    assert picture_paths(data_set(tmp_path / "link", "x/../sub/1.png")) == (where,)
    assert picture_paths(data_set(tmp_path / "none"))[0].name == "1.png"
    assert [str(path) for path in picture_paths(data_set(None, "a/1.png"))] == ["a/1.png"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@settings(deadline=None, max_examples=60)
@given(
    changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=5)
)
def test_damaged_heads_give_input_errors_or_pass(
    tmp_path_factory: pytest.TempPathFactory, kind: str, changes: list[tuple[int, int]]
) -> None:
    root = tmp_path_factory.getbasetemp()
    data = bytearray(picture(kind))
    for position, value in changes:
        data[position] = value
    (root / "1.png").write_bytes(data)
    with contextlib.suppress(InputError):
        check_pictures(data_set(root))


@pytest.mark.parametrize(("turned", "size"), [(False, (10, 20)), (True, (20, 10))])
def test_a_picture_on_its_side_has_the_size_that_its_labels_mean(
    tmp_path: Path, turned: bool, size: tuple[int, int]
) -> None:
    """YOLO's labels are in the px of the picture as EXIF turns it, COCO's in the stored ones."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10)).save(tmp_path / "1.png", "JPEG", exif=exif)
    kind = LabelFormat.YOLO_SEG if turned else LabelFormat.COCO
    check_pictures(replace(data_set(tmp_path, size=size), label_format=kind))
    with pytest.raises(DataError, match="another size"):
        check_pictures(replace(data_set(tmp_path, size=size[::-1]), label_format=kind))
