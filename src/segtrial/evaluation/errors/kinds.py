"""The kinds of errors and their records. Definitions: Bolya et al., TIDE (ECCV 2020), section 3.

Axes: D detections in the order of their Matches, N truths of the Dataset, C classes, K kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from segtrial.types.arrays import Bools, Floats, Ints, Longs, frozen


class ErrorKind(IntEnum):
    """Six kinds of errors, and two that sum them up; the value is the row in `ErrorCosts`.

    Of a detection that met no truth, `own` and `other` being its highest IoU with a truth of its
    class and of any other, f and b the foreground and background thresholds; the first that holds:
    """

    LOCALISATION = 0  # b ≤ own ≤ f
    CLASSIFICATION = 1  # other ≥ f
    DUPLICATE = 2  # own > f: a detection before it took that truth
    BACKGROUND = 3  # own < b and other ≤ b
    BOTH = 4  # what is left: own < b < other < f
    MISSED = 5  # a truth that nothing met and that mending 0 or 1 would not find
    FALSE_POSITIVE = 6  # 0 to 4 together
    FALSE_NEGATIVE = 7  # all truths that nothing met


DETECTION_KINDS = tuple(ErrorKind(value) for value in range(5))
NO_ERROR = -1  # a hit, or ignored


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ErrorTypes:
    """What is wrong with each detection and truth, at one foreground and background threshold.

    `kind`: int8 (D), an ErrorKind or NO_ERROR. `truth_row`: int32 (D), the truth whose IoU made the
    kind (localisation, classification, duplicate), else −1. `missed`, `unmet`: bool (N), MISSED and
    FALSE_NEGATIVE; crowds are neither. `counts`: int64 (K, C), by the class of the detection, of
    the truth for the last two. `background`, `foreground`: IoU.
    """

    foreground: float
    background: float
    kind: npt.NDArray[np.int8]
    truth_row: Ints
    missed: Bools
    unmet: Bools
    counts: Longs

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", frozen(self.kind, np.int8))
        object.__setattr__(self, "truth_row", frozen(self.truth_row, np.int32))
        for field in ("missed", "unmet"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.bool_))
        object.__setattr__(self, "counts", frozen(self.counts, np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ErrorCosts:
    """AP at the foreground threshold, and what it gains when one kind of error is mended.

    `ap`: float64 (C), NaN without truth. `gain`: float64 (K, C), mended AP − AP; NaN without truth,
    and for MISSED and FALSE_NEGATIVE also where no truth of the class is left (`undefined`, int64
    (K): how many classes with truth). Gains of several kinds do not add up.
    """

    ap: Floats
    gain: Floats
    undefined: Longs

    def __post_init__(self) -> None:
        for field in ("ap", "gain"):
            object.__setattr__(self, field, frozen(getattr(self, field), np.float64))
        object.__setattr__(self, "undefined", frozen(self.undefined, np.int64))

    def mean_ap(self) -> float:
        """Over the classes with truth; NaN where there is none."""
        return _mean(self.ap)

    def mean_gain(self, kind: ErrorKind) -> float:
        """Over the classes for which it is defined; NaN where there is none."""
        return _mean(self.gain[kind])


def _mean(values: Floats) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
