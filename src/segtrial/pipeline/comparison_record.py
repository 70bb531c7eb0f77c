"""comparison.json → Comparison: the answer of a finished trial, for Python. Nothing is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from segtrial.types.comparison import Comparison
from segtrial.types.errors import RecordError

if TYPE_CHECKING:
    from pathlib import Path

COMPARISON = "comparison.json"


def read_comparison(folder: Path) -> Comparison:
    """The comparison in a trial's folder (`runs/<trial name>`), as it was last written.

    Takes neither the data nor the runs. Raises RecordError where there is none, or where it is
    damaged or an earlier version's.
    """
    path = folder / COMPARISON
    try:
        return msgspec.json.decode(path.read_bytes(), type=Comparison)
    except OSError as error:
        raise RecordError(
            "The folder holds no comparison.",
            where=str(path),
            expected="runs/<trial name>, as segtrial run leaves it",
            got=str(error.strerror),
            next_step="run the trial, or write it anew with segtrial report",
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(
            "A record is damaged.",
            where=str(path),
            got=str(error),
            next_step="write it anew with segtrial report",
        ) from error
