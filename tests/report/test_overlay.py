from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from segtrial.report.colours import class_colours
from segtrial.report.overlay import SIDE_PX, overlay
from segtrial.types.errors import RecordError
from tests.report.builders import scene

RED = {"car": (213, 0, 0)}


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


@pytest.mark.parametrize(
    ("shape", "size"),
    [((128, 160), (640, 512)), ((480, 640), (640, 480)), ((720, 1280), (640, 360))],
)
def test_the_longer_side_is_640(shape: tuple[int, int], size: tuple[int, int]) -> None:
    image, boxes, masks, names = scene(0, *shape)
    drawn = overlay(image, boxes, masks, names, [0.9] * len(names), class_colours(names))
    assert drawn.size == size


def test_a_mask_tints_its_inside_and_nothing_else() -> None:
    image = np.full((SIDE_PX, SIDE_PX, 3), 100, np.uint8)
    mask = np.zeros((SIDE_PX, SIDE_PX), bool)
    mask[300:400, 300:400] = True
    box = np.array([[300.0, 300.0, 100.0, 100.0]])
    drawn = pixels(overlay(image, box, [mask], ["car"], None, RED))
    assert drawn[350, 350] == pytest.approx((147, 58, 58), abs=1)
    assert tuple(drawn[300, 350]) == RED["car"]
    assert tuple(drawn[350, 401]) == (100, 100, 100)
    rows, columns = np.nonzero((drawn != 100).any(axis=2))
    assert columns.min() == 300
    assert columns.max() == 399
    assert rows.max() == 399


def test_a_thin_mask_in_a_small_picture_is_enlarged_pixel_by_pixel() -> None:
    mask = np.zeros((128, 160), bool)
    mask[64, 10:50] = True
    box = np.array([[10.0, 64.0, 40.0, 1.0]])
    drawn = pixels(overlay(np.zeros((128, 160, 3), np.uint8), box, [mask], ["car"], None, RED))
    assert (drawn[256:260, 40:200, 0] > 0).all()
    assert not drawn[262:, :, :].any()


def test_labels_stay_inside_the_picture_whatever_the_box() -> None:
    image = np.zeros((100, 640, 3), np.uint8)
    corners = [(0, 0, 20, 10), (620, 0, 20, 10), (0, 90, 20, 10), (630, 90, 400, 400)]
    for corner in corners:
        drawn = pixels(overlay(image, np.array([corner], float), None, ["car"], [0.5], RED))
        red = (drawn == RED["car"]).all(axis=2)
        label = red.any(axis=1).sum()
        assert drawn.shape == (100, 640, 3)
        assert label >= 15, corner  # the whole height of the label is there
        assert red.any(axis=0).sum() >= 50, corner  # and its whole width


def test_objects_outside_the_picture_are_not_drawn() -> None:
    image = np.full((64, 64, 3), 7, np.uint8)
    drawn = overlay(image, np.array([[100.0, 0.0, 10.0, 10.0]]), None, ["car"], None, RED)
    assert (pixels(drawn) == 7).all()


def test_labels_do_not_cover_one_another() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    boxes = np.tile([[200.0, 200.0, 60.0, 40.0]], (40, 1))
    one = overlay(image, boxes[:1], None, ["car"], None, RED)
    many = overlay(image, boxes, None, ["car"] * 40, None, RED)
    areas = [int((pixels(p) == RED["car"]).all(axis=2).sum()) for p in (one, many)]
    assert areas[0] < areas[1] < 10 * areas[0]


def test_nothing_to_draw_gives_the_picture() -> None:
    image = np.full((480, 640, 3), 50, np.uint8)
    assert (pixels(overlay(image, np.zeros((0, 4)), [], [], [], {})) == 50).all()


def test_a_name_without_a_colour_is_grey() -> None:
    drawn = overlay(
        np.zeros((640, 640, 3), np.uint8), np.array([[100.0, 100, 200, 200]]), None, ["?"], None, {}
    )
    assert tuple(pixels(drawn)[299, 150]) == (150, 150, 150)


def test_input_is_not_written_to() -> None:
    image, boxes, masks, names = scene(1, 480, 640)
    before = image.copy()
    image.setflags(write=False)
    overlay(image, boxes, masks, names, None, class_colours(names))
    assert (image == before).all()


@pytest.mark.parametrize("broken", ["picture", "lengths", "mask"])
def test_inputs_that_do_not_fit_are_refused(broken: str) -> None:
    image = np.zeros((10, 10) if broken == "picture" else (10, 10, 3), np.uint8)
    names = ["car"] * (2 if broken == "lengths" else 1)
    masks = [np.zeros((9, 10) if broken == "mask" else (10, 10), bool)]
    with pytest.raises(RecordError):
        overlay(image, np.zeros((1, 4)), masks, names, None, RED)


def test_colours_are_told_apart_up_to_21_classes() -> None:
    names = [f"class {k}" for k in range(21)]
    assert len(set(class_colours(names).values())) == 21
