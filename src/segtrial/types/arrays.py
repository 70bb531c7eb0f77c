"""Array aliases and read-only arrays. Axes: N truths, D detections, I images, C classes,
T IoU thresholds, S seeds, B resamples.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int32]
Longs: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Bytes: TypeAlias = npt.NDArray[np.uint8]

IOU_THRESHOLDS: Floats = np.linspace(0.5, 0.95, 10)
IOU_THRESHOLDS.setflags(write=False)


def frozen(array: npt.NDArray[Any], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """A read-only, contiguous array of `dtype`: the same memory where it already fits."""
    fixed = np.ascontiguousarray(array, dtype=dtype)
    view = fixed.view()
    view.setflags(write=False)
    return view
