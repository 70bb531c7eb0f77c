"""The ledger of a label change, read off two data sets of the same instances."""

from __future__ import annotations

import numpy as np

from segtrial.types.dataset import Dataset
from segtrial.types.edits import Edit, Edits


def edits_between(source: Dataset, result: Dataset) -> Edits:
    """Every instance whose label differs, in the order of the rows."""
    names = source.class_names
    return Edits(
        source_sha256=source.fingerprint(),
        result_sha256=result.fingerprint(),
        rows=tuple(
            Edit(
                annotation_id=source.annotation_id[row],
                image_id=source.image_id[source.image_index[row]],
                before=names[source.class_index[row]],
                after=names[result.class_index[row]],
            )
            for row in np.flatnonzero(source.class_index != result.class_index).tolist()
        ),
    )
