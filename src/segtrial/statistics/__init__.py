"""Scores to Comparison: what a change did, by how much, and whether that is more than noise.

Imports types only. Classes meet in `compare_arms`; the planner asks `power`.
"""

from segtrial.statistics.contrast import compare_arms
from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.intervals import MINIMUM_POSITIVE_IMAGES
from segtrial.statistics.moderated import MAXIMUM_PRIOR_DF
from segtrial.statistics.moderated import MINIMUM_CLASSES as MINIMUM_PRIOR_CLASSES
from segtrial.statistics.moderated import MINIMUM_INSTANCES as MINIMUM_PRIOR_INSTANCES
from segtrial.statistics.power import (
    MINIMUM_SEEDS,
    seeds_needed,
    smallest_detectable_effect_in_sd,
)
from segtrial.statistics.verdict import EXPLORATORY_LEVEL, NAMED_LEVEL

__all__ = [
    "EXPLORATORY_LEVEL",
    "MAXIMUM_PRIOR_DF",
    "MINIMUM_POSITIVE_IMAGES",
    "MINIMUM_PRIOR_CLASSES",
    "MINIMUM_PRIOR_INSTANCES",
    "MINIMUM_SEEDS",
    "NAMED_LEVEL",
    "ContrastInput",
    "compare_arms",
    "seeds_needed",
    "smallest_detectable_effect_in_sd",
]
