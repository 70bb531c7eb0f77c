"""`segtrial power` as a user calls it; what it computes is tested with the pipeline."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from segtrial.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PUBLISHED = ("--instances", "212,57", "--ap", ".22,.1", "--classes", "bridge, parking sign")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["power", *map(str, words)])


def test_each_class_has_its_noise_a_row_for_each_seed_and_advice() -> None:
    done = run(*PUBLISHED, "--effect", "-.03", "--seeds", "10,5,3")
    assert (done.exit_code, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    at = lines.index("bridge")
    assert lines[at + 1].strip() == "212 instances, AP 0.220"
    assert "SD over seeds 0.012; its standard error over images 0.034" in lines[at + 2]
    assert "images for ±0.03" in lines[at + 3]
    rows = [line.split() for line in lines[at + 4 : at + 7]]
    assert [row[0] for row in rows] == ["3", "5", "10"]
    # S = 5: error .012·√(2/5), 2.2 seed SDs; no promise is rounded down
    assert rows[1][1:3] == ["0.0076", "0.027"]
    text = " ".join(" ".join(lines).split())
    assert "5 seeds show ±0.03 on bridge on one set of such images with 80 % power" in text
    assert "3 seeds do not" in text
    assert "between runs of different arms" in text
    assert "parking sign" in lines


def test_json_is_the_plan() -> None:
    done = run(*PUBLISHED, "--effect", ".03", "--tests", "5", "--power", ".9", "--json")
    plan = json.loads(done.stdout)
    assert (plan["source"], plan["tests"], plan["power"], plan["effect"]) == (
        "published",
        5,
        0.9,
        0.03,
    )
    bridge = plan["classes"][0]
    assert (bridge["name"], bridge["instances"], len(bridge["rows"])) == ("bridge", 212, 4)
    assert bridge["rows"][0]["seeds"] == 2


def test_classes_may_go_without_names_and_effects() -> None:
    done = run("--instances", "30", "--ap", "0.2", "--apart", "0")
    assert "30 instances at AP 0.2" in done.stderr
    assert "With 5 seeds the smallest change seen on" in done.stderr
    assert "images for" not in done.stderr


def test_the_table_is_for_any_class() -> None:
    done = run("--table", "--seeds", "2,3", "--tests", "4")
    rows = [line.split() for line in done.stderr.splitlines()]
    assert ["2", "3.4", "3.9", "4.6", "5.5", "7.2"] in rows
    assert ["3", "2.6", "3.0", "3.4", "4.0", "5.0"] in rows
    table = json.loads(run("--table", "--json").stdout)
    assert table["tests"] == [1, 2, 10, 45]
    assert len(table["effects"]) == 4


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--runs", "runs/x", "--instances", "3", "--ap", ".2"),
        ("--runs", "no/such/folder"),
        ("--instances", "3"),
        ("--ap", ".3"),
        ("--instances", "3,4", "--ap", ".2"),
        ("--instances", "3", "--ap", ".2", "--classes", "a,b"),
        ("--instances", "three", "--ap", ".2"),
        ("--instances", "3", "--ap", "1.5"),
        ("--instances", "3", "--ap", ".2", "--apart", "7"),
        ("--instances", "3", "--ap", ".2", "--seeds", ""),
        ("--table", "--seeds", "1"),
        ("--table", "--power", "0"),
        ("--table", "--effect", "3"),
    ],
)
def test_what_cannot_be_is_refused_in_a_block(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.exit_code == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
