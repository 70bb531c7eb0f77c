"""Which classes can be tested, in which family, and what is said of each.

Plain words for the report belong here (and the contrast's sentence in `sentence.py`); numbers
come from `estimates.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.equivalence import EQUIVALENCE_LEVEL
from segtrial.statistics.estimates import Estimates
from segtrial.statistics.intervals import MAXIMUM_UNDEFINED, MINIMUM_POSITIVE_IMAGES
from segtrial.statistics.multiplicity import benjamini_hochberg, holm
from segtrial.statistics.power import MINIMUM_SEEDS, detectable_in_standard_errors
from segtrial.statistics.wording import (
    count,
    decimals,
    p_value,
    rounded_up,
    seeds_text,
    signed,
)
from segtrial.types.arrays import Floats
from segtrial.types.comparison import Verdict

Family: TypeAlias = Literal["named", "exploratory", "none"]

NAMED_LEVEL = 0.05  # familywise error
EXPLORATORY_LEVEL = 0.10  # false discovery rate
POWER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """What is said of C classes.

    `family` (C): "named", "exploratory", or "none" = not testable. `p_adjusted`,
    `smallest_visible`: float64 (C), NaN where not testable. `verdict`, `reason` (C).
    """

    family: tuple[Family, ...]
    p_adjusted: Floats
    smallest_visible: Floats
    verdict: tuple[Verdict, ...]
    reason: tuple[str, ...]


def find(inputs: ContrastInput, estimates: Estimates) -> Findings:
    """Families, adjusted p, smallest visible effects, verdicts and reasons.

    Named classes: Holm, level .05; other testable ones: Benjamini–Hochberg, level .10. Families are
    of one contrast, so five contrasts that change nothing call some class changed in 10 to 20 % of
    trials; one family over all of them would do so in 1 to 3 %, but find 10 instead of 35 %
    (3 seeds) or 51 instead of 69 % (5) of what one arm alone moves (`benchmarks.statistics_arms`).
    "changed": adjusted p below the level; else "equivalent": two one-sided tests at .05; else
    "inconclusive".
    Smallest visible: found with 80 % power at the class's moderated standard error, Bonferroni over
    the tests of its family. A class that cannot be tested belongs to no family.
    """
    untestable = untestable_reasons(inputs, estimates)
    family: tuple[Family, ...] = tuple(
        "none" if why else "exploratory" if role == "other" else "named"
        for why, role in zip(untestable, inputs.roles, strict=True)
    )
    p_adjusted_C, visible_C = _family_figures(family, estimates)
    verdict = tuple(
        _verdict(family[c], p_adjusted_C[c], estimates.equivalence_p[c]) for c in range(len(family))
    )
    reason = tuple(
        (why or _reason(c, verdict[c], family, inputs, estimates, (p_adjusted_C[c], visible_C[c])))
        + _population_note(c, estimates)
        for c, why in enumerate(untestable)
    )
    return Findings(
        family=family,
        p_adjusted=p_adjusted_C,
        smallest_visible=visible_C,
        verdict=verdict,
        reason=reason,
    )


def untestable_reasons(inputs: ContrastInput, estimates: Estimates) -> tuple[str, ...]:
    """Why each class cannot be tested, or an empty string.

    Asked in this order: truth, defined runs, positive images (10), seeds (3), any noise at all.
    """
    return tuple(
        unmeasured_reason(inputs, c)
        or seeds_reason(inputs)
        or _no_noise_reason(bool(estimates.noise.same[c]), estimates.noise.standard_error[c])
        for c in range(len(inputs.class_names))
    )


def unmeasured_reason(inputs: ContrastInput, class_index: int) -> str:
    """Why the class has no difference worth printing, whatever the number of seeds."""
    if not inputs.instances[class_index]:
        return "no truth of this class in the validation set"
    runs = np.concatenate([inputs.base_SC[:, class_index], inputs.arm_SC[:, class_index]])
    undefined = int(np.count_nonzero(np.isnan(runs)))
    if undefined:
        return f"the metric is undefined in {undefined} of {len(runs)} runs"
    images = int(inputs.positive_images[class_index])
    if images < MINIMUM_POSITIVE_IMAGES:
        return (
            f"in {count(images, 'validation image')} only; "
            f"a verdict needs {MINIMUM_POSITIVE_IMAGES}"
        )
    return ""


def seeds_reason(inputs: ContrastInput) -> str:
    """Why these runs are too few for any verdict, or an empty string."""
    seeds = inputs.seeds
    fewest = min(seeds)
    if fewest >= MINIMUM_SEEDS:
        return ""
    name = inputs.control if seeds[0] < seeds[1] else inputs.arm
    if fewest == 0:
        return "there are no runs" if seeds == (0, 0) else f"{name} has no runs"
    if fewest == 1:
        same = "one run an arm cannot tell a change from noise"
        return same if seeds == (1, 1) else f"the one run of {name} cannot tell a change from noise"
    if seeds[0] == seeds[1]:
        return f"{fewest} seeds; a verdict needs {MINIMUM_SEEDS}"
    return f"{name} has {fewest} runs; a verdict needs {MINIMUM_SEEDS}"


def _no_noise_reason(same: bool, standard_error: float) -> str:
    if same:
        return "all runs give the same value"
    if not standard_error > 0:
        return "the runs within each arm give the same value, so there is no noise to test against"
    return ""


def _verdict(family: Family, p_adjusted: float, p_equivalence: float) -> Verdict:
    if family == "none":
        return "not testable"
    if p_adjusted < (NAMED_LEVEL if family == "named" else EXPLORATORY_LEVEL):
        return "changed"
    return "equivalent" if p_equivalence < EQUIVALENCE_LEVEL else "inconclusive"


def _family_figures(family: tuple[Family, ...], estimates: Estimates) -> tuple[Floats, Floats]:
    """Adjusted p and smallest visible difference of each class, NaN outside the families."""
    p_adjusted_C = np.full(len(family), np.nan)
    visible_C = np.full(len(family), np.nan)
    for name, adjust, level in (
        ("named", holm, NAMED_LEVEL),
        ("exploratory", benjamini_hochberg, EXPLORATORY_LEVEL),
    ):
        members = np.array([member == name for member in family], np.bool_)
        if not members.any():
            continue
        p_adjusted_C[members] = adjust(estimates.p[members])
        tests = int(members.sum())
        for df in np.unique(estimates.noise.df[members]):
            those = members & (estimates.noise.df == df)
            in_errors = detectable_in_standard_errors(
                float(df), tests=tests, power=POWER, alpha=level
            )
            visible_C[those] = in_errors * estimates.noise.standard_error[those]
    return p_adjusted_C, visible_C


def _reason(
    c: int,
    verdict: Verdict,
    family: tuple[Family, ...],
    inputs: ContrastInput,
    estimates: Estimates,
    figures: tuple[float, float],
) -> str:
    """Why a testable class has its verdict; `figures`: adjusted p, smallest visible."""
    p_adjusted, visible = figures
    if verdict == "inconclusive":
        return f"could have seen {visible_text(visible)} with {seeds_text(inputs.seeds)}"
    if verdict == "equivalent":
        low, high = estimates.equivalence[c]
        digits = decimals(low, high)
        ends = f"{signed(low, digits)} to {signed(high, digits)}"
        return f"the 90 % interval, {ends}, lies within ±{inputs.margin:g}"
    text = p_value(p_adjusted)
    tests = family.count(family[c])
    if tests > 1:
        kind = "named class" if family[c] == "named" else "exploratory class"
        text += f", adjusted for {count(tests, kind)}"
    low, high = estimates.conditional[c]
    return text + (", although the 95 % interval reaches 0" if low <= 0 <= high else "")


def visible_text(smallest: float) -> str:
    """`0.06 or more`; or that even the largest possible difference would be too small."""
    return f"{rounded_up(smallest)} or more" if smallest < 1 else "no change of any size"


def _population_note(c: int, estimates: Estimates) -> str:
    """Why a class with a conditional interval has no population interval, or an empty string."""
    undefined = estimates.undefined_resamples[c]
    if not np.isfinite(estimates.conditional[c, 0]):
        return ""
    if np.isnan(undefined):
        return "; no population interval: no image resamples"
    if undefined > MAXIMUM_UNDEFINED:
        return f"; no population interval: {100 * undefined:.0f} % of the resamples hold no truth"
    return ""
