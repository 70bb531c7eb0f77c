"""What a finished trial leaves: pictures that can be shown, and a table for spreadsheets."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pytest
from msgspec import structs
from PIL import Image

from segtrial.pipeline.context import Context
from segtrial.pipeline.execute import Bench, open_bench, sealed_runs, unfinished_runs
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.publish import PICTURES, comparison_csv, pictures, publish
from segtrial.pipeline.run import run_trial
from segtrial.pipeline.trial_file import parse_trial
from segtrial.pipeline.truth_pictures import pixels_of
from segtrial.types.comparison import Comparison
from segtrial.types.dataset import Dataset
from tests.pipeline.trials import ORACLE
from tests.report.builders import class_row, contrast, untested_row

WITH_PICTURES = ORACLE.replace("train = 60, val = 60", "train = 8, val = 12").replace(
    "pictures = false", "pictures = true"
)
TEXT_COLUMNS = {
    "arm_name",
    "control_name",
    "status",
    "class",
    "role",
    "family",
    "verdict",
    "reason",
}


@pytest.fixture
def context(tmp_path) -> Context:
    trial = parse_trial(WITH_PICTURES, where="t.toml")
    return Context(
        name="t",
        trial=trial,
        trial_text=WITH_PICTURES,
        root=tmp_path,
        folder=tmp_path / "t",
        command="test",
    )


@pytest.fixture
def bench(context) -> Bench:
    return open_bench(context, make_plan(context))


def damaged(data: bytes) -> bytes:
    """Head and end are whole, the pixels are not."""
    middle = len(data) // 2
    return data[:middle] + bytes(200) + data[middle + 200 :]


def test_pictures_that_cannot_be_shown_are_passed_over(bench):
    val, sealed = bench.loaded.val, frozenset()
    shown = [picture.title for picture in pictures(bench, sealed)]
    assert len(shown) == PICTURES
    paths = [val.image_root / val.file_name[val.image_id.index(title)] for title in shown]
    paths[0].write_bytes(b"no picture at all")
    paths[1].unlink()
    Image.new("RGB", (17, 19)).save(paths[2])
    paths[3].write_bytes(paths[3].read_bytes()[:300])
    left = [picture.title for picture in pictures(bench, sealed)]
    assert left[:2] == shown[4:]
    assert len(left) == PICTURES
    assert not set(left) & set(shown[:4])


def test_a_damaged_validation_picture_does_not_break_the_report(context):
    plan = make_plan(context)
    val = open_bench(context, plan).loaded.val
    for name in val.file_name:
        path = val.image_root / name
        path.write_bytes(damaged(path.read_bytes()))
    assert all(pixels_of(val, image) is None for image in range(val.images))
    plan = make_plan(context)  # the oracle does not look at pictures
    result = run_trial(context, plan, workers=1, listen=lambda _: None)
    assert result.failed == ()
    assert result.report.read_text().startswith("<!doctype html>")


def elsewhere(val: Dataset, name: str) -> Dataset:
    return dataclasses.replace(val, file_name=(name, *val.file_name[1:]))


def test_no_picture_outside_its_folder_is_opened(bench, tmp_path):
    val = bench.loaded.val
    secret = tmp_path / "secret.png"
    size = (int(val.width_px[0]), int(val.height_px[0]))
    Image.new("RGB", size, (200, 0, 0)).save(secret)
    link = val.image_root / "link.png"
    link.symlink_to(secret)
    up = "/".join([".."] * (len(val.image_root.relative_to(tmp_path).parts))) + "/secret.png"
    assert (val.image_root / up).is_file()
    for name in (str(secret), up, "link.png", "a\0b", "n" * 5000):
        assert pixels_of(elsewhere(val, name), 0) is None
    inside = val.image_root / "inside.png"
    Image.new("RGB", size, (200, 0, 0)).save(inside)
    pixels = pixels_of(elsewhere(val, "inside.png"), 0)
    assert np.array_equal(np.unique(pixels.reshape(-1, 3), axis=0), [[200, 0, 0]])


def test_only_sealed_runs_are_read_and_the_plan_states_the_versions(context):
    plan = make_plan(context)
    result = run_trial(context, plan, workers=1, listen=lambda _: None)
    sealed = sealed_runs(context, plan) - {("base", 1)}
    failed = unfinished_runs(context, plan, sealed)
    plan = structs.replace(plan, environment={"segtrial": "0.0.7", "numpy": "1.9"})
    html = publish(context, plan, result.comparison, sealed=sealed, failed=failed).read_text()
    assert "did not finish" in html
    assert "0.0.7" in html
    assert np.__version__ not in html


def table(rows, **changes) -> list[dict[str, str]]:
    comparison = Comparison(
        trial="t",
        estimand="",
        primary_metric="box AP",
        seeds=3,
        failed_runs=(),
        contrasts=(contrast(rows, **changes),),
    )
    heads, *lines = csv.reader(io.StringIO(comparison_csv(comparison).decode(), newline=""))
    return [dict(zip(heads, line, strict=True)) for line in lines]


def test_every_number_of_the_table_is_a_number():
    rows = [
        class_row("car", difference=-1e-05, interval_conditional=(-0.015, None)),
        untested_row("tram", "in 4 validation images only"),
    ]
    first, second = table(rows)
    numbers = set(first) - TEXT_COLUMNS
    assert {"difference", "interval_conditional_low", "interval_population_high"} <= numbers
    for row in (first, second):
        for name in numbers:
            assert row[name] == "" or np.isfinite(float(row[name])), name
    assert float(first["difference"]) == -1e-05
    assert first["interval_conditional_low"] == "-0.015"
    assert first["interval_conditional_high"] == ""
    assert second["interval_population_low"] == second["p"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\tx", '=a,"b"\n'])
def test_text_that_is_a_formula_is_quoted(name):
    (row,) = table([class_row(name, reason=name)], arm=name)
    assert row["class"] == row["reason"] == row["arm_name"] == f"'{name}"
    assert row["control_name"] == "base"
