"""Labels outside a trial: opened with their pictures, and converted to another format."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from segtrial.data.convert import convert
from segtrial.data.pictures import likely_root, missing_pictures, turned_pictures
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
    if split not in {None, *get_args(SplitName)}:
        expected = ", ".join(get_args(SplitName))
        raise TrialError("There is no such split.", where="--split", expected=expected)
    dataset = read(path, images, label_format, split=split)
    if split is not None and dataset.label_format != LabelFormat.YOLO_SEG:
        raise TrialError(
            "These labels have no splits.",
            where="--split",
            expected=f"{LabelFormat.YOLO_SEG} labels",
            got=str(dataset.label_format),
        )
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

    Raises TrialError where `out` or what lies beside it would be written over, or where something
    would be lost that training or evaluation sees and `allow_loss` is off; DataError where the
    pictures do not allow it. Then nothing is written. What is written appears whole or not at all.
    """
    _check_target(out, target)
    _check_pictures(source, target, pictures)
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
    unit = loss.unit.removesuffix("s") if loss.count == 1 else loss.unit
    return f"{loss.count} {unit}: {loss.what} ({loss.done})"


def _check_target(out: Path, target: LabelFormat) -> None:
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise TrialError(
            "There is something already.", where=str(out), expected="a new file or folder"
        )
    if target == LabelFormat.COCO_PANOPTIC and out.suffix != ".json":
        raise TrialError(
            "Panoptic labels are a JSON file and a folder of its name.",
            where=str(out),
            expected="a name that ends in .json",
            next_step=f"write {out.name}.json",
        )
    folder = out.with_suffix("")
    if target == LabelFormat.COCO_PANOPTIC and folder.exists():
        raise TrialError("There is something already.", where=str(folder), expected="a new folder")


def _check_pictures(source: Dataset, target: LabelFormat, pictures: Pictures) -> None:
    to_yolo = target == LabelFormat.YOLO_SEG
    if to_yolo and pictures != "none":
        absent = missing_pictures(source)
        if absent:
            raise DataError(
                "YOLO labels need their pictures, and some are not here.",
                where=str(source.image_root or source.source),
                expected=f"{source.images} pictures",
                got=f"{len(absent)} missing, such as {absent[0]}",
                next_step="say where they are with --images, or write the labels alone with "
                "--pictures none",
            )
    if source.turns_pictures != to_yolo:
        turned = turned_pictures(source)
        if turned:
            raise DataError(
                "EXIF turns some pictures, and the two formats count px differently on them.",
                where=str(source.image_root),
                expected="pictures that are stored upright",
                got=f"{len(turned)} are not, such as {turned[0]}",
                next_step="store them upright, without the EXIF orientation",
            )


def _write_whole(dataset: Dataset, out: Path, split: SplitName, pictures: Pictures) -> None:
    """Write beside `out` first: killed, it leaves nothing under the name that was asked for."""
    made = _make_parents(out.parent)
    stage = out.parent / f".{out.name}.{os.getpid()}.tmp"
    try:
        stage.mkdir()
        write_labels(dataset, stage / out.name, split=split, pictures=pictures)
        if out.is_dir():
            out.rmdir()
        for part in sorted(stage.iterdir()):  # a panoptic file has a folder of PNG beside it
            part.replace(out.parent / part.name)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        for folder in made:  # the innermost first; none holds anything of ours
            folder.rmdir()
        raise
    shutil.rmtree(stage, ignore_errors=True)


def _make_parents(folder: Path) -> list[Path]:
    """Make the folder; those that were made for it, the innermost first."""
    made = []
    for parent in (folder, *folder.parents):
        if parent.exists():
            break
        made.append(parent)
    folder.mkdir(parents=True, exist_ok=True)
    return made
