"""The selection in a trial file, and what becomes of it: what each step does is in tests/data."""

from __future__ import annotations

from pathlib import Path

import pytest

from segtrial.pipeline.load import load_data
from segtrial.pipeline.trial_file import parse_trial
from segtrial.types.errors import DataError, TrialError
from segtrial.types.trial import Data, Fold, Select, SplitSelect, Streets
from tests.builders import (
    bdd_frame,
    bdd_label,
    coco_annotation,
    coco_content,
    coco_image,
    write_json,
)
from tests.pipeline.test_load import load, trial_of
from tests.pipeline.trials import ORACLE


def write_folds(root: Path, images: int = 10, cars: int = 10) -> None:
    """One label file whose first images show a car each."""
    content = coco_content(
        images=[coco_image(i) for i in range(images)],
        annotations=[coco_annotation(i, i) for i in range(cars)],
    )
    write_json(root / "train.json", content)


def test_folds_of_one_file_are_training_and_validation(tmp_path: Path) -> None:
    write_folds(tmp_path)
    seen: list[str] = []
    for index in range(5):
        loaded = load(tmp_path, val=None, fold=Fold(k=5, index=index))
        assert not set(loaded.train.image_id) & set(loaded.val.image_id)
        assert (loaded.train.images, loaded.val.images) == (8, 2)
        note = f"train.json: fold {index} of 5: 8 images train, 2 validate"
        assert loaded.notes == (note,)
        seen += loaded.val.image_id
    assert sorted(seen, key=int) == [str(i) for i in range(10)]


def test_labels_of_a_fold_that_are_cut_are_told_of_the_fold(tmp_path: Path) -> None:
    out = {"bbox": [15, 3, 10, 4], "segmentation": [[15, 3, 25, 3, 25, 7, 15, 7]], "area": 40}
    images, rows = [coco_image(i) for i in (1, 2)], [coco_annotation(i, i, **out) for i in (1, 2)]
    write_json(tmp_path / "train.json", coco_content(images=images, annotations=rows))
    loaded = load(tmp_path, val=None, fold=Fold(k=2, index=1), outside="clip")
    cut = "labels that leave their image and are cut to it: 1"
    assert loaded.notes[1:] == (
        f"train.json, all but fold 1 of 2: {cut}",
        f"train.json, fold 1 of 2: {cut}",
    )


def test_what_a_reader_left_out_of_a_file_of_folds_is_told_once(tmp_path: Path) -> None:
    pole = {"vertices": [[2, 3], [6, 3]], "types": "LL", "closed": True}
    frames = [bdd_frame(f"{i}.png", bdd_label()) for i in range(4)]
    frames.append(bdd_frame("pole.png", bdd_label("2", poly2d=[pole])))
    write_json(tmp_path / "train.json", frames)
    notes = load(tmp_path, val=None, fold=Fold(k=2, index=0)).notes
    assert len(notes) == 2
    assert notes[1].startswith("train.json: 1 left out: ")


@pytest.mark.parametrize("index", [0, 1])
def test_a_fold_without_any_object_is_refused_as_an_empty_split(tmp_path: Path, index: int) -> None:
    write_folds(tmp_path, images=2, cars=1)
    with pytest.raises(DataError, match="split is empty") as caught:
        load(tmp_path, val=None, fold=Fold(k=2, index=index))
    assert caught.value.where.endswith(f"fold {index} of 2")


def test_without_a_validation_file_or_a_fold_there_is_no_trial(tmp_path: Path) -> None:
    write_folds(tmp_path)
    with pytest.raises(TrialError, match='The key "val" is missing') as caught:
        load(tmp_path, val=None)
    assert "train and fold" in caught.value.expected


def test_keys_that_contradict_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(TrialError, match="named twice"):
        load(tmp_path, fold=Fold(k=2, index=0))
    streets = Streets(train=2, val=2, pictures=False)
    trial = trial_of(Data(streets=streets, fold=Fold(k=2, index=0)))
    with pytest.raises(TrialError, match="named twice"):
        load_data(trial, root=tmp_path, generated=tmp_path / "generated")
    assert list(tmp_path.iterdir()) == []


def test_embedded_data_are_selected_as_files_are(tmp_path: Path) -> None:
    said = SplitSelect(images=0.5, negatives=0.5)
    trial = trial_of(
        Data(
            streets=Streets(train=12, val=12, image_size=(64, 80), pictures=False),
            frequency=("r",),
            select=Select(train=said, stratify=True),
        )
    )
    loaded = load_data(trial, root=tmp_path, generated=tmp_path / "generated")
    assert loaded.val.images == 12
    assert loaded.train.images <= 6
    assert loaded.train.class_names == loaded.val.class_names
    assert [note.split(":")[0] for note in loaded.notes] == ["streets_train.json"] * 3


SAID = {
    "select = { train = 3, val = 0.5, seed = 4 }": Data(select=Select(train=3, val=0.5, seed=4)),
    "select = { train = 1.0, stratify = true }": Data(select=Select(train=1.0, stratify=True)),
    'select.train = { images = 9, not_exhaustive = "drop", negatives = 0.25 }': Data(
        select=Select(train=SplitSelect(images=9, not_exhaustive="drop", negatives=0.25))
    ),
    'select.val = { without_classes = "drop" }': Data(
        select=Select(val=SplitSelect(without_classes="drop"))
    ),
    "fold = { k = 5, index = 0, stratify = true }": Data(fold=Fold(k=5, index=0, stratify=True)),
    'frequency = ["r", "c"]': Data(frequency=("r", "c")),
}


@pytest.mark.parametrize("text", SAID)
def test_the_trial_file_says_the_selection(text: str) -> None:
    data = parse_trial(ORACLE.replace("[data]", f"[data]\n{text}"), where="t.toml").data
    assert (data.select, data.fold, data.frequency) == (
        SAID[text].select,
        SAID[text].fold,
        SAID[text].frequency,
    )
    assert type(data.select.train) is type(SAID[text].select.train)  # 1 is not 1.0


@pytest.mark.parametrize(
    ("text", "where", "next_step"),
    [
        ("select = { train = 0 }", "select.train", ""),
        ("select = { train = 0.0 }", "select.train", ""),
        ("select = { train = true }", "select.train", ""),
        ('select.train = { negatives = "none" }', "negatives", ""),
        ("select.train = { negative = 0.5 }", "select.train", 'did you mean "negatives"?'),
        ("select = { stratfy = true }", "select", 'did you mean "stratify"?'),
        ("fold = { k = 1, index = 0 }", "fold.k", ""),
        ("fold = { k = 5 }", "fold", ""),
        ('frequency = ["rare"]', "frequency", ""),
        ("frequency = []", "frequency", ""),
    ],
)
def test_selections_that_are_none_are_refused_with_their_key(
    text: str, where: str, next_step: str
) -> None:
    with pytest.raises(TrialError) as caught:
        parse_trial(ORACLE.replace("[data]", f"[data]\n{text}"), where="t.toml")
    assert where in caught.value.where
    assert next_step in caught.value.next_step
