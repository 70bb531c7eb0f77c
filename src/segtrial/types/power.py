"""What it takes to see an effect: the planner's answer."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class SeenWith(Struct, frozen=True, kw_only=True):
    """Two arms of `seeds` runs on one class; errors and effects in AP, None = unknown.

    `seed_error`: standard error of the difference over seeds alone, `image_error`: what the images
    add. `smallest_conditional`: smallest effect found on these images, `smallest_population`: on
    other images of this kind too. `more_images`: how many times as many images make the effect
    asked for visible on others; 1 = these suffice; None = no number does, or no effect was asked.
    """

    seeds: int
    seed_error: float
    image_error: float | None
    smallest_conditional: float
    smallest_population: float | None
    more_images: float | None


class ClassPower(Struct, frozen=True, kw_only=True):
    """One class. `reason`: why nothing can be planned for it, else empty; then `rows` has a row for
    each number of seeds, and `advice` is a sentence for a reader.

    `seed_sd`: of one run, `seed_sd_low`, `seed_sd_high`: its 95 % interval, from a pilot alone.
    `run_image_error`: standard error of one run over images. `seeds_conditional`,
    `seeds_population`: fewest seeds for the effect; None where no number is enough (100,000 and
    200 are searched) or no effect is asked.
    """

    name: str
    instances: int
    positive_images: int | None
    ap: float | None
    seed_sd: float | None
    seed_sd_low: float | None
    seed_sd_high: float | None
    run_image_error: float | None
    rows: tuple[SeenWith, ...]
    seeds_conditional: int | None
    seeds_population: int | None
    advice: str
    reason: str


class PowerPlan(Struct, frozen=True, kw_only=True):
    """What it takes to see an effect of `effect` AP, or, where that is None, what is seen.

    `source`: the noise is a pilot's or published. `tests`: so many classes are tested together, at
    `alpha`, and found with `power`. `images`: of the pilot's validation set. `notes`: what a reader
    should know about the noise.
    """

    source: Literal["pilot", "published"]
    metric: str
    effect: float | None
    power: float
    alpha: float
    tests: int
    prior_df: float
    images: int | None
    classes: tuple[ClassPower, ...]
    notes: tuple[str, ...]


class PowerTable(Struct, frozen=True, kw_only=True):
    """Smallest detectable effects in seed SDs: a row for each of `seeds`, a column for each of
    `tests`.
    """

    power: float
    alpha: float
    prior_df: float
    seeds: tuple[int, ...]
    tests: tuple[int, ...]
    effects: tuple[tuple[float, ...], ...]
