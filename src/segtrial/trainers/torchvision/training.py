"""The training loop: plain PyTorch, one state file an epoch, resumed bit for bit.

All randomness is drawn from (seed, epoch or iteration), so model, optimizer and history are the
whole state.
"""

from __future__ import annotations

import hashlib
import io
import math
import time
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from segtrial.trainers.torchvision.schedule import learning_rate
from segtrial.types.errors import RunError
from segtrial.types.randomness import key_of
from segtrial.types.recipe import Optimizer, TorchvisionRecipe

if TYPE_CHECKING:
    from segtrial.trainers.port import Workspace
    from segtrial.trainers.torchvision.loader import Loader
    from segtrial.trainers.torchvision.model import Detector
    from segtrial.types.progress import Report

STATE = "training_state.pt"
LOG = "log.jsonl"


def build_optimizer(model: nn.Module, spec: Optimizer) -> torch.optim.Optimizer:
    """SGD or AdamW over the parameters that are trained."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    if spec.kind == "adamw":
        return torch.optim.AdamW(parameters, lr=spec.lr, weight_decay=spec.weight_decay)
    return torch.optim.SGD(
        parameters, lr=spec.lr, momentum=spec.momentum, weight_decay=spec.weight_decay
    )


def seed_torch(*parts: object) -> None:
    """Set torch's generators from (seed, stage, …): the only place where they are set."""
    torch.manual_seed(key_of(*parts) >> 65)


def train(
    model: Detector,
    loader: Loader,
    recipe: TorchvisionRecipe,
    device: torch.device,
    workspace: Workspace,
    report: Report,
) -> list[dict[str, Any]]:
    """Train for the recipe's epochs from the last saved one on; gives the history.

    After each epoch the state is written, and the log is written anew from the history.
    Raises RunError for a loss that is no number, naming the batch's images.
    """
    optimizer = build_optimizer(model, recipe.optimizer)
    epoch, history = _resume(model, optimizer, workspace, device)
    set_training(model, model.frozen)
    while epoch < recipe.epochs:
        report("train", epoch, recipe.epochs, _message(history))
        history.append(_epoch(model, loader, recipe, device, optimizer, epoch))
        epoch += 1
        workspace.write(STATE, _packed(model, optimizer, epoch, history))
        _write_log(workspace, history)
    _write_log(workspace, history)  # the process may have died between state and log
    report("train", epoch, recipe.epochs, _message(history))
    return history


def _write_log(workspace: Workspace, history: list[dict[str, Any]]) -> None:
    workspace.write(LOG, b"".join(msgspec.json.encode(row) + b"\n" for row in history))


def set_training(model: Detector, frozen: list[str]) -> None:
    """Training mode, but for frozen stages: their batch statistics must not move either."""
    model.train()
    for name in frozen:
        model.get_submodule(f"backbone.body.{name}").eval()


def _epoch(
    model: Detector,
    loader: Loader,
    recipe: TorchvisionRecipe,
    device: torch.device,
    optimizer: torch.optim.Optimizer,
    epoch: int,
) -> dict[str, Any]:
    """One pass over the images; gives mean losses, the last rate and the instances served."""
    order = loader.order(epoch)
    size = recipe.batch_size
    per_epoch = math.ceil(len(order) / size)
    sums: dict[str, float] = {}
    served = np.zeros(len(loader.dataset.class_names), np.int64)
    rate = 0.0
    proposals = 0
    for step in range(per_epoch):
        images = order[step * size : (step + 1) * size]
        iteration = epoch * per_epoch + step
        rate = learning_rate(recipe, iteration, per_epoch)
        for group in optimizer.param_groups:
            group["lr"] = rate
        seed_torch(loader.seed, "iteration", iteration)
        batch, targets = loader.batch(images, epoch, device)
        for target in targets:
            served += np.bincount(target["labels"].cpu().numpy() - 1, minlength=len(served))
        losses = _step(model, batch, targets, optimizer, recipe.optimizer.gradient_clip)
        proposals += model.proposals
        _check_finite(losses, f"epoch {epoch + 1}, batch {step + 1}", loader, images)
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + value
    means = {name: round(value / per_epoch, 9) for name, value in sorted(sums.items())}
    return {
        "epoch": epoch + 1,
        "lr": rate,
        "losses": means,
        "proposals_per_image": round(proposals / len(order), 3),
        "served": served.tolist(),
    }


def _check_finite(losses: dict[str, float], when: str, loader: Loader, images: list[int]) -> None:
    for name, value in losses.items():
        if not math.isfinite(value):
            names = ", ".join(loader.dataset.file_name[i] for i in images)
            raise RunError(
                f"{name} is {value} in {when} (images: {names}). "
                "A lower learning rate, a warm-up or a gradient clip may help."
            )


def _step(
    model: Detector,
    batch: Tensor,
    targets: list[dict[str, Tensor]],
    optimizer: torch.optim.Optimizer,
    clip: float | None,
) -> dict[str, float]:
    """One update; gives the losses. A loss that is no number leaves the weights as they were."""
    _, losses = model(batch, targets)
    total = sum(losses.values(), start=torch.zeros((), device=batch.device))
    values = {name: float(value.detach()) for name, value in losses.items()}
    if all(math.isfinite(value) for value in values.values()):
        optimizer.zero_grad()
        total.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
    return values


def _message(history: list[dict[str, Any]]) -> str:
    return f"loss {sum(history[-1]['losses'].values()):.3f}" if history else ""


def _packed(
    model: nn.Module, optimizer: torch.optim.Optimizer, epoch: int, history: list[dict[str, Any]]
) -> bytes:
    body = to_bytes(
        {
            "epoch": epoch,
            "history": history,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
        }
    )
    return hashlib.sha256(body).digest() + body


def to_bytes(value: Any) -> bytes:
    """torch's file format; equal tensors give equal bytes."""
    out = io.BytesIO()
    torch.save(value, out)
    return out.getvalue()


def _resume(
    model: nn.Module, optimizer: torch.optim.Optimizer, workspace: Workspace, device: torch.device
) -> tuple[int, list[dict[str, Any]]]:
    """Epochs done and their history. A state that is damaged is as good as none."""
    data = workspace.read(STATE) or b""
    digest, body = data[:32], data[32:]
    if hashlib.sha256(body).digest() != digest:
        return 0, []
    state = torch.load(io.BytesIO(body), map_location=device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["epoch"]), list(state["history"])


def time_batches(
    model: Detector, loader: Loader, recipe: TorchvisionRecipe, device: torch.device
) -> tuple[float, float]:
    """Seconds of a training step and of one picture's prediction, each timed at its second time.

    The rate is 0, so the model stays as it is.
    """
    optimizer = build_optimizer(model, recipe.optimizer)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    images = loader.order(0)[: recipe.batch_size]
    set_training(model, model.frozen)
    step = picture = 0.0
    for _ in range(2):
        start = time.perf_counter()
        batch, targets = loader.batch(images, 0, device)
        _step(model, batch, targets, optimizer, recipe.optimizer.gradient_clip)
        step = time.perf_counter() - start
    model.eval()
    with torch.inference_mode():
        for _ in range(2):
            start = time.perf_counter()
            model(batch)
            picture = (time.perf_counter() - start) / len(images)
    return step, picture
