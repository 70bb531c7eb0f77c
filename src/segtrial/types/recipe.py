"""Recipes: what all arms of a trial share. One Struct per model kind; unknown keys are refused,
so a key that a model does not use cannot be written down.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1)]
Side = Annotated[int, Meta(ge=16, le=8192)]

LEVELS = 5  # of the feature pyramid

BackboneName = Literal[
    "resnet_tiny",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
]


class _Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=False):
    """A part of a recipe: frozen, keyword-only, unknown keys refused."""


class Anchors(_Part, frozen=True):
    """Anchor boxes: `sizes` in px, one list an FPN level (finest first); `ratios` = height/width,
    the same at every level.
    """

    sizes: tuple[tuple[Count, ...], ...] = ((32,), (64,), (128,), (256,), (512,))
    ratios: Annotated[tuple[Positive, ...], Meta(min_length=1)] = (0.5, 1.0, 2.0)

    def __post_init__(self) -> None:
        lengths = {len(level) for level in self.sizes}
        if len(self.sizes) != LEVELS or len(lengths) != 1 or 0 in lengths:
            raise ValueError(
                f"Expected sizes of {LEVELS} lists of equal length, one a level (strides 4 to 64)"
            )


class Rpn(_Part, frozen=True):
    """The proposal network. Top-k before NMS is per level; after NMS per image."""

    foreground_iou: Fraction = 0.7
    background_iou: Fraction = 0.3
    batch_per_image: Count = 256
    positive_fraction: Fraction = 0.5
    pre_nms_top_n_train: Count = 2000
    pre_nms_top_n_test: Count = 1000
    post_nms_top_n_train: Count = 2000
    post_nms_top_n_test: Count = 1000
    nms_iou: Fraction = 0.7
    score_threshold: Fraction = 0.0


class Roi(_Part, frozen=True):
    """The second stage: RoIs an image in training, and the heads' widths."""

    foreground_iou: Fraction = 0.5
    batch_per_image: Count = 512
    positive_fraction: Fraction = 0.25
    sampling_ratio: Count = 2
    box_head_channels: Count = 1024
    mask_head_channels: Annotated[tuple[Count, ...], Meta(min_length=1)] = (256, 256, 256, 256)
    mini_mask_px: Count = 56  # truth masks are kept at this side length, in the truth box's frame


class Detect(_Part, frozen=True):
    """What becomes a detection."""

    score_threshold: Fraction = 0.05
    nms_iou: Fraction = 0.5
    max_per_image: Count = 100


class Optimizer(_Part, frozen=True):
    """SGD or AdamW; `momentum` is used by SGD alone."""

    kind: Literal["sgd", "adamw"] = "sgd"
    lr: Positive = 0.005
    momentum: Fraction = 0.9
    weight_decay: NotNegative = 0.0005
    gradient_clip: Positive | None = None  # largest norm of the whole gradient


class Schedule(_Part, frozen=True):
    """Learning rate over the run.

    `step`: × `gamma` every `step_epochs`; `one_cycle`: cosine from lr/25 up to lr over the
    warm-up share, then to lr/10⁴; `constant`. `warmup` is a share of all iterations, linear
    for step and constant.
    """

    kind: Literal["step", "one_cycle", "constant"] = "step"
    step_epochs: Count = 3
    gamma: Fraction = 0.1
    warmup: Fraction = 0.0


class TorchvisionRecipe(_Part, frozen=True):
    """A two-stage detector from torchvision's parts.

    `image_size` = [height, width] in px, what the network sees. `weights`: "none", a local file
    (relative to the trial file or to --data), or a torchvision name such as
    "ResNet50_Weights.IMAGENET1K_V2" (backbone) or "MaskRCNN_ResNet50_FPN_Weights.COCO_V1".
    `trainable_layers` = backbone stages trained, counted from the end (0 to 5); None = 3 with
    weights, 5 without. `norm`: batch statistics are frozen with pretrained weights ("auto").
    `threads` = CPU threads of one run: a part of the recipe because sums depend on it.
    """

    backbone: BackboneName = "resnet50"
    weights: str = "none"
    trainable_layers: Annotated[int, Meta(ge=0, le=5)] | None = None
    norm: Literal["auto", "frozen_batch", "batch"] = "auto"
    fpn_channels: Count = 256
    image_size: tuple[Side, Side] = (800, 1344)
    fit: Literal["letterbox"] = "letterbox"
    pixel_mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    pixel_std: tuple[Positive, Positive, Positive] = (0.229, 0.224, 0.225)
    anchors: Anchors = Anchors()
    rpn: Rpn = Rpn()
    roi: Roi = Roi()
    detect: Detect = Detect()
    epochs: Count = 12
    batch_size: Count = 2
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    flip: Fraction = 0.5  # chance of a horizontal flip
    threads: Count = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"


class MaskRcnnRecipe(TorchvisionRecipe, frozen=True, tag_field="model", tag="mask_rcnn"):
    """Mask R-CNN: boxes and masks."""


class FasterRcnnRecipe(TorchvisionRecipe, frozen=True, tag_field="model", tag="faster_rcnn"):
    """Faster R-CNN: boxes only."""


class OracleRecipe(_Part, frozen=True, tag_field="model", tag="oracle"):
    """A trainer without training: truth, perturbed by known error rates.

    Each is a rate over instances unless said otherwise. `hit`: a truth is detected; it is spread
    over classes by a normal of `hit_class_sd` and over seeds by one of `hit_seed_sd` (both on the
    logit scale). `box_jitter`: SD of edge shifts as a share of the box's side; the mask moves with
    its box. `confusion`: a detection bears another class. `false_positives`: mean number an
    image. `response`: how strongly the model follows relabelled training data: of the truths
    of a host, a share `response` × (relabelled / all training instances of the host) is
    called by the target's name.
    """

    hit: Fraction = 0.75
    hit_class_sd: NotNegative = 0.5
    hit_seed_sd: NotNegative = 0.05
    box_jitter: NotNegative = 0.06
    confusion: Fraction = 0.03
    false_positives: NotNegative = 3.0
    response: Fraction = 0.8
    masks: bool = True


Recipe: TypeAlias = MaskRcnnRecipe | FasterRcnnRecipe | OracleRecipe
