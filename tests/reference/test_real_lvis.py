"""lvis 0.5.3's numbers on real labels with made detections: all thirteen, and AP per class.

`lvis_golden.json` is made as `tests/evaluation/test_lvis_rules.py` tells, from the real truth.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from segtrial.types.evaluation import IouType
from tests.evaluation.lvis_evaluation import golden_numbers, our_numbers
from tests.evaluation.lvis_sets import CASES, as_given, made_case

GOLDEN = json.loads((Path(__file__).parent / "lvis_golden.json").read_text())


@pytest.mark.parametrize("kind", list(IouType))
@pytest.mark.parametrize("case", CASES)
def test_the_numbers_are_those_of_lvis(
    shared_data: Path, tmp_path: Path, case: str, kind: IouType
) -> None:
    labels = json.loads((shared_data / "lvis" / "lvis_val_100.json").read_bytes())
    content, results = made_case(labels, case)
    given = as_given(results, case, kind)
    ours, ap = our_numbers(content, given, kind, tmp_path)
    theirs, their_ap = golden_numbers(GOLDEN[f"{case} {kind}"], content)
    assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)
    np.testing.assert_allclose(ap, their_ap, rtol=0, atol=1e-9)
