"""A block of COCO results → checked columns, without a step of Python for each check.

A block with anything wrong or rare in it is not judged here: `result_columns` gives None, and the
reader takes its records one by one, which says what is wrong and where (`results.py`).
"""

from __future__ import annotations

from itertools import chain, compress
from typing import TYPE_CHECKING, Annotated, TypeAlias

import hotcoco
import msgspec
import numpy as np

from segtrial.data.found import ABSENT, NO_CLASS, NO_IMAGE, FoundBlock
from segtrial.geometry.outlines import FARTHEST_PX
from segtrial.geometry.run_totals import runs_fill_images
from segtrial.types.attributes import LeftOut
from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.data.found import Found
    from segtrial.types.arrays import Floats, Ints, Longs

_ABSENT_BYTES = max(map(len, ABSENT))


class Result(msgspec.Struct, gc=False):
    """One result, its geometry as it stands in the file."""

    image_id: int | str
    category_id: int
    score: float
    bbox: Annotated[list[float], msgspec.Meta(min_length=4, max_length=4)] | None = None
    segmentation: msgspec.Raw = msgspec.Raw(b"")


class RunLengths(msgspec.Struct, gc=False):
    """COCO's compressed run lengths of an image of `size` (height, width)."""

    size: tuple[int, int]
    counts: str


class CompressedResult(msgspec.Struct, gc=False):
    """One result whose geometry is compressed run lengths or absent: a `Result` made to be fast."""

    image_id: int | str
    category_id: int
    score: float
    bbox: tuple[float, float, float, float] | None = None
    segmentation: RunLengths | None = None


AnyResult: TypeAlias = Result | CompressedResult

_run_lengths = msgspec.json.Decoder(RunLengths)


class RowOfImage(dict[int | str, int]):
    """The row of the image that a file calls by a number or by a text; −1 for a stranger."""

    def __init__(self, row_of: dict[str, int]) -> None:
        super().__init__()
        self._row_of = row_of

    def __missing__(self, said: int | str) -> int:
        row = self._row_of.get(str(said), -1)
        self[said] = row
        return row


def result_columns(
    records: Sequence[AnyResult],
    found: Found,
    *,
    row_of_image: RowOfImage,
    row_of_class: dict[int, int],
    first: int,
    where: str,
) -> FoundBlock | None:
    """The columns of `records`, of which the first is number `first` of the list `where`; None for
    a block that must be looked at one by one. Nothing is added to `found`.
    """
    if not records:
        return None
    image, label = _rows(records, row_of_image, row_of_class)
    known = (image >= 0) & (label >= 0)
    left_out = _strangers(image, label, first, where)
    if left_out:
        if not found.leave_out:
            return None
        records = list(compress(records, known.tolist()))
        image, label = image[known], label[known]
    outlines = _outlines(records, image, found)
    if outlines is None or (masks := _joined(outlines, image, found)) is None:
        return None
    boxes = [r.bbox for r in records]
    box_xywh = _boxes(boxes, outlines)
    score = np.array([r.score for r in records], np.float64)
    if box_xywh is None or not ((score >= 0) & (score <= 1)).all():
        return None
    return FoundBlock(
        image_index=image,
        class_index=label,
        score=score,
        box_xywh=box_xywh,
        states_box=None not in boxes,
        counts=masks[0] if outlines else None,
        lengths=masks[1],
        left_out=left_out,
        first_place=f"{where}[{first + int(np.argmax(known))}]",
    )


def _rows(
    records: Sequence[AnyResult], row_of_image: RowOfImage, row_of_class: dict[int, int]
) -> tuple[Ints, Ints]:
    """The image and class row of each record: int32 (K), −1 for strangers."""
    image = [row_of_image[r.image_id] for r in records]
    label = [row_of_class.get(r.category_id, -1) for r in records]
    return np.array(image, np.int32), np.array(label, np.int32)


def _strangers(image: Ints, label: Ints, first: int, where: str) -> tuple[LeftOut, ...]:
    """What is left out, in the order in which the file first shows it."""
    kinds = [(NO_IMAGE, image < 0), (NO_CLASS, (image >= 0) & (label < 0))]
    found = [(int(np.argmax(mask)), int(mask.sum()), reason) for reason, mask in kinds]
    return tuple(
        LeftOut(count=count, reason=reason, first=f"{where}[{first + row}]")
        for row, count, reason in sorted(found)
        if count
    )


def _outlines(records: Sequence[AnyResult], image: Ints, found: Found) -> list[RunLengths] | None:
    """The run lengths of all records, or of none; None where some have a mask and others have none,
    or a mask cannot be read.
    """
    outlines: list[RunLengths] = []
    for row, record in enumerate(records):
        shape = record.segmentation
        if isinstance(shape, msgspec.Raw):
            try:
                shape = _from_raw(shape, int(image[row]), found)
            except DataError:
                return None
        if shape is not None:
            outlines.append(shape)
    return outlines if len(outlines) in (0, len(records)) else None


def _from_raw(raw: msgspec.Raw, image: int, found: Found) -> RunLengths | None:
    if memoryview(raw).nbytes <= _ABSENT_BYTES and bytes(raw) in ABSENT:
        return None
    try:
        return _run_lengths.decode(raw)
    except msgspec.DecodeError:  # polygons, plain counts, or nothing that can be read
        counts = found.counts(raw, image, where="")
        return RunLengths(size=found.size(image), counts=counts.decode())


def _joined(outlines: list[RunLengths], image: Ints, found: Found) -> tuple[bytes, Longs] | None:
    """The strings one after another and the length of each; None where one is of another size than
    its image, or not sound.
    """
    if not outlines:
        return b"", np.zeros(0, np.int64)
    size_px = np.stack([found.truth.height_px, found.truth.width_px], axis=1)[image]
    strings = [outline.counts for outline in outlines]
    text = "".join(strings)
    if not text.isascii() or not _sizes_are([outline.size for outline in outlines], size_px):
        return None
    data = text.encode()
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    offset = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offset[1:])
    image_px = size_px[:, 0].astype(np.int64) * size_px[:, 1]
    sound = runs_fill_images(np.frombuffer(data, np.uint8), offset, image_px)
    return (data, lengths) if sound.all() else None


def _sizes_are(sizes: Sequence[tuple[int, int]], size_px: Ints) -> bool:
    try:
        stated = np.fromiter(chain.from_iterable(sizes), np.int64, 2 * len(sizes))
    except OverflowError:
        return False
    return bool((stated.reshape(-1, 2) == size_px).all())


def _boxes(stated: Sequence[Sequence[float] | None], outlines: list[RunLengths]) -> Floats | None:
    """The stated boxes or, where none is stated, those of the masks: float64 (K, 4); None where
    some are missing or one is no box.
    """
    missing = sum(box is None for box in stated)
    if missing == 0:
        values = chain.from_iterable(stated)  # type: ignore[arg-type]
        boxes = np.fromiter(values, np.float64, 4 * len(stated)).reshape(-1, 4)
    elif missing == len(stated) == len(outlines):
        packed = [{"size": list(o.size), "counts": o.counts} for o in outlines]
        boxes = np.asarray(hotcoco.mask.toBbox(packed), np.float64).reshape(-1, 4)
    else:
        return None
    fits = (np.abs(boxes) <= FARTHEST_PX).all() and (boxes[:, 2:] >= 0).all()
    return boxes if fits else None
