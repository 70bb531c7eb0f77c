"""The exact permutation test over runs: a check beside the moderated t, which decides.

It assumes nothing but that runs of arms that are alike could have been dealt the other way.
Axes: C classes, S runs, P deals.
"""

from __future__ import annotations

import math
from itertools import combinations, islice

import numpy as np

from segtrial.statistics.moderated import SAME_VALUE
from segtrial.types.arrays import Floats

MAXIMUM_DEALS = 200_000  # 10 + 10 runs have 184,756; a second and less
CHUNK = 10_000  # deals at a time: memory
MINIMUM_RUNS = 2  # an arm's; a lone run has no spread to be dealt


def permutation_p(base_SC: Floats, arm_SC: Floats) -> Floats:
    """Share of all deals of the runs whose |difference of means| is at least the observed: (C).

    float64. Every choice of as many runs as the arm has counts once, the one that happened among
    them, so p is never 0; differences equal to 1e-9 count as ties, hence as extreme. NaN where a
    run is undefined, with fewer than 2 runs in an arm, and where there are more than 200,000 deals.
    """
    base, arm = len(base_SC), len(arm_SC)
    p_C = np.full(base_SC.shape[1], np.nan)
    if not _feasible(base, arm):
        return p_C
    runs_SC = np.concatenate([base_SC, arm_SC])
    defined_C = np.all(np.isfinite(runs_SC), axis=0)
    centred_SC = runs_SC[:, defined_C] - runs_SC[:, defined_C].mean(axis=0)
    # the runs sum to 0: a deal's difference is its arm's mean times (1 + arm/base)
    scale = 1 + arm / base
    observed_C = np.abs(centred_SC[base:].mean(axis=0)) * scale
    extreme_C = np.zeros(centred_SC.shape[1], np.int64)
    deals = combinations(range(base + arm), arm)
    while chosen := list(islice(deals, CHUNK)):
        deal_PS = np.zeros((len(chosen), base + arm))
        deal_PS[np.arange(len(chosen))[:, None], np.array(chosen)] = 1
        difference_PC = np.abs(deal_PS @ centred_SC) * (scale / arm)
        extreme_C += np.count_nonzero(difference_PC >= observed_C - SAME_VALUE, axis=0)
    p_C[defined_C] = extreme_C / math.comb(base + arm, arm)
    return p_C


def smallest_permutation_p(base_runs: int, arm_runs: int) -> float | None:
    """The smallest p that so many runs can give, or None where no p is computed.

    1 / number of deals, twice that where both arms have as many runs: the mirrored deal is as
    extreme. 3 + 3 runs: .1; 4 + 4: .029.
    """
    if not _feasible(base_runs, arm_runs):
        return None
    deals = math.comb(base_runs + arm_runs, arm_runs)
    return (2 if base_runs == arm_runs else 1) / deals


def _feasible(base_runs: int, arm_runs: int) -> bool:
    enough = min(base_runs, arm_runs) >= MINIMUM_RUNS
    return enough and math.comb(base_runs + arm_runs, arm_runs) <= MAXIMUM_DEALS
