"""The answer of a trial, read back in Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import segtrial
from segtrial.pipeline.comparison_record import read_comparison
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.run import run_trial
from segtrial.types.errors import RecordError
from tests.pipeline.test_run_warnings import SMALL, context_of


def test_what_was_written_is_read(tmp_path: Path) -> None:
    context = context_of(tmp_path, SMALL)
    result = run_trial(context, make_plan(context), workers=1, listen=lambda _: None)
    assert read_comparison(context.folder) == result.comparison


@pytest.mark.parametrize("text", ["{", '{"trial": "t"}', '{"trial": "t", "contrasts": 3}'])
def test_a_damaged_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "comparison.json").write_text(text)
    with pytest.raises(RecordError, match="damaged") as caught:
        read_comparison(tmp_path)
    assert "write it anew with segtrial report" in str(caught.value)


def test_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="holds no comparison"):
        read_comparison(tmp_path / "nowhere")


def test_the_public_names_are_these_and_cost_nothing_until_used() -> None:
    assert set(segtrial.__all__) == {"Comparison", "read_comparison", "__version__"}
    assert segtrial.read_comparison is read_comparison
    assert segtrial.Comparison.__name__ == "Comparison"
    with pytest.raises(AttributeError, match="nothing"):
        _ = segtrial.nothing
    program = "import sys, segtrial; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
