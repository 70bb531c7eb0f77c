"""Label flow: what each truth became, attack measures, and their intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segtrial.changes.swap import apply_swap
from segtrial.data.read import read
from segtrial.data.streets import write_streets
from segtrial.evaluation.any_class import match_any_class
from segtrial.evaluation.confusion import confusion
from segtrial.evaluation.flow import (
    WEIGHTED,
    appearance,
    attack,
    attack_under_weights,
    disappearance,
    label_flow,
    paired_attack,
    share,
    wilson,
)
from segtrial.evaluation.matching import prepare_truth
from segtrial.evaluation.overlaps import overlaps
from segtrial.geometry.rasterise import truth_masks
from segtrial.trainers.oracle import OracleTrainer
from segtrial.types.attributes import Coverage
from segtrial.types.detections import Detections
from segtrial.types.errors import DataError
from segtrial.types.evaluation import IGNORED, NO_MATCH, IouType
from segtrial.types.flow import MISSED
from segtrial.types.recipe import OracleRecipe
from segtrial.types.trial import Streets, Swap
from tests.builders import found, truth
from tests.trainers.scenes import Memory, job_of, silent

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset
    from segtrial.types.flow import Flow

KINDS = pytest.mark.parametrize("kind", list(IouType))
NAMES = ("car", "bus", "sign")
CAR, BUS, SIGN = range(3)
A, B, C = (0, 0, 4, 4), (6, 0, 4, 4), (12, 0, 4, 4)
FAR = (0, 6, 4, 4)


def flow_of(dataset: Dataset, detections: Detections, kind: IouType, **more: Any) -> Flow:
    masks = truth_masks(dataset) if kind == IouType.MASK else None
    more = {"confidence": 0.5} | more
    return label_flow(prepare_truth(dataset, masks), detections, kind, **more)


@KINDS
def test_a_truth_is_kept_renamed_or_missed(kind: IouType) -> None:
    """Three cars: one kept, one called bus, one missed; a sign where there is nothing."""
    labels = truth([(0, CAR, A), (0, CAR, B), (0, CAR, C)], classes=NAMES)
    flow = flow_of(labels, found([(0, CAR, 0.9, A), (0, BUS, 0.8, B), (0, SIGN, 0.7, FAR)]), kind)
    assert flow.became.tolist() == [CAR, BUS, MISSED]
    assert flow.taken_by.tolist() == [0, 1, -1]
    assert flow.met.tolist() == [0, 1, NO_MATCH]
    outcome = attack(flow, CAR, BUS)
    hits = [outcome.kept.hits, outcome.success.hits, outcome.other.hits, outcome.missed.hits]
    assert hits == [1, 1, 0, 1]
    assert outcome.success.fraction == pytest.approx(1 / 3)
    assert (outcome.host, outcome.target, outcome.appeared.count) == ("car", "bus", 0)
    assert attack(flow, CAR, SIGN).other.hits == 1
    assert appearance(flow, SIGN).count == 1
    assert disappearance(flow, CAR).hits == 1


def test_the_highest_score_chooses_first_and_takes_the_nearest_free_truth() -> None:
    """Both detections are nearest to the left truth; the second one gets the other or nothing."""
    labels = truth([(0, CAR, (0, 0, 8, 4)), (0, BUS, (2, 0, 8, 4))], classes=NAMES)
    rows = [(0, SIGN, 0.6, (0, 0, 8, 4)), (0, CAR, 0.9, (0, 0, 8, 4))]
    assert flow_of(labels, found(rows), IouType.BOX).became.tolist() == [CAR, SIGN]
    strict = flow_of(labels, found(rows), IouType.BOX, iou_threshold=0.7)
    assert strict.became.tolist() == [CAR, MISSED]
    assert strict.met.tolist() == [NO_MATCH, 0]


def test_detections_below_the_confidence_do_not_exist() -> None:
    labels = truth([(0, CAR, A)], classes=NAMES)
    rows = found([(0, CAR, 0.5, A), (0, BUS, 0.49, A)])
    assert flow_of(labels, rows, IouType.BOX).detection_row.tolist() == [0]
    assert flow_of(labels, rows, IouType.BOX, confidence=0.51).became.tolist() == [MISSED]
    below = flow_of(labels, rows, IouType.BOX, confidence=0.0)
    assert below.met.tolist() == [0, NO_MATCH]


def test_equal_scores_keep_the_order_and_equal_shapes_go_to_their_own_class() -> None:
    """Two truths of one shape: each detection takes the one of its name, in whatever order."""
    labels = truth([(0, CAR, A), (0, BUS, A)], classes=NAMES)
    for first, second in ((CAR, BUS), (BUS, CAR)):
        flow = flow_of(labels, found([(0, first, 0.9, A), (0, second, 0.9, A)]), IouType.BOX)
        assert flow.became.tolist() == [CAR, BUS]
    alone = truth([(0, CAR, A)], classes=NAMES)
    tied = flow_of(alone, found([(0, BUS, 0.9, A), (0, CAR, 0.9, A)]), IouType.BOX)
    assert tied.became.tolist() == [BUS]
    later = truth([(0, CAR, A), (0, CAR, A)], classes=NAMES)
    assert flow_of(later, found([(0, BUS, 0.9, A)]), IouType.BOX).became.tolist() == [MISSED, BUS]


@KINDS
def test_crowds_absorb_detections_of_any_class_and_count_as_no_truth(kind: IouType) -> None:
    """The crowd holds both detections; a real truth is preferred to it, even at a lower IoU."""
    labels = truth([(0, CAR, (0, 0, 10, 6)), (0, CAR, (1, 1, 4, 4))], classes=NAMES, crowd=(0,))
    rows = [(0, CAR, 0.9, (1, 1, 4, 5)), (0, BUS, 0.8, (5, 1, 4, 4)), (0, BUS, 0.7, (15, 0, 4, 4))]
    flow = flow_of(labels, found(rows), kind)
    assert flow.became.tolist() == [IGNORED, CAR]
    assert flow.met.tolist() == [1, IGNORED, NO_MATCH]
    assert attack(flow, CAR, BUS).kept.instances == 1
    assert appearance(flow, BUS).count == 1
    assert confusion(flow).ignored.tolist() == [0, 1, 0]


@KINDS
def test_no_truth_or_no_detections(kind: IouType) -> None:
    nothing = flow_of(truth([], classes=NAMES), found([]), kind)
    assert (len(nothing.became), len(nothing.met)) == (0, 0)
    alone = flow_of(truth([], classes=NAMES), found([(0, CAR, 0.9, A)]), kind)
    assert alone.met.tolist() == [NO_MATCH]
    outcome = attack(alone, BUS, CAR)
    assert np.isnan(outcome.success.fraction)
    assert outcome.success.reason == "no truth"
    assert outcome.appeared.count == 1
    missed = flow_of(truth([(0, CAR, A)], classes=NAMES), found([]), kind)
    assert missed.became.tolist() == [MISSED]


def test_classes_that_were_not_looked_for_are_no_false_positives() -> None:
    """Image 0 states: no bus, cars partly labelled; nothing about signs."""
    labels = truth([(0, CAR, A)], classes=NAMES)
    pairs = Coverage(negative=np.array([[0, BUS]]), not_exhaustive=np.array([[0, CAR]]))
    labels = replace(labels, coverage=pairs)
    rows = [(0, CAR, 0.9, FAR), (0, BUS, 0.8, FAR), (0, SIGN, 0.7, FAR), (0, SIGN, 0.6, A)]
    flow = flow_of(labels, found(rows), IouType.BOX)
    assert flow.met.tolist() == [IGNORED, NO_MATCH, IGNORED, 0]


def test_unusable_input_is_refused() -> None:
    labels = truth([(0, CAR, A), (0, BUS, B)], classes=NAMES)
    with pytest.raises(DataError, match="not a number") as caught:
        flow_of(labels, found([(0, CAR, 0.9, A), (0, CAR, float("nan"), A)]), IouType.BOX)
    assert "detection 1" in caught.value.where
    boxes = replace(found([(0, CAR, 0.9, A)]), masks=None)
    with pytest.raises(ValueError, match="needs masks on both sides"):
        flow_of(labels, boxes, IouType.MASK)
    pairs = overlaps(prepare_truth(labels, None), boxes, IouType.BOX, floor=0.5)
    with pytest.raises(ValueError, match=r"known from 0\.5 up"):
        match_any_class(pairs, labels, boxes, confidence=0, iou_threshold=0.4)
    flow = flow_of(labels, boxes, IouType.BOX)
    for host, target in ((CAR, CAR), (-1, BUS), (CAR, 3)):
        with pytest.raises(ValueError, match="of 3 classes"):
            attack(flow, host, target)


Box = tuple[int, int, int, int]
SIDE = st.integers(2, 6)
BOX = st.tuples(st.integers(0, 12), st.integers(0, 4), SIDE, SIDE)
PLACE = st.tuples(st.integers(0, 2), st.integers(0, 2))
TRUTHS = st.lists(st.tuples(PLACE, BOX, st.integers(0, 5)), max_size=9)
SCORE = st.sampled_from([0.2, 0.5, 0.5, 0.7, 0.9])


def iou(a: Box, b: Box, crowd: bool) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    own, other = a[2] * a[3], b[2] * b[3]
    return shared / (own if crowd else own + other - shared)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Any, Any, set[int]]:
    """Truths and detections by image, and the rows that are crowds."""
    drawn = sorted(draw(TRUTHS), key=lambda t: t[0][0])
    truths = [(image, label, box) for (image, label), box, _ in drawn]
    crowds = {row for row, (_, _, c) in enumerate(drawn) if c == 0}
    copied = [((image, label), box) for image, label, box in truths]
    anything = st.tuples(PLACE, BOX)
    near = (
        st.tuples(st.sampled_from(copied), st.integers(0, 2)).map(
            lambda t: ((t[0][0][0], t[1]), t[0][1])
        )
        if copied
        else anything
    )
    rows = draw(st.lists(st.tuples(near | anything, SCORE), max_size=12))
    detections = [(image, label, score, box) for ((image, label), box), score in rows]
    return truths, sorted(detections, key=lambda d: d[0]), crowds


def plain_flow(
    truths: Any, detections: Any, crowds: set[int], confidence: float
) -> tuple[list[int], list[int]]:
    """The definition, one detection after another: what became of truths, what detections met."""
    became = [IGNORED if n in crowds else MISSED for n in range(len(truths))]
    met = {}
    for d in sorted(range(len(detections)), key=lambda d: -detections[d][2]):
        image, label, score, box = detections[d]
        if score < confidence:
            continue
        here = [n for n, t in enumerate(truths) if t[0] == image]
        value = {n: iou(box, truths[n][2], n in crowds) for n in here}
        near = [n for n in here if value[n] >= 0.5]
        free = [n for n in near if became[n] == MISSED]
        met[d] = IGNORED if crowds & set(near) else NO_MATCH
        if free:
            met[d] = max(free, key=lambda n: (value[n], truths[n][1] == label, n))
            became[met[d]] = label
    return became, [met[d] for d in sorted(met)]


@KINDS
@settings(deadline=None, max_examples=100)
@given(scene=scenes())
def test_matching_is_its_definition(kind: IouType, scene: Any) -> None:
    truths, detections, crowds = scene
    labels = truth(truths, images=3, classes=NAMES, crowd=tuple(crowds))
    flow = flow_of(labels, found(detections), kind)
    became, met = plain_flow(truths, detections, crowds, 0.5)
    assert flow.became.tolist() == became
    assert flow.met.tolist() == met
    matrix = confusion(flow)
    assert matrix.table[:-1].sum(axis=1).tolist() == labels.instance_counts().tolist()
    called = np.bincount(flow.detection_class, minlength=3)
    assert (matrix.table[:, :-1].sum(axis=0) + matrix.ignored).tolist() == called.tolist()


def repeated(dataset: Dataset, detections: Detections, times: list[int]) -> Any:
    """The data set and detections with each image physically there so often."""
    images = [image for image, count in enumerate(times) for _ in range(count)]
    rows = [np.flatnonzero(detections.image_index == image) for image in images]
    kept = np.concatenate([np.zeros(0, np.int64), *rows]).astype(np.int64)
    assert detections.masks is not None
    return dataset.take_images(images), Detections(
        image_index=np.repeat(np.arange(len(images)), [len(r) for r in rows]),
        class_index=detections.class_index[kept],
        score=detections.score[kept],
        box_xywh=detections.box_xywh[kept],
        masks=detections.masks.take(kept),
    )


@KINDS
@settings(deadline=None, max_examples=40)
@given(scene=scenes(), times=st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_weights_are_physically_repeated_images(
    kind: IouType, scene: Any, times: list[int]
) -> None:
    truths, detections, crowds = scene
    labels = truth(truths, images=3, classes=NAMES, crowd=tuple(crowds))
    flow = flow_of(labels, found(detections), kind)
    weights = np.array([times, [1, 1, 1]])
    counts = attack_under_weights(flow, CAR, BUS, weights)
    assert counts.shape == (2, len(WEIGHTED))
    for row, of_image in zip(counts, weights.tolist(), strict=True):
        outcome = attack(flow_of(*repeated(labels, found(detections), of_image), kind), CAR, BUS)
        parts = [outcome.kept, outcome.success, outcome.other, outcome.missed]
        expected = [outcome.kept.instances, *(p.hits for p in parts), outcome.appeared.count]
        assert row.tolist() == expected
    with pytest.raises(ValueError, match=r"weights of shape \(1, 2\) for 3 images"):
        attack_under_weights(flow, CAR, BUS, np.ones((1, 2), np.int64))


def test_paired_runs_are_compared_truth_by_truth() -> None:
    """Of six cars in three images the arm turns two kept ones into buses and finds a missed one."""
    boxes = [(image, CAR, box) for image in range(3) for box in (A, B)]
    labels = truth(boxes, images=3, classes=NAMES)
    base = [(i, CAR, 0.9, box) for i, _, box in boxes[:5]]
    arm = [(i, BUS if n in (0, 2) else CAR, 0.9, box) for n, (i, _, box) in enumerate(boxes)]
    arm.append((2, BUS, 0.8, FAR))
    runs = [flow_of(labels, found(rows), IouType.BOX) for rows in (base, arm)]
    pair = paired_attack(*runs, CAR, BUS)
    assert pair.table.tolist() == [[3, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]
    assert (pair.kept.gained, pair.kept.lost) == (1, 2)
    assert pair.kept.difference == pytest.approx(-1 / 6)
    assert (pair.success.base, pair.success.arm) == (0, pytest.approx(1 / 3))
    assert pair.success.low < 1 / 3 < pair.success.high
    assert pair.other.reason == "no instance differs"
    assert np.isnan(pair.other.low)
    assert (pair.appeared.gained, pair.appeared.lost) == (1, 0)
    assert pair.appeared.difference == pytest.approx(1 / 3)
    back = paired_attack(*reversed(runs), CAR, BUS)
    assert back.success.difference == -pair.success.difference
    assert (back.success.low, back.success.high) == (-pair.success.high, -pair.success.low)


def test_the_paired_interval_is_the_ratio_estimator_s() -> None:
    """Images of 2, 1, 3 cars with 2, 0, 1 of them renamed: worked out by the formula."""
    sizes, renamed = [2, 1, 3], [2, 0, 1]
    places = [(i, n) for i, size in enumerate(sizes) for n in range(size)]
    boxes = [(i, CAR, (A, B, C)[n]) for i, n in places]
    labels = truth(boxes, images=3, classes=NAMES)
    rows = [(i, BUS if n < renamed[i] else CAR, 0.9, (A, B, C)[n]) for i, n in places]
    base = flow_of(labels, found([(i, CAR, 0.9, box) for i, _, box in boxes]), IouType.BOX)
    pair = paired_attack(base, flow_of(labels, found(rows), IouType.BOX), CAR, BUS)
    # d = 3/6; residuals 2 − 1, 0 − .5, 1 − 1.5: V = 3/2 · 1.5 / 36 = 1/16 > (3 − 6/4)/36
    half = stats.t.ppf(0.975, 2) * 0.25
    assert (pair.success.low, pair.success.high) == pytest.approx((0.5 - half, 0.5 + half))


def test_runs_that_do_not_fit_are_refused() -> None:
    rows = found([(0, CAR, 0.9, A)])
    one = flow_of(truth([(0, CAR, A)], classes=NAMES), rows, IouType.BOX)
    other = flow_of(truth([(0, BUS, A)], classes=NAMES), rows, IouType.BOX)
    with pytest.raises(DataError, match="same truth"):
        paired_attack(one, other, CAR, BUS)
    later = flow_of(truth([(0, CAR, A)], classes=NAMES), rows, IouType.BOX, confidence=0.6)
    with pytest.raises(DataError, match="same way"):
        paired_attack(one, later, CAR, BUS)


def test_wilson_is_the_textbook_interval() -> None:
    """8 of 10 at 95 %: .4902 to .9433."""
    assert wilson(0.8, 10, 1.959964) == pytest.approx((0.4902, 0.9433), abs=5e-5)
    assert wilson(0, 10, 1.959964) == pytest.approx((0, 0.2775), abs=5e-5)


def test_a_share_allows_for_instances_that_share_an_image() -> None:
    """4 images of 5: all or none of an image is hit, so that there are 4 facts and not 20."""
    image = np.repeat(np.arange(4), 5).astype(np.int32)
    together = share(np.repeat([True, True, False, False], 5), image)
    # J/(J − 1)·Σ(x − p·n)²/n² = 4/3·25/400 = 1/12; alone .25/20 = 1/80
    assert together.design_effect == pytest.approx(80 / 12)
    assert (together.hits, together.instances, together.images) == (10, 20, 4)
    alone = share(np.tile([True, False], 10), np.arange(20, dtype=np.int32))
    assert alone.high - alone.low < 0.7 * (together.high - together.low)
    certain = share(np.ones(20, bool), image)
    assert certain.design_effect == 5
    assert certain.high == 1
    assert certain.low == pytest.approx(4 / (4 + stats.t.ppf(0.975, 3) ** 2))
    single = share(np.array([True, False]), np.zeros(2, np.int32))
    assert single.fraction == 0.5
    assert single.reason == "all in one image: no interval over images"
    assert np.isnan(single.low)


def test_the_share_s_interval_covers() -> None:
    """30 images of 1 to 8 cars whose rate differs by image: about 95 %, the plain one far less."""
    rng = np.random.default_rng(4)
    covered = plain = 0
    repeats = 400
    for _ in range(repeats):
        image = np.repeat(np.arange(30), rng.integers(1, 9, 30)).astype(np.int32)
        hit = rng.random(len(image)) < rng.beta(0.6, 1.4, 30)[image]
        one = share(hit, image)
        covered += one.low <= 0.3 <= one.high
        low, high = wilson(one.fraction, len(image), 1.96)
        plain += low <= 0.3 <= high
    assert 0.91 < covered / repeats < 0.99
    assert plain / repeats < 0.85


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Dataset]:
    folder: Path = tmp_path_factory.mktemp("flow")
    write_streets(Streets(train=40, val=60, seed=1, image_size=(96, 128), pictures=False), folder)
    parts = [read(folder / "labels" / f"streets_{n}.json", None) for n in ("train", "val")]
    return parts[0], parts[1]


@KINDS
def test_the_flow_of_an_oracle_with_known_flips_is_exact(
    streets: tuple[Dataset, Dataset], kind: IouType
) -> None:
    """Each detection is a truth's own shape: the flow is what the oracle called it."""
    train, val = streets
    recipe = OracleRecipe(hit=0.9, box_jitter=0, confusion=0.1, false_positives=0, response=0.9)
    swapped, edits = apply_swap(train, Swap(host="car", target="person", ratio=0.5), 0)
    memory = Memory()
    job = job_of(recipe, swapped, seed=3)
    OracleTrainer().fit(job, swapped, edits, memory, silent)
    detections = OracleTrainer().predict(job, val, memory, silent)
    places = zip(val.image_index.tolist(), val.box_xywh.tolist(), strict=True)
    row_of = {(image, *box): row for row, (image, box) in enumerate(places)}
    assert len(row_of) == val.instances
    expected = np.full(val.instances, MISSED)
    for image, box, label in zip(
        detections.image_index, detections.box_xywh.tolist(), detections.class_index, strict=True
    ):
        expected[row_of[(int(image), *box)]] = label
    flow = flow_of(val, detections, kind, confidence=0.0)
    assert flow.became.tolist() == np.where(val.crowd, IGNORED, expected).tolist()
    assert (flow.met != NO_MATCH).all()
    car, person = (val.class_names.index(name) for name in ("car", "person"))
    outcome = attack(flow, car, person)
    assert outcome.success.hits == int((expected[val.class_index == car] == person).sum()) > 10
