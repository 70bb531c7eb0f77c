"""A data set of one format as one of another, with all that the other cannot hold counted first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from segtrial.data.bdd100k.bitmask import prepare_bitmasks
from segtrial.data.bdd100k.convert import prepare_bdd100k
from segtrial.data.coco.convert import prepare_coco
from segtrial.data.coco.panoptic import prepare_panoptic
from segtrial.data.yolo.convert import prepare_yolo
from segtrial.types.dataset import Dataset, LabelFormat
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from segtrial.types.losses import Loss


def convert(dataset: Dataset, target: LabelFormat) -> tuple[Dataset, tuple[Loss, ...]]:
    """The data set with records of the format `target`, ready to be written, and the losses.

    Under its own format a data set stays as it is. Nothing is written here. Raises DataError
    where the target cannot hold the data set at all.
    """
    if target == dataset.label_format:
        return dataset, ()
    try:
        return _prepared(dataset, target)
    except (msgspec.DecodeError, RecursionError, KeyError) as error:
        raise DataError(
            "A record cannot be read.",
            where=dataset.source,
            expected="records of the format, and what segtrial itself writes under its key",
            got=(str(error) or type(error).__name__)[:200],
            next_step="see what else is wrong: segtrial data check",
        ) from error


def _prepared(dataset: Dataset, target: LabelFormat) -> tuple[Dataset, tuple[Loss, ...]]:
    match target:
        case LabelFormat.COCO | LabelFormat.LVIS:
            return prepare_coco(dataset, target)
        case LabelFormat.COCO_PANOPTIC:
            return prepare_panoptic(dataset)
        case LabelFormat.BDD100K:
            return prepare_bdd100k(dataset)
        case LabelFormat.BDD100K_INS_SEG | LabelFormat.BDD100K_PAN_SEG:
            return prepare_bitmasks(dataset, target)
        case LabelFormat.YOLO_SEG:
            return prepare_yolo(dataset)
