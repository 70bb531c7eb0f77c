"""What `segtrial evaluate` answers: the numbers of one style, for boxes and for masks."""

from __future__ import annotations

from msgspec import Struct

Numbers = dict[str, float | None]  # None = undefined


class EvaluatedClass(Struct, frozen=True, kw_only=True):
    """One class: truth that counts, and P, R, AP50, AP where the style defines them."""

    name: str
    images: int
    instances: int
    box: Numbers | None
    mask: Numbers | None


class Evaluated(Struct, frozen=True, kw_only=True):
    """One set of predictions under one style. `mask` is None where there are no masks.

    `images`, `instances`: of the labels, crowds not counted. `notes`: what the numbers leave out.
    """

    style: str
    images: int
    instances: int
    box: Numbers | None
    mask: Numbers | None
    classes: tuple[EvaluatedClass, ...]
    notes: tuple[str, ...] = ()
