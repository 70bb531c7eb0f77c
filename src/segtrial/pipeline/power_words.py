"""What the planner says: a sentence of advice for each class, and what to know about its noise.

Nothing is computed here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from segtrial.statistics import MINIMUM_SEEDS
from segtrial.statistics.noise_sources import PUBLISHED_SEED_SD
from segtrial.statistics.wording import count, rounded_up

if TYPE_CHECKING:
    from segtrial.statistics.noise_sources import NoiseSource
    from segtrial.types.power import ClassPower

USUAL_SEEDS = 5


def advice(found: ClassPower, effect: float | None, power: float, images: int | None) -> str:
    """One sentence: how many seeds and images show the effect, or what is shown without one."""
    with_power = f"with {100 * power:.4g} % power"
    if effect is None:
        return _what_is_seen(found, with_power)
    shown = f"±{effect:g} on {found.name}"
    there = f"these {count(images, 'image')}" if images is not None else "one set of such images"
    narrow, wide = found.seeds_conditional, found.seeds_population
    if narrow is None:
        return f"No number of seeds shows {shown} {with_power}."
    if narrow == wide:
        return f"{_seeds(narrow)} and {there} show {shown} {with_power}{_fewer(found, narrow)}."
    text = f"{_seeds(narrow)} show {shown} on {there} {with_power}{_fewer(found, narrow)}"
    if found.rows[0].image_error is None:
        return f"{text}; what other images add is unknown."
    ways = [] if wide is None else [_seeds(wide)]
    if wide is None or wide > found.rows[-1].seeds:
        ways += _with_more_images(found, images)
    if not ways:
        return f"{text}; on other images too it takes more seeds, or more images."
    return f"{text}; on other images too it takes {', or '.join(ways)}."


def why_unknown(positive_images: int, needed: int) -> str:
    """Why a pilot says nothing about a class."""
    if positive_images == 0:
        return "no truth of this class in the validation set"
    if positive_images < needed:
        return f"in {count(positive_images, 'validation image')} only; a verdict needs {needed}"
    return "the pilot's runs give the same value, or none: no noise to plan with"


def published_notes(share_apart: float) -> tuple[str, ...]:
    """What the published noise is, and what it is not."""
    a, b, c = PUBLISHED_SEED_SD
    return (
        f"seed noise: exp({a:g})·n^{b:g}·(AP(1 − AP))^{c:g}, fitted to published tables between "
        "runs of different arms, on classes that none of them touches; a pilot's own is better",
        _assumed(share_apart),
        "at least 15 classes of 20 instances or more must lend their noise; else it takes more",
    )


def pilot_notes(source: NoiseSource, share_apart: float) -> tuple[str, ...]:
    """What the pilot's noise rests on."""
    notes = []
    if source.prior_df == 0:
        notes.append(
            "fewer than 15 classes of 20 instances or more: none lends its noise to another"
        )
    if source.contrasts:
        pairs = count(source.contrasts, "pair")
        notes.append(f"what the images add is measured on {pairs} of arms, not below 0")
    else:
        notes.append(_assumed(share_apart))
    notes.append("that more images make each run steadier, too, is left out")
    return tuple(notes)


def _assumed(share_apart: float) -> str:
    return (
        f"two arms are taken to have {100 * share_apart:g} % of a run's image variance each for "
        "itself (--apart); only a pilot with a changed arm can measure it"
    )


def _what_is_seen(found: ClassPower, with_power: str) -> str:
    row = min(found.rows, key=lambda row: abs(row.seeds - USUAL_SEEDS))
    text = (
        f"With {_seeds(row.seeds)} the smallest change seen on {found.name} {with_power} is "
        f"{rounded_up(row.smallest_conditional)} on these images"
    )
    if row.smallest_population is None:
        return f"{text}; what other images add is unknown."
    return f"{text}, {rounded_up(row.smallest_population)} on others, too."


def _fewer(found: ClassPower, needed: int) -> str:
    """The largest number of seeds in the table that is not enough."""
    fewer = [row.seeds for row in found.rows if row.seeds < needed]
    if needed == MINIMUM_SEEDS:
        return "; a verdict takes no fewer"
    return f"; {_seeds(max(fewer))} do not" if fewer else ""


def _with_more_images(found: ClassPower, images: int | None) -> list[str]:
    """What the largest number of seeds in the table takes, where more images help it."""
    row = found.rows[-1]
    if row.more_images is None:
        return []
    if images is None:
        return [f"{_seeds(row.seeds)} and {rounded_up(row.more_images)} times as many images"]
    return [f"{_seeds(row.seeds)} and about {math.ceil(images * row.more_images)} images"]


def _seeds(number: int) -> str:
    return count(number, "seed")
