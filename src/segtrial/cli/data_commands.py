"""What each `segtrial data` command does: call the pipeline, show the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast, get_args

import typer

from segtrial.cli.guard import BAD_INPUT
from segtrial.cli.progress import counting
from segtrial.cli.show_data import ROWS, show_faults, show_summary
from segtrial.cli.show_losses import show_losses
from segtrial.cli.streams import say, stderr, write_out
from segtrial.data.faults import find_faults
from segtrial.data.streets import write_streets
from segtrial.data.summary import summarise
from segtrial.data.write import SplitName
from segtrial.data.yolo.read import splits_of
from segtrial.pipeline.label_pages import gallery_page, sample_panels
from segtrial.pipeline.labels import convert_labels, open_labels
from segtrial.report.summary_page import summary_page
from segtrial.store.codec import to_json
from segtrial.store.folder import write_atomically
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import TrialError
from segtrial.types.labels import Severity
from segtrial.types.trial import Streets


def summary_command(
    path: Path,
    *,
    images: Path | None,
    label_format: str,
    split: str | None,
    as_json: bool,
    html: Path | None,
    everything: bool,
) -> None:
    """Print what the labels hold; write the page where one is asked for."""
    _check_page(html, path)
    dataset = open_labels(path, images=images, label_format=label_format, split=split)
    summary = summarise(dataset)
    console = stderr()
    if html is not None:
        write_atomically(html, summary_page(summary, sample_panels(dataset)).encode())
    if as_json:
        write_out(to_json(summary))
    else:
        show_summary(console, summary, rows=None if everything else ROWS)
    if html is not None:
        say(console, f"\nPage: {html}", whole=True)


def check_command(
    path: Path,
    *,
    images: Path | None,
    label_format: str,
    split: str | None,
    against: Path | None,
    against_images: Path | None,
    pictures: bool,
    as_json: bool,
) -> None:
    """Print what is wrong; exit code 2 where a trial would refuse the labels."""
    dataset = open_labels(path, images=images, label_format=label_format, split=split)
    other = None
    if against is not None:
        other = open_labels(against, images=against_images, label_format="auto", split=None)
    console = stderr()
    here = pictures and dataset.image_root is not None
    with counting(console, "checking") as report:
        faults = find_faults(
            dataset,
            pictures=here,
            other=other,
            progress=lambda _stage, done, total, _message: report(done, total),
        )
    if as_json:
        write_out(to_json({"source": str(path), "images": dataset.images, "faults": faults}))
    else:
        looked = "pictures included" if here else "pictures not looked at"
        if pictures and not here:
            looked += " (not found: --images says where they are)"
        say(console, f"{dataset.source}: {dataset.label_format}, {dataset.images} images, {looked}")
        show_faults(console, faults)
    if any(fault.severity == Severity.ERROR for fault in faults):
        raise typer.Exit(BAD_INPUT)


def _check_page(page: Path | None, labels: Path) -> None:
    """A page may take the place of a page, of nothing else."""
    if page is None or not page.exists():
        return
    if page.suffix.lower() not in {".html", ".htm"} or page.is_dir():
        raise TrialError(
            "There is something already that is no page.",
            where=str(page),
            expected="a new file, or one that ends in .html",
        )
    if page.resolve() == labels.resolve():
        raise TrialError("The page would take the labels' place.", where=str(page))


def convert_command(
    source: Path,
    out: Path,
    *,
    to: str,
    images: Path | None,
    label_format: str,
    split: str | None,
    allow_loss: bool,
    pictures: Literal["link", "copy", "none"],
    as_json: bool,
) -> None:
    """Write the labels in another format, and say what that format could not hold."""
    _check_split(source, split, label_format)
    dataset = open_labels(source, images=images, label_format=label_format, split=split)
    done = convert_labels(
        dataset,
        out,
        LabelFormat(to),
        allow_loss=allow_loss,
        split=_split(split),
        pictures=pictures,
    )
    if as_json:
        answer = {
            "from": str(dataset.label_format),
            "to": to,
            "path": str(out),
            "images": done.dataset.images,
            "instances": int((~done.dataset.crowd).sum()),
            "crowds": int(done.dataset.crowd.sum()),
            "losses": done.losses,
        }
        write_out(to_json(answer))
        return
    show_losses(stderr(), dataset, done.dataset, done.losses)
    say(stderr(), f"Written: {out}", whole=True)


def _check_split(source: Path, split: str | None, label_format: str) -> None:
    """A data.yaml of several splits is converted one at a time, or the splits would be one."""
    stated = splits_of(source) if label_format in {"auto", LabelFormat.YOLO_SEG} else ()
    if split is None and len(stated) > 1:
        raise TrialError(
            "The data set has several splits.",
            where=str(source),
            expected="one of them, to be converted by itself",
            got=", ".join(stated),
            next_step=f"add --split {stated[0]}",
        )


def _split(asked: str | None) -> SplitName:
    """The folder of a YOLO data set that the pictures go to."""
    if asked is None:
        return "train"
    if asked not in get_args(SplitName):
        raise TrialError(
            "There is no such split.", where="--split", expected="train, val or test", got=asked
        )
    return cast("SplitName", asked)


def view_command(
    path: Path,
    out: Path,
    *,
    images: Path | None,
    label_format: str,
    split: str | None,
    count: int,
    seed: int,
    classes: tuple[str, ...],
) -> None:
    """Write the gallery."""
    _check_page(out, path)
    dataset = open_labels(path, images=images, label_format=label_format, split=split)
    console = stderr()
    with counting(console, "drawing") as report:
        page = gallery_page(dataset, count=count, seed=seed, classes=classes, report=report)
    write_atomically(out, page.encode())
    if dataset.image_root is None:
        say(console, "The pictures were not found: --images says where they are.", style="yellow")
    say(console, f"Gallery: {out} ({len(page) / 1e6:.1f} MB)", whole=True)


def streets_command(
    out: Path,
    *,
    train: int,
    val: int,
    seed: int,
    image_size: tuple[int, int],
    names: Literal["core", "bdd45"],
    pictures: bool,
) -> None:
    """Write generated road scenes: labels/streets_{train,val}.json and images/."""
    if out.exists() and any(out.iterdir()):
        raise TrialError("The folder is not empty.", where=str(out), expected="a new folder")
    spec = Streets(
        train=train, val=val, seed=seed, image_size=image_size, names=names, pictures=pictures
    )
    console = stderr()
    with counting(console, "drawing") as report:
        write_streets(spec, out, report)
    say(console, f"{train} training and {val} validation images: {out}", whole=True)
    say(console, f"Look at them: segtrial data view {out}/labels/streets_train.json", whole=True)
