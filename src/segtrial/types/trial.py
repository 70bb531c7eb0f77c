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


class Select(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The images all arms share: the first n of a shuffle by `seed`; None = all."""

    train: Annotated[int, Meta(ge=1)] | None = None
    val: Annotated[int, Meta(ge=1)] | None = None
    seed: Seed = 0


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
    training labels, then what the validation labels add. `outside`: a polygon or box that leaves
    the image by more than 1 px is refused, or cut to the image and counted.
    """

    train: str | None = None
    val: str | None = None
    images: str | ImageFolders | None = None
    format: Literal["auto", "coco", "bdd100k"] = "auto"
    classes: tuple[Name, ...] | None = None
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
