"""`segtrial evaluate` on small files: the agreed JSON, every style, and what it refuses."""

from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from segtrial.cli.app import app
from tests.builders import box_rle, coco_annotation, coco_content, coco_image, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

STYLES = ["coco", "ultralytics", "ultralytics-old", "trapezoid"]
TWELVE = {"AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"}


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, words)])


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = [coco_annotation(1, 11), coco_annotation(2, 5), coco_annotation(3, 5, category_id=3)]
    return write_json(tmp_path / "labels.json", coco_content(annotations=rows))


def results(path: Path, *, masks: bool = True, **changes: Any) -> Path:
    """Both cars found, the bridge not."""
    rle = {"size": [10, 20], "counts": box_rle((2, 3, 4, 4)).decode()}
    rows: list[dict[str, Any]] = [
        {"image_id": image, "category_id": 7, "score": 0.9, "bbox": [2, 3, 4, 4]} | changes
        for image in (11, 5)
    ]
    return write_json(path, [row | ({"segmentation": rle} if masks else {}) for row in rows])


def test_json_is_as_agreed(labels: Path, tmp_path: Path) -> None:
    done = run(labels, results(tmp_path / "r.json"), "--json")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["style"], answer["images"], answer["instances"]) == ("coco", 2, 3)
    assert set(answer["box"]) == set(answer["mask"]) == TWELVE
    assert answer["box"]["AP"] == pytest.approx(0.5)  # car 1, bridge 0, sign without truth
    assert answer["box"]["APl"] is None
    car = answer["classes"][0]
    assert (car["name"], car["images"], car["instances"]) == ("car", 2, 2)
    assert car["mask"] == {"P": None, "R": None, "AP50": 1.0, "AP": 1.0}
    assert answer["classes"][2]["box"]["AP"] is None


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("masks", [True, False])
def test_every_style_answers_for_people_and_machines(
    labels: Path, tmp_path: Path, style: str, masks: bool
) -> None:
    found = results(tmp_path / "r.json", masks=masks)
    done = run(labels, found, "--style", style, "--per-class")
    assert done.exit_code == 0, done.stderr
    assert "car" in done.stderr
    answer = json.loads(run(labels, found, "--style", style, "--json").stdout)
    assert (answer["mask"] is None) == (not masks)
    assert 0.45 < answer["box"]["AP"] < 0.55
    if style.startswith("ultralytics"):
        assert {"P", "R"} <= set(answer["box"])


def test_one_kind_alone(labels: Path, tmp_path: Path) -> None:
    found = results(tmp_path / "r.json")
    for option, kind, other in (("--boxes", "box", "mask"), ("--masks", "mask", "box")):
        answer = json.loads(run(labels, found, option, "--json").stdout)
        assert answer[kind]["AP"] == pytest.approx(0.5)
        assert answer[other] is None
        shown = run(labels, found, option, "--style", "ultralytics").stderr
        assert f"{kind.capitalize()}(P" in shown
        assert f"{other.capitalize()}(P" not in shown
    both = json.loads(run(labels, found, "--boxes", "--masks", "--json").stdout)
    assert both["box"]["AP"] == both["mask"]["AP"] == pytest.approx(0.5)


def test_what_is_not_predicted_has_no_precision(labels: Path, tmp_path: Path) -> None:
    done = run(labels, results(tmp_path / "r.json"), "--style", "ultralytics", "--per-class")
    (bridge,) = [line for line in done.stderr.splitlines() if line.split()[:1] == ["bridge"]]
    assert bridge.split()[3:7] == ["–", "0", "0", "0"]
    assert "never predicted" in done.stderr
    assert "has no precision" in done.stderr


def test_slices_are_shown_and_told(labels: Path, tmp_path: Path) -> None:
    found = results(tmp_path / "r.json")
    assert "small" in run(labels, found, "--slices", "size").stderr
    answer = json.loads(run(labels, found, "--slices", "size, size", "--json").stdout)
    assert [row["value"] for row in answer["slices"]] == ["small", "medium", "large"]
    assert answer["slices"][0]["box"]["AP"] == pytest.approx(0.5)
    assert answer["slices"][1]["mask"] == {"AP": None, "AP50": None}
    assert answer["slices"][1]["reason"] == "no truth"


def test_csv_has_a_row_for_each_class_and_kind(labels: Path, tmp_path: Path) -> None:
    found, table = results(tmp_path / "r.json"), tmp_path / "new" / "classes.csv"
    done = run(labels, found, "--csv", table)
    assert f"CSV: {table}" in done.stderr
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [(row["class"], row["kind"]) for row in rows] == [
        (name, kind) for name in ("car", "bridge", "sign") for kind in ("box", "mask")
    ]
    assert set(rows[0]) == TWELVE | {"class", "kind", "images", "instances", "note"}
    assert (rows[0]["instances"], float(rows[0]["AP"])) == ("2", pytest.approx(1))
    assert (rows[2]["AP"], rows[2]["note"]) == ("0.0", "never predicted")
    assert (rows[4]["AP"], rows[4]["note"]) == ("", "no truth")
    assert run(labels, found, "--csv", "-").stdout == table.read_text()
    shown = run(labels, found, "--csv", table, "--style", "ultralytics", "--json")
    assert json.loads(shown.stdout)["style"] == "ultralytics"
    assert table.read_text().startswith("class,kind,images,instances,P,R,AP50,AP,note\n")


def test_csv_names_are_no_formulas(tmp_path: Path) -> None:
    categories = [{"id": 7, "name": "=1+1"}]
    content = coco_content(annotations=[coco_annotation(1, 11)], categories=categories)
    path = write_json(tmp_path / "labels.json", content)
    assert "\n'=1+1,box," in run(path, results(tmp_path / "r.json"), "--csv", "-").stdout


@pytest.mark.parametrize("style", STYLES)
def test_the_page_is_written_and_tells_its_command(
    labels: Path, tmp_path: Path, style: str
) -> None:
    found, page = results(tmp_path / "r.json"), tmp_path / "page.html"
    words = [labels, found, "--style", style, "--html", page, "--confidence", "0.4"]
    done = run(*words)
    assert done.exit_code == 0, done.stderr
    assert f"Page: {page}" in done.stderr
    text = page.read_text()
    assert shlex.join(["segtrial", "evaluate", str(labels), str(found), "--style", style]) in text
    assert "--confidence 0.4</code>" in text
    assert "0.4, as stated" in text
    assert run(*words).exit_code == 0
    assert page.read_text() == text, "the same input gives the same page"


def test_options_that_cannot_be_are_refused_before_anything_is_written(
    labels: Path, tmp_path: Path
) -> None:
    found, page, table = results(tmp_path / "r.json"), tmp_path / "p.html", tmp_path / "t.csv"
    only_boxes = results(tmp_path / "boxes.json", masks=False)
    other = write_json(tmp_path / "other.json", {})
    for predictions, *words in (
        (only_boxes, "--masks"),
        (found, "--slices", "wether"),
        (found, "--slices", ","),
        (found, "--csv", "-", "--json"),
        (found, "--csv", other),
        (found, "--html", other),
        (found, "--html", tmp_path),
        (found, "--csv", tmp_path / "new.html", "--html", tmp_path / "new.html"),
        (found, "--csv", found),
        (found, "--format", "cocoo"),
        (found, "--style", "lvis"),
        (tmp_path / "none.json",),
    ):
        given = [] if "--html" in words else ["--html", page]
        given += [] if "--csv" in words else ["--csv", table]
        done = run(labels, predictions, *words, *given)
        assert done.exit_code == 2, words
        assert done.stderr.startswith("error: "), done.stderr
        assert "Traceback" not in done.stderr
        assert not page.exists()
        assert not table.exists()
    assert json.loads(other.read_text()) == {}
    assert run(labels, found, "--confidence", "0.5").exit_code == 2
    assert run(labels, found, "--confidence", "1.5", "--html", page).exit_code == 2


def test_lvis_style_wants_labels_with_coverage(labels: Path, tmp_path: Path) -> None:
    found = results(tmp_path / "r.json")
    done = run(labels, found, "--style", "lvis")
    assert done.exit_code == 2
    assert "--style coco" in done.stderr
    images = [coco_image(i, neg_category_ids=[9], not_exhaustive_category_ids=[]) for i in (11, 5)]
    rows = [coco_annotation(1, 11), coco_annotation(2, 5)]
    write_json(labels, coco_content(images=images, annotations=rows))
    answer = json.loads(run(labels, found, "--style", "lvis", "--json").stdout)
    assert answer["box"]["AP"] == pytest.approx(1)
    assert {"APr", "APc", "APf"} <= set(answer["box"])


def test_predictions_on_other_images_are_refused_or_left_out(labels: Path, tmp_path: Path) -> None:
    strangers = results(tmp_path / "r.json", image_id=99)
    done = run(labels, strangers)
    assert done.exit_code == 2
    assert "image_id 99" in done.stderr
    done = run(labels, strangers, "--leave-out")
    assert done.exit_code == 0
    assert "2 left out" in done.stderr
    assert "2 of 2 images have no prediction" in done.stderr


def test_as_proposals_a_wrong_name_is_no_error(labels: Path, tmp_path: Path) -> None:
    """Both cars are called signs: nothing as classes, two of three objects as proposals."""
    found = results(tmp_path / "r.json", category_id=9)
    assert json.loads(run(labels, found, "--json").stdout)["box"]["AR100"] == 0
    answer = json.loads(
        run(labels, found, "--style", "proposals", "--slices", "size", "--json").stdout
    )
    assert set(answer["box"]) > TWELVE | {"AR300", "AR1000"}
    assert answer["box"]["AR100"] == pytest.approx(2 / 3)
    assert [(row["name"], row["instances"], row["images"]) for row in answer["classes"]] == [
        ("object", 3, 2)
    ]
    shown = run(labels, found, "--style", "proposals", "--per-class")
    assert "AR1000" in shown.stderr
    assert "all classes are one" in shown.stderr
    refused = run(labels, found, "--style", "proposals", "--html", tmp_path / "page.html")
    assert refused.exit_code == 2
    assert not (tmp_path / "page.html").exists()


def test_no_predictions_at_all_are_zero_for_boxes_and_masks(labels: Path, tmp_path: Path) -> None:
    empty = write_json(tmp_path / "r.json", [])
    answer = json.loads(run(labels, empty, "--json").stdout)
    assert answer["box"]["AP"] == answer["mask"]["AP"] == 0


def test_intervals_are_shown_and_told(tmp_path: Path) -> None:
    images = [coco_image(i) for i in range(1, 41)]
    rows = [coco_annotation(i, i, category_id=7 if i > 12 else 3) for i in range(1, 41)]
    rows.append(coco_annotation(99, 1, category_id=9))
    truth = write_json(tmp_path / "labels.json", coco_content(images=images, annotations=rows))
    boxes = [
        {"image_id": i, "category_id": c, "score": s / 50, "bbox": [2, 3, 4, 4]}
        for s, i in enumerate(range(1, 41, 2))
        for c in (7, 3)
    ]
    found = write_json(tmp_path / "r.json", boxes)
    plain = json.loads(run(truth, found, "--json").stdout)
    assert plain["intervals"] is None
    answer = json.loads(run(truth, found, "--intervals", "--json").stdout)
    assert list(answer["intervals"]) == ["box"]
    ap, ap50 = answer["intervals"]["box"]
    assert (ap["metric"], ap50["metric"], ap["resamples"]) == ("AP", "AP50", 2000)
    assert ap["mean"]["estimate"] == pytest.approx(answer["box"]["AP"])
    assert ap["mean"]["low"] < ap["mean"]["estimate"] < ap["mean"]["high"]
    car, bridge, sign = ap["classes"]
    assert (car["method"], bridge["method"], sign["method"]) == ("logit-t", "logit-t", "none")
    assert car["estimate"] == answer["classes"][0]["box"]["AP"]
    assert (sign["hits"], sign["low"], ap["rare"]) == (0, None, None)
    assert {k: v for k, v in answer.items() if k not in {"intervals", "notes"}} == {
        k: v for k, v in plain.items() if k not in {"intervals", "notes"}
    }
    shown = run(truth, found, "--intervals", "--per-class").stderr
    assert f"{car['low']:.3f}–{car['high']:.3f}" in shown
    assert "0 of 1 met, 0.00–0.79" in shown
    assert "they do not say what another training would give" in shown
    assert "bridge" not in run(truth, found, "--intervals").stderr


@pytest.mark.parametrize("style", ["ultralytics", "trapezoid", "proposals"])
def test_intervals_are_of_cocos_ap_alone(labels: Path, tmp_path: Path, style: str) -> None:
    done = run(labels, results(tmp_path / "r.json"), "--style", style, "--intervals")
    assert done.exit_code == 2
    assert "--style coco or lvis" in done.stderr


def test_scipy_stats_is_loaded_for_intervals_alone(labels: Path, tmp_path: Path) -> None:
    found = results(tmp_path / "r.json")
    code = (
        "import sys\n"
        "from segtrial.cli.app import app\n"
        f"try:\n    app(['evaluate', {str(labels)!r}, {str(found)!r}])\n"
        "except SystemExit:\n    pass\n"
        "print('scipy.stats' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
