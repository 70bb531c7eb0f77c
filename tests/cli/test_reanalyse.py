"""`segtrial reanalyse` on the published tables and on small ones: text, JSON, CSV, refusals."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from segtrial.cli.app import app
from tests.data.class_table_texts import CSV_HEAD, console, csv_lines

if TYPE_CHECKING:
    from click.testing import Result

PUBLISHED = Path(__file__).parents[2] / "trials" / "published"
TABLE = PUBLISHED / "bdd100k_yolo_seg_1000_images.csv"
COUNTS = PUBLISHED / "bdd100k_yolo_seg_1000_images_counts.csv"
OTHER = PUBLISHED / "bdd100k_yolo_seg_3500_images.csv"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["reanalyse", *map(str, words)])


def test_the_worked_case_in_words() -> None:
    done = run(TABLE, "--counts", COUNTS, "--against", OTHER)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    text = " ".join(done.stderr.split())
    for part in (
        "base is not a control: classes that no arm touches are lower in all 5 arms",
        "25 to 28 of 29 classes in each",
        "line for line that of base",
        "3 of 9 testable contrasts remain in box mAP50",
        "parking sign −0.049 [−0.071, −0.027] in bridge2parking_sign (published −0.099)",
        "No host class (4 testable) lost box mAP50",
        "exp(−2.11)·n^−0.26·(AP(1 − AP))^0.52",
        "One run an arm",
        "car and traffic light: fewer than 4 siblings",
        "train in train2bus: 7 instances; a verdict needs 20",
    ):
        assert part in text
    table = [line.split() for line in done.stderr.splitlines()]
    assert ["bridge", "host", "212", "−0.092", "−0.012", "[−0.058,", "0.035]"] in [
        words[:7] for words in table
    ]


def test_the_documentation_shows_the_real_output() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reanalysis.md").read_text()
    done = run(TABLE, "--counts", COUNTS, "--against", OTHER)
    shown = page.partition("```\nbase is not")[2].partition("```")[0]
    real = done.stderr.replace(f"{PUBLISHED}/", "trials/published/")
    assert f"base is not{shown}".split() == real.split()


def test_json_and_csv_hold_every_contrast(tmp_path: Path) -> None:
    out = tmp_path / "contrasts.csv"
    done = run(TABLE, "--json", "--csv", out, "--metric", "MASK map50-95")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["metric"] == "mask mAP50-95"
    assert answer["base_check"]["verdict"] == "not a control"
    assert [arm["arm"] for arm in answer["base_check"]["arms"]] == answer["arms"]
    train = next(row for row in answer["contrasts"] if row["class"] == "train")
    assert (train["role"], train["p"], train["interval"]) == ("host", None, [None, None])
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert len(rows) == len(answer["contrasts"]) == 10
    for row, contrast in zip(rows, answer["contrasts"], strict=True):
        assert row["class"] == contrast["class"]
        assert row["low"] == ("" if contrast["p"] is None else str(contrast["interval"][0]))


def test_csv_to_standard_output_is_csv_alone() -> None:
    done = run(TABLE, "--csv", "-")
    assert done.stdout.startswith("metric,arm,class,role,")
    assert done.stdout.count("\n") == 11


def test_one_arm_cannot_be_reanalysed_and_says_so() -> None:
    done = run(OTHER)
    assert done.exit_code == 0, done.stderr
    text = " ".join(done.stderr.split())
    assert "Whether base is a control cannot be told from 1 arm" in text
    assert "No contrast can be tested: no other arm leaves this class alone" in text


def test_console_tables_of_arms_with_touched_classes(tmp_path: Path) -> None:
    words = []
    for i, arm in enumerate(("base", "a", "b", "c", "d")):
        rows = [
            (f"c{k}", 10, 40 + k, ((30 + k + (7 * k + 3 * i) % 5) / 100,) * 8) for k in range(20)
        ]
        (tmp_path / f"{arm}.log").write_text(console(tuple(rows)))
        words.append(f"{arm}={tmp_path / arm}.log")
    touched = "a:c1,b:c2,c:c3,d:"
    done = run(*words, "--touched", touched, "--json")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    found = [(row["arm"], row["class"], row["role"]) for row in answer["contrasts"]]
    assert found == [("a", "c1", "touched"), ("b", "c2", "touched"), ("c", "c3", "touched")]
    assert answer["contrasts"][0]["siblings"][-3:] == ["b", "c", "d"]
    renamed = run(*words[1:], "--touched", touched)
    assert "No table is called the base" in renamed.stderr


def test_a_base_that_agrees_is_a_control_unless_another_study_has_it_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    words = []
    for arm in ("base", *"abcd"):
        values = np.linspace(0.2, 0.7, 30) + 0.004 * rng.normal(size=30)
        rows = tuple((f"c{k}", 10, 40 + k, (float(v),) * 8) for k, v in enumerate(values))
        (tmp_path / f"{arm}.log").write_text(console(rows))
        words.append(str(tmp_path / f"{arm}.log"))
    touched = ["--touched", "a:c1,b:c2,c:c3,d:c4", "--json"]
    alone = json.loads(run(*words, *touched).stdout)
    assert alone["base_check"]["verdict"] == "agrees"
    assert "used as one more control" in alone["base_check"]["sentence"]
    assert alone["contrasts"][0]["siblings"] == ["base", "b", "c", "d"]
    both = json.loads(run(*words, *touched, "--against", words[0]).stdout)
    assert both["base_check"]["verdict"] == "cannot tell"
    assert both["base_check"]["same_as"] == [f"base ({words[0]}, line 2)"]
    assert both["contrasts"][0]["siblings"] == ["b", "c", "d"]
    assert run(*words, *touched, "--against", words[1]).stdout == run(*words, *touched).stdout


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([TABLE, "--base", "bas"], 'did you mean "base"?'),
        ([TABLE, "--metric", "box AP"], "box mAP50-95"),
        ([TABLE, "--touched", "car2bus:car"], 'no arm "car2bus"'),
        ([TABLE, "--touched", "train2bus:trian"], 'did you mean "train"?'),
        ([TABLE, "--counts", "nothing.csv"], "nothing.csv"),
        ([TABLE, "--json", "--csv", "-"], "both go to standard output"),
        ([TABLE, "--csv", TABLE], "take the place of a table"),
        ([TABLE, "--csv", PUBLISHED / "README.md"], "not a CSV file"),
        ([PUBLISHED / "README.md"], "no per-class table"),
        ([COUNTS], "no per-class table"),
        (["nothing.csv"], "no such table"),
        ([f"base={TABLE}"], 'would be called "base"'),
    ],
)
def test_bad_words_are_one_block_with_exit_code_2(words: list[str | Path], what: str) -> None:
    done = run(*words)
    assert done.exit_code == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert what in done.stderr
    assert done.stdout == ""


def test_an_arm_of_unknown_change_and_a_table_pasted_twice_are_refused(tmp_path: Path) -> None:
    rows = tuple((f"c{k}", 10, 40, tuple((k + m) / 50 for m in range(8))) for k in range(5))
    other = tuple((n, i, k, tuple(x / 2 for x in v)) for n, i, k, v in rows)
    path = tmp_path / "table.csv"
    path.write_text(f"{CSV_HEAD}\n{csv_lines('base', rows)}{csv_lines('swapped', other)}")
    done = run(path)
    assert done.exit_code == 2
    assert 'Nothing tells which classes the arm "swapped" touches' in done.stderr
    path.write_text(f"{CSV_HEAD}\n{csv_lines('base', rows)}{csv_lines('swapped', rows)}")
    done = run(path, "--touched", "swapped:c1")
    assert done.exit_code == 2
    assert "base and swapped print the same figures" in done.stderr
