"""What a trial of S seeds can see: smallest detectable effects from the noncentral t.

In units of the seed SD for any class, or in AP for one whose noise is known (`noise_sources`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special, stats

from segtrial.statistics.moderated import MAXIMUM_PRIOR_DF
from segtrial.types.errors import TrialError

MINIMUM_SEEDS = 3  # fewer give no verdict
MAXIMUM_SEEDS = 100_000
MAXIMUM_SEEDS_AND_IMAGES = 200  # searched one by one: more seeds than anybody trains
MAXIMUM_MORE_IMAGES = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Noise of one class, in the metric's unit.

    `seed_sd`: of one run over seeds; `image_variance`: what the images there are add to the
    variance of a difference beyond its seeds; `positive_images`: of them, that hold the class.
    """

    seed_sd: float
    image_variance: float
    positive_images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """How an effect is to be found: with `power`, at `alpha`, among so many `tests`.

    `prior_df`: 4, the full weight of the other classes, or 0 where fewer than 15 lend theirs.
    """

    tests: int
    power: float = 0.8
    alpha: float = 0.05
    prior_df: float = MAXIMUM_PRIOR_DF


def detectable_in_standard_errors(df: float, *, tests: int, power: float, alpha: float) -> float:
    """Smallest true difference found with probability `power`, in standard errors of d.

    δ with P(T_df(δ) > t(1 − alpha/(2·tests); df)) = power, T noncentral t: two-sided test,
    Bonferroni over `tests` (so a bound for Holm and Benjamini–Hochberg), found with its right
    sign. Raises TrialError unless df > 0, tests ≥ 1, 0 < alpha < power < 1.
    """
    if not (df > 0 and tests >= 1 and 0 < alpha < power < 1):
        raise TrialError(
            "no effect can be computed from these numbers",
            expected="df > 0, at least 1 test, 0 < alpha < power < 1",
            got=f"df {df}, tests {tests}, alpha {alpha}, power {power}",
        )
    critical = float(stats.t.isf(alpha / tests / 2, df))
    return float(special.nctdtrinc(df, 1 - power, critical))


def smallest_detectable_effect_in_sd(
    seeds: int,
    tests: int,
    power: float = 0.8,
    alpha: float = 0.05,
    *,
    prior_df: float = MAXIMUM_PRIOR_DF,
) -> float:
    """Smallest difference of two arms of `seeds` runs found with `power`, in seed SDs of a run.

    δ·√(2/S) with df = 2(S − 1) + `prior_df`: 4, the full weight of the other classes, or 0 where
    fewer than 15 classes can lend theirs. 2.6 for 3 seeds and one test; 7.2 for 2 seeds and 45
    tests, by quadrature and by simulation (tables that read 6.9 there have a power of 75 %). One
    seed shows no noise: raises TrialError, as for numbers that make no sense.
    """
    if seeds < 2:
        raise TrialError(
            "one run an arm cannot tell a change from noise",
            expected="2 seeds or more",
            got=str(seeds),
            next_step=f"plan {MINIMUM_SEEDS} seeds or more",
        )
    df = 2 * (seeds - 1) + prior_df
    delta = detectable_in_standard_errors(df, tests=tests, power=power, alpha=alpha)
    return delta * math.sqrt(2 / seeds)


def seeds_needed(
    effect_in_sd: float,
    tests: int,
    power: float = 0.8,
    alpha: float = 0.05,
    *,
    prior_df: float = MAXIMUM_PRIOR_DF,
) -> int:
    """Fewest seeds an arm that find a difference of `effect_in_sd` seed SDs with `power`.

    The same formula, searched by halving; at least 3, the fewest that a verdict takes. Raises
    TrialError for an effect that is not positive, or so small that 100,000 seeds would not do.
    """

    def found_with(seeds: int) -> bool:
        smallest = smallest_detectable_effect_in_sd(seeds, tests, power, alpha, prior_df=prior_df)
        return smallest <= effect_in_sd

    if not effect_in_sd > 0 or not found_with(MAXIMUM_SEEDS):
        raise TrialError(
            "no number of seeds can show this effect",
            expected="an effect in seed SDs, greater than 0",
            got=str(effect_in_sd),
        )
    low, high = MINIMUM_SEEDS - 1, MAXIMUM_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found_with(middle) else (middle, high)
    return high


def smallest_on_these_images(seeds: int, noise: Noise, sought: Sought) -> float:
    """Smallest difference of two arms of `seeds` runs found, in AP: would retraining repeat it?

    `smallest_detectable_effect_in_sd` · seed SD; the same errors.
    """
    return noise.seed_sd * smallest_detectable_effect_in_sd(
        seeds, sought.tests, sought.power, sought.alpha, prior_df=sought.prior_df
    )


def smallest_on_other_images(
    seeds: int, noise: Noise, sought: Sought, *, more_images: float = 1.0
) -> float:
    """Smallest difference found beyond these images too, in AP, with `more_images` times as many.

    δ(df)·√V, V = V_seed + V_img/m, V_seed = 2·SD²/S, m = `more_images`; df by Satterthwaite:
    V²/(V_seed²/(2(S − 1) + prior) + (V_img/m)²/(m·n_pos − 1)). Never below the effect on these
    images: a wider claim must not look easier. That more images make each run steadier, too, is
    left out. Errors as `smallest_on_these_images`.
    """
    narrow = smallest_on_these_images(seeds, noise, sought)
    if noise.image_variance == 0:
        return narrow
    of_seeds, of_images = 2 * noise.seed_sd**2 / seeds, noise.image_variance / more_images
    spread = of_seeds**2 / (2 * (seeds - 1) + sought.prior_df)
    spread += of_images**2 / max(noise.positive_images * more_images - 1, 1)
    variance = of_seeds + of_images
    delta = detectable_in_standard_errors(
        variance**2 / spread, tests=sought.tests, power=sought.power, alpha=sought.alpha
    )
    return max(narrow, delta * math.sqrt(variance))


def seeds_needed_on_other_images(effect: float, noise: Noise, sought: Sought) -> int | None:
    """Fewest seeds, from 3 to 200, that find `effect` beyond these images; None where none do."""
    for seeds in range(MINIMUM_SEEDS, MAXIMUM_SEEDS_AND_IMAGES + 1):
        if smallest_on_other_images(seeds, noise, sought) <= effect:
            return seeds
    return None


def more_images_needed(effect: float, seeds: int, noise: Noise, sought: Sought) -> float | None:
    """How many times as many images let `seeds` seeds find `effect` on other images, too.

    1 where those there are suffice; None where it takes more seeds, whatever the images, or more
    than a million times as many. To a thousandth, found by halving.
    """

    def found_with(more_images: float) -> bool:
        return smallest_on_other_images(seeds, noise, sought, more_images=more_images) <= effect

    if found_with(1.0):
        return 1.0
    if not found_with(MAXIMUM_MORE_IMAGES):
        return None
    low, high = 1.0, MAXIMUM_MORE_IMAGES
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if found_with(middle) else (middle, high)
    return high
