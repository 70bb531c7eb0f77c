"""Any supported predictions → Detections: the format is recognised from the content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from segtrial.data.bdd100k.predictions import read_scalabel_predictions
from segtrial.data.coco.results import read_coco_results
from segtrial.data.record_blocks import file_opening, record_blocks
from segtrial.data.records import decode, first_character, is_there
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.attributes import LeftOut
    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

EXPECTED = "COCO results (a list of image_id, category_id, score) or Scalabel frames"


class _Keys(msgspec.Struct):
    image_id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    name: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def read_predictions(
    path: Path, truth: Dataset, *, leave_out: bool = False
) -> tuple[Detections, tuple[LeftOut, ...]]:
    """Detections of COCO results or Scalabel predictions on the images and classes of `truth`.

    `leave_out`: predictions on other images or of other classes are left out and counted, else
    they raise DataError, as does what is neither format. An empty list is no detection at all.
    """
    if not is_there(path):
        raise DataError("There is no such prediction file.", where=str(path), expected=EXPECTED)
    if path.is_dir() or not _is_coco(path):
        return read_scalabel_predictions(path, truth, leave_out=leave_out)
    return read_coco_results(path, truth, leave_out=leave_out)


def _is_coco(path: Path) -> bool:
    if first_character(file_opening(path)) != b"[":
        return False
    where = str(path)
    decode_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
    blocks = record_blocks(path, decode_raws, msgspec.Raw, where=where, expected=EXPECTED)
    _, _, raws = next(blocks, (0, b"", []))
    if not raws:
        return True
    keys = decode(raws[0], _Keys, where=f"{where}[0]", expected=EXPECTED)
    if keys.image_id is msgspec.UNSET and keys.name is msgspec.UNSET:
        raise DataError(
            "The prediction format is not recognised.",
            where=f"{where}[0]",
            expected=EXPECTED,
            got="neither image_id nor name",
        )
    return keys.image_id is not msgspec.UNSET
