"""Outlines to masks, against pycocotools' rasteriser."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from segtrial.geometry.outlines import parse_outline
from segtrial.geometry.rasterise import mask_counts, truth_masks
from segtrial.geometry.runs import decode_mask
from segtrial.types.geometry_bytes import GeometryKind
from segtrial.types.masks import pack_masks
from tests.builders import bdd_dataset, bdd_frame, bdd_label, coco_dataset, truth
from tests.geometry.test_beziers import circle

if TYPE_CHECKING:
    from pathlib import Path

HEIGHT, WIDTH = 23, 31
COORDINATE = st.integers(-20, 100).map(lambda v: v / 2) | st.floats(-10, 45)
PART = st.lists(COORDINATE, min_size=6, max_size=16).map(lambda v: v[: len(v) // 2 * 2])


def coco_counts(parts: list[list[float]], height: int = HEIGHT, width: int = WIDTH) -> bytes:
    counts: bytes = coco.merge(coco.frPyObjects(parts, height, width))["counts"]
    return counts


def pixels(counts: bytes, height: int, width: int) -> int:
    return int(decode_mask(pack_masks([counts]), 0, height=height, width=width).sum())


@settings(deadline=None, max_examples=200)
@given(st.lists(PART, min_size=1, max_size=4))
def test_polygons_of_any_shape_give_the_string_of_pycocotools(parts: list[list[float]]) -> None:
    outline = parse_outline(GeometryKind.COCO, json.dumps(parts).encode(), (HEIGHT, WIDTH))
    assert mask_counts(outline, height=HEIGHT, width=WIDTH) == coco_counts(parts)


def test_parts_are_united_and_not_cut_out_of_each_other() -> None:
    outer, inner = [2, 2, 18, 2, 18, 18, 2, 18], [6, 6, 10, 6, 10, 10, 6, 10]
    outline = parse_outline(GeometryKind.COCO, json.dumps([outer, inner]).encode(), (HEIGHT, WIDTH))
    assert pixels(mask_counts(outline, height=HEIGHT, width=WIDTH), HEIGHT, WIDTH) == 256


@pytest.mark.parametrize("counts", [[0, 713], [700, 13], [40, 20, 653]])
def test_plain_and_packed_run_lengths_pass_through(counts: list[int]) -> None:
    plain = {"size": [HEIGHT, WIDTH], "counts": counts}
    packed = coco.frPyObjects(plain, HEIGHT, WIDTH)["counts"]
    outline = parse_outline(GeometryKind.COCO, json.dumps(plain).encode(), (HEIGHT, WIDTH))
    assert mask_counts(outline, height=HEIGHT, width=WIDTH) == packed
    outline = parse_outline(
        GeometryKind.COCO, json.dumps(plain | {"counts": packed.decode()}).encode(), (HEIGHT, WIDTH)
    )
    assert mask_counts(outline, height=HEIGHT, width=WIDTH) == packed


def test_run_lengths_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="RLE of size"):
        mask_counts({"size": [9, 9], "counts": [81]}, height=HEIGHT, width=WIDTH)


@pytest.mark.parametrize("counts", [[0, 5], [0, 5, 7], "05"])
def test_run_lengths_that_do_not_fill_their_image_are_refused(counts: object) -> None:
    with pytest.raises(ValueError, match="RLE"):
        mask_counts({"size": [HEIGHT, WIDTH], "counts": counts}, height=HEIGHT, width=WIDTH)


def test_a_bezier_circle_has_a_circle_of_pixels(tmp_path: Path) -> None:
    vertices, types = circle(100)
    ring = {"vertices": (vertices + 150).tolist(), "types": types, "closed": True}
    frame = bdd_frame("a", bdd_label(poly2d=[ring]), size={"width": 300, "height": 300})
    dataset = bdd_dataset(tmp_path, [frame])
    count = pixels(truth_masks(dataset).counts(0), 300, 300)
    assert count == pytest.approx(np.pi * 100**2, rel=2e-3)
    np.testing.assert_allclose(dataset.box_xywh[0], [50, 50, 200, 200], atol=0.05)


@pytest.mark.parametrize("reach", [0, 0.01])
def test_a_curve_with_nearly_no_extent_is_no_rectangle(reach: float) -> None:
    """Two points are left of it; a flat list of four numbers means a box to COCO's rasteriser."""
    vertices = [[10, 5], [10 + reach, 5], [10 + reach, 5 + reach]]
    raw = json.dumps([{"vertices": vertices, "types": "LCC", "closed": True}]).encode()
    counts = mask_counts(
        parse_outline(GeometryKind.BDD100K, raw, (HEIGHT, WIDTH)), height=HEIGHT, width=WIDTH
    )
    assert pixels(counts, HEIGHT, WIDTH) <= 1


def test_instances_of_a_data_set_get_masks_in_their_images_sizes(tmp_path: Path) -> None:
    dataset = coco_dataset(tmp_path)
    masks = truth_masks(dataset)
    assert dataset.annotation_id == ("102", "101", "103", "104")
    square = coco_counts([[2, 3, 6, 3, 6, 7, 2, 7]], 10, 20)
    box = coco.frPyObjects(np.array([[2.0, 3, 4, 4]]), 10, 20)[0]["counts"]
    crowd = coco.frPyObjects({"size": [10, 20], "counts": [100, 50, 50]}, 10, 20)["counts"]
    assert [masks.counts(row) for row in range(4)] == [square, square, box, crowd]


def test_masks_are_drawn_once_a_data_set_and_each_has_its_own() -> None:
    one, two = truth([(0, 0, (0, 0, 3, 3))]), truth([(0, 0, (0, 0, 4, 4))])
    assert truth_masks(one) is truth_masks(one)
    assert [pixels(truth_masks(d).counts(0), 10, 20) for d in (one, two)] == [9, 16]


@pytest.mark.parametrize(
    ("box", "area"),
    [((-5, -5, 8, 8), 9), ((15, 5, 50, 50), 25), ((30, 30, 5, 5), 0), ((3, 3, 0, 4), 0)],
)
def test_a_box_without_outline_is_cut_at_the_image(
    box: tuple[float, float, float, float], area: int
) -> None:
    dataset = replace(
        truth([(0, 0, (0, 0, 1, 1))]), instance_record=(b"{}",), box_xywh=np.array([box])
    )
    assert pixels(truth_masks(dataset).counts(0), 10, 20) == area


def test_a_data_set_without_instances_has_no_masks() -> None:
    assert len(truth_masks(truth([]))) == 0


@pytest.mark.parametrize(
    ("kind", "geometry"),
    [
        (GeometryKind.COCO, "[]"),
        (GeometryKind.COCO, "5"),
        (GeometryKind.COCO, '"abc"'),
        (GeometryKind.COCO, "[[1, 2, 3, 4]]"),
        (GeometryKind.COCO, "[[1, 2, 3, 4, 5, 6, 7]]"),
        (GeometryKind.COCO, "[[null, 2, 3, 4, 5, 6]]"),
        (GeometryKind.COCO, "[[[1], 2, 3, 4, 5, 6]]"),
        (GeometryKind.COCO, "[[1e10, 2, 3, 4, 5, 6]]"),
        (GeometryKind.COCO, f"[[1{'0' * 400}, 2, 3, 4, 5, 6]]"),
        (GeometryKind.BDD100K, "[[1, 2], [3, 4], [5, 6]]"),
        (GeometryKind.BDD100K, '[{"types": "LLL"}]'),
        (GeometryKind.BDD100K, '[{"vertices": [[1, 2], [3, 4]], "types": "LL"}]'),
        (GeometryKind.BDD100K, '[{"vertices": [[1, 2], [3, 4], [5, 6]], "types": "LL"}]'),
        (GeometryKind.BDD100K, '[{"vertices": [[1, 2], [3, 4], [5, 6]], "types": "LLX"}]'),
        (GeometryKind.BDD100K, '[{"vertices": [[1, 2, 3], [3, 4, 3], [5, 6, 3]], "types": "LLL"}]'),
        (GeometryKind.BDD100K, f'[{{"vertices": [[1{"0" * 400}, 2], [3, 4], [5, 6]]}}]'),
    ],
)
def test_geometry_that_is_no_outline_is_refused(kind: GeometryKind, geometry: str) -> None:
    with pytest.raises((ValueError, OverflowError), match=r".+"):
        parse_outline(kind, geometry.encode(), (HEIGHT, WIDTH))


def test_older_files_without_types_have_straight_rings() -> None:
    raw: list[dict[str, Any]] = [{"vertices": [[1, 1], [5, 1], [5, 5]], "types": None}]
    outline = parse_outline(GeometryKind.BDD100K, json.dumps(raw).encode(), (HEIGHT, WIDTH))
    assert isinstance(outline, list)
    assert outline[0].tolist() == [[1, 1], [5, 1], [5, 5]]
