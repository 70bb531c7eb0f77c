"""Scenes → Scalabel frames and PNG files on disk, each written whole or not at all."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
from PIL import Image

from segtrial.data.streets.names import class_names, mean_counts
from segtrial.data.streets.picture import picture
from segtrial.data.streets.scene import Scene, draw_scene
from segtrial.data.streets.visible import Visible, see
from segtrial.geometry.trace import rings_of
from segtrial.types.randomness import generator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from segtrial.types.trial import Streets

MIN_VISIBLE_PX = 12  # of what is seen less is not labelled

Split = Literal["train", "val"]


class Poly2d(msgspec.Struct, frozen=True):
    """One ring of a label."""

    vertices: list[list[int]]
    types: str
    closed: bool


class Label(msgspec.Struct, frozen=True):
    """One instance."""

    id: str
    category: str
    attributes: dict[str, bool]
    poly2d: list[Poly2d]


class Frame(msgspec.Struct, frozen=True):
    """One picture: `name` is its file's name under `images/`."""

    name: str
    attributes: dict[str, str]
    size: dict[str, int]
    labels: list[Label]


def write_streets(
    spec: Streets, out: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Write `out/labels/streets_train.json`, `out/labels/streets_val.json` and, if the spec has
    pictures, `out/images/<frame name>`.

    The same spec gives the same bytes; picture k of a split does not depend on how many there
    are, nor the labels on whether there are pictures. `progress(done, total)` is called after
    every frame.
    """
    total, done = spec.train + spec.val, 0
    splits: tuple[tuple[Split, int], ...] = (("train", spec.train), ("val", spec.val))
    for split, images in splits:
        frames = []
        for number in range(images):
            scene, seen = make_scene(spec, split, number)
            frame = make_frame(spec, split, number, scene, seen)
            if spec.pictures:
                rng = generator(spec.seed, "streets", split, number, "sensor")
                _write(out / "images" / frame.name, _png(picture(scene, seen.owner, rng)))
            frames.append(msgspec.Raw(msgspec.json.encode(frame)))
            done += 1
            if progress:
                progress(done, total)
        body = b",\n".join(bytes(frame) for frame in frames)
        _write(out / "labels" / f"streets_{split}.json", b"[\n" + body + b"\n]\n")


def make_scene(spec: Streets, split: Split, number: int) -> tuple[Scene, Visible]:
    """Scene `number` of a split, and what is seen of it."""
    rng = generator(spec.seed, "streets", split, number)
    height, width = spec.image_size
    scene = draw_scene(rng, height, width, mean_counts(spec.names))
    return scene, see(scene.things, height, width)


def make_frame(spec: Streets, split: Split, number: int, scene: Scene, seen: Visible) -> Frame:
    """The frame of a scene: a label for each thing of a labelled class of which at least
    `MIN_VISIBLE_PX` pixels are seen, from the farthest to the nearest.
    """
    height, width = spec.image_size
    stem = f"{split}-{spec.seed}-{number:06d}"
    names = set(class_names(spec.names))
    visible_px = np.bincount(seen.owner.ravel() + 1, minlength=len(scene.things) + 1)[1:]
    rows = [
        row
        for row, thing in enumerate(scene.things)
        if thing.name in names and visible_px[row] >= MIN_VISIBLE_PX
    ]
    labels = [
        Label(
            id=f"{stem}-{row:02d}",
            category=scene.things[row].name,
            attributes={
                "occluded": bool(seen.occluded[row]),
                "truncated": bool(seen.truncated[row]),
                "crowd": False,
            },
            poly2d=_poly2d(seen, row),
        )
        for row in rows
    ]
    return Frame(
        name=f"{stem}.png",
        attributes={"weather": scene.weather, "scene": scene.place, "timeofday": scene.timeofday},
        size={"width": width, "height": height},
        labels=labels,
    )


def _poly2d(seen: Visible, row: int) -> list[Poly2d]:
    mask = seen.owner == row
    across, down = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    left, top = int(across[0]), int(down[0])
    crop = mask[top : int(down[-1]) + 1, left : int(across[-1]) + 1]
    rings = [(ring + np.array([left, top])).tolist() for ring in rings_of(crop)]
    return [Poly2d(vertices=ring, types="L" * len(ring), closed=True) for ring in rings]


def _png(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_bytes(data)
    unfinished.replace(path)
