"""Tables that cannot be used: one error with file, line, expected and got; never a traceback."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.data.tables.read import read_class_table
from segtrial.data.tables.touched import parse_touched, read_counts, touched_classes
from segtrial.types.errors import DataError
from segtrial.types.reanalysis import Touch
from tests.data.class_table_texts import CSV_HEAD, console, csv_lines, markdown

if TYPE_CHECKING:
    from pathlib import Path

ARMS = ("car2light", "rare")
CLASSES = ("car", "light", "parking sign")
ROW = "car,10,40,{}\n"
SMALL = "class,images,instances,box_P\n"


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("", "no per-class table", ""),
        ("some notes\n", "no per-class table", ""),
        (console().split("\n")[0], "no per-class table", ""),
        (console().replace("0.65", "0.6x"), "torn", "line 2"),
        (console().replace("       0.45", ""), "torn", "line 4"),
        (console().replace("        0.7        0.6", "        0.7"), "torn", "line 2"),
        (SMALL + "car,10,40,0.5\n" + ROW.format("65.2"), "no fraction", "line 3"),
        (SMALL + ROW.format("0,5"), "number of cells", "line 2"),
        (SMALL + ROW.format("good"), "no number", "line 2"),
        (SMALL + ROW.format("inf"), "no number", "line 2"),
        (SMALL + ROW.format("1e999"), "no fraction", "line 2"),
        (SMALL + "car,10,40.5,0.5\n", "A count", "line 2"),
        (SMALL + ",10,40,0.5\n", "names no class", "line 2"),
        (SMALL + 'car,10,40,"0.5\n', "CSV cannot be read", "line 2"),
        (SMALL + ROW.format("0.5") * 2, "stands twice", "lines 2 and 3"),
        ("class,box P,box_P\ncar,1,1\n", "a column twice", "line 1"),
        (markdown().replace("| 40 |", "|", 1), "number of cells", "line 3"),
        ("class,kind,P\ncar,both,1\n", "what its figures are of", "line 2"),
        (SMALL + "all,10,40,0.5\n", "hold no class", "line 2"),
        ("arm,class,P\n" + "".join(f"{i},car,1\n" for i in range(300)), "too many", "line 2"),
    ],
)
def test_bad_text_is_refused_with_its_line(tmp_path: Path, text: str, what: str, line: str) -> None:
    path = tmp_path / "table.txt"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_class_table([str(path)])
    assert what in caught.value.what
    assert str(path) in caught.value.where
    assert line in caught.value.where


def test_percentages_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(SMALL + ROW.format("65.2"))
    with pytest.raises(DataError) as caught:
        read_class_table([str(path)])
    assert caught.value.next_step == "divide percentages by 100"


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\x00")
    (tmp_path / "a.txt").write_text(f"base:\n{console()}\narm:\n{console()}")
    empty = tmp_path / "empty"
    empty.mkdir()
    for word, what in (
        ("nothing.csv", "no such table"),
        ("base=nothing.csv", "no such table"),
        (f"{tmp_path}/picture.png", "no text"),
        (str(empty), "holds no per-class table"),
        (f"base={empty}", "one table is needed"),
        (f"{tmp_path}/a.txt#3", "no such table"),
        (f"base={tmp_path}/a.txt", 'would be called "base"'),
        ("\0", "no such table"),
        ("x" * 5000, "no such table"),
    ):
        with pytest.raises(DataError) as caught:
            read_class_table([word])
        assert what in caught.value.what


def test_arms_of_another_validation_set_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows = (("car", 10, 41, (0.5,) * 8),)
    path.write_text(f"{CSV_HEAD}\n{csv_lines('base')}{csv_lines('arm', rows)}")
    with pytest.raises(DataError) as caught:
        read_class_table([str(path)])
    assert (caught.value.got, caught.value.expected) == (
        "40 and 41",
        "the same validation set in every arm",
    )
    assert "line 2" in caught.value.where
    assert "line 5" in caught.value.where


def test_lines_made_to_stall_the_reading_do_not(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    many = 50_000
    for line in ("# " + " " * many + "x", "# " + "#" * many + "x", "|" * many, "|-" * many + "x"):
        path.write_text(f"{line}\n{line}\n" + console() + line)
        started = time.process_time()
        with contextlib.suppress(DataError):
            read_class_table([str(path)])
        assert time.process_time() - started < 2


def test_two_tables_of_one_arm_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(console() + console())
    with pytest.raises(DataError, match='Two tables are called "log"'):
        read_class_table([str(path)])


def test_touched_classes_come_from_counts_names_or_the_word(tmp_path: Path) -> None:
    counts = tmp_path / "counts.csv"
    counts.write_text(
        "arm,cls,initial,final\ncar2light,car,10,5\ncar2light,light,3,8\n"
        "car2light,parking sign,4,4\nold,car,1,2"
    )
    both = (
        Touch(arm="car2light", name="car", role="host"),
        Touch(arm="car2light", name="light", role="target"),
    )
    assert touched_classes(ARMS[:1], CLASSES, counts=None, said=None) == (both, ())
    found, notes = touched_classes(ARMS[:1], CLASSES, counts=counts, said=None)
    assert (found, notes) == (both, ("counts of arms without a table: old",))
    found, _ = touched_classes(ARMS, CLASSES, counts=counts, said="rare:Parking_Sign")
    assert found == (*both, Touch(arm="rare", name="parking sign", role="touched"))
    assert parse_touched("rare:,car2light:car,light", ARMS, CLASSES) == {
        "rare": (),
        "car2light": ("car", "light"),
    }
    with pytest.raises(DataError, match='the arm "rare" touches'):
        touched_classes(ARMS, CLASSES, counts=counts, said=None)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("arm,cls,before\n", "no counts file"),
        ("arm,cls,initial,final\nrare,cart,1,2\n", 'no class "cart"'),
        ("arm,cls,initial,final\nrare,car,1,many\n", "A count is none"),
        ("arm,cls,initial,final\nrare,car,1\n", "number of cells"),
        ("arm,cls,initial,final\nrare,car,1,2\nrare,car,1,2\n", "stand twice"),
    ],
)
def test_bad_counts_are_refused(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_counts(path, ARMS, CLASSES)
    assert what in caught.value.what
    assert str(path) in caught.value.where


@pytest.mark.parametrize("said", ["car", "nobody:car", "rare:cart", ":", ""])
def test_bad_touched_words_are_refused(said: str) -> None:
    with pytest.raises(DataError):
        parse_touched(said, ARMS, CLASSES)


TOKENS = [b"|", b",", b"\n", b"\r", b"\x1b[", b"-", b"nan", b"9" * 30, b"\xff", b"\x00", b'"', b"#"]
TOKENS += [b"Class", b" all ", b"e999", b":", b"\\", "–".encode(), "１".encode(), b"Mask(", b""]
SPAN = st.tuples(
    st.integers(0, 10**6), st.integers(0, 30), st.sampled_from(TOKENS) | st.binary(max_size=2)
)
TEXTS = {
    "console": console() + "\narm:\n" + console(masks=False),
    "csv": f"{CSV_HEAD}\n{csv_lines('base')}{csv_lines('arm')}",
    "markdown": f"# base\n{markdown()}\n# arm\n{markdown()}",
}


@pytest.mark.parametrize("kind", TEXTS)
@settings(deadline=None, max_examples=150)
@given(edits=st.lists(SPAN, min_size=1, max_size=4))
def test_changed_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: str, edits: list[tuple[int, int, bytes]]
) -> None:
    data = TEXTS[kind].encode()
    for place, length, insert in edits:
        at = place % (len(data) + 1)
        data = data[:at] + insert + data[at + length :]
    path = tmp_path_factory.getbasetemp() / f"{kind}.txt"
    path.write_bytes(data)
    with contextlib.suppress(DataError):
        read_class_table([str(path)])


@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=200), said=st.text(alphabet="car2light:,raé ", max_size=30))
def test_any_text_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str, said: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text("Class Images Instances P R\n" + text, encoding="utf-8")
    for attempt in (
        lambda: read_class_table([str(path)]),
        lambda: read_counts(path, ARMS, CLASSES),
        lambda: parse_touched(said, ARMS, CLASSES),
    ):
        with contextlib.suppress(DataError):
            attempt()
