"""Iterative stratification: images dealt so that every class is spread evenly.

Sechidis, Tsoumakas, Vlahavas: On the Stratification of Multi-label Data, ECML PKDD 2011,
algorithm 1, on the classes that an image shows. What is dealt, and why, is not known here.
"""

from __future__ import annotations

from collections import defaultdict
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.randomness import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segtrial.types.dataset import Dataset


class Stratifier:
    """Deals the images of `dataset` by class presence; crowds do not count as presence.

    Images and classes are known by keys from (`parts`, id), so that order never matters.
    Differs from the paper: shares are equal, and a part that has its share takes no more, so sizes
    differ by one at most; a class of one image, which no deal can spread, does not lead (where
    most classes are so rare, leading by them leaves the others to chance); ties are keyed.
    """

    def __init__(self, dataset: Dataset, *parts: object) -> None:
        self._key = [key_of(*parts, image_id) for image_id in dataset.image_id]
        # Classes are renumbered in a keyed order: their number breaks ties of rarity.
        names = dataset.class_names
        order = sorted(range(len(names)), key=lambda c: (key_of(*parts, "class", names[c]), c))
        rank = np.empty(len(names), np.int64)
        rank[order] = np.arange(len(names))
        keep = ~dataset.crowd
        pairs = np.stack([dataset.image_index[keep], rank[dataset.class_index[keep]]], axis=1)
        self._classes: list[list[int]] = [[] for _ in range(dataset.images)]
        for image, label in np.unique(pairs, axis=0).tolist():
            self._classes[image].append(label)

    def deal(self, rows: Sequence[int], parts: int, turn: int = 0) -> list[list[int]]:
        """`rows` in `parts` disjoint lists, sizes differing by one at most, the first the larger.

        The class with the fewest images left leads: each of them goes to the part that has fewest
        of the class, then to the one with most room, then by key. `turn` varies the ties.
        """
        rows = sorted(rows, key=lambda row: (self._key[row], row))
        holders: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            for label in self._classes[row]:
                holders[label].append(row)
        left = {label: len(held) for label, held in holders.items()}
        hands = _Hands(rows, parts)
        heap = [(count, label) for label, count in left.items() if count > 1]
        heapify(heap)
        while heap:
            count, leader = heappop(heap)
            if count != left[leader] or count == 0:
                continue  # out of date: a newer entry follows
            touched: set[int] = set()
            for row in holders[leader]:
                if row not in hands.part_of:
                    hands.give(row, leader, self._classes[row], self._key[row] >> turn)
                    touched.update(self._classes[row])
                    for label in self._classes[row]:
                        left[label] -= 1
            for label in touched:
                if left[label]:
                    heappush(heap, (left[label], label))
        for row in rows:
            if row not in hands.part_of:
                hands.give(row, None, self._classes[row], self._key[row] >> turn)
        return hands.dealt

    def first(self, count: int) -> list[int]:
        """`count` of all images, such that a smaller count gives a part of the list.

        Images are dealt into halves, the half that the count ends in again, and so on.
        """
        taken: list[int] = []
        block, turn = list(range(len(self._key))), 0
        while 0 < count < len(block):
            first, second = self.deal(block, 2, turn)
            turn += 1
            if count <= len(first):
                block = first
            else:
                taken += first
                block, count = second, count - len(first)
        return taken + block[:count]


class _Hands:
    """What each part holds while a deal goes on."""

    def __init__(self, rows: Sequence[int], parts: int) -> None:
        smaller, more = divmod(len(rows), parts)
        self.dealt: list[list[int]] = [[] for _ in range(parts)]
        self.part_of: dict[int, int] = {}
        self._room = [smaller + (part < more) for part in range(parts)]
        self._of_class: list[dict[int, int]] = [defaultdict(int) for _ in range(parts)]

    def give(self, row: int, leader: int | None, classes: Sequence[int], key: int) -> None:
        parts = len(self.dealt)
        room, held = self._room, self._of_class
        part = min(
            (part for part in range(parts) if room[part]),
            key=lambda p: (0 if leader is None else held[p][leader], -room[p], (p + key) % parts),
        )
        self.part_of[row] = part
        self.dealt[part].append(row)
        room[part] -= 1
        for label in classes:
            held[part][label] += 1
