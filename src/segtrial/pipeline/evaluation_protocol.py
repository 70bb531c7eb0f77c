"""What was evaluated, how, with what: the protocol of an evaluation, and its page's record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.pipeline.evaluation_page import kind_pages
from segtrial.pipeline.evaluation_slices import Known, slice_rows, usual_slices
from segtrial.store.folder import sha256
from segtrial.store.provenance import versions
from segtrial.types.evaluation_page import EvaluationPage

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.pipeline.evaluate import Evaluation, Style
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.evaluation_page import KindPage

RULES: dict[Style, str] = {
    "coco": "COCO, as pycocotools 2.0.11: AP at 101 recalls, mean over IoU .50, .55 … .95; at most "
    "100 predictions of a class in an image; what meets only a crowd is neither right nor wrong",
    "lvis": "LVIS, as lvis 0.5.3: AP at 101 recalls, mean over IoU .50, .55 … .95; at most 300 "
    "predictions an image; predictions of classes that were not looked for in their image do not "
    "count, nor do unmatched ones where a class is not labelled throughout",
    "ultralytics": "Ultralytics from 8.4.37: area under the precision envelope, which is 0 beyond "
    "the last recall; scores above .001, at most 300 predictions an image; no crowds",
    "ultralytics-old": "Ultralytics until 8.4.36: area under the precision envelope, which falls "
    "in a line to (1, 0) beyond the last recall; scores above .001, at most 300 predictions an "
    "image; no crowds",
    "trapezoid": "trapezoid: the plain area under precision and recall, not interpolated; a truth "
    "is met at an IoU strictly above the threshold; crowds and limits as COCO's",
}


def evaluation_page(
    evaluation: Evaluation,
    dataset: Dataset,
    detections: Detections,
    *,
    files: tuple[Path, Path],
    command: str,
    confidence: float | None = None,
) -> EvaluationPage:
    """The record of the page. `files`: labels and predictions, which are hashed here.

    `evaluation`: one whose `Asked` wanted a page. Slices that were not asked for: the usual ones.
    """
    answer = evaluation.answer
    kinds = kind_pages(evaluation, detections, confidence)
    slices = answer.slices
    if not slices:
        known = {p.kind: Known(pairs=p.pairs, matches=p.matches) for p in evaluation.parts}
        names = usual_slices(dataset)
        slices = slice_rows(evaluation.truth, detections, known, names, answer.style)
    return EvaluationPage(
        name=dataset.name,
        predictions=files[1].name,
        detections=len(detections),
        answer=answer,
        kinds=kinds,
        slices=slices,
        protocol=_protocol(evaluation, dataset, detections, kinds),
        files=tuple(
            row
            for what, path in zip(("labels", "predictions"), files, strict=True)
            for row in _file(what, path, dataset)
        ),
        versions=tuple(versions().items()),
        command=command,
    )


def _protocol(
    evaluation: Evaluation, dataset: Dataset, detections: Detections, kinds: tuple[KindPage, ...]
) -> tuple[tuple[str, str], ...]:
    answer = evaluation.answer
    crowds = int(dataset.crowd.sum())
    rows = [
        ("Style", answer.style),
        ("Rules", RULES[answer.style]),  # type: ignore[index]  # a Style, kept as text
        (
            "Labels",
            f"{dataset.label_format}; {dataset.images:,} images, {answer.instances:,} instances "
            f"and {crowds:,} crowds of {len(dataset.class_names):,} classes",
        ),
        ("Predictions", f"{len(detections):,}"),
    ]
    rows += [(f"Confidence, {kind.iou_type.value}", _confidence(kind)) for kind in kinds]
    rows += [
        (
            "Mix-ups and label flow",
            "at that confidence and IoU .50, one to one, without regard to classes, from the "
            "highest score down",
        ),
        (
            "Kinds of errors",
            "TIDE's definitions, foreground IoU .50, background IoU .10; of all predictions that "
            "the rules look at",
        ),
    ]
    return tuple(rows)


def _confidence(kind: KindPage) -> str:
    if kind.stated:
        return f"{kind.confidence:g}, as stated"
    return f"{kind.confidence:.3f}, where the smoothed mean F1 is highest, as Ultralytics chooses"


def _file(what: str, path: Path, dataset: Dataset) -> list[tuple[str, str]]:
    """Name and hash; of labels that are a folder the fingerprint of what was read."""
    rows = [(what, str(path))]
    if path.is_file():
        return [*rows, (f"SHA-256 of the {what}", sha256(path.read_bytes()))]
    if what == "labels":
        return [*rows, ("fingerprint of the labels as read", dataset.fingerprint())]
    return rows
