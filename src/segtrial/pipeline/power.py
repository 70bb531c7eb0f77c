"""Noise and an effect → what it takes to see it: seeds and images, class by class.

Noise comes from a trial's records or from published tables; formulas are `statistics`'. Sentences
are `power_words`'. Axes: C classes, S seeds, B resamples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import structs

from segtrial.pipeline.power_words import advice, pilot_notes, published_notes, why_unknown
from segtrial.report.text import defined
from segtrial.statistics import MAXIMUM_PRIOR_DF, MINIMUM_POSITIVE_IMAGES, seeds_needed
from segtrial.statistics.noise_sources import (
    SHARE_APART,
    NoiseSource,
    published_noise,
)
from segtrial.statistics.power import (
    Noise,
    Sought,
    more_images_needed,
    seeds_needed_on_other_images,
    smallest_detectable_effect_in_sd,
    smallest_on_other_images,
    smallest_on_these_images,
)
from segtrial.types.errors import TrialError, unknown_class
from segtrial.types.power import ClassPower, PowerPlan, PowerTable, SeenWith

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.arrays import Floats, Longs

SEEDS = (2, 3, 5, 10)
TESTS = (1, 2, 10, 45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be seen: `effect` in AP, either way, or None; `tests`: None = as many as classes.

    `share_apart`: what two arms' image errors do not share, where no pilot measures it.
    """

    effect: float | None = None
    power: float = 0.8
    alpha: float = 0.05
    tests: int | None = None
    seeds: tuple[int, ...] = SEEDS
    share_apart: float = SHARE_APART

    def __post_init__(self) -> None:
        """Raise TrialError for numbers of which nothing can be made."""
        if self.effect is not None and not 0 < abs(self.effect) < 1:
            raise TrialError(
                "There is no such effect on AP.",
                where="--effect",
                expected="a difference between 0 and 1, such as 0.03",
                got=f"{self.effect:g}",
            )
        if not self.seeds or min(self.seeds) < 2:
            raise TrialError(
                "One run an arm cannot tell a change from noise.",
                where="--seeds",
                expected="2 or more, as in 3,5,10",
                got=",".join(map(str, self.seeds)) or "none",
            )
        if not self.alpha < self.power < 1:
            raise TrialError(
                "There is no such power.",
                where="--power",
                expected=f"more than {self.alpha:g}, below 1",
                got=f"{self.power:g}",
            )
        if self.tests is not None and self.tests < 1:
            raise TrialError(
                "Nothing would be tested.",
                where="--tests",
                expected="1 or more",
                got=str(self.tests),
            )


def power_of_published(
    names: tuple[str, ...], instances: Longs, ap_C: Floats, asked: Asked
) -> PowerPlan:
    """From published noise: `instances` int64 (C) and `ap_C` float64 (C) of each class of `names`.

    Raises TrialError for counts and AP for which no noise was published.
    """
    source = published_noise(instances, ap_C, share_apart=asked.share_apart)
    rows = tuple(range(len(names)))
    return _plan(source, "AP", names, rows, None, asked)


def power_of_pilot(folder: Path, names: tuple[str, ...] | None, asked: Asked) -> PowerPlan:
    """From the records of a trial; `names`: None = the classes its arms name.

    Raises RecordError where the folder holds no finished run, TrialError for classes that the trial
    does not know and for a pilot without two runs of one arm.
    """
    from segtrial.pipeline.pilot import (
        measured_noise,
    )  # compiled kernels; published noise needs none
    from segtrial.pipeline.run import reopen_trial

    context, plan = reopen_trial(folder)
    names = names or tuple(dict.fromkeys(n for arm in plan.arms for n in arm.named_classes))
    if not names:
        raise TrialError(
            "The trial's arms name no class.",
            where=str(folder),
            expected="the classes to plan for",
            next_step="name them: --classes bridge,car",
        )
    for name in names:
        if name not in plan.class_names:
            raise unknown_class(
                name, plan.class_names, what="The trial knows no such class", where="--classes"
            )
    source = measured_noise(context, plan, asked.share_apart)
    rows = tuple(plan.class_names.index(name) for name in names)
    return _plan(source, plan.primary, names, rows, plan.val_images, asked)


def power_table(asked: Asked) -> PowerTable:
    """Smallest detectable effects in seed SDs, where 15 classes or more lend their noise."""
    tests = TESTS if asked.tests is None else tuple(sorted({*TESTS, asked.tests}))
    return PowerTable(
        power=asked.power,
        alpha=asked.alpha,
        prior_df=MAXIMUM_PRIOR_DF,
        seeds=asked.seeds,
        tests=tests,
        effects=tuple(
            tuple(smallest_detectable_effect_in_sd(s, t, asked.power, asked.alpha) for t in tests)
            for s in asked.seeds
        ),
    )


def _plan(
    source: NoiseSource,
    metric: str,
    names: tuple[str, ...],
    rows: tuple[int, ...],
    images: int | None,
    asked: Asked,
) -> PowerPlan:
    effect = None if asked.effect is None else abs(asked.effect)
    asked = replace(asked, effect=effect, seeds=tuple(sorted(set(asked.seeds))))
    sought = Sought(
        tests=asked.tests or len(names),
        power=asked.power,
        alpha=asked.alpha,
        prior_df=source.prior_df,
    )
    pilot = images is not None
    return PowerPlan(
        source="pilot" if pilot else "published",
        metric=metric,
        effect=effect,
        power=asked.power,
        alpha=asked.alpha,
        tests=sought.tests,
        prior_df=source.prior_df,
        images=images,
        classes=tuple(
            _class(source, row, name, images, asked, sought)
            for name, row in zip(names, rows, strict=True)
        ),
        notes=pilot_notes(source, asked.share_apart)
        if pilot
        else published_notes(asked.share_apart),
    )


def _class(
    source: NoiseSource, row: int, name: str, images: int | None, asked: Asked, sought: Sought
) -> ClassPower:
    noise = Noise(
        seed_sd=float(source.seed_sd[row]),
        image_variance=float(source.image_variance[row]),
        positive_images=int(source.positive_images[row]),
    )
    known = noise.seed_sd > 0
    rows = tuple(_seen(s, noise, asked.effect, sought) for s in asked.seeds) if known else ()
    few = _seeds_needed(noise, asked.effect, sought) if known else (None, None)
    found = ClassPower(
        name=name,
        instances=int(source.instances[row]),
        positive_images=noise.positive_images if images is not None else None,
        ap=defined(float(source.ap[row])),
        seed_sd=defined(noise.seed_sd),
        seed_sd_low=defined(float(source.seed_sd_ends[row, 0])),
        seed_sd_high=defined(float(source.seed_sd_ends[row, 1])),
        run_image_error=defined(math.sqrt(float(source.run_image_variance[row]))),
        rows=rows,
        seeds_conditional=few[0],
        seeds_population=few[1],
        advice="",
        reason="" if known else why_unknown(noise.positive_images, MINIMUM_POSITIVE_IMAGES),
    )
    said = "" if found.reason else advice(found, asked.effect, asked.power, images)
    return structs.replace(found, advice=said)


def _seen(seeds: int, noise: Noise, effect: float | None, sought: Sought) -> SeenWith:
    conditional = smallest_on_these_images(seeds, noise, sought)
    if math.isnan(noise.image_variance):
        population, more = None, None
    else:
        population = smallest_on_other_images(seeds, noise, sought)
        more = None if effect is None else more_images_needed(effect, seeds, noise, sought)
    return SeenWith(
        seeds=seeds,
        seed_error=noise.seed_sd * math.sqrt(2 / seeds),
        image_error=defined(math.sqrt(noise.image_variance)),
        smallest_conditional=conditional,
        smallest_population=population,
        more_images=more,
    )


def _seeds_needed(
    noise: Noise, effect: float | None, sought: Sought
) -> tuple[int | None, int | None]:
    """For these images, and for others too."""
    if effect is None:
        return None, None
    try:
        conditional = seeds_needed(
            effect / noise.seed_sd,
            sought.tests,
            sought.power,
            sought.alpha,
            prior_df=sought.prior_df,
        )
    except TrialError:  # no number of seeds does
        return None, None
    if math.isnan(noise.image_variance):
        return conditional, None
    return conditional, seeds_needed_on_other_images(effect, noise, sought)
