"""AP under image weights against sets in which the images physically stand that often.

Under COCO's and LVIS's rules, for boxes and masks, with ties, crowds and all area ranges; the small
generated sets of `test_average_precision.py` are boxes under COCO's rules alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtrial.evaluation.average_precision import ap_under_weights, average_precision
from segtrial.evaluation.matching import match_ranges
from segtrial.evaluation.rules import COCO, LVIS, Rules
from segtrial.evaluation.shapes import Truth, prepare_truth
from segtrial.geometry.rasterise import truth_masks
from segtrial.types.detections import Detections
from segtrial.types.evaluation import IouType, Matches
from tests.evaluation.lvis_evaluation import read_pair
from tests.evaluation.lvis_sets import made_case, made_content

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from segtrial.types.arrays import Floats

RULES = pytest.mark.parametrize("rules", [COCO, LVIS], ids=["coco", "lvis"])
KINDS = pytest.mark.parametrize("kind", list(IouType))


def physical(
    truth: Truth, detections: Detections, weight_I: Sequence[int]
) -> tuple[Truth, Detections]:
    """Image i stands weight_I[i] times, its copies one after another, under ids of their own."""
    order = np.repeat(np.arange(len(weight_I)), weight_I)
    rows = [np.flatnonzero(detections.image_index == image) for image in order]
    kept = np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)
    copies = Detections(
        image_index=np.repeat(np.arange(len(order)), [len(r) for r in rows]),
        class_index=detections.class_index[kept],
        score=detections.score[kept],
        box_xywh=detections.box_xywh[kept],
        masks=None if detections.masks is None else detections.masks.take(kept),
        area_px=None if detections.area_px is None else detections.area_px[kept],
    )
    taken = truth.dataset.take_images(order)
    taken = replace(taken, image_id=tuple(f"{name}:{k}" for k, name in enumerate(taken.image_id)))
    return prepare_truth(taken, None if truth.masks is None else truth_masks(taken)), copies


def assert_equal(
    pair: tuple[Truth, Detections], kind: IouType, rules: Rules, weight_I: Sequence[int]
) -> None:
    matches = match_ranges(*pair, kind, rules)
    copies = match_ranges(*physical(*pair, weight_I), kind, rules)
    for name, table in copies.items():
        expected = average_precision(table, pair[0].dataset.class_names).ap
        ours = weighted(matches[name], weight_I)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)


def weighted(matches: Matches, weight_I: Sequence[int]) -> Floats:
    table: Floats = ap_under_weights(matches, np.array([weight_I], np.int64))[0]
    return table


@RULES
@KINDS
@pytest.mark.parametrize("case", ["jittered", "ties", "lists", "empty"])
def test_weights_are_physical_copies(
    case: str, kind: IouType, rules: Rules, tmp_path: Path
) -> None:
    content, results = made_case(made_content(9), case)
    content["annotations"] = [  # crowds, for COCO's rules alone
        a | {"iscrowd": int(rules == COCO and a["id"] % 7 == 0)} for a in content["annotations"]
    ]
    pair = read_pair(content, results, kind, tmp_path)
    draw = np.random.default_rng(2)
    images = pair[0].dataset.images
    for _ in range(6):
        assert_equal(pair, kind, rules, draw.multinomial(images, np.full(images, 1 / images)))
    assert_equal(pair, kind, rules, [0] * (images - 1) + [5])


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    case=st.sampled_from(["ties", "lists", "empty"]),
    kind=st.sampled_from(list(IouType)),
    rules=st.sampled_from([COCO, LVIS]),
    data=st.data(),
)
def test_weights_are_physical_copies_of_any_set(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    case: str,
    kind: IouType,
    rules: Rules,
    data: st.DataObject,
) -> None:
    content, results = made_case(made_content(seed, images=4, classes=4), case, seed)
    if not results:
        return
    pair = read_pair(content, results, kind, tmp_path_factory.getbasetemp())
    weight_I = data.draw(st.lists(st.integers(0, 3), min_size=4, max_size=4))
    assert_equal(pair, kind, rules, weight_I)


@RULES
def test_many_resamples_at_once_are_each_a_set_of_copies(rules: Rules, tmp_path: Path) -> None:
    """As the bootstrap asks for them: more than fit one block, of classes with ties."""
    pair = read_pair(*made_case(made_content(5), "ties"), IouType.BOX, tmp_path)
    matches = match_ranges(*pair, IouType.BOX, rules, ("all",))["all"]
    images = matches.images
    weights_BI = np.random.default_rng(3).multinomial(images, np.full(images, 1 / images), size=19)
    table = ap_under_weights(matches, weights_BI)
    for ap_CT, weight_I in zip(table, weights_BI, strict=True):
        copies = match_ranges(*physical(*pair, weight_I), IouType.BOX, rules, ("all",))["all"]
        expected = average_precision(copies, pair[0].dataset.class_names).ap
        np.testing.assert_allclose(ap_CT, expected, rtol=0, atol=1e-12)


@RULES
def test_class_agnostic_matches_bear_weights_too(rules: Rules, tmp_path: Path) -> None:
    pair = read_pair(*made_case(made_content(9), "ties"), IouType.BOX, tmp_path)
    weight_I = [k % 4 for k in range(pair[0].dataset.images)]
    assert_equal(pair, IouType.BOX, replace(rules, class_agnostic=True), weight_I)


def test_more_detections_than_the_limit_are_cut_in_each_copy(tmp_path: Path) -> None:
    pair = read_pair(*made_case(made_content(3), "many"), IouType.BOX, tmp_path)
    assert np.bincount(pair[1].image_index).max() > 300
    weight_I = [(k + 1) % 3 for k in range(pair[0].dataset.images)]
    for rules in (COCO, LVIS):
        assert_equal(pair, IouType.BOX, rules, weight_I)


@RULES
def test_weights_change_the_numbers(rules: Rules, tmp_path: Path) -> None:
    """Or else agreement would say nothing. Without images every class is undefined."""
    pair = read_pair(*made_case(made_content(9), "jittered"), IouType.BOX, tmp_path)
    matches = match_ranges(*pair, IouType.BOX, rules)["all"]
    plain = weighted(matches, [1] * matches.images)
    other = weighted(matches, [k % 3 for k in range(matches.images)])
    both = ~np.isnan(plain) & ~np.isnan(other)
    assert (np.abs(plain - other)[both] > 1e-3).mean() > 0.5
    assert np.isnan(weighted(matches, [0] * matches.images)).all()


def test_weights_of_another_number_of_images_are_refused(tmp_path: Path) -> None:
    pair = read_pair(*made_case(made_content(9), "jittered"), IouType.BOX, tmp_path)
    matches = match_ranges(*pair, IouType.BOX, COCO, ("all",))["all"]
    with pytest.raises(ValueError, match="for 14 images"):
        ap_under_weights(matches, np.ones((2, 13), np.int64))
