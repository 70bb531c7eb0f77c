"""BDD100K's class lists and ids, and the older names of its classes.

Source: `bdd100k/configs/{det,ins_seg,pan_seg}.toml` and the label files. The polygon files of
pan_seg hold four classes that the bitmasks lack, so polygons have 45 names and bitmasks 41 with
"unlabeled".
"""

from __future__ import annotations

DET = (
    "pedestrian",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
    "traffic light",
    "traffic sign",
)  # ids 1 to 10
INS_SEG = DET[:8]
PAN_SEG = (
    "unlabeled",
    "dynamic",
    "ego vehicle",
    "ground",
    "static",
    "parking",
    "rail track",
    "road",
    "sidewalk",
    "bridge",
    "building",
    "fence",
    "garage",
    "guard rail",
    "tunnel",
    "wall",
    "banner",
    "billboard",
    "lane divider",
    "parking sign",
    "pole",
    "polegroup",
    "street light",
    "traffic cone",
    "traffic device",
    "traffic light",
    "traffic sign",
    "traffic sign frame",
    "terrain",
    "vegetation",
    "sky",
    "person",
    "rider",
    "bicycle",
    "bus",
    "car",
    "caravan",
    "motorcycle",
    "trailer",
    "train",
    "truck",
)  # ids 0 to 40; things from 31 on
FIRST_THING = 31
POLYGONS_ONLY = ("bus stop", "fire hydrant", "mail box", "trash can")
OLDER_NAMES = {
    "bike": "bicycle",
    "motor": "motorcycle",
    "person": "pedestrian",
    "van": "car",
    "caravan": "car",
}
IGNORED_NAMES = {"other person": "pedestrian", "other vehicle": "car", "trailer": "truck"}


def class_ids(names: tuple[str, ...]) -> tuple[int, ...]:
    """The ids that BDD100K gives these classes; counted from 1 where it does not know them all."""
    det = {name: number for number, name in enumerate(DET, start=1)}
    older = {old: det[new] for old, new in OLDER_NAMES.items() if new not in names}
    lists = (
        det,
        det | older,
        {name: number for number, name in enumerate(PAN_SEG + POLYGONS_ONLY)},
    )
    for known in lists:
        ids = tuple(known.get(name, -1) for name in names)
        if ids and -1 not in ids and len(set(ids)) == len(ids):
            return ids
    return tuple(range(1, len(names) + 1))


def ids_of(names: tuple[str, ...], kept: dict[str, int]) -> tuple[int, ...]:
    """The ids that a file states (`kept`, by name) for all its classes, else `class_ids`."""
    if names and all(name in kept for name in names) and len(set(kept.values())) == len(kept):
        return tuple(kept[name] for name in names)
    return class_ids(names)
