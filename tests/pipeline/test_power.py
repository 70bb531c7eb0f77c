"""The planner on a finished trial, on published noise, and what it says."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from msgspec import structs

from segtrial.pipeline.context import Context
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.power import Asked, power_of_pilot, power_of_published, power_table
from segtrial.pipeline.power_words import advice
from segtrial.pipeline.run import run_trial
from segtrial.pipeline.trial_file import parse_trial
from segtrial.statistics import smallest_detectable_effect_in_sd
from segtrial.types.errors import RecordError, TrialError
from tests.pipeline.trials import ORACLE

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.comparison import Comparison

BRIDGE = (("bridge",), np.array([212]), np.array([0.22]))


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Comparison]:
    root = tmp_path_factory.mktemp("pilot")
    trial = parse_trial(ORACLE, where="t.toml")
    context = Context(
        name="t", trial=trial, trial_text=ORACLE, root=root, folder=root / "t", command="test"
    )
    result = run_trial(context, make_plan(context), workers=1, listen=lambda event: None)
    return context.folder, result.comparison


def test_a_pilot_has_the_noise_of_its_comparison(pilot: tuple[Path, Comparison]) -> None:
    folder, comparison = pilot
    found = power_of_pilot(folder, None, Asked(effect=-0.05, seeds=(5, 3)))
    assert [row.name for row in found.classes] == ["car", "person"]
    assert (found.source, found.images, found.tests, found.effect) == ("pilot", 60, 2, 0.05)
    rows = {row.name: row for row in comparison.contrasts[0].classes}
    for one in found.classes:
        assert one.seed_sd == pytest.approx(rows[one.name].seed_sd_moderated)
        assert (one.instances, one.positive_images) == (
            rows[one.name].instances,
            rows[one.name].positive_images,
        )
        assert [row.seeds for row in one.rows] == [3, 5]
        in_sd = smallest_detectable_effect_in_sd(3, 2, prior_df=found.prior_df)
        assert one.rows[0].smallest_conditional == pytest.approx(one.seed_sd * in_sd)
        assert one.rows[0].seed_error == pytest.approx(one.seed_sd * np.sqrt(2 / 3))
        assert one.seed_sd_low < one.seed_sd < one.seed_sd_high
    assert any("1 pair of arms" in note for note in found.notes)


def test_the_image_error_is_that_of_the_population_interval(pilot: tuple[Path, Comparison]) -> None:
    """t-intervals of one class, as the analysis printed them, give its standard errors back."""
    folder, comparison = pilot
    found = {row.name: row for row in power_of_pilot(folder, None, Asked(seeds=(3,))).classes}
    from scipy import stats

    for row in comparison.contrasts[0].classes:
        if row.name not in found:
            continue
        seen = found[row.name].rows[0]
        images, df_images = seen.image_error**2, row.positive_images - 1
        seeds = seen.seed_error**2
        variance = seeds + images
        df = variance**2 / (seeds**2 / row.df + images**2 / df_images)
        half = max(
            stats.t.ppf(0.975, df) * np.sqrt(variance), stats.t.ppf(0.975, row.df) * np.sqrt(seeds)
        )
        low, high = row.interval_population
        assert high - low == pytest.approx(2 * half)


def test_classes_that_cannot_be_planned_say_why(
    pilot: tuple[Path, Comparison], tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(pilot[0], copy)
    plan = json.loads((copy / "plan.json").read_text())
    plan["val_positive_images"] |= {"person": 9, "bridge": 0}
    (copy / "plan.json").write_text(json.dumps(plan))
    found = power_of_pilot(copy, ("person", "bridge", "car"), Asked(effect=0.05))
    person, bridge, car = found.classes
    assert person.reason == "in 9 validation images only; a verdict needs 10"
    assert bridge.reason == "no truth of this class in the validation set"
    for row in (person, bridge):
        assert (row.rows, row.advice, row.seed_sd) == ((), "", None)
    assert car.advice.endswith(".")
    assert len(car.rows) == 4


def test_pilots_without_runs_or_classes_are_refused(
    pilot: tuple[Path, Comparison], tmp_path: Path
) -> None:
    folder, _ = pilot
    with pytest.raises(TrialError, match="no such class"):
        power_of_pilot(folder, ("kar",), Asked())
    with pytest.raises(RecordError, match="holds no trial"):
        power_of_pilot(tmp_path / "none", None, Asked())
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for arm in ("base", "car2person"):
        for seed in (1, 2):
            shutil.rmtree(copy / "runs" / arm / f"seed-{seed}")
    with pytest.raises(TrialError, match="without two runs of one arm"):
        power_of_pilot(copy, None, Asked())
    shutil.rmtree(copy / "runs")
    with pytest.raises(RecordError, match="no finished run"):
        power_of_pilot(copy, None, Asked())


def test_published_noise_needs_no_records() -> None:
    found = power_of_published(*BRIDGE, Asked(effect=0.03, tests=2, share_apart=0))
    (bridge,) = found.classes
    assert (found.source, found.images, bridge.positive_images) == ("published", None, None)
    assert bridge.seeds_conditional == bridge.seeds_population
    assert [row.more_images for row in bridge.rows] == [None, None, 1, 1]
    assert bridge.seed_sd_low is None
    apart = power_of_published(*BRIDGE, Asked(effect=0.03, tests=2, share_apart=0.15)).classes[0]
    assert apart.seeds_conditional == bridge.seeds_conditional
    assert apart.rows[2].smallest_population > bridge.rows[2].smallest_population
    assert apart.rows[2].more_images > 1


def test_an_effect_that_no_seeds_show_is_said_to_be_so() -> None:
    (bridge,) = power_of_published(*BRIDGE, Asked(effect=1e-6)).classes
    assert (bridge.seeds_conditional, bridge.seeds_population) == (None, None)
    assert bridge.advice == "No number of seeds shows ±1e-06 on bridge with 80 % power."


def test_advice_is_a_sentence_for_every_case() -> None:
    (bridge,) = power_of_published(*BRIDGE, Asked(effect=0.03, tests=2, share_apart=0)).classes
    changed = structs.replace(bridge, seeds_conditional=5, seeds_population=5)
    assert advice(changed, 0.03, 0.8, 1000) == (
        "5 seeds and these 1000 images show ±0.03 on bridge with 80 % power; 3 seeds do not."
    )
    changed = structs.replace(changed, seeds_population=8)
    assert advice(changed, 0.03, 0.8, 1000) == (
        "5 seeds show ±0.03 on bridge on these 1000 images with 80 % power; 3 seeds do not; "
        "on other images too it takes 8 seeds."
    )
    rows = (*bridge.rows[:3], structs.replace(bridge.rows[3], more_images=1.6))
    changed = structs.replace(changed, seeds_population=None, rows=rows)
    assert advice(changed, 0.03, 0.8, 1000).endswith("it takes 10 seeds and about 1600 images.")
    assert advice(changed, 0.03, 0.8, None).endswith("10 seeds and 1.6 times as many images.")
    changed = structs.replace(changed, seeds_population=40)
    assert advice(changed, 0.03, 0.8, 1000).endswith("40 seeds, or 10 seeds and about 1600 images.")
    changed = structs.replace(changed, seeds_conditional=3, seeds_population=3)
    assert "no fewer" in advice(changed, 0.03, 0.8, 1000)
    unknown = tuple(
        structs.replace(row, image_error=None, smallest_population=None) for row in rows
    )
    changed = structs.replace(changed, seeds_conditional=5, seeds_population=None, rows=unknown)
    assert advice(changed, 0.03, 0.8, 1000).endswith("what other images add is unknown.")
    assert "is unknown" in advice(changed, None, 0.8, 1000)
    assert advice(bridge, None, 0.9, 1000).startswith("With 5 seeds the smallest change seen on")


def test_the_table_is_the_planners() -> None:
    table = power_table(Asked(tests=3))
    assert (table.seeds, table.tests) == ((2, 3, 5, 10), (1, 2, 3, 10, 45))
    assert table.effects[0][-1] == pytest.approx(7.2, abs=0.05)
    assert table.effects[1][1] == smallest_detectable_effect_in_sd(3, 2)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"effect": 0.0}, "--effect"),
        ({"effect": 1.0}, "--effect"),
        ({"effect": float("nan")}, "--effect"),
        ({"seeds": (1, 3)}, "--seeds"),
        ({"seeds": ()}, "--seeds"),
        ({"power": 1.0}, "--power"),
        ({"power": float("nan")}, "--power"),
        ({"tests": 0}, "--tests"),
    ],
)
def test_numbers_of_which_nothing_can_be_made_are_refused(
    changes: dict[str, object], where: str
) -> None:
    with pytest.raises(TrialError) as caught:
        Asked(**changes)
    assert caught.value.where == where
