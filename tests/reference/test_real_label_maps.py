"""Real label maps: BDD100K bitmasks and panoptic PNG, and the rule by which they were drawn.

BDD100K's toolkit draws polygons by matplotlib without antialiasing: vertices and control points
are rounded to whole px, every pixel that a shape touches is filled, and later labels overwrite
earlier ones. `drawn_by_touch` says the same; COCO's rule, ours, gives less at every edge.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numba import njit
from PIL import Image

from segtrial.data.bdd100k.bitmask import (
    prepare_bitmasks,
    read_bitmasks,
    recognise_bitmasks,
    write_bitmasks,
)
from segtrial.data.bdd100k.names import FIRST_THING, PAN_SEG
from segtrial.data.bdd100k.read import read_bdd100k
from segtrial.data.coco.panoptic import prepare_panoptic, read_panoptic, write_panoptic
from segtrial.geometry.beziers import flatten_ring
from segtrial.geometry.outlines import parse_outline
from segtrial.geometry.rasterise import mask_counts
from segtrial.geometry.runs import decode_mask
from segtrial.types.dataset import LabelFormat
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.masks import pack_masks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from segtrial.types.arrays import Bools, Floats, Ints

    Draw = Callable[[dict[str, Any]], Bools]

INS, PAN = LabelFormat.BDD100K_INS_SEG, LabelFormat.BDD100K_PAN_SEG
SIZE = (720, 1280)
MATPLOTLIBS_TOLERANCE_PX = 0.04  # about as coarse as it draws curves: .004 fits less well
CASES = "bdd100k/toolkit_label_cases"
# images, instances, and what `recognise_bitmasks` says
FOLDERS = {
    "bdd100k/toolkit_eval_cases/ins_seg/gt": (1, 6, INS),
    "bdd100k/toolkit_eval_cases/pan_seg/gt+": (3, 45, PAN),
    "bdd100k/toolkit_eval_cases/pan_seg/pred": (2, 26, PAN),
    f"{CASES}/bitmasks": (2, 7, INS),
    f"{CASES}/to_rle/ins_seg/masks": (1, 22, INS),
    f"{CASES}/to_rle/seg_track/masks": (2, 22, INS),  # one car has id 0
    f"{CASES}/panseg_bdd100k": (1, 14, PAN),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_bitmasks_are_recognised_read_and_written_pixel_by_pixel(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    images, instances, label_format = FOLDERS[name]
    assert recognise_bitmasks(shared_data / name) == [label_format]
    dataset = read_bitmasks(shared_data / name, None, label_format)
    assert (dataset.images, dataset.instances, dataset.left_out) == (images, instances, ())
    write_bitmasks(dataset, tmp_path, label_format)
    for file in (shared_data / name).rglob("*.png"):
        ours = Image.open(tmp_path / file.relative_to(shared_data / name))
        assert (np.asarray(ours) == np.asarray(Image.open(file))).all()
    prepared, losses = prepare_bitmasks(dataset, label_format)
    assert (prepared.fingerprint(), losses) == (dataset.fingerprint(), ())


@pytest.mark.parametrize("name", ["samples", "toolkit_configs", f"{CASES[8:]}/to_rle/sem_seg"])
def test_other_folders_are_no_bitmasks(shared_data: Path, name: str) -> None:
    assert recognise_bitmasks(shared_data / "bdd100k" / name) == []


def test_panoptic_and_bitmask_of_the_same_picture_are_the_same(
    shared_data: Path, tmp_path: Path
) -> None:
    """The toolkit's panoptic case is one annotation: here it gets a file around it."""
    source = shared_data / CASES / "panseg_coco"
    annotation = json.loads((source / "panseg_coco.json").read_text())
    shutil.copy(source / "panseg_mask.png", tmp_path)
    content = {
        "images": [{"id": 255, "file_name": "panseg_mask.jpg", "width": 1280, "height": 720}],
        "annotations": [annotation],
        "categories": [{"id": number, "name": name} for number, name in enumerate(PAN_SEG)],
    }
    (tmp_path / "one.json").write_text(json.dumps(content))
    panoptic = read_panoptic(tmp_path / "one.json", None)
    bitmask = read_bitmasks(shared_data / CASES / "panseg_bdd100k", None, PAN)
    assert (panoptic.class_index == bitmask.class_index).all()
    assert (panoptic.box_xywh == bitmask.box_xywh).all()
    for ours, theirs in zip(panoptic.geometry, bitmask.geometry, strict=True):
        assert json.loads(ours) == json.loads(theirs)
    write_panoptic(panoptic, tmp_path / "out" / "again.json")
    assert json.loads((tmp_path / "out" / "again.json").read_text()) == content
    written = np.asarray(Image.open(tmp_path / "out" / "again" / "panseg_mask.png"))
    assert (written == np.asarray(Image.open(source / "panseg_mask.png"))).all()


def test_bitmasks_become_panoptic_labels_and_come_back(shared_data: Path, tmp_path: Path) -> None:
    bitmasks = read_bitmasks(shared_data / "bdd100k/toolkit_eval_cases/pan_seg/gt+", None, PAN)
    write_panoptic(prepare_panoptic(bitmasks)[0], tmp_path / "made.json")
    back, _ = prepare_bitmasks(read_panoptic(tmp_path / "made.json", None), PAN)
    assert list(back.instance_record) == list(bitmasks.instance_record)


def test_pan_seg_polygons_are_drawn_in_order_by_touch(shared_data: Path) -> None:
    """Of 921,600 px, 5 differ; COCO's rule differs in 6,011, with IoU .846 to .999, median .983."""
    folder = shared_data / CASES / "panseg_bdd100k"
    labels = json.loads((folder / "panseg_bdd100k.json").read_text())[0]["labels"]
    theirs = values_of(folder / "panseg_mask.png")
    assert int((painted(labels, pan_seg_value, drawn_by_touch) != theirs).sum()) == 5
    ours = painted(labels, pan_seg_value, drawn_by_coco)
    assert int((ours != theirs).sum()) == 6011
    overlaps = [overlap(ours == v, theirs == v) for v in np.unique(theirs) if v]
    assert (round(min(overlaps), 3), round(float(np.median(overlaps)), 3)) == (0.846, 0.983)


def test_what_we_paint_of_pan_seg_polygons_has_the_bitmasks_instances(shared_data: Path) -> None:
    folder = shared_data / CASES / "panseg_bdd100k"
    theirs = read_bitmasks(folder, None, PAN)
    ours, losses = prepare_bitmasks(read_bdd100k(folder / "panseg_bdd100k.json", None), PAN)
    assert list(ours.annotation_id) == list(theirs.annotation_id)
    assert (ours.class_index == theirs.class_index).all()
    counts = {loss.what: loss.count for loss in losses}
    assert counts["beside another of the same stuff class"] == 75 - 14
    assert counts["of two instances"] == 1097


@pytest.mark.parametrize("name", ["insseg_bitmask", "segtrack_bitmask"])
def test_beziers_are_drawn_by_touch(shared_data: Path, name: str) -> None:
    """The example's frame is the picture of both bitmasks. In ins_seg every label has an id of its
    own, in seg_track the two labels of the car "a" have one. COCO's rule differs in 1,003 to 1,026
    px."""
    labels = json.loads((shared_data / CASES / "example_annotation.json").read_text())[0]["labels"]
    theirs = values_of(shared_data / CASES / "bitmasks" / "quasi-video" / f"{name}.png")
    numbers = {"insseg_bitmask": [1, 2, 3, 4], "segtrack_bitmask": [1, 2, 1, 3]}[name]

    def value(label: dict[str, Any], row: int, _: int) -> int:
        return 3 << 24 | (4 if label["attributes"]["occluded"] else 0) << 16 | numbers[row]

    touch, coco = (painted(labels, value, draw) for draw in (drawn_by_touch, drawn_by_coco))
    assert int((touch != theirs).sum()) <= 14
    assert 950 < int((coco != theirs).sum()) < 1100


def test_run_lengths_of_seg_track_are_what_later_labels_leave_by_touch(shared_data: Path) -> None:
    """All 1,768 labels, measured: IoU min .978, 1,173 exact, 1,090 px of 4.0 million differ; by
    COCO's rule min .725, median .944. Here, every tenth frame."""
    path = shared_data / "bdd100k/scalabel/seg_track/seg_track_sample.json"
    touch, coco = [], []
    for frame in json.loads(path.read_text())[::10]:
        labels = frame["labels"]
        found = painted(labels, lambda _label, row, _number: row + 1, drawn_by_touch)
        for row, label in enumerate(labels):
            theirs = decoded(label["rle"]["counts"].encode())
            touch.append(overlap(found == row + 1, theirs))
            coco.append(overlap(drawn_by_coco(label), theirs))
    assert len(touch) > 150
    assert min(touch) > 0.97
    assert np.mean(np.array(touch) == 1) > 0.6
    assert 0.93 < np.median(coco) < 0.95


def painted(
    labels: list[dict[str, Any]], value: Callable[[dict[str, Any], int, int], int], draw: Draw
) -> Ints:
    """Labels in order, later over earlier; `value` of (label, its number, things before it)."""
    found = np.zeros(SIZE, np.int64)
    things = 0
    for row, label in enumerate(labels):
        found[draw(label)] = value(label, row, things)
        things += label["category"] in PAN_SEG[FIRST_THING:]
    return found


def pan_seg_value(label: dict[str, Any], _: int, things: int) -> int:
    category = PAN_SEG.index(label["category"])
    return category << 24 | (category if category < FIRST_THING else FIRST_THING + things)


def values_of(path: Path) -> Ints:
    pixels = np.asarray(Image.open(path)).astype(np.int64)
    return np.asarray(pixels @ np.array([1 << 24, 1 << 16, 1 << 8, 1]))


def decoded(counts: bytes) -> Bools:
    return decode_mask(pack_masks([counts]), 0, height=SIZE[0], width=SIZE[1])


def overlap(one: Bools, two: Bools) -> float:
    return float((one & two).sum() / max((one | two).sum(), 1))


def drawn_by_coco(label: dict[str, Any]) -> Bools:
    if all(len(ring["vertices"]) < 3 for ring in label["poly2d"]):  # a pole of two points
        return np.zeros(SIZE, np.bool_)
    outline = parse_outline(GeometryKind.BDD100K, json.dumps(label["poly2d"]).encode(), SIZE)
    return decoded(mask_counts(outline, height=SIZE[0], width=SIZE[1]))


def drawn_by_touch(label: dict[str, Any]) -> Bools:
    """Every pixel of which the shape covers 1/256 or more; the mirror image of a ring that winds
    the other way any part at all, because negative areas are rounded down.
    """
    found = np.zeros(SIZE, np.bool_)
    for ring in label["poly2d"]:
        rounded = np.floor(np.array(ring["vertices"], np.float64) + 0.5)
        corners = flatten_ring(rounded, ring["types"], MATPLOTLIBS_TOLERANCE_PX)
        cells = np.zeros((SIZE[0], SIZE[1] + 2))
        _add_edges(np.ascontiguousarray(corners[:, 0]), np.ascontiguousarray(corners[:, 1]), cells)
        covered = np.cumsum(cells, axis=1)[:, : SIZE[1]]
        found |= (covered >= 1 / 256 - 1e-6) | (covered < -1e-6)
    return found


@njit
def _add_edges(x: Floats, y: Floats, cells: Floats) -> None:
    """Add to each pixel how much more of it than of its left neighbour lies right of an edge."""
    height, width = cells.shape[0], cells.shape[1] - 2
    for i in range(len(x)):
        j = (i + 1) % len(x)
        down = y[j] > y[i]
        x0, y0, x1, y1 = (x[i], y[i], x[j], y[j]) if down else (x[j], y[j], x[i], y[i])
        slope = (x1 - x0) / (y1 - y0) if y1 > y0 else 0.0
        for row in range(max(int(y0), 0), min(int(np.ceil(y1)), height)):
            top, bottom = max(y0, float(row)), min(y1, float(row + 1))
            a, b = x0 + (top - y0) * slope, x0 + (bottom - y0) * slope
            left, right = min(max(min(a, b), 0.0), width), min(max(a, b, 0.0), width)
            share = (bottom - top) if down else (top - bottom)
            before = 0.0
            for column in range(int(left), int(np.ceil(right))):
                low, high = max(left, float(column)), min(right, float(column + 1))
                crossed = (high - low) / (right - left) if right > left else 1.0
                part = (low - left) / (right - left) if right > left else 0.0
                part += crossed * (column + 1 - (low + high) / 2)
                cells[row, column] += share * (part - before)
                before = part
            cells[row, int(np.ceil(right))] += share * (1 - before)
