"""What a report is made of: frozen records, handed in by the pipeline.

No dates and no durations: the same records give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image

from segtrial.types.arrays import Bytes
from segtrial.types.comparison import Comparison
from segtrial.types.errors import RecordError
from segtrial.types.label_flow import LabelFlow
from segtrial.types.plan import Plan

Pixels: TypeAlias = Image.Image | Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One class in one arm: means over the arm's seeds, in [0, 1]; None = undefined.

    `instances`, `images`: truths of the class and images with at least one, in validation.
    """

    arm: str
    name: str
    instances: int
    images: int
    box_ap50: float | None
    box_ap: float | None
    mask_ap50: float | None
    mask_ap: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """One picture of a row, and what it shows ("truth", "base", "arm").

    `image`: a PIL image, or uint8 of shape (H, W, 3), RGB.
    Raises RecordError for any other array.
    """

    label: str
    image: Pixels

    def __post_init__(self) -> None:
        image = self.image
        if isinstance(image, Image.Image):
            return
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
            raise RecordError(
                "a picture that cannot be shown",
                where=f"panel {self.label!r}",
                expected="uint8 of shape (H, W, 3)",
                got=f"{image.dtype} of shape {image.shape}",
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """One validation image, shown side by side: usually truth, base, arm."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """A run without a result, and why."""

    arm: str
    seed: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportInput:
    """All that a report shows.

    `command`: what the reader types to repeat it. `versions`, `hashes`: label → text.
    `edits`: arm → path of its ledger, relative to the report. `flow`: None = not looked at. Raises
    RecordError when the comparison, the scores, the flow or the ledgers speak of an arm that the
    plan does not have.
    """

    plan: Plan
    comparison: Comparison
    command: str
    versions: Mapping[str, str]
    hashes: Mapping[str, str]
    scores: Sequence[ScoreRow]
    pictures: Sequence[Picture] = ()
    failed: Sequence[FailedRun] = ()
    edits: Mapping[str, str]
    flow: LabelFlow | None = None

    def __post_init__(self) -> None:
        known = {arm.name for arm in self.plan.arms}
        spoken = {c.arm for c in self.comparison.contrasts}
        spoken |= {c.control for c in self.comparison.contrasts}
        spoken |= {row.arm for row in self.scores} | {run.arm for run in self.failed}
        flows = () if self.flow is None else self.flow.arms
        spoken |= {arm.arm for arm in flows} | {arm.control for arm in flows}
        unknown = sorted((spoken | set(self.edits)) - known)
        if unknown:
            raise RecordError(
                "the records of a report do not belong together",
                where=f"arm {unknown[0]!r}",
                expected=f"one of the plan's arms: {', '.join(sorted(known))}",
                got=f"{len(unknown)} unknown",
                next_step="render the report from the records of one run folder",
            )
