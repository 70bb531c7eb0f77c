"""The commands as a user calls them: exit codes, streams, blocks, files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from tests.pipeline.trials import ORACLE, TINY

COCO = """
question = "What does the swap do?"
seeds    = [0]

[data]
train  = "train.json"
val    = "val.json"
images = "images"

[recipe]
model      = "faster_rcnn"
backbone   = "resnet_tiny"
image_size = [64, 64]

[[arm]]
name = "base"

[[arm]]
name   = "a2b"
change = { swap = { host = "a", target = "b", ratio = 1.0 } }
"""


def segtrial(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "segtrial", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


def coco_folder(folder: Path) -> Path:
    """A trial on two hand-made COCO files with one picture each."""
    (folder / "images").mkdir()
    for k, split in enumerate(("train", "val")):
        name = f"{split}.png"
        Image.new("RGB", (64, 48), (90, 120, 40 * k)).save(folder / "images" / name)
        boxes = [[4, 4, 20, 20], [30, 10, 20, 20]]
        content = {
            "images": [{"id": 1, "file_name": name, "width": 64, "height": 48}],
            "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
            "annotations": [
                {
                    "id": i + 1,
                    "image_id": 1,
                    "category_id": i + 1,
                    "bbox": box,
                    "area": 400,
                    "iscrowd": 0,
                    "segmentation": [
                        [box[0], box[1], box[0] + 20, box[1], box[0] + 20, box[1] + 20]
                    ],
                }
                for i, box in enumerate(boxes)
            ],
        }
        (folder / f"{split}.json").write_text(json.dumps(content))
    trial = folder / "t.toml"
    trial.write_text(COCO)
    return trial


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("oracle")
    trial = folder / "oracle.toml"
    trial.write_text(ORACLE)
    return folder, segtrial("run", trial, "--runs", folder / "runs", "--workers", "2")


def test_run_ends_with_verdict_and_report(finished):
    folder, done = finished
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "car2person against base" in done.stderr
    report = folder / "runs" / "oracle" / "report.html"
    assert str(report) in done.stderr
    assert report.read_text().startswith("<!doctype html>")


def test_the_records_have_the_pinned_form(finished):
    folder, _ = finished
    comparison = json.loads((folder / "runs/oracle/comparison.json").read_text())
    assert {"trial", "estimand", "primary_metric", "contrasts"} <= comparison.keys()
    contrast = comparison["contrasts"][0]
    assert {"arm", "control", "status", "median_untouched", "classes"} <= contrast.keys()
    pinned = (
        "class role instances positive_images seeds base arm difference interval_conditional "
        "interval_population p p_adjusted family smallest_visible verdict reason"
    )
    assert set(pinned.split()) <= contrast["classes"][0].keys()
    rows = {row["class"]: row for row in contrast["classes"]}
    assert rows["car"]["role"] == "host"
    assert rows["car"]["verdict"] == "changed"
    ledger = (folder / "runs/oracle/arms/car2person/seed-0/edits.jsonl").read_text().splitlines()
    edit = json.loads(ledger[1])
    assert edit.keys() == {"annotation_id", "image_id", "before", "after"}


def test_compare_prints_json_on_standard_output(finished):
    folder, _ = finished
    done = segtrial("compare", folder / "runs" / "oracle", "--json")
    assert done.returncode == 0
    kept = (folder / "runs/oracle/comparison.json").read_text()
    assert done.stdout == kept


def test_status_and_report_work_from_the_records(finished):
    folder, _ = finished
    assert "6 of 6 runs done" in segtrial("status", folder / "runs" / "oracle").stderr
    before = (folder / "runs/oracle/report.html").read_bytes()
    assert segtrial("report", folder / "runs" / "oracle").returncode == 0
    assert (folder / "runs/oracle/report.html").read_bytes() == before


def test_a_second_run_does_nothing_and_says_so(finished):
    folder, _ = finished
    done = segtrial("run", folder / "oracle.toml", "--runs", folder / "runs")
    assert done.returncode == 0
    assert "6 done, 0 to do" in done.stderr


def test_a_changed_trial_does_not_mix_with_old_runs(finished):
    folder, _ = finished
    other = folder / "other"
    other.mkdir()
    (other / "oracle.toml").write_text(ORACLE.replace("0.02", "0.5"))
    done = segtrial("run", other / "oracle.toml", "--runs", folder / "runs")
    assert done.returncode == 2
    assert "run of something else" in done.stderr


def test_plan_says_what_will_happen_and_as_json(finished):
    folder, _ = finished
    done = segtrial("plan", folder / "oracle.toml", "--runs", folder / "none")
    assert done.returncode == 0
    for words in ("swap: 0.5 of car", "→", "6 runs (2 arms × 3 seeds)", "seed SDs", "About"):
        assert words in done.stderr
    assert not (folder / "none" / "oracle").exists()
    as_json = segtrial("plan", folder / "oracle.toml", "--runs", folder / "none", "--json")
    assert len(json.loads(as_json.stdout)["runs"]) == 6


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from segtrial.cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'numba', 'scipy', 'numpy', 'jinja2', 'PIL'}\n"
        "print(heavy & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("set()")
    assert "plan" in done.stdout


def bad_cases() -> dict[str, tuple[str, str, list[str]]]:
    """name → (what to replace in COCO's trial, with what, words the block must hold)."""
    return {
        "no such label file": ("train.json", "trian.json", ["no such label file", "trian.json"]),
        "toml syntax": ("seeds    = [0]", "seeds = [0", ["no valid TOML", "t.toml:"]),
        "unknown key": ("images = ", "imags = ", ['"imags"', 'did you mean "images"?']),
        "unknown class": ('host = "a"', 'host = "aa"', ['"aa"', 'did you mean "a"?']),
        "ratio": ("ratio = 1.0", "ratio = 1.5", ["ratio", "<= 1"]),
        "host is target": ('target = "b"', 'target = "a"', ["same class"]),
        "two arms of one name": ('"a2b"', '"base"', ["Two arms"]),
    }


@pytest.mark.parametrize("case", list(bad_cases()))
def test_a_bad_trial_file_gives_one_block_and_code_2(tmp_path, case):
    old, new, words = bad_cases()[case]
    trial = coco_folder(tmp_path)
    trial.write_text(COCO.replace(old, new))
    check_refused(tmp_path, trial, words)


def check_refused(tmp_path: Path, trial: Path, words: list[str]) -> None:
    done = segtrial("run", trial, "--runs", tmp_path / "runs")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    block = done.stderr[done.stderr.index("error: ") :]
    for word in words:
        assert word in block
    assert not (tmp_path / "runs" / "t").exists(), "nothing is written"


def test_a_missing_picture_is_named(tmp_path):
    trial = coco_folder(tmp_path)
    (tmp_path / "images" / "val.png").unlink()
    check_refused(tmp_path, trial, ["picture is missing", "val.png"])


def test_a_truncated_picture_is_named(tmp_path):
    trial = coco_folder(tmp_path)
    path = tmp_path / "images" / "train.png"
    path.write_bytes(path.read_bytes()[:-20])
    check_refused(tmp_path, trial, ["truncated", "train.png"])


def test_a_polygon_outside_its_image_is_named(tmp_path):
    trial = coco_folder(tmp_path)
    content = json.loads((tmp_path / "train.json").read_text())
    content["annotations"][0]["segmentation"] = [[1, 1, 80, 1, 80, 30]]
    (tmp_path / "train.json").write_text(json.dumps(content))
    check_refused(tmp_path, trial, ["leaves its image", "label 1", 'outside = "clip"'])


def test_an_empty_split_is_named(tmp_path):
    trial = coco_folder(tmp_path)
    content = json.loads((tmp_path / "val.json").read_text())
    content["images"], content["annotations"] = [], []
    (tmp_path / "val.json").write_text(json.dumps(content))
    check_refused(tmp_path, trial, ["split is empty", "validation"])


def test_no_such_trial_file_is_said(tmp_path):
    done = segtrial("run", tmp_path / "none.toml")
    assert done.returncode == 2
    assert "no such file" in done.stderr


def test_a_folder_without_records_is_said(tmp_path):
    done = segtrial("compare", tmp_path)
    assert done.returncode == 2
    assert "holds no trial's records" in done.stderr


def test_failed_runs_are_rows_and_code_3(tmp_path):
    """A picture that is damaged in the middle passes the first look and fails its runs."""
    trial = coco_folder(tmp_path)
    path = tmp_path / "images" / "train.png"
    data = bytearray(path.read_bytes())
    middle = data.index(b"IDAT") + 8
    data[middle : middle + 8] = b"\0" * 8
    path.write_bytes(bytes(data))
    done = segtrial("run", trial, "--runs", tmp_path / "runs", "--workers", "1")
    assert done.returncode == 3, done.stderr
    assert "failed" in done.stderr
    assert "train.png" in done.stderr
    assert (tmp_path / "runs" / "t" / "report.html").exists()
    comparison = json.loads((tmp_path / "runs/t/comparison.json").read_text())
    assert comparison["failed_runs"] == ["base/seed-0", "a2b/seed-0"]
    status = segtrial("status", tmp_path / "runs" / "t")
    assert "failed: " in status.stderr


def test_an_interrupt_says_how_to_go_on(tmp_path):
    trial = tmp_path / "tiny.toml"
    trial.write_text(TINY.replace("epochs       = 3", "epochs       = 400"))
    process = subprocess.Popen(
        [sys.executable, "-m", "segtrial", "run", trial, "--runs", tmp_path / "runs"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a background job of a shell is born deaf to Ctrl-C, and its children with it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no threads)
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("training_state.pt")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, text = process.communicate(timeout=60)
    assert process.returncode == 130, text
    assert f"segtrial run {trial} --runs {tmp_path / 'runs'}" in text
    assert "Traceback" not in text


def test_a_held_folder_is_refused(tmp_path):
    from segtrial.store.lock import hold

    trial = tmp_path / "oracle.toml"
    trial.write_text(ORACLE)
    with hold(tmp_path / "runs" / "oracle"):
        done = segtrial("run", trial, "--runs", tmp_path / "runs")
    assert done.returncode == 2
    assert f"held by process {os.getpid()}" in done.stderr


def test_worker_count_does_not_change_a_byte(finished, tmp_path):
    folder, _ = finished
    done = segtrial("run", folder / "oracle.toml", "--runs", tmp_path, "--workers", "1")
    assert done.returncode == 0
    for name in ("comparison.json", "report.html", "runs/base/seed-0/manifest.json"):
        assert (tmp_path / "oracle" / name).read_bytes() == (
            folder / "runs" / "oracle" / name
        ).read_bytes()


def test_the_demo_is_the_trial_file_of_that_name():
    import segtrial.cli

    packaged = Path(segtrial.cli.__file__).with_name("demo.toml").read_bytes()
    assert (Path(__file__).parents[2] / "trials" / "demo.toml").read_bytes() == packaged
    assert msgspec.toml.decode(packaged)["seeds"] == [0, 1, 2]
