"""What is in a set of labels (Summary), and what is wrong with it (Fault), as records.

Made by `data/summary` and `data/faults`, shown by `cli` and `report`; nothing is computed here.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class ClassSummary(Struct, frozen=True, kw_only=True):
    """One class. Crowds are counted in `crowds` alone. `None` = undefined: no instance.

    `share` of all instances; `per_image`: mean number in the images that have it;
    `median_area_fraction`: the median share of its image. `small`, `medium`, `large`: instances
    below 32², from 32² to below 96², and from 96² px on (COCO's ranges).
    `frequency`: "r", "c", "f", or "" for a class without an image where the source states none.
    """

    name: str
    images: int
    instances: int
    crowds: int
    share: float
    per_image: float | None
    median_area_px: float | None
    median_area_fraction: float | None
    small: int
    medium: int
    large: int
    frequency: str
    negative_images: int
    not_exhaustive_images: int


class Bin(Struct, frozen=True, kw_only=True):
    """Images with `first` to `last` objects, both included."""

    first: int
    last: int
    images: int


class ObjectsPerImage(Struct, frozen=True, kw_only=True):
    """Instances of an image, crowds not counted; `None` where there is no image."""

    mean: float | None
    median: float | None
    max: int | None
    histogram: tuple[Bin, ...]


class PictureSize(Struct, frozen=True, kw_only=True):
    """Pictures of one size."""

    width_px: int
    height_px: int
    images: int


class Pair(Struct, frozen=True, kw_only=True):
    """Two classes that share `images`. `lift`: times as many as if they were independent,
    images · I / (images of the first · images of the second).
    """

    first: str
    second: str
    images: int
    lift: float


class CoOccurrence(Struct, frozen=True, kw_only=True):
    """Classes that stand in the same images; crowds not counted.

    `by_lift` holds only pairs with at least `minimum_images` and a lift from 1.1 on.
    `matrix`: images that the classes of row and column share, classes in the summary's order;
    None beyond 100 classes.
    """

    minimum_images: int
    by_count: tuple[Pair, ...]
    by_lift: tuple[Pair, ...]
    matrix: tuple[tuple[int, ...], ...] | None


class ValueCount(Struct, frozen=True, kw_only=True):
    """How often an attribute has a value."""

    value: str
    count: int


class AttributeSummary(Struct, frozen=True, kw_only=True):
    """An attribute of images or of instances (crowds included): its commonest values, the count
    of all `other` values together, and how often none is stated.
    """

    of: str
    name: str
    values: tuple[ValueCount, ...]
    other: int
    not_stated: int


class Outlines(Struct, frozen=True, kw_only=True):
    """How instances, crowds included, are outlined. `multi_part` of the `polygons` have several
    rings; `unreadable`: geometry that is neither polygon nor run lengths.
    """

    polygons: int
    multi_part: int
    rle: int
    box_only: int
    unreadable: int


class CoverageSummary(Struct, frozen=True, kw_only=True):
    """Pairs of image and class verified to be absent, and pairs not exhaustively labelled."""

    negative: int
    not_exhaustive: int


class LeftOutNote(Struct, frozen=True, kw_only=True):
    """Records that the reader left out; `first`: where the first one stands."""

    count: int
    reason: str
    first: str


class Summary(Struct, frozen=True, kw_only=True):
    """A data set in numbers. `instances` are without `crowds`; `empty_images` have no instance.

    `sizes`: the commonest picture sizes; `other_sizes`: how many more sizes there are.
    `frequency_source`: "stated" by the labels, or "image counts" (more than 100: f; 11 to 100: c).
    """

    name: str
    format: str
    images: int
    empty_images: int
    instances: int
    crowds: int
    sizes: tuple[PictureSize, ...]
    other_sizes: int
    objects_per_image: ObjectsPerImage
    outlines: Outlines
    frequency_source: str
    classes: tuple[ClassSummary, ...]
    cooccurrence: CoOccurrence
    attributes: tuple[AttributeSummary, ...]
    coverage: CoverageSummary | None
    left_out: tuple[LeftOutNote, ...]


class Severity(StrEnum):
    """What a trial does with labels that have the fault."""

    ERROR = "error"  # refuses them
    WARNING = "warning"  # uses them as they are, or leaves them out: look at it
    NOTE = "note"  # uses them; rarely a mistake


class FaultKind(StrEnum):
    """What can be wrong with labels, in the order in which faults are shown."""

    NO_PICTURE_FOLDER = "no picture folder"
    PICTURE_NAME = "picture name that is none"
    PICTURE_MISSING = "picture missing"
    PICTURE_DAMAGED = "picture damaged"
    PICTURE_SIZE = "picture of another size"
    PICTURE_SHARED = "picture in both splits"
    UNREADABLE = "outline unreadable"
    OUTSIDE = "label outside its image"
    PICTURE_COPIED = "copy of a picture in the other split"
    PICTURE_TWICE = "picture twice"
    LEFT_OUT = "left out by the reader"
    FEW_POINTS = "polygon of fewer than three points"
    NO_AREA = "nothing to learn from"
    DUPLICATE_ID = "id used twice"
    DUPLICATE = "label twice"
    TWO_CLASSES = "one outline, two classes"
    BOX_DIFFERS = "box and outline differ"
    AREA_DIFFERS = "area and outline differ"
    COVERAGE = "contradictory coverage"
    CLASS_NAME = "class names alike"
    CLASS_OFF_LIST = "class not on the list"
    CLASS_ONE_SPLIT = "class in one split only"
    CROSSING = "polygon crosses itself"


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `image`, `label`: ids in the source; empty where it concerns the
    whole data set. `count`: how many records it stands for. `next_step`: what to do.
    """

    kind: FaultKind
    severity: Severity
    source: str
    what: str
    image: str = ""
    label: str = ""
    expected: str = ""
    got: str = ""
    next_step: str = ""
    count: int = 1

    @property
    def where(self) -> str:
        """The place in words: file, image, label."""
        parts = [self.source]
        if self.image:
            parts.append(f"image {self.image}" + (f", label {self.label}" if self.label else ""))
        return ": ".join(parts)
