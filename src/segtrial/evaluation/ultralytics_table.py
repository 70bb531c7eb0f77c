"""Dataset + Detections → Ultralytics' table, and its text in the customary layout.

The figures come from `ultralytics.py`. A table of the report is made elsewhere (`report/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segtrial.evaluation.ultralytics import Note, Style, UltralyticsScores, ultralytics_scores
from segtrial.evaluation.ultralytics_matching import Matching, left_out, match_as_ultralytics
from segtrial.types.evaluation import IouType

if TYPE_CHECKING:
    from segtrial.evaluation.matching import Truth
    from segtrial.types.arrays import Floats
    from segtrial.types.attributes import LeftOut
    from segtrial.types.detections import Detections

NAME_WIDTH, WIDTH = 22, 11
NAMED_CLASSES = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UltralyticsTable:
    """The Box and the Mask columns of one run; `mask` None where there are no masks."""

    box: UltralyticsScores
    mask: UltralyticsScores | None
    left_out: tuple[LeftOut, ...]

    @property
    def parts(self) -> tuple[UltralyticsScores, ...]:
        """Box, and Mask where there are masks."""
        return (self.box,) if self.mask is None else (self.box, self.mask)


def ultralytics_table(
    truth: Truth,
    detections: Detections,
    *,
    style: Style = Style.ULTRALYTICS,
    matching: Matching = Matching.BY_CONFIDENCE,
) -> UltralyticsTable:
    """The whole table of one run; masks where both sides have them."""
    masks = truth.masks is not None and detections.masks is not None
    box, mask = (
        ultralytics_scores(
            match_as_ultralytics(truth, detections, kind, matching),
            truth.dataset.class_names,
            style,
        )
        if kind == IouType.BOX or masks
        else None
        for kind in (IouType.BOX, IouType.MASK)
    )
    assert box is not None
    return UltralyticsTable(box=box, mask=mask, left_out=left_out(truth.dataset, detections))


def table_lines(table: UltralyticsTable, *, images_with_class: bool = True) -> list[str]:
    """Ultralytics' console table: a head, "all", and each class with truth, in the labels' order.

    `images_with_class`: what Images counts in a class's row: images that hold the class, or, as in
    tables of 2023, all images. Undefined numbers (no truth at all) show as "–". Notes that the
    figures need: `note_lines`.
    """
    box = table.box
    lines = [_head(masks=table.mask is not None)]
    means = np.concatenate([part.mean for part in table.parts])
    lines.append(_line("all", box.images, int(box.instances.sum()), means))
    columns = np.concatenate([part.columns for part in table.parts], axis=1)
    for c in np.flatnonzero(box.with_truth):
        images = int(box.positive_images[c]) if images_with_class else box.images
        lines.append(_line(box.class_names[c], images, int(box.instances[c]), columns[c]))
    return lines


def _head(*, masks: bool) -> str:
    names = ["Images", "Instances"]
    for part in ("Box", "Mask") if masks else ("Box",):
        names += [f"{part}(P", "R", "mAP50", "mAP50-95)"]
    return f"{'Class':>{NAME_WIDTH}}" + "".join(f"{name:>{WIDTH}}" for name in names)


def _line(name: str, images: int, instances: int, values: Floats) -> str:
    shown = ["–" if np.isnan(value) else f"{value:.3g}" for value in values.tolist()]
    cells = "".join(f"{cell:>{WIDTH}}" for cell in [str(images), str(instances), *shown])
    return f"{name:>{NAME_WIDTH}}{cells}"


def note_lines(table: UltralyticsTable) -> list[str]:
    """What a reader of the table must know: style, confidence, classes covered, odd P and R."""
    lines = []
    for part in table.parts:
        name = part.iou_type.value.capitalize()
        lines.append(
            f"{name}: style {part.style}; P and R at confidence {part.confidence:.3f}; "
            f"means over {int(part.with_truth.sum())} of {len(part.class_names)} classes, "
            "those with truth"
        )
        for note, shown in (
            (Note.NOT_THAT_CONFIDENT, "P = 1, R = 0"),
            (Note.NEVER_PREDICTED, "P = R = 0"),
            (Note.NEVER_RIGHT, "P = R = 0"),
        ):
            names = [
                c for c, found in zip(part.class_names, part.note, strict=True) if found == note
            ]
            if names:
                lines.append(f"{name}: {note} ({shown}): {_listed(names)}")
    return lines + [str(item) for item in table.left_out]


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED_CLASSES
    return ", ".join(names[:NAMED_CLASSES]) + (f" and {more} more" if more > 0 else "")
