"""What the runs of a trial give away by being the same."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from segtrial.pipeline.analyse import analyse
from segtrial.pipeline.context import Context
from segtrial.pipeline.execute import sealed_runs
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.run import run_trial
from segtrial.pipeline.run_warnings import sameness_warnings
from segtrial.pipeline.trial_file import parse_trial
from segtrial.store.codec import pack_detections
from segtrial.store.folder import sha256
from segtrial.types.plan import Plan
from tests.builders import found
from tests.pipeline.trials import ORACLE

SMALL = ORACLE.replace("train = 60, val = 60", "train = 20, val = 20").replace(
    "resamples = 200", "resamples = 100"
)
FIXED = SMALL.replace("ratio = 0.5", 'ratio = 0.5, draw = "fixed"')


def context_of(folder: Path, text: str) -> Context:
    return Context(
        name="t",
        trial=parse_trial(text, where="t.toml"),
        trial_text=text,
        root=folder,
        folder=folder / "t",
        command="test",
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Context, Plan]:
    context = context_of(tmp_path_factory.mktemp("ran"), SMALL)
    plan = make_plan(context)
    result = run_trial(context, plan, workers=1, listen=lambda _: None)
    assert result.failed == ()
    assert result.comparison.warnings == ()
    return context, plan


@pytest.fixture
def copied(ran: tuple[Context, Plan], tmp_path: Path) -> tuple[Context, Plan]:
    shutil.copytree(ran[0].folder, tmp_path / "t")
    return replace(ran[0], folder=tmp_path / "t"), ran[1]


def pose_as(context: Context, plan: Plan, source: tuple[str, int], run: tuple[str, int]) -> None:
    """Give a run the records of another one, sealed as its own."""
    folder = context.run_path(*run)
    shutil.rmtree(folder)
    shutil.copytree(context.run_path(*source), folder)
    (run_id,) = (one.run_id for one in plan.runs if (one.arm, one.seed) == run)
    for name in ("manifest.json", "run.json"):
        record = json.loads((folder / name).read_bytes())
        record["run_id"] = run_id
        (folder / name).write_bytes(msgspec.json.encode(record))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["stages"]["fit"]["run.json"] = sha256((folder / "run.json").read_bytes())
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))


def test_a_seed_that_does_nothing_is_told_in_terms_of_its_runs(
    copied: tuple[Context, Plan],
) -> None:
    context, plan = copied
    pose_as(context, plan, ("base", 1), ("base", 2))
    sealed = sealed_runs(context, plan)
    assert ("base", 2) in sealed
    comparison = analyse(context, plan, sealed)
    (warning,) = comparison.warnings
    assert warning.startswith(
        "seed 1 and seed 2 of base are identical: the seed does nothing there, and these runs "
        "count as one at most"
    )


def test_all_seeds_alike_are_one_warning(copied: tuple[Context, Plan]) -> None:
    context, plan = copied
    for seed in (1, 2):
        pose_as(context, plan, ("base", 0), ("base", seed))
    (warning,) = sameness_warnings(context, plan, sealed_runs(context, plan))
    assert warning.startswith("seed 0, seed 1 and seed 2 of base are identical")
    left = sealed_runs(context, plan) - {("base", 1), ("base", 2)}
    assert sameness_warnings(context, plan, left) == ()


def test_a_change_that_does_nothing_is_told(copied: tuple[Context, Plan]) -> None:
    context, plan = copied
    for seed in plan.seeds:
        pose_as(context, plan, ("base", seed), ("car2person", seed))
    assert sameness_warnings(context, plan, sealed_runs(context, plan)) == (
        "car2person and base are identical in every seed: the change does nothing",
    )


def test_runs_that_detect_nothing_do_not_blame_the_seed(copied: tuple[Context, Plan]) -> None:
    context, plan = copied
    empty = pack_detections(found([]))
    for seed in plan.seeds:
        for arm in ("base", "car2person"):
            folder = context.run_path(arm, seed)
            (folder / "detections.npz").write_bytes(empty)
            manifest = json.loads((folder / "manifest.json").read_bytes())
            manifest["stages"]["predict"]["detections.npz"] = sha256(empty)
            (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    runs = frozenset((run.arm, run.seed) for run in plan.runs)
    assert sameness_warnings(context, plan, runs) == (
        "seed 0, seed 1 and seed 2 of base are identical: none detects anything",
        "seed 0, seed 1 and seed 2 of car2person are identical: none detects anything",
    )


def test_a_fixed_draw_limits_the_claim(tmp_path: Path) -> None:
    context = context_of(tmp_path, FIXED)
    plan = make_plan(context)
    assert sameness_warnings(context, plan, frozenset()) == (
        "car2person relabels the same instances in every seed: the claim covers this one draw "
        "only, not the share that is relabelled",
    )
    for text in (
        FIXED.replace("ratio = 0.5", "ratio = 1.0"),  # all of them: nothing to draw
        FIXED.replace("[0, 1, 2]", "[0]"),
        SMALL,
    ):
        other = context_of(tmp_path, text)
        assert sameness_warnings(other, make_plan(other), frozenset()) == ()


def test_the_warning_stands_in_the_report(copied: tuple[Context, Plan]) -> None:
    context, plan = copied
    pose_as(context, plan, ("base", 1), ("base", 2))
    html = run_trial(context, plan, workers=1, listen=lambda _: None).report.read_text()
    assert '<p class="notice" role="note" dir="auto">Warning: seed 1 and seed 2 of base' in html
    assert b"seed 1 and seed 2 of base" in (context.folder / "comparison.json").read_bytes()
