"""Where the data of a trial lie, and what is refused before anything is run on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from segtrial.pipeline.load import Loaded, load_data
from segtrial.pipeline.trial_file import parse_trial
from segtrial.types.errors import DataError, InputError, TrialError
from segtrial.types.recipe import MaskRcnnRecipe, OracleRecipe
from segtrial.types.trial import Arm, Change, Data, ImageFolders, Select, Streets, Swap, Trial
from tests.builders import (
    bdd_frame,
    bdd_label,
    coco_annotation,
    coco_content,
    coco_image,
    square,
    write_json,
)
from tests.pipeline.trials import ORACLE

FILES = {"train": "train.json", "val": "val.json"}


def trial_of(data: Data, *arms: Arm, recipe: Any = None) -> Trial:
    everything = (Arm(name="base"), *arms)
    return Trial(question="?", data=data, recipe=recipe or OracleRecipe(), arms=everything)


def load(root: Path, *, recipe: Any = None, **data: Any) -> Loaded:
    trial = trial_of(Data(**(FILES | data)), recipe=recipe)
    return load_data(trial, root=root, generated=root / "generated")


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 10)).save(path)


def write_bdd(root: Path, train: str = "a.png", val: str = "a.png") -> None:
    for split, name in (("train", train), ("val", val)):
        write_json(root / f"{split}.json", [bdd_frame(name, bdd_label())])


def write_coco(root: Path, train: str = "1.png", val: str = "2.png") -> None:
    for split, image, name in (("train", 1, train), ("val", 2, val)):
        images = [coco_image(image, file_name=name)]
        rows = [coco_annotation(1, image)]
        write_json(root / f"{split}.json", coco_content(images=images, annotations=rows))


# Picture folders


def test_one_folder_holds_the_pictures_of_both_splits(tmp_path: Path) -> None:
    write_coco(tmp_path)
    for name in ("1.png", "2.png"):
        picture(tmp_path / "images" / name)
    loaded = load(tmp_path, images="images", recipe=MaskRcnnRecipe())
    assert loaded.train.image_root == loaded.val.image_root == tmp_path / "images"


@pytest.mark.parametrize(
    ("write", "train", "val"),
    [(write_coco, "train2017", "val2017"), (write_bdd, "images/10k/train", "images/10k/val")],
)
def test_each_split_may_have_a_folder_of_its_own(
    tmp_path: Path, write: Any, train: str, val: str
) -> None:
    """BDD100K's and COCO's layouts; pictures of one name in two folders are two pictures."""
    write(tmp_path)
    folders = ImageFolders(train=train, val=val)
    with pytest.raises(DataError, match="A picture is missing"):
        load(tmp_path, images=folders, recipe=MaskRcnnRecipe())
    picture(tmp_path / train / ("1.png" if write is write_coco else "a.png"))
    picture(tmp_path / val / ("2.png" if write is write_coco else "a.png"))
    loaded = load(tmp_path, images=folders, recipe=MaskRcnnRecipe())
    assert loaded.train.image_root == tmp_path / train
    assert loaded.val.image_root == tmp_path / val


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ('"pictures"', "pictures"),
        ('{ train = "a", val = "b" }', ImageFolders(train="a", val="b")),
    ],
)
def test_the_trial_file_names_one_folder_or_one_a_split(text: str, images: Any) -> None:
    toml = ORACLE.replace("[data]", f"[data]\nimages = {text}")
    assert parse_trial(toml, where="t.toml").data.images == images


@pytest.mark.parametrize("text", ['{ train = "a" }', '{ train = "a", vall = "b" }', "5", "[]"])
def test_folders_of_one_split_or_with_unknown_keys_are_refused(text: str) -> None:
    with pytest.raises(TrialError) as caught:
        parse_trial(ORACLE.replace("[data]", f"[data]\nimages = {text}"), where="t.toml")
    assert "data.images" in caught.value.where


@pytest.mark.parametrize(
    ("images", "train", "val"),
    [
        (None, "a.png", "a.png"),
        ("images", "a.png", "a.png"),
        ("images", "sub/../a.png", "a.png"),
        (ImageFolders(train="images", val="images"), "a.png", "a.png"),
        (ImageFolders(train="images", val="images/../images"), "a.png", "a.png"),
        (ImageFolders(train="images", val="link"), "a.png", "a.png"),
        (ImageFolders(train="images", val="images/sub"), "sub/a.png", "a.png"),
    ],
)
def test_a_picture_in_both_splits_is_found_by_where_it_lies(
    tmp_path: Path, images: Any, train: str, val: str
) -> None:
    write_bdd(tmp_path, train, val)
    (tmp_path / "images" / "sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "images")
    with pytest.raises(DataError, match="share pictures"):
        load(tmp_path, images=images)


def test_pictures_of_one_name_in_two_folders_are_not_shared(tmp_path: Path) -> None:
    write_bdd(tmp_path)
    assert load(tmp_path, images=ImageFolders(train="a", val="b")).val.images == 1


# Names and pictures


@pytest.mark.parametrize("recipe", [OracleRecipe(), MaskRcnnRecipe()])
@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize(
    "name", ["../../secret.png", "../secret.png", "/etc/hostname", "link/a.png"]
)
def test_names_that_leave_the_picture_folder_are_refused_for_every_trainer(
    tmp_path: Path, recipe: Any, split: str, name: str
) -> None:
    """The oracle trains on no picture, but the report shows some."""
    root = tmp_path / "data"
    for inside in ("1.png", "2.png"):
        picture(root / "images" / inside)
    picture(tmp_path / "secret.png")
    (root / "images" / "link").symlink_to(tmp_path)
    write_coco(root, **{split: name})
    with pytest.raises(DataError, match="leaves the picture folder"):
        load(root, images="images", recipe=recipe)


@pytest.mark.parametrize("name", ["a\0.png", "", "x" * 300 + ".png"])
def test_names_that_no_file_can_have_are_refused_for_the_oracle_too(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "images").mkdir()
    write_coco(tmp_path, val=name)
    with pytest.raises(DataError, match="is no file name"):
        load(tmp_path, images="images")


def test_the_oracle_needs_no_pictures(tmp_path: Path) -> None:
    write_coco(tmp_path)
    assert load(tmp_path, images="images").train.images == 1
    with pytest.raises(DataError, match="A picture is missing"):
        load(tmp_path, images="images", recipe=MaskRcnnRecipe())


# Labels that leave their image


def write_leaving(root: Path) -> None:
    """Training: two cars and a bridge, of which one car and the bridge leave their images."""
    out = {"bbox": [15, 3, 10, 4], "segmentation": [[15, 3, 25, 3, 25, 7, 15, 7]], "area": 40}
    content = coco_content(
        images=[coco_image(1), coco_image(2)],
        annotations=[
            coco_annotation(1, 1),
            coco_annotation(2, 2),
            coco_annotation(3, 1, category_id=3, **out),
            coco_annotation(4, 2, **out),
        ],
    )
    write_json(root / "train.json", content)
    images, rows = [coco_image(3)], [coco_annotation(1, 3)]
    write_json(root / "val.json", coco_content(images=images, annotations=rows))


def test_labels_that_leave_are_refused_or_cut_and_counted(tmp_path: Path) -> None:
    write_leaving(tmp_path)
    with pytest.raises(DataError, match="A polygon leaves its image"):
        load(tmp_path)
    loaded = load(tmp_path, outside="clip")
    assert loaded.notes == ("train.json: labels that leave their image and are cut to it: 2",)
    boxes = dict(zip(loaded.train.annotation_id, loaded.train.box_xywh.tolist(), strict=True))
    assert boxes["3"] == boxes["4"] == [15, 3, 5, 4]
    assert boxes["1"] == boxes["2"] == [2, 3, 4, 4]
    assert sorted(loaded.train.area_px) == [16, 16, 20, 20]


def test_the_data_of_a_trial_hash_the_boxes_that_were_cut(tmp_path: Path) -> None:
    write_leaving(tmp_path)
    one = load(tmp_path, outside="clip").train
    assert one.geometry_hash == one.take_images(range(one.images)).geometry_sha256()


def test_classes_that_the_trial_does_not_use_neither_count_nor_refuse(tmp_path: Path) -> None:
    write_leaving(tmp_path)
    assert load(tmp_path, outside="clip", classes=("car",)).notes == (
        "train.json: labels that leave their image and are cut to it: 1",
    )
    content = coco_content(
        images=[coco_image(1)],
        annotations=[
            coco_annotation(1, 1),
            coco_annotation(
                2, 1, category_id=3, segmentation=square(300, 3, 4), bbox=[300, 3, 4, 4]
            ),
        ],
    )
    write_json(tmp_path / "train.json", content)
    loaded = load(tmp_path, classes=("car",))
    assert (loaded.train.instances, loaded.notes) == (1, ())


def test_images_that_are_not_selected_neither_count_nor_refuse(tmp_path: Path) -> None:
    """One of the two images holds a car that leaves it; the class of the other is not used."""
    write_leaving(tmp_path)
    outcomes = set()
    for seed in range(8):
        data = {"classes": ("car",), "select": Select(train=1, seed=seed)}
        drawn, *notes = load(tmp_path, outside="clip", **data).notes
        assert drawn == "train.json: 1 of 2 images left out: not drawn, train = 1"
        if notes:
            with pytest.raises(DataError, match="leaves its image"):
                load(tmp_path, **data)
        else:
            assert load(tmp_path, **data).train.image_id == ("1",)
        outcomes.add(len(notes))
    assert outcomes == {0, 1}


# Embedded data


def swap(host: str, target: str) -> Arm:
    return Arm(name="x", change=Change(swap=Swap(host=host, target=target)))


STREETS = Streets(train=2, val=2, image_size=(64, 80), pictures=False)


@pytest.mark.parametrize(
    ("classes", "arm", "where", "nearest"),
    [
        (("car", "persn"), None, "[data] classes", "person"),
        (None, swap("cra", "person"), 'arm "x": change: swap', "car"),
        (None, swap("car", "persn"), 'arm "x": change: swap', "person"),
        (("car", "person"), swap("car", "bridge"), 'arm "x": change: swap', ""),
        (
            None,
            Arm(name="x", change=Change(recipe={"hit": 0.9}), classes=("brige",)),
            'arm "x": classes',
            "bridge",
        ),
        (None, swap("truck", "car"), 'arm "x": change: swap', ""),  # bdd45 has trucks
    ],
)
def test_a_misspelt_class_is_refused_before_anything_is_generated(
    tmp_path: Path, classes: Any, arm: Arm | None, where: str, nearest: str
) -> None:
    trial = trial_of(Data(streets=STREETS, classes=classes), *([arm] if arm else []))
    with pytest.raises(TrialError) as caught:
        load_data(trial, root=tmp_path, generated=tmp_path / "generated")
    assert caught.value.where == where
    assert nearest in caught.value.next_step
    assert list(tmp_path.iterdir()) == []


def test_keys_of_both_kinds_of_data_are_refused_before_anything_is_generated(
    tmp_path: Path,
) -> None:
    trial = trial_of(Data(streets=STREETS, images=ImageFolders(train="a", val="b")))
    with pytest.raises(InputError, match="not both"):
        load_data(trial, root=tmp_path, generated=tmp_path / "generated")
    assert list(tmp_path.iterdir()) == []


def test_classes_of_the_catalogue_are_generated_and_used(tmp_path: Path) -> None:
    trial = trial_of(Data(streets=STREETS, classes=("road", "sky")), swap("road", "sky"))
    loaded = load_data(trial, root=tmp_path, generated=tmp_path / "generated")
    assert loaded.train.class_names == ("road", "sky")
    assert (tmp_path / "generated").is_dir()
