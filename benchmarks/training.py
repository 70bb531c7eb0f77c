"""Training step of ours against torchvision's own Mask R-CNN: images a second and peak memory.

    python -m benchmarks.training [--device cuda] [--size 720 1280] [--batch 4] [--steps 10]

Both see the same generated street scenes (boxes and masks of the same labels), ResNet-50-FPN, no
weights, SGD, float32, the same sampling sizes; rounds alternate between the two, medians are
printed. Ours keeps truth masks small; torchvision's gets full-size masks, as its reference loop
builds them. A step is: targets to the device, forward, backward, update.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torchvision
from torchvision.models.detection import maskrcnn_resnet50_fpn

from segtrial.data.read import read
from segtrial.data.streets import write_streets
from segtrial.geometry.rasterise import truth_masks
from segtrial.geometry.runs import decode_mask
from segtrial.trainers.torchvision.loader import Loader
from segtrial.trainers.torchvision.model import build
from segtrial.trainers.torchvision.training import _step
from segtrial.types.recipe import MaskRcnnRecipe
from segtrial.types.trial import Streets


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--size", type=int, nargs=2, default=[720, 1280])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    device = torch.device(args.device)
    with tempfile.TemporaryDirectory() as folder:
        dataset = scenes(Path(folder), tuple(args.size), args.batch)
        recipe = MaskRcnnRecipe(
            image_size=tuple(args.size), norm="frozen_batch", trainable_layers=3
        )
        steps = {
            "segtrial": ours(dataset, recipe, device, args.batch),
            "torchvision": theirs(dataset, recipe, device, args.batch),
        }
        seconds: dict[str, list[float]] = {name: [] for name in steps}
        memory: dict[str, float] = {}
        for _ in range(args.rounds):
            for name, step in steps.items():
                if device.type == "cuda":
                    torch.cuda.reset_peak_memory_stats()
                step()
                sync(device)
                start = time.perf_counter()
                for _ in range(args.steps):
                    step()
                sync(device)
                seconds[name].append((time.perf_counter() - start) / args.steps)
                if device.type == "cuda":
                    memory[name] = torch.cuda.max_memory_allocated() / 2**20
    where = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    print(f"{where}, torch {torch.__version__}, torchvision {torchvision.__version__}")
    print(
        f"{args.size[0]} x {args.size[1]}, batch {args.batch}, "
        f"{dataset.instances / dataset.images:.1f} instances an image"
    )
    for name, values in seconds.items():
        median = np.median(values)
        peak = f", peak {memory[name]:.0f} MB" if name in memory else ""
        print(f"{name:12} {median * 1e3:8.1f} ms a step, {args.batch / median:6.1f} img/s{peak}")
    ratio = [t / s for s, t in zip(seconds["segtrial"], seconds["torchvision"], strict=True)]
    print(f"torchvision / segtrial, time a step: {np.median(ratio):.2f}")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory of the process: {peak_mb} MB")


def scenes(folder: Path, size: tuple[int, int], batch: int):
    write_streets(Streets(train=batch, val=1, seed=3, image_size=size), folder)
    return read(folder / "labels/streets_train.json", folder / "images")


def ours(dataset, recipe, device, batch):
    torch.manual_seed(0)
    model = build(recipe, len(dataset.class_names)).to(device).train()
    loader = Loader(dataset, recipe, 0)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    images = list(range(batch))

    def step() -> None:
        pixels, targets = loader.batch(images, 0, device)
        _step(model, pixels, targets, optimizer, None)

    return step


def theirs(dataset, recipe, device, batch):
    torch.manual_seed(0)
    model = maskrcnn_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=len(dataset.class_names) + 1,
        min_size=min(recipe.image_size),
        max_size=max(recipe.image_size),
    )
    frozen = torchvision.ops.FrozenBatchNorm2d
    replace_norms(model.backbone.body, frozen)
    for name in ("conv1", "bn1", "layer1"):
        for parameter in model.backbone.body.get_submodule(name).parameters():
            parameter.requires_grad = False
    model.to(device).train()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    loader = Loader(dataset, recipe, 0)
    images, targets = [], []
    packed = truth_masks(dataset)
    for i in range(batch):
        rows = loader.labels.rows[i]
        height, width = int(dataset.height_px[i]), int(dataset.width_px[i])
        masks = np.stack([decode_mask(packed, int(r), height=height, width=width) for r in rows])
        images.append(torch.from_numpy(loader.pictures[i].astype(np.float32) / 255))
        targets.append(
            {
                "boxes": loader.labels.boxes[torch.from_numpy(rows)],
                "labels": loader.labels.labels[torch.from_numpy(rows)],
                "masks": torch.from_numpy(masks.astype(np.uint8)),
            }
        )

    def step() -> None:
        moved = [{k: v.to(device) for k, v in target.items()} for target in targets]
        losses = model([image.to(device) for image in images], moved)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        [float(v.detach()) for v in losses.values()]

    return step


def replace_norms(module: torch.nn.Module, frozen: type) -> None:
    for name, child in module.named_children():
        if isinstance(child, torch.nn.BatchNorm2d):
            setattr(module, name, frozen(child.num_features))
        else:
            replace_norms(child, frozen)


def sync(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
