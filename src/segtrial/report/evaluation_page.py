"""EvaluationPage → one offline HTML page: numbers, class tables, curves, mix-ups, errors, protocol.

Texts and coordinates are prepared in `evaluation_tables` and `evaluation_figures`; the template
only places them, and nothing is computed.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from segtrial.report import evaluation_figures as figures
from segtrial.report.evaluation_figures import (
    BinView,
    ConfusionView,
    CurvesView,
    IouView,
    bin_views,
    confusion_view,
    curves_view,
    iou_view,
)
from segtrial.report.evaluation_tables import (
    ClassRow,
    ErrorView,
    FlowRow,
    NumberRow,
    SlicesView,
    class_columns,
    class_rows,
    error_rows,
    flow_rows,
    image_cells,
    metric_text,
    mix_ups,
    number_rows,
    slice_views,
)
from segtrial.report.render import shown
from segtrial.report.summary_figures import CELL, HEAT_LEFT
from segtrial.report.text import count_text, number_of
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from segtrial.types.evaluation_page import EvaluationPage, KindPage

STYLES = ("report.css", "summary.css", "evaluation.css")
TITLES = {IouType.MASK: "Masks", IouType.BOX: "Boxes"}
FLOW_ROWS = 20  # the others are folded away

ImageCells = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindView:
    """Everything about boxes, or about masks."""

    key: str
    title: str
    confidence: str
    chosen: str
    classes: tuple[ClassRow, ...]
    curves: CurvesView
    mix_ups: tuple[tuple[str, str, str, str], ...]
    heat: ConfusionView | None
    flow: tuple[FlowRow, ...]
    flow_words: str
    errors: tuple[ErrorView, ...]
    errors_line: str
    bins: tuple[BinView, ...]
    calibration_line: str
    worst: ImageCells
    best: ImageCells
    images_line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationView:
    """The whole page."""

    name: str
    predictions: str
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    numbers: tuple[NumberRow, ...]
    iou: IouView
    columns: tuple[str, ...]
    empty_rows: int
    kinds: tuple[KindView, ...]
    slices: tuple[SlicesView, ...]
    slices_rules: str
    protocol: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    command: str


def evaluation_html(page: EvaluationPage) -> str:
    """One HTML page that loads nothing; the same input gives the same text.

    Names are escaped and direction-isolated. The page forbids itself any script but its own, whose
    hash it states.
    """
    environment = Environment(
        loader=PackageLoader("segtrial.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = "\n".join(_source(environment, name) for name in STYLES)
    script = _source(environment, "evaluation.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("evaluation.html.j2").render(
        page=evaluation_view(page),
        css=Markup(css),  # noqa: S704 (our files)
        script=Markup(script),  # noqa: S704 (our file)
        script_hash=f"sha256-{digest}",
        heat={"cell": CELL, "left": HEAT_LEFT},
        fig=figures,
        flow_rows=FLOW_ROWS,
    )


def _source(environment: Environment, name: str) -> str:
    loader = environment.loader
    assert loader is not None
    return loader.get_source(environment, name)[0]


def evaluation_view(page: EvaluationPage) -> EvaluationView:
    """Prepare every text and coordinate; masks come before boxes."""
    answer = page.answer
    kinds = sorted(page.kinds, key=lambda kind: kind.iou_type != IouType.MASK)
    plain = answer.style in {"coco", "lvis"}
    return EvaluationView(
        name=page.name,
        predictions=page.predictions,
        facts=(
            f"style {answer.style}",
            number_of(answer.images, "image"),
            number_of(answer.instances, "instance"),
            number_of(len(answer.classes), "class", "classes"),
            number_of(page.detections, "prediction"),
        ),
        notes=answer.notes,
        numbers=number_rows(answer),
        iou=iou_view(page),
        columns=class_columns(answer),
        empty_rows=sum(row.instances == 0 for row in answer.classes),
        kinds=tuple(_kind(page, kind) for kind in kinds),
        slices=slice_views(page),
        slices_rules="" if plain else "By COCO's rules and AP, whatever the style. ",
        protocol=page.protocol,
        files=page.files,
        versions=page.versions,
        command=page.command,
    )


def _kind(page: EvaluationPage, kind: KindPage) -> KindView:
    names = tuple(row.name for row in page.answer.classes)
    truths = np.array([row.instances for row in page.answer.classes], np.int64)
    return KindView(
        key=kind.iou_type.value,
        title=TITLES[kind.iou_type],
        confidence=f"{kind.confidence:g}" if kind.stated else f"{kind.confidence:.3f}",
        chosen="as stated" if kind.stated else "where the mean F1 is highest",
        classes=class_rows(page.answer, kind),
        curves=curves_view(kind, names, truths),
        mix_ups=mix_ups(kind, names),
        heat=confusion_view(kind, names),
        flow=flow_rows(kind, names),
        flow_words=_flow_words(kind),
        errors=error_rows(kind),
        errors_line=kind.errors_reason or f"AP at IoU .50 is {metric_text(kind.ap50)}.",
        bins=bin_views(kind.reliability.bins),
        calibration_line=_calibration_line(kind),
        worst=image_cells(kind.worst),
        best=image_cells(kind.best),
        images_line=f"Of {number_of(kind.images_with_truth, 'image')} with instances.",
    )


def _flow_words(kind: KindPage) -> str:
    """All classes together, in one sentence."""
    table = kind.table
    whole, kept = int(table[:-1].sum()), int(np.trace(table[:-1, :-1]))
    missed, appeared = int(table[:-1, -1].sum()), int(table[-1, :-1].sum())
    return (
        f"Of {number_of(whole, 'instance')} {count_text(kept)} kept their class, "
        f"{count_text(whole - kept - missed)} were called another and {count_text(missed)} were "
        f"missed; {number_of(appeared, 'prediction')} stand where nothing is."
    )


def _calibration_line(kind: KindPage) -> str:
    found = kind.reliability
    if found.reason:
        return f"Undefined: {found.reason}"
    text = f"Expected calibration error {metric_text(found.error)} over all predictions"
    if found.confident_error is None:
        return f"{text}; none is as confident as {kind.confidence:.3g}."
    return (
        f"{text}, {metric_text(found.confident_error)} over those of {kind.confidence:.3g} or more."
    )
