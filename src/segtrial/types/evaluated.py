"""What `segtrial evaluate` answers: the numbers of one style, for boxes and for masks."""

from __future__ import annotations

from msgspec import Struct

from segtrial.types.run_intervals import RunIntervals

Numbers = dict[str, float | None]  # None = undefined


class EvaluatedClass(Struct, frozen=True, kw_only=True):
    """One class: truth that counts, and P, R, AP50, AP where the style defines them.

    `box_metrics`, `mask_metrics`: every number of the style, of this class alone. `box_note`,
    `mask_note`: what the numbers do not say by themselves, such as "no truth", else empty.
    """

    name: str
    images: int
    instances: int
    box: Numbers | None
    mask: Numbers | None
    box_metrics: Numbers | None = None
    mask_metrics: Numbers | None = None
    box_note: str = ""
    mask_note: str = ""


class EvaluatedSlice(Struct, frozen=True, kw_only=True):
    """A part of the data: those `of` "images", "instances" or "classes" whose `by` is `value`.

    `stated` is False where the labels do not state it. `images`, `instances`: of the part;
    `classes`: those with truth in it, which AP and AP50 are means over. `reason`: why they are
    undefined, else empty.
    """

    by: str
    of: str
    value: str
    stated: bool
    images: int
    instances: int
    classes: int
    reason: str
    box: Numbers | None
    mask: Numbers | None


class Evaluated(Struct, frozen=True, kw_only=True):
    """One set of predictions under one style. `mask` is None where there are no masks.

    `images`, `instances`: of the labels, crowds not counted. `notes`: what the numbers leave out.
    `box_covers`, `mask_covers`: how many classes each mean is over. `intervals`: "box" and "mask",
    over images, where they are asked for; each of AP and AP50.
    """

    style: str
    images: int
    instances: int
    box: Numbers | None
    mask: Numbers | None
    classes: tuple[EvaluatedClass, ...]
    notes: tuple[str, ...] = ()
    box_covers: dict[str, int] | None = None
    mask_covers: dict[str, int] | None = None
    slices: tuple[EvaluatedSlice, ...] = ()
    intervals: dict[str, tuple[RunIntervals, ...]] | None = None
