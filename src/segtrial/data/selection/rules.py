"""What the selection of a trial may say, checked before a file is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.types.errors import TrialError
from segtrial.types.trial import ImageFolders, SplitSelect

if TYPE_CHECKING:
    from segtrial.types.trial import Data, Fold, Select

SPLITS = ("train", "val")


def of_split(select: Select, split: str) -> SplitSelect:
    """What `select` says of one split, a bare number written out."""
    said = getattr(select, split)
    return said if isinstance(said, SplitSelect) else SplitSelect(images=said)


def check_selection(spec: Data) -> None:
    """Raise TrialError for keys that contradict each other or would do nothing."""
    if spec.fold is not None:
        _check_fold(spec, spec.fold)
    for split in SPLITS:
        _check_split(of_split(spec.select, split), f"[data] select: {split}")
    if spec.select.stratify and not any(of_split(spec.select, s).images for s in SPLITS):
        raise TrialError(
            "There is no draw to stratify.",
            where="[data] select: stratify",
            expected="a number or a share of images: train, val",
            next_step="name one, or remove stratify",
        )


def _check_fold(spec: Data, fold: Fold) -> None:
    others = {
        "val": spec.val,
        "streets": spec.streets,
        "a picture folder for each split": isinstance(spec.images, ImageFolders) or None,
    }
    for name, value in others.items():
        if value is not None:
            raise TrialError(
                "The validation images are named twice.",
                where="[data] fold",
                expected=f"fold or {name}, not both",
                next_step="a fold takes them from the label file train; remove one of the two",
            )
    if fold.index >= fold.k:
        raise TrialError(
            "There is no such fold.",
            where="[data] fold: index",
            expected=f"0 to {fold.k - 1}: folds are counted from 0",
            got=str(fold.index),
        )


def _check_split(said: SplitSelect, where: str) -> None:
    if isinstance(said.images, float) and not 0 < said.images <= 1:
        raise _no_share(said.images, where, "above 0 and at most 1: 1.0 is all images, 1 is one")
    if said.negatives is None:
        return
    if isinstance(said.negatives, float) and not 0 <= said.negatives < 1:
        expected = "of at least 0 and below 1: without the key, all are kept"
        raise _no_share(said.negatives, f"{where}: negatives", expected)
    if said.without_classes == "drop":
        raise TrialError(
            "Images without a chosen class are both dropped and capped.",
            where=where,
            expected='without_classes = "drop" or negatives, not both',
            next_step="remove one of the two",
        )


def _no_share(number: float, where: str, expected: str) -> TrialError:
    whole = number == round(number) if abs(number) < 1e9 else False
    return TrialError(
        "A number with a decimal point is a share of the images, and this is none.",
        where=where,
        expected=f"a share {expected}; or a count, without the point",
        got=str(number),
        next_step=f"for a count write {round(number)}" if whole and number > 0 else "",
    )
