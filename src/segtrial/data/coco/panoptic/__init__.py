"""COCO panoptic labels, all that other stages use of them: read, prepare, write."""

from __future__ import annotations

from segtrial.data.coco.panoptic.prepare import prepare_panoptic
from segtrial.data.coco.panoptic.read import read_panoptic
from segtrial.data.coco.panoptic.write import write_panoptic

__all__ = ["prepare_panoptic", "read_panoptic", "write_panoptic"]
