"""The street's cross-section: what lies where from left to right, in m from the camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segtrial.data.streets.colours import pick

if TYPE_CHECKING:
    import numpy as np

    from segtrial.data.streets.camera import Camera

FARTHEST_M = 300.0
DRAWS = 12  # tries to find a depth at which a place is in view


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of the road; `sign` is −1 on the left, 1 on the right, the rest are distances.

    `kerb_m`: where the road ends; `walk_m`: width of the sidewalk, 0 = none;
    `line_m`: where the buildings begin.
    """

    sign: int
    kerb_m: float
    walk_m: float
    line_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """Road, its sides, and `crossing_m`: the depth of a bridge or tunnel, None = there is none."""

    left: Side
    right: Side
    crossing_m: float | None

    def side(self, rng: np.random.Generator) -> Side:
        """One of the two sides, rather the near (right) one."""
        return self.right if rng.random() < 0.6 else self.left


def draw_street(
    rng: np.random.Generator, mean_sidewalks: float, crossing_m: float | None
) -> Street:
    """A street with `mean_sidewalks` sidewalks on average (0 to 2)."""
    walks = [rng.uniform(1.8, 3.4) if rng.random() < mean_sidewalks / 2 else 0.0 for _ in range(2)]
    left, right = rng.uniform(3.2, 6.2), rng.uniform(2.0, 4.0)
    return Street(
        left=_side(rng, -1, left, walks[0]),
        right=_side(rng, 1, right, walks[1]),
        crossing_m=crossing_m,
    )


def _side(rng: np.random.Generator, sign: int, kerb_m: float, walk_m: float) -> Side:
    verge = pick(rng, (0.3, 1.0, 3.0, 5.0)) + (1.5 if walk_m == 0 else 0.0)
    return Side(sign=sign, kerb_m=kerb_m, walk_m=walk_m, line_m=kerb_m + walk_m + verge)


def depth_in_view(
    rng: np.random.Generator, camera: Camera, x_m: float, near_m: float, far_m: float
) -> float:
    """A depth at which `x_m` is within the picture: near ones as likely as far ones, by ratio."""
    near = max(near_m, camera.nearest_in_view(x_m))
    far = max(far_m, near * 1.25)
    return float(near * (far / near) ** rng.random())
