"""Sibling controls: the published worked case, hand-sized panels, and error rates by simulation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from segtrial.data.tables.read import read_class_table
from segtrial.data.tables.touched import touched_classes
from segtrial.statistics.base_check import check_base
from segtrial.statistics.sibling_controls import SiblingInput, sibling_contrasts
from segtrial.statistics.sibling_noise import sibling_noise
from segtrial.types.errors import InputError
from segtrial.types.reanalysis import Touch

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats
    from segtrial.types.reanalysis import SiblingContrast

PUBLISHED = Path(__file__).parents[2] / "trials" / "published" / "bdd100k_yolo_seg_1000_images.csv"
CLASSES, INSTANCES = 40, np.geomspace(30, 9000, 40)
AP = np.linspace(0.05, 0.8, CLASSES)
NAMES = tuple(f"c{c}" for c in range(CLASSES))
TRUE_SD = np.exp(-2.1) * INSTANCES**-0.26 * (AP * (1 - AP)) ** 0.5


def published() -> tuple[dict[tuple[str, str], SiblingContrast], SiblingInput]:
    table = read_class_table([str(PUBLISHED)])
    touches, _ = touched_classes(table.arms[:-1], table.class_names, counts=None, said=None)
    inputs = SiblingInput(
        runs=table.arms,
        class_names=table.class_names,
        values_RC=table.of_metric("box mAP50"),
        instances=table.instances,
        touches=touches,
        base="base",
        base_is_control=False,
    )
    rows, _ = sibling_contrasts(inputs)
    return {(row.arm, row.name): row for row in rows}, inputs


@pytest.mark.parametrize(
    ("arm", "name", "published_difference", "difference", "low", "high", "verdict"),
    [
        ("bridge2parking_sign", "parking sign", -0.099, -0.049, -0.071, -0.027, "changed"),
        ("traffic_light2car", "car", -0.045, -0.025, -0.037, -0.013, "changed"),
        ("car2traffic_light", "traffic light", -0.206, -0.171, -0.189, -0.152, "changed"),
        ("bridge2parking_sign", "bridge", -0.092, -0.012, -0.058, 0.035, "inconclusive"),
    ],
)
def test_worked_case(
    arm: str,
    name: str,
    published_difference: float,
    difference: float,
    low: float,
    high: float,
    verdict: str,
) -> None:
    row = published()[0][arm, name]
    figures = (row.published_difference, row.difference, *row.interval)
    assert figures == pytest.approx((published_difference, difference, low, high), abs=5.1e-4)
    assert row.verdict == verdict


def test_worked_case_noise_and_survivors() -> None:
    rows, inputs = published()
    noise = sibling_noise(inputs.values_RC, inputs.siblings(), inputs.instances)
    assert noise.power is not None
    assert noise.power.round(2).tolist() == [-2.11, -0.26, 0.52]
    assert (noise.classes, noise.prior_df) == (36, 4)
    testable = [row for row in rows.values() if row.verdict != "not testable"]
    assert len(testable) == 9
    assert sum(row.verdict == "changed" for row in testable) == 3
    assert rows["train2bus", "train"].reason == "7 instances; a verdict needs 20"
    assert rows["car2traffic_light", "car"].siblings == (
        *("bridge2parking_sign", "banner2traffic_sign", "train2bus"),
    )


def test_worked_case_base() -> None:
    _, inputs = published()
    touched = {touch.name for touch in inputs.touches}
    untouched = np.array([name not in touched for name in inputs.class_names])
    base = check_base(
        inputs.values_RC[-1],
        inputs.values_RC[:-1],
        inputs.runs[:-1],
        untouched & (inputs.instances >= 20),
    )
    assert (base.verdict, base.classes) == ("not a control", 29)
    assert [arm.lower for arm in base.arms] == [26, 28, 26, 25, 27]
    assert base.shift == pytest.approx(-0.04, abs=0.005)
    assert np.median([arm.median_difference for arm in base.arms]) == pytest.approx(-0.039)


def panel(runs: Floats, touches: tuple[Touch, ...], **changes: object) -> SiblingInput:
    given: dict[str, object] = {
        "runs": tuple(f"a{r}" for r in range(len(runs))),
        "class_names": NAMES[: runs.shape[1]],
        "values_RC": runs,
        "instances": INSTANCES[: runs.shape[1]],
        "touches": touches,
        "base": None,
        "base_is_control": False,
    }
    return SiblingInput(**given | changes)  # type: ignore[arg-type]


def touch(run: int, column: int = 0) -> Touch:
    return Touch(arm=f"a{run}", name=NAMES[column], role="host")


def test_without_a_fit_it_is_the_plain_t_of_one_run_against_its_siblings() -> None:
    values = np.array([[0.5], [0.61], [0.6], [0.62], [0.63]])
    (row,), noise = sibling_contrasts(panel(values, (touch(0),)))
    assert noise.power is None
    siblings = values[1:, 0]
    error = siblings.std(ddof=1) * np.sqrt(1 + 1 / 4)
    difference = 0.5 - siblings.mean()
    assert row.difference == pytest.approx(difference)
    assert (row.df, row.sd_moderated) == (3, pytest.approx(siblings.std(ddof=1)))
    assert row.p == pytest.approx(2 * stats.t.sf(abs(difference) / error, 3))
    half = stats.t.ppf(0.975, 3) * error
    assert row.interval == pytest.approx((difference - half, difference + half))


def test_runs_that_touch_the_class_and_doubted_bases_are_no_siblings() -> None:
    rng = np.random.default_rng(0)
    values = np.clip(AP + TRUE_SD * rng.normal(size=(7, CLASSES)), 0, 1)
    values[2, 5] = np.nan
    touches = (touch(0, 5), touch(1, 5))
    (row, _), _ = sibling_contrasts(panel(values, touches, base="a6"))
    assert row.siblings == ("a3", "a4", "a5")
    assert row.published_difference == pytest.approx(values[0, 5] - values[6, 5])
    (row, _), _ = sibling_contrasts(panel(values, touches, base="a6", base_is_control=True))
    assert row.siblings == ("a3", "a4", "a5", "a6")


def test_what_cannot_be_tested_says_why() -> None:
    values = np.full((5, 3), 0.5)
    values[:, 1] = [np.nan, 0.1, 0.2, 0.3, 0.4]
    values[:, 2] = [0.3, 0.1, np.nan, 0.2, np.nan]
    rows, _ = sibling_contrasts(panel(values, (touch(0, 0), touch(0, 1), touch(0, 2))))
    assert [row.reason for row in rows] == [
        "the siblings show no noise to test against",
        "undefined in this arm",
        "2 other arms leave this class alone; a verdict needs 3",
    ]
    assert {row.verdict for row in rows} == {"not testable"}
    assert {row.p_adjusted for row in rows} == {None}


def test_no_counts_at_all_still_fit_on_ap() -> None:
    rng = np.random.default_rng(1)
    values = np.clip(AP + 0.02 * rng.normal(size=(6, CLASSES)), 0.001, 0.999)
    unstated = np.full(CLASSES, np.nan)
    (row,), noise = sibling_contrasts(panel(values, (touch(0, 9),), instances=unstated))
    assert noise.power is not None
    assert noise.power[1] == 0
    assert (row.instances, row.verdict) == (None, "inconclusive")


def test_classes_in_another_order_give_the_same() -> None:
    _, inputs = published()
    order = np.random.default_rng(2).permutation(len(inputs.class_names))
    turned = SiblingInput(
        runs=inputs.runs,
        class_names=tuple(inputs.class_names[c] for c in order),
        values_RC=inputs.values_RC[:, order],
        instances=inputs.instances[order],
        touches=inputs.touches,
        base="base",
        base_is_control=False,
    )
    before, _ = sibling_contrasts(inputs)
    after, _ = sibling_contrasts(turned)
    for one, other in zip(before, after, strict=True):
        assert one.name == other.name
        assert one.p == (None if other.p is None else pytest.approx(other.p, rel=1e-9))


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError):
        panel(np.zeros((3, 4)), (), instances=np.ones(3))


def simulate(
    seed: int, *, arms: int, effect_sd: float, panels: int, heavy: bool = False
) -> tuple[float, float, float]:
    """Raw share below .05, share called changed, and share of panels with any such.

    Arms of one run: noise by the power law with a spread of its own for each class (5.4 df, as
    fitted to the published tables), a run effect that classes share, three printed digits; each
    arm touches two classes of its own, which take the same effect in SDs. `heavy`: noise has the
    tails of a t with 4 df.
    """
    rng = np.random.default_rng(seed)
    raw, changed, any_changed = [], [], []
    for _ in range(panels):
        sd_C = TRUE_SD * np.sqrt(5.4 / rng.chisquare(5.4, CLASSES))
        size = (arms, CLASSES)
        noise = rng.standard_t(4, size=size) / np.sqrt(2) if heavy else rng.normal(size=size)
        values = AP + sd_C * noise + 0.003 * rng.normal(size=(arms, 1))
        touched = rng.choice(CLASSES, 2 * arms, replace=False)
        touches = tuple(touch(i // 2, int(c)) for i, c in enumerate(touched))
        values[np.arange(2 * arms) // 2, touched] += effect_sd * sd_C[touched]
        rows, _ = sibling_contrasts(panel(np.clip(values, 0, 1).round(3), touches))
        raw += [row.p < 0.05 for row in rows if row.p is not None]
        changed += [row.verdict == "changed" for row in rows]
        any_changed.append(any(changed[-len(rows) :]))
    return float(np.mean(raw)), float(np.mean(changed)), float(np.mean(any_changed))


@pytest.mark.parametrize("arms", [4, 5])
def test_false_positives_stay_at_their_level(arms: int) -> None:
    raw, _, familywise = simulate(7, arms=arms, effect_sd=0, panels=150)
    assert 0.025 < raw < 0.065
    assert familywise < 0.09


def test_heavy_tails_leave_the_raw_level() -> None:
    raw, _, familywise = simulate(7, arms=5, effect_sd=0, panels=150, heavy=True)
    assert 0.025 < raw < 0.07
    assert familywise < 0.2  # docs/reanalysis.md says so


def test_large_effects_are_found() -> None:
    raw, changed, _ = simulate(8, arms=5, effect_sd=-6, panels=40)
    assert raw > 0.9
    assert changed > 0.8


def base_verdicts(shift: float, *, arms: int = 5, noise: float = 0.003) -> list[str]:
    rng = np.random.default_rng(9)
    verdicts = []
    for _ in range(150):
        runs = AP + TRUE_SD * rng.normal(size=(arms + 1, CLASSES))
        runs = np.clip(runs + noise * rng.normal(size=(arms + 1, 1)), 0, 1)
        names = tuple(f"a{a}" for a in range(arms))
        every = np.ones(CLASSES, np.bool_)
        verdicts.append(check_base(runs[0] + shift, runs[1:], names, every).verdict)
    return verdicts


def test_a_sound_base_is_seldom_refused_and_a_shifted_one_mostly() -> None:
    assert base_verdicts(0).count("not a control") < 0.1 * 150
    assert base_verdicts(0, noise=0).count("agrees") > 0.8 * 150
    assert base_verdicts(0.03).count("not a control") > 0.9 * 150
    assert "agrees" not in base_verdicts(0.03)


def test_few_arms_or_classes_say_nothing_of_the_base() -> None:
    runs = np.array([[0.5, 0.4, 0.3, 0.2], [0.4, 0.3, 0.2, 0.1], [0.5, 0.3, 0.2, 0.1]])
    every = np.ones(4, np.bool_)
    found = check_base(runs[0], runs[1:], ("a", "b"), every)
    assert (found.verdict, found.p, found.classes) == ("cannot tell", None, 4)
    assert [(a.lower, a.higher, a.equal) for a in found.arms] == [(4, 0, 0), (3, 0, 1)]
    assert found.arms[0].sign_p == pytest.approx(0.125)
    none = check_base(runs[0], runs[1:], ("a", "b"), np.zeros(4, np.bool_))
    assert (none.classes, none.arms) == (0, ())
