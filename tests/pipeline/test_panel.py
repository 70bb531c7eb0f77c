"""One trial of the oracle from labels to verdict: what was changed is found, the rest is left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segtrial.pipeline.analyse import analyse
from segtrial.pipeline.context import Context
from segtrial.pipeline.execute import sealed_runs
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.run import run_trial
from segtrial.types.comparison import Comparison
from segtrial.types.plan import Plan
from tests.pipeline.test_run_warnings import context_of

PANEL = """
question = "Are the known effects found, and nothing else?"
seeds    = [0, 1, 2]
resamples = 100

[data.streets]
train      = 60
val        = 120
seed       = 9
image_size = [96, 160]
names      = "bdd45"
pictures   = false

[recipe]
model           = "oracle"
hit_seed_sd     = 0.05
false_positives = 2.0
masks           = false

[[arm]]
name = "base"
"""
SWAPS = (
    ("traffic light", "car"),
    ("car", "traffic light"),
    ("traffic sign", "pole"),
    ("pole", "traffic sign"),
    ("person", "car"),
)


def panel_text(seeds: str = "[0, 1, 2]") -> str:
    arms = [
        f'[[arm]]\nname = "arm{i}"\n'
        f'change = {{ swap = {{ host = "{host}", target = "{target}", ratio = 0.6 }} }}\n'
        for i, (host, target) in enumerate(SWAPS)
    ]
    return PANEL.replace("[0, 1, 2]", seeds) + "\n".join(arms)


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> tuple[Context, Plan, Comparison]:
    context = context_of(tmp_path_factory.mktemp("panel"), panel_text())
    plan = make_plan(context)
    result = run_trial(context, plan, workers=1, listen=lambda _: None)
    assert result.failed == ()
    return context, plan, result.comparison


def test_what_was_changed_is_found_and_the_rest_left(
    panel: tuple[Context, Plan, Comparison],
) -> None:
    comparison = panel[2]
    assert comparison.warnings == ()
    p, hosts = [], []
    for contrast in comparison.contrasts:
        hosts += [row for row in contrast.classes if row.role == "host"]
        p += [row.p for row in contrast.classes if row.role == "other" and row.family != "none"]
    assert all(row.verdict == "changed" and (row.difference or 0) < -0.1 for row in hosts)
    # 5 × 20 tests that share one base: .05 of them by chance, and more where it is unlucky
    assert len(p) >= 80
    assert np.mean(np.array(p) < 0.05) < 0.12
    assert np.mean(np.array(p) < 0.5) > 0.3


def test_free_controls_are_on_request_and_leave_touched_classes_out(
    panel: tuple[Context, Plan, Comparison],
) -> None:
    context, plan, comparison = panel
    asked = analyse(context, plan, sealed_runs(context, plan), free_controls=True)
    for contrast, plain in zip(asked.contrasts, comparison.contrasts, strict=True):
        assert contrast.controls.startswith("runs of arms that do not touch a class")
        assert {row.control_runs for row in plain.classes} == {3}
        for row in contrast.classes:
            others = [pair for i, pair in enumerate(SWAPS) if f"arm{i}" != contrast.arm]
            touching = sum(row.name in pair for pair in others) if row.instances else len(others)
            assert row.control_runs == 3 + 3 * (len(others) - touching)


def test_one_seed_says_what_two_checkpoints_show(tmp_path: Path) -> None:
    context = context_of(tmp_path, panel_text("[4]"))
    result = run_trial(context, make_plan(context), workers=1, listen=lambda _: None)
    apart = 0
    for contrast in result.comparison.contrasts:
        assert contrast.verdict.startswith("Cannot tell: one run an arm")
        assert {row.verdict for row in contrast.classes} == {"not testable"}
        host = next(pair for pair in contrast.single_pairs if pair.role == "host")
        low, high = host.interval_images
        assert low is not None
        assert high is not None
        assert low < high
        assert low < 0
        said = contrast.verdict.partition(" On other such images")[0].partition(" Beside ")[0]
        differ = f"{host.name} " in said
        assert differ == (high < 0)
        apart += differ
        touching = sum(host.name in pair for pair in SWAPS) - 1
        assert host.replicates == 5 - touching
        if host.replicates >= 4:
            assert host.p is not None
    assert apart >= 3
