"""What BDD100K bitmasks cannot hold of a data set: counted as it is painted, put in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.types.losses import Loss

if TYPE_CHECKING:
    from collections.abc import Iterable

    from segtrial.geometry.label_maps import UInts
    from segtrial.types.arrays import Longs
    from segtrial.types.dataset import Dataset

_NAMED = 5  # classes that a loss names


class Tally:
    """Counts of one conversion; `losses` gives those above zero."""

    def __init__(self) -> None:
        self.unlabeled = 0
        self.box_only = 0
        self.no_area = 0
        self.drawn = 0
        self._lost_px = 0
        self._partly_covered = 0
        self._covered = 0
        self._merged = 0
        self._left_out: dict[str, int] = {}
        self._first: list[Loss] = []
        self._others: list[Loss] = []

    def add_class_left_out(self, name: str, instances: int) -> None:
        """A class that is not in the official list."""
        self._left_out[name] = instances

    def add_class_mapped(self, name: str, target: str, instances: int, *, ignored: bool) -> None:
        """A class that the official list has under another name."""
        flag = ", flagged ignored" if ignored else ""
        self._first.append(
            Loss(
                count=instances,
                unit="instances",
                what=f'of class "{name}", which the list has not',
                done=f'written as "{target}"{flag}',
            )
        )

    def add_ids(self, dataset: Dataset, renumbered: int, *, own: bool, too_many: int) -> None:
        """Ids that change, and instances that no id is left for."""
        changed = renumbered if own else dataset.instances
        self._others += [
            Loss(
                count=too_many,
                unit="instances",
                what="more in one image than the 65,535 ids",
                done="left out",
            ),
            Loss(
                count=changed,
                unit="instances",
                what="ids of the source",
                done="numbered anew in each image",
                harmless=True,
            ),
        ]

    def add_image(self, values: UInts, lost_px: Longs, shown: UInts) -> None:
        """One image's instances: what each is painted as, what it lost, and what is left."""
        seen = np.isin(values, shown)
        self._lost_px += int(lost_px.sum())
        self._partly_covered += int((seen & (lost_px > 0)).sum())
        self._covered += int((~seen & (lost_px > 0)).sum())
        self.no_area += int((~seen & (lost_px == 0)).sum())
        self._merged += int(seen.sum()) - len(np.unique(values[seen]))

    def add_others(self, dataset: Dataset, flags: Iterable[str]) -> None:
        """Attributes, coverage and further members, for which a bitmask has no place."""
        stated = [a for a in dataset.instance_attributes if a.name.lower() not in flags]
        ids = sum(i != name for i, name in zip(dataset.image_id, dataset.file_name, strict=True))
        harmless = [
            (ids, "images", "ids that are not the picture's name"),
            (len(stated), "attributes", "of instances, beside the four flags"),
            (len(dataset.image_attributes), "attributes", "of images"),
        ]
        self._others += [
            Loss(count=count, unit=unit, what=what, done="left out", harmless=True)
            for count, unit, what in harmless
        ]
        renamed = sum(not name.endswith(".jpg") for name in dataset.file_name)
        self._others.append(
            Loss(
                count=renamed,
                unit="images",
                what="with another suffix than .jpg",
                done="named .jpg when they are read again",
            )
        )
        if dataset.coverage is not None:
            self._others.append(
                Loss(
                    count=dataset.images,
                    unit="images",
                    what="lists of the classes looked for",
                    done="left out: every class counts as looked for everywhere",
                )
            )

    def losses(self) -> tuple[Loss, ...]:
        """All that was lost, the greatest matters first."""
        unknown = sorted(self._left_out)
        named = ", ".join(unknown[:_NAMED]) + (" …" if len(unknown) > _NAMED else "")
        of_instances = [
            (sum(self._left_out.values()), f"of classes beyond the list ({named})", "left out"),
            (self.unlabeled, 'of class "unlabeled"', "left out: that is the background"),
            (self.box_only, "with only a box", "left out"),
            (self.no_area, "whose outline has no area", "left out"),
            (self._covered, "wholly covered by later ones", "left out"),
            (self._partly_covered, "partly covered by later ones", "cut to what is seen"),
            (self._merged, "beside another of the same stuff class", "united with it"),
            (self.drawn, "outlines", "drawn as pixels, by COCO's rule; boxes are the pixels'"),
        ]
        counted = [
            Loss(count=count, unit="instances", what=what, done=done)
            for count, what, done in of_instances
        ]
        unused = sum(1 for instances in self._left_out.values() if not instances)
        found = [
            *self._first,
            *counted,
            Loss(
                count=self._lost_px,
                unit="pixels",
                what="of two instances",
                done="the later's alone",
            ),
            Loss(
                count=unused,
                unit="classes",
                what="beyond the list, without instances",
                done="left out",
                harmless=True,
            ),
            *self._others,
        ]
        return tuple(loss for loss in found if loss.count)
