"""The ledger of a label change: every row touched, before and after."""

from __future__ import annotations

import msgspec


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """One label before and after. `annotation_id` and `image_id` are the source's keys."""

    annotation_id: str
    image_id: str
    before: str
    after: str


class Edits(msgspec.Struct, frozen=True, kw_only=True):
    """All edits of one arm and seed, in the order of the data set's rows.

    `source_sha256` and `result_sha256` are the fingerprints of the data before and after.
    """

    source_sha256: str
    result_sha256: str
    rows: tuple[Edit, ...]
