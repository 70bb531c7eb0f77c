"""Dataset → Scalabel JSON, for one that has Scalabel's records.

Label records are written byte for byte; only `category` of a relabelled one is written anew. A
data set of another format gets Scalabel's records first: `bdd100k/convert.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from segtrial.data.bdd100k.frames import Config
from segtrial.data.bdd100k.names import ids_of
from segtrial.data.extension import KEY, OfFile, names_by_image, with_coverage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segtrial.types.dataset import Dataset


def write_bdd100k(dataset: Dataset) -> bytes:
    """A list of frames or, where the source had other members (config, groups), an object."""
    first = dataset.first_rows().tolist()
    frames = []
    for image, record in enumerate(_frames(dataset)):
        rows = range(first[image], first[image + 1])
        labels = b",\n".join(_label(dataset, row) for row in rows)
        frames.append(record.rstrip()[:-1] + b', "labels": [\n' + labels + b"\n]}")
    text = b"[\n" + b",\n".join(frames) + b"\n]"
    others = _other_members(dataset)
    if not others:
        return text + b"\n"
    members = b"".join(
        b",\n%b: %b" % (msgspec.json.encode(name), bytes(raw)) for name, raw in others.items()
    )
    return b'{"frames": %b%b}\n' % (text, members)


def _other_members(dataset: Dataset) -> dict[str, msgspec.Raw]:
    """The source's, and the class list where a reader would not find it in the labels."""
    others = msgspec.json.decode(dataset.file_record, type=dict[str, msgspec.Raw])
    stated: tuple[str, ...] = ()
    known: dict[str, int] = {}
    config = bytes(others.get("config", b"null"))
    if config != b"null":
        stated = msgspec.json.decode(config, type=Config).class_names()
    if KEY in others:
        known = msgspec.json.decode(others[KEY], type=OfFile).category_ids
    used = {dataset.class_names[label] for label in np.unique(dataset.class_index)}
    found = (*stated, *sorted(used - set(stated)))
    if found == dataset.class_names and ids_of(found, known) == dataset.class_ids:
        return others
    extension = OfFile() if KEY not in others else msgspec.json.decode(others[KEY], type=OfFile)
    extension.category_ids = dict(zip(dataset.class_names, dataset.class_ids, strict=True))
    members = {} if config == b"null" else msgspec.json.decode(config, type=dict[str, msgspec.Raw])
    names = msgspec.json.encode([{"name": name} for name in dataset.class_names])
    others["config"] = msgspec.Raw(
        msgspec.json.encode(members | {"categories": msgspec.Raw(names)})
    )
    others[KEY] = msgspec.Raw(msgspec.json.encode(extension))
    return others


def _frames(dataset: Dataset) -> Iterator[bytes]:
    if dataset.coverage is None:
        yield from dataset.image_record
        return
    lists = names_by_image(dataset.coverage, dataset.class_names, dataset.images)
    for record, names in zip(dataset.image_record, lists, strict=True):
        yield with_coverage(record, *names)


def _label(dataset: Dataset, row: int) -> bytes:
    raw = dataset.instance_record[row]
    record = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    wanted = dataset.class_names[dataset.class_index[row]]
    if msgspec.json.decode(record["category"], type=str) in {wanted, f"{wanted} "}:
        return raw
    return msgspec.json.encode(record | {"category": msgspec.Raw(msgspec.json.encode(wanted))})
