"""flow.json: what became of the truths of each relabelled class, in every run of base and arm.

Plain numbers, made by `pipeline/label_flow.py` from each run's `Flow` (types/flow.py).
`None` = undefined, with a `reason`; else the reason is empty. Shares and rates lie in 0–1.
"""

from __future__ import annotations

from msgspec import Struct

from segtrial.types.comparison import Interval


class FlowShare(Struct, frozen=True, kw_only=True):
    """`hits` of the host's `truths`, with the 95 % interval over images, the run fixed.

    `images`: those that hold the truths. `design_effect`: how much less the truths say than
    independent ones.
    """

    hits: int
    truths: int
    images: int
    fraction: float | None
    interval: Interval
    design_effect: float | None
    reason: str


class FlowAppearance(Struct, frozen=True, kw_only=True):
    """Background → target: `count` detections of the target that met no truth of any class.

    They lie in `images_with` of `images` images; `per_image`: their mean, `interval`: 95 %, over
    images.
    """

    count: int
    images_with: int
    images: int
    per_image: float | None
    interval: Interval
    reason: str


class ClassPoint(Struct, frozen=True, kw_only=True, rename={"name": "class"}):
    """Precision and recall of one class at the frozen confidence, matched within the class."""

    name: str
    true_positives: int
    false_positives: int
    missed: int
    precision: float | None
    recall: float | None
    reason: str


class RunFlow(Struct, frozen=True, kw_only=True):
    """What became of the host's truths in one run.

    `kept`: host → host; `success`: host → target; `other`: host → a third class; `missed`: no
    detection took it. Their hits sum to the truths. `appeared`: background → target.
    """

    seed: int
    kept: FlowShare
    success: FlowShare
    other: FlowShare
    missed: FlowShare
    appeared: FlowAppearance
    host: ClassPoint
    target: ClassPoint


class FlowDifference(Struct, frozen=True, kw_only=True):
    """An outcome's share in the arm's run minus that in the base's of the same seed.

    `gained`: truths that count in the arm only; `lost`: in the base only; for `appeared`, which has
    no truths, the numbers in the arm and in the base, and the rest is per image. `interval`: 95 %,
    over images, both runs fixed.
    """

    base: float | None
    arm: float | None
    gained: int
    lost: int
    difference: float | None
    interval: Interval
    reason: str


class PairedFlow(Struct, frozen=True, kw_only=True):
    """The base's and the arm's run of one seed, truth by truth: these two checkpoints, no more.

    `table`: 4 × 4, base outcome × arm outcome, in the order kept, success, other, missed.
    """

    seed: int
    table: tuple[tuple[int, ...], ...]
    kept: FlowDifference
    success: FlowDifference
    other: FlowDifference
    missed: FlowDifference
    appeared: FlowDifference


class MeanOverSeeds(Struct, frozen=True, kw_only=True):
    """A mean over the complete runs, or a difference of two; `interval`: 95 %, over seeds.

    Ends are held within what the value can be: 0 to 1 for a share, −1 to 1 for a difference.
    """

    mean: float | None
    interval: Interval
    reason: str


class FlowMeans(Struct, frozen=True, kw_only=True):
    """Means over the seeds of one arm, or their differences, of what each `RunFlow` holds.

    `appeared`: per image. Precision and recall: at the frozen confidence.
    """

    kept: MeanOverSeeds
    success: MeanOverSeeds
    other: MeanOverSeeds
    missed: MeanOverSeeds
    appeared: MeanOverSeeds
    host_precision: MeanOverSeeds
    host_recall: MeanOverSeeds
    target_precision: MeanOverSeeds
    target_recall: MeanOverSeeds


class PairFlow(Struct, frozen=True, kw_only=True):
    """One (host, target) pair in the base and in the arm.

    `base_runs`, `arm_runs`: the complete ones, in the order of the trial's seeds; `paired`: the
    seeds that both have. `success_difference`: arm − base of the success rate, Welch's t;
    `differences`: the same of everything in `FlowMeans`, descriptive, deciding nothing.
    """

    host: str
    target: str
    truths: int
    base_runs: tuple[RunFlow, ...]
    arm_runs: tuple[RunFlow, ...]
    base: FlowMeans
    arm: FlowMeans
    success_difference: MeanOverSeeds
    paired: tuple[PairedFlow, ...]
    differences: FlowMeans | None = None


class ArmFlow(Struct, frozen=True, kw_only=True):
    """The pairs of one arm that changes labels, all at one confidence.

    `confidence`: frozen on the control: the mean of `base_confidences`, those of the highest
    smoothed mean F1 of its complete runs. `None`: nothing can be said, `reason` says why, and there
    are no pairs.
    """

    arm: str
    control: str
    confidence: float | None
    base_confidences: tuple[float, ...]
    reason: str
    pairs: tuple[PairFlow, ...]


class LabelFlow(Struct, frozen=True, kw_only=True):
    """Every arm of a trial that changes labels. `iou_type`: "box" or "mask", the primary metric's.

    `seeds`: planned for each arm. No such arm: `arms` is empty.
    """

    trial: str
    definition: str
    iou_type: str
    iou_threshold: float
    seeds: int
    arms: tuple[ArmFlow, ...]
