"""The Dataset: counts, subsets, fingerprints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segtrial.data.split import restrict_classes
from segtrial.types.dataset import Dataset
from tests.builders import truth

CLASSES = ("car", "bridge", "sign")


@pytest.fixture
def three_images() -> Dataset:
    """Two cars and a crowd of bridges in image 0, nothing in 1, a car and a bridge in 2."""
    box = (1, 1, 2, 2)
    rows = [(0, 0, box), (0, 0, box), (0, 1, box), (2, 0, box), (2, 1, box)]
    return truth(rows, images=3, classes=CLASSES, crowd=(2,))


def test_counts_leave_out_crowds(three_images: Dataset) -> None:
    assert three_images.instance_counts().tolist() == [3, 1, 0]
    assert three_images.image_counts().tolist() == [2, 1, 0]
    assert three_images.first_rows().tolist() == [0, 3, 3, 5]


def test_taken_images_keep_their_instances_in_the_order_asked(three_images: Dataset) -> None:
    taken = three_images.take_images([2, 1])
    assert taken.image_id == ("3", "2")
    assert taken.annotation_id == ("3", "4")
    assert taken.image_index.tolist() == [0, 0]
    assert taken.class_index.tolist() == [0, 1]
    assert three_images.take_images([]).images == 0
    assert three_images.take_images([0, 1, 2]).fingerprint() == three_images.fingerprint()


def test_the_fingerprint_follows_labels_and_the_geometry_hash_does_not(
    three_images: Dataset,
) -> None:
    relabelled = three_images.with_classes(np.array([0, 0, 1, 0, 2], np.int32))
    assert relabelled.fingerprint() != three_images.fingerprint()
    assert relabelled.geometry_sha256() == three_images.geometry_sha256()


@pytest.mark.parametrize(
    "change",
    [
        {"width_px": np.array([20, 20, 21])},
        {"crowd": np.zeros(5, bool)},
        {"image_id": ("1", "2", "4")},
        {"annotation_id": ("0", "1", "2", "3", "5")},
        {"box_xywh": np.ones((5, 4))},
        {"instance_record": (b'{"segmentation": [[1]]}',) * 5},
    ],
)
def test_the_geometry_hash_follows_everything_but_labels(
    three_images: Dataset, change: dict[str, object]
) -> None:
    assert replace(three_images, **change).geometry_sha256() != three_images.geometry_sha256()


def test_columns_are_read_only(three_images: Dataset) -> None:
    with pytest.raises(ValueError, match="read-only"):
        three_images.class_index[0] = 1


def test_columns_of_different_length_or_unsorted_instances_are_refused(
    three_images: Dataset,
) -> None:
    with pytest.raises(AssertionError, match="different length"):
        replace(three_images, crowd=np.zeros(4, bool))
    with pytest.raises(AssertionError, match="sorted by image"):
        replace(three_images, image_index=np.array([2, 0, 0, 0, 2]))


def test_a_relabelled_data_set_cut_down_is_hashed_anew(three_images: Dataset) -> None:
    """Relabelling keeps the known geometry hash; what drops rows must not."""
    relabelled = three_images.with_classes(np.array([1, 0, 0, 0, 2], np.int32))
    for part in (relabelled.take_images([2]), restrict_classes(relabelled, ("car",))):
        assert part.geometry_sha256() == replace(part, geometry_hash="").geometry_sha256()
        assert part.geometry_sha256() != relabelled.geometry_sha256()
