"""What the classes are called and how many of each a scene holds on average.

First step of `streets`; no geometry here. A name outside the chosen list is drawn all the same
(a tree, a bin, a pole) and simply gets no label: the distractors of the core set.
"""

from __future__ import annotations

from typing import Literal

CORE_NAMES: tuple[str, ...] = (
    "sky",
    "road",
    "sidewalk",
    "building",
    "car",
    "person",
    "bridge",
    "traffic light",
    "traffic sign",
    "parking sign",
)

CORE_MEANS: dict[str, float] = {
    "sidewalk": 1.0,
    "building": 1.5,
    "car": 2.2,
    "person": 1.8,
    "bridge": 0.25,
    "traffic light": 0.6,
    "traffic sign": 0.8,
    "parking sign": 0.3,
    # distractors, never labelled
    "terrain": 1.1,
    "ground": 0.6,
    "vegetation": 1.5,
    "pole": 0.4,
    "street light": 0.4,
    "trash can": 0.3,
    "static": 0.4,
    "banner": 0.25,
    "billboard": 0.15,
    "fence": 0.15,
    "mail box": 0.1,
    "fire hydrant": 0.1,
    "traffic cone": 0.15,
}

# The names of BDD100K's polygon files: pan_seg's ids 0 ("unlabeled") to 40, then the four that
# only the polygon files hold. The number is how many instances 1000 images hold: the training
# counts of the published 1000-image study where it printed them (banner, bridge, bus, car,
# parking sign, traffic light, traffic sign, train), else those of its validation table.
BDD45_COUNTS: dict[str, int] = {
    "unlabeled": 9,
    "dynamic": 1350,
    "ego vehicle": 650,
    "ground": 851,
    "static": 8063,
    "parking": 197,
    "rail track": 4,
    "road": 1850,
    "sidewalk": 2035,
    "bridge": 373,
    "building": 6742,
    "fence": 453,
    "garage": 21,
    "guard rail": 503,
    "tunnel": 7,
    "wall": 286,
    "banner": 339,
    "billboard": 144,
    "lane divider": 49,
    "parking sign": 59,
    "pole": 10720,
    "polegroup": 237,
    "street light": 2157,
    "traffic cone": 146,
    "traffic device": 70,
    "traffic light": 2232,
    "traffic sign": 2957,
    "traffic sign frame": 480,
    "terrain": 1075,
    "vegetation": 7058,
    "sky": 2546,
    "person": 1177,
    "rider": 45,
    "bicycle": 98,
    "bus": 232,
    "car": 9990,
    "caravan": 52,
    "motorcycle": 47,
    "trailer": 8,
    "train": 9,
    "truck": 520,
    "bus stop": 3,
    "fire hydrant": 5,
    "mail box": 6,
    "trash can": 8,
}
BDD45_NAMES: tuple[str, ...] = tuple(BDD45_COUNTS)
BDD45_LABELS_PER_IMAGE = 18.0
RAREST_MEAN = 0.012  # at 18 instead of 67 labels an image the rarest would else be never seen

# Each of these brings a pole of its own.
ON_POLES: tuple[str, ...] = (
    "banner",
    "parking sign",
    "street light",
    "traffic light",
    "traffic sign",
    "traffic sign frame",
)


def class_names(names: Literal["core", "bdd45"]) -> tuple[str, ...]:
    """The labelled classes, in the order of the class list."""
    return CORE_NAMES if names == "core" else BDD45_NAMES


def mean_counts(names: Literal["core", "bdd45"]) -> dict[str, float]:
    """Mean number of each thing in one scene; names not listed do not stand in it.

    `bdd45`: the study's counts scaled to 18 labels an image, and never below `RAREST_MEAN`.
    Sky and road are not asked: each scene has one.
    """
    if names == "core":
        return CORE_MEANS
    scale = BDD45_LABELS_PER_IMAGE / sum(BDD45_COUNTS.values())
    means = {name: max(count * scale, RAREST_MEAN) for name, count in BDD45_COUNTS.items()}
    means["pole"] -= sum(means[name] for name in ON_POLES)
    return means
