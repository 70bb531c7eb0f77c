"""The detector: backbone with pyramid, proposal network, RoI heads, on batches of fixed size."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign

from segtrial.trainers.torchvision.backbone import LEVELS, build_body, freeze, with_pyramid
from segtrial.trainers.torchvision.roi_heads import MiniMaskRoIHeads, Targets
from segtrial.types.errors import InputError
from segtrial.types.recipe import MaskRcnnRecipe, TorchvisionRecipe

_ROI_LEVELS = list(LEVELS[:4])


class Detector(nn.Module):
    """Images (B, 3, H, W), normalised and letterboxed → losses, or detections an image.

    `frozen`: names of the backbone's stages that are not trained. `proposals`: how many the
    proposal network kept in the last batch.
    """

    def __init__(
        self, backbone: nn.Module, rpn: nn.Module, roi_heads: nn.Module, frozen: list[str]
    ) -> None:
        super().__init__()
        self.frozen = frozen
        self.proposals = 0
        self.backbone = backbone
        self.rpn = rpn
        self.roi_heads = roi_heads

    def forward(
        self, images: Tensor, targets: Targets | None = None
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """`targets`: per image boxes xyxy (M, 4), labels (M) from 1, masks (M, m, m)."""
        shapes = [(images.shape[2], images.shape[3])] * len(images)
        features = self.backbone(images)
        proposals, rpn_losses = self.rpn(ImageList(images, shapes), features, targets)
        self.proposals = sum(len(boxes) for boxes in proposals)
        detections, losses = self.roi_heads(features, proposals, shapes, targets)
        return detections, losses | rpn_losses


def build(recipe: TorchvisionRecipe, classes: int) -> Detector:
    """A detector for `classes` classes besides background, initialised from torch's generator."""
    body = build_body(recipe)
    backbone = with_pyramid(body, recipe.fpn_channels)
    frozen = freeze(backbone.body, trainable_layers(recipe))
    model = Detector(backbone, _rpn(recipe), _roi_heads(recipe, classes + 1), frozen)
    if trained_without_eps(recipe.weights):
        for module in model.modules():
            if isinstance(module, FrozenBatchNorm2d):
                module.eps = 0.0
    return model


def trainable_layers(recipe: TorchvisionRecipe) -> int:
    """As the recipe says; else 3 of 5 with pretrained weights, and all without."""
    if recipe.trainable_layers is not None:
        return recipe.trainable_layers
    return 5 if recipe.weights == "none" else 3


def trained_without_eps(weights: str) -> bool:
    """Whether these are torchvision's COCO_V1 weights, by name, alias or file name: their frozen
    norms were trained with eps = 0 (torchvision `overwrite_eps`).
    """
    name = weights.rsplit("/", 1)[-1]
    return weights == "coco" or name.endswith("COCO_V1") or "_fpn_coco-" in name


def _rpn(recipe: TorchvisionRecipe) -> RegionProposalNetwork:
    anchors = AnchorGenerator(recipe.anchors.sizes, (recipe.anchors.ratios,) * len(LEVELS))
    rpn = recipe.rpn
    return RegionProposalNetwork(
        anchors,
        RPNHead(recipe.fpn_channels, anchors.num_anchors_per_location()[0]),
        rpn.foreground_iou,
        rpn.background_iou,
        rpn.batch_per_image,
        rpn.positive_fraction,
        {"training": rpn.pre_nms_top_n_train, "testing": rpn.pre_nms_top_n_test},
        {"training": rpn.post_nms_top_n_train, "testing": rpn.post_nms_top_n_test},
        rpn.nms_iou,
        score_thresh=rpn.score_threshold,
    )


def _roi_heads(recipe: TorchvisionRecipe, classes: int) -> MiniMaskRoIHeads:
    roi, channels = recipe.roi, recipe.fpn_channels
    masks: tuple[nn.Module | None, ...] = (None, None, None)
    if isinstance(recipe, MaskRcnnRecipe):
        layers = roi.mask_head_channels
        masks = (
            MultiScaleRoIAlign(_ROI_LEVELS, 14, roi.sampling_ratio),
            MaskRCNNHeads(channels, layers, 1),
            MaskRCNNPredictor(layers[-1], layers[-1], classes),
        )
    return MiniMaskRoIHeads(
        MultiScaleRoIAlign(_ROI_LEVELS, 7, roi.sampling_ratio),
        TwoMLPHead(channels * 49, roi.box_head_channels),
        FastRCNNPredictor(roi.box_head_channels, classes),
        roi.foreground_iou,
        roi.foreground_iou,
        roi.batch_per_image,
        roi.positive_fraction,
        None,
        recipe.detect.score_threshold,
        recipe.detect.nms_iou,
        recipe.detect.max_per_image,
        *masks,
    )


def device_of(recipe: TorchvisionRecipe) -> torch.device:
    """The recipe's device; "auto" = the first GPU if there is one.

    Raises InputError where a GPU is asked for and none is there.
    """
    if recipe.device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "There is no GPU.", where='recipe: device = "cuda"', next_step='use "auto" or "cpu"'
        )
    if recipe.device == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())
