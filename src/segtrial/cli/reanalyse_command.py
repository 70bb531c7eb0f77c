"""What `segtrial reanalyse` does: check the options, reanalyse, write, show."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from segtrial.cli.show_reanalysis import show_reanalysis
from segtrial.cli.streams import say, stderr, write_out
from segtrial.pipeline.reanalyse import ReanalysisAsked, reanalyse
from segtrial.store.codec import to_json
from segtrial.store.folder import write_atomically
from segtrial.types.errors import TrialError

if TYPE_CHECKING:
    from segtrial.types.reanalysis import Reanalysis, SiblingContrast

STANDARD_OUTPUT = Path("-")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of one
NUMBERS = ("instances", "base", "value", "sibling_mean", "published_difference", "difference")
NOISE = ("sd", "sd_moderated", "df", "p", "p_adjusted", "smallest_visible")


def reanalyse_command(asked: ReanalysisAsked, *, table: Path | None, as_json: bool) -> None:
    """Print the reanalysis; write the CSV where one is asked for."""
    _check(asked, table, as_json=as_json)
    answer = reanalyse(asked)
    console = stderr()
    if table is not None and table != STANDARD_OUTPUT:
        write_atomically(table, contrast_csv(answer))
    if as_json:
        write_out(to_json(answer))
    else:
        show_reanalysis(console, answer)
    if table == STANDARD_OUTPUT:
        write_out(contrast_csv(answer))
    elif table is not None:
        say(console, f"CSV: {table}", whole=True)


def contrast_csv(answer: Reanalysis) -> bytes:
    """One line a contrast, with all its figures; undefined is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    head = ["metric", "arm", "class", "role", *NUMBERS, "low", "high", *NOISE]
    writer.writerow([*head, "siblings", "verdict", "reason"])
    for row in answer.contrasts:
        writer.writerow([answer.metric, *_cells(row)])
    return out.getvalue().encode()


def _cells(row: SiblingContrast) -> list[object]:
    return [
        _safe(row.arm),
        _safe(row.name),
        row.role,
        *(getattr(row, name) for name in NUMBERS),
        *row.interval,
        *(getattr(row, name) for name in NOISE),
        _safe("; ".join(row.siblings)),
        row.verdict,
        row.reason,
    ]


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _check(asked: ReanalysisAsked, table: Path | None, *, as_json: bool) -> None:
    """Raise TrialError where the answer has no place to go, before anything is read."""
    if table == STANDARD_OUTPUT and as_json:
        raise TrialError(
            "JSON and CSV would both go to standard output.",
            where="--csv -",
            expected="one of them there",
            next_step="name a file: --csv contrasts.csv",
        )
    if table is None or table == STANDARD_OUTPUT:
        return
    if table.exists() and (table.is_dir() or table.suffix.lower() != ".csv"):
        raise TrialError(
            "There is something already that is not a CSV file.",
            where=f"--csv {table}",
            expected="a new file, or one that ends in .csv",
        )
    words = [*asked.tables, *asked.against, str(asked.counts or "")]
    inputs = {Path(part) for word in words for part in (word, word.partition("=")[2]) if part}
    if any(path.exists() and table.resolve() == path.resolve() for path in inputs):
        raise TrialError(
            "The CSV would take the place of a table that is read.",
            where=f"--csv {table}",
            expected="a file of its own",
        )
