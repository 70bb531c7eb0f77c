"""Each kind of fault: what a trial does with it, and what to do about it; and faults by place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.types.labels import Fault, FaultKind, Severity

if TYPE_CHECKING:
    from segtrial.types.dataset import Dataset

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

SEVERITIES = {
    FaultKind.NO_PICTURE_FOLDER: _ERROR,
    FaultKind.PICTURE_NAME: _ERROR,
    FaultKind.PICTURE_MISSING: _ERROR,
    FaultKind.PICTURE_DAMAGED: _ERROR,
    FaultKind.PICTURE_SIZE: _ERROR,
    FaultKind.PICTURE_SHARED: _ERROR,
    FaultKind.UNREADABLE: _ERROR,
    FaultKind.OUTSIDE: _ERROR,
    FaultKind.PICTURE_COPIED: _WARNING,
    FaultKind.PICTURE_TWICE: _WARNING,
    FaultKind.LEFT_OUT: _WARNING,
    FaultKind.FEW_POINTS: _WARNING,
    FaultKind.NO_AREA: _WARNING,
    FaultKind.DUPLICATE_ID: _WARNING,
    FaultKind.DUPLICATE: _WARNING,
    FaultKind.TWO_CLASSES: _WARNING,
    FaultKind.BOX_DIFFERS: _WARNING,
    FaultKind.AREA_DIFFERS: _NOTE,
    FaultKind.COVERAGE: _WARNING,
    FaultKind.CLASS_NAME: _WARNING,
    FaultKind.CLASS_OFF_LIST: _WARNING,
    FaultKind.CLASS_ONE_SPLIT: _NOTE,
    FaultKind.CROSSING: _NOTE,
}
NEXT_STEPS = {
    FaultKind.NO_PICTURE_FOLDER: "state the folder of the pictures",
    FaultKind.PICTURE_NAME: "mend the name in the labels",
    FaultKind.PICTURE_MISSING: "fetch the pictures, correct their folder, or take the images out",
    FaultKind.PICTURE_DAMAGED: "fetch the picture again",
    FaultKind.PICTURE_SIZE: "use the pictures that the labels were drawn on",
    FaultKind.PICTURE_SHARED: "take the picture out of one of the splits",
    FaultKind.UNREADABLE: "mend the label, or take it out",
    FaultKind.OUTSIDE: 'mend the label; outside = "clip" under [data] cuts what leaves it in part',
    FaultKind.PICTURE_COPIED: "take the copy out of one of the splits: validation has seen it",
    FaultKind.PICTURE_TWICE: "take one of the two out, after comparing their labels",
    FaultKind.LEFT_OUT: "nothing, if these are not objects to learn",
    FaultKind.FEW_POINTS: "draw the object again; a trial leaves such rings out",
    FaultKind.NO_AREA: "take the label out, or draw the object again",
    FaultKind.DUPLICATE_ID: "give each label an id of its own",
    FaultKind.DUPLICATE: "take one of the two out: it counts twice in every score",
    FaultKind.TWO_CLASSES: "decide which class it is",
    FaultKind.BOX_DIFFERS: "look which of the two is right; boxes train and score on their own",
    FaultKind.AREA_DIFFERS: "write the area anew; it decides small, medium and large only",
    FaultKind.COVERAGE: "correct the image's lists, or the label",
    FaultKind.CLASS_NAME: "give the classes one spelling: each is a class of its own as it is",
    FaultKind.CLASS_OFF_LIST: "rename or merge the class, or leave it out of the trial's classes",
    FaultKind.CLASS_ONE_SPLIT: "choose other splits, or leave the class out",
    FaultKind.CROSSING: "nothing for small loops and bridges; draw again where a part is missing",
}


def fault(
    dataset: Dataset,
    kind: FaultKind,
    what: str,
    *,
    row: int | None = None,
    image: int | None = None,
    expected: str = "",
    got: str = "",
    severity: Severity | None = None,
    count: int = 1,
) -> Fault:
    """A fault of instance `row`, else of the image of row `image`, else of the data set."""
    if row is not None:
        image = int(dataset.image_index[row])
    return Fault(
        kind=kind,
        severity=severity or SEVERITIES[kind],
        source=dataset.source,
        what=what,
        image="" if image is None else dataset.image_id[image],
        label="" if row is None else dataset.annotation_id[row],
        expected=expected,
        got=got,
        next_step=NEXT_STEPS[kind],
        count=count,
    )
