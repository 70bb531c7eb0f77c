"""A recipe as it acts: defaults resolved, and keys that this model does not read left out."""

from __future__ import annotations

from typing import Any

import msgspec

from segtrial.trainers.torchvision.backbone import norm_is_frozen
from segtrial.trainers.torchvision.model import trainable_layers
from segtrial.types.recipe import MaskRcnnRecipe, TorchvisionRecipe


def effective_recipe(recipe: TorchvisionRecipe) -> dict[str, Any]:
    """Plain nested tables. Left out: mask keys without masks, momentum without SGD, the step keys
    of other schedules, `device` (it is part of the environment). Resolved: `norm`,
    `trainable_layers`.
    """
    plain: dict[str, Any] = msgspec.to_builtins(recipe)
    plain["norm"] = "frozen_batch" if norm_is_frozen(recipe) else "batch"
    plain["trainable_layers"] = trainable_layers(recipe)
    del plain["device"]
    if not isinstance(recipe, MaskRcnnRecipe):
        for key in ("mask_head_channels", "mini_mask_px"):
            del plain["roi"][key]
    if recipe.optimizer.kind != "sgd":
        del plain["optimizer"]["momentum"]
    if recipe.schedule.kind != "step":
        for key in ("step_epochs", "gamma"):
            del plain["schedule"][key]
    return plain
