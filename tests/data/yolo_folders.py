"""Hand-sized YOLO data sets on disk, for the tests of reader, writer and conversion."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

SQUARE = "0.1 0.3 0.3 0.3 0.3 0.7 0.1 0.7"  # px 2…6 × 3…7 in a picture of 20 × 10
NAMES = "names: {0: car, 1: bridge, 2: sign}\n"
DATA = f"train: images/train\nval: images/val\n{NAMES}"


def picture(path: Path, size: tuple[int, int] = (20, 10)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 150)).save(path)
    return path


def written(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def yolo_folder(folder: Path, data: str = DATA) -> Path:
    """Training images a (a car, a bridge), b (no label file), c (an empty one); validation: d."""
    written(folder / "data.yaml", data)
    for name in ("train/a", "train/b", "train/c", "val/d"):
        picture(folder / f"images/{name}.png")
    written(folder / "labels/train/a.txt", f"0 {SQUARE}\n1 0 0 0.5 0 0.5 1\n")
    written(folder / "labels/train/c.txt", "")
    written(folder / "labels/val/d.txt", f"2 {SQUARE}\n")
    return folder


def one_picture(folder: Path, rows: str | bytes) -> Path:
    """A data set of one picture with these label rows, and three classes."""
    written(folder / "data.yaml", f"train: images/train\n{NAMES}")
    picture(folder / "images/train/a.png")
    written(folder / "labels/train/a.txt", rows)
    return folder
