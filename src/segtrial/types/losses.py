"""What a label format cannot hold: counted before anything is written."""

from __future__ import annotations

from msgspec import Struct


class Loss(Struct, frozen=True, kw_only=True):
    """Something of a data set that the target format has no place for.

    `count` of `unit` ("instances", "images", "classes", "pixels" …); `what` it is, and what was
    `done` with it. `harmless`: nothing that training or evaluation sees is changed (an id, a
    licence); only the others need the user's consent.
    """

    count: int
    unit: str
    what: str
    done: str
    harmless: bool = False
