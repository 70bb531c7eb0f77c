"""Scores to Comparison: what a change did, by how much, and whether that is more than noise.

Imports types only. Classes meet in `compare_arms`; the planner asks `power`.
"""

from segtrial.statistics.contrast import compare_arms
from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.power import seeds_needed, smallest_detectable_effect_in_sd

__all__ = ["ContrastInput", "compare_arms", "seeds_needed", "smallest_detectable_effect_in_sd"]
