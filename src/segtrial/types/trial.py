"""A trial as its author writes it: question, data, recipe, arms, seeds, primary metric.

The Structs mirror the TOML file key by key and can be built in Python as well. Reading the file
and checking it against the data belong to `pipeline/`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from segtrial.types.recipe import Fraction, NotNegative, Recipe

Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]


# "auto" and the members of `types.dataset.LabelFormat`.
FormatName = Literal[
    "auto",
    "coco",
    "coco_panoptic",
    "lvis",
    "bdd100k",
    "bdd100k_ins_seg_bitmask",
    "bdd100k_pan_seg_bitmask",
    "yolo_seg",
]

# A whole number is a count of images; a number with a decimal point is a share of them.
Images = Annotated[int, Meta(ge=1)] | Annotated[float, Meta(gt=0)]
Negatives = Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0)]


class SplitSelect(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The images of one split, by steps in this order.

    `not_exhaustive`: images in which a chosen class is not labelled throughout (LVIS).
    `without_classes`: images without any chosen class; `negatives`: at most so many of them, or
    at most this share, below 1, of the images kept. `images`: the first n of what is left in a
    shuffle, or a share of it: 1 is one image, 1.0 is all; None = all.
    """

    images: Images | None = None
    not_exhaustive: Literal["keep", "drop"] = "keep"
    without_classes: Literal["keep", "drop"] = "keep"
    negatives: Negatives | None = None


class Select(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The images all arms share; a number for a split is short for `{ images = … }`.

    `seed` shuffles. `stratify`: draws balance the classes' presence.
    """

    train: Images | SplitSelect | None = None
    val: Images | SplitSelect | None = None
    seed: Seed = 0
    stratify: bool = False


class Fold(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of k parts of the training label file validates, counted from 0; the others train.

    The parts depend on the images and this `seed` alone. `stratify` balances the classes' presence.
    """

    k: Annotated[int, Meta(ge=2)]
    index: Annotated[int, Meta(ge=0)]
    seed: Seed = 0
    stratify: bool = False


class Streets(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The embedded data: generated road scenes, `image_size` = [height, width] in px.

    `names`: "core" = 10 classes, long-tailed; "bdd45" = the 45 names of BDD100K's polygons.
    `pictures` = false writes labels only, for the oracle.
    """

    train: Annotated[int, Meta(ge=1)]
    val: Annotated[int, Meta(ge=1)]
    seed: Seed = 0
    image_size: tuple[Annotated[int, Meta(ge=64)], Annotated[int, Meta(ge=64)]] = (128, 160)
    names: Literal["core", "bdd45"] = "core"
    pictures: bool = True


class ImageFolders(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One picture folder a split, as BDD100K and COCO are laid out."""

    train: str
    val: str


class Data(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where labels and pictures are: `streets`, or `train`, `val` and `images`.

    Paths are relative to --data, or to the trial file's folder. `images`: one folder for both
    splits, or one for each. `classes`: the class list in its order; None = every class of the
    training labels, then what the validation labels add. `frequency`: of those, the
    rare, common or frequent ones in the training labels. `fold` takes the validation images from
    the label file `train`, instead of `val`. `outside`: a polygon or box that leaves the image by
    more than 1 px is refused, or cut to the image and counted.
    """

    train: str | None = None
    val: str | None = None
    images: str | ImageFolders | None = None
    format: FormatName = "auto"
    classes: tuple[Name, ...] | None = None
    frequency: Annotated[tuple[Literal["r", "c", "f"], ...], Meta(min_length=1)] | None = None
    fold: Fold | None = None
    select: Select = Select()
    streets: Streets | None = None
    outside: Literal["refuse", "clip"] = "refuse"


class Swap(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Relabel `round(n × ratio)` of the host's n training instances as the target.

    `draw`: which instances is drawn anew for each seed ("per_seed"), or once ("fixed").
    """

    host: Name
    target: Name
    ratio: Fraction = 0.5
    draw: Literal["per_seed", "fixed"] = "per_seed"


class Change(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The one thing an arm does: exactly one of these."""

    swap: Swap | None = None
    recipe: dict[str, Any] | None = None


class Arm(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A name, its control (the first arm unless said), its change.

    `classes`: the classes that a recipe change is about. `confounded`: why the author accepts
    more than one difference; the report says it too.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}$")]
    change: Change | None = None
    control: str | None = None
    classes: tuple[Name, ...] | None = None
    confounded: Annotated[str, Meta(min_length=3)] | None = None


class Trial(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"arms": "arm"}):
    """The question and all that is needed to answer it.

    `primary`: the metric that decides; None = mask AP, or box AP where the model draws no masks.
    `margin`: half width of the equivalence test, in AP. `amended`: why metric, margin, resamples or
    named classes were changed after runs were made; the report says it too.
    """

    question: Annotated[str, Meta(min_length=1)]
    data: Data
    recipe: Recipe
    arms: Annotated[tuple[Arm, ...], Meta(min_length=1)]
    seeds: Annotated[tuple[Seed, ...], Meta(min_length=1)] = (0, 1, 2, 3, 4)
    primary: Literal["mask AP", "mask AP50", "box AP", "box AP50"] | None = None
    margin: NotNegative = 0.01
    resamples: Annotated[int, Meta(ge=100, le=100_000)] = 2000
    amended: Annotated[str, Meta(min_length=3)] | None = None
