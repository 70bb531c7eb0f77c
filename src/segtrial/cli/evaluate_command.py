"""What `segtrial evaluate` does: check the options, read, evaluate, write, show."""

from __future__ import annotations

import csv
import io
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from segtrial.cli.show_evaluation import show_evaluation
from segtrial.cli.streams import say, stderr, write_out
from segtrial.pipeline.evaluate import Asked, Style, evaluate, read_both
from segtrial.pipeline.evaluation_protocol import evaluation_page
from segtrial.report.evaluation_page import evaluation_html
from segtrial.store.codec import to_json
from segtrial.store.folder import write_atomically
from segtrial.types.errors import TrialError, nearest
from segtrial.types.evaluation import IouType
from segtrial.types.trial import FormatName

if TYPE_CHECKING:
    from segtrial.types.evaluated import Evaluated, Numbers

STANDARD_OUTPUT = Path("-")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line. `slices`: names with commas between them; `table`: where the CSV goes."""

    truth: Path
    predictions: Path
    style: Style
    boxes: bool = False
    masks: bool = False
    per_class: bool = False
    slices: str | None = None
    html: Path | None = None
    confidence: float | None = None
    intervals: bool = False
    table: Path | None = None
    leave_out: bool = False
    label_format: str = "auto"
    split: str | None = None
    as_json: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The slices that are asked for, each once."""
        parts = (name.strip() for name in (self.slices or "").split(","))
        return tuple(dict.fromkeys(name for name in parts if name))

    @property
    def kinds(self) -> tuple[IouType, ...]:
        """Boxes, masks, or nothing in particular."""
        if self.boxes == self.masks:
            return (IouType.BOX, IouType.MASK) if self.masks else ()
        return (IouType.BOX,) if self.boxes else (IouType.MASK,)

    def command(self) -> str:
        """The command that was given, ready to be pasted into a shell."""
        words = ["segtrial", "evaluate", str(self.truth), str(self.predictions)]
        words += ["--style", self.style]
        switches = {
            "--boxes": self.boxes,
            "--masks": self.masks,
            "--per-class": self.per_class,
            "--intervals": self.intervals,
            "--leave-out": self.leave_out,
            "--json": self.as_json,
        }
        words += [name for name, given in switches.items() if given]
        given = {
            "--slices": self.slices,
            "--html": self.html,
            "--confidence": self.confidence,
            "--csv": self.table,
            "--format": None if self.label_format == "auto" else self.label_format,
            "--split": self.split,
        }
        for name, value in given.items():
            words += [name, str(value)] if value is not None else []
        return shlex.join(words)


def evaluate_command(options: Options) -> None:
    """Print the numbers of one style; write page and CSV where they are asked for."""
    _check(options)
    dataset, detections, notes = read_both(
        options.truth,
        options.predictions,
        label_format=options.label_format,
        split=options.split,
        leave_out=options.leave_out,
    )
    asked = Asked(
        style=options.style,
        kinds=options.kinds,
        slices=options.names,
        page=options.html is not None,
        intervals=options.intervals,
    )
    found = evaluate(dataset, detections, asked, notes)
    if options.html is not None:
        page = evaluation_page(
            found,
            dataset,
            detections,
            files=(options.truth, options.predictions),
            command=options.command(),
            confidence=options.confidence,
        )
        write_atomically(options.html, evaluation_html(page).encode())
    rows = class_csv(found.answer) if options.table is not None else b""
    if options.table is not None and options.table != STANDARD_OUTPUT:
        write_atomically(options.table, rows)
    console = stderr()
    if options.as_json:
        write_out(to_json(found.answer))
    else:
        show_evaluation(console, found, len(detections), per_class=options.per_class)
    if options.table == STANDARD_OUTPUT:
        write_out(rows)
    for what, path in (("Page", options.html), ("CSV", options.table)):
        if path is not None and path != STANDARD_OUTPUT:
            say(console, f"{what}: {path}", whole=True)


def _check(options: Options) -> None:
    """Raise TrialError for options that do not fit together, before anything is read."""
    if options.label_format not in get_args(FormatName):
        raise TrialError(
            "There is no such format.",
            where="--format",
            expected=", ".join(get_args(FormatName)),
            got=options.label_format,
            next_step=nearest(options.label_format, get_args(FormatName)),
        )
    if options.slices is not None and not options.names:
        raise TrialError(
            "No slice is named.", where="--slices", expected="names, as in --slices weather,size"
        )
    _check_style(options)
    if options.confidence is not None and options.html is None:
        raise TrialError(
            "A confidence concerns the page alone.",
            where="--confidence",
            expected="--html FILE beside it",
            next_step="add --html, or leave --confidence out",
        )
    if options.table == STANDARD_OUTPUT and options.as_json:
        raise TrialError(
            "JSON and CSV would both go to standard output.",
            where="--csv -",
            expected="one of them there",
            next_step="name a file: --csv classes.csv",
        )
    _check_target(options, options.html, "--html", (".html", ".htm"), "a page")
    if options.table != STANDARD_OUTPUT:
        _check_target(options, options.table, "--csv", (".csv",), "a CSV file")


def _check_style(options: Options) -> None:
    """Raise TrialError for what the style does not have."""
    if options.style == "proposals" and options.html is not None:
        raise TrialError(
            "The page shows classes, and as proposals all classes are one.",
            where="--html",
            expected="another style",
            next_step="--style coco --html FILE for the page; --csv FILE for these numbers",
        )
    if options.intervals and options.style not in {"coco", "lvis"}:
        raise TrialError(
            "Intervals are of COCO's AP.",
            where="--intervals",
            expected="--style coco or lvis",
            got=f"--style {options.style}",
        )


def _check_target(
    options: Options, target: Path | None, name: str, ends: tuple[str, ...], what: str
) -> None:
    """A page may take the place of a page, a CSV file that of a CSV file, of nothing else."""
    if target is None:
        return
    if target.exists() and (target.is_dir() or target.suffix.lower() not in ends):
        raise TrialError(
            f"There is something already that is not {what}.",
            where=f"{name} {target}",
            expected=f"a new file, or one that ends in {ends[0]}",
        )
    others = [options.truth, options.predictions]
    others += [options.table] if name == "--html" and options.table is not None else []
    if any(target.resolve() == other.resolve() for other in others):
        raise TrialError(
            "One file would take another's place.",
            where=f"{name} {target}",
            expected="a file of its own",
        )


def class_csv(answer: Evaluated) -> bytes:
    """One line a class and kind, with every number of the style; undefined is an empty cell."""
    kinds = [kind for kind in IouType if getattr(answer, kind.value) is not None]
    metrics: dict[str, None] = {}
    for row in answer.classes:
        for kind in kinds:
            metrics |= dict.fromkeys(getattr(row, f"{kind.value}_metrics") or {})
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["class", "kind", "images", "instances", *metrics, "note"])
    for row in answer.classes:
        name = f"'{row.name}" if row.name.startswith(FORMULA) else row.name
        for kind in kinds:
            numbers: Numbers = getattr(row, f"{kind.value}_metrics")
            note: str = getattr(row, f"{kind.value}_note")
            cells = (numbers.get(metric) for metric in metrics)
            writer.writerow([name, kind.value, row.images, row.instances, *cells, note])
    return out.getvalue().encode()
