"""Predictions of any tool against labels, without a trial: read, match once, a style's numbers.

What only the page shows is in `evaluation_page`; printing and writing are the CLI's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec import structs

from segtrial.data.predictions import read_predictions
from segtrial.data.read import read
from segtrial.evaluation.matching import Truth, match_ranges, prepare_truth
from segtrial.evaluation.overlaps import overlaps
from segtrial.evaluation.proposals import NAME, match_proposals
from segtrial.evaluation.rules import COCO, LVIS
from segtrial.evaluation.trapezoid import match_strictly
from segtrial.evaluation.ultralytics import Note, ultralytics_scores
from segtrial.evaluation.ultralytics import Style as UltralyticsStyle
from segtrial.evaluation.ultralytics_matching import left_out, match_as_ultralytics
from segtrial.evaluation.ultralytics_table import UltralyticsTable, note_lines
from segtrial.geometry.rasterise import truth_masks
from segtrial.pipeline.class_numbers import (
    Tables,
    coco_tables,
    covers,
    defined,
    lvis_tables,
    means,
    of_classes,
    proposal_tables,
    trapezoid_tables,
    ultralytics_tables,
)
from segtrial.pipeline.evaluation_slices import SLICE_FLOOR, Known, check_slices, slice_rows
from segtrial.types.errors import DataError, TrialError
from segtrial.types.evaluated import Evaluated, EvaluatedClass, Numbers
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from segtrial.evaluation.ultralytics import UltralyticsScores
    from segtrial.types.arrays import Longs
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.evaluated import EvaluatedSlice
    from segtrial.types.evaluation import Matches
    from segtrial.types.overlaps import Overlaps

Style = Literal["coco", "lvis", "ultralytics", "ultralytics-old", "trapezoid", "proposals"]

NAMED_CLASSES = 8

SILENT = frozenset({Note.NEVER_PREDICTED, Note.NOT_THAT_CONFIDENT})
"""Classes of whose precision nobody can speak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to evaluate. No `kinds`: boxes, and masks where the predictions have them.

    `slices`: names of attributes, "size" or "frequency". `page`: keep what the page needs.
    `intervals`: of AP over images, under the styles "coco" and "lvis".
    """

    style: Style
    kinds: tuple[IouType, ...] = ()
    slices: tuple[str, ...] = ()
    page: bool = False
    intervals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Boxes or masks: their matches under the style's rules, and every number of them.

    `matches`: by area range under COCO's and LVIS's rules, else of "all" alone. `pairs`: the
    overlaps where several matchings draw from them, else None. `notes`: one a class.
    """

    kind: IouType
    style: Style
    pairs: Overlaps | None
    matches: Mapping[str, Matches]
    tables: Tables
    notes: tuple[str, ...]
    scores: UltralyticsScores | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """The answer, and what it was drawn from. `table`: Ultralytics' own, under its styles."""

    answer: Evaluated
    truth: Truth
    parts: tuple[Part, ...]
    table: UltralyticsTable | None


def read_both(
    labels: Path, predictions: Path, *, label_format: str, split: str | None, leave_out: bool
) -> tuple[Dataset, Detections, tuple[str, ...]]:
    """Labels and predictions, and what was left out of either. Raises DataError."""
    dataset = read(labels, None, label_format, split=split)
    detections, left = read_predictions(predictions, dataset, leave_out=leave_out)
    notes = [f"{dataset.source}: {item}" for item in dataset.left_out]
    silent = dataset.images - len(np.unique(detections.image_index))
    if silent:
        notes.append(f"{silent} of {dataset.images} images have no prediction; they count")
    notes += [f"{predictions.name}: {item}" for item in left]
    return dataset, detections, tuple(notes)


def evaluate(
    dataset: Dataset, detections: Detections, asked: Asked, notes: tuple[str, ...] = ()
) -> Evaluation:
    """The numbers of the style; every matching of a kind draws from the same overlaps.

    Raises TrialError for masks that are not there, DataError for LVIS's rules on labels that do not
    say which classes were looked for, and for slices that the labels do not know.
    """
    kinds = _kinds(detections, asked)
    _check_coverage(dataset, asked.style)
    check_slices(dataset, asked.slices)
    masks = truth_masks(dataset) if IouType.MASK in kinds else None
    truth = prepare_truth(dataset, masks)
    parts = tuple(_part(truth, detections, kind, asked) for kind in kinds)
    scores = [part.scores for part in parts if part.scores is not None]
    table = None
    if scores:
        table = UltralyticsTable(
            box=scores[0],
            mask=scores[1] if len(scores) > 1 else None,
            left_out=left_out(dataset, detections),
        )
    known = {part.kind: Known(pairs=part.pairs, matches=part.matches) for part in parts}
    slices = slice_rows(truth, detections, known, asked.slices, asked.style)
    notes += _notes(dataset, parts, table)
    if asked.slices and asked.style not in {"coco", "lvis"}:
        notes += ("slices are by COCO's rules and AP, whatever the style",)
    answer = _answer(dataset, asked.style, parts, notes, slices)
    if asked.intervals:
        answer = _with_intervals(answer, dataset, parts)
    return Evaluation(answer=answer, truth=truth, parts=parts, table=table)


def _with_intervals(answer: Evaluated, dataset: Dataset, parts: tuple[Part, ...]) -> Evaluated:
    """The same images drawn for boxes and masks, and for every run on this data set."""
    from segtrial.pipeline.run_intervals import ap_intervals, interval_notes, shared_weights

    weights_BI = shared_weights(dataset.fingerprint(), dataset.images)
    found = {
        part.kind.value: ap_intervals(part.matches["all"], weights_BI, dataset.class_names)
        for part in parts
    }
    return structs.replace(answer, intervals=found, notes=answer.notes + interval_notes(found))


def _kinds(detections: Detections, asked: Asked) -> tuple[IouType, ...]:
    known = (IouType.BOX, IouType.MASK) if detections.masks is not None else (IouType.BOX,)
    if IouType.MASK in asked.kinds and IouType.MASK not in known:
        raise TrialError(
            "The predictions have no masks.",
            where="--masks",
            expected="predictions with a segmentation, rle or poly2d each",
            got="boxes alone",
            next_step="evaluate with --boxes",
        )
    return tuple(kind for kind in known if kind in asked.kinds) if asked.kinds else known


def _check_coverage(dataset: Dataset, style: Style) -> None:
    if style == "lvis" and dataset.coverage is None:
        raise DataError(
            "LVIS's rules need labels that say which classes were looked for.",
            where=dataset.source,
            expected="neg_category_ids and not_exhaustive_category_ids",
            next_step="evaluate with --style coco",
        )


def _part(truth: Truth, detections: Detections, kind: IouType, asked: Asked) -> Part:
    dataset, style = truth.dataset, asked.style
    pairs = _pairs(truth, detections, kind, asked)
    scores, matches = None, {}
    if style in {"coco", "lvis"}:
        rules = LVIS if style == "lvis" else COCO
        matches = match_ranges(truth, detections, kind, rules, pairs=pairs)
        tables = (lvis_tables if style == "lvis" else coco_tables)(matches, dataset)
    elif style == "proposals":
        matches = match_proposals(truth, detections, kind, pairs=pairs)
        tables = proposal_tables(matches)
    elif style == "trapezoid":
        matches["all"] = match_strictly(truth, detections, kind, pairs=pairs)
        tables = trapezoid_tables(matches["all"], dataset)
    else:
        matches["all"] = match_as_ultralytics(truth, detections, kind, pairs=pairs)
        scores = ultralytics_scores(matches["all"], dataset.class_names, UltralyticsStyle(style))
        tables = ultralytics_tables(scores)
    notes = _class_notes(matches["all"]) if scores is None else tuple(map(str, scores.note))
    return Part(
        kind=kind,
        style=style,
        pairs=pairs,
        matches=matches,
        tables=tables,
        notes=notes,
        scores=scores,
    )


def _pairs(truth: Truth, detections: Detections, kind: IouType, asked: Asked) -> Overlaps | None:
    """The overlaps that several matchings need; None where one matching makes its own."""
    if asked.page:
        return overlaps(truth, detections, kind)
    if asked.slices:
        any_class = asked.style == "proposals"
        return overlaps(truth, detections, kind, floor=SLICE_FLOOR, any_class=any_class)
    return None


def _class_notes(matches: Matches) -> tuple[str, ...]:
    truths = np.bincount(matches.truth_class, minlength=matches.classes)
    found = np.bincount(matches.class_index, minlength=matches.classes)
    return tuple(
        "no truth" if real == 0 else "" if said else "never predicted"
        for real, said in zip(truths.tolist(), found.tolist(), strict=True)
    )


def _notes(
    dataset: Dataset, parts: tuple[Part, ...], table: UltralyticsTable | None
) -> tuple[str, ...]:
    names = dataset.class_names
    if table is not None:
        lines = note_lines(table)
        if any(note in SILENT for part in table.parts for note in part.note):
            lines.append(
                "a class that is not predicted, or not that confidently, has no precision: "
                "Ultralytics takes it for 0 or 1 in its means"
            )
        return tuple(lines)
    if parts[0].style == "proposals":
        return ("all classes are one: what is found counts, not what it is called",)
    covered = int((dataset.instance_counts() > 0).sum())
    lines = [f"means are over the {covered} of {len(names)} classes with truth"]
    silent = [
        name for name, note in zip(names, parts[0].notes, strict=True) if note == "never predicted"
    ]
    if silent:
        more = len(silent) - NAMED_CLASSES
        said = ", ".join(silent[:NAMED_CLASSES]) + (f" and {more} more" if more > 0 else "")
        lines.append(f"never predicted, so that AP is 0: {said}")
    return tuple(lines)


def _answer(
    dataset: Dataset,
    style: str,
    parts: tuple[Part, ...],
    notes: tuple[str, ...],
    slices: tuple[EvaluatedSlice, ...],
) -> Evaluated:
    overall = {part.kind: _overall(part) for part in parts}
    covered = {part.kind: covers(part.tables) for part in parts}
    return Evaluated(
        style=style,
        images=dataset.images,
        instances=int(dataset.instance_counts().sum()),
        box=overall.get(IouType.BOX),
        mask=overall.get(IouType.MASK),
        classes=_classes(dataset, parts),
        notes=notes,
        box_covers=covered.get(IouType.BOX),
        mask_covers=covered.get(IouType.MASK),
        slices=slices,
    )


def _classes(dataset: Dataset, parts: tuple[Part, ...]) -> tuple[EvaluatedClass, ...]:
    names, images, instances = _truth_counts(dataset, parts)
    rows = {part.kind: of_classes(part.tables) for part in parts}
    said = {part.kind: part.notes for part in parts}

    def of(kind: IouType, row: int) -> tuple[Numbers | None, Numbers | None, str]:
        """The agreed four numbers, all of them, and the note."""
        if kind not in rows:
            return None, None, ""
        numbers = rows[kind][row]
        four = {name: numbers.get(name) for name in ("P", "R", "AP50", "AP")}
        return four, numbers, said[kind][row]

    found = []
    for row, name in enumerate(names):
        box, box_metrics, box_note = of(IouType.BOX, row)
        mask, mask_metrics, mask_note = of(IouType.MASK, row)
        found.append(
            EvaluatedClass(
                name=name,
                images=int(images[row]),
                instances=int(instances[row]),
                box=box,
                mask=mask,
                box_metrics=box_metrics,
                mask_metrics=mask_metrics,
                box_note=box_note,
                mask_note=mask_note,
            )
        )
    return tuple(found)


def _truth_counts(
    dataset: Dataset, parts: tuple[Part, ...]
) -> tuple[tuple[str, ...], Longs, Longs]:
    """Names of the classes, images that hold each, instances: of one class where all are one."""
    if parts[0].style != "proposals":
        return dataset.class_names, dataset.image_counts(), dataset.instance_counts()
    matches = parts[0].matches["all"]
    return (NAME,), matches.positive_images(), matches.instances()


def _overall(part: Part) -> Numbers:
    found = means(part.tables)
    if part.scores is not None:
        # its own means: a mean of means may differ in the last bit
        own = [*part.scores.mean.tolist(), part.scores.confidence]
        names = ("P", "R", "AP50", "AP", "confidence")
        found |= {name: defined(value) for name, value in zip(names, own, strict=True)}
    return found
