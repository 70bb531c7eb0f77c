"""Pretrained weights: a local file or torchvision's name, loaded with a list of what happened."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import nn
from torchvision.models import get_weight

from segtrial.types.errors import InputError
from segtrial.types.recipe import MaskRcnnRecipe, TorchvisionRecipe

ALIASES = {
    ("imagenet", "resnet18"): "ResNet18_Weights.IMAGENET1K_V1",
    ("imagenet", "resnet34"): "ResNet34_Weights.IMAGENET1K_V1",
    ("imagenet", "resnet50"): "ResNet50_Weights.IMAGENET1K_V2",
    ("imagenet", "resnet101"): "ResNet101_Weights.IMAGENET1K_V2",
    ("imagenet", "mobilenet_v3_small"): "MobileNet_V3_Small_Weights.IMAGENET1K_V1",
    ("imagenet", "mobilenet_v3_large"): "MobileNet_V3_Large_Weights.IMAGENET1K_V2",
}
DETECTOR_ALIASES = {
    (True, "resnet50"): "MaskRCNN_ResNet50_FPN_Weights.COCO_V1",
    (False, "resnet50"): "FasterRCNN_ResNet50_FPN_Weights.COCO_V1",
}
_NAME = re.compile(r"[A-Za-z0-9_]+_Weights\.[A-Z0-9_]+")
_PREDICTORS = ("roi_heads.box_predictor.", "roi_heads.mask_predictor.mask_fcn_logits.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of each tensor. Names are the model's, `skipped` the file's."""

    loaded: tuple[str, ...]
    reinitialised: tuple[str, ...]
    skipped: tuple[str, ...]


def resolve(recipe: TorchvisionRecipe, root: Path) -> str | Path | None:
    """None, a torchvision name, or an existing file. Raises InputError for anything else."""
    text = recipe.weights
    if text == "none":
        return None
    alias = ALIASES.get((text, recipe.backbone))
    if text == "coco":
        alias = DETECTOR_ALIASES.get((isinstance(recipe, MaskRcnnRecipe), recipe.backbone))
    if alias:
        return alias
    if _NAME.fullmatch(text):
        try:
            get_weight(text)
        except (ValueError, KeyError) as error:
            raise InputError(
                "torchvision knows no weights of this name.", where="recipe: weights", got=text
            ) from error
        return text
    path = Path(text) if Path(text).is_absolute() else root / text
    if not path.is_file():
        raise InputError(
            "There are no such weights.",
            where="recipe: weights",
            expected='"none", "imagenet", "coco", a torchvision name, or an existing file',
            got=str(path),
            next_step="check the path; it is relative to --data, or to the trial file",
        )
    return path


def digest(source: str | Path | None) -> str:
    """What identifies the weights: a file's SHA-256, or torchvision's name."""
    if isinstance(source, Path):
        return hashlib.sha256(source.read_bytes()).hexdigest()
    return source or "none"


def state_of(source: str | Path) -> dict[str, torch.Tensor]:
    """The tensors, as float32. Files are loaded with `weights_only`: no code of theirs runs.

    torchvision names are taken from torch's cache, or downloaded and checked against their hash.
    """
    try:
        state: Any
        if isinstance(source, Path):
            state = torch.load(source, map_location="cpu", weights_only=True)
        else:
            state = get_weight(source).get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError) as error:
        raise InputError(
            "The weights could not be fetched.",
            where=f'recipe: weights = "{source}"',
            got=str(error),
            next_step="put the file into torch's cache (TORCH_HOME), or name a local file",
        ) from error
    except Exception as error:  # torch.load raises many kinds for a damaged or unsafe file
        raise InputError(
            "The weights cannot be read.",
            where=str(source),
            expected="a state dict that loads with weights_only=True",
            got=(str(error).splitlines() or [type(error).__name__])[0],
        ) from error
    state = state.get("model", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise InputError("The weights are no state dict.", where=str(source))
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}


def load(model: nn.Module, source: str | Path) -> Loaded:
    """Copy every tensor that fits into `model`; the predictors keep their fresh values.

    Weights of a bare backbone go into `backbone.body`; those of a detector go where their names
    say (old torchvision names included). Raises InputError where the backbone is not filled.
    """
    state = state_of(source)
    detector = any(name.startswith("backbone.body.") for name in state)
    renamed = {_modern(name) if detector else f"backbone.body.{name}": name for name in state}
    if not detector and any(name.startswith("features.") for name in state):
        renamed = {f"backbone.body.{name.removeprefix('features.')}": name for name in state}
    target = model.state_dict()
    fits = {
        name: state[old]
        for name, old in renamed.items()
        if name in target
        and target[name].shape == state[old].shape
        and not name.startswith(_PREDICTORS)
    }
    body = [name for name in target if name.startswith("backbone.body.")]
    missing = [n for n in body if n not in fits and not n.endswith("num_batches_tracked")]
    if missing:
        raise InputError(
            "The weights do not fill the recipe's backbone.",
            where=str(source),
            expected=f"all {len(body)} of its tensors, by name and shape",
            got=f"{len(missing)} missing or of another shape, such as {missing[0]}",
            next_step="name the backbone that the weights are of",
        )
    model.load_state_dict(fits, strict=False)
    return Loaded(
        loaded=tuple(fits),
        reinitialised=tuple(name for name in target if name not in fits),
        skipped=tuple(old for name, old in renamed.items() if name not in fits),
    )


PARTS = {
    "backbone": "backbone.body.",
    "feature pyramid": "backbone.fpn.",
    "proposal head": "rpn.head.",
    "box head": "roi_heads.box_head.",
    "mask head": "roi_heads.mask_head.",
}


def filled_parts(loaded: Loaded) -> dict[str, str]:
    """ "pretrained", "partly" or "fresh" for each part of the detector."""
    out = {}
    for part, prefix in PARTS.items():
        counted = [n for n in loaded.reinitialised if not n.endswith("num_batches_tracked")]
        fresh = any(name.startswith(prefix) for name in counted)
        kept = any(name.startswith(prefix) for name in loaded.loaded)
        if kept or fresh:
            out[part] = "fresh" if not kept else "partly" if fresh else "pretrained"
    return out


def _modern(name: str) -> str:
    """Today's name of a detector's tensor in files of before torchvision 0.13."""
    name = re.sub(r"^(backbone\.fpn\.(?:inner|layer)_blocks\.\d)\.(weight|bias)$", r"\1.0.\2", name)
    name = re.sub(r"^rpn\.head\.conv\.(weight|bias)$", r"rpn.head.conv.0.0.\1", name)
    old = re.match(r"^roi_heads\.mask_head\.mask_fcn(\d)\.(weight|bias)$", name)
    return f"roi_heads.mask_head.{int(old[1]) - 1}.0.{old[2]}" if old else name
