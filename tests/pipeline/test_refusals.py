"""What cannot be compared is refused with a message: data, classes or recipes that differ."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from segtrial.pipeline.analyse import analyse
from segtrial.pipeline.context import Context
from segtrial.pipeline.execute import pending_runs, sealed_runs
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.run import run_trial
from segtrial.pipeline.trial_file import parse_trial
from segtrial.trainers.port import Trainer
from segtrial.types.errors import ConfoundedError, RecordError
from segtrial.types.plan import Plan
from tests.pipeline.test_run_warnings import SMALL, context_of

CORE = '["car", "person", "building"]'


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Context, Plan]:
    context = context_of(tmp_path_factory.mktemp("ran"), SMALL)
    plan = make_plan(context)
    assert run_trial(context, plan, workers=1, listen=lambda _: None).failed == ()
    return context, plan


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("val = 20", "val = 19"),  # another list of images
        ("seed = 3", "seed = 4"),  # another validation set
        ("\n[recipe]", f"\nclasses = {CORE}\n\n[recipe]"),  # another list of classes
        ("hit_seed_sd = 0.02", "hit_seed_sd = 0.03"),  # another recipe
    ],
)
def test_runs_of_other_data_classes_or_recipes_are_never_mixed_in(
    ran: tuple[Context, Plan], old: str, new: str
) -> None:
    """The old runs neither count as runs of the new plan nor are they written over."""
    context, _ = ran
    text = SMALL.replace(old, new)
    assert text != SMALL
    changed = replace(context, trial=parse_trial(text, where="t.toml"), trial_text=text)
    plan = make_plan(changed)
    assert sealed_runs(changed, plan) == frozenset()
    with pytest.raises(RecordError, match="a run of something else") as caught:
        pending_runs(changed, plan)
    assert "name another folder with --runs" in str(caught.value)


def test_an_arm_that_differs_in_more_than_its_change_is_refused(tmp_path: Path) -> None:
    text = SMALL.replace("ratio = 0.5 } }", "ratio = 0.5 }, recipe = { hit = 0.6 } }")
    with pytest.raises(ConfoundedError, match="more than one thing") as caught:
        make_plan(context_of(tmp_path, text))
    assert "hit: 0.75 → 0.6" in str(caught.value)


def test_matches_of_other_data_are_refused(ran: tuple[Context, Plan], tmp_path: Path) -> None:
    """The plan's own words are held against what was matched."""
    context, plan = ran
    sealed = sealed_runs(context, plan)
    for changes in (
        {"val_images": plan.val_images - 1},
        {"class_names": plan.class_names[:-1]},
    ):
        with pytest.raises(RecordError, match="matched on other data") as caught:
            analyse(context, msgspec.structs.replace(plan, **changes), sealed)
        assert "base" in str(caught.value)
    shutil.copytree(context.folder, tmp_path / "t")
    copy = replace(context, folder=tmp_path / "t")
    (copy.run_path("base", 0) / "matches.npz").unlink()
    with pytest.raises(RecordError, match="missing"):
        analyse(copy, plan, sealed)


def test_no_checkpoint_can_be_chosen_by_the_validation_images() -> None:
    """A trainer is not given them while it fits: the checkpoint is the last of the run."""
    taken = Trainer.fit.__annotations__
    assert sorted(taken) == ["edits", "job", "report", "return", "train", "workspace"]


def test_a_finished_comparison_holds_all_columns(ran: tuple[Context, Plan]) -> None:
    context, _ = ran
    (contrast,) = json.loads((context.folder / "comparison.json").read_bytes())["contrasts"]
    columns = {
        "class", "role", "instances", "positive_images", "control_runs", "tested_runs", "base",
        "arm", "difference", "interval_conditional", "interval_population", "seed_sd",
        "seed_sd_moderated", "df", "p", "permutation_p", "p_adjusted", "family",
        "smallest_visible", "verdict", "reason",
    }  # fmt: skip
    for row in contrast["classes"]:
        assert columns <= set(row)
        assert row["control_runs"] == row["tested_runs"] == len(row["base_runs"]) == 3
    heads = (context.folder / "comparison.csv").read_text().splitlines()[0].split(",")
    ends = {f"{n}_{e}" for n in columns if n.startswith("interval") for e in ("low", "high")}
    assert {n for n in columns if not n.startswith("interval")} | ends <= set(heads)
    assert contrast["stealth"]["verdict"] in {"equivalent", "not shown"}
    assert contrast["permutation_smallest_p"] == pytest.approx(0.1)
