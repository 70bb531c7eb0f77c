"""The oracle's error rates are what its recipe states."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from segtrial.changes.swap import apply_swap
from segtrial.data.read import read
from segtrial.data.streets import write_streets
from segtrial.evaluation.matching import match, prepare_truth
from segtrial.geometry.rasterise import truth_masks
from segtrial.geometry.runs import decode_mask
from segtrial.trainers.oracle import Learned, OracleTrainer
from segtrial.types.evaluation import IouType
from segtrial.types.recipe import OracleRecipe
from segtrial.types.trial import Streets, Swap
from tests.trainers.scenes import Memory, job_of, silent

EXACT = OracleRecipe(
    hit=1.0, hit_class_sd=0, hit_seed_sd=0, box_jitter=0, confusion=0, false_positives=0
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("oracle")
    write_streets(Streets(train=80, val=120, seed=1, image_size=(96, 128), pictures=False), folder)
    names = ("train", "val")
    return tuple(read(folder / "labels" / f"streets_{name}.json", None) for name in names)


def detections(recipe, train, val, edits=None, seed=0):
    memory = Memory()
    job = job_of(recipe, train, seed=seed)
    OracleTrainer().fit(job, train, edits, memory, silent)
    learned = msgspec.json.decode(memory["checkpoint.json"], type=Learned)
    return OracleTrainer().predict(job, val, memory, silent), learned


def test_without_errors_every_truth_is_found_exactly(data):
    train, val = data
    found, _ = detections(EXACT, train, val)
    truth = prepare_truth(val, truth_masks(val))
    for kind in IouType:
        assert (match(truth, found, kind).truth_row >= 0).all()
    assert len(found) == val.instances


def test_hits_follow_the_stated_rate(data):
    train, val = data
    found, learned = detections(msgspec.structs.replace(EXACT, hit=0.6), train, val)
    assert learned.hit == pytest.approx([0.6] * len(train.class_names))
    assert len(found) / val.instances == pytest.approx(0.6, abs=0.05)


def test_a_swap_acts_with_the_stated_response(data):
    train, val = data
    swapped, edits = apply_swap(train, Swap(host="car", target="person", ratio=0.5), 0)
    recipe = msgspec.structs.replace(EXACT, response=0.8)
    found, learned = detections(recipe, swapped, val, edits)
    car, person = (train.class_names.index(name) for name in ("car", "person"))
    assert learned.call[car][person] == pytest.approx(0.4, abs=0.01)
    assert sum(learned.call[car]) == pytest.approx(1)
    cars, persons = ((val.class_index == index).sum() for index in (car, person))
    extra = (found.class_index == person).sum() - persons
    assert extra / cars == pytest.approx(0.4, abs=0.08)


def test_runs_repeat_and_differ_by_seed_and_by_labels(data):
    train, val = data
    recipe = OracleRecipe()
    swapped, edits = apply_swap(train, Swap(host="car", target="person", ratio=0.1), 0)
    one, again = detections(recipe, train, val)[0], detections(recipe, train, val)[0]
    assert np.array_equal(one.score, again.score)
    assert np.array_equal(one.masks.data, again.masks.data)
    other = detections(recipe, train, val, seed=1)[0]
    arm = detections(recipe, swapped, val, edits)[0]
    for run in (other, arm):
        assert len(run) != len(one) or not np.array_equal(run.score, one.score)


def test_moved_masks_stay_with_their_boxes(data):
    train, val = data
    recipe = msgspec.structs.replace(EXACT, box_jitter=0.2, false_positives=2.0)
    found, _ = detections(recipe, train, val)
    for row in range(0, len(found), 37):
        mask = decode_mask(found.masks, row, height=96, width=128)
        columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        x, y, width, height = found.box_xywh[row]
        assert x - 1 <= columns[0]
        assert columns[-1] <= x + width + 1
        assert y - 1 <= rows[0]
        assert rows[-1] <= y + height + 1
