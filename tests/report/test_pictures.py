from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from segtrial.report import pictures as module
from segtrial.report.inputs import Panel, Picture
from segtrial.report.pictures import PICTURE_BYTES, picture_views


def decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/webp;base64,"))))


def test_pictures_that_do_not_compress_share_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    share = PICTURE_BYTES // 72  # as if there were 24 rows of 3
    monkeypatch.setattr(module, "PICTURE_BYTES", 3 * share)
    views = picture_views([Picture(title="noise", panels=[Panel(label="x", image=noise)] * 3)])
    assert all(len(panel.uri) <= share for panel in views[0].panels)


def test_a_picture_keeps_its_shape_and_colours() -> None:
    image = np.zeros((100, 300, 3), np.uint8)
    image[:, 150:] = (200, 30, 30)
    (view,) = picture_views([Picture(title="two halves", panels=[Panel(label="x", image=image)])])
    back = np.asarray(decoded(view.panels[0].uri).convert("RGB")).astype(int)
    assert (view.panels[0].width, view.panels[0].height) == (300, 100)
    assert back[50, 250] == pytest.approx((200, 30, 30), abs=12)
    assert back[50, 50] == pytest.approx((0, 0, 0), abs=12)
    assert view.panels[0].alternative == "x: two halves"


def test_pil_images_of_any_mode_are_taken() -> None:
    grey = Image.new("L", (900, 20), 128)
    (view,) = picture_views([Picture(title="grey", panels=[Panel(label="x", image=grey)])])
    assert decoded(view.panels[0].uri).size == (640, 14)
