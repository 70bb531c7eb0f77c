"""Labels outside a trial: opened with their pictures, and converted to another format."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from segtrial.data.convert import convert
from segtrial.data.pictures import likely_root
from segtrial.data.read import read
from segtrial.data.write import Pictures, SplitName, write_labels
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError, TrialError

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.losses import Loss


def open_labels(
    path: Path, *, images: Path | None, label_format: str, split: str | None
) -> Dataset:
    """The labels at `path`; their pictures in `images` or, where that is None, where they are
    found near the labels. Raises DataError.
    """
    if images is not None and not images.is_dir():
        raise DataError("There is no such picture folder.", where=str(images), expected="a folder")
    dataset = read(path, images, label_format, split=split)
    if dataset.image_root is None:
        return replace(dataset, image_root=likely_root(dataset, path))
    return dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What was written, and what the target could not hold."""

    dataset: Dataset
    losses: tuple[Loss, ...]
    path: Path


def convert_labels(
    source: Dataset,
    out: Path,
    target: LabelFormat,
    *,
    allow_loss: bool,
    split: SplitName,
    pictures: Pictures,
) -> Converted:
    """Write `source` to `out`, a new file or folder, in the format `target`.

    Raises TrialError where `out` exists, or where something would be lost that training or
    evaluation sees and `allow_loss` is off; then nothing is written. What is written appears
    whole or not at all.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise TrialError(
            "There is something already.", where=str(out), expected="a new file or folder"
        )
    prepared, losses = convert(source, target)
    grave = [loss for loss in losses if loss.count and not loss.harmless]
    if grave and not allow_loss:
        raise TrialError(
            f"{target} cannot hold all of these labels.",
            where=source.source,
            expected="labels that the format can hold",
            got="; ".join(loss_line(loss) for loss in grave),
            next_step="choose another format, or accept it with --allow-loss",
        )
    _write_whole(prepared, out, split, pictures)
    return Converted(dataset=prepared, losses=losses, path=out)


def loss_line(loss: Loss) -> str:
    """A loss in one line."""
    return f"{loss.count} {loss.unit}: {loss.what} ({loss.done})"


def _write_whole(dataset: Dataset, out: Path, split: SplitName, pictures: Pictures) -> None:
    """Write beside `out` first: killed, it leaves nothing under the name that was asked for."""
    out.parent.mkdir(parents=True, exist_ok=True)
    stage = out.parent / f".{out.name}.{os.getpid()}.tmp"
    try:
        stage.mkdir()
        write_labels(dataset, stage / out.name, split=split, pictures=pictures)
        if out.is_dir():
            out.rmdir()
        for made in sorted(stage.iterdir()):  # a panoptic file has a folder of PNG beside it
            made.replace(out.parent / made.name)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
