"""A data set of one format as one of another, with all that the other cannot hold counted first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.data.bdd100k.bitmask import prepare_bitmasks
from segtrial.data.bdd100k.convert import prepare_bdd100k
from segtrial.data.coco.convert import prepare_coco
from segtrial.data.coco.panoptic import prepare_panoptic
from segtrial.data.yolo.convert import prepare_yolo
from segtrial.types.dataset import Dataset, LabelFormat

if TYPE_CHECKING:
    from segtrial.types.losses import Loss


def convert(dataset: Dataset, target: LabelFormat) -> tuple[Dataset, tuple[Loss, ...]]:
    """The data set with records of the format `target`, ready to be written, and the losses.

    Under its own format a data set stays as it is. Nothing is written here. Raises DataError
    where the target cannot hold the data set at all.
    """
    if target == dataset.label_format:
        return dataset, ()
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
