"""Which images and classes a trial uses: the same lists for every arm.

The order is fixed: classes (`classes.py`), fold (`folds.py`), then for each split images left out
(`leave_out.py`) and the draw (`draw.py`); `splits.py` puts them together. Every choice is keyed by
(seed, stage, image id), so neither a file's order nor the trial's seeds matter.
"""
