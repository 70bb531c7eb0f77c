"""The camera: from metres to pixels.

World axes: x to the right, y up, z along the road, all in m; (0, 0, 0) lies on the ground under
the camera. Pixel axes: x to the right, y down; pixel (row r, column c) covers
[c, c + 1] × [r, r + 1], its centre is (c + 0.5, r + 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from segtrial.types.arrays import Floats

NEAREST_M = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A pinhole camera that looks along the road.

    `vanishing_x_px`, `horizon_y_px`: where all lines along the road meet.
    """

    width_px: int
    height_px: int
    focal_px: float
    vanishing_x_px: float
    horizon_y_px: float
    height_m: float

    def pixels(self, points_m: Floats) -> Floats:
        """World points (…, 3) to pixel points (…, 2); z is taken as at least `NEAREST_M`."""
        scale = self.focal_px / np.maximum(points_m[..., 2], NEAREST_M)
        out = np.empty((*points_m.shape[:-1], 2))
        out[..., 0] = self.vanishing_x_px + scale * points_m[..., 0]
        out[..., 1] = self.horizon_y_px + scale * (self.height_m - points_m[..., 1])
        return out

    def scale(self, z_m: float) -> float:
        """Pixels a metre at depth `z_m`."""
        return self.focal_px / max(z_m, NEAREST_M)

    def nearest_in_view(self, x_m: float) -> float:
        """Depth from which on a point at `x_m` lies within the image's sides."""
        side_px = self.width_px - self.vanishing_x_px if x_m > 0 else self.vanishing_x_px
        return abs(x_m) * self.focal_px / max(side_px - 0.03 * self.width_px, 1.0)


def draw_camera(rng: np.random.Generator, height_px: int, width_px: int) -> Camera:
    """A camera behind a windscreen: its height, tilt and heading vary."""
    return Camera(
        width_px=width_px,
        height_px=height_px,
        focal_px=float(np.sqrt(height_px * width_px)) * rng.uniform(0.95, 1.15),
        vanishing_x_px=width_px * rng.uniform(0.4, 0.6),
        horizon_y_px=height_px * rng.uniform(0.42, 0.52),
        height_m=rng.uniform(1.45, 2.0),
    )
