"""Real files, which are not ours to redistribute: see the README beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "SEGTRIAL_SHARED_DATA"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data: beside the repository, or where the variable says; else a skip."""
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get(VARIABLE, beside))
    if not folder.is_dir():
        pytest.skip(f"real data are not here: set {VARIABLE}, or put them in ../shared/data")
    return folder
