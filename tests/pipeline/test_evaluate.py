"""An evaluation: the styles' own numbers, overlaps made once, slices, and the page's record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from segtrial.evaluation import matching, overlaps
from segtrial.evaluation.coco_summary import coco_summary, lvis_summary
from segtrial.evaluation.ultralytics import ultralytics_scores
from segtrial.evaluation.ultralytics_matching import match_as_ultralytics
from segtrial.pipeline import evaluate as evaluate_module
from segtrial.pipeline.evaluate import Asked, Style, evaluate
from segtrial.pipeline.evaluation_page import kind_pages
from segtrial.pipeline.evaluation_protocol import evaluation_page
from segtrial.pipeline.evaluation_slices import known_slices, usual_slices
from segtrial.types.attributes import Coverage, attribute
from segtrial.types.errors import DataError, TrialError
from segtrial.types.evaluation import IouType
from tests.builders import found, truth

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections
    from segtrial.types.evaluation_page import KindPage

STYLES: list[Style] = ["coco", "lvis", "ultralytics", "ultralytics-old", "trapezoid"]
NAMES = ("car", "bus", "sign", "van")


def labels() -> Dataset:
    """Two cars (day, night), a bus (night), a sign nobody predicts; no van."""
    rows = [
        (0, 0, (0.0, 0.0, 4.0, 4.0)),
        (1, 0, (0.0, 0.0, 4.0, 4.0)),
        (1, 1, (8.0, 0.0, 6.0, 6.0)),
        (1, 2, (16.0, 0.0, 2.0, 2.0)),
    ]
    dataset = truth(rows, images=3, classes=NAMES)
    return replace(
        dataset,
        image_attributes=(attribute("light", ["day", "night", None]),),
        instance_attributes=(attribute("occluded", ["true", "false", "false", "true"]),),
        class_frequency=("f", "c", "r", "r"),
        coverage=Coverage(
            negative=np.array([[i, 3] for i in range(3)]), not_exhaustive=np.zeros((0, 2))
        ),
    )


def predictions(*, masks: bool = True) -> Detections:
    """Both cars found; the bus called a car; a van where nothing is, in an empty image."""
    rows = [
        (0, 0, 0.9, (0.0, 0.0, 4.0, 4.0)),
        (1, 0, 0.8, (0.0, 0.0, 4.0, 4.0)),
        (1, 0, 0.6, (8.0, 0.0, 6.0, 6.0)),
        (1, 1, 0.2, (8.0, 0.0, 6.0, 6.0)),
        (2, 3, 0.7, (2.0, 2.0, 3.0, 3.0)),
    ]
    made = found(rows)
    return made if masks else replace(made, masks=None)


def page_of(style: Style, confidence: float | None = 0.5) -> tuple[KindPage, ...]:
    dataset, detections = labels(), predictions()
    done = evaluate(dataset, detections, Asked(style=style, page=True))
    return kind_pages(done, detections, confidence)


def test_means_are_those_of_the_styles_own_summaries() -> None:
    dataset, detections = labels(), predictions()
    coco = evaluate(dataset, detections, Asked(style="coco"))
    for part in coco.parts:
        answer = getattr(coco.answer, part.kind.value)
        summary = coco_summary(part.matches, NAMES)
        assert list(answer) == list(summary)
        assert [np.nan if v is None else v for v in answer.values()] == pytest.approx(
            list(summary.values()), abs=0, nan_ok=True
        )
    lvis = evaluate(dataset, detections, Asked(style="lvis"))
    summary = lvis_summary(lvis.parts[0].matches, NAMES, dataset.class_frequency)
    assert lvis.answer.box is not None
    assert set(lvis.answer.box) == set(summary)
    for name, value in summary.items():
        mine = lvis.answer.box[name]
        assert (mine is None) == bool(np.isnan(value))
        assert mine is None or mine == value
    done = evaluate(dataset, detections, Asked(style="ultralytics"))
    table = ultralytics_scores(match_as_ultralytics(done.truth, detections, IouType.BOX), NAMES)
    assert done.answer.box is not None
    assert [done.answer.box[n] for n in ("P", "R", "AP50", "AP")] == table.mean.tolist()


def test_several_instances_of_a_class_in_an_image() -> None:
    boxes = [(0.0, 0.0, 4.0, 4.0), (8.0, 0.0, 4.0, 4.0)]
    dataset = truth([(0, 0, box) for box in boxes])
    detections = found([(0, 0, 0.9, boxes[0]), (0, 0, 0.8, boxes[1])])
    done = evaluate(dataset, detections, Asked(style="coco"))
    assert done.answer.box is not None
    assert done.answer.box == done.answer.classes[0].box_metrics
    assert [done.answer.box[name] for name in ("AR1", "AR10", "AR100", "ARs")] == [0.5, 1, 1, 1]


def test_means_over_groups_of_classes_are_none_of_a_class() -> None:
    done = evaluate(labels(), predictions(), Asked(style="lvis")).answer
    assert done.box is not None
    assert done.classes[0].box_metrics is not None
    assert set(done.box) - set(done.classes[0].box_metrics) == {"APr", "APc", "APf"}


def test_means_say_how_many_classes_they_cover() -> None:
    done = evaluate(labels(), predictions(), Asked(style="lvis")).answer
    assert done.box_covers is not None
    assert done.box_covers["AP"] == 3
    assert [done.box_covers[f"AP{group}"] for group in "rcf"] == [1, 1, 1]
    assert done.box_covers["APl"] == 0
    assert "means are over the 3 of 4 classes with truth" in done.notes


def test_a_class_says_why_it_is_undefined() -> None:
    done = evaluate(labels(), predictions(), Asked(style="coco")).answer
    assert [row.box_note for row in done.classes] == ["", "", "never predicted", "no truth"]
    assert done.classes[2].box_metrics is not None
    assert done.classes[2].box_metrics["AP"] == 0
    assert done.classes[3].box_metrics is not None
    assert done.classes[3].box_metrics["AP"] is None
    assert any("never predicted" in note and "sign" in note for note in done.notes)
    done = evaluate(labels(), predictions(), Asked(style="ultralytics")).answer
    assert done.classes[2].mask_note == "never predicted"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kinds", [(IouType.BOX,), (IouType.MASK,)])
def test_one_kind_alone_has_the_numbers_of_both_together(
    style: Style, kinds: tuple[IouType, ...]
) -> None:
    both = evaluate(labels(), predictions(), Asked(style=style)).answer
    alone = evaluate(labels(), predictions(), Asked(style=style, kinds=kinds)).answer
    kind = kinds[0].value
    other = "mask" if kind == "box" else "box"
    assert getattr(alone, kind) == getattr(both, kind)
    assert getattr(alone, other) is None
    assert all(getattr(row, other) is None for row in alone.classes)


def test_masks_that_are_not_there_are_refused() -> None:
    asked = Asked(style="coco", kinds=(IouType.MASK,))
    with pytest.raises(TrialError, match="no masks"):
        evaluate(labels(), predictions(masks=False), asked)


@pytest.mark.parametrize("style", STYLES)
def test_a_page_changes_no_number(style: Style) -> None:
    plain = evaluate(labels(), predictions(), Asked(style=style)).answer
    paged = evaluate(labels(), predictions(), Asked(style=style, page=True)).answer
    assert paged == plain


@pytest.mark.parametrize("style", STYLES)
def test_overlaps_are_made_once_for_each_kind(
    style: Style, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[IouType] = []

    def counted(*args: object, **options: object) -> object:
        made.append(args[2])  # type: ignore[arg-type]
        return overlaps.overlaps(*args, **options)  # type: ignore[arg-type]

    for module in (matching, evaluate_module):
        monkeypatch.setattr(module, "overlaps", counted)
    dataset, detections = labels(), predictions()
    done = evaluate(dataset, detections, Asked(style=style, page=True, slices=("size", "light")))
    files = (tmp_path / "a.json", tmp_path / "b.json")
    evaluation_page(done, dataset, detections, files=files, command="")
    assert made == [IouType.BOX, IouType.MASK]


def test_slices_of_images_instances_sizes_and_groups() -> None:
    asked = Asked(style="coco", slices=("light", "occluded", "size", "frequency"))
    rows = evaluate(labels(), predictions(), asked).answer.slices
    assert [(r.by, r.of, r.value, r.images, r.instances) for r in rows] == [
        ("light", "images", "day", 1, 1),
        ("light", "images", "night", 1, 3),
        ("light", "images", "not stated", 1, 0),
        ("occluded", "instances", "false", 1, 2),
        ("occluded", "instances", "true", 2, 2),
        ("size", "instances", "small", 2, 4),
        ("size", "instances", "medium", 0, 0),
        ("size", "instances", "large", 0, 0),
        ("frequency", "classes", "rare", 1, 1),
        ("frequency", "classes", "common", 1, 1),
        ("frequency", "classes", "frequent", 2, 2),
    ]
    assert rows[0].box == rows[0].mask == pytest.approx({"AP": 1.0, "AP50": 1.0})
    assert rows[2].box == {"AP": None, "AP50": None}
    assert (rows[2].stated, rows[2].reason) == (False, "no truth")


def test_slices_are_cocos_under_other_styles() -> None:
    asked = [Asked(style=style, slices=("size", "light")) for style in ("coco", "trapezoid")]
    first, second = (evaluate(labels(), predictions(), one).answer for one in asked)
    assert first.slices == second.slices
    assert any("COCO's rules" in note for note in second.notes)


def test_an_unknown_slice_lists_what_the_labels_have() -> None:
    dataset = labels()
    assert known_slices(dataset) == ("size", "frequency", "light", "occluded")
    assert usual_slices(dataset) == ("size", "frequency", "light")
    with pytest.raises(DataError) as caught:
        evaluate(dataset, predictions(), Asked(style="coco", slices=("lihgt",)))
    assert caught.value.expected == "one of: size, frequency, light, occluded"
    assert "light" in caught.value.next_step


def test_the_page_tells_what_each_class_became() -> None:
    box, mask = page_of("coco")
    for kind in (box, mask):
        table = kind.table
        assert table[0].tolist() == [2, 0, 0, 0, 0]
        assert table[1].tolist() == [1, 0, 0, 0, 0]  # the bus was called a car
        assert table[2].tolist() == [0, 0, 0, 0, 1]  # the sign was missed
        assert table[4].tolist() == [0, 0, 0, 1, 0]  # a van where nothing is
        assert (kind.confidence, kind.stated) == (0.5, True)


def test_precision_and_recall_at_a_stated_confidence() -> None:
    for style in STYLES:
        box = page_of(style)[0]
        assert box.precision[0] == pytest.approx(2 / 3)
        assert box.recall[:3].tolist() == [1, 0, 0]
        assert np.isnan(box.precision[1:]).all()
        assert box.reason[1:] == (
            *["no prediction that confident"] * 2,
            "no truth",
        )


def test_without_a_stated_confidence_it_is_the_one_that_ultralytics_chooses() -> None:
    dataset, detections = labels(), predictions()
    done = evaluate(dataset, detections, Asked(style="ultralytics", page=True))
    scores = [part.scores for part in done.parts]
    for style in STYLES:
        for kind, score in zip(page_of(style, None), scores, strict=True):
            assert score is not None
            assert (kind.confidence, kind.stated) == (score.confidence, False)


def test_curves_are_the_precision_envelope() -> None:
    box = page_of("coco")[0]
    curves = box.curves
    assert curves.precision[0].tolist() == [1.0] * 101
    assert curves.precision[1].tolist() == [1.0] * 101  # its second prediction, alone in its class
    assert curves.precision[2].tolist() == [0.0] * 101
    assert np.isnan(curves.precision[3]).all()
    assert curves.mean_precision == pytest.approx(2 / 3)
    coco = evaluate(labels(), predictions(), Asked(style="coco")).answer
    assert coco.box is not None
    assert float(curves.mean_precision.mean()) == pytest.approx(coco.box["AP50"])
    assert [ap for _, ap in box.ap_by_iou] == pytest.approx([2 / 3] * 10)


def test_errors_and_images() -> None:
    box = page_of("coco")[0]
    counts = {row.kind: row.count for row in box.errors}
    assert (counts["classification"], counts["background"], counts["missed"]) == (1, 1, 1)
    assert box.errors_reason == ""
    assert [row.name for row in box.worst] == ["3.png", "2.png", "1.png"]
    assert [row.name for row in box.best] == ["1.png", "2.png"]
    assert (box.best[0].ap, box.best[0].hits, box.best[0].missed) == (pytest.approx(1), 1, 0)
    assert box.images_with_truth == 2


def test_scores_that_are_no_chances_have_no_calibration() -> None:
    dataset = labels()
    detections = replace(predictions(), score=predictions().score * 10)
    done = evaluate(dataset, detections, Asked(style="coco", page=True))
    box = kind_pages(done, detections, 0.5)[0]
    assert "outside 0–1" in box.reliability.reason
    assert box.reliability.bins == ()


@pytest.mark.parametrize("style", STYLES)
def test_nothing_predicted_and_nothing_labelled_have_a_record(style: Style, tmp_path: Path) -> None:
    empty = truth([], images=2, classes=NAMES)
    coverage = Coverage(negative=np.array([[0, 0]]), not_exhaustive=np.zeros((0, 2)))
    for dataset, detections in (
        (labels(), found([])),
        (replace(empty, coverage=coverage), found([(0, 0, 0.5, (0.0, 0.0, 2.0, 2.0))])),
    ):
        done = evaluate(dataset, detections, Asked(style=style, page=True))
        files = (tmp_path, tmp_path)
        page = evaluation_page(done, dataset, detections, files=files, command="x")
        assert len(page.kinds) == 2
        assert page.kinds[0].table.sum() == len(detections) + dataset.instances


def test_the_protocol_has_files_and_hashes(tmp_path: Path) -> None:
    one, two = tmp_path / "a.json", tmp_path / "b.json"
    one.write_text("a")
    two.write_text("b")
    dataset, detections = labels(), predictions()
    done = evaluate(dataset, detections, Asked(style="coco", page=True))
    page = evaluation_page(done, dataset, detections, files=(one, two), command="x")
    files = dict(page.files)
    assert files["SHA-256 of the labels"].startswith("ca978112ca1bbdcafac231b39a23dc4da")
    assert files["SHA-256 of the predictions"].startswith("3e23e8160039594a33894f6564e1b134")
    assert {row.by for row in page.slices} == {"size", "frequency", "light"}
    page = evaluation_page(done, dataset, detections, files=(tmp_path, two), command="x")
    assert dict(page.files)["fingerprint of the labels as read"] == dataset.fingerprint()
