"""Per-class tables in CSV, Markdown and console text give the same ClassTable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from segtrial.data.tables.columns import metric_of
from segtrial.data.tables.read import read_class_table
from segtrial.types.class_table import ClassTable
from segtrial.types.errors import DataError
from tests.data.class_table_texts import (
    BAR,
    CSV_HEAD,
    HEAD,
    METRICS,
    ROWS,
    console,
    csv_lines,
    markdown,
)

if TYPE_CHECKING:
    from pathlib import Path

VALUES = np.array([row[3] for row in ROWS])
NAMES = tuple(row[0] for row in ROWS)


def table_of(path: Path, text: str, name: str = "base.txt") -> ClassTable:
    (path / name).write_text(text)
    return read_class_table([str(path / name)])


def check(table: ClassTable) -> None:
    assert table.class_names == NAMES
    assert table.metrics == METRICS
    np.testing.assert_array_equal(table.images, [10, 10, 10])
    np.testing.assert_array_equal(table.instances, [40, 25, 3])
    np.testing.assert_allclose(table.values_ACM[0], VALUES, rtol=0)
    assert table.notes == ()


@pytest.mark.parametrize(
    "text",
    [
        console(),
        f"{CSV_HEAD}\n{csv_lines('base')}",
        f"{CSV_HEAD}\n{csv_lines('base')}".replace(",", ";"),
        "﻿" + f"{CSV_HEAD}\n{csv_lines('base')}".replace("\n", "\r\n"),
        f"# base\n\ntext\n\n{markdown()}\n| what | else |\n|--|--|\n| 1 | 2 |\n",
    ],
    ids=["console", "csv", "semicolons", "mark and returns", "markdown"],
)
def test_every_format_gives_the_same_table(tmp_path: Path, text: str) -> None:
    table = table_of(tmp_path, text)
    check(table)
    assert table.arms == ("base",)


def test_utf_16_of_a_redirected_console_is_read(tmp_path: Path) -> None:
    (tmp_path / "base.log").write_bytes(console().encode("utf-16"))
    check(read_class_table([str(tmp_path / "base.log")]))


def test_console_bears_colours_bars_training_lines_and_other_text(tmp_path: Path) -> None:
    lines = console().splitlines()
    noise = [
        "Ultralytics YOLOv8.0.20 🚀 Python-3.10 torch-2.0 CUDA:0 (Tesla T4, 15102MiB)",
        "      Epoch    GPU_mem   box_loss   seg_loss   cls_loss   dfl_loss  Instances       Size",
        "      1/100      3.57G      1.169      2.334      1.226      1.001         16        640:",
        HEAD + BAR.replace("100%", " 20%") + "\r" + HEAD + BAR,
        "                   all         10         68        0.1        0.2        0.3        0.4",
    ]
    coloured = [f"\x1b[34m\x1b[1m{line}\x1b[0m" for line in lines]
    between = "  50%|█████     | 5/10 [00:01<00:01]\r 100%|██████████| 10/10 [00:02<00:00]"
    text = "\n".join([*noise, *coloured[:3], between, *coloured[3:], "Speed: 0.1ms preprocess"])
    check(table_of(tmp_path, text))


def test_box_columns_alone_and_old_heads(tmp_path: Path) -> None:
    assert table_of(tmp_path, console(masks=False)).metrics == METRICS[:4]
    old = "Class Images Labels P R mAP@.5 mAP@.5:.95: 100%\ncar 10 40 0.7 0.6 0.65 0.4\n"
    table = table_of(tmp_path, old)
    assert table.metrics == METRICS[:4]
    np.testing.assert_allclose(table.values_ACM[0], VALUES[:1, :4])


def test_several_tables_are_named_by_heading_file_or_word(tmp_path: Path) -> None:
    other = tuple((n, i, k, tuple(x / 2 for x in v)) for n, i, k, v in ROWS)
    two = f"base:\n{console()}\n## car2light\n{console(other)}"
    table = table_of(tmp_path, two, "log.txt")
    assert table.arms == ("base", "car2light")
    np.testing.assert_allclose(table.values_ACM[1, 0, :2], [0.35, 0.3])
    log = tmp_path / "log.txt"
    assert read_class_table([f"second={log}#2", f"first={log}#1"]).arms == ("second", "first")
    log.unlink()
    (tmp_path / "base.csv").write_text(f"{CSV_HEAD}\n{csv_lines()}")
    (tmp_path / "arm.md").write_text(markdown())
    (tmp_path / "counts.csv").write_text("arm,cls,initial,final\n")
    folder = read_class_table([str(tmp_path)])
    assert folder.arms == ("arm", "base")
    assert folder.notes == (f"{tmp_path}: no per-class table in counts.csv",)


def test_a_second_line_of_means_begins_another_table(tmp_path: Path) -> None:
    rest = console().split("\n", 1)[1]
    path = tmp_path / "log.txt"
    path.write_text(console() + rest)
    table = read_class_table([f"base={path}#1", f"arm={path}#2"])
    assert table.sources == (f"{path}, line 2", f"{path}, line 6")
    np.testing.assert_allclose(table.values_ACM[1], VALUES)


def test_a_class_table_checks_itself() -> None:
    def made(**changes: object) -> ClassTable:
        given: dict[str, object] = {
            "arms": ("base",),
            "class_names": ("car", "bus"),
            "metrics": ("box P",),
            "sources": ("x",),
            "images": np.ones(2),
            "instances": np.ones(2),
            "values_ACM": np.array([[[0.5], [np.nan]]]),
        }
        return ClassTable(**given | changes)  # type: ignore[arg-type]

    table = made()
    np.testing.assert_array_equal(table.of_metric("box P"), [[0.5, np.nan]])
    assert not table.values_ACM.flags.writeable
    for changes in (
        {"class_names": ("car", "car")},
        {"images": np.ones(3)},
        {"values_ACM": np.full((1, 2, 1), 1.5)},
    ):
        with pytest.raises(DataError):
            made(**changes)


def test_undefined_cells_are_nan_and_absences_are_noted(tmp_path: Path) -> None:
    head = "class,instances,box mAP50,comment\n"
    cells = ["–", "nan", "", "-1.000", "0.5"]
    text = head + "".join(f"c{i},30,{cell},x\n" for i, cell in enumerate(cells))
    (tmp_path / "base.csv").write_text(text)
    (tmp_path / "arm.csv").write_text(head + "c4,30,0.25,x\nall,31,0.25,x\n")
    table = read_class_table([str(tmp_path / "base.csv"), str(tmp_path / "arm.csv")])
    np.testing.assert_array_equal(
        table.values_ACM[:, :, 0], [[np.nan] * 4 + [0.5], [np.nan] * 4 + [0.25]]
    )
    assert np.isnan(table.images).all()
    assert table.notes == (
        "columns left out: comment",
        "arm: no row of c0, c1, c2, c3",
        'arm: its line "all" counts 31 instances, its classes 30: rows may be missing',
    )


def test_box_and_mask_lines_of_our_own_csv_become_one_row(tmp_path: Path) -> None:
    text = (
        "class,kind,images,instances,P,AP50,AP,note\n"
        "car,box,10,40,0.7,0.65,0.4,\ncar,mask,10,40,,0.55,0.3,never that confident\n"
    )
    table = table_of(tmp_path, text, "base.csv")
    assert table.metrics == (
        *("box P", "box mAP50", "box mAP50-95"),
        *("mask P", "mask mAP50", "mask mAP50-95"),
    )
    np.testing.assert_array_equal(table.values_ACM[0, 0], [0.7, 0.65, 0.4, np.nan, 0.55, 0.3])


@pytest.mark.parametrize(
    ("head", "meant"),
    [
        ("box_mAP", ("box", "mAP50-95")),
        ("Box(P", ("box", "P")),
        ("mAP50-95)", ("", "mAP50-95")),
        ("Mask mAP@0.5", ("mask", "mAP50")),
        ("segm AP75", ("mask", "mAP75")),
        ("recall", ("", "R")),
        ("parking", ("", "")),
        ("Images", ("", "")),
    ],
)
def test_heads_are_known_by_many_names(head: str, meant: tuple[str, str]) -> None:
    assert metric_of(head) == meant
