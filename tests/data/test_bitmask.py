"""BDD100K bitmasks: what is read, what is refused; relabelling changes categories alone."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from segtrial.data.bdd100k.bitmask import read_bitmasks, recognise_bitmasks, write_bitmasks
from segtrial.data.bdd100k.names import INS_SEG, PAN_SEG
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

INS, PAN = LabelFormat.BDD100K_INS_SEG, LabelFormat.BDD100K_PAN_SEG
Pixel = tuple[int, int, int]  # category, flags, instance id
NOTHING: Pixel = (0, 0, 0)
CAR: Pixel = (3, 0, 1)
FAR_CAR: Pixel = (3, 4, 300)  # occluded; an id of two bytes
CROWD: Pixel = (1, 2, 2)
IGNORED: Pixel = (4, 9, 5)  # truncated and ignored


def bitmask(path: Path, *rows: list[Pixel]) -> Path:
    """A PNG of these pixels."""
    pixels = [[(c, flags, number >> 8, number & 255) for c, flags, number in row] for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(pixels, np.uint8)).save(path)
    return path


def a_folder(folder: Path) -> Path:
    """Two pictures, one of them in a subfolder and empty."""
    bitmask(folder / "b.png", [CAR, CAR, FAR_CAR], [NOTHING, CROWD, IGNORED], [CAR, *2 * [NOTHING]])
    bitmask(folder / "a" / "z.png", [NOTHING, NOTHING])
    return folder


def pixels_of(path: Path) -> list[object]:
    found: list[object] = np.asarray(Image.open(path)).tolist()
    return found


def test_a_folder_is_read_with_its_subfolders(tmp_path: Path) -> None:
    dataset = read_bitmasks(a_folder(tmp_path / "labels"), None, INS)
    assert list(dataset.file_name) == list(dataset.image_id) == ["a/z.jpg", "b.jpg"]
    assert (dataset.width_px.tolist(), dataset.height_px.tolist()) == ([2, 3], [1, 3])
    assert list(dataset.annotation_id) == ["1", "2", "5", "300"]
    assert dataset.image_index.tolist() == [1, 1, 1, 1]
    names = [dataset.class_names[row] for row in dataset.class_index]
    assert names == ["car", "pedestrian", "truck", "car"]
    assert dataset.area_px.tolist() == [3, 1, 1, 1]
    assert dataset.box_xywh[0].tolist() == [0, 0, 2, 3]
    assert dataset.crowd.tolist() == [False, True, True, False]


def test_flags_are_attributes_and_the_record_is_a_scalabel_label(tmp_path: Path) -> None:
    dataset = read_bitmasks(a_folder(tmp_path), None, INS)
    stated = {a.name: [a.value(row) for row in range(4)] for a in dataset.instance_attributes}
    assert stated["occluded"] == ["false", "false", "false", "true"]
    assert stated["truncated"] == ["false", "false", "true", "false"]
    record = msgspec.json.decode(dataset.instance_record[3])
    assert (record["id"], record["category"]) == ("300", "car")
    assert record["attributes"] == {
        "truncated": False,
        "occluded": True,
        "crowd": False,
        "ignored": False,
    }
    assert record["rle"] == {"size": [3, 3], "counts": "612"}  # 6 px of other, 1 of it, 2 of other


@pytest.mark.parametrize(("label_format", "names", "first"), [(INS, INS_SEG, 1), (PAN, PAN_SEG, 0)])
def test_classes_are_the_whole_official_list(
    tmp_path: Path, label_format: LabelFormat, names: tuple[str, ...], first: int
) -> None:
    dataset = read_bitmasks(bitmask(tmp_path / "a.png", [(7, 0, 7)]), None, label_format)
    assert dataset.class_names == names
    assert dataset.class_ids == tuple(range(first, first + len(names)))
    assert dataset.class_ids[dataset.class_index[0]] == 7


def test_one_id_under_two_categories_is_two_instances(tmp_path: Path) -> None:
    dataset = read_bitmasks(bitmask(tmp_path / "a.png", [(3, 0, 7), (4, 0, 7)]), None, INS)
    assert list(dataset.annotation_id) == ["7", "7#1"]


def test_category_with_id_0_is_an_instance(tmp_path: Path) -> None:
    dataset = read_bitmasks(bitmask(tmp_path / "a.png", [(3, 0, 0), NOTHING]), None, INS)
    assert list(dataset.annotation_id) == ["0"]


def test_stuff_may_have_several_flags_and_an_instance_may_not(tmp_path: Path) -> None:
    file = bitmask(tmp_path / "a.png", [(7, 0, 7), (7, 4, 7)])
    assert list(read_bitmasks(file, None, PAN).annotation_id) == ["7", "7#1"]
    with pytest.raises(DataError, match="different flags") as error:
        read_bitmasks(file, None, INS)
    assert error.value.where == f"{file}: category 7, instance id 7"


def test_regions_without_category_are_left_out_and_counted(tmp_path: Path) -> None:
    file = bitmask(tmp_path / "a.png", [(0, 3, 1), (0, 0, 2), CAR])
    dataset = read_bitmasks(file, None, INS)
    assert (dataset.instances, dataset.left_out[0].count) == (1, 2)
    assert dataset.left_out[0].first == str(file)


@pytest.mark.parametrize(
    ("pixel", "label_format", "got"),
    [((9, 0, 1), INS, "R = 9"), ((41, 0, 1), PAN, "R = 41"), ((3, 16, 1), INS, "G = 16")],
)
def test_values_that_the_format_does_not_know_are_refused(
    tmp_path: Path, pixel: Pixel, label_format: LabelFormat, got: str
) -> None:
    file = bitmask(tmp_path / "a.png", [CAR, pixel])
    with pytest.raises(DataError) as error:
        read_bitmasks(file, None, label_format)
    assert (error.value.got, error.value.where) == (got, str(file))


def test_reading_and_writing_gives_the_same_pixels(tmp_path: Path) -> None:
    source = a_folder(tmp_path / "labels")
    dataset = read_bitmasks(source, None, INS)
    write_bitmasks(dataset, tmp_path / "again", INS)
    for name in ("b.png", "a/z.png"):
        assert pixels_of(tmp_path / "again" / name) == pixels_of(source / name)
    again = read_bitmasks(tmp_path / "again", None, INS)
    assert again.fingerprint() == dataset.fingerprint()


def test_a_relabelled_instance_has_its_new_category_and_all_else_as_it_was(tmp_path: Path) -> None:
    source = a_folder(tmp_path / "labels")
    dataset = read_bitmasks(source, None, INS)
    label = dataset.class_index.copy()
    label[3] = dataset.class_names.index("bus")
    write_bitmasks(dataset.with_classes(label), tmp_path / "again", INS)
    expected = np.array(pixels_of(source / "b.png"))
    expected[0, 2, 0] = 5
    assert pixels_of(tmp_path / "again" / "b.png") == expected.tolist()


def test_relabelled_stuff_keeps_its_id(tmp_path: Path) -> None:
    file = bitmask(tmp_path / "a.png", [(7, 0, 7), (8, 0, 8)])
    dataset = read_bitmasks(file, None, PAN)
    both = np.array([8, 8], np.int32)
    write_bitmasks(dataset.with_classes(both), tmp_path / "again", PAN)
    assert pixels_of(tmp_path / "again" / "a.png") == [[[8, 0, 0, 7], [8, 0, 0, 8]]]
    assert read_bitmasks(tmp_path / "again", None, PAN).instances == 2


def test_instances_that_relabelling_would_unite_stay_two(tmp_path: Path) -> None:
    file = bitmask(tmp_path / "a.png", [(3, 0, 1), (4, 4, 1), (3, 0, 2)])
    dataset = read_bitmasks(file, None, INS)
    label = np.full(3, dataset.class_names.index("car"), np.int32)
    write_bitmasks(dataset.with_classes(label), tmp_path / "again", INS)
    assert pixels_of(tmp_path / "again" / "a.png") == [[[3, 0, 0, 1], [3, 4, 0, 3], [3, 0, 0, 2]]]


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        ([[(31, 0, 31), NOTHING]], [PAN]),
        ([[(3, 0, 1), NOTHING]], [INS]),
        ([[(7, 0, 7), (8, 0, 8)]], [INS, PAN]),
        ([[NOTHING]], [INS, PAN]),
        ([[(41, 0, 1)]], []),
        ([[(3, 255, 1)]], []),
    ],
)
def test_the_format_is_told_from_the_values(
    tmp_path: Path, pixels: list[list[Pixel]], expected: list[LabelFormat]
) -> None:
    bitmask(tmp_path / "a.png", *pixels)
    assert recognise_bitmasks(tmp_path) == recognise_bitmasks(tmp_path / "a.png") == expected


def test_pictures_and_empty_folders_are_no_bitmasks(tmp_path: Path) -> None:
    assert recognise_bitmasks(tmp_path) == recognise_bitmasks(tmp_path / "none") == []
    Image.new("RGB", (3, 2)).save(tmp_path / "a.png")
    assert recognise_bitmasks(tmp_path) == []
    (tmp_path / "a.png").write_bytes(b"no PNG")
    assert recognise_bitmasks(tmp_path) == []


def refused(path: Path) -> DataError:
    with pytest.raises(DataError) as error:
        read_bitmasks(path, None, INS)
    assert error.value.where.startswith(str(path))
    return error.value


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "LA", "1", "I;16"])
def test_another_mode_is_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (3, 2)).save(tmp_path / "a.png")
    assert refused(tmp_path / "a.png").expected == "RGBA, 8 bits a channel"


def test_16_bits_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(a_png(2, 2, bits=16, pixels=b"\0" * 34))
    assert refused(tmp_path / "a.png").got == "RGBA, 16 bits"


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(a_png(100_000, 100_000))
    assert refused(tmp_path / "a.png").got == "100000 × 100000 px"


@pytest.mark.parametrize("side", [1, 90_000])
def test_a_second_header_cannot_overrule_the_first(tmp_path: Path, side: int) -> None:
    first, second = a_png(2, 2, pixels=b"\0" * 18), a_png(side, side)
    (tmp_path / "a.png").write_bytes(first[:33] + second[8:33] + first[33:])
    assert refused(tmp_path / "a.png").what == "A PNG cannot be read."


def test_a_bomb_in_a_text_is_refused(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("note", "0" * (1 << 24), zip=True)
    Image.new("RGBA", (2, 2)).save(tmp_path / "a.png", pnginfo=notes)
    assert "too large" in refused(tmp_path / "a.png").got


@pytest.mark.parametrize("kept", [0, 8, 20, 40, 200])
def test_a_cut_file_is_refused(tmp_path: Path, kept: int) -> None:
    noise = np.random.default_rng(0).integers(0, 9, (40, 40, 4), np.uint8)
    packed = io.BytesIO()
    Image.fromarray(noise).save(packed, format="PNG")
    (tmp_path / "a.png").write_bytes(packed.getvalue()[:kept])
    assert refused(tmp_path / "a.png").what == "A PNG cannot be read."


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [Image.new("RGBA", (2, 2), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    assert refused(tmp_path / "a.png").got == "an animation"


def test_a_folder_without_png_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path).what == "There are no bitmasks."


def a_png(width: int, height: int, *, bits: int = 8, pixels: bytes = b"") -> bytes:
    """An RGBA PNG of any stated size, with these filtered rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, bits, 6, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
