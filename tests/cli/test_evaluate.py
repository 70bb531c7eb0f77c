"""`segtrial evaluate` on small files: the agreed JSON, every style, and what it refuses."""

from __future__ import annotations

import json
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
