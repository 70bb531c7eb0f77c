"""The selection's public names; the steps are in `selection/`."""

from segtrial.data.selection.classes import (
    check_class_names,
    class_groups,
    class_list,
    restrict_classes,
)
from segtrial.data.selection.draw import select_images
from segtrial.data.selection.folds import fold_rows, fold_split
from segtrial.data.selection.rules import check_selection
from segtrial.data.selection.splits import Selected, select_splits

__all__ = [
    "Selected",
    "check_class_names",
    "check_selection",
    "class_groups",
    "class_list",
    "fold_rows",
    "fold_split",
    "restrict_classes",
    "select_images",
    "select_splits",
]
