"""The learning rate as a pure function of the iteration: nothing to save, nothing to resume."""

from __future__ import annotations

import math

from segtrial.types.recipe import TorchvisionRecipe


def learning_rate(recipe: TorchvisionRecipe, iteration: int, per_epoch: int) -> float:
    """The rate at one iteration (from 0), with `per_epoch` iterations an epoch.

    step: lr · gamma^⌊epoch / step_epochs⌋; one_cycle: cosine lr/25 → lr over the warm-up share
    (Smith 2018, as torch's OneCycleLR with three-phase off), then cosine to lr/10⁴; constant: lr.
    For step and constant the warm-up share rises linearly from lr/1000.
    """
    schedule, lr = recipe.schedule, recipe.optimizer.lr
    total = recipe.epochs * per_epoch
    warm = schedule.warmup * total
    if schedule.kind == "one_cycle":
        if iteration < warm:
            return _cosine(lr / 25, lr, iteration / warm)
        return _cosine(lr, lr / 1e4, (iteration - warm) / max(total - 1 - warm, 1))
    if schedule.kind == "step":
        lr = lr * schedule.gamma ** (iteration // per_epoch // schedule.step_epochs)
    if iteration < warm:
        lr = lr * (0.001 + 0.999 * iteration / warm)
    return lr


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(share, 1.0))) / 2
