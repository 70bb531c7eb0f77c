"""What a contrast is computed from: two arms, their runs and their image resamples.

The pipeline fills it from Scores and Matches; it is checked here, once. Axes: C classes, S seeds
(the arms may differ in it: a run can fail), B resamples of the validation images.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from segtrial.types.arrays import Bools, Floats, Longs, frozen
from segtrial.types.comparison import Role
from segtrial.types.errors import InputError

ROLES = ("host", "target", "named", "other")
VALUES = ("base_SC", "arm_SC", "free_RC", "base_BSC", "arm_BSC", "free_BRC")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContrastInput:
    """One arm and its control, class by class.

    `metric`: the name of the primary metric, "mask AP", for the sentence. `class_names` (C), no
    name twice. `roles` (C): "host", "target", "named" = named by the change, tested together by
    Holm; "other" = exploratory. `touched`: bool (C), classes that the change may alter; for a
    recipe change all of them.
    `instances`, `positive_images`: int64 (C), truth in the validation set that counts, and the
    images that hold it.
    `base_SC`, `arm_SC`: float64 (S, C), the metric of each run of the control and of the arm, as
    a fraction 0–1; NaN = undefined, never 0. No runs at all: shape (0, C).
    `base_BSC`, `arm_BSC`: float64 (B, S, C), the same under B multinomial resamples of the images,
    the same B for all runs; NaN where a resample holds no truth of the class. B may be 0.
    `free_RC`, `free_BRC`: the same of R runs of other arms with the same control that are no part
    of this contrast, NaN where a run's arm touches the class. `free_controls`: whether they join
    the control's runs (`controls`); off: they serve the test of single runs alone.
    `margin`: half width of the equivalence test, in units of the metric; 0 = never equivalent.
    `confounded`: why the arms differ in more than the declared change; None = they do not.
    Raises InputError where sizes do not fit or a value lies outside 0–1.
    """

    arm: str
    control: str
    metric: str
    class_names: tuple[str, ...]
    roles: tuple[Role, ...]
    touched: Bools
    instances: Longs
    positive_images: Longs
    base_SC: Floats
    arm_SC: Floats
    base_BSC: Floats
    arm_BSC: Floats
    margin: float
    confounded: str | None = None
    free_RC: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    free_BRC: Floats = field(default_factory=lambda: np.zeros((0, 0, 0)))
    free_controls: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "touched", frozen(self.touched, np.bool_))
        for name in ("instances", "positive_images"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        if not self.free_RC.size:
            empty = np.zeros((len(self.base_BSC), 0, len(self.class_names)))
            object.__setattr__(self, "free_RC", np.zeros((0, len(self.class_names))))
            object.__setattr__(self, "free_BRC", empty)
        for name in VALUES:
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        self._check_shapes()
        self._check_values()

    @property
    def seeds(self) -> tuple[int, int]:
        """Number of runs of the control and of the arm."""
        return self.base_SC.shape[0], self.arm_SC.shape[0]

    def _check_shapes(self) -> None:
        classes = len(self.class_names)
        base_seeds, arm_seeds = len(self.base_SC), len(self.arm_SC)
        expected: dict[str, tuple[int, ...]] = {
            "touched": (classes,),
            "instances": (classes,),
            "positive_images": (classes,),
            "base_SC": (base_seeds, classes),
            "arm_SC": (arm_seeds, classes),
            "base_BSC": (len(self.base_BSC), base_seeds, classes),
            "arm_BSC": (len(self.base_BSC), arm_seeds, classes),
            "free_RC": (len(self.free_RC), classes),
            "free_BRC": (len(self.base_BSC), len(self.free_RC), classes),
        }
        for name, shape in expected.items():
            got = getattr(self, name).shape
            if got != shape:
                raise self._error(f"{name} has the wrong shape", expected=str(shape), got=str(got))
        if len(self.roles) != classes or len(set(self.class_names)) != classes:
            raise self._error(
                "each class needs one name of its own and one role",
                expected=f"{classes} names, no two alike, and {classes} roles",
                got=f"{len(set(self.class_names))} different names and {len(self.roles)} roles",
            )

    def _check_values(self) -> None:
        for role in self.roles:
            if role not in ROLES:
                raise self._error("unknown role", expected=", ".join(ROLES), got=str(role))
        for name in VALUES:
            values = getattr(self, name)
            outside = values[(values < 0) | (values > 1)]
            if outside.size:
                raise self._error(
                    f"{name} holds a value that is no fraction",
                    expected="0 to 1, or NaN where the metric is undefined",
                    got=str(outside[0]),
                )
        for name in ("instances", "positive_images"):
            if np.any(getattr(self, name) < 0):
                raise self._error(f"{name} holds a negative count")
        if not 0 <= self.margin < np.inf:
            raise self._error("the margin is no width", expected="0 or more", got=str(self.margin))

    def _error(self, what: str, *, expected: str = "", got: str = "") -> InputError:
        where = f"contrast of {self.arm} with {self.control}"
        return InputError(what, where=where, expected=expected, got=got)
