"""`segtrial data …`: look at labels, check them, convert them, generate some."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from segtrial.cli.guard import guarded

data_app = typer.Typer(
    name="data",
    help="Look at labels, check them, convert them, generate some. Formats: coco, lvis, "
    "coco_panoptic, bdd100k, bdd100k_ins_seg_bitmask, bdd100k_pan_seg_bitmask, yolo_seg; "
    "recognised from the content.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """Label formats, as on the command line."""

    AUTO = "auto"
    COCO = "coco"
    LVIS = "lvis"
    COCO_PANOPTIC = "coco_panoptic"
    BDD100K = "bdd100k"
    BDD100K_INS_SEG = "bdd100k_ins_seg_bitmask"
    BDD100K_PAN_SEG = "bdd100k_pan_seg_bitmask"
    YOLO_SEG = "yolo_seg"


class Target(StrEnum):
    """Formats that labels are written in."""

    COCO = "coco"
    LVIS = "lvis"
    COCO_PANOPTIC = "coco_panoptic"
    BDD100K = "bdd100k"
    BDD100K_INS_SEG = "bdd100k_ins_seg_bitmask"
    BDD100K_PAN_SEG = "bdd100k_pan_seg_bitmask"
    YOLO_SEG = "yolo_seg"


class Pictures(StrEnum):
    """What a YOLO folder gets of the pictures."""

    LINK = "link"
    COPY = "copy"
    NONE = "none"


class Names(StrEnum):
    """Class lists of the embedded data."""

    CORE = "core"
    BDD45 = "bdd45"


Labels = Annotated[Path, typer.Argument(help="A label file or folder.", metavar="PATH")]
Images = Annotated[
    Path | None,
    typer.Option("--images", help="Where the pictures lie; else they are looked for nearby."),
]
Kind = Annotated[Format, typer.Option("--format", metavar="FORMAT", help="The labels' format.")]
Split = Annotated[
    str | None, typer.Option("--split", help="train, val or test of a YOLO data set; else all.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
Html = Annotated[Path | None, typer.Option("--html", help="Write a page, too.", metavar="FILE")]


@data_app.command()
def summary(
    path: Labels,
    images: Images = None,
    label_format: Kind = Format.AUTO,
    split: Split = None,
    as_json: AsJson = False,
    html: Html = None,
    everything: Annotated[bool, typer.Option("--all", help="Every class, not the first.")] = False,
) -> None:
    """What the labels hold: images, instances, classes, sizes, attributes, co-occurrence."""
    from segtrial.cli.data_commands import summary_command

    with guarded():
        summary_command(
            path,
            images=images,
            label_format=label_format.value,
            split=split,
            as_json=as_json,
            html=html,
            everything=everything,
        )


@data_app.command()
def check(
    path: Labels,
    images: Images = None,
    label_format: Kind = Format.AUTO,
    split: Split = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="Other labels that must not share pictures with these."),
    ] = None,
    against_images: Annotated[
        Path | None, typer.Option("--against-images", help="Where the others' pictures lie.")
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Open the pictures, too.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """What is wrong with the labels: duplicates, outlines, boxes, pictures, coverage, leaks."""
    from segtrial.cli.data_commands import check_command

    with guarded():
        check_command(
            path,
            images=images,
            label_format=label_format.value,
            split=split,
            against=against,
            against_images=against_images,
            pictures=pictures,
            as_json=as_json,
        )


@data_app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="A label file or folder.", metavar="A")],
    out: Annotated[Path, typer.Argument(help="The new file or folder.", metavar="B")],
    to: Annotated[Target, typer.Option("--to", metavar="FORMAT", help="The format of B.")],
    images: Images = None,
    label_format: Annotated[
        Format, typer.Option("--format", metavar="FORMAT", help="A's format.")
    ] = Format.AUTO,
    split: Split = None,
    allow_loss: Annotated[
        bool, typer.Option("--allow-loss", help="Write what B's format can hold.")
    ] = False,
    pictures: Annotated[
        Pictures, typer.Option("--pictures", help="What a YOLO folder gets of the pictures.")
    ] = Pictures.LINK,
    as_json: AsJson = False,
) -> None:
    """Convert labels; what B's format cannot hold is counted, and refused unless allowed."""
    from segtrial.cli.data_commands import convert_command

    with guarded():
        convert_command(
            source,
            out,
            to=to.value,
            images=images,
            label_format=label_format.value,
            split=split,
            allow_loss=allow_loss,
            pictures=pictures.value,
            as_json=as_json,
        )


@data_app.command()
def view(
    path: Labels,
    out: Annotated[Path, typer.Option("--out", help="The page to write.")] = Path("gallery.html"),
    images: Images = None,
    label_format: Kind = Format.AUTO,
    split: Split = None,
    count: Annotated[
        int, typer.Option("--count", min=1, max=500, help="How many pictures, drawn by --seed.")
    ] = 60,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which pictures are drawn.")] = 0,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="Only pictures with this class; may be repeated."),
    ] = None,
) -> None:
    """Write an offline gallery: pictures with outlines, class toggles and search."""
    from segtrial.cli.data_commands import view_command

    with guarded():
        view_command(
            path,
            out,
            images=images,
            label_format=label_format.value,
            split=split,
            count=count,
            seed=seed,
            classes=tuple(classes or ()),
        )


@data_app.command()
def streets(
    out: Annotated[Path, typer.Argument(help="The new folder.", metavar="OUT")],
    images: Annotated[int, typer.Option("--images", min=1, help="Training images.")] = 200,
    val: Annotated[
        int | None, typer.Option("--val", min=1, help="Validation images; else half as many.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which streets are drawn.")] = 0,
    height: Annotated[int, typer.Option("--height", min=64, help="In px.")] = 128,
    width: Annotated[int, typer.Option("--width", min=64, help="In px.")] = 160,
    names: Annotated[Names, typer.Option("--names", help="10 classes, or 45.")] = Names.CORE,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Draw pictures, or labels alone.")
    ] = True,
) -> None:
    """Generate road scenes with labels: the embedded data set at any size."""
    from segtrial.cli.data_commands import streets_command

    with guarded():
        streets_command(
            out,
            train=images,
            val=val or max(1, images // 2),
            seed=seed,
            image_size=(height, width),
            names=names.value,
            pictures=pictures,
        )
