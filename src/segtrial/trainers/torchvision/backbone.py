"""Backbones with a feature pyramid: five levels, strides 4, 8, 16, 32 and 64."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torchvision.models import mobilenetv3, resnet
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.ops import FrozenBatchNorm2d
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from segtrial.types.recipe import TorchvisionRecipe

LEVELS = ("0", "1", "2", "3", "pool")
STAGES = 5  # stem and four stages: what `trainable_layers` counts

Norm = Callable[[int], nn.Module]


class TinyResNet(nn.Module):
    """A five-stage ResNet of 0.5 M parameters for small pictures: 16, 32, 64, 96, 128 channels."""

    def __init__(self, norm: Norm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False)
        self.bn1 = norm(16)
        self.relu = nn.ReLU(inplace=True)
        widths = (16, 32, 64, 96, 128)
        for stage in range(1, 5):
            self.add_module(f"layer{stage}", _stage(widths[stage - 1], widths[stage], norm))

    def forward(self, images: Tensor) -> Tensor:
        """Not used: the pyramid takes the stages one by one."""
        raise NotImplementedError


def _stage(before: int, after: int, norm: Norm) -> nn.Sequential:
    shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride=2, bias=False), norm(after))
    return nn.Sequential(resnet.BasicBlock(before, after, 2, shortcut, norm_layer=norm))


def norm_is_frozen(recipe: TorchvisionRecipe) -> bool:
    """Frozen batch statistics with pretrained weights, unless the recipe says otherwise."""
    return recipe.norm == "frozen_batch" or (recipe.norm == "auto" and recipe.weights != "none")


def norm_of(recipe: TorchvisionRecipe) -> Norm:
    """The normalisation layer of the recipe."""
    return FrozenBatchNorm2d if norm_is_frozen(recipe) else nn.BatchNorm2d


def build_body(recipe: TorchvisionRecipe) -> nn.Module:
    """The bare backbone, initialised from torch's generator; weights are loaded elsewhere."""
    norm = norm_of(recipe)
    name = recipe.backbone
    if name == "resnet_tiny":
        return TinyResNet(norm)
    if name.startswith("resnet"):
        body = getattr(resnet, name)(weights=None, norm_layer=norm)
        del body.fc
        return body  # type: ignore[no-any-return]
    return getattr(mobilenetv3, name)(weights=None, norm_layer=norm).features  # type: ignore[no-any-return]


def stages_of(body: nn.Module) -> list[list[str]]:
    """Names of the children that make up the stem and the four stages, in order."""
    names = [name for name, _ in body.named_children()]
    if "layer1" in names:
        stem = [name for name in names if not name.startswith("layer")]
        return [stem, ["layer1"], ["layer2"], ["layer3"], ["layer4"]]
    # MobileNetV3: a stage begins where the stride doubles; torchvision marks it with `_is_cn`.
    blocks = list(body.children())
    starts = [0, *(i for i, block in enumerate(blocks) if getattr(block, "_is_cn", False))]
    bounds = [*starts, len(blocks)]
    groups = [[str(k) for k in range(a, b)] for a, b in pairwise(bounds)]
    stem = [name for group in groups[:-4] for name in group]
    return [stem, *groups[-4:]]


def freeze(body: nn.Module, trainable_layers: int) -> list[str]:
    """Stop gradients in all but the last `trainable_layers` stages; gives the frozen names."""
    frozen = [name for stage in stages_of(body)[: STAGES - trainable_layers] for name in stage]
    for name in frozen:
        for parameter in body.get_submodule(name).parameters():
            parameter.requires_grad = False
    return frozen


def with_pyramid(body: nn.Module, channels: int) -> BackboneWithFPN:
    """The four stages behind a feature pyramid of `channels`, and a pooled fifth level."""
    last = [stage[-1] for stage in stages_of(body)[1:]]
    widths = _widths(body, last)
    return BackboneWithFPN(
        body,
        return_layers=dict(zip(last, LEVELS, strict=False)),
        in_channels_list=widths,
        out_channels=channels,
        extra_blocks=LastLevelMaxPool(),
    )


def _widths(body: nn.Module, last: list[str]) -> list[int]:
    """Output channels of each named child, measured on an empty picture."""
    widths: list[int] = []
    value = torch.zeros(1, 3, 64, 64)
    training = body.training
    body.eval()
    with torch.no_grad():
        for name, child in body.named_children():
            if name in {"avgpool", "fc"}:
                continue
            value = child(value)
            if name in last:
                widths.append(value.shape[1])
    body.train(training)
    return widths
