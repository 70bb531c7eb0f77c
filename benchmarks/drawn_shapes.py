"""Made-up shapes: polygons of few vertices, and the same shapes as COCO run lengths, quickly.

A shape is an upper and a lower edge over nodes from left (0) to right (1), so each column of px
holds one run. Which shapes stand where is `detection_sets`'s to draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
BYTES_A_RUN = 5  # a number of 25 bits with its sign: images of up to 16 M px


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shapes:
    """K shapes of at most M nodes: `node`, `upper`, `lower` float64 (K, M), in shares of the box.

    `nodes` int64 (K). The edges touch all four sides of the box.
    """

    nodes: Longs
    node: Floats
    upper: Floats
    lower: Floats

    def __len__(self) -> int:
        return len(self.nodes)


def shape_library(count: int, nodes: tuple[int, int], rng: np.random.Generator) -> Shapes:
    """`count` blobs between an ellipse and a box, with edges that wobble; `nodes` = (low, high)."""
    low, high = nodes
    number = rng.integers(low, high + 1, count)
    node, upper, lower = (np.zeros((count, high)) for _ in range(3))
    for k, n in enumerate(number.tolist()):
        u = np.linspace(0, 1, n)
        round_edge = (1 - np.abs(2 * u - 1) ** rng.uniform(2, 6)) ** 0.5 / 2
        top = 0.5 - np.maximum(round_edge * rng.uniform(0.75, 1, n), 0.08)
        bottom = 0.5 + np.maximum(round_edge * rng.uniform(0.75, 1, n), 0.08)
        first, span = top.min(), bottom.max() - top.min()
        node[k, :n], upper[k, :n], lower[k, :n] = u, (top - first) / span, (bottom - first) / span
    return Shapes(nodes=number, node=node, upper=upper, lower=lower)


def polygon(shapes: Shapes, row: int, box_xywh: Floats) -> Floats:
    """The outline of shape `row` in the box: float64 (2·nodes, 2), px, two decimals."""
    n = int(shapes.nodes[row])
    u = np.concatenate([shapes.node[row, :n], shapes.node[row, :n][::-1]])
    v = np.concatenate([shapes.upper[row, :n], shapes.lower[row, :n][::-1]])
    return np.round(box_xywh[:2] + np.stack([u, v], axis=1) * box_xywh[2:], 2)


def run_lengths(shapes: Shapes, rows: Longs, box_xywh: Floats, size: tuple[int, int]) -> list[str]:
    """COCO's compressed counts of shape `rows[d]` in `box_xywh[d]`; what leaves the image is cut.

    `size` = (height, width) in px. A column of a shape is at least 1 px tall.
    """
    height, width = size
    columns = int(np.ceil(box_xywh[:, 2]).sum()) + 2 * len(rows)
    out = np.empty((2 * columns + 3 * len(rows)) * BYTES_A_RUN, np.uint8)
    stop = np.zeros(len(rows), np.int64)
    counts = np.zeros(2 * width + 3, np.int64)
    _draw(
        rows,
        box_xywh,
        shapes.nodes,
        shapes.node,
        shapes.upper,
        shapes.lower,
        height,
        width,
        counts,
        out,
        stop,
    )
    text = out[: stop[-1] if len(stop) else 0].tobytes().decode("ascii")
    bounds = [0, *stop.tolist()]
    return [text[a:b] for a, b in pairwise(bounds)]


@njit(cache=True, nogil=True)
def _draw(
    rows: Longs,
    box_xywh: Floats,
    nodes: Longs,
    node: Floats,
    upper: Floats,
    lower: Floats,
    height: int,
    width: int,
    counts: Longs,
    out: npt.NDArray[np.uint8],
    stop: Longs,
) -> None:
    length = 0
    for d in range(len(rows)):
        k = rows[d]
        x0, y0, w, h = box_xywh[d, 0], box_xywh[d, 1], box_xywh[d, 2], box_xywh[d, 3]
        left = max(0, int(np.floor(x0 + 0.5)))
        right = min(width, max(left + 1, int(np.floor(x0 + w + 0.5))))
        runs = 0
        end = 0
        j = 0
        for x in range(left, right):
            u = min(max((x + 0.5 - x0) / w, 0.0), 1.0)
            while j < nodes[k] - 2 and u > node[k, j + 1]:
                j += 1
            part = (u - node[k, j]) / (node[k, j + 1] - node[k, j])
            top = y0 + h * (upper[k, j] + part * (upper[k, j + 1] - upper[k, j]))
            bottom = y0 + h * (lower[k, j] + part * (lower[k, j + 1] - lower[k, j]))
            first = min(max(int(np.floor(top + 0.5)), 0), height - 1)
            last = min(max(int(np.floor(bottom + 0.5)), first + 1), height)
            start = x * height + first
            if runs > 0 and start == end:
                counts[runs - 1] += last - first
            else:
                counts[runs] = start - end
                counts[runs + 1] = last - first
                runs += 2
            end = x * height + last
        if end < height * width:
            counts[runs] = height * width - end
            runs += 1
        for r in range(runs):
            value = counts[r]
            if r > 2:
                value -= counts[r - 2]
            more = True
            while more:
                c = value & 0x1F
                value >>= 5
                more = (value != -1) if c & 0x10 else (value != 0)
                if more:
                    c |= 0x20
                out[length] = c + 48
                length += 1
        stop[d] = length
