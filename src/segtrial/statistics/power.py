"""What a trial of S seeds can see: smallest detectable effects from the noncentral t."""

from __future__ import annotations

import math

from scipy import special, stats

from segtrial.statistics.moderated import MAXIMUM_PRIOR_DF
from segtrial.types.errors import TrialError

MINIMUM_SEEDS = 3  # fewer give no verdict
MAXIMUM_SEEDS = 100_000


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
    fewer than 15 classes can lend theirs. 2.6 for 3 seeds and one test. One seed shows no noise:
    raises TrialError, as for numbers that make no sense.
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
