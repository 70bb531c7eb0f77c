"""Masks as run lengths: the one form in which masks are kept.

The runs are COCO's: column-major, background first, so counts of an image of h × w px sum
to h·w. Compressed as COCO's string (one byte per 5 bits), held in one buffer for all masks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.arrays import Bytes, Longs, frozen

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Masks:
    """M masks in COCO's compressed run-length form.

    `data`: uint8, all strings one after another. `offset`: int64, M + 1; mask m is
    `data[offset[m]:offset[m + 1]]`. The image size is the image's, not repeated here.
    """

    data: Bytes
    offset: Longs

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", frozen(self.data, np.uint8))
        object.__setattr__(self, "offset", frozen(self.offset, np.int64))
        if len(self.offset) == 0 or self.offset[0] != 0 or self.offset[-1] != len(self.data):
            raise ValueError("offset must run from 0 to len(data)")

    def __len__(self) -> int:
        return len(self.offset) - 1

    def counts(self, row: int) -> bytes:
        """COCO's compressed counts of one mask."""
        return self.data[self.offset[row] : self.offset[row + 1]].tobytes()

    def take(self, rows: Longs) -> Masks:
        """The masks of `rows`, in that order."""
        return pack_masks([self.counts(int(row)) for row in rows])


def pack_masks(counts: Sequence[bytes]) -> Masks:
    """Masks from COCO's compressed counts, one bytes object a mask."""
    lengths = np.fromiter((len(c) for c in counts), dtype=np.int64, count=len(counts))
    offset = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Masks(data=np.frombuffer(b"".join(counts), dtype=np.uint8), offset=offset)
