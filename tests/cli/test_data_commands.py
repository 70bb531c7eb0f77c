"""`segtrial data …` on small label files: answers, exit codes, and nothing written on refusal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from typer.testing import CliRunner

from segtrial.cli.app import app
from segtrial.cli.data_app import Format, Target
from segtrial.data.read import read
from segtrial.types.dataset import LabelFormat
from tests.builders import coco_annotation, coco_content, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["data", *map(str, words)])


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A COCO file with its pictures beside it."""
    (tmp_path / "images").mkdir()
    for name, shade in (("11.png", 90), ("5.png", 160)):
        Image.new("RGB", (20, 10), (shade, 120, 140)).save(tmp_path / "images" / name)
    return write_json(tmp_path / "labels.json", coco_content())


def test_summary_answers_in_json_as_agreed(labels: Path) -> None:
    done = run("summary", labels, "--json")
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert {"format", "images", "instances", "objects_per_image", "classes"} <= set(answer)
    assert (answer["format"], answer["images"], answer["instances"]) == ("coco", 2, 3)
    named = {row["name"]: (row["images"], row["instances"]) for row in answer["classes"]}
    assert named == {"car": (2, 2), "bridge": (1, 1), "sign": (0, 0)}


def test_summary_for_people_and_as_a_page(labels: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = run("summary", labels, "--html", page)
    assert done.exit_code == 0
    assert "bridge" in done.stderr
    assert "data:image/webp" in page.read_text()


def test_check_finds_nothing_in_good_labels_and_says_so(labels: Path) -> None:
    rows = [coco_annotation(1, 5), coco_annotation(2, 11)]
    write_json(labels, coco_content(annotations=rows))
    done = run("check", labels)
    assert done.exit_code == 0, done.stderr
    assert "pictures included" in done.stderr


def test_check_exits_with_2_for_what_a_trial_would_refuse(labels: Path, tmp_path: Path) -> None:
    (tmp_path / "images" / "5.png").unlink()
    done = run("check", labels, "--json")
    assert done.exit_code == 2
    faults = json.loads(done.stdout)["faults"]
    assert any("5.png" in str(fault) and fault["severity"] == "error" for fault in faults)


def test_check_against_itself_finds_the_shared_pictures(labels: Path) -> None:
    done = run("check", labels, "--against", labels)
    assert done.exit_code == 2
    assert "picture in both splits, 2" in done.stderr


@pytest.mark.parametrize("target", ["bdd100k", "coco_panoptic", "yolo_seg"])
def test_convert_there_and_back(labels: Path, tmp_path: Path, target: str) -> None:
    rows = [coco_annotation(1, 5), coco_annotation(2, 11, category_id=3)]
    write_json(labels, coco_content(annotations=rows))
    there = tmp_path / "there" / ("labels" if target == "yolo_seg" else "labels.json")
    done = run("convert", labels, there, "--to", target, "--allow-loss", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["instances"] == 2
    done = run("convert", there, tmp_path / "back.json", "--to", "coco", "--allow-loss")
    assert done.exit_code == 0, done.stderr
    back = read(tmp_path / "back.json", None)
    named = sorted(back.class_names[c] for c in back.class_index)
    assert (back.images, back.instances, named) == (2, 2, ["bridge", "car"])


def test_convert_refuses_a_loss_and_writes_nothing(labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "lvis.json"
    done = run("convert", labels, out, "--to", "lvis")
    assert done.exit_code == 2
    assert "crowds" in done.stderr
    assert "--allow-loss" in done.stderr
    assert not out.parent.exists()
    done = run("convert", labels, out, "--to", "lvis", "--allow-loss")
    assert done.exit_code == 0
    assert "left out: LVIS has no crowds" in done.stderr
    assert [path.name for path in out.parent.iterdir()] == ["lvis.json"]


def test_convert_does_not_write_over_anything(labels: Path, tmp_path: Path) -> None:
    before = labels.read_bytes()
    assert run("convert", labels, labels, "--to", "bdd100k").exit_code == 2
    assert labels.read_bytes() == before
    assert run("convert", labels, tmp_path / "x", "--to", "auto").exit_code == 2


def test_view_writes_one_page(labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "gallery.html"
    done = run("view", labels, "--out", out, "--class", "bridge")
    assert done.exit_code == 0, done.stderr
    page = out.read_text()
    assert "11.png" in page
    assert "5.png" not in page
    assert run("view", labels, "--out", out, "--class", "brigde").exit_code == 2


def test_streets_writes_labels_that_are_read(tmp_path: Path) -> None:
    out = tmp_path / "streets"
    done = run("streets", out, "--images", 3, "--val", 2, "--seed", 5, "--no-pictures")
    assert done.exit_code == 0, done.stderr
    assert read(out / "labels" / "streets_train.json", None).images == 3
    assert read(out / "labels" / "streets_val.json", None).images == 2
    assert run("streets", out, "--images", 3).exit_code == 2


@pytest.mark.parametrize("command", ["summary", "check", "view"])
def test_labels_that_are_not_there_are_a_block_and_exit_code_2(
    tmp_path: Path, command: str
) -> None:
    done = run(command, tmp_path / "none.json")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: There is no such label file.")


def test_the_command_line_names_every_format() -> None:
    assert {kind.value for kind in Target} == set(LabelFormat)
    assert {kind.value for kind in Format} == {"auto", *LabelFormat}
    shown = run("--help").stdout
    assert all(kind in shown for kind in LabelFormat)
