"""Labels and results of the size and shape of BDD100K's, COCO's and LVIS's, made up, on disk.

    python -m benchmarks.detection_sets --folder FOLDER [--shape bdd] [--shape coco] [--shape lvis]

Truth in COCO's or LVIS's form with polygons; results with boxes and compressed run lengths. Each
image is drawn from its own generator, so a smaller set is not a part of a larger one but like it.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from benchmarks.drawn_shapes import Floats, Longs, Shapes, polygon, run_lengths, shape_library

if TYPE_CHECKING:
    from io import BufferedWriter

SEED = 20261120
LIBRARY = 2000  # different outlines


@dataclass(frozen=True, slots=True, kw_only=True)
class SetShape:
    """How many of what. `topics`: mean number of classes in an image's mix, beside the first.

    `side_px`: median of the square root of a truth's box area, `spread` its sigma in logs; `nodes`:
    an outline has twice so many vertices. `own`, `mixed_up`: shares of the detections that lie on a
    truth under its own or another class; the others lie anywhere.
    """

    name: str
    images: int
    height_px: int
    width_px: int
    classes: int
    truths: int
    crowds: int
    detections_an_image: int
    topics: float
    side_px: float
    spread: float
    nodes: tuple[int, int]
    own: float
    mixed_up: float
    federated: bool = False

    def part(self, divisor: int) -> SetShape:
        """The same with 1/divisor of the images and what is in them."""
        return replace(
            self,
            name=f"{self.name}_{divisor}",
            images=self.images // divisor,
            truths=self.truths // divisor,
            crowds=self.crowds // divisor,
        )


SET_SHAPES = {
    shape.name: shape
    for shape in (
        SetShape(
            name="bdd",
            images=1000,
            height_px=720,
            width_px=1280,
            classes=45,
            truths=67_549,
            crowds=0,
            detections_an_image=150,
            topics=9,
            side_px=45,
            spread=1.0,
            nodes=(3, 7),
            own=0.7,
            mixed_up=0.12,
        ),
        SetShape(
            name="coco",
            images=5000,
            height_px=480,
            width_px=640,
            classes=80,
            truths=36_335,
            crowds=446,
            detections_an_image=100,
            topics=2,
            side_px=60,
            spread=1.05,
            nodes=(4, 24),
            own=0.4,
            mixed_up=0.2,
        ),
        SetShape(
            name="lvis",
            images=5000,
            height_px=480,
            width_px=640,
            classes=1203,
            truths=58_000,
            crowds=0,
            detections_an_image=280,
            topics=5,
            side_px=42,
            spread=1.05,
            nodes=(4, 30),
            own=0.3,
            mixed_up=0.3,
            federated=True,
        ),
    )
}


def tiny(shape: SetShape, images: int) -> SetShape:
    """A few images of the same kind: to load the kernels, or as a newcomer's first set."""
    each = shape.truths / shape.images
    return replace(
        shape,
        name=f"{shape.name}_{images}_images",
        images=images,
        truths=max(images, round(each * images)),
        crowds=min(shape.crowds, 1),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    """An image: `topics`, its classes; of n truths `label`, `shape` int64, `box_xywh` (n, 4)."""

    row: int
    topics: Longs
    label: Longs
    shape: Longs
    box_xywh: Floats


def ready(shape: SetShape, folder: Path) -> tuple[Path, Path]:
    """The files of labels and of results under `folder`; written first where they are not there."""
    home = folder / shape.name
    truth, results = home / "truth.json", home / "results.json"
    if not results.exists():
        home.mkdir(parents=True, exist_ok=True)
        unfinished = home / "results.json.unfinished"
        _write(shape, truth, unfinished)
        unfinished.replace(results)  # so a file that is there is whole
    return truth, results


def _write(shape: SetShape, truth: Path, results: Path) -> None:
    rng = np.random.default_rng([SEED, 0])
    outlines = shape_library(LIBRARY, shape.nodes, rng)
    rank = 1 / np.arange(1, shape.classes + 1)
    frequency = rng.permutation(rank / rank.sum())
    busy = rng.gamma(1.2, size=shape.images)
    per_image = rng.multinomial(shape.truths, busy / busy.sum())
    crowd_images = np.sort(rng.choice(shape.images, shape.crowds, replace=False))
    writer = _Writer(shape, outlines, frequency, set(crowd_images.tolist()))
    with truth.open("wb") as labels, results.open("wb") as found:
        writer.write(per_image.tolist(), labels, found)


class _Writer:
    """Writes both files image by image."""

    def __init__(
        self, shape: SetShape, outlines: Shapes, frequency: Floats, crowd_images: set[int]
    ) -> None:
        self.shape, self.outlines, self.frequency = shape, outlines, frequency
        self.crowd_images = crowd_images
        self.annotations = 0

    def write(self, per_image: list[int], labels: BufferedWriter, found: BufferedWriter) -> None:
        images = []
        labels.write(b'{"info": {"description": "generated"}, "licenses": [], "annotations": [')
        found.write(b"[")
        for row, truths in enumerate(per_image):
            rng = np.random.default_rng([SEED, 1, row])
            scene = _scene(self.shape, row, truths, self.frequency, len(self.outlines), rng)
            images.append(self._image(scene, rng))
            annotations = self._annotations(scene, rng)
            if annotations:
                before = b", " if self.annotations > len(annotations) else b""
                labels.write(before + msgspec.json.encode(annotations)[1:-1])
            found.write(
                (b", " if row else b"") + msgspec.json.encode(self._found(scene, rng))[1:-1]
            )
        found.write(b"]\n")
        labels.write(b'], "images": ' + msgspec.json.encode(images))
        labels.write(b', "categories": ' + msgspec.json.encode(self._categories()) + b"}\n")

    def _image(self, scene: _Scene, rng: np.random.Generator) -> dict[str, Any]:
        name = f"{scene.row + 1:012d}.jpg"
        image: dict[str, Any] = {
            "id": scene.row + 1,
            "file_name": name,
            "height": self.shape.height_px,
            "width": self.shape.width_px,
        }
        if self.shape.federated:
            image["coco_url"] = f"http://images.example.org/{name}"
            absent = rng.choice(self.shape.classes, 10, replace=False, p=self.frequency)
            image["neg_category_ids"] = (np.setdiff1d(absent, scene.label) + 1).tolist()
            present = np.unique(scene.label)
            partly = present[rng.random(len(present)) < 0.1]
            image["not_exhaustive_category_ids"] = (partly + 1).tolist()
        return image

    def _annotations(self, scene: _Scene, rng: np.random.Generator) -> list[dict[str, Any]]:
        made = []
        for label, k, box in zip(scene.label.tolist(), scene.shape, scene.box_xywh, strict=True):
            ring = polygon(self.outlines, int(k), box)
            made.append(self._annotation(scene, label, box, _area_px(ring)))
            made[-1]["segmentation"] = [ring.ravel().tolist()]
        if scene.row in self.crowd_images:
            made.append(self._crowd(scene, rng))
        return made

    def _annotation(self, scene: _Scene, label: int, box: Floats, area_px: float) -> dict[str, Any]:
        self.annotations += 1
        annotation = {
            "id": self.annotations,
            "image_id": scene.row + 1,
            "category_id": label + 1,
            "bbox": np.round(box, 2).tolist(),
            "area": area_px,
        }
        return annotation if self.shape.federated else annotation | {"iscrowd": 0}

    def _crowd(self, scene: _Scene, rng: np.random.Generator) -> dict[str, Any]:
        """A region of many, as plain counts, the way COCO has it."""
        height, width = self.shape.height_px, self.shape.width_px
        w, h = rng.integers(60, 300, 2).tolist()
        x, y = int(rng.integers(0, width - w)), int(rng.integers(1, height - h - 1))
        counts = [x * height + y, *[h, height - h] * w]
        counts[-1] = height * width - sum(counts[:-1])
        annotation = self._annotation(
            scene, int(scene.topics[0]), np.array([x, y, w, h], float), float(w * h)
        )
        return annotation | {
            "iscrowd": 1,
            "segmentation": {"counts": counts, "size": [height, width]},
        }

    def _found(self, scene: _Scene, rng: np.random.Generator) -> list[dict[str, Any]]:
        label, outline, box, score = _detections(
            self.shape, scene, self.frequency, len(self.outlines), rng
        )
        size = (self.shape.height_px, self.shape.width_px)
        counts = run_lengths(self.outlines, outline, box, size)
        rows = zip(label.tolist(), score.tolist(), np.round(box, 2).tolist(), counts, strict=True)
        return [
            {
                "image_id": scene.row + 1,
                "category_id": of_class + 1,
                "bbox": corners,
                "score": confidence,
                "segmentation": {"size": size, "counts": text},
            }
            for of_class, confidence, corners, text in rows
        ]

    def _categories(self) -> list[dict[str, Any]]:
        rank = np.argsort(np.argsort(-self.frequency))
        made: list[dict[str, Any]] = []
        for row in range(self.shape.classes):
            category = {"id": row + 1, "name": f"thing {row + 1}", "supercategory": "thing"}
            if self.shape.federated:
                category |= {"frequency": "fcr"[min(3 * int(rank[row]) // self.shape.classes, 2)]}
            made.append(category)
        return made


def _scene(
    shape: SetShape,
    row: int,
    truths: int,
    frequency: Floats,
    outlines: int,
    rng: np.random.Generator,
) -> _Scene:
    """The truth of an image: a few classes, some of them often."""
    topics = np.unique(rng.choice(shape.classes, 1 + rng.poisson(shape.topics), p=frequency))
    topics = rng.permutation(topics)
    weight = rng.dirichlet(np.full(len(topics), 0.7))
    side = np.clip(shape.side_px * np.exp(rng.normal(0, shape.spread, truths)), 6, 420)
    return _Scene(
        row=row,
        topics=topics,
        label=rng.choice(topics, truths, p=weight),
        shape=rng.integers(0, outlines, truths),
        box_xywh=_placed(side, shape, rng),
    )


def _placed(side_px: Floats, shape: SetShape, rng: np.random.Generator) -> Floats:
    """Boxes of these sides, longer or taller, anywhere in the image: float64 (n, 4), 2 decimals."""
    aspect = np.exp(rng.normal(0, 0.4, len(side_px)))
    size = np.array([shape.width_px, shape.height_px])
    wh = np.minimum(np.stack([side_px * aspect, side_px / aspect], axis=1), size - 2)
    return np.round(np.concatenate([rng.random((len(wh), 2)) * (size - wh), wh], axis=1), 2)


def _detections(
    shape: SetShape, scene: _Scene, frequency: Floats, outlines: int, rng: np.random.Generator
) -> tuple[Longs, Longs, Floats, Floats]:
    """Class, outline, box and score of an image's detections, the highest score first.

    A share lies on a truth, well or badly, under its own class or another; the rest is anywhere.
    """
    count, truths = shape.detections_an_image, len(scene.label)
    kind = rng.random(count)
    on_truth = kind < shape.own + shape.mixed_up if truths else np.zeros(count, np.bool_)
    own = on_truth & (kind < shape.own)
    target = rng.permutation(np.arange(count) % max(truths, 1))  # each truth about equally often
    anywhere = rng.choice(shape.classes, count, p=frequency)
    label = np.where(rng.random(count) < 0.5, rng.choice(scene.topics, count), anywhere)
    outline = rng.integers(0, outlines, count)
    side = np.clip(shape.side_px * np.exp(rng.normal(0, shape.spread, count)), 6, 420)
    box = _placed(side, shape, rng)
    error = np.exp(rng.normal(np.log(0.14), 0.8, count))  # how badly a box lies
    if truths:
        real = scene.box_xywh[target]
        moved = rng.normal(0, 1, (count, 4)) * error[:, None] * 0.5
        near = real + np.concatenate([moved[:, :2], moved[:, 2:]], axis=1) * np.tile(real[:, 2:], 2)
        box[on_truth] = _inside(near[on_truth], shape)
        keeps = on_truth & (rng.random(count) < 0.7)
        outline[keeps] = scene.shape[target[keeps]]
        label[own] = scene.label[target[own]]
    logit = np.where(own, 1.2 - 9 * error, np.where(on_truth, -2.2 - 3 * error, -3.4))
    score = np.round(1 / (1 + np.exp(-logit - rng.normal(0, 1.1, count))), 6)
    order = np.argsort(-score, kind="stable")
    return label[order], outline[order], box[order], score[order]


def _inside(box_xywh: Floats, shape: SetShape) -> Floats:
    """Boxes cut to the image, at least 2 px wide and tall: float64 (n, 4)."""
    size = np.array([shape.width_px, shape.height_px])
    low = np.clip(box_xywh[:, :2], 0, size - 3)
    high = np.clip(box_xywh[:, :2] + np.maximum(box_xywh[:, 2:], 2), low + 2, size)
    return np.concatenate([low, high - low], axis=1)


def _area_px(ring: Floats) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return round(abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--shape", action="append", choices=list(SET_SHAPES))
    args = parser.parse_args()
    for name in args.shape or SET_SHAPES:
        begin = time.perf_counter()
        files = ready(SET_SHAPES[name], args.folder)
        sizes = ", ".join(f"{path} {path.stat().st_size / 1e6:.1f} MB" for path in files)
        print(f"{name}: {sizes} ({time.perf_counter() - begin:.0f} s)")


if __name__ == "__main__":
    main()
