"""Cases on which evaluators fall apart, by LVIS's rules: lvis 0.5.3's own numbers.

`adversarial_lvis_golden.json` holds what lvis says of each case. To make it anew, write the cases
with `write(Path("cases"))`, then run the script that `test_lvis_rules.py` shows.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from segtrial.types.evaluation import IouType
from tests.evaluation.lvis_evaluation import golden_numbers, lvis_numbers, our_numbers
from tests.evaluation.lvis_sets import false_positive, made_case, made_content, moved, renumbered

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.evaluation.lvis_sets import Content, Result

Case = tuple["Content", "list[Result]"]


def more_than_300() -> Case:
    """About 450 an image, of scores in four steps: the cut falls among equal scores of many
    classes, of which some are negative, some open and some unknown.
    """
    content, draw = renumbered(made_content(11, images=8)), Random(11)
    ids = [c["id"] for c in content["categories"]]
    images = {i["id"]: i for i in content["images"]}
    results = [
        moved(a, images[a["image_id"]], a["category_id"], draw) for a in content["annotations"]
    ]
    for image in content["images"]:
        results += [false_positive(image, draw.choice(ids), draw) for _ in range(450)]
    for row in results:
        row["score"] = draw.choice([0.2, 0.4, 0.6, 0.8])
    draw.shuffle(results)
    return content, results


def just_300() -> Case:
    """300 false positives of one score before the hits in the file, then 299, then 301."""
    content, draw = renumbered(made_content(12, images=9)), Random(12)
    results = []
    for place, image in enumerate(content["images"]):
        results += [
            false_positive(image, draw.randint(1, 9), draw) | {"score": 0.5}
            for _ in range(299 + place % 3)
        ]
        results += [
            moved(a, image, a["category_id"], draw) | {"score": 0.5}
            for a in content["annotations"]
            if a["image_id"] == image["id"]
        ]
    return content, results


def one_cell() -> Case:
    """400 of one class in each image: the cell's limit is the image's."""
    content, draw = renumbered(made_content(13, images=6, classes=3)), Random(13)
    images = {i["id"]: i for i in content["images"]}
    results = [
        moved(draw.choice(content["annotations"]), image, 1, draw)
        for image in content["images"]
        for _ in range(400)
    ]
    results += [
        moved(a, images[a["image_id"]], a["category_id"], draw) for a in content["annotations"]
    ]
    return content, results


def lists_that_contradict() -> Case:
    """Negative lists that name a class which the image holds, open lists one that it does not."""
    content, results = made_case(made_content(14), "lists", 14)
    draw = Random(14)
    for image in content["images"]:
        image["neg_category_ids"] = draw.sample(range(1, 10), 4)
        image["not_exhaustive_category_ids"] = draw.sample(range(1, 10), 3)
    return content, results


def nothing_found() -> Case:
    """One detection, of a class that nobody looked for: every number is 0, not undefined."""
    content = renumbered(made_content(15, images=4))
    for image in content["images"]:
        image["neg_category_ids"] = []
    return content, [false_positive(content["images"][0], 9, Random(15))]


CASES: dict[str, Callable[[], Case]] = {
    "more than 300": more_than_300,
    "just 300": just_300,
    "one cell": one_cell,
    "lists that contradict": lists_that_contradict,
    "nothing found": nothing_found,
}
GOLDEN = json.loads((Path(__file__).parent / "adversarial_lvis_golden.json").read_text())


def write(folder: Path) -> None:
    """One file a case, for the script that asks lvis."""
    for name, make in CASES.items():
        content, results = make()
        kinds = {kind.value: results for kind in IouType}
        (folder / f"{name}.json").write_text(json.dumps({"truth": content, **kinds}))


@pytest.mark.parametrize("kind", list(IouType))
@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_of_lvis(name: str, kind: IouType, tmp_path: Path) -> None:
    content, results = CASES[name]()
    ours, ap = our_numbers(content, results, kind, tmp_path)
    stated = golden_numbers(GOLDEN[f"{name} {kind}"], content)
    for theirs, their_ap in (stated, lvis_numbers(content, results, kind)):
        assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)
        np.testing.assert_allclose(ap, their_ap, rtol=0, atol=1e-9)


def test_the_cases_are_what_they_say() -> None:
    for name, least in (("more than 300", 450), ("just 300", 299), ("one cell", 400)):
        content, results = CASES[name]()
        counts = [sum(r["image_id"] == i["id"] for r in results) for i in content["images"]]
        assert min(counts) >= least, name
