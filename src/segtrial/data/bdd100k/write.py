"""Dataset → Scalabel JSON, for one that has Scalabel's records.

Label records are written byte for byte; only `category` of a relabelled one is written anew. A
data set of another format gets Scalabel's records first: `bdd100k/convert.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from segtrial.data.extension import names_by_image, with_coverage

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
    others = msgspec.json.decode(dataset.file_record, type=dict[str, msgspec.Raw])
    if not others:
        return text + b"\n"
    members = b"".join(
        b",\n%b: %b" % (msgspec.json.encode(name), bytes(raw)) for name, raw in others.items()
    )
    return b'{"frames": %b%b}\n' % (text, members)


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
    if msgspec.json.decode(record["category"], type=str).strip() == wanted:
        return raw
    return msgspec.json.encode(record | {"category": msgspec.Raw(msgspec.json.encode(wanted))})
