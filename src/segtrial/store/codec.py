"""Records ↔ bytes. The same record gives the same bytes on every machine and at every time."""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from segtrial.types.detections import Detections
from segtrial.types.errors import RecordError
from segtrial.types.evaluation import IouType, Matches
from segtrial.types.masks import Masks
from segtrial.types.overlaps import Overlaps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What numpy, zipfile and zlib raise for a byte that is not what was written.
_DAMAGE = (
    *(ValueError, TypeError, LookupError, AssertionError, OSError, EOFError, RuntimeError),
    *(MemoryError, zipfile.BadZipFile, zlib.error),
)
# run lengths are packed already: deflating halves them, at four times the cost of all other reading
_AS_THEY_ARE = frozenset({"mask_data"})
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip format's first date: no clock in a record


def to_json(value: Any) -> bytes:
    """Indented JSON with a newline at the end; NaN is written as null."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def to_canonical_json(value: Any) -> bytes:
    """Compact JSON with sorted keys: what is hashed."""
    return msgspec.json.encode(value, order="sorted")


def pack_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """An npz file without dates; compressed, but for masks."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            body = io.BytesIO()
            np.lib.format.write_array(body, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            deflated = name not in _AS_THEY_ARE
            entry.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
            archive.writestr(entry, body.getvalue(), compresslevel=1)
    return out.getvalue()


def unpack_arrays(data: bytes, where: str) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an npz file; never unpickles. Raises RecordError for a damaged one."""
    with _refuse_damage(where), np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


@contextlib.contextmanager
def _refuse_damage(where: str) -> Iterator[None]:
    """RecordError for whatever damage, or arrays that are none of ours, make numpy raise."""
    try:
        yield
    except _DAMAGE as error:
        raise RecordError(
            "A record is damaged.",
            where=where,
            expected="an npz file of segtrial",
            got=str(error),
            next_step="delete the run's folder and run again",
        ) from error


def pack_detections(detections: Detections) -> bytes:
    """Detections as npz."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "image_index": detections.image_index,
        "class_index": detections.class_index,
        "score": detections.score,
        "box_xywh": detections.box_xywh,
    }
    if detections.area_px is not None:
        arrays["area_px"] = detections.area_px
    if detections.masks is not None:
        arrays["mask_data"] = detections.masks.data
        arrays["mask_offset"] = detections.masks.offset
    return pack_arrays(arrays)


def unpack_detections(data: bytes, where: str) -> Detections:
    """Detections from npz."""
    arrays = unpack_arrays(data, where)
    with _refuse_damage(where):
        masks = None
        if "mask_data" in arrays:
            masks = Masks(data=arrays.pop("mask_data"), offset=arrays.pop("mask_offset"))
        return Detections(masks=masks, **arrays)


def pack_matches(tables: Mapping[IouType, Matches]) -> bytes:
    """The matches of one run, box and mask, as npz."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for kind, table in tables.items():
        arrays[f"{kind}.size"] = np.array([table.images, table.classes], np.int64)
        for field in _MATCH_ARRAYS:
            arrays[f"{kind}.{field}"] = getattr(table, field)
    return pack_arrays(arrays)


def unpack_matches(data: bytes, where: str) -> dict[IouType, Matches]:
    """The matches of one run from npz."""
    arrays = unpack_arrays(data, where)
    with _refuse_damage(where):
        return {
            kind: Matches(
                iou_type=kind,
                images=int(arrays[f"{kind}.size"][0]),
                classes=int(arrays[f"{kind}.size"][1]),
                **{field: arrays[f"{kind}.{field}"] for field in _MATCH_ARRAYS},
            )
            for kind in IouType
            if f"{kind}.size" in arrays
        }


def pack_overlaps(pairs: Mapping[IouType, Overlaps]) -> bytes:
    """The overlaps of one run, box and mask, as npz; exact, so that matching them again is too."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for kind, table in pairs.items():
        arrays[f"{kind}.floor"] = np.array([table.floor], np.float64)
        arrays[f"{kind}.any_class"] = np.array([table.any_class], np.bool_)
        # counts, not sums of them: small numbers that repeat compress
        arrays[f"{kind}.count"] = np.diff(table.first).astype(np.int32)
        for field in _OVERLAP_ARRAYS:
            arrays[f"{kind}.{field}"] = getattr(table, field)
    return pack_arrays(arrays)


def unpack_overlaps(data: bytes, where: str) -> dict[IouType, Overlaps]:
    """The overlaps of one run from npz."""
    arrays = unpack_arrays(data, where)
    with _refuse_damage(where):
        return {
            kind: Overlaps(
                iou_type=kind,
                floor=float(arrays[f"{kind}.floor"][0]),
                any_class=bool(arrays[f"{kind}.any_class"][0]),
                first=_sums(arrays[f"{kind}.count"]),
                **{field: arrays[f"{kind}.{field}"] for field in _OVERLAP_ARRAYS},
            )
            for kind in IouType
            if f"{kind}.floor" in arrays
        }


def _sums(count: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Where each of the counted groups begins, and the end of the last."""
    if (count < 0).any():
        raise ValueError("a negative number of pairs")
    return np.append(0, np.cumsum(count, dtype=np.int64))


_OVERLAP_ARRAYS = ("truth_row", "iou", "area_px")
_MATCH_ARRAYS = (
    "thresholds",
    "image_index",
    "class_index",
    "score",
    "detection_row",
    "truth_row",
    "truth_class",
    "truth_image",
)
